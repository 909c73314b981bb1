//! What a pool tells the world: its public keys and its OpenID configuration.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::app::App;
use crate::{Result, failure};

/// The pool's JWK set (RFC 7517 §5).
///
/// # Errors
/// `ResourceNotFoundException` when there is no such pool.
pub async fn jwks(app: &Arc<App>, pool: &str) -> Result<String> {
    key_set(app, pool).await.map_err(failure::for_callers)
}

async fn key_set(app: &Arc<App>, pool: &str) -> Result<String> {
    let pool = app.pool_named(pool).await?;
    let keys = app.keys(&pool.id).await?;
    let keys: Vec<Value> = keys
        .published(app.clock.now())
        .into_iter()
        .map(|key| serde_json::from_str(&key.public))
        .collect::<Result<_, _>>()?;
    Ok(serde_json::to_string(&json!({ "keys": keys }))?)
}

/// The pool's OpenID provider metadata (OpenID Connect Discovery §3), as far as what it names is
/// built.
///
/// A list with nothing in it is left out (RFC 8414 §3.2), even `response_types_supported`, which is
/// required once there is an authorization endpoint: clients refuse an empty one and take a missing
/// one.
///
/// # Errors
/// `ResourceNotFoundException` when there is no such pool.
pub async fn openid_configuration(app: &Arc<App>, pool: &str) -> Result<String> {
    let pool = app.pool_named(pool).await.map_err(failure::for_callers)?;
    let issuer = app.config.issuer_of(&pool);
    let document = json!({
        "issuer": issuer,
        "jwks_uri": format!("{}/{}/.well-known/jwks.json", app.config.public_url, pool.id),
        "id_token_signing_alg_values_supported": ["RS256"],
        "subject_types_supported": ["public"],
    });
    Ok(serde_json::to_string(&document)?)
}

/// Why a server can't do its work.
#[derive(Debug)]
pub enum NotReady {
    /// The database reads and takes no writes: a standby, or one that was made read-only.
    ReadOnly(cognate_store::Error),
    /// The database does not answer.
    Silent(cognate_store::Error),
}

/// Whether the database answers, and takes writes.
///
/// # Errors
/// Why it does not.
pub async fn check_ready(app: &Arc<App>) -> std::result::Result<(), NotReady> {
    let why_not = |error| match error {
        cognate_store::Error::ReadOnly(_) => NotReady::ReadOnly(error),
        _ => NotReady::Silent(error),
    };
    app.db.check_writable().await.map_err(why_not)?;
    let mut reader = app.db.read().await.map_err(why_not)?;
    cognate_store::user_pools::page(&mut reader, None, 1)
        .await
        .map(drop)
        .map_err(why_not)
}
