//! What a pool's owner can ask for and Cognate can't do yet: refused, never stored and ignored.
//!
//! Values that switch such a feature off, or are empty, pass (docs/protocol.md §10.3).

use cognate_api::idp::{
    AdvancedSecurityModeType, DcrConfigurationType, EncryptionKeyType, KeyConfigurationType,
    LambdaConfigType, StatusType, UserPoolAddOnsType,
};

use super::asked::Asked;
use super::sms;
use crate::{Error, Result};

/// Refuses the first member that asks for what is not built.
///
/// # Errors
/// `InvalidParameterException`, which names it.
pub(super) fn refuse(asked: &Asked) -> Result<()> {
    if let Some(trigger) = asked.lambda_config.as_ref().and_then(named_trigger) {
        return Err(Error::parameter_not_built(format!(
            "LambdaConfig.{trigger}"
        )));
    }
    if let Some(configuration) = &asked.sms_configuration {
        sms::refuse_not_built(configuration)?;
    }
    let mut members = others(asked).into_iter();
    match members.find(|(_, is_asked_for)| *is_asked_for) {
        Some((member, _)) => Err(Error::parameter_not_built(member)),
        None => Ok(()),
    }
}

/// The other members, and whether they are asked for.
fn others(asked: &Asked) -> [(&'static str, bool); 4] {
    [
        (
            "EmailConfiguration.ConfigurationSet",
            asked
                .email_configuration
                .as_ref()
                .is_some_and(|email| email.configuration_set.is_some()),
        ),
        (
            "UserPoolAddOns other than AdvancedSecurityMode OFF",
            asked
                .user_pool_add_ons
                .as_ref()
                .is_some_and(protects_from_threats),
        ),
        (
            "DcrConfiguration",
            asked
                .dcr_configuration
                .as_ref()
                .is_some_and(registers_clients),
        ),
        (
            "KeyConfiguration other than AWS_OWNED_KEY",
            asked.key_configuration.as_ref().is_some_and(has_own_key),
        ),
    ]
}

fn named_trigger(config: &LambdaConfigType) -> Option<&'static str> {
    // Without `..`, so that a trigger which the model gains is not passed over.
    let LambdaConfigType {
        pre_sign_up,
        custom_message,
        post_confirmation,
        pre_authentication,
        post_authentication,
        define_auth_challenge,
        create_auth_challenge,
        verify_auth_challenge_response,
        pre_token_generation,
        user_migration,
        pre_token_generation_config,
        custom_sms_sender,
        custom_email_sender,
        kms_key_id,
        inbound_federation,
    } = config;
    let named = [
        ("PreSignUp", pre_sign_up.is_some()),
        ("CustomMessage", custom_message.is_some()),
        ("PostConfirmation", post_confirmation.is_some()),
        ("PreAuthentication", pre_authentication.is_some()),
        ("PostAuthentication", post_authentication.is_some()),
        ("DefineAuthChallenge", define_auth_challenge.is_some()),
        ("CreateAuthChallenge", create_auth_challenge.is_some()),
        (
            "VerifyAuthChallengeResponse",
            verify_auth_challenge_response.is_some(),
        ),
        ("PreTokenGeneration", pre_token_generation.is_some()),
        ("UserMigration", user_migration.is_some()),
        (
            "PreTokenGenerationConfig",
            pre_token_generation_config.is_some(),
        ),
        ("CustomSMSSender", custom_sms_sender.is_some()),
        ("CustomEmailSender", custom_email_sender.is_some()),
        ("KMSKeyID", kms_key_id.is_some()),
        ("InboundFederation", inbound_federation.is_some()),
    ];
    named
        .iter()
        .find(|(_, named)| *named)
        .map(|(trigger, _)| *trigger)
}

fn protects_from_threats(add_ons: &UserPoolAddOnsType) -> bool {
    let flows = add_ons.advanced_security_additional_flows.as_ref();
    add_ons.advanced_security_mode != AdvancedSecurityModeType::Off
        || flows.is_some_and(|flows| flows.custom_auth_mode.is_some())
}

/// A configuration without EnableStatus switches registration on (DcrConfigurationType). One that
/// is switched off and says more would have to be kept to be shown again.
fn registers_clients(dcr: &DcrConfigurationType) -> bool {
    dcr.enable_status != Some(StatusType::Disabled)
        || dcr.open_dcr_enabled == Some(true)
        || dcr.authenticated_grant_types.is_some()
        || dcr.open_dcr_grant_types.is_some()
        || dcr.allowed_scopes.is_some()
}

fn has_own_key(key: &KeyConfigurationType) -> bool {
    !matches!(key.key_type, None | Some(EncryptionKeyType::AwsOwnedKey))
        || key.kms_key_arn.is_some()
}
