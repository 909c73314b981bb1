//! From an [`EmailMessage`] to the bytes that a mail server takes.
//!
//! The product's one parser reads addresses, and they become typed values before anything is
//! written. A header value with control characters is refused, so a name or a subject cannot add a
//! header or a recipient.

use std::{
    hash::{BuildHasher, RandomState},
    time::SystemTime,
};

use cognate_model::{EmailAddress, Sender};
use lettre::{
    Address, Message,
    message::{
        Mailbox, Mailboxes, MultiPart, SinglePart,
        header::{self, HeaderName, HeaderValue},
    },
};

use crate::{EmailMessage, SendError};

/// A composed mail and its envelope.
pub(super) struct Mail {
    pub(super) from: EmailAddress,
    pub(super) to: EmailAddress,
    pub(super) bytes: Vec<u8>,
}

/// Composes the mail; `default_from` is the sender when the message names none.
pub(super) fn compose(message: &EmailMessage, default_from: &Sender) -> Result<Mail, SendError> {
    let named = message.from.as_deref().map(Sender::parse).transpose();
    let named = named.map_err(|_| refused("the sender's address"))?;
    let from = named.as_ref().unwrap_or(default_from);
    let to = EmailAddress::parse(&message.to).map_err(|_| refused("the recipient's address"))?;
    if message.subject.chars().any(char::is_control) {
        return Err(refused("the subject"));
    }
    let mut builder = Message::builder()
        .message_id(Some(message_id(from.address.domain())))
        .date_now()
        // RFC 3834 §5: keeps holiday notices from answering.
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ))
        .from(stand_in())
        .to(stand_in())
        .subject(message.subject.as_str());
    if let Some(reply_to) = &message.reply_to {
        let reply_to = Sender::parse(reply_to).map_err(|_| refused("the Reply-To address"))?;
        builder = builder.reply_to(mailbox(reply_to.name, &reply_to.address));
    }
    let composed = match &message.html {
        Some(html) => builder.multipart(MultiPart::alternative_plain_html(
            message.text.clone(),
            html.clone(),
        )),
        None => builder.singlepart(SinglePart::plain(message.text.clone())),
    };
    // lettre's errors are sentences about headers and hold no part of the message.
    let mut composed = composed.map_err(|error| SendError::Permanent(error.to_string()))?;
    let headers = composed.headers_mut();
    headers.set(header::From::from(Mailboxes::from(mailbox(
        from.name.clone(),
        &from.address,
    ))));
    headers.set(header::To::from(Mailboxes::from(mailbox(None, &to))));
    Ok(Mail {
        from: from.address.clone(),
        to,
        bytes: composed.formatted(),
    })
}

/// The placeholder in `From` and `To` until the mail is composed: lettre parses these again when it
/// composes, by rules of its own that refuse some letters.
fn stand_in() -> Mailbox {
    Mailbox::new(None, Address::new_dangerous("stand-in", "localhost"))
}

/// An address in a header's form. It is parsed already, so lettre must not parse it again.
fn mailbox(name: Option<String>, address: &EmailAddress) -> Mailbox {
    Mailbox::new(
        name,
        Address::new_dangerous(address.local(), address.domain()),
    )
}

fn refused(what: &str) -> SendError {
    SendError::Permanent(format!("{what} cannot be used in a mail"))
}

/// A Message-ID (RFC 5322 §3.6.4): unique, not secret, and independent of the message. A digest of
/// the message in a mail log would let its reader try all codes.
fn message_id(domain: &str) -> String {
    let nanoseconds = SystemTime::UNIX_EPOCH
        .elapsed()
        .map_or(0, |time| time.as_nanos());
    // The standard library keys it at random, so that nodes and restarts do not collide.
    let random = RandomState::new().hash_one(nanoseconds);
    format!("<{nanoseconds:x}.{random:016x}@{domain}>")
}
