//! EmailConfiguration: who a pool's mail comes from.

use cognate_api::idp::{EmailConfigurationType, EmailSendingAccountType};
use cognate_model::Sender;
use cognate_model::name::is_email;
use cognate_model::user_pool::EmailSettings;
use cognate_outbound::Senders;

use crate::{Error, Result};

/// The longest sender that is taken, in bytes: a name and an address, on one line of a header (RFC
/// 5322 §2.1.1).
const MAX_SENDER_LENGTH: usize = 900;

/// Reads the configuration. Mail leaves through the operator's own server whichever sending account
/// is chosen; the choice is kept because DEVELOPER asks for a SourceArn, whose address is the
/// sender where `From` is absent.
///
/// # Errors
/// `InvalidParameterException` for what is no sender, no address, or a DEVELOPER account without
/// its identity.
pub(super) fn read(configuration: EmailConfigurationType) -> Result<EmailSettings> {
    let developer_account =
        configuration.email_sending_account == Some(EmailSendingAccountType::Developer);
    if developer_account && configuration.source_arn.is_none() {
        return Err(Error::source_arn_missing());
    }
    let from = configuration.from.filter(|from| !from.is_empty());
    if from
        .as_deref()
        .is_some_and(|from| from.len() > MAX_SENDER_LENGTH || Sender::parse(from).is_err())
    {
        return Err(Error::invalid_from_address());
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

/// Checks that the operator lets pools send as the sender that the settings come to.
///
/// # Errors
/// `InvalidEmailRoleAccessPolicyException`, as AWS gives it for an identity that Amazon SES does
/// not let Cognito use.
pub(super) fn check_sender(settings: &EmailSettings, senders: &Senders) -> Result<()> {
    let Some(sender) = settings.sender() else {
        return Ok(());
    };
    let sender = Sender::parse(sender).map_err(|_| Error::invalid_from_address())?;
    if senders.allow(&sender.address) {
        Ok(())
    } else {
        Err(Error::email_identity_not_allowed())
    }
}
