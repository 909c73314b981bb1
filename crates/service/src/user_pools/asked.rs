//! What a request asks of a pool: what can change later, and what can only be said when the pool is
//! made.

use cognate_api::idp::{
    AliasAttributeType, CreateUserPoolRequest, SchemaAttributeType, UpdateUserPoolRequest,
    UsernameAttributeType, UsernameConfigurationType,
};

/// What a request asks for: UpdateUserPool has exactly the members that a pool's settings are made
/// of, and CreateUserPool has them and those of [`Fixed`].
pub(super) type Asked = UpdateUserPoolRequest;

/// What can only be said when a pool is made.
pub(super) struct Fixed {
    pub(super) alias_attributes: Option<Vec<AliasAttributeType>>,
    pub(super) username_attributes: Option<Vec<UsernameAttributeType>>,
    pub(super) username_configuration: Option<UsernameConfigurationType>,
    pub(super) schema: Option<Vec<SchemaAttributeType>>,
}

/// What a new pool asks for, parted into what can change later and what can't.
pub(super) fn asked_of_new(input: CreateUserPoolRequest) -> (Asked, Fixed) {
    // Without `..`, so that a member which the model gains is not passed over.
    let CreateUserPoolRequest {
        pool_name,
        policies,
        deletion_protection,
        lambda_config,
        auto_verified_attributes,
        alias_attributes,
        username_attributes,
        sms_verification_message,
        email_verification_message,
        email_verification_subject,
        verification_message_template,
        sms_authentication_message,
        mfa_configuration,
        user_attribute_update_settings,
        device_configuration,
        email_configuration,
        sms_configuration,
        user_pool_tags,
        admin_create_user_config,
        schema,
        user_pool_add_ons,
        dcr_configuration,
        username_configuration,
        account_recovery_setting,
        user_pool_tier,
        key_configuration,
        issuer_configuration,
        acr_configuration,
    } = input;
    let asked = Asked {
        user_pool_id: String::new(),
        pool_name: Some(pool_name),
        policies,
        deletion_protection,
        lambda_config,
        auto_verified_attributes,
        sms_verification_message,
        email_verification_message,
        email_verification_subject,
        verification_message_template,
        sms_authentication_message,
        user_attribute_update_settings,
        mfa_configuration,
        device_configuration,
        email_configuration,
        sms_configuration,
        user_pool_tags,
        admin_create_user_config,
        user_pool_add_ons,
        dcr_configuration,
        account_recovery_setting,
        user_pool_tier,
        key_configuration,
        issuer_configuration,
        acr_configuration,
    };
    (
        asked,
        Fixed {
            alias_attributes,
            username_attributes,
            username_configuration,
            schema,
        },
    )
}
