//! What a pool's owner can ask for and Cognate does not do: refused, never stored and ignored.
//!
//! Values that switch such a feature off, or are empty, pass (docs/protocol.md §10.3).

use cognate_api::idp::{
    AdvancedSecurityModeType, DcrConfigurationType, EncryptionKeyType, KeyConfigurationType,
    LambdaConfigType, SmsConfigurationType, StatusType, UserPoolAddOnsType,
};

use super::asked::Asked;
use crate::Result;
use crate::refused_members::{self, Entry, RefusedMember, Why};

const OPERATIONS: &[&str] = &["CreateUserPool", "UpdateUserPool"];

/// Any trigger; the refusal names it.
static LAMBDA_CONFIG: RefusedMember = RefusedMember {
    operations: OPERATIONS,
    member: "LambdaConfig",
    why: Why::ComesWith("triggers"),
};

static EUMS_SMS: RefusedMember = RefusedMember {
    operations: OPERATIONS,
    member: "SmsConfiguration.EumsSms",
    why: Why::Never("text messages do not leave through AWS"),
};

static EUMS_SMS_OF_MFA: RefusedMember = RefusedMember {
    operations: &["SetUserPoolMfaConfig"],
    member: "SmsMfaConfiguration.SmsConfiguration.EumsSms",
    why: EUMS_SMS.why,
};

static OTHERS: [Entry<Asked>; 4] = [
    (
        RefusedMember {
            operations: OPERATIONS,
            member: "EmailConfiguration.ConfigurationSet",
            why: Why::Never("mail does not leave through Amazon SES"),
        },
        |asked| {
            let email = asked.email_configuration.as_ref();
            email.is_some_and(|email| email.configuration_set.is_some())
        },
    ),
    (
        RefusedMember {
            operations: OPERATIONS,
            member: "UserPoolAddOns other than AdvancedSecurityMode OFF",
            why: Why::ComesWith("threat protection"),
        },
        |asked| {
            let add_ons = asked.user_pool_add_ons.as_ref();
            add_ons.is_some_and(protects_from_threats)
        },
    ),
    (
        RefusedMember {
            operations: OPERATIONS,
            member: "DcrConfiguration",
            why: Why::ComesWith("OAuth"),
        },
        |asked| {
            let dcr = asked.dcr_configuration.as_ref();
            dcr.is_some_and(registers_clients)
        },
    ),
    (
        RefusedMember {
            operations: OPERATIONS,
            member: "KeyConfiguration other than AWS_OWNED_KEY",
            why: Why::Never("what is sealed lies under the master key of the server"),
        },
        |asked| asked.key_configuration.as_ref().is_some_and(has_own_key),
    ),
];

/// What is refused here.
pub(crate) fn refused() -> impl Iterator<Item = &'static RefusedMember> {
    [&LAMBDA_CONFIG, &EUMS_SMS, &EUMS_SMS_OF_MFA]
        .into_iter()
        .chain(OTHERS.iter().map(|(member, _)| member))
}

/// Refuses the first member that asks for what is not built.
///
/// # Errors
/// `InvalidParameterException`, which names it.
pub(super) fn refuse(asked: &Asked) -> Result<()> {
    if let Some(trigger) = asked.lambda_config.as_ref().and_then(named_trigger) {
        return Err(LAMBDA_CONFIG.error_for(format_args!("LambdaConfig.{trigger}")));
    }
    if let Some(configuration) = &asked.sms_configuration {
        refuse_in_sms(configuration, &EUMS_SMS)?;
    }
    refused_members::refuse(&OTHERS, asked)
}

/// Refuses what the SmsConfiguration of SetUserPoolMfaConfig asks for.
///
/// # Errors
/// As [`refuse`].
pub(super) fn refuse_in_sms_of_mfa(configuration: &SmsConfigurationType) -> Result<()> {
    refuse_in_sms(configuration, &EUMS_SMS_OF_MFA)
}

fn refuse_in_sms(configuration: &SmsConfigurationType, refused: &RefusedMember) -> Result<()> {
    match configuration.eums_sms {
        Some(_) => Err(refused.error()),
        None => Ok(()),
    }
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
