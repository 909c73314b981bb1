//! From a request to a pool's settings: each member is honoured or refused.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use cognate_api::idp::{
    AccountRecoverySettingType, AdminCreateUserConfigType, AliasAttributeType,
    DeletionProtectionType, DeviceConfigurationType, PasswordPolicyType, RecoveryOptionNameType,
    UserAttributeUpdateSettingsType, UserPoolTierType, UsernameAttributeType,
    VerifiedAttributeType,
};
use cognate_model::UserPool;
use cognate_model::attribute::Contact;
use cognate_model::device::DeviceSettings;
use cognate_model::password::PasswordPolicy;
use cognate_model::user_pool::{
    AliasAttribute, EmailSettings, RecoveryMechanism, SessionTracking, Settings, SignInNames, Tier,
};

use crate::{Error, ErrorCode, Result};

use super::asked::Asked;
use super::{acr, email, first_factors, issuer, messages, mfa_settings, not_built, sms, tag_rules};

/// Reads the settings. What is not given gets its default, in an update too (documented for
/// UpdateUserPool). But an update keeps the name, which has none, and each half of Policies, the
/// tier, the tags, second factors and the issuer (docs/protocol.md §10.1; docs/differences.md has
/// the table).
///
/// # Errors
/// `InvalidParameterException` for what is wrong or not built, `UserPoolTaggingException` for tags,
/// `FeatureUnavailableInTierException` and `TierChangeNotAllowedException`.
pub(super) fn read(asked: Asked, before: Option<&UserPool>) -> Result<Settings> {
    not_built::refuse(&asked)?;
    let before = before.map(|before| &before.settings);
    let settings = taken(asked, before)?;
    check(&settings, before)?;
    Ok(settings)
}

/// The settings as they are given, whether or not they fit each other.
fn taken(asked: Asked, before: Option<&Settings>) -> Result<Settings> {
    let messages = messages::read(&asked)?;
    // Without `..`: what stands here as `_` is read by `messages`, or refused by `not_built`.
    let Asked {
        user_pool_id: _,
        policies,
        deletion_protection,
        lambda_config: _,
        auto_verified_attributes,
        sms_verification_message: _,
        email_verification_message: _,
        email_verification_subject: _,
        verification_message_template: _,
        sms_authentication_message: _,
        user_attribute_update_settings,
        mfa_configuration,
        device_configuration,
        email_configuration,
        sms_configuration,
        user_pool_tags,
        admin_create_user_config,
        user_pool_add_ons,
        dcr_configuration: _,
        account_recovery_setting,
        pool_name,
        user_pool_tier,
        key_configuration,
        issuer_configuration,
        acr_configuration,
    } = asked;
    let auto_verified = contacts(&auto_verified_attributes.unwrap_or_default());
    let verified_before_update =
        verified_before_update(user_attribute_update_settings, &auto_verified)?;
    let admin_create_user = admin_create_user_config.unwrap_or_default();
    let (password_policy, sign_in_policy) = policies
        .map(|policies| (policies.password_policy, policies.sign_in_policy))
        .unwrap_or_default();
    let kept_policy = before.map(|before| &before.password_policy);
    let sms = sms_configuration.and_then(sms::read);
    let kept_mfa = before.map(|before| &before.mfa);
    Ok(Settings {
        name: pool_name
            .or_else(|| before.map(|before| before.name.clone()))
            .unwrap_or_default(),
        deletion_protection: deletion_protection == Some(DeletionProtectionType::Active),
        password_policy: read_password_policy(password_policy, &admin_create_user, kept_policy)?,
        auto_verified,
        verified_before_update,
        messages,
        email: email_configuration.map_or(Ok(EmailSettings::default()), email::read)?,
        mfa: mfa_settings::of_pool(mfa_configuration.as_ref(), sms.as_ref(), kept_mfa)?,
        sms,
        tags: given_or_kept(user_pool_tags.map(tag_rules::check), before, |it| &it.tags)?,
        admin_create_user_only: admin_create_user.allow_admin_create_user_only == Some(true),
        recovery: account_recovery_setting.map_or(Ok(None), recovery)?,
        tier: given_or_kept(user_pool_tier.map(tier), before, |kept| &kept.tier)?,
        allowed_first_auth_factors: first_factors::read(
            sign_in_policy.as_ref(),
            before.map(|before| &before.allowed_first_auth_factors),
        )?,
        // Anything but OFF is refused above, and so is another key than the server's.
        add_ons_off: user_pool_add_ons.is_some(),
        acr: acr::read(acr_configuration)?,
        issuer: issuer::read(issuer_configuration.as_ref(), before),
        key_of_the_server: key_configuration.is_some_and(|key| key.key_type.is_some()),
        // Set by an operation of their own.
        sessions: before.map_or_else(SessionTracking::default, |before| before.sessions.clone()),
        devices: device_configuration.as_ref().and_then(devices),
    })
}

/// What is given, or else what the pool has, or else the default.
fn given_or_kept<T: Clone + Default>(
    given: Option<Result<T>>,
    before: Option<&Settings>,
    setting: impl Fn(&Settings) -> &T,
) -> Result<T> {
    given.unwrap_or_else(|| {
        Ok(before
            .map(|before| setting(before).clone())
            .unwrap_or_default())
    })
}

/// Checks that the settings fit each other.
fn check(settings: &Settings, before: Option<&Settings>) -> Result<()> {
    if mfa_settings::passkeys_lack_a_factor(settings) {
        return Err(Error::passkeys_not_configured_for_mfa());
    }
    let has_had_a_tier = before.is_some_and(|before| before.tier != settings.tier);
    let checked = check_tier(settings).and_then(|()| mfa_settings::check(settings));
    checked.map_err(|error| match error.code {
        ErrorCode::FeatureUnavailableInTier if has_had_a_tier => {
            Error::tier_change_not_allowed(error.message)
        }
        _ => error,
    })
}

/// Checks what takes a higher tier than the least.
fn check_tier(settings: &Settings) -> Result<()> {
    if settings.tier != Tier::Lite {
        return Ok(());
    }
    if settings.password_policy.history_size > 0 {
        return Err(Error::tier_lacks("PasswordHistorySize"));
    }
    if settings.sessions.enabled {
        return Err(Error::tier_lacks("UserSessionTracking"));
    }
    if !settings.acr.are_default() {
        return Err(Error::tier_lacks("AcrConfiguration"));
    }
    Ok(())
}

/// Any value, even false, switches the remembering of devices on (docs/protocol.md §10.3).
fn devices(given: &DeviceConfigurationType) -> Option<DeviceSettings> {
    let stands_in_for_mfa = given.challenge_required_on_new_device;
    let remembered_on_prompt = given.device_only_remembered_on_user_prompt;
    let is_any = stands_in_for_mfa.is_some() || remembered_on_prompt.is_some();
    is_any.then(|| DeviceSettings {
        stands_in_for_mfa: stands_in_for_mfa.unwrap_or(false),
        remembered_on_prompt: remembered_on_prompt.unwrap_or(false),
    })
}

/// What users of a new pool sign in with.
///
/// # Errors
/// `InvalidParameterException` when aliases and names that are addresses are both asked for.
pub(super) fn sign_in_names(
    aliases: Option<Vec<AliasAttributeType>>,
    attributes: Option<Vec<UsernameAttributeType>>,
) -> Result<SignInNames> {
    let aliases: BTreeSet<_> = aliases
        .unwrap_or_default()
        .iter()
        .filter_map(alias)
        .collect();
    let attributes: BTreeSet<_> = attributes
        .unwrap_or_default()
        .iter()
        .filter_map(|attribute| Contact::of(attribute.as_str()))
        .collect();
    match (aliases.is_empty(), attributes.is_empty()) {
        (false, false) => Err(Error::aliases_and_username_attributes()),
        (true, false) => Ok(SignInNames::Attributes(attributes)),
        (_, true) => Ok(SignInNames::Username { aliases }),
    }
}

// Validation lets only the model's values in, so the unknown ones that are left out here and below
// never arrive.
fn alias(alias: &AliasAttributeType) -> Option<AliasAttribute> {
    match alias {
        AliasAttributeType::Email => Some(AliasAttribute::Email),
        AliasAttributeType::PhoneNumber => Some(AliasAttribute::PhoneNumber),
        AliasAttributeType::PreferredUsername => Some(AliasAttribute::PreferredUsername),
        AliasAttributeType::Unknown(_) => None,
    }
}

/// The contact attributes whose new value has to be verified before it counts: a code goes to each,
/// so they are among those that the pool verifies.
fn verified_before_update(
    settings: Option<UserAttributeUpdateSettingsType>,
    auto_verified: &BTreeSet<Contact>,
) -> Result<BTreeSet<Contact>> {
    let named = settings.and_then(|given| given.attributes_require_verification_before_update);
    let named = contacts(&named.unwrap_or_default());
    if named.is_subset(auto_verified) {
        Ok(named)
    } else {
        Err(Error::verified_before_update_but_not_automatically())
    }
}

fn contacts(attributes: &[VerifiedAttributeType]) -> BTreeSet<Contact> {
    attributes
        .iter()
        .filter_map(|attribute| Contact::of(attribute.as_str()))
        .collect()
}

/// In a policy that is given, a requirement that is left out is none: the members are plain
/// booleans in AWS's model. Only a policy that is left out altogether is the one that the pool has,
/// or in a new pool the default one.
fn read_password_policy(
    policy: Option<PasswordPolicyType>,
    admin_create_user: &AdminCreateUserConfigType,
    kept: Option<&PasswordPolicy>,
) -> Result<PasswordPolicy> {
    let default = PasswordPolicy::default();
    // Zero means not given, in both.
    let given = |days: Option<i32>| days.map(i32::unsigned_abs).filter(|days| *days != 0);
    let temporary = given(
        policy
            .as_ref()
            .and_then(|policy| policy.temporary_password_validity_days),
    );
    let unused = given(admin_create_user.unused_account_validity_days);
    if temporary.is_some() && unused.is_some() {
        return Err(Error::temporary_password_validity_twice());
    }
    let Some(policy) = policy else {
        let kept = kept.unwrap_or(&default);
        return Ok(PasswordPolicy {
            temporary_validity_days: unused.unwrap_or(kept.temporary_validity_days),
            ..kept.clone()
        });
    };
    let temporary_validity_days = temporary
        .or(unused)
        .unwrap_or(default.temporary_validity_days);
    Ok(PasswordPolicy {
        minimum_length: policy
            .minimum_length
            .map_or(default.minimum_length, i32::unsigned_abs),
        require_uppercase: policy.require_uppercase.unwrap_or(false),
        require_lowercase: policy.require_lowercase.unwrap_or(false),
        require_numbers: policy.require_numbers.unwrap_or(false),
        require_symbols: policy.require_symbols.unwrap_or(false),
        temporary_validity_days,
        history_size: policy.password_history_size.map_or(0, i32::unsigned_abs),
    })
}

fn recovery(setting: AccountRecoverySettingType) -> Result<Option<Vec<RecoveryMechanism>>> {
    let mut by_priority = BTreeMap::new();
    for option in setting.recovery_mechanisms.unwrap_or_default() {
        let mechanism = match option.name {
            RecoveryOptionNameType::VerifiedEmail => RecoveryMechanism::VerifiedEmail,
            RecoveryOptionNameType::VerifiedPhoneNumber => RecoveryMechanism::VerifiedPhoneNumber,
            RecoveryOptionNameType::AdminOnly => RecoveryMechanism::AdminOnly,
            RecoveryOptionNameType::Unknown(name) => {
                return Err(Error::unknown_value(name));
            }
        };
        let named_before = by_priority.values().any(|before| *before == mechanism);
        if by_priority.insert(option.priority, mechanism).is_some() || named_before {
            return Err(Error::recovery_twice());
        }
    }
    let mechanisms: Vec<_> = by_priority.into_values().collect();
    if mechanisms.len() > 1 && mechanisms.contains(&RecoveryMechanism::AdminOnly) {
        return Err(Error::recovery_by_admins_and_others());
    }
    Ok((!mechanisms.is_empty()).then_some(mechanisms))
}

fn tier(tier: UserPoolTierType) -> Result<Tier> {
    match tier {
        UserPoolTierType::Lite => Ok(Tier::Lite),
        UserPoolTierType::Essentials => Ok(Tier::Essentials),
        UserPoolTierType::Plus => Ok(Tier::Plus),
        UserPoolTierType::Unknown(tier) => Err(Error::unknown_value(tier)),
    }
}
