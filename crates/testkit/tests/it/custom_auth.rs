//! Custom sign-ins (CUSTOM_AUTH, docs/protocol.md §17.4), with a script in the place of the pool's
//! own code: two riddles, of which a wrong answer is forgiven once.

use cognate_api::idp::{ChallengeNameType, op};
use cognate_model::sign_in::{Created, Defined, PastChallenge};
use cognate_outbound::Script;
use cognate_testkit::{ApiError, TestClient, TestServer, refused};
use serde_json::{Value, json};

use crate::sentences::{INVALID_SESSION, WRONG_PASSWORD};

fn define(session: &[PastChallenge]) -> Defined {
    let custom: Vec<_> = session
        .iter()
        .filter(|past| past.name == "CUSTOM_CHALLENGE")
        .collect();
    let right = custom.iter().filter(|past| past.result).count();
    match session.last() {
        Some(last) if last.name == "SRP_A" => Defined::Challenge("PASSWORD_VERIFIER".into()),
        _ if right >= 2 => Defined::IssueTokens,
        _ if custom.len() - right > 1 => Defined::Fail,
        _ => Defined::Challenge("CUSTOM_CHALLENGE".into()),
    }
}

fn riddles() -> Script {
    Script {
        define: Box::new(|question| define(&question.session)),
        create: Box::new(|question| {
            let round = question.session.len().to_string();
            Created {
                public: [("riddle".to_owned(), round.clone())].into(),
                private: [("answer".to_owned(), format!("answer {round}"))].into(),
                metadata: Some(format!("RIDDLE_{round}")),
            }
        }),
        verify: Box::new(|question| {
            question.private.get("answer").map(String::as_str) == Some(question.answer.expose())
        }),
    }
}

async fn server_with(script: Script) -> TestServer {
    TestServer::builder().script(script).start().await
}

async fn client_of(server: &TestServer) -> TestClient {
    let flows = [
        "ALLOW_CUSTOM_AUTH",
        "ALLOW_USER_SRP_AUTH",
        "ALLOW_USER_PASSWORD_AUTH",
    ];
    server.pool().await.client().flows(flows).await
}

/// A challenge as the client has it.
struct Asked {
    session: String,
    riddle: String,
}

async fn begin(client: &TestClient, name: &str) -> Result<Asked, ApiError> {
    let input = client.initiation("CUSTOM_AUTH", &client.parameters(name, json!({})));
    let answer = client.pool.server.call::<op::InitiateAuth>(input).await?;
    assert_eq!(
        answer.challenge_name,
        Some(ChallengeNameType::CustomChallenge)
    );
    let parameters = answer.challenge_parameters.unwrap();
    assert!(parameters.contains_key("USERNAME") && !parameters.contains_key("answer"));
    Ok(Asked {
        session: answer.session.unwrap(),
        riddle: parameters["riddle"].clone(),
    })
}

async fn respond(
    client: &TestClient,
    name: &str,
    asked: &Asked,
    answer: &str,
) -> Result<cognate_api::idp::RespondToAuthChallengeResponse, ApiError> {
    let input = json!({
        "ClientId": client.id, "ChallengeName": "CUSTOM_CHALLENGE", "Session": asked.session,
        "ChallengeResponses": {"USERNAME": name, "ANSWER": answer},
    });
    client
        .pool
        .server
        .call::<op::RespondToAuthChallenge>(input)
        .await
}

async fn next(client: &TestClient, asked: &Asked, answer: &str) -> Asked {
    let answer = respond(client, "ana", asked, answer).await.unwrap();
    Asked {
        session: answer.session.unwrap(),
        riddle: answer.challenge_parameters.unwrap()["riddle"].clone(),
    }
}

fn right(asked: &Asked) -> String {
    format!("answer {}", asked.riddle)
}

#[tokio::test]
async fn who_answers_what_the_pools_own_code_asks_is_signed_in() {
    let server = server_with(riddles()).await;
    let client = client_of(&server).await;
    client.user("ana").confirmed().await;
    let first = begin(&client, "ana").await.unwrap();
    let second = next(&client, &first, &right(&first)).await;
    let answer = respond(&client, "ana", &second, &right(&second)).await;
    let tokens = answer.unwrap().authentication_result.unwrap();
    let input = json!({"AccessToken": tokens.access_token});
    server.call::<op::GetUser>(input).await.unwrap();
}

#[tokio::test]
async fn a_wrong_answer_is_the_codes_to_judge_and_a_failed_sign_in_is_a_wrong_password() {
    let server = server_with(riddles()).await;
    let client = client_of(&server).await;
    client.user("ana").confirmed().await;
    let first = begin(&client, "ana").await.unwrap();
    // The first wrong answer is forgiven, and another riddle asked.
    let second = next(&client, &first, "no idea").await;
    let error = refused(respond(&client, "ana", &second, "no idea").await);
    assert_eq!(error.told(), WRONG_PASSWORD);
}

#[tokio::test]
async fn an_answer_is_taken_once_and_from_its_own_user_alone() {
    let server = server_with(riddles()).await;
    let client = client_of(&server).await;
    client.user("ana").confirmed().await;
    client.user("bob").confirmed().await;
    let first = begin(&client, "ana").await.unwrap();
    let moved = refused(respond(&client, "bob", &first, &right(&first)).await);
    assert_eq!(moved.told(), INVALID_SESSION);
    let first = begin(&client, "ana").await.unwrap();
    next(&client, &first, &right(&first)).await;
    let again = refused(respond(&client, "ana", &first, &right(&first)).await);
    assert_eq!(again.told(), INVALID_SESSION);
}

#[tokio::test]
async fn nobody_is_asked_like_anybody_and_never_signed_in() {
    let server = server_with(riddles()).await;
    let client = client_of(&server).await;
    let first = begin(&client, "nobody").await.unwrap();
    let answer = respond(&client, "nobody", &first, &right(&first))
        .await
        .unwrap();
    let second = Asked {
        session: answer.session.unwrap(),
        riddle: answer.challenge_parameters.unwrap()["riddle"].clone(),
    };
    let error = refused(respond(&client, "nobody", &second, &right(&second)).await);
    assert_eq!(error.told(), WRONG_PASSWORD);
}

#[tokio::test]
async fn a_password_that_is_proved_before_is_told_to_the_code() {
    let server = server_with(riddles()).await;
    let client = client_of(&server).await;
    client.user("ana").confirmed().await;
    let exchange = client.begin_srp_in("CUSTOM_AUTH", "ana").await;
    let answer = exchange
        .unwrap()
        .answer(cognate_testkit::PASSWORD)
        .send()
        .await
        .unwrap();
    assert_eq!(
        answer.challenge_name,
        Some(ChallengeNameType::CustomChallenge)
    );
    let asked = Asked {
        session: answer.session.unwrap(),
        riddle: answer.challenge_parameters.unwrap()["riddle"].clone(),
    };
    // SRP_A and PASSWORD_VERIFIER were met before.
    assert_eq!(asked.riddle, "2");
    let second = next(&client, &asked, &right(&asked)).await;
    let answer = respond(&client, "ana", &second, &right(&second))
        .await
        .unwrap();
    assert!(answer.authentication_result.is_some());
}

#[tokio::test]
async fn what_the_code_asks_is_no_second_factor() {
    let server = server_with(riddles()).await;
    let flows = ["ALLOW_CUSTOM_AUTH", "ALLOW_USER_SRP_AUTH"];
    let pool = server.pool().await;
    let client = pool.client().flows(flows).await;
    client.user("ana").confirmed().await;
    let input: Value = json!({
        "UserPoolId": pool.id, "MfaConfiguration": "ON",
        "SoftwareTokenMfaConfiguration": {"Enabled": true},
    });
    server
        .call::<op::SetUserPoolMfaConfig>(input)
        .await
        .unwrap();
    let exchange = client.begin_srp_in("CUSTOM_AUTH", "ana").await;
    let answer = exchange
        .unwrap()
        .answer(cognate_testkit::PASSWORD)
        .send()
        .await
        .unwrap();
    let asked = Asked {
        session: answer.session.unwrap(),
        riddle: answer.challenge_parameters.unwrap()["riddle"].clone(),
    };
    let second = next(&client, &asked, &right(&asked)).await;
    let answer = respond(&client, "ana", &second, &right(&second))
        .await
        .unwrap();
    assert!(answer.authentication_result.is_none());
    assert_eq!(answer.challenge_name, Some(ChallengeNameType::MfaSetup));
}

#[tokio::test]
async fn code_that_names_what_cannot_be_asked_is_told_so() {
    let mut script = riddles();
    script.define = Box::new(|_| Defined::Challenge("SMS_MFA".into()));
    let server = server_with(script).await;
    let client = client_of(&server).await;
    client.user("ana").confirmed().await;
    let error = refused(begin(&client, "ana").await.map(drop));
    assert_eq!(error.code, "InvalidLambdaResponseException");
}

#[tokio::test]
async fn code_that_never_ends_a_sign_in_is_ended() {
    let mut script = riddles();
    script.define = Box::new(|_| Defined::Challenge("CUSTOM_CHALLENGE".into()));
    let server = server_with(script).await;
    let client = client_of(&server).await;
    client.user("ana").confirmed().await;
    let mut asked = begin(&client, "ana").await.unwrap();
    for _ in 0..32 {
        asked = next(&client, &asked, "whatever").await;
    }
    let error = refused(respond(&client, "ana", &asked, "whatever").await);
    assert_eq!(error.told(), WRONG_PASSWORD);
}
