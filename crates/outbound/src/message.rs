//! What is sent: a mail or a text message to one person, and why one was not handed over.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One message to one person; the payload of an outbox entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// A mail.
    Email(EmailMessage),
    /// A text message to a phone.
    Sms(SmsMessage),
}

/// Why a message was not handed over. The texts are for operators; they hold no message, code or
/// password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Another attempt may succeed: the server was busy, slow, away, or is misconfigured and will
    /// be put right.
    #[error("{0}")]
    Temporary(String),
    /// Another attempt would fail in the same way: the address or the message was refused.
    #[error("{0}")]
    Permanent(String),
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

/// Leaves out subject and bodies: they hold codes and temporary passwords.
impl fmt::Debug for EmailMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmailMessage")
            .field("to", &self.to)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

/// A text message to one phone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmsMessage {
    /// The phone number in E.164 form, with its plus sign.
    pub to: String,
    /// The message as plain text.
    pub message: String,
    /// The pool that sends it, so that the endpoint can choose a sender.
    pub user_pool_id: String,
}

/// Leaves out the message: it holds a code.
impl fmt::Debug for SmsMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmsMessage")
            .field("to", &self.to)
            .field("user_pool_id", &self.user_pool_id)
            .finish_non_exhaustive()
    }
}
