//! The ways to send a mail.

use crate::message::EmailMessage;
use crate::{Delivery, Inbox, SendError, SmtpMailer};

/// How mail is sent.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a process has one mailer")]
pub enum Mailer {
    /// By SMTP, to the operator's mail server.
    Smtp(SmtpMailer),
    /// Into memory, for development and tests.
    Inbox(Inbox),
    /// Not at all: every message is refused.
    None,
}

impl Mailer {
    pub(crate) async fn send(&self, message: &EmailMessage) -> Result<(), SendError> {
        match self {
            Self::Smtp(smtp) => smtp.send(message).await,
            Self::Inbox(inbox) => {
                inbox.keep(Delivery::Email(message.clone()));
                Ok(())
            }
            Self::None => Err(SendError::Permanent("no mail server configured".to_owned())),
        }
    }
}
