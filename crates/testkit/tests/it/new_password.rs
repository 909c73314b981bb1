//! NEW_PASSWORD_REQUIRED: the change of a temporary password at the first sign-in.

use cognate_api::idp::RespondToAuthChallengeResponse;
use cognate_testkit::{
    ApiError, TestClient, TestServer, TestUser, days, for_each_database, minutes, op, refused,
    seconds,
};
use serde_json::{Value, json};

use crate::sentences::{DISABLED, INVALID_SESSION, NOT_WRITABLE, WRONG_PASSWORD};

const TEMPORARY: &str = "Temporary-1!";
const NEW: &str = "Another-Horse-2";

async fn invited(client: &TestClient) -> TestUser {
    client.invited("ana", TEMPORARY).await
}

/// Proves the temporary password; gives the session.
async fn challenged(user: &TestUser) -> String {
    let answer = user.initiate_with_password().await.unwrap();
    assert_eq!(
        answer.challenge_name.unwrap().as_str(),
        "NEW_PASSWORD_REQUIRED"
    );
    assert!(answer.authentication_result.is_none());
    answer.session.unwrap()
}

async fn answer(
    user: &TestUser,
    session: &str,
    own: Value,
) -> Result<RespondToAuthChallengeResponse, ApiError> {
    let input = user.client.new_password(session, &user.name, own);
    user.client
        .pool
        .server
        .call::<op::RespondToAuthChallenge>(input)
        .await
}

#[tokio::test]
async fn a_new_password_signs_in_and_takes_the_place_of_the_temporary_one() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let ana = invited(&client).await;
        assert_eq!(client.pool.status("ana").await, "FORCE_CHANGE_PASSWORD");
        let session = challenged(&ana).await;
        answer(&ana, &session, json!({"NEW_PASSWORD": NEW}))
            .await
            .unwrap()
            .authentication_result
            .unwrap();
        assert_eq!(client.pool.status("ana").await, "CONFIRMED");
        assert_eq!(refused(ana.sign_in().await).told(), WRONG_PASSWORD);
        ana.with_password(NEW).sign_in_srp().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn srp_with_a_temporary_password_leads_to_the_same_challenge() {
    let client = TestServer::start().await.pool().await.client().await;
    let ana = invited(&client).await;
    let challenge = ana
        .begin_srp()
        .await
        .unwrap()
        .answer(TEMPORARY)
        .send()
        .await
        .unwrap();
    assert_eq!(
        challenge.challenge_name.unwrap().as_str(),
        "NEW_PASSWORD_REQUIRED"
    );
    let session = challenge.session.unwrap();
    answer(&ana, &session, json!({"NEW_PASSWORD": NEW}))
        .await
        .unwrap()
        .authentication_result
        .unwrap();
}

#[tokio::test]
async fn the_challenge_tells_what_is_known_and_what_is_missing() {
    let server = TestServer::start().await;
    let schema = json!([{"Name": "family_name", "Required": true}]);
    let client = server
        .pool()
        .schema(schema)
        .await
        .client()
        .read(["email"])
        .await;
    let ana = invited(&client).await;
    let parameters = ana
        .initiate_with_password()
        .await
        .unwrap()
        .challenge_parameters
        .unwrap();
    assert_eq!(
        parameters["requiredAttributes"],
        r#"["userAttributes.family_name"]"#
    );
    assert_eq!(
        parameters["userAttributes"],
        r#"{"email":"ana@example.com"}"#
    );
    assert_eq!(parameters["USER_ID_FOR_SRP"], "ana");
    let session = challenged(&ana).await;
    let missing = refused(answer(&ana, &session, json!({"NEW_PASSWORD": NEW})).await);
    let sentence = "Invalid attributes given, family_name is missing";
    assert_eq!(missing.told(), ("InvalidParameterException", sentence));
    let whole = json!({"NEW_PASSWORD": NEW, "userAttributes.family_name": "Diaz"});
    answer(&ana, &session, whole).await.unwrap();
    assert_eq!(
        client.pool.attribute("ana", "family_name").await.unwrap(),
        "Diaz"
    );
}

#[tokio::test]
async fn a_password_that_breaks_the_policy_leaves_the_challenge_open() {
    let client = TestServer::start().await.pool().await.client().await;
    let ana = invited(&client).await;
    let session = challenged(&ana).await;
    let weak = refused(answer(&ana, &session, json!({"NEW_PASSWORD": "weak"})).await);
    assert_eq!(
        weak.told(),
        (
            "InvalidPasswordException",
            "Password did not conform with policy: Password not long enough"
        )
    );
    answer(&ana, &session, json!({"NEW_PASSWORD": NEW}))
        .await
        .unwrap();
}

#[tokio::test]
async fn an_answer_is_taken_once() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let ana = invited(&client).await;
        let session = challenged(&ana).await;
        answer(&ana, &session, json!({"NEW_PASSWORD": NEW}))
            .await
            .unwrap();
        let again = answer(&ana, &session, json!({"NEW_PASSWORD": "Third-Horse-3"})).await;
        assert_eq!(refused(again).told(), INVALID_SESSION);
    })
    .await;
}

#[tokio::test]
async fn a_session_is_worth_nothing_to_another_user_app_client_or_pool() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    let client = pool.client().await;
    let ana = invited(&client).await;
    let session = challenged(&ana).await;
    pool.invite("eve", TEMPORARY, &[]).await;
    let elsewhere = server.pool().await.client().await;
    elsewhere.pool.invite("ana", TEMPORARY, &[]).await;
    let strangers = [
        ana.named("eve"),
        ana.at(&pool.client().await),
        ana.at(&elsewhere),
    ];
    for stranger in strangers {
        let session = challenged(&ana).await;
        let stolen = answer(&stranger, &session, json!({"NEW_PASSWORD": NEW})).await;
        assert_eq!(refused(stolen).told(), INVALID_SESSION);
    }
    answer(&ana, &session, json!({"NEW_PASSWORD": NEW}))
        .await
        .unwrap();
    assert_eq!(pool.status("eve").await, "FORCE_CHANGE_PASSWORD");
    assert_eq!(elsewhere.pool.status("ana").await, "FORCE_CHANGE_PASSWORD");
}

#[tokio::test]
async fn a_challenge_waits_as_long_as_the_app_client_says() {
    let server = TestServer::start().await;
    let client = server
        .pool()
        .await
        .client()
        .with("AuthSessionValidity", 15)
        .await;
    let ana = invited(&client).await;
    let session = challenged(&ana).await;
    server.advance(minutes(15));
    let late = answer(&ana, &session, json!({"NEW_PASSWORD": NEW})).await;
    assert_eq!(refused(late).told(), INVALID_SESSION);
    let session = challenged(&ana).await;
    server.advance(minutes(15) - seconds(1));
    answer(&ana, &session, json!({"NEW_PASSWORD": NEW}))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_temporary_password_runs_out_after_the_pools_days() {
    let server = TestServer::start().await;
    let policy = json!({"MinimumLength": 8, "TemporaryPasswordValidityDays": 2});
    let client = server.pool().policy(policy).await.client().await;
    let ana = invited(&client).await;
    server.advance(days(2));
    let sentence = "Temporary password has expired and must be reset by an administrator.";
    assert_eq!(
        refused(ana.sign_in().await).told(),
        ("NotAuthorizedException", sentence)
    );
    let input = json!({"UserPoolId": client.pool.id, "Username": "ana", "TemporaryPassword": TEMPORARY, "MessageAction": "RESEND",
        "DesiredDeliveryMediums": ["EMAIL"]});
    server.call::<op::AdminCreateUser>(input).await.unwrap();
    challenged(&ana).await;
}

#[tokio::test]
async fn what_was_proved_of_one_temporary_password_is_worth_nothing_once_it_is_another() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let ana = invited(&client).await;
    let session = challenged(&ana).await;
    let input = json!({"UserPoolId": client.pool.id, "Username": "ana", "Password": "Temporary-2!", "Permanent": false});
    server
        .call::<op::AdminSetUserPassword>(input)
        .await
        .unwrap();
    let late = answer(&ana, &session, json!({"NEW_PASSWORD": NEW})).await;
    assert_eq!(refused(late).told(), INVALID_SESSION);
}

#[tokio::test]
async fn a_user_who_is_disabled_meanwhile_is_not_signed_in() {
    let client = TestServer::start().await.pool().await.client().await;
    let ana = invited(&client).await;
    let session = challenged(&ana).await;
    client.pool.disable("ana").await;
    assert_eq!(
        refused(answer(&ana, &session, json!({"NEW_PASSWORD": NEW})).await).told(),
        DISABLED
    );
}

#[tokio::test]
async fn attributes_of_an_answer_are_bound_by_what_the_app_client_may_write() {
    let server = TestServer::start().await;
    let pool = server
        .pool()
        .schema(json!([{"Name": "role", "AttributeDataType": "String"}]))
        .await;
    let client = pool.client().write(["email", "name"]).await;
    let ana = invited(&client).await;
    let session = challenged(&ana).await;
    for (attribute, value) in [
        ("custom:role", "admin"),
        ("email_verified", "true"),
        ("phone_number", "+15551234567"),
    ] {
        let own = json!({"NEW_PASSWORD": NEW, format!("userAttributes.{attribute}"): value});
        assert_eq!(
            refused(answer(&ana, &session, own).await).told(),
            NOT_WRITABLE,
            "{attribute}"
        );
    }
    let moved = json!({"NEW_PASSWORD": NEW, "userAttributes.email": "eve@example.com"});
    let sentence = "Cannot modify an already provided email";
    assert_eq!(
        refused(answer(&ana, &session, moved).await).told(),
        ("InvalidParameterException", sentence)
    );
    answer(
        &ana,
        &session,
        json!({"NEW_PASSWORD": NEW, "userAttributes.name": "Ana"}),
    )
    .await
    .unwrap();
}

#[tokio::test]
async fn an_answer_without_its_parts_is_told_which_is_missing() {
    let client = TestServer::start().await.pool().await.client().await;
    let ana = invited(&client).await;
    let session = challenged(&ana).await;
    let error = refused(answer(&ana, &session, json!({})).await);
    assert_eq!(
        error.told(),
        (
            "InvalidParameterException",
            "Missing required parameter NEW_PASSWORD"
        )
    );
    let input = json!({"ClientId": client.id, "ChallengeName": "NEW_PASSWORD_REQUIRED",
        "ChallengeResponses": {"USERNAME": "ana", "NEW_PASSWORD": NEW}});
    let error = refused(
        client
            .pool
            .server
            .call::<op::RespondToAuthChallenge>(input)
            .await,
    );
    assert_eq!(
        error.told(),
        (
            "InvalidParameterException",
            "Missing required parameter Session"
        )
    );
}
