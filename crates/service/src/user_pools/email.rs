//! EmailConfiguration: who a pool's mail comes from.

use cognate_api::idp::{EmailConfigurationType, EmailSendingAccountType};
use cognate_model::name::is_email;
use cognate_model::user_pool::EmailSettings;

use crate::{Error, Result};

/// The longest sender that is taken, in bytes: a name and an address, on one line of a header (RFC 5322 §2.1.1).
const MAX_SENDER_LENGTH: usize = 900;

/// Reads the configuration. Mail leaves through the operator's own server whichever sending account is chosen; the choice is kept
/// because DEVELOPER asks for a SourceArn, whose address is the sender where `From` is absent.
///
/// # Errors
/// `InvalidParameterException` for what is no sender, no address, or a DEVELOPER account without its identity.
pub(super) fn read(configuration: EmailConfigurationType) -> Result<EmailSettings> {
    let developer_account =
        configuration.email_sending_account == Some(EmailSendingAccountType::Developer);
    if developer_account && configuration.source_arn.is_none() {
        return Err(source_arn_missing());
    }
    let from = configuration.from.filter(|from| !from.is_empty());
    if from.as_deref().is_some_and(|from| !is_sender(from)) {
        return Err(invalid_from());
    }
    let reply_to = configuration
        .reply_to_email_address
        .filter(|address| !address.is_empty());
    if reply_to
        .as_deref()
        .is_some_and(|address| !is_email(address))
    {
        return Err(Error::invalid_email_address());
    }
    Ok(EmailSettings {
        reply_to,
        from,
        source_arn: configuration.source_arn,
        developer_account,
    })
}

/// Whether a text is `address` or `Name <address>`. What breaks a line is refused: it would let an operator of one pool write headers
/// into mails.
fn is_sender(text: &str) -> bool {
    if text.len() > MAX_SENDER_LENGTH || text.chars().any(char::is_control) {
        return false;
    }
    match text
        .trim()
        .strip_suffix('>')
        .and_then(|text| text.split_once('<'))
    {
        Some((name, address)) => is_display_name(name.trim()) && is_email(address),
        None => is_email(text.trim()),
    }
}

/// A phrase of RFC 5322 §3.2.5: words, dots where people write them, or one quoted string.
fn is_display_name(name: &str) -> bool {
    match name.strip_prefix('"') {
        Some(quoted) => quoted
            .strip_suffix('"')
            .is_some_and(|inner| !inner.contains(['"', '\\'])),
        None => !name.contains(['(', ')', '<', '>', '[', ']', ':', ';', '@', '\\', ',', '"']),
    }
}

fn source_arn_missing() -> Error {
    Error::invalid_parameter("Source ARN is required to use DEVELOPER email sending owner")
}

fn invalid_from() -> Error {
    Error::invalid_parameter("Provided From email address is invalid")
}
