//! Second factors and passkeys of a pool, from the two places in which a request can write them:
//! CreateUserPool and UpdateUserPool say whether a second factor is asked for, SetUserPoolMfaConfig
//! says all (docs/protocol.md §10.7, §10.12).

use cognate_api::idp::{
    EmailMfaConfigType, GetUserPoolMfaConfigResponse, SetUserPoolMfaConfigRequest,
    SmsMfaConfigType, SoftwareTokenMfaConfigType, UserPoolMfaType, UserVerificationType,
    WebAuthnConfigurationType, WebAuthnFactorConfigurationType,
};
use cognate_crypto::webauthn::is_valid_relying_party_id;
use cognate_model::FirstFactor;
use cognate_model::second_factor::{
    EmailMfa, MfaConfiguration, PasskeyFactor, PasskeySettings, PoolMfa, UserVerification,
};
use cognate_model::user_pool::{RecoveryMechanism, Settings, SmsSettings, Tier};

use super::{first_factors, not_built, sms};
use crate::{Error, Result};

/// The second factors after CreateUserPool or UpdateUserPool. What is left out stays as it is
/// (docs/protocol.md §10.1), but for text messages: they are offered exactly where SmsConfiguration
/// is set.
///
/// # Errors
/// `InvalidParameterException` when a second factor is asked for and none is offered.
pub(super) fn of_pool(
    asked: Option<&UserPoolMfaType>,
    sms: Option<&SmsSettings>,
    before: Option<&PoolMfa>,
) -> Result<PoolMfa> {
    let kept = before.cloned().unwrap_or_default();
    let configuration = asked.map_or(kept.configuration, configuration);
    if configuration == MfaConfiguration::Off {
        return Ok(off(kept.passkeys));
    }
    let mfa = PoolMfa {
        configuration,
        sms: sms.is_some(),
        ..kept
    };
    if mfa.offers_any() {
        Ok(mfa)
    } else {
        Err(Error::sms_configuration_required())
    }
}

/// Checks what second factors and passkeys need of the other settings, whichever of them has
/// changed.
///
/// # Errors
/// `FeatureUnavailableInTierException`; `InvalidParameterException` where mail would be a second
/// factor and the only way to a new password.
pub(super) fn check(settings: &Settings) -> Result<()> {
    let mfa = &settings.mfa;
    if settings.tier == Tier::Lite {
        if mfa.email.is_some() {
            return Err(Error::tier_lacks("EmailMfaConfiguration"));
        }
        if mfa.passkeys.written {
            return Err(Error::tier_lacks("WebAuthnConfiguration"));
        }
    }
    first_factors::check_tier(settings)?;
    let only_mail = match settings.recovery.as_deref() {
        None => true,
        Some(mechanisms) => mechanisms == [RecoveryMechanism::VerifiedEmail],
    };
    if mfa.email.is_some() && only_mail {
        return Err(Error::email_mfa_and_recovery_by_email());
    }
    let is_code = |factor: &FirstFactor| match factor {
        FirstFactor::EmailOtp | FirstFactor::SmsOtp => true,
        FirstFactor::Password | FirstFactor::WebAuthn => false,
    };
    let first = &settings.allowed_first_auth_factors;
    if mfa.configuration == MfaConfiguration::On && first.iter().any(is_code) {
        return Err(Error::one_time_codes_and_required_mfa());
    }
    Ok(())
}

/// Whether passkeys would begin a sign-in that has to be of two factors, and be one. The two
/// operations that can lead there say it in words of their own.
pub(super) fn passkeys_lack_a_factor(settings: &Settings) -> bool {
    let first = &settings.allowed_first_auth_factors;
    settings.mfa.configuration == MfaConfiguration::On
        && first.contains(&FirstFactor::WebAuthn)
        && settings.mfa.passkeys.factor == PasskeyFactor::SingleFactor
}

/// Sets all that SetUserPoolMfaConfig says; what it leaves out is off.
///
/// # Errors
/// `InvalidParameterException` for what contradicts itself or the pool; as [`check`].
pub(super) fn set(settings: &mut Settings, input: &SetUserPoolMfaConfigRequest) -> Result<()> {
    // Without `..`, so that a member which the model gains is not passed over.
    let SetUserPoolMfaConfigRequest {
        user_pool_id: _,
        sms_mfa_configuration,
        software_token_mfa_configuration,
        email_mfa_configuration,
        mfa_configuration,
        web_authn_configuration,
    } = input;
    let passkeys = web_authn_configuration.as_ref().map(passkeys);
    let passkeys = passkeys.transpose()?.unwrap_or_default();
    let configuration = mfa_configuration
        .as_ref()
        .map_or(MfaConfiguration::Off, configuration);
    if configuration == MfaConfiguration::Off {
        let names_a_factor = sms_mfa_configuration.is_some()
            || software_token_mfa_configuration.is_some()
            || email_mfa_configuration.is_some();
        if names_a_factor {
            return Err(Error::off_and_a_factor());
        }
        settings.mfa = off(passkeys);
        return check(settings);
    }
    match sms_mfa_configuration {
        Some(given) => set_sms(settings, given)?,
        None if settings.sms.is_some() => return Err(Error::sms_mfa_cannot_be_turned_off()),
        None => {}
    }
    settings.mfa = PoolMfa {
        configuration,
        software_token: software_token_mfa_configuration
            .as_ref()
            .map(|given| given.enabled == Some(true)),
        sms: settings.sms.is_some(),
        email: email_mfa_configuration.as_ref().map(email),
        passkeys,
    };
    if !settings.mfa.offers_any() {
        return Err(Error::no_factor_enabled());
    }
    if passkeys_lack_a_factor(settings) {
        return Err(Error::single_factor_passkeys_and_required_mfa());
    }
    check(settings)
}

/// Of SmsMfaConfiguration; its SmsConfiguration is the pool's own.
fn set_sms(settings: &mut Settings, given: &SmsMfaConfigType) -> Result<()> {
    if let Some(configuration) = &given.sms_configuration {
        not_built::refuse_in_sms_of_mfa(configuration)?;
        settings.sms = sms::read(configuration.clone());
    }
    if settings.sms.is_none() {
        return Err(Error::sms_configuration_required());
    }
    settings
        .messages
        .authentication_sms
        .clone_from(&given.sms_authentication_message);
    Ok(())
}

fn email(given: &EmailMfaConfigType) -> EmailMfa {
    EmailMfa {
        message: given.message.clone(),
        subject: given.subject.clone(),
    }
}

fn off(passkeys: PasskeySettings) -> PoolMfa {
    PoolMfa {
        passkeys,
        ..PoolMfa::default()
    }
}

// Validation lets only the model's values in, so an unknown one never arrives here or below.
fn configuration(asked: &UserPoolMfaType) -> MfaConfiguration {
    match asked {
        UserPoolMfaType::On => MfaConfiguration::On,
        UserPoolMfaType::Optional => MfaConfiguration::Optional,
        UserPoolMfaType::Off | UserPoolMfaType::Unknown(_) => MfaConfiguration::Off,
    }
}

/// Browsers take a domain only, and compare it in lower case.
fn passkeys(given: &WebAuthnConfigurationType) -> Result<PasskeySettings> {
    // Without `..`, as above.
    let WebAuthnConfigurationType {
        relying_party_id,
        user_verification,
        factor_configuration,
    } = given;
    let user_verification_is_required = *user_verification == Some(UserVerificationType::Required);
    let is_multi_factor = *factor_configuration
        == Some(WebAuthnFactorConfigurationType::MultiFactorWithUserVerification);
    if let Some(id) = relying_party_id
        .as_deref()
        .filter(|id| !is_valid_relying_party_id(id))
    {
        return Err(Error::invalid_relying_party_id(id));
    }
    Ok(PasskeySettings {
        written: relying_party_id.is_some()
            || user_verification.is_some()
            || factor_configuration.is_some(),
        relying_party_id: relying_party_id.clone(),
        user_verification: if user_verification_is_required {
            UserVerification::Required
        } else {
            UserVerification::Preferred
        },
        factor: if is_multi_factor {
            PasskeyFactor::MultiFactorWithUserVerification
        } else {
            PasskeyFactor::SingleFactor
        },
    })
}

/// MfaConfiguration as the wire shows it.
pub(super) fn describe_configuration(configuration: MfaConfiguration) -> UserPoolMfaType {
    match configuration {
        MfaConfiguration::Off => UserPoolMfaType::Off,
        MfaConfiguration::Optional => UserPoolMfaType::Optional,
        MfaConfiguration::On => UserPoolMfaType::On,
    }
}

/// All as GetUserPoolMfaConfig shows it. A factor that nobody has configured is left out: a plan
/// would show it as a change (docs/protocol.md §10.4).
pub(super) fn describe(settings: &Settings) -> GetUserPoolMfaConfigResponse {
    let mfa = &settings.mfa;
    GetUserPoolMfaConfigResponse {
        mfa_configuration: Some(describe_configuration(mfa.configuration)),
        sms_mfa_configuration: mfa.sms.then(|| SmsMfaConfigType {
            sms_authentication_message: settings.messages.authentication_sms.clone(),
            sms_configuration: settings.sms.as_ref().map(sms::describe),
        }),
        software_token_mfa_configuration: mfa.software_token.map(|enabled| {
            SoftwareTokenMfaConfigType {
                enabled: Some(enabled),
            }
        }),
        email_mfa_configuration: mfa.email.as_ref().map(|email| EmailMfaConfigType {
            message: email.message.clone(),
            subject: email.subject.clone(),
        }),
        web_authn_configuration: mfa
            .passkeys
            .written
            .then(|| describe_passkeys(&mfa.passkeys)),
    }
}

fn describe_passkeys(passkeys: &PasskeySettings) -> WebAuthnConfigurationType {
    let is_multi_factor = passkeys.factor == PasskeyFactor::MultiFactorWithUserVerification;
    WebAuthnConfigurationType {
        relying_party_id: passkeys.relying_party_id.clone(),
        user_verification: Some(match passkeys.user_verification {
            UserVerification::Preferred => UserVerificationType::Preferred,
            UserVerification::Required => UserVerificationType::Required,
        }),
        factor_configuration: is_multi_factor
            .then_some(WebAuthnFactorConfigurationType::MultiFactorWithUserVerification),
    }
}
