//! The steps of a change, each one transaction under a lease: a page of users, or a turn of the
//! pool. A step that was cut has done nothing, and the next one begins where it began.

use std::sync::Arc;
use std::time::Duration;

use cognate_model::pool_change::{Beside, Passes, PoolChange, Stage};
use cognate_model::{Timestamp, UserPool, UserPoolId};
use cognate_store::{Db, Tx, leases, pool_changes as stored, user_pools};

use super::PoolChangeError;
use super::begin::{known_after, put_pool, undo};
use super::pages::{self, Page};
use crate::Clock;
use crate::app::App;

/// How long who takes a step may take for the next.
const LEASE: Duration = Duration::from_secs(30);
/// So many pools are looked for at once.
const POOLS_AT_ONCE: i64 = 16;

/// What a step has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Something; there is more to do.
    Moved(Box<PoolChange>),
    /// Nothing: nodes may not know the last step yet.
    WaitsUntil(Timestamp),
    /// Nothing: somebody else carries the change on.
    IsAnothers,
    /// The change has ended; None where the pool is gone, or has none.
    Ended(Option<Box<PoolChange>>),
}

/// Takes one step of a pool's change. `holder` is who takes it, a random id.
///
/// # Errors
/// [`PoolChangeError`]; nothing is changed then.
pub async fn step(
    db: &Db,
    clock: &Clock,
    holder: &str,
    pool: &UserPoolId,
) -> Result<Step, PoolChangeError> {
    let (now, holder, id) = (clock.now(), holder.to_owned(), pool.clone());
    db.write("change_pool", async move |tx: &mut Tx| {
        let Some(mut change) = stored::under_way(tx, &id).await? else {
            let ended = stored::find(tx, &id).await?;
            return Ok(Step::Ended(ended.map(Box::new)));
        };
        let Some(mut pool) = user_pools::find(tx, &id).await? else {
            return Ok(Step::Ended(None));
        };
        let lease = format!("change of {id}");
        let until = now.plus(LEASE);
        if !leases::acquire(tx, &lease, &holder, now.0, until.0).await? {
            return Ok(Step::IsAnothers);
        }
        if now < change.not_before {
            return Ok(Step::WaitsUntil(change.not_before));
        }
        take(tx, &mut change, &mut pool, now).await?;
        if change.stage.is_end() {
            change.ended_at = Some(now);
            leases::release(tx, &lease, &holder).await?;
        }
        stored::put(tx, &change).await?;
        let change = Box::new(change);
        Ok(match change.ended_at {
            Some(_) => Step::Ended(Some(change)),
            None => Step::Moved(change),
        })
    })
    .await
}

async fn take(
    tx: &mut Tx,
    change: &mut PoolChange,
    pool: &mut UserPool,
    now: Timestamp,
) -> Result<(), PoolChangeError> {
    let page = match change.stage {
        Stage::NamingClients | Stage::TidyingClients | Stage::UndoingClients => {
            pages::clients(tx, change, pool).await?
        }
        Stage::Reserving | Stage::Verifying => pages::reserve(tx, change, pool).await?,
        Stage::Releasing => Page::Last,
        Stage::Tidying | Stage::Undoing => pages::tidy(tx, change).await?,
        Stage::Done | Stage::Undone => return Ok(()),
    };
    match page {
        Page::More => return Ok(()),
        Page::Conflict(why) => return undo(tx, change, pool, &why, now).await,
        Page::Last => {}
    }
    let has_lists = !change.renamed.is_empty() || !change.change.removed.is_empty();
    match change.stage {
        Stage::NamingClients => change.enter(Stage::Reserving, known_after(now)),
        Stage::Reserving => change.enter(Stage::Verifying, now),
        Stage::Verifying => {
            turn(tx, change, pool, now).await?;
            change.enter(Stage::Releasing, known_after(now));
        }
        Stage::Releasing => {
            pool.beside = None;
            put_pool(tx, pool, now).await?;
            change.enter(Stage::Tidying, known_after(now));
        }
        Stage::Tidying if has_lists => change.enter(Stage::TidyingClients, now),
        Stage::Undoing if has_lists => change.enter(Stage::UndoingClients, now),
        Stage::Tidying | Stage::TidyingClients => change.enter(Stage::Done, now),
        Stage::Undoing | Stage::UndoingClients => change.enter(Stage::Undone, now),
        Stage::Done | Stage::Undone => {}
    }
    Ok(())
}

/// The pool gets its new rule and schema; the rule before holds beside it until every node knows.
async fn turn(
    tx: &mut Tx,
    change: &PoolChange,
    pool: &mut UserPool,
    now: Timestamp,
) -> Result<(), PoolChangeError> {
    let schema = change.change.schema(&pool.schema)?;
    pool.beside = Some(Box::new(Beside {
        passes: Passes::Going,
        rule: change.from.clone(),
        schema: std::mem::replace(&mut pool.schema, schema),
    }));
    pool.sign_in_names.clone_from(&change.to.sign_in_names);
    pool.case_sensitive = change.to.case_sensitive;
    put_pool(tx, pool, now).await
}

/// Carries on the changes that nobody carries on, one step each; when there is more to do, if there
/// is.
///
/// # Errors
/// Only what the database gives.
pub async fn carry_on_some(app: &Arc<App>, holder: &str) -> crate::Result<Option<Timestamp>> {
    let (now, mut after, mut next) = (app.clock.now(), String::new(), None);
    loop {
        let pools = stored::pools(&mut app.db.read().await?, &after, POOLS_AT_ONCE).await?;
        let Some(last) = pools.last() else {
            return Ok(next);
        };
        after = last.to_string();
        for pool in &pools {
            let due = match step(&app.db, &app.clock, holder, pool).await {
                Ok(Step::Moved(change)) => {
                    app.settings.forget_pool(pool);
                    Some(change.not_before.max(now))
                }
                Ok(Step::WaitsUntil(due)) => Some(due),
                Ok(Step::IsAnothers | Step::Ended(_)) => None,
                Err(error) => {
                    tracing::warn!(pool = %pool, error = %error, "a change of a pool could not be carried on");
                    None
                }
            };
            next = [next, due].into_iter().flatten().min();
        }
    }
}
