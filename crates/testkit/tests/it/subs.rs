//! A sub is its owner's name: it finds them wherever an operation takes a user name, and nobody
//! else can take it for one.

use std::collections::BTreeMap;

use cognate_testkit::{
    ApiError, PASSWORD, TestClient, TestServer, for_each_database, op, refused, seconds,
};
use serde_json::{Value, json};

use crate::sentences::NO_SUCH_USER;

const UUID: &str = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff";

async fn sign_up(client: &TestClient, name: &str) -> Result<String, ApiError> {
    Ok(client.user(name).sign_up().await?.user_sub)
}

#[tokio::test]
async fn the_public_operations_find_a_user_by_the_sub_with_the_secret_hash_of_the_sub() {
    for_each_database(async |server| {
        let pool = server.pool().await;
        for client in [pool.client().await, pool.client().secret().await] {
            let name = format!("ana-{}", client.secret.is_some());
            let by_name = client.user(&name).await;
            let ana = by_name.named(&by_name.sub);
            server.advance(seconds(1));
            ana.resend().await.unwrap();
            ana.confirm(&ana.last_code().await).await.unwrap();
            ana.sign_in().await.unwrap();
            let exchange = ana.begin_srp().await.unwrap();
            // What the challenge tells is what the password is hashed with.
            assert_eq!(exchange.parameter("USER_ID_FOR_SRP"), name);
            exchange.answer(PASSWORD).tokens().await.unwrap();
            let by_sub = exchange.client.begin_srp(&ana.sub).await.unwrap();
            let mut answer = by_sub.answer(PASSWORD).response("USERNAME", &ana.sub);
            if let Some(hash) = client.secret_hash(&ana.sub) {
                answer = answer.response("SECRET_HASH", &hash);
            }
            answer.tokens().await.unwrap();
            ana.initiate_by_operator().await.unwrap();
            server.advance(seconds(1));
            ana.forgot_password().await.unwrap();
            let code = ana.last_code().await;
            ana.reset_password(&code, "Another-Horse-2").await.unwrap();
            let ana = ana.with_password("Another-Horse-2");
            ana.sign_in().await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_temporary_password_is_replaced_under_the_sub() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    client.pool.invite("ana", "Temporary-1!", &[]).await;
    let sub = client.pool.attribute("ana", "sub").await.unwrap();
    let session = client.prove_temporary(&sub, "Temporary-1!").await;
    let answer = client.new_password(&session, &sub, json!({"NEW_PASSWORD": PASSWORD}));
    let answer = server
        .call::<op::RespondToAuthChallenge>(answer)
        .await
        .unwrap();
    assert!(answer.authentication_result.is_some());
}

#[tokio::test]
async fn the_operators_operations_find_a_user_by_the_sub_and_by_no_other_uuid() {
    for_each_database(async |server| {
        for pool in [server.pool().await, server.pool().aliases(["email"]).await] {
            let client = pool.client().await;
            let ana = client.user("ana").await;
            let about = |sub: &str, own: Value| {
                let mut input = json!({"UserPoolId": pool.id, "Username": sub});
                let own: BTreeMap<String, Value> = serde_json::from_value(own).unwrap();
                input.as_object_mut().unwrap().extend(own);
                input
            };
            let attributes = json!([{"Name": "email", "Value": "ana@example.com"}, {"Name": "email_verified", "Value": "true"}]);
            let calls = |sub: &str| {
                [
                    server.prepare::<op::AdminConfirmSignUp>(about(sub, json!({}))),
                    server.prepare::<op::AdminGetUser>(about(sub, json!({}))),
                    server.prepare::<op::AdminUpdateUserAttributes>(about(
                        sub,
                        json!({"UserAttributes": attributes}),
                    )),
                    server.prepare::<op::AdminDeleteUserAttributes>(about(
                        sub,
                        json!({"UserAttributeNames": ["nickname"]}),
                    )),
                    server.prepare::<op::AdminResetUserPassword>(about(sub, json!({}))),
                    server.prepare::<op::AdminSetUserPassword>(about(
                        sub,
                        json!({"Password": PASSWORD, "Permanent": true}),
                    )),
                    server.prepare::<op::AdminUserGlobalSignOut>(about(sub, json!({}))),
                    server.prepare::<op::AdminDisableUser>(about(sub, json!({}))),
                    server.prepare::<op::AdminEnableUser>(about(sub, json!({}))),
                    server.prepare::<op::AdminDeleteUser>(about(sub, json!({}))),
                ]
            };
            for (at, call) in calls(UUID).into_iter().enumerate() {
                let error = call.send().await.error();
                assert_eq!(error.told(), NO_SUCH_USER, "{at}");
            }
            for (at, call) in calls(&ana.sub).into_iter().enumerate() {
                let answer = call.send().await;
                let body = String::from_utf8_lossy(&answer.body).into_owned();
                assert_eq!(answer.status, 200, "{at}: {body}");
            }
            assert_eq!(refused(pool.user("ana").await).told(), NO_SUCH_USER);
        }
    })
    .await;
}

#[tokio::test]
async fn a_sub_in_capitals_is_the_sub_where_case_does_not_count() {
    let server = TestServer::start().await;
    for (pool, is_found) in [
        (server.pool().await, true),
        (server.pool().case_sensitive().await, false),
    ] {
        let client = pool.client().await;
        let sub = sign_up(&client, "ana").await.unwrap().to_uppercase();
        assert_eq!(pool.user(&sub).await.is_ok(), is_found);
    }
}

#[tokio::test]
async fn a_user_name_that_is_anothers_sub_is_taken_on_every_node_and_other_uuids_are_free() {
    cognate_testkit::for_each_shared_database(async |shared| {
        let nodes = shared.nodes::<2>().await;
        let client = nodes[0].pool().await.client().await;
        let ana = client.user("ana").await;
        for spelled in [ana.sub.clone(), ana.sub.to_uppercase()] {
            let attempts = (0..8).map(|at| {
                let client = client.on(&nodes[at % 2]);
                let name = spelled.clone();
                tokio::spawn(async move { sign_up(&client, &name).await })
            });
            for attempt in attempts.collect::<Vec<_>>() {
                let error = refused(attempt.await.unwrap());
                assert_eq!(error.code, "UsernameExistsException");
            }
            let input = json!({"UserPoolId": client.pool.id, "Username": spelled, "MessageAction": "SUPPRESS"});
            let error = refused(nodes[1].call::<op::AdminCreateUser>(input).await);
            assert_eq!(error.code, "UsernameExistsException");
        }
        assert_eq!(client.pool.user(&ana.sub).await.unwrap().username, "ana");
        sign_up(&client, UUID).await.unwrap();
        assert_eq!(client.pool.user(UUID).await.unwrap().username, UUID);
    })
    .await;
}

#[tokio::test]
async fn a_preferred_user_name_that_is_anothers_sub_is_taken_and_ones_own_is_not() {
    for_each_database(async |server| {
        let client = server
            .pool()
            .aliases(["preferred_username"])
            .await
            .client()
            .await;
        let ana = client.user("ana").confirmed().await;
        let bea = client.user("bea").confirmed().await;
        let token = bea.sign_in().await.unwrap().access;
        let error = refused(
            bea.update(&token, &[("preferred_username", &ana.sub)])
                .await,
        );
        assert_eq!(error.code, "AliasExistsException");
        let by_operator = json!({
            "UserPoolId": client.pool.id, "Username": "bea",
            "UserAttributes": [{"Name": "preferred_username", "Value": ana.sub}],
        });
        let error = refused(
            server
                .call::<op::AdminUpdateUserAttributes>(by_operator)
                .await,
        );
        assert_eq!(error.code, "AliasExistsException");
        bea.update(&token, &[("preferred_username", &bea.sub)])
            .await
            .unwrap();
        bea.named(&bea.sub).sign_in().await.unwrap();
        ana.named(&ana.sub).sign_in().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_user_id_that_a_challenge_made_up_is_as_taken_as_a_real_one() {
    for_each_database(async |server| {
        let pool = server.pool().aliases(["email", "preferred_username"]).await;
        let client = pool.client().await;
        client
            .user(UUID)
            .email("real@example.com")
            .confirmed()
            .await;
        let eve = client.user("eve").confirmed().await;
        let tokens = eve.sign_in().await.unwrap();
        let mut seen = Vec::new();
        for address in ["real@example.com", "nobody@example.com"] {
            let exchange = client.begin_srp(address).await.unwrap();
            let told = exchange.parameter("USER_ID_FOR_SRP");
            let error = refused(sign_up(&client, told).await);
            let preferred = [("preferred_username", told)];
            let other = refused(eve.update(&tokens.access, &preferred).await);
            seen.push((error.code, error.message, other.code, other.message));
        }
        assert_eq!(seen[0], seen[1]);
        assert_eq!(seen[0].0, "UsernameExistsException");
        assert_eq!(seen[0].2, "AliasExistsException");
    })
    .await;
}
