//! The password history of a pool: a new password is none of the user's last ones
//! (docs/protocol.md §8.7).
//!
//! It is compared before the transaction that stores it, since each comparison is a power. What it
//! was compared with is what stands there still if the present password does: the history changes
//! with that only.

use cognate_crypto::secret::SecretString;
use cognate_model::{Sub, UserPool, UserPoolId};
use cognate_store::{Tx, password_history, users};

use crate::{Cx, Error, Result};

/// A new password that is none of the last ones.
#[derive(Clone)]
pub(crate) struct Compared {
    /// The salt of the present password, where there was one. None in a pool without a history.
    basis: Option<Option<Vec<u8>>>,
}

/// Compares a new password with the last ones of a user, on a blocking thread. Who asks has proved
/// to be that user, or is an operator: the answer tells of earlier passwords.
///
/// # Errors
/// `PasswordHistoryPolicyViolationException`.
pub(crate) async fn compare(
    cx: &Cx,
    pool: &UserPool,
    sub: &Sub,
    new: &SecretString,
) -> Result<Compared> {
    let size = pool.settings.password_policy.history_size;
    if size == 0 {
        return Ok(Compared { basis: None });
    }
    let (current, history) = {
        // The present one first: what takes its place meanwhile is noticed by `stands`.
        let mut reader = cx.app.db.read().await?;
        let current = users::credentials(&mut reader, &pool.id, sub).await?;
        let history = password_history::find(&mut reader, &pool.id, sub).await?;
        (current, history)
    };
    let basis = current.as_ref().map(|current| current.salt.clone());
    let (pool, new) = (pool.id.clone(), new.clone());
    let memory = history.hashing_memory(size, current.as_ref());
    let permits = move || history.permits(size, current.as_ref(), &pool, &new);
    if cx.compute_hash(memory, permits).await? {
        Ok(Compared { basis: Some(basis) })
    } else {
        Err(Error::password_was_used_before())
    }
}

impl Compared {
    /// Sees to it that what it was compared with still stands, in the transaction that stores it.
    ///
    /// # Errors
    /// `TooManyRequestsException` when another password was set meanwhile.
    pub(crate) async fn check(&self, tx: &mut Tx, pool: &UserPoolId, sub: &Sub) -> Result<()> {
        let Some(basis) = &self.basis else {
            return Ok(());
        };
        let current = users::credentials(tx, pool, sub).await?;
        if current.map(|current| current.salt) == *basis {
            Ok(())
        } else {
            Err(Error::too_many_requests().with_source("the password was set by another request"))
        }
    }
}

/// Remembers the present password of a user, in whose place another is about to be put, for as long
/// as the pool's history reaches.
///
/// # Errors
/// Only what the database gives.
pub(super) async fn remember(tx: &mut Tx, pool: &UserPool, sub: &Sub) -> Result<()> {
    let size = pool.settings.password_policy.history_size;
    let current = if size > 1 {
        users::credentials(tx, &pool.id, sub).await?
    } else {
        None
    };
    let Some(current) = current else {
        // The present password is all that a history of one reaches.
        return Ok(password_history::forget(tx, &pool.id, sub).await?);
    };
    let mut history = password_history::find(tx, &pool.id, sub).await?;
    history.push(current, size);
    Ok(password_history::put(tx, &pool.id, sub, &history).await?)
}
