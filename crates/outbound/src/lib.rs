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
mod message;
mod notice;
pub mod probe;
mod purpose;
mod retry;
mod senders;
mod sms;
mod smtp;
mod templates;
mod triggers;

pub use crate::{
    destination::{mask_email, mask_phone_number},
    inbox::{Inbox, Received},
    mail::Mailer,
    message::{Delivery, EmailMessage, SendError, SmsMessage},
    notice::{AddressChange, ChangedAddress, address_changed_email, address_changed_sms},
    purpose::Purpose,
    retry::retry_after,
    senders::{Senders, SendersError},
    sms::{HttpSms, SmsSender, SmsUrlError},
    smtp::{MAX_CONNECTIONS, SmtpGreeting, SmtpMailer, SmtpUrlError, TimeLimits},
    templates::{Placeholders, Rendered, Values, render_email, render_sms},
    triggers::{Script, Triggers},
};

/// The destinations of mail and text messages. The start makes one of these, and all share it.
#[derive(Debug)]
pub struct Outbound {
    /// Where mail goes.
    pub mail: Mailer,
    /// Where text messages go.
    pub sms: SmsSender,
    /// A pool's own code, as far as sign-ins call it.
    pub triggers: Triggers,
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
