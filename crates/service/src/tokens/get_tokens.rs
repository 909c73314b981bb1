//! GetTokensFromRefreshToken.

use cognate_api::idp::{GetTokensFromRefreshTokenRequest, GetTokensFromRefreshTokenResponse};

use super::refresh::refresh;
use crate::app_clients::secret_hash;
use crate::counts::SignInFlow;
use crate::users::accounts::PoolClient;
use crate::{Cx, Result};

/// The refresh of clients that rotate their refresh tokens, and open to
/// the others as well.
pub(crate) async fn get_tokens_from_refresh_token(
    cx: Cx,
    input: GetTokensFromRefreshTokenRequest,
) -> Result<GetTokensFromRefreshTokenResponse> {
    let pool_client = PoolClient::of_client(&cx.app, &input.client_id).await?;
    secret_hash::check_secret(&pool_client.entry, input.client_secret.as_deref())?;
    let device = input.device_key.as_deref();
    let tokens = refresh(&cx, &pool_client, &input.refresh_token, device, |_| Ok(())).await;
    let counts = &cx.app.counts;
    counts.sign_in(SignInFlow::Refresh, &tokens, |_| false);
    Ok(GetTokensFromRefreshTokenResponse {
        authentication_result: Some(tokens?),
    })
}
