//! What one network address may ask for in a while, whichever users it names.

use cognate_api::Operation;
use cognate_testkit::{TestClient, TestServer, attribute_list, minutes, op, refused};
use serde_json::{Value, json};

const STRANGER: [u8; 4] = [203, 0, 113, 9];
const ANOTHER: [u8; 4] = [198, 51, 100, 7];

/// What a call from an address comes to: `""`, or the error's code.
async fn outcome<O: Operation>(client: &TestClient, input: Value, from: [u8; 4]) -> String {
    let server = &client.pool.server;
    let answer = server.prepare::<O>(input).from(from).send().await;
    answer
        .success()
        .err()
        .map(|error| error.code)
        .unwrap_or_default()
}

async fn sign_up(client: &TestClient, name: &str, from: [u8; 4]) -> String {
    outcome::<op::SignUp>(client, client.user(name).input(), from).await
}

async fn forgot(client: &TestClient, name: &str, from: [u8; 4]) -> String {
    outcome::<op::ForgotPassword>(client, client.about(name, json!({})), from).await
}

#[tokio::test]
async fn who_asks_for_many_messages_is_held_up_and_others_are_not() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    client.user("ana").await;
    let eve = client.user("eve").confirmed().await;
    let tokens = eve.sign_in().await.unwrap();
    for number in 0..30 {
        assert_eq!(
            sign_up(&client, &format!("user{number}"), STRANGER).await,
            ""
        );
    }
    let (held_up, held) = ("TooManyRequestsException", server.deliver().await);
    assert_eq!(sign_up(&client, "one-more", STRANGER).await, held_up);
    for name in ["eve", "nobody"] {
        assert_eq!(forgot(&client, name, STRANGER).await, held_up);
    }
    for name in ["ana", "nobody"] {
        let input = client.about(name, json!({}));
        let resent = outcome::<op::ResendConfirmationCode>(&client, input, STRANGER).await;
        assert_eq!(resent, held_up);
    }
    let input = json!({"AccessToken": tokens.access, "UserAttributes": attribute_list(&[("email", "new@example.com")])});
    let changed = outcome::<op::UpdateUserAttributes>(&client, input.clone(), STRANGER).await;
    assert_eq!(changed, held_up);
    assert_eq!(server.deliver().await, 0, "after {held}");
    // Nobody else is held up, nor what sends nothing, nor they themselves when the time is over.
    assert_eq!(sign_up(&client, "one-more", ANOTHER).await, "");
    assert_eq!(
        outcome::<op::UpdateUserAttributes>(&client, input, ANOTHER).await,
        ""
    );
    let code = json!({"AccessToken": tokens.access, "AttributeName": "email"});
    let sent =
        outcome::<op::GetUserAttributeVerificationCode>(&client, code.clone(), STRANGER).await;
    assert_eq!(sent, held_up);
    let silent = client.user("silent").without_address().input();
    assert_eq!(outcome::<op::SignUp>(&client, silent, STRANGER).await, "");
    server.advance(minutes(10));
    assert_eq!(sign_up(&client, "later", STRANGER).await, "");
    let sent = outcome::<op::GetUserAttributeVerificationCode>(&client, code, STRANGER).await;
    assert_eq!(sent, "");
}

#[tokio::test]
async fn messages_to_names_that_nobody_has_use_up_the_allowance_like_any_other() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    client.user("eve").confirmed().await;
    for number in 0..30 {
        assert_eq!(
            forgot(&client, &format!("nobody{number}"), STRANGER).await,
            ""
        );
    }
    for name in ["eve", "nobody"] {
        assert_eq!(
            forgot(&client, name, STRANGER).await,
            "TooManyRequestsException"
        );
    }
    assert_eq!(forgot(&client, "eve", ANOTHER).await, "");
}

#[tokio::test]
async fn many_messages_from_loopback_are_sent() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    for number in 0..31 {
        client
            .user(&format!("user{number}"))
            .sign_up()
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn who_begins_many_sign_ins_and_ends_none_is_held_up() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let ana = client.user("ana").confirmed().await;
    let begin = async |name: &str, from: [u8; 4]| {
        let parameters = client.parameters(name, json!({"SRP_A": "a".repeat(768)}));
        let input = json!({"ClientId": client.id, "AuthFlow": "USER_SRP_AUTH", "AuthParameters": parameters});
        outcome::<op::InitiateAuth>(&client, input, from).await
    };
    let answer = async |password: &str| {
        let input = ana.begin_srp().await.unwrap().answer(password).input();
        outcome::<op::RespondToAuthChallenge>(&client, input, STRANGER).await
    };
    for number in 0..300 {
        let name = if number % 2 == 0 { "ana" } else { "nobody" };
        assert_eq!(begin(name, STRANGER).await, "");
    }
    for name in ["ana", "nobody"] {
        assert_eq!(begin(name, STRANGER).await, "TooManyRequestsException");
    }
    assert_eq!(begin("ana", ANOTHER).await, "");
    // One that is answered is open no more; a wrong answer makes no room.
    assert_eq!(answer("Wrong-Horse-1").await, "NotAuthorizedException");
    assert_eq!(begin("ana", STRANGER).await, "TooManyRequestsException");
    assert_eq!(answer(&ana.password).await, "");
    assert_eq!(begin("ana", STRANGER).await, "");
    assert_eq!(begin("ana", STRANGER).await, "TooManyRequestsException");
    server.advance(minutes(5));
    assert_eq!(begin("ana", STRANGER).await, "");
}

#[tokio::test]
async fn an_operator_is_not_held_up_by_what_strangers_may_ask_for() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    client.user("eve").confirmed().await;
    for _ in 0..30 {
        forgot(&client, "nobody", STRANGER).await;
    }
    let input = json!({"UserPoolId": client.pool.id, "Username": "eve"});
    assert_eq!(
        outcome::<op::AdminResetUserPassword>(&client, input, STRANGER).await,
        ""
    );
    let other = client.user("other").sign_up().await;
    assert!(other.is_ok(), "{}", refused(other).code);
}
