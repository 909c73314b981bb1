//! What stands in the envelope is what was read.

use cognate_model::EmailAddress;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::*;

/// Addresses in which delimiters, other clothes of letters and what is not seen are frequent.
fn addresses() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => "[a-zA-Z0-9]{1,5}",
        3 => Just(".".to_owned()),
        1 => Just("-".to_owned()),
        1 => Just("@".to_owned()),
        2 => Just("xn--".to_owned()),
        2 => "[/?#:\\\\%&=+<>\\[\\]()\"' ]",
        2 => "[／？＃＠：＼％．。ｅＡ]",
        3 => "[üßÜẞςσΣİıéñ例えأבŐ⁄]",
        1 => "[\u{ad}\u{200b}-\u{200f}\u{202a}-\u{202e}\u{301}\u{308}\r\n]",
    ];
    let text = |most| proptest::collection::vec(piece.clone(), 1..most).prop_map(|it| it.concat());
    (text(3), text(5)).prop_map(|(local, domain)| format!("{local}@{domain}.example"))
}

#[test]
fn the_recipient_in_the_envelope_is_the_address_that_was_validated() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(TestServer::start(Script::offering(&["SMTPUTF8"])));
    let mailer = plain(&server);
    let mut runner = TestRunner::new(Config::with_cases(400));
    let sent = std::cell::Cell::new(0);
    let outcome = runner.run(&addresses(), |to| {
        let before = server.heard().commands.len();
        let mail = EmailMessage {
            to: to.clone(),
            from: None,
            ..message()
        };
        let outcome = runtime.block_on(mailer.send(&mail));
        let heard = server.heard();
        let recipients: Vec<_> = heard
            .commands
            .iter()
            .skip(before)
            .filter(|line| line.starts_with("RCPT"))
            .collect();
        match EmailAddress::parse(&to) {
            Ok(address) => {
                prop_assert_eq!(outcome, Ok(()));
                let expected = format!("RCPT TO:<{}@{}>", address.local(), address.domain());
                prop_assert_eq!(recipients, [&expected]);
                sent.set(sent.get() + 1);
            }
            Err(_) => {
                prop_assert!(matches!(outcome, Err(SendError::Permanent(_))));
                prop_assert!(recipients.is_empty());
            }
        }
        Ok::<_, TestCaseError>(())
    });
    outcome.unwrap();
    // Neither half of the property holds for want of examples.
    assert!((40..360).contains(&sent.get()), "{} of 400", sent.get());
}

proptest! {
    #[test]
    fn every_sender_that_is_read_can_be_sent_as(name in "[^\\p{C}]{0,30}", local in "[a-zéष्टि9.+]{1,6}", quoted in any::<bool>()) {
        let name = if quoted {
            format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
        } else {
            name
        };
        let from = format!("{name} <{local}@example.com>");
        if let Ok(sender) = cognate_model::Sender::parse(&from) {
            let mail = EmailMessage { from: Some(from), ..message() };
            let composed = crate::smtp::message::compose(&mail, &sender);
            prop_assert_eq!(composed.map(|mail| mail.from), Ok(sender.address));
        }
    }
}

#[tokio::test]
async fn an_error_about_an_address_does_not_name_it() {
    let server = TestServer::start(Script::default()).await;
    let mail = EmailMessage {
        to: "secret@evil.example/ü.bank.example".to_owned(),
        ..message()
    };
    let text = permanent(plain(&server).send(&mail).await);
    assert_eq!(text, "the recipient's address cannot be used in a mail");
    assert_eq!(server.heard().connections, 0);
}
