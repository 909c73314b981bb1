#![allow(clippy::unwrap_used, clippy::expect_used)]

use cognate_model::attribute::{Contact, Schema};
use cognate_model::second_factor::MfaConfiguration;
use cognate_model::user_pool::{IssuerForm, RecoveryMechanism, Settings, SignInNames, Tier};
use cognate_model::{FirstFactor, Timestamp, UserPool, UserPoolId};
use serde_json::{Value, json};

use super::{read, sign_in_names};
use crate::user_pools::asked::asked_of_new;
use crate::user_pools::pools::tests::{create_request, request};
use crate::user_pools::{mfa_settings, schema};
use crate::{ErrorCode, Result};

/// A pool of such settings.
fn pool_of(members: Value) -> UserPool {
    UserPool {
        id: UserPoolId::parse("us-east-1_abc").unwrap(),
        created_at: Timestamp(0),
        modified_at: Timestamp(0),
        revision: 1,
        sign_in_names: SignInNames::Username { aliases: [].into() },
        case_sensitive: false,
        schema: Schema::default(),
        beside: None,
        settings: settings_of(members).unwrap(),
    }
}

/// The settings that a new pool would get, without a pool being made.
fn settings_of(members: Value) -> Result<Settings> {
    read(asked_of_new(create_request(members)).0, None)
}

fn refusal(members: Value) -> String {
    let error = settings_of(members).unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidParameter);
    error.message
}

#[test]
fn a_pool_that_asks_for_nothing_gets_the_defaults() {
    let settings = settings_of(json!({})).unwrap();
    let policy = &settings.password_policy;
    assert_eq!(
        (policy.minimum_length, policy.temporary_validity_days),
        (8, 7)
    );
    assert!(
        policy.require_uppercase
            && policy.require_lowercase
            && policy.require_numbers
            && policy.require_symbols
    );
    assert_eq!(settings.tier, Tier::Essentials);
    assert_eq!(settings.recovery, None);
    assert!(
        !settings.deletion_protection
            && !settings.admin_create_user_only
            && !settings.messages.confirm_with_link
    );
}

/// Members that are not built, each with a request that asks for it.
const NOT_BUILT: &[(&str, &str)] = &[
    (
        "LambdaConfig.PreSignUp",
        r#"{"LambdaConfig": {"PreSignUp": "arn:aws:lambda:us-east-1:123456789012:function:f"}}"#,
    ),
    (
        "LambdaConfig.CustomSMSSender",
        r#"{"LambdaConfig": {"CustomSMSSender": {"LambdaVersion": "V1_0", "LambdaArn": "arn:aws:lambda:us-east-1:123456789012:function:f"}}}"#,
    ),
    (
        "LambdaConfig.KMSKeyID",
        r#"{"LambdaConfig": {"KMSKeyID": "arn:aws:lambda:us-east-1:123456789012:function:f"}}"#,
    ),
    (
        "EmailConfiguration.ConfigurationSet",
        r#"{"EmailConfiguration": {"ConfigurationSet": "set"}}"#,
    ),
    (
        "SmsConfiguration.EumsSms",
        r#"{"SmsConfiguration": {"EumsSms": {"CallerArn": "arn:aws:lambda:us-east-1:123456789012:function:f"}}}"#,
    ),
    (
        "UserPoolAddOns other than AdvancedSecurityMode OFF",
        r#"{"UserPoolAddOns": {"AdvancedSecurityMode": "AUDIT"}}"#,
    ),
    (
        "UserPoolAddOns other than AdvancedSecurityMode OFF",
        r#"{"UserPoolAddOns": {"AdvancedSecurityMode": "OFF", "AdvancedSecurityAdditionalFlows": {"CustomAuthMode": "AUDIT"}}}"#,
    ),
    ("DcrConfiguration", r#"{"DcrConfiguration": {}}"#),
    (
        "DcrConfiguration",
        r#"{"DcrConfiguration": {"EnableStatus": "Enabled"}}"#,
    ),
    (
        "KeyConfiguration other than AWS_OWNED_KEY",
        r#"{"KeyConfiguration": {"KeyType": "CUSTOMER_MANAGED_KEY"}}"#,
    ),
    (
        "KeyConfiguration other than AWS_OWNED_KEY",
        r#"{"KeyConfiguration": {"KmsKeyArn": "arn:aws:lambda:us-east-1:123456789012:function:f"}}"#,
    ),
];

#[test]
fn every_setting_that_is_not_built_is_refused_by_its_name() {
    for (member, asked) in NOT_BUILT {
        let asked = serde_json::from_str(asked).unwrap();
        let told = refusal(asked);
        let named = told.strip_prefix("Cognate does not support ").unwrap();
        let rest = named.strip_prefix(member).unwrap();
        assert!(rest == " yet" || rest.starts_with(": "), "{told}");
    }
}

#[test]
fn devices_are_remembered_as_soon_as_anything_is_said_of_them() {
    let devices = |given: serde_json::Value| {
        let settings = settings_of(json!({ "DeviceConfiguration": given })).unwrap();
        settings.devices
    };
    let remembered = |stands_in_for_mfa, remembered_on_prompt| {
        Some(cognate_model::device::DeviceSettings {
            stands_in_for_mfa,
            remembered_on_prompt,
        })
    };
    assert_eq!(devices(json!({})), None);
    for off in [
        json!({"ChallengeRequiredOnNewDevice": false}),
        json!({"DeviceOnlyRememberedOnUserPrompt": false}),
        json!({"ChallengeRequiredOnNewDevice": false, "DeviceOnlyRememberedOnUserPrompt": false}),
    ] {
        assert_eq!(devices(off), remembered(false, false));
    }
    let on = json!({"ChallengeRequiredOnNewDevice": true});
    assert_eq!(devices(on), remembered(true, false));
    let on = json!({"DeviceOnlyRememberedOnUserPrompt": true});
    assert_eq!(devices(on), remembered(false, true));
}

#[test]
fn what_is_switched_off_or_empty_passes() {
    let off = json!({
        "LambdaConfig": {}, "MfaConfiguration": "OFF", "DeviceConfiguration": {}, "EmailConfiguration": {}, "SmsConfiguration": {},
        "DcrConfiguration": {"EnableStatus": "Disabled"},
        "KeyConfiguration": {}, "IssuerConfiguration": {}, "AcrConfiguration": {},
        "AutoVerifiedAttributes": [], "AliasAttributes": [], "UsernameAttributes": [], "AccountRecoverySetting": {},
        "UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": []}, "AdminCreateUserConfig": {},
        "VerificationMessageTemplate": {}, "UserPoolTags": {}, "Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD"]}},
    });
    let plain = settings_of(json!({})).unwrap();
    assert_eq!(settings_of(off).unwrap(), plain);
    // What is as it would be without a word is kept, to be shown again.
    let said = json!({"KeyConfiguration": {"KeyType": "AWS_OWNED_KEY"}, "IssuerConfiguration": {"Type": "ORIGINAL"}});
    let said = settings_of(said).unwrap();
    assert!(said.key_of_the_server && said.issuer == Some(IssuerForm::Original));
}

#[test]
fn a_sign_in_policy_without_passwords_is_refused() {
    let without = json!({"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["WEB_AUTHN"]}}});
    assert_eq!(
        refusal(without),
        "Password should be configured as one of the allowed first auth factors."
    );
}

#[test]
fn days_that_are_said_outside_the_policy_change_the_one_that_is_kept() {
    let policy = json!({"MinimumLength": 12, "TemporaryPasswordValidityDays": 3});
    let pool = pool_of(json!({"Policies": {"PasswordPolicy": policy}}));
    let update = |members: Value| {
        let settings = read(request(members), Some(&pool)).unwrap();
        let policy = settings.password_policy;
        (policy.minimum_length, policy.temporary_validity_days)
    };
    let id = pool.id.as_str();
    assert_eq!(update(json!({"UserPoolId": id})), (12, 3));
    let days =
        json!({"UserPoolId": id, "AdminCreateUserConfig": {"UnusedAccountValidityDays": 30}});
    assert_eq!(update(days), (12, 30));
}

#[test]
fn a_stored_pool_of_before_has_no_add_ons() {
    let mut stored = serde_json::to_value(pool_of(json!({}))).unwrap();
    let object = stored.as_object_mut().unwrap();
    object.remove("add_ons_off").unwrap();
    let pool: UserPool = serde_json::from_value(stored).unwrap();
    assert!(!pool.settings.add_ons_off);
}

#[test]
fn a_password_policy_that_is_given_asks_only_for_what_it_names() {
    let settings = settings_of(
        json!({"Policies": {"PasswordPolicy": {"MinimumLength": 6, "RequireNumbers": true}}}),
    )
    .unwrap();
    let policy = settings.password_policy;
    assert_eq!(policy.minimum_length, 6);
    assert!(
        policy.require_numbers
            && !policy.require_symbols
            && !policy.require_uppercase
            && !policy.require_lowercase
    );
}

#[test]
fn the_validity_of_temporary_passwords_is_said_in_one_place() {
    let days = |temporary: Option<i32>, unused: Option<i32>| {
        json!({
            "Policies": {"PasswordPolicy": {"TemporaryPasswordValidityDays": temporary}},
            "AdminCreateUserConfig": {"UnusedAccountValidityDays": unused},
        })
    };
    for (temporary, unused, expected) in [
        (Some(0), None, 7),
        (Some(3), Some(0), 3),
        (Some(0), Some(30), 30),
        (None, Some(30), 30),
        (None, None, 7),
    ] {
        let settings = settings_of(days(temporary, unused)).unwrap();
        assert_eq!(
            settings.password_policy.temporary_validity_days, expected,
            "{temporary:?} {unused:?}"
        );
    }
    assert_eq!(
        refusal(days(Some(3), Some(3))),
        "Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays"
    );
}

#[test]
fn only_what_is_verified_automatically_can_be_verified_before_an_update() {
    let before_update = |auto: Value| json!({"AutoVerifiedAttributes": auto, "UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": ["email"]}});
    let settings = settings_of(before_update(json!(["phone_number", "email"]))).unwrap();
    assert!(
        settings.verified_before_update.contains(&Contact::Email)
            && settings.verified_before_update.len() == 1
    );
    let sentence = "All attributes in AttributesRequireVerificationBeforeUpdate must exist in AutoVerifiedAttributes";
    assert_eq!(refusal(before_update(json!(["phone_number"]))), sentence);
}

#[test]
fn ways_to_recover_stand_in_the_order_of_their_priority() {
    let mechanisms = |list: Value| json!({"AccountRecoverySetting": {"RecoveryMechanisms": list}});
    let email = json!({"Priority": 2, "Name": "verified_email"});
    let phone = json!({"Priority": 1, "Name": "verified_phone_number"});
    let settings = settings_of(mechanisms(json!([email, phone]))).unwrap();
    assert_eq!(
        settings.recovery,
        Some(vec![
            RecoveryMechanism::VerifiedPhoneNumber,
            RecoveryMechanism::VerifiedEmail
        ])
    );
    let twice = "Account Recovery Setting cannot have duplicate priorities or recovery mechanisms.";
    assert_eq!(
        refusal(mechanisms(
            json!([email, {"Priority": 2, "Name": "verified_phone_number"}])
        )),
        twice
    );
    assert_eq!(
        refusal(mechanisms(
            json!([email, {"Priority": 1, "Name": "verified_email"}])
        )),
        twice
    );
    assert_eq!(
        refusal(mechanisms(
            json!([email, {"Priority": 1, "Name": "admin_only"}])
        )),
        "Account Recovery Setting cannot use admin_only setting with any other recovery mechanisms."
    );
}

#[test]
fn a_text_given_in_two_places_must_be_the_same() {
    let both = |older: &str| json!({"EmailVerificationMessage": older, "VerificationMessageTemplate": {"EmailMessage": "A {####}", "SmsMessage": "B {####}"}});
    let messages = settings_of(both("A {####}")).unwrap().messages;
    assert_eq!(messages.verification_email.as_deref(), Some("A {####}"));
    assert_eq!(messages.verification_sms.as_deref(), Some("B {####}"));
    assert!(refusal(both("C {####}")).starts_with(
        "EmailVerificationMessage and VerificationMessageTemplate.EmailMessage are both given"
    ));
}

#[test]
fn mail_comes_from_an_address_or_a_name_with_one() {
    for from in [
        "a@example.com",
        "Ana <a@example.com>",
        "\"Ana, of Example\" <a@example.com>",
        "Example Inc. <a@example.com>",
    ] {
        let settings = settings_of(json!({"EmailConfiguration": {"From": from}})).unwrap();
        assert_eq!(settings.email.from.as_deref(), Some(from));
    }
    for from in [
        "ana",
        "Ana <ana>",
        "a@example.com\r\nBcc: b@example.com",
        "Ana\n <a@example.com>",
        "a@example.com, b@example.com",
        "Ana <a@example.com> <b@example.com>",
        "\"Ana\" b\" <a@example.com>",
        "<a@example.com",
    ] {
        assert_eq!(
            refusal(json!({"EmailConfiguration": {"From": from}})),
            "Provided From email address is invalid",
            "{from:?}"
        );
    }
    let reply_to = json!({"EmailConfiguration": {"ReplyToEmailAddress": "a@example.com\r\nBcc:b@example.com"}});
    assert_eq!(refusal(reply_to), "Invalid email address format.");
}

#[test]
fn a_developer_account_for_mail_needs_its_identity() {
    let developer = json!({"EmailConfiguration": {"EmailSendingAccount": "DEVELOPER"}});
    assert_eq!(
        refusal(developer),
        "Source ARN is required to use DEVELOPER email sending owner"
    );
    let arn = "arn:aws:ses:us-east-1:123456789012:identity/a@example.com";
    let email = settings_of(
        json!({"EmailConfiguration": {"EmailSendingAccount": "DEVELOPER", "SourceArn": arn}}),
    )
    .unwrap()
    .email;
    assert!(email.developer_account);
    assert_eq!(email.source_arn.as_deref(), Some(arn));
}

#[test]
fn tags_are_at_most_fifty_and_none_is_reserved() {
    let tags = |count: usize| json!({"UserPoolTags": (0..count).map(|n| (format!("k{n}"), json!("v"))).collect::<serde_json::Map<_, _>>()});
    assert_eq!(settings_of(tags(50)).unwrap().tags.len(), 50);
    assert_eq!(
        settings_of(tags(51)).unwrap_err().code,
        ErrorCode::UserPoolTagging
    );
    assert_eq!(
        settings_of(json!({"UserPoolTags": {"AWS:x": "v"}}))
            .unwrap_err()
            .code,
        ErrorCode::UserPoolTagging
    );
}

#[test]
fn aliases_and_names_that_are_addresses_exclude_each_other() {
    let names = |members: Value| {
        let (_, fixed) = asked_of_new(create_request(members));
        sign_in_names(fixed.alias_attributes, fixed.username_attributes)
    };
    let error =
        names(json!({"AliasAttributes": ["email"], "UsernameAttributes": ["email"]})).unwrap_err();
    assert_eq!(
        error.message,
        "Only one of the aliasAttributes or usernameAttributes can be set in a User pool."
    );
    assert_eq!(
        names(json!({"UsernameAttributes": ["email"]})).unwrap(),
        SignInNames::Attributes([Contact::Email].into())
    );
    assert_eq!(
        names(json!({})).unwrap(),
        SignInNames::Username { aliases: [].into() }
    );
}

#[test]
fn a_schema_names_custom_attributes_without_their_prefix() {
    let schema = |list: Value| schema::of_new_pool(request(list));
    let pool = schema(json!([
        {"Name": "email", "Required": true},
        {"Name": "level", "AttributeDataType": "Number", "Mutable": false, "NumberAttributeConstraints": {"MinValue": "1", "MaxValue": "9"}},
        {"Name": "note", "AttributeDataType": "String", "DeveloperOnlyAttribute": true},
    ]))
    .unwrap();
    let email = pool.find("email").unwrap();
    assert!(email.required && email.mutable && email.max_length.as_deref() == Some("2048"));
    let level = pool.find("custom:level").unwrap();
    assert!(!level.mutable && level.max_value.as_deref() == Some("9"));
    assert!(pool.find("dev:custom:note").unwrap().developer_only);
    for (list, sentence) in [
        (
            json!([{"Name": "custom:role", "AttributeDataType": "String"}]),
            "custom:role: the name of a custom attribute is given without its prefix",
        ),
        (
            json!([{"Name": "role"}]),
            "Invalid AttributeDataType input, consider using the provided AttributeDataType enum.",
        ),
        (
            json!([{"Name": "role", "AttributeDataType": "String", "Required": true}]),
            "Required custom attributes are not supported currently.",
        ),
        (
            json!([{"Name": "email", "AttributeDataType": "Number"}]),
            "You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute email",
        ),
    ] {
        let error = schema(list).unwrap_err();
        assert_eq!(
            (error.code, error.message.as_str()),
            (ErrorCode::InvalidParameter, sentence)
        );
    }
}

#[test]
fn where_everybody_is_asked_for_a_second_factor_no_sign_in_begins_with_a_code() {
    let mut settings = settings_of(json!({})).unwrap();
    settings.mfa.software_token = Some(true);
    for factor in [FirstFactor::EmailOtp, FirstFactor::SmsOtp] {
        settings.allowed_first_auth_factors = [FirstFactor::Password, factor].into();
        settings.mfa.configuration = MfaConfiguration::Optional;
        assert!(mfa_settings::check(&settings).is_ok());
        settings.mfa.configuration = MfaConfiguration::On;
        let refused = mfa_settings::check(&settings).unwrap_err();
        assert_eq!(
            refused.message,
            "Only PASSWORD and WEB_AUTHN (if configured) can be enabled as an auth factor if MFA is enabled"
        );
    }
}
