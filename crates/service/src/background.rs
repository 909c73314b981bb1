//! Work beside the requests: delivery of the outbox, imports of users, changes of pools, and the
//! end of what has run out.
//!
//! Every node runs it. Changes of pools are carried on that were left in the middle. Expiry deletes
//! what no request would accept any more, and what deleted pools, app clients and groups have left.
//! All of it is done in small steps, by one node at a time.

use std::sync::Arc;
use std::time::Duration;

use cognate_store::user_search::Reached;
use cognate_store::{Tx, app_clients, expiry, groups, leases, user_pools};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::Result;
use crate::app::App;
use crate::imports::worker;
use crate::limits::beats;
use crate::messages::outbox;
use crate::pool_changes;
use crate::users::search_index::{index_some, index_terms};

/// How often expired rows are deleted.
const EXPIRY_INTERVAL: Duration = Duration::from_secs(60);
/// How often changes of pools are looked for.
const CHANGES_INTERVAL: Duration = Duration::from_secs(30);
/// How often it is looked for users who are not indexed, and for an index that was switched on.
const INDEX_INTERVAL: Duration = Duration::from_secs(15);
/// How long it rests at least where there is more to delete: as long as it has worked, so that what
/// else is written has half of the time.
const BETWEEN_STEPS: Duration = Duration::from_millis(50);
/// How many rows of a table go in one transaction.
const ROWS_AT_ONCE: i64 = 500;

/// The jobs of a node; they end with [`Background::stop`].
pub struct Background {
    stop: watch::Sender<bool>,
    jobs: JoinSet<()>,
}

impl Background {
    /// Starts the jobs.
    #[must_use]
    pub fn start(app: &Arc<App>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut jobs = JoinSet::new();
        outbox::start(app, &mut jobs, &stopped);
        beats::start(app, &mut jobs, &stopped);
        worker::start(app, &mut jobs, &stopped);
        jobs.spawn(delete_expired(Arc::clone(app), stopped.clone()));
        jobs.spawn(index_users(Arc::clone(app), stopped.clone()));
        jobs.spawn(change_pools(Arc::clone(app), stopped));
        Self { stop, jobs }
    }

    /// Stops the jobs, each at its next pause.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        while self.jobs.join_next().await.is_some() {}
    }
}

async fn delete_expired(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let holder = app.entropy.generator().uuid_v4();
    while !*stopped.borrow() {
        let started = Instant::now();
        let pause = match expire_some(&app, &holder).await {
            Ok(true) => started.elapsed().max(BETWEEN_STEPS),
            Ok(false) => EXPIRY_INTERVAL,
            Err(error) => {
                tracing::warn!(error = %error, cause = error.source.as_ref().map(tracing::field::display), "expired rows could not be deleted");
                EXPIRY_INTERVAL
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stopped.changed() => {}
        }
    }
}

async fn index_users(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let holder = app.entropy.generator().uuid_v4();
    let mut reached = None;
    while !*stopped.borrow() {
        let started = Instant::now();
        let pause = match index_step(&app, &holder, &mut reached).await {
            Ok(true) => started.elapsed().max(BETWEEN_STEPS),
            Ok(false) => INDEX_INTERVAL,
            Err(error) => {
                tracing::warn!(error = %error, cause = error.source.as_ref().map(tracing::field::display), "users could not be indexed");
                EXPIRY_INTERVAL
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stopped.changed() => {}
        }
    }
}

/// Carries on changes of pools whose command has ended before they did.
async fn change_pools(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let holder = app.entropy.generator().uuid_v4();
    while !*stopped.borrow() {
        let started = Instant::now();
        let pause = match pool_changes::carry_on_some(&app, &holder).await {
            Ok(Some(due)) => {
                let wait = u64::try_from(due.0 - app.clock.now().0).unwrap_or_default();
                let rest = started.elapsed().max(BETWEEN_STEPS);
                Duration::from_millis(wait).clamp(rest, CHANGES_INTERVAL.max(rest))
            }
            Ok(None) => CHANGES_INTERVAL,
            Err(error) => {
                tracing::warn!(error = %error, cause = error.source.as_ref().map(tracing::field::display), "changes of pools could not be looked for");
                CHANGES_INTERVAL
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stopped.changed() => {}
        }
    }
}

/// One step of each index; whether there may be more to do.
async fn index_step(app: &Arc<App>, holder: &str, reached: &mut Option<Reached>) -> Result<bool> {
    *reached = index_some(app, holder, reached.take()).await?;
    Ok(index_terms(app, holder).await? || reached.is_some())
}

/// Deletes some of what has run out and of what deleted pools, app clients and groups have left,
/// unless another holder has the lease to do it; whether there may be more.
///
/// # Errors
/// Only what the database gives.
pub async fn expire_some(app: &Arc<App>, holder: &str) -> Result<bool> {
    let (now, settled) = (app.clock.now(), app.clock.settled());
    let (holder, until) = (holder.to_owned(), now.plus(EXPIRY_INTERVAL));
    let of_leftovers = holder.clone();
    let delete = async move |tx: &mut Tx| -> Result<bool> {
        if !leases::acquire(tx, "expiry", &holder, now.0, until.0).await? {
            return Ok(false);
        }
        Ok(expiry::delete_expired(tx, settled, ROWS_AT_ONCE).await?
            >= u64::try_from(ROWS_AT_ONCE).unwrap_or(u64::MAX))
    };
    let more_expired = app.db.write("delete_expired", delete).await?;
    let delete = async move |tx: &mut Tx| -> Result<bool> {
        if !leases::acquire(tx, "leftovers", &of_leftovers, now.0, until.0).await? {
            return Ok(false);
        }
        let of_pools = user_pools::delete_leftovers(tx, now, ROWS_AT_ONCE).await?;
        let of_clients = app_clients::delete_leftovers(tx, now, ROWS_AT_ONCE).await?;
        let of_groups = groups::delete_leftovers(tx, now, ROWS_AT_ONCE).await?;
        Ok(of_pools || of_clients || of_groups)
    };
    let more_leftovers = app.db.write("delete_leftovers", delete).await?;
    Ok(more_expired || more_leftovers)
}
