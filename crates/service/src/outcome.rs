//! Transactions that settle their own outcome when the answer to their COMMIT is lost.
//!
//! Such a transaction stands or not, and run again blindly it could do its work twice, or refuse
//! its own caller the name that it has just given them. What it writes holds something random that
//! was drawn before it began: a sub, a session's id, a salt. So a second transaction looks for
//! that: if it is there, the first one stands; if not, the work is done, under the same keys.
//! Should the first come through even then, because the database was still working it off, the two
//! meet at a unique key or as a serialization conflict, and one of them goes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cognate_store::{Db, Error as StoreError, Tx};

use crate::{Error, Result};

/// How often the outcome is asked for; a path that breaks at every COMMIT is told to the caller.
const ATTEMPTS: u32 = 3;

/// Runs a function as one transaction, as [`cognate_store::Db::write`] does. Where its outcome is
/// unknown, `stands` tells by what the function writes whether it was committed, and what it gave.
///
/// # Errors
/// The function's own; what the database gives, when even the look at it fails.
pub(crate) async fn write_settled<T, S, F>(
    db: &Db,
    name: &'static str,
    stands: S,
    function: F,
) -> Result<T>
where
    S: Clone + Send + 'static + AsyncFnOnce(&mut Tx) -> Result<Option<T>>,
    F: Clone + Send + 'static + AsyncFnOnce(&mut Tx) -> Result<T>,
    T: Send + 'static,
{
    let mut outcome = db.write(name, function.clone()).await;
    for _ in 0..ATTEMPTS {
        if !outcome.as_ref().is_err_and(is_unknown) {
            break;
        }
        tracing::warn!(
            transaction = name,
            "the answer to a commit was lost; looking for what it wrote"
        );
        let (stands, function) = (stands.clone(), function.clone());
        let settle = async move |tx: &mut Tx| -> Result<T> {
            match stands(tx).await? {
                Some(value) => Ok(value),
                None => function(tx).await,
            }
        };
        outcome = db.write(name, settle).await;
    }
    outcome
}

/// Whether the last run of a transaction's function reached a point. What is missing afterwards may
/// never have been there, and a refusal's outcome can be unknown too, because it shares a group's
/// commit: so `stands` asks this first where it has nothing else to go by.
#[derive(Clone, Default)]
pub(crate) struct Reached(Arc<AtomicBool>);

impl Reached {
    /// At the beginning of the function: a run that met a conflict counts for nothing.
    pub(crate) fn clear(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// At the point.
    pub(crate) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was reached.
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Runs a function as one transaction, and again where its outcome is unknown: for work that may be
/// done twice.
///
/// # Errors
/// As [`write_settled`].
pub(crate) async fn write_again<F>(db: &Db, name: &'static str, function: F) -> Result<()>
where
    F: Clone + Send + 'static + AsyncFnOnce(&mut Tx) -> Result<()>,
{
    let stands = async |_: &mut Tx| -> Result<Option<()>> { Ok(None) };
    write_settled(db, name, stands, function).await
}

fn is_unknown(error: &Error) -> bool {
    let source = error
        .source
        .as_deref()
        .and_then(|source| source.downcast_ref::<StoreError>());
    matches!(source, Some(StoreError::OutcomeUnknown(_)))
}
