//! Tokens and the sessions that they belong to: given, refreshed, checked, ended.

pub(crate) mod access_token;
pub(crate) mod refresh;
pub(crate) mod refresh_token;
mod sign_out;
pub(crate) mod token_set;

use cognate_api::idp::op;

use crate::Operations;

/// The operations that end sessions.
pub(crate) fn operations() -> Operations {
    Operations::new()
        .on(op::GlobalSignOut, sign_out::global_sign_out)
        .on(
            op::AdminUserGlobalSignOut,
            sign_out::admin_user_global_sign_out,
        )
        .on(op::RevokeToken, sign_out::revoke_token)
}
