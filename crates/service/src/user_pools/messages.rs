//! The texts of a pool's messages, from the two places in which a request can write them.

use cognate_api::idp::{
    DefaultEmailOptionType, MessageTemplateType, VerificationMessageTemplateType,
};
use cognate_model::user_pool::Messages;
use cognate_outbound::Placeholders;

use super::asked::Asked;
use crate::{Error, Result};

/// Reads the messages. The texts of verification stand in VerificationMessageTemplate or in the
/// older members beside it; what Describe gives has both, so both may come back, as long as they
/// agree. A text for codes and one for links may stand side by side: DefaultEmailOption chooses.
///
/// # Errors
/// `InvalidParameterException` when the two places disagree, or a text lacks what makes it of use.
pub(super) fn read(asked: &Asked) -> Result<Messages> {
    let template = asked
        .verification_message_template
        .clone()
        .unwrap_or_default();
    let invitation = invitation(asked);
    check_placeholders(&template, &invitation)?;
    Ok(Messages {
        verification_sms: agreed(
            "SmsMessage",
            template.sms_message,
            "SmsVerificationMessage",
            asked.sms_verification_message.as_ref(),
        )?,
        verification_email: agreed(
            "EmailMessage",
            template.email_message,
            "EmailVerificationMessage",
            asked.email_verification_message.as_ref(),
        )?,
        verification_email_subject: agreed(
            "EmailSubject",
            template.email_subject,
            "EmailVerificationSubject",
            asked.email_verification_subject.as_ref(),
        )?,
        authentication_sms: asked.sms_authentication_message.clone(),
        link_email: template.email_message_by_link,
        link_email_subject: template.email_subject_by_link,
        confirm_with_link: template.default_email_option
            == Some(DefaultEmailOptionType::ConfirmWithLink),
        invitation_sms: invitation.sms_message,
        invitation_email: invitation.email_message,
        invitation_email_subject: invitation.email_subject,
    })
}

fn invitation(asked: &Asked) -> MessageTemplateType {
    let config = asked.admin_create_user_config.as_ref();
    config
        .and_then(|config| config.invite_message_template.clone())
        .unwrap_or_default()
}

/// What the patterns of the model leave open: they take `{####}` for a link, and ask invitations
/// for nothing. A text for codes has its pattern, which wants `{####}`.
fn check_placeholders(
    template: &VerificationMessageTemplateType,
    invitation: &MessageTemplateType,
) -> Result<()> {
    let link = template.email_message_by_link.as_deref();
    let invitations = [&invitation.email_message, &invitation.sms_message];
    let is_complete = link.is_none_or(|text| Placeholders::of(text).link)
        && invitations.into_iter().flatten().all(|text| {
            let found = Placeholders::of(text);
            found.code && found.username
        });
    if is_complete {
        Ok(())
    } else {
        Err(Error::message_is_invalid())
    }
}

fn agreed(
    member: &str,
    in_template: Option<String>,
    older_member: &str,
    beside_it: Option<&String>,
) -> Result<Option<String>> {
    match (in_template, beside_it) {
        (Some(text), Some(older)) if text != *older => Err(Error::invalid_parameter(format!(
            "{older_member} and VerificationMessageTemplate.{member} are both given and differ; give one of them"
        ))),
        (text, older) => Ok(text.or_else(|| older.cloned())),
    }
}
