//! The index of what users are searched by, where it is behind: after an upgrade, and while nodes
//! of the version before still write users.

use std::sync::Arc;
use std::time::Duration;

use cognate_model::UserPoolId;
use cognate_store::user_search::{self, Reached};
use cognate_store::{Tx, leases, user_terms};

use crate::app::App;
use crate::{Cx, Error, Result};

/// How many users of its pool a search brings up to date itself.
const BY_A_SEARCH: i64 = 100;
/// How long a node has the lease of the job.
const LEASE: Duration = Duration::from_secs(60);
/// How many users get their terms in one transaction: each has some hundred.
const TERMS_AT_ONCE: i64 = 50;
/// How many users go in one transaction of the job.
const AT_ONCE: i64 = 500;

/// Makes sure that a search misses nobody: brings a few users up to date.
///
/// # Errors
/// `ServiceUnavailableException` when there are more.
pub(crate) async fn check_complete(cx: &Cx, pool: &UserPoolId) -> Result<()> {
    // Users who are written after this look belong to the next call.
    if !user_search::is_behind(&mut cx.app.db.read().await?, pool).await? {
        return Ok(());
    }
    let pool = pool.clone();
    let catch_up = async move |tx: &mut Tx| -> Result<bool> {
        Ok(user_search::catch_up_in(tx, &pool, BY_A_SEARCH).await?)
    };
    if cx.app.db.write("index_for_search", catch_up).await? {
        return Err(Error::index_is_being_built());
    }
    Ok(())
}

/// Brings the index of a pool that was switched on or off a step further, unless another holder has
/// the lease to do it; whether there may be more to do.
///
/// # Errors
/// Only what the database gives.
pub async fn index_terms(app: &Arc<App>, holder: &str) -> Result<bool> {
    if !user_terms::is_anything_to_do(&mut app.db.read().await?).await? {
        return Ok(false);
    }
    let now = app.clock.now();
    let (holder, until) = (holder.to_owned(), now.plus(LEASE));
    let step = async move |tx: &mut Tx| -> Result<bool> {
        if !leases::acquire(tx, "user_terms", &holder, now.0, until.0).await? {
            return Ok(false);
        }
        Ok(user_terms::step(tx, TERMS_AT_ONCE, AT_ONCE).await?)
    };
    app.db.write("index_terms", step).await
}

/// Brings some users up to date, unless another holder has the lease to do it; gives where to go
/// on, None at the end.
///
/// # Errors
/// Only what the database gives.
pub async fn index_some(
    app: &Arc<App>,
    holder: &str,
    from: Option<Reached>,
) -> Result<Option<Reached>> {
    let from = from.unwrap_or_default();
    if !user_search::is_anybody_behind(&mut app.db.read().await?, &from).await? {
        return Ok(None);
    }
    let now = app.clock.now();
    let (holder, until) = (holder.to_owned(), now.plus(LEASE));
    let index = async move |tx: &mut Tx| -> Result<user_search::Caught> {
        if !leases::acquire(tx, "user_search", &holder, now.0, until.0).await? {
            return Ok(user_search::Caught::default());
        }
        Ok(user_search::catch_up(tx, &from, AT_ONCE).await?)
    };
    let caught = app.db.write("index_users", index).await?;
    if caught.unreadable > 0 {
        tracing::warn!(
            users = caught.unreadable,
            "users cannot be read: no search of their pool is answered"
        );
    }
    Ok(caught.next)
}
