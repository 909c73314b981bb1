//! Whether a stranger can tell a name that somebody has from one that nobody has, where the app
//! client hides it.

use std::time::Duration;

use cognate_testkit::{Answer, TestClient, TestServer, for_each_database, hours, op};
use serde_json::{Value, json};

use crate::user_auth::{client_with_choice, with_both};

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

/// What a stranger can do with a name by USER_AUTH: look at the offer, prefer each kind, and make
/// each choice, with something wrong wherever something is to be proved. `pause` lies between one
/// choice and the next.
async fn choices(client: &TestClient, name: &str, pause: Duration) -> Vec<(u16, Value)> {
    let server = &client.pool.server;
    let a = "a".repeat(768);
    let wrong = [
        ("PASSWORD", json!({"PASSWORD": "Wrong-Horse-1"})),
        ("PASSWORD", json!({})),
        ("PASSWORD_SRP", json!({"SRP_A": a})),
        ("PASSWORD_SRP", json!({})),
        ("EMAIL_OTP", json!({})),
        ("SMS_OTP", json!({})),
        ("WEB_AUTHN", json!({})),
    ];
    let begin = async |mut own: Value, preferred: Option<&str>| {
        if let Some(preferred) = preferred {
            own["PREFERRED_CHALLENGE"] = preferred.into();
        }
        let input = client.initiation("USER_AUTH", &client.parameters(name, own));
        server.prepare::<op::InitiateAuth>(input).send().await
    };
    let respond = async |challenge: &str, session: &str, own: Value| {
        let input = json!({
            "ClientId": client.id, "ChallengeName": challenge, "Session": session,
            "ChallengeResponses": client.parameters(name, own),
        });
        let call = server.prepare::<op::RespondToAuthChallenge>(input);
        call.send().await
    };
    let asked = |answer: &Answer| {
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        let member = |name: &str| Some(body.get(name)?.as_str()?.to_owned());
        member("ChallengeName").zip(member("Session"))
    };
    let mut seen = Vec::new();
    for (choice, own) in wrong {
        let preferred = begin(own.clone(), Some(choice)).await;
        let mut steps = vec![asked(&preferred)];
        seen.push(shape(preferred));
        let offer = begin(json!({}), None).await;
        let offered = asked(&offer);
        seen.push(shape(offer));
        // There is none where a lock stands.
        if let Some((select, session)) = offered {
            let mut own = own;
            own["ANSWER"] = choice.into();
            let chosen = respond(&select, &session, own).await;
            steps.push(asked(&chosen));
            seen.push(shape(chosen));
        }
        for (challenge, session) in steps.into_iter().flatten() {
            seen.push((200, json!(challenge)));
            let own = json!({
                "PASSWORD": "Wrong-Horse-1", "SRP_A": a, "EMAIL_OTP_CODE": "00000000",
                "SMS_OTP_CODE": "00000000", "ANSWER": "NOTHING", "TIMESTAMP": "x",
                "PASSWORD_CLAIM_SECRET_BLOCK": "eA==", "PASSWORD_CLAIM_SIGNATURE": "eA==",
            });
            for _ in 0..2 {
                seen.push(shape(respond(&challenge, &session, own.clone()).await));
            }
        }
        server.advance(pause);
    }
    seen
}

#[tokio::test]
async fn no_choice_tells_a_name_that_somebody_has_from_one_that_nobody_has() {
    for_each_database(async |server| {
        let client = client_with_choice(&server).await;
        with_both(&client, "confirmed1").await;
        with_both(&client, "disabled12").await;
        client.pool.disable("disabled12").await;
        let unknown = choices(&client, "nobody1234", hours(2)).await;
        let told = serde_json::to_string(&unknown).unwrap();
        for name in [
            "SELECT_CHALLENGE",
            "PASSWORD_VERIFIER",
            "EMAIL_OTP",
            "SMS_OTP",
        ] {
            assert!(told.contains(name), "{name}: {told}");
        }
        for known in ["confirmed1", "disabled12"] {
            let known_one = choices(&client, known, hours(2)).await;
            for (at, (one, other)) in known_one.iter().zip(&unknown).enumerate() {
                assert_eq!(one, other, "{known}, {at}");
            }
            assert_eq!(known_one.len(), unknown.len());
        }
    })
    .await;
}

#[tokio::test]
async fn the_locks_and_limits_of_choices_hold_for_names_that_nobody_has() {
    let server = TestServer::start().await;
    let client = client_with_choice(&server).await;
    with_both(&client, "somebody12").await;
    let mut seen = Vec::new();
    for name in ["somebody12", "nobody1234"] {
        let mut of_name = Vec::new();
        for _ in 0..3 {
            of_name.extend(choices(&client, name, Duration::ZERO).await);
        }
        seen.push(of_name);
    }
    assert_eq!(seen[0], seen[1]);
    let last = serde_json::to_string(&seen[1]).unwrap();
    assert!(last.contains("Password attempts exceeded"), "{last}");
}
