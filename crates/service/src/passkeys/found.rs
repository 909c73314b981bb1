//! What a sign-in finds out of passkeys.

use cognate_model::passkey::{CredentialId, OfferedPasskey};
use cognate_model::sign_in::{KnownPasskey, offered_passkeys};
use cognate_model::{Sub, User, UserPool};
use cognate_store::passkeys;

use super::relying_party::other_origins;
use crate::messages::destinations::Surroundings;
use crate::{Cx, Result};

/// The passkeys that an account may begin with. Those of nobody are made up in the likeness of
/// another user's; the same is read for both.
///
/// # Errors
/// Only what the database gives.
pub(crate) async fn offered(
    cx: &Cx,
    pool: &UserPool,
    user: Option<&User>,
    around: &Surroundings,
) -> Result<Vec<OfferedPasskey>> {
    if !pool.has_passkeys() {
        return Ok(Vec::new());
    }
    let nobody = &around.nobody.sub;
    let like = around.like(cx, pool);
    let shown = user.or(like);
    let sub = shown.map_or(nobody, |user| &user.sub);
    let all = passkeys::of_user(&mut cx.app.db.read().await?, &pool.id, sub).await?;
    let Some(shown) = shown else {
        return Ok(Vec::new());
    };
    let offered = offered_passkeys(pool, shown, &all);
    Ok(match user {
        Some(_) => offered,
        None => {
            let secret = &cx.app.secrets.made_up_passkeys;
            OfferedPasskey::made_up(secret, &pool.id, nobody, &offered)
        }
    })
}

/// A passkey of an account, and the origins that are allowed besides.
///
/// # Errors
/// Only what the database gives.
pub(crate) async fn known(
    cx: &Cx,
    pool: &UserPool,
    subject: &Sub,
    id: &CredentialId,
) -> Result<KnownPasskey> {
    let passkey = passkeys::find(&mut cx.app.db.read().await?, &pool.id, subject, id).await?;
    let other_origins = other_origins(cx, pool).await?;
    Ok(KnownPasskey {
        passkey,
        other_origins,
    })
}
