//! A user's own account: profile and password, and the way back from a changed address.

pub(crate) mod passwords;
pub(crate) mod profile;
pub(crate) mod way_back;

use cognate_api::idp::op;

use crate::Operations;

/// What users do with their own accounts.
pub(crate) fn operations() -> Operations {
    Operations::new()
        .on(op::ForgotPassword, passwords::forgot_password)
        .on(
            op::ConfirmForgotPassword,
            passwords::confirm_forgot_password,
        )
        .on(op::ChangePassword, passwords::change_password)
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
