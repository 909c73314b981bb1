//! The steps of sign-ins as they are kept between two requests: under which row, with what, and
//! used once.

use cognate_crypto::digest::{base64_encode, ct_eq};
use cognate_model::sign_in::{MAX_GUESSES, Pending};
use cognate_store::{Tx, challenges};
use serde::{Deserialize, Serialize};

use super::step_row::{self, StepRow};
use super::wire;
use crate::{Cx, Error, Result};

/// A step as it is kept: with a hash of the session string, where its row is found by something
/// else.
#[derive(Serialize, Deserialize)]
pub(crate) struct KeptStep {
    pending: Pending,
    /// The session string's hash, base64.
    session: String,
}

/// The row of a step that is about to be kept, and what is to be kept there. `session` is the
/// random of the session string.
///
/// # Errors
/// Only when the step can't be written as JSON.
pub(super) fn keep(pending: Pending, session: &[u8]) -> Result<(StepRow, Vec<u8>)> {
    let session_row = step_row::of_session_bytes(session);
    let row = wire::row(&pending.step).unwrap_or(session_row);
    let kept = serde_json::to_vec(&KeptStep {
        pending,
        session: base64_encode(&session_row),
    })?;
    Ok((row, kept))
}

/// Keeps a step under its session.
///
/// # Errors
/// What the database gives.
pub(crate) async fn put(tx: &mut Tx, pending: Pending, session: &[u8]) -> Result<()> {
    let (pool, expires_at) = (pending.pool.clone(), pending.expires_at);
    let (row, kept) = keep(pending, session)?;
    challenges::insert(tx, &row, &pool, &kept, expires_at).await?;
    Ok(())
}

/// The step of a row; None when there is none, or the session is another's.
///
/// # Errors
/// What the database gives; a session string that can't be one.
pub(super) async fn load(cx: &Cx, row: &StepRow, session: Option<&str>) -> Result<Option<Pending>> {
    let Some(sealed) = challenges::find(&mut cx.app.db.read().await?, row).await? else {
        return Ok(None);
    };
    let kept: KeptStep = serde_json::from_slice(sealed.expose())?;
    // A session that is sent has to be the one of this step; one that is not sent can't be
    // (pycognito, docs/protocol.md §5.4).
    let is_own = match session {
        Some(session) => ct_eq(
            base64_encode(&step_row::of_session(session)?).as_bytes(),
            kept.session.as_bytes(),
        ),
        None => true,
    };
    Ok(is_own.then_some(kept.pending))
}

/// Uses a step up. Of several answers to one step only the first gets past here.
///
/// # Errors
/// What the operation answers when it is used up; what the database gives.
pub(super) async fn use_up(tx: &mut Tx, row: Option<&StepRow>) -> Result<()> {
    match row {
        Some(row) if challenges::consume(tx, row).await?.is_none() => Err(Error::invalid_session()),
        _ => Ok(()),
    }
}

/// Counts a wrong guess at a step, which the last of several uses up.
///
/// # Errors
/// What the operation answers when it is used up; what the database gives.
pub(super) async fn count_guess(tx: &mut Tx, row: Option<&StepRow>) -> Result<()> {
    match note_guess(tx, row).await? {
        true => Ok(()),
        false => Err(Error::invalid_session()),
    }
}

/// The same; false when the step is used up already.
///
/// # Errors
/// Only what the database gives.
pub(super) async fn note_guess(tx: &mut Tx, row: Option<&StepRow>) -> Result<bool> {
    let Some(row) = row else {
        return Ok(true);
    };
    match challenges::count_guess(tx, row).await? {
        Some(guesses) if guesses >= MAX_GUESSES => take(tx, Some(row)).await,
        Some(_) => Ok(true),
        None => Ok(false),
    }
}

/// Takes a step away, if there is one to be taken; false when another answer has.
///
/// # Errors
/// Only what the database gives.
pub(super) async fn take(tx: &mut Tx, row: Option<&StepRow>) -> Result<bool> {
    match row {
        Some(row) => Ok(challenges::consume(tx, row).await?.is_some()),
        None => Ok(true),
    }
}

/// Whether a step still stands, told by a write, so that an answer at the same moment that takes it
/// away comes before or after.
///
/// # Errors
/// Only what the database gives.
pub(super) async fn stands(tx: &mut Tx, row: Option<&StepRow>) -> Result<bool> {
    match row {
        Some(row) => challenges::touch(tx, row).await.map_err(Into::into),
        None => Ok(true),
    }
}
