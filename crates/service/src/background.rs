//! Work beside the requests: delivery of the outbox, and the end of what has run out.
//!
//! Every node runs it. A message is leased before it is sent, so that one node sends it; what a node that died had leased comes back when
//! the lease runs out. Expiry deletes what no request would accept any more, and what deleted pools have left, in small steps, by one node
//! at a time.

use std::sync::Arc;
use std::time::Duration;

use cognate_crypto::secret::SecretBytes;
use cognate_outbound::{Delivery, SendError, retry_after};
use cognate_store::{Error as StoreError, Tx, expiry, leases, outbox, user_pools};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::app::App;
use crate::flows::messages::TO_NOBODY;
use crate::{Error, Result};

/// How often the outbox is looked at when nothing wakes this node up.
const OUTBOX_INTERVAL: Duration = Duration::from_secs(1);
/// How long a message belongs to the node that is sending it: longer than a delivery may take (outbound's limits), and no longer than a
/// user waits for the message of a node that died.
const MESSAGE_LEASE: Duration = Duration::from_secs(40);
/// How many messages are taken at once, and sent side by side.
const MESSAGES_AT_ONCE: i64 = 16;
/// How often expired rows are deleted.
const EXPIRY_INTERVAL: Duration = Duration::from_secs(60);
/// How long it rests at least where there is more to delete: as long as it has worked, so that what else is written has half of the time.
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
        jobs.spawn(deliver_messages(Arc::clone(app), stopped.clone()));
        jobs.spawn(delete_expired(Arc::clone(app), stopped));
        Self { stop, jobs }
    }

    /// Stops the jobs, each at its next pause.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        while self.jobs.join_next().await.is_some() {}
    }
}

async fn deliver_messages(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        match deliver_due(&app).await {
            Ok(0) => {}
            Ok(_) => continue,
            Err(error) => log_failure(&error),
        }
        tokio::select! {
            () = app.outbox_filled.notified() => {}
            () = tokio::time::sleep(OUTBOX_INTERVAL) => {}
            _ = stopped.changed() => {}
        }
    }
}

/// Sends the messages that are due; gives how many were taken.
///
/// # Errors
/// Only what the database gives. What became of each message is logged, and the last error given, when all have been tried.
pub async fn deliver_due(app: &Arc<App>) -> Result<usize> {
    let now = app.clock.now();
    let lease_until = now.plus(MESSAGE_LEASE);
    // A look costs nothing; a transaction that finds nothing would be a COMMIT a second.
    let next = outbox::next_due(&mut app.db.read().await?).await?;
    if next.is_none_or(|next| next > now) {
        return Ok(0);
    }
    let take = async move |tx: &mut Tx| -> Result<_> {
        Ok(outbox::take_due(tx, now, lease_until, MESSAGES_AT_ONCE).await?)
    };
    let messages = app.db.write("take_messages", take).await?;
    let taken = messages.len();
    let mut sending = JoinSet::new();
    for message in messages {
        sending.spawn(deliver(Arc::clone(app), message));
    }
    // One that fails must not break off the others: what has reached its mail server and is not settled is sent again.
    let mut outcome = Ok(taken);
    while let Some(sent) = sending.join_next().await {
        if let Err(error) = sent.map_err(Error::from).flatten()
            && let Err(another) = std::mem::replace(&mut outcome, Err(error))
        {
            log_failure(&another);
        }
    }
    outcome
}

async fn deliver(app: Arc<App>, message: outbox::OutboxMessage) -> Result<()> {
    let attempt = u32::try_from(message.attempts).unwrap_or(u32::MAX);
    let sent = match read(message.payload) {
        Ok(_) if message.kind == TO_NOBODY => Ok(()),
        Ok(delivery) => app.outbound.deliver(&delivery).await,
        // Tried again like one that the mail server put off: a newer node may be able to read it.
        Err(error) => Err(SendError::Temporary(format!("it cannot be read: {error}"))),
    };
    let next = match sent {
        Ok(()) => None,
        Err(SendError::Temporary(why)) => {
            let next = retry_after(attempt);
            match next {
                Some(wait) => {
                    tracing::warn!(message = %message.id, attempt, again_in = ?wait, why, "a message could not be delivered");
                }
                None => {
                    tracing::error!(message = %message.id, attempt, why, "a message could not be delivered for long and is given up");
                }
            }
            next
        }
        Err(SendError::Permanent(why)) => {
            tracing::error!(message = %message.id, attempt, why, "a message cannot be delivered and is given up");
            None
        }
    };
    let (id, again_at) = (message.id, next.map(|wait| app.clock.now().plus(wait)));
    let settle = async move |tx: &mut Tx| -> Result<()> {
        match again_at {
            Some(at) => outbox::retry(tx, &id, at).await?,
            None => outbox::done(tx, &id).await?,
        };
        Ok(())
    };
    app.db.write("settle_message", settle).await
}

/// What is to be sent. The error holds nothing of it: serde's would tell the value that it stumbled over.
fn read(
    payload: std::result::Result<SecretBytes, StoreError>,
) -> std::result::Result<Delivery, String> {
    let payload = payload.map_err(|error| error.to_string())?;
    serde_json::from_slice(payload.expose()).map_err(|error| {
        format!(
            "{:?} error of its JSON at line {}, column {}",
            error.classify(),
            error.line(),
            error.column()
        )
    })
}

fn log_failure(error: &Error) {
    tracing::warn!(error = %error, cause = error.source.as_ref().map(tracing::field::display), "the outbox could not be worked off");
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

/// Deletes some of what has run out and of what deleted pools have left, unless another holder has the lease to do it; whether there may be more.
///
/// # Errors
/// Only what the database gives.
pub async fn expire_some(app: &Arc<App>, holder: &str) -> Result<bool> {
    let now = app.clock.now();
    let (holder, until) = (holder.to_owned(), now.plus(EXPIRY_INTERVAL));
    let of_leftovers = holder.clone();
    let delete = async move |tx: &mut Tx| -> Result<bool> {
        if !leases::acquire(tx, "expiry", &holder, now.0, until.0).await? {
            return Ok(false);
        }
        Ok(expiry::delete_expired(tx, now, ROWS_AT_ONCE).await?
            >= u64::try_from(ROWS_AT_ONCE).unwrap_or(u64::MAX))
    };
    let more_expired = app.db.write("delete_expired", delete).await?;
    let delete = async move |tx: &mut Tx| -> Result<bool> {
        if !leases::acquire(tx, "leftovers", &of_leftovers, now.0, until.0).await? {
            return Ok(false);
        }
        Ok(user_pools::delete_leftovers(tx, now, ROWS_AT_ONCE).await?)
    };
    let more_leftovers = app.db.write("delete_leftovers", delete).await?;
    Ok(more_expired || more_leftovers)
}
