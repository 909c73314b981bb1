#![allow(clippy::unwrap_used, clippy::expect_used)]

mod encryption;
mod envelope;
mod refusals;

use super::{
    test_server::{Script, TestServer},
    *,
};
use crate::{Delivery, Mailer, Outbound, SmsSender};

fn message() -> EmailMessage {
    EmailMessage {
        to: "ana@example.com".to_owned(),
        from: None,
        reply_to: None,
        subject: "Your code".to_owned(),
        text: "Code 987654".to_owned(),
        html: Some("<p>Code <b>987654</b></p>".to_owned()),
    }
}

/// A mailer whose credentials, if any, stand in `user` ("user:password@").
fn mailer(server: &TestServer, scheme: &str, user: &str, options: &str) -> SmtpMailer {
    let url = format!("{scheme}://{user}{}{options}", server.address);
    SmtpMailer::from_url(&url, "Cognate <no-reply@id.example.com>").unwrap()
}

fn plain(server: &TestServer) -> SmtpMailer {
    mailer(server, "smtp", "", "")
}

fn temporary(result: Result<(), SendError>) -> String {
    match result {
        Err(SendError::Temporary(text)) => text,
        other => panic!("not temporary: {other:?}"),
    }
}

fn permanent(result: Result<(), SendError>) -> String {
    match result {
        Err(SendError::Permanent(text)) => text,
        other => panic!("not permanent: {other:?}"),
    }
}

#[tokio::test]
async fn a_mail_arrives_with_both_halves_and_its_headers() {
    let server = TestServer::start(Script::default()).await;
    let outbound = Outbound {
        mail: Mailer::Smtp(plain(&server)),
        sms: SmsSender::None,
        triggers: crate::Triggers::None,
    };
    let sent = EmailMessage {
        reply_to: Some("Help <help@example.com>".to_owned()),
        ..message()
    };
    outbound.deliver(&Delivery::Email(sent)).await.unwrap();
    let heard = server.heard();
    assert!(
        heard
            .commands
            .contains(&"MAIL FROM:<no-reply@id.example.com>".to_owned())
    );
    assert!(
        heard
            .commands
            .contains(&"RCPT TO:<ana@example.com>".to_owned())
    );
    let [mail] = heard.messages.as_slice() else {
        panic!("{heard:?}");
    };
    for line in [
        "From: Cognate <no-reply@id.example.com>\r\n",
        "To: ana@example.com\r\n",
        "Reply-To: Help <help@example.com>\r\n",
        "Subject: Your code\r\n",
        "Auto-Submitted: auto-generated\r\n",
        "Content-Type: multipart/alternative;",
        "Content-Type: text/plain; charset=utf-8\r\n",
        "Content-Type: text/html; charset=utf-8\r\n",
        "Code 987654\r\n",
        "<p>Code <b>987654</b></p>\r\n",
        "\r\nDate: ",
    ] {
        assert!(mail.contains(line), "{line:?} is missing in {mail}");
    }
    let id = mail
        .lines()
        .find_map(|line| line.strip_prefix("Message-ID: <"))
        .unwrap();
    assert!(id.ends_with("@id.example.com>"), "{id}");
}

#[tokio::test]
async fn a_mail_without_html_is_plain_text_alone() {
    let server = TestServer::start(Script::default()).await;
    let sent = EmailMessage {
        html: None,
        from: Some("pool@example.org".to_owned()),
        ..message()
    };
    plain(&server).send(&sent).await.unwrap();
    let heard = server.heard();
    let mail = heard.messages.first().unwrap();
    assert!(
        mail.contains("From: pool@example.org\r\n") && !mail.contains("multipart"),
        "{mail}"
    );
}

#[tokio::test]
async fn two_mails_have_different_message_ids() {
    let server = TestServer::start(Script::default()).await;
    let mailer = plain(&server);
    mailer.send(&message()).await.unwrap();
    mailer.send(&message()).await.unwrap();
    let heard = server.heard();
    let ids: std::collections::HashSet<_> = heard
        .messages
        .iter()
        .filter_map(|mail| mail.lines().find(|line| line.starts_with("Message-ID")))
        .collect();
    assert_eq!(ids.len(), 2);
}

#[tokio::test]
async fn letters_beyond_ascii_arrive_in_ascii_clothes() {
    let server = TestServer::start(Script::default()).await;
    let sent = EmailMessage {
        to: "ana@bücher.example".to_owned(),
        subject: "Dein Prüfcode ✓".to_owned(),
        text: "Grüße, Ümit: 123456 – 日本".to_owned(),
        ..message()
    };
    plain(&server).send(&sent).await.unwrap();
    let heard = server.heard();
    assert!(
        heard
            .commands
            .contains(&"RCPT TO:<ana@xn--bcher-kva.example>".to_owned()),
        "{heard:?}"
    );
    assert!(heard.messages.first().unwrap().is_ascii());
}

#[tokio::test]
async fn a_local_part_beyond_ascii_needs_a_server_that_takes_it() {
    let sent = EmailMessage {
        to: "añá@example.com".to_owned(),
        ..message()
    };
    let old = TestServer::start(Script::default()).await;
    assert!(permanent(plain(&old).send(&sent).await).contains("SMTPUTF8"));
    let new = TestServer::start(Script::offering(&["8BITMIME", "SMTPUTF8"])).await;
    plain(&new).send(&sent).await.unwrap();
    assert_eq!(new.heard().messages.len(), 1);
}

#[tokio::test]
async fn line_breaks_in_headers_are_refused_before_a_connection_is_made() {
    let server = TestServer::start(Script::default()).await;
    let mailer = plain(&server);
    let inject = "x\r\nBcc: victim@example.com";
    let bad = [
        EmailMessage {
            subject: inject.to_owned(),
            ..message()
        },
        EmailMessage {
            subject: "x\ny".to_owned(),
            ..message()
        },
        EmailMessage {
            to: format!("ana@example.com{inject}"),
            ..message()
        },
        EmailMessage {
            to: "\"a\r\n\"@example.com".to_owned(),
            ..message()
        },
        EmailMessage {
            to: "ana@example.com>\r\nRCPT TO:<v@example.com".to_owned(),
            ..message()
        },
        EmailMessage {
            to: "ana@example.com, victim@example.com".to_owned(),
            ..message()
        },
        EmailMessage {
            to: "Ana <ana@example.com>".to_owned(),
            ..message()
        },
        EmailMessage {
            to: String::new(),
            ..message()
        },
        EmailMessage {
            from: Some(format!("A {inject} <a@example.com>")),
            ..message()
        },
        EmailMessage {
            reply_to: Some(format!("a@example.com{inject}")),
            ..message()
        },
        EmailMessage {
            reply_to: Some("nobody".to_owned()),
            ..message()
        },
    ];
    for mail in bad {
        let text = permanent(mailer.send(&mail).await);
        assert!(text.ends_with("cannot be used in a mail"), "{text}");
    }
    assert_eq!(server.heard().connections, 0);
}

#[tokio::test]
async fn a_body_cannot_end_the_message_early() {
    let server = TestServer::start(Script::default()).await;
    let text = "a\r\n.\r\nMAIL FROM:<x@example.com>\r\nb\n.\nc\r.\rd\n..e";
    let sent = EmailMessage {
        text: text.to_owned(),
        html: None,
        ..message()
    };
    plain(&server).send(&sent).await.unwrap();
    let heard = server.heard();
    assert_eq!(heard.messages.len(), 1);
    assert!(
        heard.messages.first().unwrap().contains("\r\n..e"),
        "{heard:?}"
    );
    let senders = heard
        .commands
        .iter()
        .filter(|line| line.starts_with("MAIL"));
    assert_eq!(senders.count(), 1, "{heard:?}");
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let server = TestServer::start(Script::default()).await;
    let mailer = plain(&server);
    for _ in 0..3 {
        mailer.send(&message()).await.unwrap();
    }
    assert_eq!(server.heard().connections, 1);
    assert_eq!(server.heard().messages.len(), 3);
}

#[tokio::test]
async fn a_connection_that_the_server_closed_is_replaced() {
    let script = Script {
        hangs_up: true,
        ..Script::default()
    };
    let server = TestServer::start(script).await;
    let mailer = plain(&server);
    mailer.send(&message()).await.unwrap();
    mailer.send(&message()).await.unwrap();
    assert_eq!(
        (server.heard().connections, server.heard().messages.len()),
        (2, 2)
    );
}

#[tokio::test]
async fn many_mails_at_once_share_few_connections() {
    let server = TestServer::start(Script::default()).await;
    let mailer = std::sync::Arc::new(plain(&server));
    let mut sends = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let mailer = std::sync::Arc::clone(&mailer);
        sends.spawn(async move { mailer.send(&message()).await });
    }
    while let Some(result) = sends.join_next().await {
        result.unwrap().unwrap();
    }
    let heard = server.heard();
    assert_eq!(heard.messages.len(), 40);
    assert!(
        heard.connections <= MAX_CONNECTIONS,
        "{}",
        heard.connections
    );
}

#[test]
fn a_bad_default_sender_is_refused_at_start() {
    for from in ["", "nobody", "a@example.com\r\nBcc: b@example.com"] {
        let refused = SmtpMailer::from_url("smtp://h", from).err();
        assert_eq!(refused, Some(SmtpUrlError::From), "{from:?}");
    }
}

#[tokio::test]
async fn without_a_mail_server_a_message_is_refused_in_words() {
    let result = Mailer::None.send(&message()).await;
    assert_eq!(permanent(result), "no mail server configured");
}

#[test]
fn a_delivery_survives_the_outbox() {
    let delivery = Delivery::Email(message());
    let stored = serde_json::to_string(&delivery).unwrap();
    assert!(
        stored.starts_with("{\"email\":{\"to\":\"ana@example.com\""),
        "{stored}"
    );
    assert_eq!(serde_json::from_str::<Delivery>(&stored).unwrap(), delivery);
}

#[test]
fn the_message_does_not_show_in_debug_output() {
    assert!(!format!("{:?}", Delivery::Email(message())).contains("987654"));
}
