//! Rotation of a pool's signing keys.
//!
//! The clock of these tests stands still until it is moved, but a node keeps what it has read for a
//! second of real time. So most tests ask a fresh node, which keeps nothing; those about what is
//! kept sleep.

use cognate_crypto::jwk::Jwk;
use cognate_crypto::jwt::{SigningKey, VerifyingKey, peek};
use cognate_model::UserPoolId;
use cognate_service::signing_keys::{self, KeyStatus, Rotation};
use cognate_testkit::{
    TestServer, TestUser, Tokens, claims, days, for_each_database, header, hours, minutes, op,
    refused, seconds,
};
use serde_json::{Value, json};

use crate::sentences::INVALID_TOKEN;

/// Milliseconds, which the clock of the tests counts in.
fn ms(ms: u64) -> std::time::Duration {
    std::time::Duration::from_millis(ms)
}

async fn rotate(user: &TestUser) -> Rotation {
    let app = user.client.pool.server.app();
    signing_keys::rotate(&app.db, &app.clock, &user.client.pool.id)
        .await
        .unwrap()
}

/// The same user, who asks a node that was just started.
fn afresh(user: &TestUser) -> TestUser {
    let mut user = user.clone();
    user.client.pool.server = user.client.pool.server.node();
    user
}

/// The published keys, as a node tells that was just started.
async fn published(user: &TestUser) -> Vec<Jwk> {
    let (status, text) = afresh(user)
        .client
        .pool
        .server
        .get(&format!("/{}/.well-known/jwks.json", user.client.pool.id))
        .await;
    assert_eq!(status, 200, "{text}");
    let set: Value = serde_json::from_str(&text).unwrap();
    serde_json::from_value(set["keys"].clone()).unwrap()
}

fn kids_of(tokens: &Tokens) -> [String; 2] {
    [&tokens.id, &tokens.access].map(|token| kid(token))
}

fn kid(token: &str) -> String {
    header(token)["kid"].as_str().unwrap().to_owned()
}

/// Whether a stranger who has the published keys takes a token for good.
fn is_signed_by_one_of(keys: &[Jwk], token: &str) -> bool {
    let unverified = peek(token).unwrap();
    let key = keys
        .iter()
        .map(|jwk| VerifyingKey::from_jwk(jwk).unwrap())
        .find(|key| key.kid() == unverified.kid);
    key.is_some_and(|key| key.verify::<Value>(&unverified).is_ok())
}

/// A user of a pool that was made a minute ago.
async fn ana(server: &TestServer) -> TestUser {
    let ana = server.confirmed_user("ana").await;
    server.advance(minutes(1));
    ana
}

#[tokio::test]
async fn no_two_pools_have_a_key_in_common_whichever_node_made_them() {
    let server = TestServer::start().await;
    let other = server.node();
    let mut kids = std::collections::BTreeSet::new();
    for node in [&server, &other].into_iter().cycle().take(9) {
        let pool = node.pool().await;
        let path = format!("/{}/.well-known/jwks.json", pool.id);
        let set: Value = serde_json::from_str(&node.get(&path).await.1).unwrap();
        for key in set["keys"].as_array().unwrap() {
            kids.insert(key["kid"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(kids.len(), 18);
}

#[tokio::test]
async fn new_tokens_are_signed_with_the_new_keys_and_old_ones_verify_until_they_run_out() {
    for_each_database(async |server| {
        let ana = ana(&server).await;
        let old = ana.sign_in().await.unwrap();
        let rotation = rotate(&ana).await;
        let last = afresh(&ana).sign_in().await.unwrap();
        assert_eq!(kids_of(&last), kids_of(&old));

        server.advance(seconds(2));
        let new = afresh(&ana).sign_in().await.unwrap();
        assert_eq!(
            kids_of(&new),
            [rotation.id_kid.clone(), rotation.access_kid.clone()]
        );
        assert!(rotation.id_kid != rotation.access_kid && !kids_of(&new).contains(&kid(&old.id)));
        let keys = published(&ana).await;
        assert_eq!(keys.len(), 4);
        for token in [&old.id, &old.access, &last.access, &new.id, &new.access] {
            assert!(is_signed_by_one_of(&keys, token));
        }

        server.advance(hours(1) - seconds(2) - ms(1));
        afresh(&ana).get_user(&last.access).await.unwrap();
        server.advance(ms(1));
        let error = refused(afresh(&ana).get_user(&last.access).await);
        assert_eq!(
            error.told(),
            ("NotAuthorizedException", "Access Token has expired")
        );
        afresh(&ana).get_user(&new.access).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn old_and_new_keys_are_published_until_the_last_token_of_the_old_ones_has_run_out() {
    for_each_database(async |server| {
        let ana = ana(&server).await;
        let old = published(&ana).await;
        let rotation = rotate(&ana).await;
        assert_eq!(
            rotation.old_verify_until,
            server.now().plus(seconds(2) + hours(1))
        );
        assert_eq!(published(&ana).await.len(), 4);
        server.advance(seconds(2) + hours(1) - ms(1));
        let both = published(&ana).await;
        assert!(both.len() == 4 && old.iter().all(|key| both.contains(key)));
        server.advance(ms(1));
        let new = published(&ana).await;
        assert!(new.len() == 2 && !old.iter().any(|key| new.contains(key)));
    })
    .await;
}

/// A token such as a stolen key of access tokens would make: it lives for ten days.
async fn forged(user: &TestUser, token: &str) -> String {
    let pool = UserPoolId::parse(&user.client.pool.id).unwrap();
    let mut reader = user.client.pool.server.app().db.read().await.unwrap();
    let stored = cognate_store::signing_keys::find(&mut reader, &pool, &kid(token))
        .await
        .unwrap()
        .unwrap();
    let mut claims = claims(token);
    claims["exp"] = (claims["exp"].as_i64().unwrap() + 864_000).into();
    SigningKey::from_pkcs8(stored.private.expose())
        .unwrap()
        .sign(&claims)
        .unwrap()
}

#[tokio::test]
async fn a_retired_key_verifies_nothing_even_while_its_row_is_there() {
    for_each_database(async |server| {
        let ana = ana(&server).await;
        let forged = forged(&ana, &ana.sign_in().await.unwrap().access).await;
        rotate(&ana).await;
        server.advance(seconds(2) + hours(1) - ms(1));
        let at_one_node = afresh(&ana);
        at_one_node.get_user(&forged).await.unwrap();
        server.advance(ms(1));
        // That node keeps the key still, another reads it.
        for node in [at_one_node, afresh(&ana)] {
            assert_eq!(refused(node.get_user(&forged).await).told(), INVALID_TOKEN);
        }
    })
    .await;
}

#[tokio::test]
async fn whatever_rotations_follow_each_other_every_token_verifies_for_as_long_as_it_lives() {
    for_each_database(async |server| {
        let pool = server.pool().await;
        let client = pool
            .client()
            .with("AccessTokenValidity", 5)
            .with("IdTokenValidity", 7);
        let client = client
            .with(
                "TokenValidityUnits",
                json!({"AccessToken": "minutes", "IdToken": "minutes"}),
            )
            .await;
        let ana = client.user("ana").confirmed().await;
        let mut living: Vec<(String, i64)> = Vec::new();
        for step in 0..40u32 {
            if [3, 4, 9, 20].contains(&step) {
                rotate(&ana).await;
            }
            let tokens = afresh(&ana).sign_in().await.unwrap();
            afresh(&ana).get_user(&tokens.access).await.unwrap();
            living.extend(
                [tokens.id, tokens.access]
                    .map(|token| (token.clone(), claims(&token)["exp"].as_i64().unwrap())),
            );
            let keys = published(&ana).await;
            living.retain(|(_, end)| *end > server.now().seconds());
            for (token, _) in &living {
                assert!(is_signed_by_one_of(&keys, token), "at step {step}");
            }
            server.advance(if step < 15 { ms(700) } else { seconds(31) });
        }
        assert_eq!(published(&ana).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn every_node_signs_with_the_new_keys_within_two_seconds_and_none_refuses_what_another_has_signed()
 {
    for_each_database(async |server| {
        let ana = ana(&server).await;
        ana.sign_in().await.unwrap();
        let rotation = rotate(&ana).await;
        // This node's clock is ahead of the other's, which has looked at the keys shortly before
        // the rotation.
        server.advance(seconds(2));
        let new = afresh(&ana).sign_in().await.unwrap();
        assert_eq!(kid(&new.access), rotation.access_kid);
        tokio::time::sleep(ms(100)).await;
        ana.get_user(&new.access).await.unwrap();
        tokio::time::sleep(ms(1000)).await;
        assert_eq!(kid(&ana.sign_in().await.unwrap().id), rotation.id_kid);
    })
    .await;
}

#[tokio::test]
async fn a_stranger_with_an_unknown_key_does_not_make_a_node_forget_its_own() {
    let ana = ana(&TestServer::start().await).await;
    let tokens = ana.sign_in().await.unwrap();
    let stranger = SigningKey::generate()
        .unwrap()
        .sign(&claims(&tokens.access))
        .unwrap();
    for _ in 0..3 {
        assert_eq!(refused(ana.get_user(&stranger).await).told(), INVALID_TOKEN);
        ana.get_user(&tokens.access).await.unwrap();
    }
}

#[tokio::test]
async fn old_keys_verify_for_the_longest_validity_of_the_pools_app_clients() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    let hours_of = |access: i32, id: i32| {
        pool.client()
            .with("AccessTokenValidity", access)
            .with("IdTokenValidity", id)
    };
    hours_of(1, 3).await;
    let ana = hours_of(2, 1).await.user("ana").confirmed().await;
    server.advance(minutes(1));
    assert_eq!(
        rotate(&ana).await.old_verify_until,
        server.now().plus(seconds(2) + hours(3))
    );

    // What its tokens of the last day live for isn't known any more.
    let shorter = json!({"UserPoolId": pool.id, "ClientId": ana.client.id, "AccessTokenValidity": 1, "IdTokenValidity": 1});
    server.advance(minutes(1));
    server
        .call::<op::UpdateUserPoolClient>(shorter)
        .await
        .unwrap();
    assert_eq!(
        rotate(&ana).await.old_verify_until,
        server.now().plus(seconds(2) + days(1))
    );
    server.advance(days(1));
    assert_eq!(
        rotate(&ana).await.old_verify_until,
        server.now().plus(seconds(2) + hours(3))
    );
}

#[tokio::test]
async fn an_app_client_whose_tokens_live_longer_since_the_rotation_gets_them_from_the_new_keys() {
    let server = TestServer::start().await;
    let ana = ana(&server).await;
    let rotation = rotate(&ana).await;
    let longer = json!({"UserPoolId": ana.client.pool.id, "ClientId": ana.client.id, "AccessTokenValidity": 24, "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"]});
    server
        .call::<op::UpdateUserPoolClient>(longer)
        .await
        .unwrap();
    let tokens = afresh(&ana).sign_in().await.unwrap();
    assert_eq!(kid(&tokens.access), rotation.access_kid);
    assert_ne!(kid(&tokens.id), rotation.id_kid);
}

#[tokio::test]
async fn a_list_of_keys_tells_what_each_does() {
    for_each_database(async |server| {
        let ana = ana(&server).await;
        let list = async || -> Vec<KeyStatus> {
            let app = server.app();
            let keys = signing_keys::list(&app.db, &app.clock, &ana.client.pool.id)
                .await
                .unwrap();
            keys.into_iter().map(|key| key.status).collect()
        };
        assert_eq!(list().await, [KeyStatus::Signs; 2]);
        let rotation = rotate(&ana).await;
        let coming = KeyStatus::SignsFrom(rotation.signs_from);
        assert_eq!(
            list().await,
            [KeyStatus::Signs, KeyStatus::Signs, coming, coming]
        );
        server.advance(seconds(2));
        let going = KeyStatus::VerifiesUntil(rotation.old_verify_until);
        assert_eq!(
            list().await,
            [going, going, KeyStatus::Signs, KeyStatus::Signs]
        );
        server.advance(hours(1));
        assert_eq!(
            list().await,
            [
                KeyStatus::Retired,
                KeyStatus::Retired,
                KeyStatus::Signs,
                KeyStatus::Signs
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn rotations_at_one_moment_leave_one_pair_that_was_not_replaced() {
    for_each_database(async |server| {
        let ana = ana(&server).await;
        futures_util::future::join_all((0..4).map(|_| rotate(&ana))).await;
        assert_eq!(published(&ana).await.len(), 10);
        server.advance(seconds(3) + hours(1));
        assert_eq!(published(&ana).await.len(), 2);
        afresh(&ana).sign_in().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn another_pool_keeps_its_keys_and_a_pool_that_is_not_there_has_none() {
    let server = TestServer::start().await;
    let (ana, eve) = (ana(&server).await, ana(&server).await);
    let before = published(&eve).await;
    rotate(&ana).await;
    assert_eq!(published(&eve).await, before);
    for pool in ["us-east-1_Nobody123", "../etc", ""] {
        let refused = signing_keys::rotate(&server.app().db, &server.app().clock, pool)
            .await
            .unwrap_err();
        assert_eq!(
            refused.to_string(),
            format!("there is no user pool «{pool}»")
        );
    }
}
