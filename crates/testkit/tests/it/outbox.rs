//! Messages on their way: durable before the answer, tried again, sent once.

use cognate_outbound::{Mailer, Outbound, SmsSender, SmtpMailer};
use cognate_store::{Tx, outbox};
use cognate_testkit::{TestServer, days, for_each_database, op, refused, seconds};
use futures_util::future::join_all;
use serde_json::json;

/// Mail by SMTP to a port where nobody listens.
fn broken() -> Outbound {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    drop(listener);
    Outbound {
        mail: Mailer::Smtp(SmtpMailer::from_url(&url, "no-reply@cognate.test").unwrap()),
        sms: SmsSender::None,
        triggers: cognate_outbound::Triggers::None,
    }
}

#[tokio::test]
async fn a_mail_server_that_is_down_loses_no_sign_up_and_no_code() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let mut cut_off = client.clone();
        cut_off.pool.server = server.node_with(broken());
        let ana = cut_off.user("ana").await;
        assert_eq!(cut_off.pool.server.deliver().await, 1);
        assert!(server.sent().is_empty());
        // The mail server is back.
        server.advance(seconds(2));
        let code = server.mailbox("ana@example.com").await.last_code();
        ana.at(&client).confirm(&code).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_message_is_tried_again_after_longer_and_longer_waits_and_given_up_after_a_day() {
    let server = TestServer::builder().outbound(broken()).start().await;
    server.pool().await.client().await.user("ana").await;
    assert_eq!(server.deliver().await, 1);
    for wait in [2, 5, 15, 60, 300] {
        server.advance(seconds(wait) - seconds(1));
        assert_eq!(server.deliver().await, 0, "before {wait} s");
        server.advance(seconds(1));
        assert_eq!(server.deliver().await, 1, "after {wait} s");
    }
    for _ in 0..8 {
        server.advance(days(1));
        assert_eq!(server.deliver().await, 1);
    }
    server.advance(days(1));
    assert_eq!(server.deliver().await, 0);
    assert_eq!(server.node().deliver().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_nodes_send_each_message_once() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        join_all((0..40).map(|n| {
            let user = client.user(&format!("user{n}"));
            async move { user.sign_up().await.unwrap() }
        }))
        .await;
        let nodes = [server.clone(), server.node(), server.node()];
        let taken = join_all(nodes.iter().map(TestServer::deliver)).await;
        assert_eq!(taken.iter().sum::<usize>(), 40);
        assert_eq!(server.sent().len(), 40);
        for n in 0..40 {
            assert_eq!(
                server.mailbox(&format!("user{n}@example.com")).await.len(),
                1
            );
        }
    })
    .await;
}

#[tokio::test]
async fn what_a_node_that_died_was_sending_is_sent_by_another() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        client.user("ana").await;
        // A node takes the message and is gone.
        let (now, until) = (server.now(), server.now().plus(seconds(120)));
        let taken = server
            .app()
            .db
            .write("take", async move |tx: &mut Tx| {
                outbox::take_due(tx, "mail", now, until, 16).await
            })
            .await
            .ok()
            .unwrap();
        assert_eq!(taken.len(), 1);
        assert_eq!(server.deliver().await, 0);
        server.advance(seconds(120));
        assert_eq!(server.mailbox("ana@example.com").await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_message_that_this_server_can_never_send_is_told_before_anything_is_done() {
    let silent = Outbound {
        mail: Mailer::None,
        sms: SmsSender::None,
        triggers: cognate_outbound::Triggers::None,
    };
    let server = TestServer::builder().outbound(silent).start().await;
    let client = server
        .pool()
        .verifies(["email", "phone_number"])
        .await
        .client()
        .await;
    let mail = refused(client.user("ana").sign_up().await);
    assert_eq!(mail.code, "CodeDeliveryFailureException");
    let text = refused(
        client
            .user("ana")
            .phone_only("+15551234567")
            .sign_up()
            .await,
    );
    assert_eq!(text.code, "CodeDeliveryFailureException");
    assert_eq!(
        refused(client.pool.user("ana").await).code,
        "UserNotFoundException"
    );
    let input = json!({
        "UserPoolId": client.pool.id, "Username": "ana", "DesiredDeliveryMediums": ["EMAIL"],
        "UserAttributes": [{"Name": "email", "Value": "ana@example.com"}],
    });
    assert_eq!(
        refused(server.call::<op::AdminCreateUser>(input).await).code,
        "CodeDeliveryFailureException"
    );
    client
        .user("ana")
        .without_address()
        .confirmed()
        .await
        .sign_in()
        .await
        .unwrap();
}

#[tokio::test]
async fn where_mail_cannot_be_sent_it_does_not_show_who_has_an_account() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    client.user("somebody").confirmed().await;
    let mut silent = client.clone();
    silent.pool.server = server.node_with(Outbound {
        mail: Mailer::None,
        sms: SmsSender::None,
        triggers: cognate_outbound::Triggers::None,
    });
    let mut seen = Vec::new();
    for name in ["somebody", "nobody"] {
        let call = silent
            .pool
            .server
            .prepare::<op::ForgotPassword>(silent.about(name, json!({})));
        seen.push(call.send().await.status);
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn a_message_that_cannot_be_read_holds_up_no_other_and_is_given_up_like_any_that_fails() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        client.user("ana").await;
        let now = server.now();
        let spoil = async move |tx: &mut Tx| {
            // What it is sealed for is no longer what it is.
            tx.execute("UPDATE outbox SET kind = 'sms'", &[]).await?;
            let message = outbox::NewMessage {
                id: "no-json".to_owned(),
                kind: "message",
                payload: b"{\"secret\": 1",
                created_at: now,
                next_at: now,
            };
            outbox::enqueue(tx, &message).await
        };
        server.app().db.write("spoil", spoil).await.unwrap();
        client.user("bob").await;
        assert_eq!(server.deliver().await, 3);
        assert_eq!(server.mailbox("bob@example.com").await.len(), 1);
        assert!(server.mailbox("ana@example.com").await.is_empty());
        // Both are tried again after two seconds, and so on, and at last no more.
        server.advance(seconds(2));
        assert_eq!(server.deliver().await, 2);
        for _ in 0..12 {
            server.advance(days(1));
            assert_eq!(server.deliver().await, 2);
        }
        server.advance(days(1));
        assert_eq!(server.deliver().await, 0);
    })
    .await;
}
