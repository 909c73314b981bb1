//! What one network address may ask for in a while, whichever users it names.

use cognate_testkit::{TestClient, TestServer, attribute_list, minutes, op, refused};
use serde_json::json;

const STRANGER: [u8; 4] = [203, 0, 113, 9];
const ANOTHER: [u8; 4] = [198, 51, 100, 7];

async fn sign_up(client: &TestClient, name: &str, from: [u8; 4]) -> String {
    client
        .outcome::<op::SignUp>(client.user(name).input(), from)
        .await
}

async fn forgot(client: &TestClient, name: &str, from: [u8; 4]) -> String {
    client
        .outcome::<op::ForgotPassword>(client.about(name, json!({})), from)
        .await
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
        let resent = client
            .outcome::<op::ResendConfirmationCode>(input, STRANGER)
            .await;
        assert_eq!(resent, held_up);
    }
    let input = json!({"AccessToken": tokens.access, "UserAttributes": attribute_list(&[("email", "new@example.com")])});
    let changed = client
        .outcome::<op::UpdateUserAttributes>(input.clone(), STRANGER)
        .await;
    assert_eq!(changed, held_up);
    assert_eq!(server.deliver().await, 0, "after {held}");
    // Nobody else is held up, nor what sends nothing, nor they themselves when the time is over.
    assert_eq!(sign_up(&client, "one-more", ANOTHER).await, "");
    assert_eq!(
        client
            .outcome::<op::UpdateUserAttributes>(input, ANOTHER)
            .await,
        ""
    );
    let code = json!({"AccessToken": tokens.access, "AttributeName": "email"});
    let sent = client
        .outcome::<op::GetUserAttributeVerificationCode>(code.clone(), STRANGER)
        .await;
    assert_eq!(sent, held_up);
    let silent = client.user("silent").without_address().input();
    assert_eq!(client.outcome::<op::SignUp>(silent, STRANGER).await, "");
    server.advance(minutes(10));
    assert_eq!(sign_up(&client, "later", STRANGER).await, "");
    let sent = client
        .outcome::<op::GetUserAttributeVerificationCode>(code, STRANGER)
        .await;
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
        let input = client.initiation("USER_SRP_AUTH", &parameters);
        client.outcome::<op::InitiateAuth>(input, from).await
    };
    let answer = async |password: &str| {
        let input = ana.begin_srp().await.unwrap().answer(password).input();
        client
            .outcome::<op::RespondToAuthChallenge>(input, STRANGER)
            .await
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
        client
            .outcome::<op::AdminResetUserPassword>(input, STRANGER)
            .await,
        ""
    );
    let other = client.user("other").sign_up().await;
    assert!(other.is_ok(), "{}", refused(other).code);
}
