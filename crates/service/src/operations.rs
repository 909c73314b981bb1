//! The operations that are built: the only list of their names. docs/coverage.md is made from it.

use cognate_api::idp::op;

use crate::{
    Operations, admin_attributes, admin_users, app_clients, initiate_auth, passwords, profile,
    sign_out, sign_up, user_pools,
};

/// The operations that are built.
#[must_use]
pub fn operations() -> Operations {
    Operations::new()
        // User pools and their app clients.
        .on(op::CreateUserPool, user_pools::create_user_pool)
        .on(op::DescribeUserPool, user_pools::describe_user_pool)
        .on(op::UpdateUserPool, user_pools::update_user_pool)
        .on(op::DeleteUserPool, user_pools::delete_user_pool)
        .on(op::ListUserPools, user_pools::list_user_pools)
        .on(op::AddCustomAttributes, user_pools::add_custom_attributes)
        .on(
            op::GetUserPoolMfaConfig,
            user_pools::get_user_pool_mfa_config,
        )
        .on(
            op::SetUserPoolMfaConfig,
            user_pools::set_user_pool_mfa_config,
        )
        .on(op::TagResource, user_pools::tag_resource)
        .on(op::UntagResource, user_pools::untag_resource)
        .on(op::ListTagsForResource, user_pools::list_tags_for_resource)
        .on(
            op::CreateUserPoolClient,
            app_clients::create_user_pool_client,
        )
        .on(
            op::DescribeUserPoolClient,
            app_clients::describe_user_pool_client,
        )
        .on(
            op::UpdateUserPoolClient,
            app_clients::update_user_pool_client,
        )
        .on(
            op::DeleteUserPoolClient,
            app_clients::delete_user_pool_client,
        )
        .on(op::ListUserPoolClients, app_clients::list_user_pool_clients)
        // Sign-up.
        .on(op::SignUp, sign_up::sign_up)
        .on(op::ConfirmSignUp, sign_up::confirm_sign_up)
        .on(
            op::ResendConfirmationCode,
            sign_up::resend_confirmation_code,
        )
        .on(op::AdminConfirmSignUp, sign_up::admin_confirm_sign_up)
        // Users in an operator's hands.
        .on(op::AdminCreateUser, admin_users::admin_create_user)
        .on(op::AdminGetUser, admin_users::admin_get_user)
        .on(op::AdminDeleteUser, admin_users::admin_delete_user)
        .on(op::AdminDisableUser, admin_users::admin_disable_user)
        .on(op::AdminEnableUser, admin_users::admin_enable_user)
        .on(
            op::AdminSetUserPassword,
            admin_users::admin_set_user_password,
        )
        .on(
            op::AdminResetUserPassword,
            admin_users::admin_reset_user_password,
        )
        .on(
            op::AdminUpdateUserAttributes,
            admin_attributes::admin_update_user_attributes,
        )
        .on(
            op::AdminDeleteUserAttributes,
            admin_attributes::admin_delete_user_attributes,
        )
        .on(op::ListUsers, admin_users::list_users)
        // Sign-in.
        .on(op::InitiateAuth, initiate_auth::initiate_auth)
        .on(op::AdminInitiateAuth, initiate_auth::admin_initiate_auth)
        .on(
            op::RespondToAuthChallenge,
            initiate_auth::respond_to_auth_challenge,
        )
        .on(
            op::AdminRespondToAuthChallenge,
            initiate_auth::admin_respond_to_auth_challenge,
        )
        .on(
            op::GetTokensFromRefreshToken,
            initiate_auth::get_tokens_from_refresh_token,
        )
        // Sign-out.
        .on(op::GlobalSignOut, sign_out::global_sign_out)
        .on(
            op::AdminUserGlobalSignOut,
            sign_out::admin_user_global_sign_out,
        )
        .on(op::RevokeToken, sign_out::revoke_token)
        // Passwords.
        .on(op::ForgotPassword, passwords::forgot_password)
        .on(
            op::ConfirmForgotPassword,
            passwords::confirm_forgot_password,
        )
        .on(op::ChangePassword, passwords::change_password)
        // A signed-in user's own account.
        .on(op::GetUser, profile::get_user)
        .on(op::UpdateUserAttributes, profile::update_user_attributes)
        .on(op::DeleteUserAttributes, profile::delete_user_attributes)
        .on(
            op::GetUserAttributeVerificationCode,
            profile::get_user_attribute_verification_code,
        )
        .on(op::VerifyUserAttribute, profile::verify_user_attribute)
        .on(op::DeleteUser, profile::delete_user)
}
