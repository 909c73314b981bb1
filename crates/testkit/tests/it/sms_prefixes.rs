//! A server that sends text messages to some countries only.

use cognate_testkit::{TestClient, TestServer, attribute_list, op, refused};
use serde_json::json;

const SERVED: &str = "+15551234567";
const NOT_SERVED: &str = "+4915112345678";

async fn client_of(server: &TestServer) -> TestClient {
    let pool = server.pool().verifies(["phone_number", "email"]);
    pool.await.client().await
}

#[tokio::test]
async fn a_number_of_a_prefix_that_is_not_served_is_refused_before_anything_is_done() {
    let server = TestServer::builder()
        .sms_prefixes(["+1", "+44"])
        .start()
        .await;
    let client = client_of(&server).await;
    let refusal = refused(client.user("ana").phone_only(NOT_SERVED).sign_up().await);
    assert_eq!(refusal.code, "InvalidParameterException");
    assert_eq!(
        refused(client.pool.user("ana").await).code,
        "UserNotFoundException"
    );
    for number in [SERVED, "+442079460000"] {
        client
            .user(&format!("served{number}"))
            .phone_only(number)
            .sign_up()
            .await
            .unwrap();
        assert_eq!(server.mailbox(number).await.len(), 1);
    }

    let eve = client.user("eve").confirmed().await;
    let tokens = eve.sign_in().await.unwrap();
    let changed = eve
        .update(&tokens.access, &[("phone_number", NOT_SERVED)])
        .await;
    assert_eq!(refused(changed).code, "InvalidParameterException");
    assert_eq!(client.pool.attribute("eve", "phone_number").await, None);
    eve.update(&tokens.access, &[("phone_number", SERVED)])
        .await
        .unwrap();

    let invite = |name: &str, medium: &str| {
        json!({
            "UserPoolId": client.pool.id, "Username": name, "DesiredDeliveryMediums": [medium],
            "UserAttributes": attribute_list(&[("phone_number", NOT_SERVED), ("email", "new@example.com")]),
        })
    };
    let by_sms = server
        .call::<op::AdminCreateUser>(invite("new", "SMS"))
        .await;
    assert_eq!(refused(by_sms).code, "InvalidParameterException");
    assert_eq!(
        refused(client.pool.user("new").await).code,
        "UserNotFoundException"
    );
    server
        .call::<op::AdminCreateUser>(invite("new", "EMAIL"))
        .await
        .unwrap();
    let verify = json!({"AccessToken": tokens.access, "AttributeName": "phone_number"});
    server
        .call::<op::GetUserAttributeVerificationCode>(verify)
        .await
        .unwrap();
    assert!(server.mailbox(NOT_SERVED).await.is_empty());
}

#[tokio::test]
async fn who_has_a_number_that_is_not_served_does_not_show_and_gets_nothing() {
    let server = TestServer::builder().sms_prefixes(["+1"]).start().await;
    let pool = server
        .pool()
        .with("UsernameAttributes", json!(["phone_number"]));
    let client = pool.verifies(["phone_number"]).await.client().await;
    let input = json!({
        "UserPoolId": client.pool.id, "Username": NOT_SERVED, "MessageAction": "SUPPRESS",
        "UserAttributes": attribute_list(&[("phone_number_verified", "true"), ("phone_number", NOT_SERVED)]),
    });
    server.call::<op::AdminCreateUser>(input).await.unwrap();
    let input = json!({"UserPoolId": client.pool.id, "Username": NOT_SERVED, "Password": "Correct-Horse-9", "Permanent": true});
    server
        .call::<op::AdminSetUserPassword>(input)
        .await
        .unwrap();
    let forgot = async |client: &TestClient, number: &str| {
        let input = client.about(number, json!({}));
        let answer = server.prepare::<op::ForgotPassword>(input).send().await;
        (
            answer.status,
            String::from_utf8(answer.body.to_vec()).unwrap(),
        )
    };
    let (known, unknown) = (
        forgot(&client, NOT_SERVED).await,
        forgot(&client, "+4915112345671").await,
    );
    assert_eq!(known.0, 200);
    assert_eq!(unknown.0, 200);
    assert_eq!(known.1.len(), unknown.1.len());
    assert_eq!(server.deliver().await, 2);
    assert!(server.sent().is_empty());
    // Where users are not hidden, they are told.
    let open = client.pool.client().legacy_errors().await;
    let (status, body) = forgot(&open, NOT_SERVED).await;
    assert_eq!(status, 400);
    assert!(body.contains("InvalidParameterException"), "{body}");
}
