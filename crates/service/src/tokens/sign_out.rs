//! The end of sessions: GlobalSignOut, AdminUserGlobalSignOut, RevokeToken.

use cognate_api::idp::{
    AdminUserGlobalSignOutRequest, AdminUserGlobalSignOutResponse, GlobalSignOutRequest,
    GlobalSignOutResponse, RevokeTokenRequest, RevokeTokenResponse,
};
use cognate_model::{Sub, UserPoolId};
use cognate_store::{Tx, sessions};

use super::{access_token, refresh_token};
use crate::app_clients::secret_hash;
use crate::outcome::write_again;
use crate::users::accounts::{PoolClient, user_for_operator};
use crate::{Cx, Error, ErrorCode, Result};

pub(crate) async fn global_sign_out(
    cx: Cx,
    input: GlobalSignOutRequest,
) -> Result<GlobalSignOutResponse> {
    // GlobalSignOut has no UserNotFoundException of its own.
    let gone = |error: Error| match error.code {
        ErrorCode::UserNotFound => Error::access_token_revoked(),
        _ => error,
    };
    let signed_in = access_token::check(&cx, &input.access_token).await;
    let signed_in = signed_in.map_err(gone)?;
    end_all(&cx, signed_in.user.pool, signed_in.user.sub).await?;
    Ok(GlobalSignOutResponse {})
}

pub(crate) async fn admin_user_global_sign_out(
    cx: Cx,
    input: AdminUserGlobalSignOutRequest,
) -> Result<AdminUserGlobalSignOutResponse> {
    let pool = cx.app.pool_named(&input.user_pool_id).await?;
    let user = user_for_operator(&cx, &pool, &input.username).await?;
    end_all(&cx, user.pool, user.sub).await?;
    Ok(AdminUserGlobalSignOutResponse {})
}

/// Ends the session of a refresh token. A token whose session has ended already is no error (RFC
/// 7009 §2.2). RevokeAssociatedSessions LINKED ends the SSO session behind it too, which none has:
/// there is no hosted login yet.
pub(crate) async fn revoke_token(cx: Cx, input: RevokeTokenRequest) -> Result<RevokeTokenResponse> {
    let pool_client = PoolClient::of_client(&cx.app, &input.client_id)
        .await
        .map_err(|error| match error.code {
            ErrorCode::ResourceNotFound => Error::unauthorized_client(&input.client_id),
            _ => error,
        })?;
    secret_hash::check_secret(&pool_client.entry, input.client_secret.as_deref())
        .map_err(|_| Error::unauthorized_client(&input.client_id))?;
    if !pool_client.entry.client.settings.token_revocation {
        return Err(Error::token_revocation_not_enabled());
    }
    // An access or ID token is a JWT of three parts.
    if input.token.split('.').count() == 3 {
        return Err(Error::unsupported_token_type());
    }
    let session = refresh_token::session_named(&cx, &pool_client, &input.token)
        .map_err(|_| Error::unauthorized_client(&input.client_id))?;
    let pool = pool_client.pool.id.clone();
    let end = async move |tx: &mut Tx| -> Result<()> {
        sessions::end(tx, &pool, &session).await?;
        Ok(())
    };
    write_again(&cx.app.db, "revoke_token", end).await?;
    Ok(RevokeTokenResponse {})
}

async fn end_all(cx: &Cx, pool: UserPoolId, sub: Sub) -> Result<()> {
    let end = async move |tx: &mut Tx| -> Result<()> {
        sessions::end_all_of_user(tx, &pool, &sub).await?;
        Ok(())
    };
    write_again(&cx.app.db, "global_sign_out", end).await
}
