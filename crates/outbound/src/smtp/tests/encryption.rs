//! Who the server is, and what it may be told before that is known.

use super::{super::test_server::TestCertificate, *};

/// base64 of `\0user\0secret`, the credentials in AUTH PLAIN.
const USER_SECRET: &str = "AHVzZXIAc2VjcmV0";

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
