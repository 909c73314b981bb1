//! Nobody is one, whichever of their names is used: the address that was asked for, and the user id
//! that a challenge told for it.

use cognate_testkit::{TestClient, TestServer, for_each_database, hours, op, refused};
use serde_json::{Value, json};

/// Pools in which a challenge tells another name than the one that was asked for, each with a name
/// that somebody has and one that nobody has.
async fn pools(server: &TestServer) -> Vec<(TestClient, &'static str, &'static str)> {
    let (known, unknown) = ("known@example.com", "other@example.com");
    let new = || {
        let factors = json!({"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP", "SMS_OTP"]});
        server
            .pool()
            .with("Policies", json!({ "SignInPolicy": factors }))
    };
    let of_mail = new().email_as_username().await.client().user_auth().await;
    of_mail.user(known).confirmed().await;
    let with_secret = new().email_as_username().await;
    let with_secret = with_secret.client().user_auth().secret().await;
    with_secret.user(known).confirmed().await;
    let of_phones = new()
        .with("UsernameAttributes", json!(["phone_number"]))
        .verifies(["phone_number"])
        .await
        .client()
        .user_auth()
        .await;
    of_phones
        .user("+15551230001")
        .phone_only("+15551230001")
        .confirmed()
        .await;
    let with_alias = new().aliases(["email"]).await.client().user_auth().await;
    with_alias
        .user("6f9619ff-8b86-4d01-b42d-00cf4fc964ff")
        .email(known)
        .confirmed()
        .await;
    vec![
        (of_mail, known, unknown),
        (with_secret, known, unknown),
        (of_phones, "+15551230001", "+15551230002"),
        (with_alias, known, unknown),
    ]
}

/// The one-time code by which a sign-in under this address may begin.
fn code_for(address: &str) -> &'static str {
    if address.starts_with('+') {
        "SMS_OTP"
    } else {
        "EMAIL_OTP"
    }
}

/// The salt and the user id of a challenge.
async fn challenge(client: &TestClient, name: &str) -> (String, String) {
    let exchange = client.begin_srp(name).await.unwrap();
    let of = |parameter| exchange.parameter(parameter).to_owned();
    assert_eq!(of("USERNAME"), of("USER_ID_FOR_SRP"));
    (of("SALT"), of("USER_ID_FOR_SRP"))
}

/// The answers to many calls, each made under the first name until it is refused otherwise than at
/// first, then under the second.
async fn answers(client: &TestClient, names: [&str; 2]) -> Vec<String> {
    let server = &client.pool.server;
    let about = |name: &str, own: Value| client.about(name, own);
    let calls = |name: &str| {
        let password = client.parameters(name, json!({"PASSWORD": "Wrong-Horse-1"}));
        [
            server.prepare::<op::InitiateAuth>(json!({
                "ClientId": client.id, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": password,
            })),
            server.prepare::<op::ForgotPassword>(about(name, json!({}))),
            server.prepare::<op::ConfirmForgotPassword>(about(
                name,
                json!({"ConfirmationCode": "000000", "Password": "Another-Horse-2"}),
            )),
            server.prepare::<op::ResendConfirmationCode>(about(name, json!({}))),
            server.prepare::<op::ConfirmSignUp>(about(name, json!({"ConfirmationCode": "000000"}))),
        ]
    };
    let mut seen = Vec::new();
    for (by_first, by_second) in calls(names[0]).into_iter().zip(calls(names[1])) {
        let first = by_first.clone().send().await;
        let mut last = String::from_utf8_lossy(&first.body).into_owned();
        seen.push(last.clone());
        for _ in 0..40 {
            let next = by_first.clone().send().await;
            let next = String::from_utf8_lossy(&next.body).into_owned();
            if next != last {
                last = next;
                break;
            }
        }
        seen.push(last);
        let second = by_second.send().await;
        seen.push(String::from_utf8_lossy(&second.body).into_owned());
    }
    seen
}

/// Answers without what differs from user to user: the shown part of an address.
fn without_addresses(answers: &[String]) -> Vec<String> {
    let of_text = |text: &String| match serde_json::from_str::<Value>(text) {
        Ok(mut value) => {
            if let Some(destination) = value.pointer_mut("/CodeDeliveryDetails/Destination") {
                *destination = Value::Null;
            }
            value.to_string()
        }
        Err(_) => text.clone(),
    };
    answers.iter().map(of_text).collect()
}

#[tokio::test]
async fn a_challenge_by_the_address_and_one_by_the_id_that_it_told_have_one_salt_for_everybody() {
    for_each_database(async |server| {
        for (client, known, unknown) in pools(&server).await {
            for name in [known, unknown] {
                let (salt, id) = challenge(&client, name).await;
                assert_ne!(id, name);
                assert_eq!(challenge(&client, &id).await, (salt, id), "{name}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn locks_codes_and_limits_are_one_for_both_names_of_somebody_and_of_nobody() {
    for_each_database(async |server| {
        for (client, known, unknown) in pools(&server).await {
            let mut seen = Vec::new();
            for name in [known, unknown] {
                let (_, id) = challenge(&client, name).await;
                let answers = answers(&client, [name, &id]).await;
                // What the last call under the first name got, the first under the second gets too.
                for step in answers.chunks(3) {
                    assert_ne!(step[0], step[1], "{name}: no limit was met");
                    assert_eq!(step[1], step[2], "{name}");
                }
                seen.push(without_addresses(&answers));
            }
            assert_eq!(seen[0], seen[1]);
            assert!(
                seen[1][1].contains("Password attempts exceeded"),
                "{}",
                seen[1][1]
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_challenge_can_be_answered_under_either_name_by_somebody_and_by_nobody() {
    let server = TestServer::start().await;
    for (client, known, unknown) in pools(&server).await {
        for name in [known, unknown] {
            let (_, id) = challenge(&client, name).await;
            for [asked, answered] in [[name, name], [name, &id], [&id, name], [&id, &id]] {
                let exchange = client.begin_srp(asked).await.unwrap();
                let mut answer = exchange
                    .answer("Wrong-Horse-1")
                    .response("USERNAME", answered);
                if let Some(hash) = client.secret_hash(answered) {
                    answer = answer.response("SECRET_HASH", &hash);
                }
                let error = refused(answer.send().await);
                assert_eq!(error.told(), crate::sentences::WRONG_PASSWORD, "{name}");
                server.advance(hours(2));
            }
        }
    }
}

#[tokio::test]
async fn a_choice_is_offered_and_answered_under_either_name_by_somebody_and_by_nobody() {
    let server = TestServer::start().await;
    for (client, known, unknown) in pools(&server).await {
        let kind = code_for(known);
        for name in [known, unknown] {
            let (_, id) = challenge(&client, name).await;
            let begin = async |name: &str, own: Value| {
                let input = client.initiation("USER_AUTH", &client.parameters(name, own));
                server.call::<op::InitiateAuth>(input).await.unwrap()
            };
            let offer = async |name: &str| begin(name, json!({})).await.available_challenges;
            assert_eq!(offer(name).await, offer(&id).await, "{name}");
            for [asked, answered] in [[name, name], [name, &id], [&id, name], [&id, &id]] {
                let sent = begin(asked, json!({"PREFERRED_CHALLENGE": kind})).await;
                let parameters = sent.challenge_parameters.unwrap();
                assert_eq!(parameters["USERNAME"], id, "{name}");
                let code = json!({(format!("{kind}_CODE")): "00000000"});
                let input = json!({
                    "ClientId": client.id, "ChallengeName": kind, "Session": sent.session,
                    "ChallengeResponses": client.parameters(answered, code),
                });
                let answer = server.call::<op::RespondToAuthChallenge>(input).await;
                assert_eq!(refused(answer).code, "CodeMismatchException", "{name}");
                server.advance(hours(2));
            }
        }
    }
}
