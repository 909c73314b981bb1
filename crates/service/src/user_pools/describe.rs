//! A user pool as the wire shows it: complete, because an update is made of what Describe gave,
//! with the change in it.

use std::collections::BTreeSet;

use cognate_api::Timestamp;
use cognate_api::idp::{
    AccountRecoverySettingType, AdminCreateUserConfigType, AdvancedSecurityModeType,
    AliasAttributeType, DefaultEmailOptionType, DeletionProtectionType, DeviceConfigurationType,
    EmailConfigurationType, EmailSendingAccountType, EncryptionKeyType, KeyConfigurationType,
    LambdaConfigType, MessageTemplateType, PasswordPolicyType, RecoveryOptionNameType,
    RecoveryOptionType, UserAttributeUpdateSettingsType, UserPoolAddOnsType,
    UserPoolDescriptionType, UserPoolPolicyType, UserPoolTierType, UserPoolType,
    UsernameAttributeType, UsernameConfigurationType, VerificationMessageTemplateType,
    VerifiedAttributeType,
};
use cognate_model::UserPool;
use cognate_model::attribute::Contact;
use cognate_model::password::PasswordPolicy;
use cognate_model::user_pool::{
    AliasAttribute, EmailSettings, Messages, RecoveryMechanism, Settings, SignInNames, Tier,
};

use super::{acr, first_factors, issuer, mfa_settings, schema, sms};

/// The whole pool.
pub(super) fn full(pool: &UserPool, arn: &str, number_of_users: i64) -> UserPoolType {
    let settings = &pool.settings;
    let (alias_attributes, username_attributes) = sign_in_names(&pool.sign_in_names);
    UserPoolType {
        id: Some(pool.id.to_string()),
        name: Some(settings.name.clone()),
        policies: Some(policies(settings)),
        deletion_protection: Some(if settings.deletion_protection {
            DeletionProtectionType::Active
        } else {
            DeletionProtectionType::Inactive
        }),
        lambda_config: Some(LambdaConfigType::default()),
        last_modified_date: Some(Timestamp(pool.modified_at.0)),
        creation_date: Some(Timestamp(pool.created_at.0)),
        schema_attributes: Some(pool.schema.0.iter().map(schema::describe).collect()),
        auto_verified_attributes: unless_empty(verified_attributes(&settings.auto_verified)),
        alias_attributes,
        username_attributes,
        sms_verification_message: settings.messages.verification_sms.clone(),
        email_verification_message: settings.messages.verification_email.clone(),
        email_verification_subject: settings.messages.verification_email_subject.clone(),
        verification_message_template: Some(verification_messages(&settings.messages)),
        user_attribute_update_settings: Some(UserAttributeUpdateSettingsType {
            attributes_require_verification_before_update: Some(verified_attributes(
                &settings.verified_before_update,
            )),
        }),
        mfa_configuration: Some(mfa_settings::describe_configuration(
            settings.mfa.configuration,
        )),
        estimated_number_of_users: Some(i32::try_from(number_of_users).unwrap_or(i32::MAX)),
        email_configuration: Some(email(&settings.email)),
        sms_configuration: settings.sms.as_ref().map(sms::describe),
        user_pool_tags: Some(settings.tags.clone()),
        admin_create_user_config: Some(admin_create_user(settings)),
        username_configuration: Some(UsernameConfigurationType {
            case_sensitive: pool.case_sensitive,
        }),
        arn: Some(arn.to_owned()),
        account_recovery_setting: settings.recovery.as_deref().map(recovery),
        user_pool_tier: Some(tier(settings.tier)),
        acr_configuration: Some(acr::describe(&settings.acr)),
        user_pool_add_ons: settings.add_ons_off.then_some(UserPoolAddOnsType {
            advanced_security_mode: AdvancedSecurityModeType::Off,
            advanced_security_additional_flows: None,
        }),
        device_configuration: settings.devices.map(|devices| DeviceConfigurationType {
            challenge_required_on_new_device: Some(devices.stands_in_for_mfa),
            device_only_remembered_on_user_prompt: Some(devices.remembered_on_prompt),
        }),
        issuer_configuration: settings.issuer.map(issuer::describe),
        key_configuration: settings.key_of_the_server.then_some(KeyConfigurationType {
            key_type: Some(EncryptionKeyType::AwsOwnedKey),
            kms_key_arn: None,
        }),
        // Long out of use at AWS.
        status: None,
        sms_authentication_message: settings.messages.authentication_sms.clone(),
        // Not built: see not_built.rs.
        dcr_configuration: None,
        domain: None,
        custom_domain: None,
        // What AWS tells of its own mail and SMS services.
        sms_configuration_failure: None,
        email_configuration_failure: None,
    }
}

/// The pool as ListUserPools shows it.
pub(super) fn in_list(pool: &UserPool) -> UserPoolDescriptionType {
    UserPoolDescriptionType {
        id: Some(pool.id.to_string()),
        name: Some(pool.settings.name.clone()),
        lambda_config: Some(LambdaConfigType::default()),
        status: None,
        last_modified_date: Some(Timestamp(pool.modified_at.0)),
        creation_date: Some(Timestamp(pool.created_at.0)),
        replica_regions: None,
    }
}

fn policies(settings: &Settings) -> UserPoolPolicyType {
    let PasswordPolicy {
        minimum_length,
        require_uppercase,
        require_lowercase,
        require_numbers,
        require_symbols,
        temporary_validity_days,
        history_size,
    } = settings.password_policy;
    let password_policy = PasswordPolicyType {
        minimum_length: i32::try_from(minimum_length).ok(),
        require_uppercase: Some(require_uppercase),
        require_lowercase: Some(require_lowercase),
        require_numbers: Some(require_numbers),
        require_symbols: Some(require_symbols),
        // Not shown where there is none (PasswordPolicyType).
        password_history_size: i32::try_from(history_size).ok().filter(|size| *size > 0),
        temporary_password_validity_days: i32::try_from(temporary_validity_days).ok(),
    };
    UserPoolPolicyType {
        password_policy: Some(password_policy),
        sign_in_policy: first_factors::describe(settings),
    }
}

fn sign_in_names(
    names: &SignInNames,
) -> (
    Option<Vec<AliasAttributeType>>,
    Option<Vec<UsernameAttributeType>>,
) {
    match names {
        SignInNames::Username { aliases } => {
            (unless_empty(aliases.iter().map(alias).collect()), None)
        }
        SignInNames::Attributes(contacts) => {
            let attributes = contacts
                .iter()
                .map(|contact| UsernameAttributeType::from(contact.attribute()));
            (None, unless_empty(attributes.collect()))
        }
    }
}

fn alias(alias: &AliasAttribute) -> AliasAttributeType {
    match alias {
        AliasAttribute::Email => AliasAttributeType::Email,
        AliasAttribute::PhoneNumber => AliasAttributeType::PhoneNumber,
        AliasAttribute::PreferredUsername => AliasAttributeType::PreferredUsername,
    }
}

fn verified_attributes(contacts: &BTreeSet<Contact>) -> Vec<VerifiedAttributeType> {
    contacts
        .iter()
        .map(|contact| VerifiedAttributeType::from(contact.attribute()))
        .collect()
}

fn verification_messages(messages: &Messages) -> VerificationMessageTemplateType {
    let option = if messages.confirm_with_link {
        DefaultEmailOptionType::ConfirmWithLink
    } else {
        DefaultEmailOptionType::ConfirmWithCode
    };
    VerificationMessageTemplateType {
        sms_message: messages.verification_sms.clone(),
        email_message: messages.verification_email.clone(),
        email_subject: messages.verification_email_subject.clone(),
        email_message_by_link: messages.link_email.clone(),
        email_subject_by_link: messages.link_email_subject.clone(),
        default_email_option: Some(option),
    }
}

fn email(settings: &EmailSettings) -> EmailConfigurationType {
    let account = if settings.developer_account {
        EmailSendingAccountType::Developer
    } else {
        EmailSendingAccountType::CognitoDefault
    };
    EmailConfigurationType {
        source_arn: settings.source_arn.clone(),
        reply_to_email_address: settings.reply_to.clone(),
        email_sending_account: Some(account),
        from: settings.from.clone(),
        configuration_set: None,
    }
}

fn admin_create_user(settings: &Settings) -> AdminCreateUserConfigType {
    let messages = &settings.messages;
    let invitation = MessageTemplateType {
        sms_message: messages.invitation_sms.clone(),
        email_message: messages.invitation_email.clone(),
        email_subject: messages.invitation_email_subject.clone(),
    };
    let has_invitation = invitation.sms_message.is_some()
        || invitation.email_message.is_some()
        || invitation.email_subject.is_some();
    AdminCreateUserConfigType {
        allow_admin_create_user_only: Some(settings.admin_create_user_only),
        // The older name of the validity in the password policy, which AWS shows beside it.
        unused_account_validity_days: i32::try_from(
            settings.password_policy.temporary_validity_days,
        )
        .ok(),
        invite_message_template: has_invitation.then_some(invitation),
    }
}

fn recovery(mechanisms: &[RecoveryMechanism]) -> AccountRecoverySettingType {
    let option = |(priority, mechanism): (i32, &RecoveryMechanism)| RecoveryOptionType {
        priority,
        name: match mechanism {
            RecoveryMechanism::VerifiedEmail => RecoveryOptionNameType::VerifiedEmail,
            RecoveryMechanism::VerifiedPhoneNumber => RecoveryOptionNameType::VerifiedPhoneNumber,
            RecoveryMechanism::AdminOnly => RecoveryOptionNameType::AdminOnly,
        },
    };
    AccountRecoverySettingType {
        recovery_mechanisms: Some((1..).zip(mechanisms).map(option).collect()),
    }
}

fn tier(tier: Tier) -> UserPoolTierType {
    match tier {
        Tier::Lite => UserPoolTierType::Lite,
        Tier::Essentials => UserPoolTierType::Essentials,
        Tier::Plus => UserPoolTierType::Plus,
    }
}

fn unless_empty<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}
