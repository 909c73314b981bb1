//! Which failures are worth another attempt, and what is said of them.

use tokio::net::TcpListener;

use super::*;

#[tokio::test]
async fn an_answer_to_another_command_does_not_pass_for_an_acknowledgement() {
    for (command, answer) in [("DATA", "250 ok"), ("content", "354 go on")] {
        let server = TestServer::start(Script::answering(command, answer)).await;
        let text = temporary(plain(&server).send(&message()).await);
        assert_eq!(text, "the mail server answered out of step", "{command}");
    }
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
        text.contains("not SMTP") && !text.contains("987654"),
        "{text}"
    );
}
