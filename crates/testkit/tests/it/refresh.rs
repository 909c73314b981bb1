//! Refresh tokens: REFRESH_TOKEN_AUTH, GetTokensFromRefreshToken, RevokeToken, rotation.

use cognate_testkit::{
    TestServer, TestUser, claims, days, for_each_database, op, refused, seconds,
};
use futures_util::future::join_all;
use serde_json::json;

use crate::sentences::REVOKED;

const INVALID: (&str, &str) = ("NotAuthorizedException", "Invalid Refresh Token");
const ENDED: (&str, &str) = ("NotAuthorizedException", "Refresh Token has been revoked");
const REUSED: &str = "RefreshTokenReuseException";

/// A user whose refresh tokens rotate, the one before being good for so many seconds.
async fn rotating(server: &TestServer, grace_seconds: u32) -> TestUser {
    let client = server.pool().await.client().rotation(grace_seconds).await;
    client.user("ana").confirmed().await
}

#[tokio::test]
async fn a_refresh_gives_new_tokens_and_no_new_refresh_token() {
    for_each_database(async |server| {
        let ana = server.confirmed_user("ana").await;
        let tokens = ana.sign_in().await.unwrap();
        assert_eq!(tokens.refresh().split('.').count(), 5);
        for _ in 0..2 {
            let fresh = ana.refresh(tokens.refresh()).await.unwrap();
            assert!(fresh.refresh.is_none());
            ana.get_user(&fresh.access).await.unwrap();
        }
        let by_other_name = ana.rotate(tokens.refresh()).await.unwrap();
        assert_eq!(claims(&by_other_name.id)["sub"], ana.sub);
    })
    .await;
}

#[tokio::test]
async fn a_refresh_shows_the_attributes_as_they_are_now() {
    let ana = TestServer::start().await.confirmed_user("ana").await;
    let tokens = ana.sign_in().await.unwrap();
    ana.update(&tokens.access, &[("name", "Ana Diaz")])
        .await
        .unwrap();
    assert_eq!(
        claims(&ana.refresh(tokens.refresh()).await.unwrap().id)["name"],
        "Ana Diaz"
    );
}

#[tokio::test]
async fn the_older_name_of_the_flow_works() {
    let server = TestServer::start().await;
    let ana = server.confirmed_user("ana").await;
    let tokens = ana.sign_in().await.unwrap();
    let parameters = json!({"REFRESH_TOKEN": tokens.refresh()});
    let input = ana.client.initiation("REFRESH_TOKEN", &parameters);
    server
        .call::<op::InitiateAuth>(input)
        .await
        .unwrap()
        .authentication_result
        .unwrap();
    let input = json!({"UserPoolId": ana.client.pool.id, "ClientId": ana.client.id, "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": parameters});
    server
        .call::<op::AdminInitiateAuth>(input)
        .await
        .unwrap()
        .authentication_result
        .unwrap();
}

#[tokio::test]
async fn a_refresh_token_runs_out_after_the_app_clients_days() {
    let server = TestServer::start().await;
    let client = server
        .pool()
        .await
        .client()
        .with("RefreshTokenValidity", 2)
        .await;
    let ana = client.user("ana").confirmed().await;
    let tokens = ana.sign_in().await.unwrap();
    server.advance(days(2) - seconds(1));
    ana.refresh(tokens.refresh()).await.unwrap();
    server.advance(seconds(1));
    let told = ("NotAuthorizedException", "Refresh Token has expired");
    assert_eq!(refused(ana.refresh(tokens.refresh()).await).told(), told);
}

#[tokio::test]
async fn a_refresh_token_is_worth_nothing_to_another_app_client_or_pool() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    let ana = pool.client().await.user("ana").confirmed().await;
    let tokens = ana.sign_in().await.unwrap();
    let elsewhere = server.pool().await.client().await;
    for stranger in [pool.client().await, elsewhere] {
        assert_eq!(
            refused(ana.at(&stranger).refresh(tokens.refresh()).await).told(),
            INVALID
        );
        assert_eq!(
            refused(ana.at(&stranger).rotate(tokens.refresh()).await).told(),
            INVALID
        );
    }
}

#[tokio::test]
async fn a_refresh_token_that_was_changed_or_is_none_is_refused() {
    let ana = TestServer::start().await.confirmed_user("ana").await;
    let tokens = ana.sign_in().await.unwrap();
    let token = tokens.refresh();
    for at in 0..5 {
        let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
        let first = if parts[at].starts_with('A') { "B" } else { "A" };
        parts[at].replace_range(..1, first);
        assert_eq!(
            refused(ana.refresh(&parts.join(".")).await).told(),
            INVALID,
            "part {at}"
        );
    }
    for other in [
        "a.b.c.d.e",
        &tokens.access,
        &token[..token.len() - 2],
        &format!("{token}.x"),
    ] {
        assert_eq!(refused(ana.refresh(other).await).told(), INVALID);
    }
}

#[tokio::test]
async fn a_revoked_token_refreshes_nothing_and_its_access_tokens_end_with_it() {
    for_each_database(async |server| {
        let ana = server.confirmed_user("ana").await;
        let (mine, other) = (ana.sign_in().await.unwrap(), ana.sign_in().await.unwrap());
        ana.revoke(mine.refresh()).await.unwrap();
        assert_eq!(refused(ana.refresh(mine.refresh()).await).told(), ENDED);
        assert_eq!(refused(ana.get_user(&mine.access).await).told(), REVOKED);
        // Again is no error, and another session goes on.
        ana.revoke(mine.refresh()).await.unwrap();
        ana.refresh(other.refresh()).await.unwrap();
        ana.get_user(&other.access).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_revocation_names_a_refresh_token_of_the_app_client() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    let ana = pool.client().await.user("ana").confirmed().await;
    let tokens = ana.sign_in().await.unwrap();
    let told = ("UnsupportedTokenTypeException", "Unsupported token type");
    assert_eq!(refused(ana.revoke(&tokens.access).await).told(), told);
    assert_eq!(refused(ana.revoke(&tokens.id).await).told(), told);
    let stranger = ana.at(&pool.client().await);
    assert_eq!(
        refused(stranger.revoke(tokens.refresh()).await).code,
        "UnauthorizedException"
    );
    let without = ana.at(&pool.client().with("EnableTokenRevocation", false).await);
    let tokens = without.sign_in().await.unwrap();
    assert_eq!(
        refused(without.revoke(tokens.refresh()).await).code,
        "UnsupportedOperationException"
    );
    let input = json!({"ClientId": "0123456789abcdefghijklmnop", "Token": tokens.refresh()});
    assert_eq!(
        refused(server.call::<op::RevokeToken>(input).await).code,
        "UnauthorizedException"
    );
}

#[tokio::test]
async fn an_app_client_with_a_secret_refreshes_and_revokes_with_it() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().secret().await;
    let ana = client.user("ana").confirmed().await;
    let tokens = ana.sign_in().await.unwrap();
    ana.refresh(tokens.refresh()).await.unwrap();
    let mut guess = ana.clone();
    guess.client.secret = Some("a".repeat(52));
    let unable = format!("Unable to verify secret hash for client {}", client.id);
    assert_eq!(
        refused(guess.refresh(tokens.refresh()).await).message,
        unable
    );
    assert_eq!(
        refused(guess.rotate(tokens.refresh()).await).code,
        "NotAuthorizedException"
    );
    assert_eq!(
        refused(guess.revoke(tokens.refresh()).await).code,
        "UnauthorizedException"
    );
    guess.client.secret = None;
    assert_eq!(
        refused(guess.refresh(tokens.refresh()).await).code,
        "NotAuthorizedException"
    );
    assert_eq!(
        refused(guess.rotate(tokens.refresh()).await).code,
        "NotAuthorizedException"
    );
    assert_eq!(
        refused(guess.revoke(tokens.refresh()).await).code,
        "UnauthorizedException"
    );
    ana.rotate(tokens.refresh()).await.unwrap();
    ana.revoke(tokens.refresh()).await.unwrap();
}

#[tokio::test]
async fn a_user_who_is_disabled_or_deleted_refreshes_nothing() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let (ana, eve) = (
            client.user("ana").confirmed().await,
            client.user("eve").confirmed().await,
        );
        let (anas, eves) = (ana.sign_in().await.unwrap(), eve.sign_in().await.unwrap());
        client.pool.disable("ana").await;
        assert_eq!(
            refused(ana.refresh(anas.refresh()).await).code,
            "NotAuthorizedException"
        );
        client.pool.delete_user("eve").await;
        assert_eq!(refused(eve.refresh(eves.refresh()).await).told(), ENDED);
    })
    .await;
}

#[tokio::test]
async fn with_rotation_each_refresh_gives_another_token_and_the_one_before_is_spent() {
    for_each_database(async |server| {
        let ana = rotating(&server, 0).await;
        let first = ana.sign_in().await.unwrap();
        let second = ana.rotate(first.refresh()).await.unwrap();
        let third = ana.rotate(second.refresh()).await.unwrap();
        ana.get_user(&third.access).await.unwrap();
        server.advance(seconds(2));
        assert_eq!(refused(ana.rotate(first.refresh()).await).code, REUSED);
        // Two hold it, and nobody knows which is the thief: the session ends.
        refused(ana.rotate(third.refresh()).await);
        assert_eq!(refused(ana.get_user(&third.access).await).told(), REVOKED);
    })
    .await;
}

#[tokio::test]
async fn within_the_grace_period_the_token_before_still_works() {
    let server = TestServer::start().await;
    let ana = rotating(&server, 30).await;
    let first = ana.sign_in().await.unwrap();
    let second = ana.rotate(first.refresh()).await.unwrap();
    server.advance(seconds(29));
    let again = ana.rotate(first.refresh()).await.unwrap();
    ana.get_user(&again.access).await.unwrap();
    let third = ana.rotate(again.refresh()).await.unwrap();
    server.advance(seconds(30));
    assert_eq!(refused(ana.rotate(second.refresh()).await).code, REUSED);
    refused(ana.rotate(third.refresh()).await);
}

#[tokio::test]
async fn the_grace_period_of_a_token_ends_though_its_session_was_used_a_moment_ago() {
    let server = TestServer::start().await;
    let ana = rotating(&server, 60).await;
    let first = ana.sign_in().await.unwrap();
    let second = ana.rotate(first.refresh()).await.unwrap();
    server.advance(seconds(60));
    ana.rotate(second.refresh()).await.unwrap();
    assert_eq!(refused(ana.rotate(first.refresh()).await).code, REUSED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_refreshes_with_one_token_at_once_one_rotates_and_none_ends_the_session_within_grace() {
    for_each_database(async |server| {
        let ana = rotating(&server, 60).await;
        let first = ana.sign_in().await.unwrap();
        let outcomes = join_all((0..4).map(|_| ana.rotate(first.refresh()))).await;
        let given: Vec<_> = outcomes.into_iter().filter_map(Result::ok).collect();
        assert!(!given.is_empty());
        for tokens in &given {
            ana.get_user(&tokens.access).await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn with_rotation_the_flow_without_it_is_refused() {
    let ana = TestServer::start()
        .await
        .pool()
        .await
        .client()
        .rotation(0)
        .await
        .user("ana")
        .confirmed()
        .await;
    let tokens = ana.sign_in().await.unwrap();
    let told = (
        "InvalidParameterException",
        "Auth flow not enabled for this client",
    );
    assert_eq!(refused(ana.refresh(tokens.refresh()).await).told(), told);
}

#[tokio::test]
async fn rotation_does_not_lengthen_a_session() {
    let server = TestServer::start().await;
    let client = server
        .pool()
        .await
        .client()
        .rotation(0)
        .with("RefreshTokenValidity", 1)
        .await;
    let ana = client.user("ana").confirmed().await;
    let first = ana.sign_in().await.unwrap();
    server.advance(days(1) - seconds(1));
    let second = ana.rotate(first.refresh()).await.unwrap();
    server.advance(seconds(1));
    let told = ("NotAuthorizedException", "Refresh Token has expired");
    assert_eq!(refused(ana.rotate(second.refresh()).await).told(), told);
}

#[tokio::test]
async fn who_rotates_a_stolen_token_within_the_grace_period_is_found_out_after_it() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().rotation(30).await;
    let ana = client.user("ana").confirmed().await;
    let first = ana.sign_in().await.unwrap();
    let owners = ana.rotate(first.refresh()).await.unwrap();
    let thiefs = ana.rotate(first.refresh()).await.unwrap();
    // Both are of one generation, and of two browser tabs either may come back within the grace
    // period.
    ana.rotate(owners.refresh()).await.unwrap();
    let thiefs_next = ana.rotate(thiefs.refresh()).await.unwrap();
    server.advance(seconds(30));
    assert_eq!(refused(ana.rotate(owners.refresh()).await).code, REUSED);
    assert_eq!(
        refused(ana.rotate(thiefs_next.refresh()).await).told(),
        ENDED
    );
    assert_eq!(refused(ana.get_user(&thiefs.access).await).told(), REVOKED);
}

#[tokio::test]
async fn a_spent_token_ends_the_session_when_rotation_is_switched_off_too() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().rotation(0).await;
    let ana = client.user("ana").confirmed().await;
    let first = ana.sign_in().await.unwrap();
    let second = ana.rotate(first.refresh()).await.unwrap();
    let input = json!({"UserPoolId": client.pool.id, "ClientId": client.id, "RefreshTokenRotation": {"Feature": "DISABLED"}});
    server
        .call::<op::UpdateUserPoolClient>(input)
        .await
        .unwrap();
    assert_eq!(refused(ana.refresh(first.refresh()).await).told(), ENDED);
    assert_eq!(refused(ana.refresh(second.refresh()).await).told(), ENDED);
}
