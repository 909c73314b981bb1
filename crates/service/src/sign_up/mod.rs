//! Sign-up: a new account, and its confirmation.

mod code;
pub(crate) mod confirmation;
mod new_account;

use cognate_api::idp::op;

use crate::Operations;

/// The operations of a sign-up.
pub(crate) fn operations() -> Operations {
    Operations::new()
        .on(op::SignUp, new_account::sign_up)
        .on(op::ConfirmSignUp, confirmation::confirm_sign_up)
        .on(
            op::ResendConfirmationCode,
            confirmation::resend_confirmation_code,
        )
        .on(op::AdminConfirmSignUp, confirmation::admin_confirm_sign_up)
}
