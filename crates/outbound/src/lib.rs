//! Everything that leaves the process: mail by SMTP and text messages by HTTP.
//!
//! The service writes messages into its outbox, and a background job hands each to
//! [`Outbound::deliver`]. The error says whether another attempt makes sense, and [`retry_after`]
//! says when. This crate does not know pools, users, the database or the configuration: its callers
//! pass an address, a finished message and the operator's URLs. Templates and masked destinations
//! are pure: they turn a pool's message template into text, and an address into its visible part.
//!
//! Errors never hold a message, a code or a password, so they may be logged and stored.

mod destination;
mod html_text;
mod http;
mod inbox;
mod layout;
mod mail;
mod notice;
pub mod probe;
mod retry;
mod senders;
mod sms;
mod smtp;
mod templates;

use serde::{Deserialize, Serialize};

pub use crate::{
    destination::{mask_email, mask_phone_number},
    inbox::{Inbox, Received},
    mail::{EmailMessage, Mailer},
    notice::{AddressChange, ChangedAddress, address_changed_email, address_changed_sms},
    retry::retry_after,
    senders::{Senders, SendersError},
    sms::{HttpSms, SmsMessage, SmsSender, SmsUrlError},
    smtp::{MAX_CONNECTIONS, SmtpGreeting, SmtpMailer, SmtpUrlError, TimeLimits},
    templates::{Placeholders, Purpose, Rendered, Values, render_email, render_sms},
};

/// The destinations of mail and text messages. The start makes one of these, and all share it.
#[derive(Debug)]
pub struct Outbound {
    /// Where mail goes.
    pub mail: Mailer,
    /// Where text messages go.
    pub sms: SmsSender,
}

/// One message to one person; the payload of an outbox entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// A mail.
    Email(EmailMessage),
    /// A text message to a phone.
    Sms(SmsMessage),
}

/// Why a message was not handed over. The texts are for operators; they contain no message, code or
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

impl Outbound {
    /// Hands one message to the mail server or the SMS endpoint. `Ok` means that the other side
    /// accepted it.
    ///
    /// After `Temporary` the message may have arrived all the same, because an answer can be lost.
    /// So a repeated message may arrive twice.
    pub async fn deliver(&self, delivery: &Delivery) -> Result<(), SendError> {
        match delivery {
            Delivery::Email(message) => self.mail.send(message).await,
            Delivery::Sms(message) => self.sms.send(message).await,
        }
    }
}
