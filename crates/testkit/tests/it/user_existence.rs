//! Whether a stranger can tell a name that somebody has from one that nobody has, where the app
//! client hides it.

use cognate_testkit::{Answer, TestClient, TestServer, for_each_database, op};
use serde_json::{Value, json};

/// An answer without what differs from call to call: all text by its form.
fn shape(answer: Answer) -> (u16, Value) {
    fn form(value: &Value) -> Value {
        match value {
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| (name.clone(), form(value)))
                .collect(),
            Value::String(text) if text.contains(' ') || text.ends_with("Exception") => {
                value.clone()
            }
            // Long texts are random or sealed: their lengths are what could tell. A masked address
            // has one form.
            Value::String(text) if text.contains("***") => "masked".into(),
            Value::String(text) if text.len() < 30 => "short".into(),
            Value::String(text) => text.len().div_ceil(8).into(),
            other => other.clone(),
        }
    }
    let body = if answer.body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&answer.body).unwrap()
    };
    (answer.status, form(&body))
}

/// What a stranger can do with a name.
async fn tries(client: &TestClient, name: &str) -> Vec<(u16, Value)> {
    let server = &client.pool.server;
    let about = |own: Value| client.about(name, own);
    let flow = |flow: &str, own: Value| client.initiation(flow, &client.parameters(name, own));
    let a = "a".repeat(768);
    let mut seen = Vec::new();
    for call in [
        server.prepare::<op::InitiateAuth>(flow(
            "USER_PASSWORD_AUTH",
            json!({"PASSWORD": "Wrong-Horse-1"}),
        )),
        server.prepare::<op::InitiateAuth>(flow("USER_SRP_AUTH", json!({"SRP_A": a}))),
        server.prepare::<op::ForgotPassword>(about(json!({}))),
        server.prepare::<op::ConfirmForgotPassword>(about(
            json!({"ConfirmationCode": "000000", "Password": "Another-Horse-2"}),
        )),
        server.prepare::<op::ConfirmSignUp>(about(json!({"ConfirmationCode": "000000"}))),
        server.prepare::<op::ResendConfirmationCode>(about(json!({}))),
        server.prepare::<op::ConfirmSignUp>(about(json!({"ConfirmationCode": "000000"}))),
    ] {
        seen.push(shape(call.send().await));
    }
    if let Ok(exchange) = client.begin_srp(name).await {
        seen.push((200, json!(exchange.parameters.keys().collect::<Vec<_>>())));
        seen.push(match exchange.answer("Wrong-Horse-1").send().await {
            Ok(_) => panic!("a wrong password signs in"),
            Err(error) => (error.status, json!([error.code, error.message])),
        });
    }
    seen
}

#[tokio::test]
async fn no_public_operation_tells_a_name_that_somebody_has_from_one_that_nobody_has() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        client.user("confirmed1").confirmed().await;
        client.user("unconfirm1").await;
        client.user("disabled12").confirmed().await;
        client.pool.disable("disabled12").await;
        client
            .pool
            .invite(
                "invited123",
                "Temporary-1!",
                &[("email", "invited@example.com")],
            )
            .await;
        let unknown = tries(&client, "nobody1234").await;
        assert_eq!(unknown.len(), 9);
        for known in ["confirmed1", "unconfirm1", "disabled12", "invited123"] {
            assert_eq!(tries(&client, known).await, unknown, "{known}");
        }
    })
    .await;
}

#[tokio::test]
async fn with_a_secret_and_with_aliases_it_is_the_same() {
    let server = TestServer::start().await;
    let client = server
        .pool()
        .aliases(["email"])
        .await
        .client()
        .secret()
        .await;
    // The challenge tells the user name to whoever knows the alias, so user names in such pools are
    // random, as AWS advises.
    let name = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff";
    client
        .user(name)
        .email("known@example.com")
        .confirmed()
        .await;
    let unknown = tries(&client, "6f9619ff-8b86-4d01-b42d-00cf4fc96400").await;
    assert_eq!(tries(&client, name).await, unknown);
    let unknown = tries(&client, "other@example.com").await;
    assert_eq!(tries(&client, "known@example.com").await, unknown);
}

#[tokio::test]
async fn in_a_pool_of_addresses_it_is_the_same() {
    let server = TestServer::start().await;
    let client = server.pool().email_as_username().await.client().await;
    client.user("known@example.com").confirmed().await;
    client.user("early@example.com").await;
    let unknown = tries(&client, "other@example.com").await;
    assert_eq!(tries(&client, "known@example.com").await, unknown);
    assert_eq!(tries(&client, "early@example.com").await, unknown);
}

#[tokio::test]
async fn locks_and_limits_hold_for_names_that_nobody_has() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        client.user("somebody12").confirmed().await;
        let mut seen = Vec::new();
        for name in ["somebody12", "nobody1234"] {
            let mut of_name = Vec::new();
            for _ in 0..8 {
                of_name.push(tries(&client, name).await);
            }
            seen.push(of_name);
        }
        assert_eq!(seen[0], seen[1]);
        // And they were reached.
        let last = serde_json::to_string(&seen[1][7]).unwrap();
        assert!(
            last.contains("Password attempts exceeded") && last.contains("LimitExceededException"),
            "{last}"
        );
    })
    .await;
}

#[tokio::test]
async fn the_salt_of_a_name_that_nobody_has_is_the_same_each_time_on_each_node_and_its_own() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    let client = pool.client().await;
    let salt = async |name: &str| {
        client
            .begin_srp(name)
            .await
            .unwrap()
            .parameter("SALT")
            .to_owned()
    };
    let first = salt("nobody").await;
    assert_eq!(first, salt("NOBODY").await);
    assert_ne!(first, salt("nobody2").await);
    let mut elsewhere = client.clone();
    elsewhere.pool.server = server.node();
    assert_eq!(
        elsewhere
            .begin_srp("nobody")
            .await
            .unwrap()
            .parameter("SALT"),
        first
    );
    client.user("nobody").confirmed().await;
    assert_ne!(first, salt("nobody").await);
}

#[tokio::test]
async fn nobody_gets_mail_and_nobody_is_made_by_asking_for_a_name_that_nobody_has() {
    let server = TestServer::start().await;
    let client = server.pool().email_as_username().await.client().await;
    tries(&client, "nobody@example.com").await;
    server.deliver().await;
    assert!(server.sent().is_empty());
    let listed = server
        .call::<op::ListUsers>(json!({"UserPoolId": client.pool.id}))
        .await
        .ok()
        .unwrap();
    assert!(listed.users.unwrap().is_empty());
}
