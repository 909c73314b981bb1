//! From an [`EmailMessage`] to the bytes that a mail server takes.
//!
//! Addresses become typed values before anything is written, and control characters are refused in all that becomes a
//! header or a command, so a name or a subject cannot add a header or a recipient.

use std::{
    hash::{BuildHasher, RandomState},
    time::SystemTime,
};

use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart, SinglePart,
        header::{HeaderName, HeaderValue},
    },
};
use reqwest::Url;

use crate::{EmailMessage, SendError};

/// A composed mail and its envelope.
pub(super) struct Mail {
    pub(super) from: Address,
    pub(super) to: Address,
    pub(super) bytes: Vec<u8>,
}

/// Composes the mail; `default_from` is the sender when the message names none.
pub(super) fn compose(message: &EmailMessage, default_from: &Mailbox) -> Result<Mail, SendError> {
    let from = match &message.from {
        Some(from) => mailbox(from).map_err(|()| refused("the sender's address"))?,
        None => default_from.clone(),
    };
    let to = address(&message.to).map_err(|()| refused("the recipient's address"))?;
    if has_control(&message.subject) {
        return Err(refused("the subject"));
    }
    let mut builder = Message::builder()
        .message_id(Some(message_id(from.email.domain())))
        .date_now()
        // RFC 3834 §5: keeps holiday notices from answering.
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ))
        .from(from.clone())
        .to(Mailbox::new(None, to.clone()))
        .subject(message.subject.as_str());
    if let Some(reply_to) = &message.reply_to {
        builder =
            builder.reply_to(mailbox(reply_to).map_err(|()| refused("the Reply-To address"))?);
    }
    let composed = match &message.html {
        Some(html) => builder.multipart(MultiPart::alternative_plain_html(
            message.text.clone(),
            html.clone(),
        )),
        None => builder.singlepart(SinglePart::plain(message.text.clone())),
    };
    // lettre's errors are sentences about headers and hold no part of the message.
    let composed = composed.map_err(|error| SendError::Permanent(error.to_string()))?;
    Ok(Mail {
        from: from.email,
        to,
        bytes: composed.formatted(),
    })
}

/// Parses `address` or `Name <address>`.
pub(super) fn mailbox(text: &str) -> Result<Mailbox, ()> {
    if has_control(text) {
        return Err(());
    }
    let parsed: Mailbox = text.parse().map_err(|_| ())?;
    Ok(Mailbox::new(
        parsed.name,
        with_ascii_domain(&parsed.email).ok_or(())?,
    ))
}

fn address(text: &str) -> Result<Address, ()> {
    if has_control(text) {
        return Err(());
    }
    let parsed: Address = text.parse().map_err(|_| ())?;
    with_ascii_domain(&parsed).ok_or(())
}

/// The address with its domain in the ASCII form of IDNA, which every mail server understands.
fn with_ascii_domain(address: &Address) -> Option<Address> {
    if address.domain().is_ascii() {
        return Some(address.clone());
    }
    // A URL's host is brought to that form by the parser.
    let url = Url::parse(&format!("http://{}/", address.domain())).ok()?;
    Address::new(address.user(), url.host_str()?).ok()
}

fn has_control(text: &str) -> bool {
    text.chars().any(char::is_control)
}

fn refused(what: &str) -> SendError {
    SendError::Permanent(format!("{what} is not fit for a mail"))
}

/// A Message-ID (RFC 5322 §3.6.4): unique, not secret, and telling nothing of the message. It is not derived from the
/// message, since a digest in a mail log would let its reader try all codes.
fn message_id(domain: &str) -> String {
    let nanoseconds = SystemTime::UNIX_EPOCH
        .elapsed()
        .map_or(0, |time| time.as_nanos());
    // Keyed at random by the standard library, so that nodes and restarts do not meet.
    let random = RandomState::new().hash_one(nanoseconds);
    format!("<{nanoseconds:x}.{random:016x}@{domain}>")
}
