//! What holders of tokens are told when the tokens, their session or their user are no more.

use cognate_testkit::{
    TestClient, TestServer, days, for_each_database, hours, op, refused, seconds,
};
use serde_json::json;

use crate::sentences::{DISABLED, NO_SUCH_USER, REVOKED};

const REFRESH_REVOKED: (&str, &str) = ("NotAuthorizedException", "Refresh Token has been revoked");
const REFRESH_EXPIRED: (&str, &str) = ("NotAuthorizedException", "Refresh Token has expired");

#[tokio::test]
async fn an_access_token_of_a_disabled_or_deleted_user_says_which() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let ana = client.user("ana").confirmed().await;
        let tokens = ana.sign_in().await.unwrap();
        client.pool.disable("ana").await;
        assert_eq!(refused(ana.get_user(&tokens.access).await).told(), DISABLED);
        client.pool.delete_user("ana").await;
        let outcome = ana.get_user(&tokens.access).await;
        assert_eq!(refused(outcome).told(), NO_SUCH_USER);
        // It has no such error.
        let outcome = ana.sign_out_everywhere(&tokens.access).await;
        assert_eq!(refused(outcome).told(), REVOKED);
    })
    .await;
}

#[tokio::test]
async fn a_refresh_token_of_a_disabled_user_says_so_whether_their_session_stands_or_not() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let ana = client.user("ana").confirmed().await;
        let (one, two) = (ana.sign_in().await.unwrap(), ana.sign_in().await.unwrap());
        ana.revoke(two.refresh()).await.unwrap();
        client.pool.disable("ana").await;
        for tokens in [one, two] {
            let outcome = ana.refresh(tokens.refresh()).await;
            assert_eq!(refused(outcome).told(), DISABLED);
        }
    })
    .await;
}

#[tokio::test]
async fn a_refresh_token_of_a_deleted_user_says_so_where_the_app_client_tells_who_exists() {
    for_each_database(async |server| {
        let pool = server.pool().await;
        for (name, client, told) in [
            ("ana", pool.client().await, REFRESH_REVOKED),
            ("eve", pool.client().legacy_errors().await, NO_SUCH_USER),
        ] {
            let user = client.user(name).confirmed().await;
            let tokens = user.sign_in().await.unwrap();
            pool.delete_user(name).await;
            assert_eq!(refused(user.refresh(tokens.refresh()).await).told(), told);
            assert_eq!(refused(user.rotate(tokens.refresh()).await).told(), told);
        }
    })
    .await;
}

#[tokio::test]
async fn a_refresh_token_that_ran_out_says_so_long_after_its_session_was_cleared_away() {
    for_each_database(async |server| {
        let ana = server.pool().await.client().await;
        let ana = ana.user("ana").confirmed().await;
        let tokens = ana.sign_in().await.unwrap();
        server.advance(days(30));
        for _ in 0..3 {
            let outcome = ana.refresh(tokens.refresh()).await;
            assert_eq!(refused(outcome).told(), REFRESH_EXPIRED);
            server.advance(days(2));
            server.expire().await;
        }
    })
    .await;
}

/// An app client whose access tokens hold for as long as its refresh tokens: a day.
async fn of_a_day(server: &TestServer) -> TestClient {
    let units = json!({"AccessToken": "hours", "RefreshToken": "hours"});
    let client = server.pool().await.client();
    let client = client.with("TokenValidityUnits", units);
    client
        .with("RefreshTokenValidity", 24)
        .with("AccessTokenValidity", 24)
        .await
}

#[tokio::test]
async fn an_access_token_holds_for_its_own_time_when_the_refresh_token_runs_out_before_it() {
    for_each_database(async |server| {
        let ana = of_a_day(&server).await.user("ana").confirmed().await;
        let first = ana.sign_in().await.unwrap();
        server.advance(hours(24) - seconds(1));
        let last = ana.refresh(first.refresh()).await.unwrap();
        server.advance(hours(24) - seconds(1));
        server.expire().await;
        ana.get_user(&last.access).await.unwrap();
        let outcome = ana.refresh(first.refresh()).await;
        assert_eq!(refused(outcome).told(), REFRESH_EXPIRED);
        server.advance(seconds(1));
        let expired = ("NotAuthorizedException", "Access Token has expired");
        assert_eq!(refused(ana.get_user(&last.access).await).told(), expired);
    })
    .await;
}

#[tokio::test]
async fn a_refresh_token_that_ran_out_still_revokes_what_it_gave() {
    for_each_database(async |server| {
        let ana = of_a_day(&server).await.user("ana").confirmed().await;
        let first = ana.sign_in().await.unwrap();
        server.advance(hours(23));
        let last = ana.refresh(first.refresh()).await.unwrap();
        server.advance(hours(2));
        server.expire().await;
        ana.get_user(&last.access).await.unwrap();
        ana.revoke(first.refresh()).await.unwrap();
        assert_eq!(refused(ana.get_user(&last.access).await).told(), REVOKED);
    })
    .await;
}

#[tokio::test]
async fn a_refresh_takes_a_secret_hash_of_the_sub_the_name_as_stored_and_the_name_as_a_challenge_tells_it()
 {
    for_each_database(async |server| {
        let client = server.pool().await.client().secret().await;
        let ana = client.user("Ana.Diaz").confirmed().await;
        let challenge = ana.begin_srp().await.unwrap();
        let tokens = challenge.answer(&ana.password).tokens().await.unwrap();
        let refresh = async |name: &str| {
            let parameters =
                json!({"REFRESH_TOKEN": tokens.refresh(), "SECRET_HASH": client.secret_hash(name)});
            let input = client.initiation("REFRESH_TOKEN_AUTH", &parameters);
            server.call::<op::InitiateAuth>(input).await
        };
        for name in [
            challenge.parameter("USERNAME"),
            challenge.parameter("USER_ID_FOR_SRP"),
            "Ana.Diaz",
            "ana.diaz",
            &ana.sub,
        ] {
            refresh(name).await.unwrap();
        }
        client.user("eve").confirmed().await;
        let unable = format!("Unable to verify secret hash for client {}", client.id);
        for name in ["eve", "ANA.DIAZ", ""] {
            assert_eq!(refused(refresh(name).await).message, unable, "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn required_attributes_that_are_taken_away_or_missing_are_named() {
    let server = TestServer::start().await;
    let schema = json!([{"Name": "email", "Required": true}]);
    let client = server.pool().schema(schema).await.client().await;
    let ana = client.user("ana").confirmed().await;
    let tokens = ana.sign_in().await.unwrap();
    let told = (
        "InvalidParameterException",
        "user.email: Required attribute cannot be deleted.",
    );
    let named = json!({"AccessToken": tokens.access, "UserAttributeNames": ["email"]});
    let outcome = server.call::<op::DeleteUserAttributes>(named).await;
    assert_eq!(refused(outcome).told(), told);
    let outcome = ana.update(&tokens.access, &[("email", "")]).await;
    assert_eq!(refused(outcome).told(), told);
    let of_ana = json!({"UserPoolId": client.pool.id, "Username": "ana"});
    let mut named = of_ana.clone();
    named["UserAttributeNames"] = json!(["email"]);
    let outcome = server.call::<op::AdminDeleteUserAttributes>(named).await;
    assert_eq!(refused(outcome).told(), told);
    let mut emptied = of_ana;
    emptied["UserAttributes"] = json!([{"Name": "email", "Value": ""}]);
    let outcome = server.call::<op::AdminUpdateUserAttributes>(emptied).await;
    assert_eq!(refused(outcome).told(), told);
}
