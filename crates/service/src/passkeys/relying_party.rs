//! Whom a pool's passkeys are made for.

use cognate_model::UserPool;

use crate::{Cx, Error, Result};

/// The domain that a pool's passkeys are made for, which its owner says in WebAuthnConfiguration. A
/// domain of the pool's own would be the default; there is none yet.
///
/// # Errors
/// `WebAuthnNotEnabledException`, `WebAuthnConfigurationMissingException`.
pub(super) fn id_of(pool: &UserPool) -> Result<&str> {
    if !pool.has_passkeys() {
        return Err(Error::passkeys_not_enabled());
    }
    let id = pool.settings.mfa.passkeys.relying_party_id.as_deref();
    id.ok_or_else(Error::relying_party_missing)
}

/// The origins that the server's settings allow beside those of the domain.
///
/// # Errors
/// What the database gives.
pub(super) async fn other_origins(cx: &Cx, pool: &UserPool) -> Result<Vec<String>> {
    let settings = cx.app.pool_server_settings(&pool.id).await?;
    let origins = settings.passkey_origins.as_ref();
    Ok(origins.map(|origins| origins.0.clone()).unwrap_or_default())
}
