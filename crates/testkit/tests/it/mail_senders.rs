//! As whom pools may send mail.

use cognate_testkit::{TestServer, for_each_database, op, refused};
use serde_json::{Value, json};

use crate::mail_sink::MailSink;

const NOT_ALLOWED: &str = "InvalidEmailRoleAccessPolicyException";

fn identity(name: &str) -> Value {
    let arn = format!("arn:aws:ses:us-east-1:123456789012:identity/{name}");
    json!({"EmailSendingAccount": "DEVELOPER", "SourceArn": arn})
}

#[tokio::test]
async fn a_pool_sends_as_whom_the_operator_names_and_as_nobody_else() {
    let server = TestServer::builder()
        .mail_senders(["example.com", "shop@example.net"])
        .start()
        .await;
    let pool = server.pool().await;
    let update =
        |configuration: &Value| json!({"UserPoolId": pool.id, "EmailConfiguration": configuration});
    for configuration in [
        json!({"From": "boss@bank.example"}),
        json!({"From": "Example <boss@bank.example>"}),
        json!({"From": "other@example.net"}),
        json!({"From": "a@mail.example.com"}),
        json!({"From": "no-reply@EXAMPLE.com.bank.example"}),
        identity("boss@bank.example"),
        identity("other@example.net"),
    ] {
        let created = server
            .pool()
            .with("EmailConfiguration", configuration.clone())
            .create()
            .await;
        assert_eq!(refused(created).code, NOT_ALLOWED, "{configuration}");
        let updated = server
            .call::<op::UpdateUserPool>(update(&configuration))
            .await;
        assert_eq!(refused(updated).code, NOT_ALLOWED, "{configuration}");
    }
    for configuration in [
        json!({"From": "Anybody <anybody@Example.COM>", "ReplyToEmailAddress": "help@bank.example"}),
        json!({"From": "shop@example.net"}),
        json!({"From": "no-reply@cognate.test"}),
        identity("anybody@example.com"),
        // Nobody sends as a domain: such a pool's mail comes from the operator's own sender.
        identity("bank.example"),
    ] {
        let created = server
            .pool()
            .with("EmailConfiguration", configuration.clone())
            .create()
            .await;
        assert!(created.is_ok(), "{configuration}");
        server
            .call::<op::UpdateUserPool>(update(&configuration))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_sender_of_before_is_replaced_by_the_operators_when_mail_is_sent() {
    for_each_database(async |server| {
        let configuration = json!({"From": "Bank <boss@bank.example>"});
        let pool = server.pool().with("EmailConfiguration", configuration);
        let client = pool.await.client().await;
        client.user("ana").await;
        let sink = MailSink::start().await;
        let node = server.node_that_lets_send_as(["example.com"], sink.outbound());
        assert_eq!(node.deliver().await, 1);
        let messages = sink.messages();
        assert!(
            messages[0].contains("From: no-reply@cognate.test\n"),
            "{}",
            messages[0]
        );
        assert!(!messages[0].contains("bank.example"), "{}", messages[0]);
    })
    .await;
}
