#![allow(clippy::unwrap_used, clippy::expect_used)]

use tokio::net::TcpListener;

use super::{
    test_server::{Script, TestCertificate, TestServer},
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

/// base64 of `\0user\0secret`, the credentials in AUTH PLAIN.
const USER_SECRET: &str = "AHVzZXIAc2VjcmV0";

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
        assert!(text.ends_with("is not fit for a mail"), "{text}");
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

#[tokio::test]
async fn user_and_password_are_decoded_and_sent() {
    let server = TestServer::start(Script::offering(&["AUTH PLAIN LOGIN"])).await;
    mailer(&server, "smtp", "us%65r:s%65cret@", "")
        .send(&message())
        .await
        .unwrap();
    let commands = server.heard().commands;
    assert!(
        commands.contains(&format!("AUTH PLAIN {USER_SECRET}")),
        "{commands:?}"
    );
}

#[tokio::test]
async fn a_wrong_password_is_tried_again_and_shown_to_nobody() {
    let script = Script::offering(&["AUTH PLAIN"])
        .and_answering("AUTH", "535 5.7.8 secret is wrong AHVzZXIAc2VjcmV0");
    let server = TestServer::start(script).await;
    let mailer = mailer(&server, "smtp", "user:secret@", "");
    let text = temporary(mailer.send(&message()).await);
    assert_eq!(text, "the mail server refused the authentication: 535");
    assert!(!format!("{mailer:?}").contains("secret"));
}

#[tokio::test]
async fn a_server_that_wants_authentication_is_tried_again() {
    let server = TestServer::start(Script::answering("MAIL", "530 5.7.0 authenticate first")).await;
    temporary(plain(&server).send(&message()).await);
}

#[tokio::test]
async fn a_server_without_a_known_way_to_authenticate_is_tried_again() {
    let server = TestServer::start(Script::offering(&["AUTH GSSAPI"])).await;
    temporary(
        mailer(&server, "smtp", "user:secret@", "")
            .send(&message())
            .await,
    );
    assert_eq!(server.heard().messages.len(), 0);
}

#[tokio::test]
async fn starttls_is_used_when_offered() {
    let certificate = TestCertificate::new();
    let script = Script::offering(&["STARTTLS", "AUTH PLAIN"]).with_tls(&certificate);
    let server = TestServer::start(script).await;
    let mailer = mailer(&server, "smtp", "user:secret@", "")
        .trusting_only(certificate.pem.as_bytes())
        .unwrap();
    mailer.send(&message()).await.unwrap();
    let heard = server.heard();
    assert!(
        heard
            .commands
            .contains(&format!("tls AUTH PLAIN {USER_SECRET}")),
        "{heard:?}"
    );
    assert!(
        heard
            .commands
            .contains(&"tls RCPT TO:<ana@example.com>".to_owned())
    );
    assert_eq!(heard.messages.len(), 1);
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_ends_the_dialogue_before_anything_is_told() {
    let certificate = TestCertificate::new();
    let another = TestCertificate::new();
    let script = Script::offering(&["STARTTLS", "AUTH PLAIN"]).with_tls(&certificate);
    let server = TestServer::start(script).await;
    let system_roots = mailer(&server, "smtp", "user:secret@", "");
    let other_root = mailer(&server, "smtp", "user:secret@", "")
        .trusting_only(another.pem.as_bytes())
        .unwrap();
    for mailer in [system_roots, other_root] {
        let text = temporary(mailer.send(&message()).await);
        assert!(
            text.contains("STARTTLS") && text.contains("certificate"),
            "{text}"
        );
    }
    let heard = server.heard();
    assert!(
        !heard
            .commands
            .iter()
            .any(|line| line.contains("AUTH") || line.contains("MAIL")),
        "{heard:?}"
    );
    assert_eq!(heard.messages.len(), 0);
}

#[tokio::test]
async fn answers_sent_ahead_of_the_encryption_are_not_believed() {
    let certificate = TestCertificate::new();
    let forged = "220 go on\r\n250 forged EHLO\r\n250 forged MAIL\r\n250 forged RCPT\r\n\
         354 forged DATA\r\n250 forged content";
    let script = Script::offering(&["STARTTLS"])
        .with_tls(&certificate)
        .and_answering("STARTTLS", forged)
        .and_answering("RCPT", "550 no such user");
    let server = TestServer::start(script).await;
    let mailer = mailer(&server, "smtp", "", "")
        .trusting_only(certificate.pem.as_bytes())
        .unwrap();
    let text = temporary(mailer.send(&message()).await);
    assert!(text.contains("STARTTLS"), "{text}");
}

#[tokio::test]
async fn an_answer_to_another_command_does_not_pass_for_an_acknowledgement() {
    for (command, answer) in [("DATA", "250 ok"), ("content", "354 go on")] {
        let server = TestServer::start(Script::answering(command, answer)).await;
        let text = temporary(plain(&server).send(&message()).await);
        assert_eq!(text, "the mail server answered out of step", "{command}");
    }
}

#[tokio::test]
async fn smtps_is_encrypted_from_the_start_and_checks_the_certificate() {
    let certificate = TestCertificate::new();
    let script = Script {
        implicit_tls: true,
        ..Script::default().with_tls(&certificate)
    };
    let server = TestServer::start(script).await;
    let text = temporary(mailer(&server, "smtps", "", "").send(&message()).await);
    assert!(text.contains("certificate"), "{text}");
    let trusting = mailer(&server, "smtps", "", "")
        .trusting_only(certificate.pem.as_bytes())
        .unwrap();
    trusting.send(&message()).await.unwrap();
    let heard = server.heard();
    assert!(
        heard.commands.iter().all(|line| line.starts_with("tls ")),
        "{heard:?}"
    );
    assert_eq!(heard.messages.len(), 1);
}

#[tokio::test]
async fn required_starttls_that_is_not_offered_sends_nothing() {
    let server = TestServer::start(Script::default()).await;
    let text = temporary(
        mailer(&server, "smtp", "", "?starttls=required")
            .send(&message())
            .await,
    );
    assert!(text.contains("does not offer STARTTLS"), "{text}");
    assert_eq!(server.heard().messages.len(), 0);
}

#[tokio::test]
async fn starttls_never_stays_in_clear() {
    let certificate = TestCertificate::new();
    let script = Script::offering(&["STARTTLS"]).with_tls(&certificate);
    let server = TestServer::start(script).await;
    mailer(&server, "smtp", "", "?starttls=never")
        .send(&message())
        .await
        .unwrap();
    assert!(!server.heard().commands.contains(&"STARTTLS".to_owned()));
}

#[tokio::test]
async fn a_password_is_not_sent_in_clear_to_another_machine() {
    let server = TestServer::start(Script::offering(&["AUTH PLAIN"])).await;
    // This address reaches the loopback server and is not a loopback address by name.
    let port = server.address.port();
    let url = format!("smtp://user:secret@0.0.0.0:{port}");
    let mailer = SmtpMailer::from_url(&url, "a@example.com").unwrap();
    let text = temporary(mailer.send(&message()).await);
    assert!(text.contains("not sent in clear"), "{text}");
    assert!(
        !server
            .heard()
            .commands
            .iter()
            .any(|line| line.starts_with("AUTH"))
    );
}

#[tokio::test]
async fn a_4xx_answer_is_temporary_at_every_step() {
    for command in ["connect", "EHLO", "MAIL", "RCPT", "DATA", "content"] {
        let server = TestServer::start(Script::answering(command, "451 4.3.0 later")).await;
        let text = temporary(plain(&server).send(&message()).await);
        assert!(text.contains("451"), "{command}: {text}");
        assert_eq!(server.heard().messages.len(), 0);
    }
}

#[tokio::test]
async fn a_5xx_answer_about_the_message_is_permanent() {
    for command in ["MAIL", "RCPT", "DATA", "content"] {
        let server = TestServer::start(Script::answering(command, "550 5.1.1 no")).await;
        let text = permanent(plain(&server).send(&message()).await);
        assert!(text.contains("550"), "{command}: {text}");
    }
}

#[tokio::test]
async fn a_5xx_answer_about_the_connection_is_temporary() {
    for command in ["connect", "EHLO"] {
        let server =
            TestServer::start(Script::answering(command, "554 5.7.1 not from there")).await;
        temporary(plain(&server).send(&message()).await);
    }
}

#[tokio::test]
async fn the_servers_reason_is_told_when_it_cannot_quote_the_message() {
    let server = TestServer::start(Script::answering(
        "RCPT",
        "550-5.1.1 no such\r\n550 5.1.1 user",
    ))
    .await;
    let text = permanent(plain(&server).send(&message()).await);
    assert!(
        text.starts_with("the mail server refused the recipient: 550 5.1.1 no such"),
        "{text}"
    );
    assert!(!text.contains(['\r', '\n']), "{text}");
    let server = TestServer::start(Script::answering("content", "554 spam: Code 987654")).await;
    let text = permanent(plain(&server).send(&message()).await);
    assert_eq!(text, "the mail server refused the message: 554");
}

#[tokio::test]
async fn a_refused_message_leaves_the_next_one_unharmed() {
    let server = TestServer::start(Script::answering("RCPT", "550 no")).await;
    let mailer = plain(&server);
    permanent(mailer.send(&message()).await);
    permanent(mailer.send(&message()).await);
    assert_eq!(server.heard().connections, 2);
}

#[tokio::test]
async fn a_server_that_is_down_is_temporary() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let url = format!("smtp://user:secret@{address}");
    let mailer = SmtpMailer::from_url(&url, "a@example.com").unwrap();
    let text = temporary(mailer.send(&message()).await);
    assert!(
        text.contains("refused") && !text.contains("secret"),
        "{text}"
    );
}

#[tokio::test]
async fn a_server_that_falls_silent_is_given_up_in_time() {
    let limits = TimeLimits {
        connect: Duration::from_millis(150),
        delivery: Duration::from_millis(300),
    };
    for command in ["connect", "EHLO", "MAIL", "RCPT", "DATA", "content"] {
        let server = TestServer::start(Script::answering(command, "")).await;
        let mailer = plain(&server).with_time_limits(limits);
        let started = Instant::now();
        let text = temporary(mailer.send(&message()).await);
        assert!(started.elapsed() < Duration::from_secs(1), "{command}");
        assert!(text.contains("within"), "{command}: {text}");
        // What was given up half way is not used for the next message.
        assert_eq!(mailer.idle().len(), 0, "{command}");
    }
}

#[tokio::test]
async fn an_answer_that_is_no_smtp_is_temporary_and_not_repeated() {
    let server = TestServer::start(Script::answering("RCPT", "<html>987654</html>")).await;
    let text = temporary(plain(&server).send(&message()).await);
    assert!(
        text.contains("no SMTP") && !text.contains("987654"),
        "{text}"
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
