//! The outbox in lanes: kinds hold up no other, a slow server no other message, and a node takes
//! only what it can send.

use std::time::Duration;

use cognate_outbound::{Delivery, Inbox, Mailer, Outbound, SmsMessage, SmsSender};
use cognate_service::{Background, fill_inbox, waiting_messages};
use cognate_store::{Tx, outbox};
use cognate_testkit::{TestServer, days, for_each_database, hours, inbox_outbound, seconds};
use tokio::time::timeout;

use crate::mail_sink::{HANGS, MailSink, silent_sms};

/// Far below the time limits of a delivery, and far above what one takes.
const SOON: Duration = Duration::from_secs(8);

fn without_sms(inbox: &Inbox) -> Outbound {
    Outbound {
        mail: Mailer::Inbox(inbox.clone()),
        sms: SmsSender::None,
        triggers: cognate_outbound::Triggers::None,
    }
}

fn without_mail(inbox: &Inbox) -> Outbound {
    Outbound {
        mail: Mailer::None,
        sms: SmsSender::Inbox(inbox.clone()),
        triggers: cognate_outbound::Triggers::None,
    }
}

/// How many messages of a kind wait, and for how long.
async fn waiting(server: &TestServer, kind: &str) -> (i64, Duration) {
    let all = waiting_messages(server.app()).await.unwrap();
    let found = all.into_iter().find(|waiting| waiting.kind == kind);
    found.map(|it| (it.messages, it.age)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_sms_endpoint_that_hangs_holds_up_no_mail() {
    let inbox = Inbox::new();
    let (outbound, _listening) = silent_sms(&inbox).await;
    let server = TestServer::builder().outbound(outbound).start().await;
    let client = server
        .pool()
        .verifies(["phone_number", "email"])
        .await
        .client()
        .await;
    let background = Background::start(server.app());
    for n in 0..20 {
        let user = client.user(&format!("user{n}"));
        user.phone_only(&format!("+155512345{n:02}")).await;
    }
    client.user("ana").await;
    let arrived = inbox.wait_for("ana@example.com", SOON).await;
    assert!(arrived.is_some());
    drop(background);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_server_that_hangs_at_one_message_holds_up_no_other() {
    let sink = MailSink::start().await;
    let server = TestServer::builder()
        .outbound(sink.outbound())
        .start()
        .await;
    let client = server.pool().await.client().await;
    client
        .user("slow")
        .email(&format!("{HANGS}@example.com"))
        .await;
    let background = Background::start(server.app());
    for n in 0..20 {
        client.user(&format!("user{n}")).await;
    }
    assert!(timeout(SOON, sink.has_taken(20)).await.is_ok());
    assert!(sink.recipients().iter().all(|to| !to.starts_with(HANGS)));
    drop(background);
}

#[tokio::test]
async fn a_node_takes_only_kinds_that_it_can_send() {
    for_each_database(async |server| {
        let client = server
            .pool()
            .verifies(["phone_number", "email"])
            .await
            .client()
            .await;
        client.user("ana").await;
        client.user("bob").phone_only("+15551234567").await;
        let inbox = Inbox::new();
        let of_mail = server.node_with(without_sms(&inbox));
        let of_sms = server.node_with(without_mail(&inbox));
        assert_eq!(of_mail.deliver().await, 1);
        assert_eq!(of_mail.deliver().await, 0);
        assert_eq!(waiting(&of_mail, "mail").await.0, 0);
        assert_eq!(waiting(&of_mail, "sms").await.0, 1);
        assert_eq!(of_sms.deliver().await, 1);
        assert_eq!(inbox.for_recipient("ana@example.com").len(), 1);
        assert_eq!(inbox.for_recipient("+15551234567").len(), 1);
    })
    .await;
}

#[tokio::test]
async fn what_no_node_can_send_waits_is_shown_and_ends_after_two_days() {
    for_each_database(async |server| {
        let client = server
            .pool()
            .verifies(["phone_number"])
            .await
            .client()
            .await;
        client.user("bob").phone_only("+15551234567").await;
        let inbox = Inbox::new();
        let of_mail = server.node_with(without_sms(&inbox));
        server.advance(hours(47));
        assert_eq!(of_mail.deliver().await, 0);
        assert_eq!(waiting(&of_mail, "sms").await, (1, hours(47)));
        // A node that can is told apart from those that cannot: it has it still.
        server.advance(hours(1));
        assert_eq!(of_mail.deliver().await, 0);
        assert_eq!(waiting(&of_mail, "sms").await.0, 0);
        assert_eq!(server.deliver().await, 0);
    })
    .await;
}

#[tokio::test]
async fn messages_of_nodes_without_lanes_are_sent_by_whom_can() {
    for_each_database(async |server| {
        let now = server.now();
        let old = Delivery::Sms(SmsMessage {
            to: "+15551234567".to_owned(),
            message: "123456".to_owned(),
            user_pool_id: "us-east-1_Example".to_owned(),
        });
        let payload = serde_json::to_vec(&old).unwrap();
        let put = async move |tx: &mut Tx| {
            let message = outbox::NewMessage {
                id: "old".to_owned(),
                kind: "message",
                payload: &payload,
                created_at: now,
                next_at: now,
            };
            outbox::enqueue(tx, &message).await
        };
        server.app().db.write("put", put).await.unwrap();
        let inbox = Inbox::new();
        // Taken and put back, not given up.
        assert_eq!(server.node_with(without_sms(&inbox)).deliver().await, 1);
        server.advance(seconds(2));
        assert_eq!(server.node_with(without_mail(&inbox)).deliver().await, 1);
        assert_eq!(inbox.for_recipient("+15551234567").len(), 1);
        assert_eq!(waiting(&server, "message").await.0, 0);
    })
    .await;
}

#[tokio::test]
async fn kinds_of_newer_nodes_are_left_alone() {
    let server = TestServer::start().await;
    let now = server.now();
    let put = async move |tx: &mut Tx| {
        let message = outbox::NewMessage {
            id: "new".to_owned(),
            kind: "voice",
            payload: b"{}",
            created_at: now,
            next_at: now,
        };
        outbox::enqueue(tx, &message).await
    };
    server.app().db.write("put", put).await.unwrap();
    assert_eq!(server.deliver().await, 0);
    server.advance(days(3));
    assert_eq!(server.deliver().await, 0);
    let mut reader = server.app().db.read().await.unwrap();
    assert_eq!(outbox::waiting(&mut reader, "voice", 9).await.unwrap().0, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_looks_into_the_inbox_finds_what_the_last_call_caused() {
    for_each_database(async |server| {
        let inbox = Inbox::new();
        let node = server.node_with(inbox_outbound(&inbox));
        let mut client = node.pool().await.client().await;
        client.pool.server = node.clone();
        // The background job takes messages too: what it has taken and not delivered yet counts.
        let background = Background::start(node.app());
        for n in 0..25 {
            let user = client.user(&format!("user{n}"));
            user.sign_up().await.unwrap();
            fill_inbox(node.app()).await.unwrap();
            let to = format!("user{n}@example.com");
            assert_eq!(inbox.for_recipient(&to).len(), 1, "{to}");
        }
        background.stop().await;
    })
    .await;
}
