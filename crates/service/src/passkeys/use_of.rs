//! What a sign-in with a passkey changes.

use cognate_model::passkey::CredentialId;
use cognate_model::sign_in::{Effect, PasskeyUse};
use cognate_model::{Sub, Timestamp, UserPoolId};
use cognate_store::{Tx, passkeys};

use crate::{Error, Result};

/// Stores that a sign-in has used a passkey, if it has used one. `Some` is a refusal, to be
/// committed with the end of the step: the passkey is gone, or its counter has grown past this use
/// meanwhile.
///
/// # Errors
/// Only what the database gives.
pub(crate) async fn use_passkey(
    tx: &mut Tx,
    pool: &UserPoolId,
    sub: &Sub,
    effects: &[Effect],
    now: Timestamp,
) -> Result<Option<Error>> {
    let used = effects.iter().find_map(|effect| match effect {
        Effect::UsePasskey(used) => Some(used),
        _ => None,
    });
    let Some(PasskeyUse { id, verified }) = used else {
        return Ok(None);
    };
    let Some(mut passkey) = passkeys::find(tx, pool, sub, id).await? else {
        return Ok(Some(Error::incorrect_username_or_password()));
    };
    if !passkey.used(*verified) {
        distrust(tx, pool, sub, id, now).await?;
        return Ok(Some(Error::incorrect_username_or_password()));
    }
    passkeys::update(tx, &passkey).await?;
    Ok(None)
}

/// Takes a passkey out of use of which there seem to be two: its key, or a copy, has signed with a
/// counter that was used before. It stays in its user's list, for them to delete.
///
/// # Errors
/// Only what the database gives.
pub(crate) async fn distrust(
    tx: &mut Tx,
    pool: &UserPoolId,
    sub: &Sub,
    id: &CredentialId,
    now: Timestamp,
) -> Result<()> {
    let Some(mut passkey) = passkeys::find(tx, pool, sub, id).await? else {
        return Ok(());
    };
    tracing::warn!(
        %pool,
        %sub,
        credential = id.as_str(),
        "the signature counter of a passkey has gone back: somebody may have a copy of it; it is taken out of use"
    );
    passkey.distrusted_at.get_or_insert(now);
    passkeys::update(tx, &passkey).await?;
    Ok(())
}
