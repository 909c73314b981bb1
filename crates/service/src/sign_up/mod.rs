//! Sign-up: a new account, and its confirmation.

pub(crate) mod new_account;

use cognate_api::idp::op;

use crate::Operations;

/// The operations of a sign-up.
pub(crate) fn operations() -> Operations {
    Operations::new()
        .on(op::SignUp, new_account::sign_up)
        .on(op::ConfirmSignUp, new_account::confirm_sign_up)
        .on(
            op::ResendConfirmationCode,
            new_account::resend_confirmation_code,
        )
        .on(op::AdminConfirmSignUp, new_account::admin_confirm_sign_up)
}
