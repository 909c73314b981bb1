//! Texts of messages that lack what makes them of use.

use cognate_testkit::{TestServer, op, refused};
use serde_json::{Value, json};

const INVALID: (&str, &str) = ("InvalidParameterException", "The message is invalid.");

fn invitation(template: Value) -> Value {
    json!({"AdminCreateUserConfig": {"InviteMessageTemplate": template}})
}

fn verification(template: Value) -> Value {
    json!({"VerificationMessageTemplate": template})
}

/// What CreateUserPool and UpdateUserPool answer to the same members.
async fn answers(server: &TestServer, members: &Value) -> [Option<(String, String)>; 2] {
    let with = |member: &str, value: &str| {
        let mut input = members.clone();
        input[member] = json!(value);
        input
    };
    let pool = server.pool().await;
    let created = server
        .call::<op::CreateUserPool>(with("PoolName", "p"))
        .await;
    let updated = server
        .call::<op::UpdateUserPool>(with("UserPoolId", &pool.id))
        .await;
    [created.err(), updated.err()].map(|error| error.map(|error| (error.code, error.message)))
}

#[tokio::test]
async fn a_message_without_its_placeholder_is_invalid_in_a_new_pool_and_in_an_old_one() {
    let server = TestServer::start().await;
    for members in [
        verification(json!({"EmailMessageByLink": "Your code is {####}"})),
        verification(
            json!({"EmailMessageByLink": "Click {## ##}", "DefaultEmailOption": "CONFIRM_WITH_LINK"}),
        ),
        invitation(json!({"EmailMessage": "Welcome, {username}!"})),
        invitation(json!({"EmailMessage": "Your password is {####}"})),
        invitation(json!({"SMSMessage": "Welcome, {username}!"})),
        invitation(json!({"SMSMessage": "Your password is {####}"})),
        invitation(json!({"SMSMessage": "{username} {####}", "EmailMessage": "Welcome!"})),
    ] {
        for answer in answers(&server, &members).await {
            let (code, message) = answer.unwrap();
            assert_eq!((code.as_str(), message.as_str()), INVALID, "{members}");
        }
    }
}

#[tokio::test]
async fn a_text_for_codes_without_its_placeholder_breaks_the_pattern_of_the_model() {
    let server = TestServer::start().await;
    for members in [
        verification(json!({"EmailMessage": "No code here"})),
        verification(json!({"SmsMessage": "No code here"})),
        verification(json!({"EmailMessage": "A link {##here##}"})),
        json!({"EmailVerificationMessage": "No code here"}),
        json!({"SmsVerificationMessage": "No code here"}),
        verification(json!({"EmailMessageByLink": "No link here"})),
    ] {
        for answer in answers(&server, &members).await {
            let (code, message) = answer.unwrap();
            assert_eq!(code, "InvalidParameterException");
            let told =
                "failed to satisfy constraint: Member must satisfy regular expression pattern";
            assert!(message.contains(told), "{members}: {message}");
        }
    }
}

#[tokio::test]
async fn messages_with_their_placeholders_are_taken() {
    let server = TestServer::start().await;
    for members in [
        verification(
            json!({"EmailMessageByLink": "{##Go##}", "EmailMessage": "{####}", "SmsMessage": "{####}."}),
        ),
        invitation(
            json!({"EmailMessage": "{username}: {####}", "SMSMessage": "{username}: {####}"}),
        ),
        invitation(json!({"EmailSubject": "Welcome!"})),
    ] {
        assert_eq!(answers(&server, &members).await, [None, None], "{members}");
    }
    let refusal = refused(
        server
            .pool()
            .with(
                "VerificationMessageTemplate",
                json!({"EmailMessageByLink": "{####}"}),
            )
            .create()
            .await,
    );
    assert_eq!(refusal.told(), INVALID);
}
