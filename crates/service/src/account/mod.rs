//! A user's own account: profile and password, and the way back from a changed address.

mod attributes;
mod passwords;
mod profile;
pub(crate) mod recovery;
mod verification;
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
        .on(op::UpdateUserAttributes, attributes::update_user_attributes)
        .on(op::DeleteUserAttributes, attributes::delete_user_attributes)
        .on(
            op::GetUserAttributeVerificationCode,
            verification::get_user_attribute_verification_code,
        )
        .on(op::VerifyUserAttribute, verification::verify_user_attribute)
        .on(op::DeleteUser, profile::delete_user)
}
