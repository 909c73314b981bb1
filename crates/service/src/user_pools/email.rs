//! EmailConfiguration: who a pool's mail comes from.

use cognate_api::idp::{EmailConfigurationType, EmailSendingAccountType};
use cognate_model::name::is_email;
use cognate_model::user_pool::EmailSettings;
use cognate_outbound::is_mailbox;

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
    if from
        .as_deref()
        .is_some_and(|from| from.len() > MAX_SENDER_LENGTH || !is_mailbox(from))
    {
        return Err(invalid_from());
    }
    let reply_to = configuration
        .reply_to_email_address
        .filter(|address| !address.is_empty());
    if reply_to
        .as_deref()
        .is_some_and(|address| !is_email(address) || !is_mailbox(address))
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

fn source_arn_missing() -> Error {
    Error::invalid_parameter("Source ARN is required to use DEVELOPER email sending owner")
}

fn invalid_from() -> Error {
    Error::invalid_parameter("Provided From email address is invalid")
}
