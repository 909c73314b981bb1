//! Tokens and the sessions that they belong to: given, refreshed, checked, ended.

pub(crate) mod access_token;
mod get_tokens;
pub(crate) mod refresh;
pub(crate) mod refresh_token;
mod sign_out;
pub(crate) mod token_set;
mod use_of_session;
mod user_sessions;
pub(crate) mod verified_tokens;

use cognate_api::idp::op;

use crate::Operations;

/// The operations on tokens and sessions.
pub(crate) fn operations() -> Operations {
    Operations::new()
        .on(
            op::GetTokensFromRefreshToken,
            get_tokens::get_tokens_from_refresh_token,
        )
        .on(op::GlobalSignOut, sign_out::global_sign_out)
        .on(
            op::AdminUserGlobalSignOut,
            sign_out::admin_user_global_sign_out,
        )
        .on(op::RevokeToken, sign_out::revoke_token)
        .on(op::ListUserSessions, user_sessions::list_user_sessions)
        .on(
            op::AdminListUserSessions,
            user_sessions::admin_list_user_sessions,
        )
        .on(op::RevokeUserSession, user_sessions::revoke_user_session)
        .on(
            op::AdminRevokeUserSession,
            user_sessions::admin_revoke_user_session,
        )
}
