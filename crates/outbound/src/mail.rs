//! A mail, as the service composes it, and the ways to send it.

use std::fmt;

use serde::{Deserialize, Serialize};

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

/// A mail to one person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailMessage {
    /// The recipient's bare address.
    pub to: String,
    /// The sender, `address` or `Name <address>`; the mailer's own default when absent.
    pub from: Option<String>,
    /// Where answers go, `address` or `Name <address>`.
    pub reply_to: Option<String>,
    /// The subject, on one line.
    pub subject: String,
    /// The message as plain text.
    pub text: String,
    /// The same message as HTML; without it the mail is plain text alone.
    pub html: Option<String>,
}

/// Leaves out subject and bodies: they contain codes and temporary passwords.
impl fmt::Debug for EmailMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmailMessage")
            .field("to", &self.to)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
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
