//! Delivery of the outbox: each kind of message in a lane of its own, worked off continuously.
//!
//! Every node runs the lanes of what it can send, and takes no more than it has places for, each
//! when one is free: a server that is slow with one message holds up no other, and text messages
//! hold up no mail. A message is leased before it is sent, so that one node sends it; what a node
//! that died had leased comes back when the lease runs out. What no node can send waits, is told
//! of, and ends after a while.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use cognate_crypto::secret::SecretBytes;
use cognate_outbound::{Delivery, Mailer, SendError, SmsSender, retry_after};
use cognate_store::{Error as StoreError, Tx, outbox};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::task::JoinSet;

use super::lanes::{EITHER, Lane, MAIL, SMS, TO_NOBODY};
use crate::app::App;
use crate::{Error, Result};

/// How often the outbox is looked at when nothing wakes this node up.
const INTERVAL: Duration = Duration::from_secs(1);
/// How often a node looks for what it cannot send.
const WATCH_INTERVAL: Duration = Duration::from_secs(60);
/// How long a message belongs to the node that is sending it: longer than a delivery may take
/// (outbound's limits), and no longer than a user waits for the message of a node that died.
const LEASE: Duration = Duration::from_secs(40);
/// How long a message may wait for a node that can send it before this is told.
const OVERDUE: Duration = Duration::from_secs(60);
/// How long it may wait at all: twice as long as the codes of sign-ups live.
const LONGEST_WAIT: Duration = Duration::from_secs(2 * 24 * 3600);
/// How many that have waited too long are dropped in one transaction.
const DROPPED_AT_ONCE: i64 = 500;
/// How many of a kind are counted for operators; beyond that there are simply many.
const MOST_COUNTED: i64 = 10_000;

/// A message that is taken, and its place in the lane.
type Taken = (outbox::OutboxMessage, OwnedSemaphorePermit);

/// Starts a job for each lane; they end when `stopped` says so, with the messages that they have
/// begun to send.
pub(crate) fn start(app: &Arc<App>, jobs: &mut JoinSet<()>, stopped: &watch::Receiver<bool>) {
    for lane in 0..app.outbox_filled.0.len() {
        jobs.spawn(run(Arc::clone(app), lane, stopped.clone()));
    }
}

async fn run(app: Arc<App>, lane: usize, mut stopped: watch::Receiver<bool>) {
    let Some(lane) = app.outbox_filled.0.get(lane) else {
        return;
    };
    let mut sending = JoinSet::new();
    while !*stopped.borrow() {
        let pause = if lane.can_send(&app.outbound) {
            let places = tokio::select! {
                places = lane.free_places() => places,
                _ = stopped.changed() => break,
            };
            let taken = match places {
                Ok(places) => take(&app, lane, places).await,
                Err(error) => Err(error),
            };
            match taken {
                Ok(taken) if !taken.is_empty() => {
                    send(&app, &mut sending, taken);
                    continue;
                }
                Ok(_) => {}
                Err(error) => log_failure(&error),
            }
            INTERVAL
        } else {
            if let Err(error) = watch_over(&app, lane).await {
                log_failure(&error);
            }
            WATCH_INTERVAL
        };
        while let Some(sent) = sending.try_join_next() {
            log_outcome(sent);
        }
        tokio::select! {
            () = lane.filled.notified(), if pause == INTERVAL => {}
            () = tokio::time::sleep(pause) => {}
            _ = stopped.changed() => {}
        }
    }
    while let Some(sent) = sending.join_next().await {
        log_outcome(sent);
    }
}

/// Takes what is due in a lane, no more than there are places.
async fn take(app: &Arc<App>, lane: &Lane, mut places: OwnedSemaphorePermit) -> Result<Vec<Taken>> {
    let now = app.clock.now();
    let lease_until = now.plus(LEASE);
    // A look costs nothing; a transaction that finds nothing would be a COMMIT a second.
    if !is_due(app, lane).await? {
        return Ok(Vec::new());
    }
    let (kinds, limit) = (lane.kinds, places.num_permits());
    let take = async move |tx: &mut Tx| -> Result<_> {
        let mut messages = Vec::new();
        for kind in kinds {
            let left = i64::try_from(limit - messages.len())?;
            messages.extend(outbox::take_due(tx, kind, now, lease_until, left).await?);
        }
        Ok(messages)
    };
    let messages = app.db.write("take_messages", take).await?;
    let taken = messages
        .into_iter()
        .filter_map(|message| Some((message, places.split(1)?)));
    Ok(taken.collect())
}

async fn is_due(app: &App, lane: &Lane) -> Result<bool> {
    let now = app.clock.now();
    let mut reader = app.db.read().await?;
    for kind in lane.kinds {
        let next = outbox::next_due(&mut reader, kind).await?;
        if next.is_some_and(|next| next <= now) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn send(app: &Arc<App>, sending: &mut JoinSet<Result<()>>, taken: Vec<Taken>) {
    for (message, place) in taken {
        let app = Arc::clone(app);
        sending.spawn(async move {
            let sent = deliver(&app, message).await;
            drop(place);
            sent
        });
    }
}

/// Sends the messages that are due, all of them; gives how many were taken. What cannot be sent
/// here is left for other nodes.
///
/// # Errors
/// Only what the database gives. What became of each message is logged, and the last error given,
/// when all have been tried.
pub async fn deliver_due(app: &Arc<App>) -> Result<usize> {
    let (mut count, mut outcome) = (0, Ok(()));
    for lane in &app.outbox_filled.0 {
        if !lane.can_send(&app.outbound) {
            watch_over(app, lane).await?;
            continue;
        }
        loop {
            let places = lane.free_places().await?;
            let taken = take(app, lane, places).await?;
            if taken.is_empty() {
                break;
            }
            count += taken.len();
            // One that fails must not break off the others: what has reached its mail server and is
            // not settled is sent again.
            if let Err(error) = send_all(app, taken).await
                && let Err(another) = std::mem::replace(&mut outcome, Err(error))
            {
                log_failure(&another);
            }
        }
    }
    outcome.map(|()| count)
}

/// Puts what is due into the inbox, where messages are kept in memory: who looks into it finds all
/// that was caused before the look.
///
/// # Errors
/// Only what the database gives.
pub async fn fill_inbox(app: &Arc<App>) -> Result<()> {
    for lane in &app.outbox_filled.0 {
        while lane.is_kept(&app.outbound) {
            // With all places, nothing else is on its way: what the background job had taken has
            // arrived.
            let places = Arc::clone(&lane.places);
            let places = places.acquire_many_owned(lane.all_places).await?;
            let taken = take(app, lane, places).await?;
            if taken.is_empty() {
                break;
            }
            send_all(app, taken).await?;
        }
    }
    Ok(())
}

async fn send_all(app: &Arc<App>, taken: Vec<Taken>) -> Result<()> {
    let mut sending = JoinSet::new();
    send(app, &mut sending, taken);
    let mut outcome = Ok(());
    while let Some(sent) = sending.join_next().await {
        if let Err(error) = sent.map_err(Error::from).flatten()
            && let Err(another) = std::mem::replace(&mut outcome, Err(error))
        {
            log_failure(&another);
        }
    }
    outcome
}

async fn deliver(app: &App, message: outbox::OutboxMessage) -> Result<()> {
    let attempt = u32::try_from(message.attempts).unwrap_or(u32::MAX);
    let sent = match read(message.payload) {
        Ok(_) if message.kind == TO_NOBODY => Ok(()),
        Ok(delivery) => hand_over(app, &message.id, delivery).await,
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

async fn hand_over(
    app: &App,
    id: &str,
    mut delivery: Delivery,
) -> std::result::Result<(), SendError> {
    match &mut delivery {
        Delivery::Email(mail) => {
            if app.config.mail_senders.restrict(mail) {
                tracing::warn!(message = %id, "a mail goes out with --mail-from, since its pool may not send as the address that it names (--mail-senders), or without a Reply-To that is no address");
            }
            if matches!(app.outbound.mail, Mailer::None) {
                return Err(not_here("mail"));
            }
        }
        Delivery::Sms(_) if matches!(app.outbound.sms, SmsSender::None) => {
            return Err(not_here("text messages"));
        }
        Delivery::Sms(_) => {}
    }
    app.outbound.deliver(&delivery).await
}

/// Left for a node that can: this one is of a kind that does not show what it is before it is read.
fn not_here(what: &str) -> SendError {
    SendError::Temporary(format!("this node sends no {what}"))
}

/// What is to be sent. The error holds nothing of it: serde's would tell the value that it stumbled
/// over.
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

/// Looks after a lane whose messages this node cannot send: tells operators, once, when no other
/// node takes them either, and drops what has waited for too long.
async fn watch_over(app: &App, lane: &Lane) -> Result<()> {
    let now = app.clock.now();
    for kind in lane.kinds {
        let next = outbox::next_due(&mut app.db.read().await?, kind).await?;
        let is_overdue = next.is_some_and(|next| next.plus(OVERDUE) <= now);
        let was_told = lane.is_told.swap(is_overdue, Ordering::Relaxed);
        if is_overdue && !was_told {
            tracing::warn!(
                kind,
                "messages wait in the outbox that this node cannot send and no other has taken (--smtp-url, --sms-url)"
            );
        }
        if next.is_some_and(|next| next.plus(LONGEST_WAIT) <= now) {
            drop_stale(app, kind).await?;
        }
    }
    Ok(())
}

async fn drop_stale(app: &App, kind: &'static str) -> Result<()> {
    let since = app.clock.now().minus(LONGEST_WAIT);
    let drop_some = async move |tx: &mut Tx| -> Result<u64> {
        Ok(outbox::drop_due_since(tx, kind, since, DROPPED_AT_ONCE).await?)
    };
    let dropped = app.db.write("drop_stale_messages", drop_some).await?;
    tracing::error!(
        kind,
        dropped,
        "messages that no node could send are given up"
    );
    Ok(())
}

/// The messages of a kind that wait in the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// `mail`, `sms`, `nobody` or, written by nodes of an older version, `message`.
    pub kind: &'static str,
    /// How many there are; beyond ten thousand they are not counted.
    pub messages: i64,
    /// How long the oldest of them has waited.
    pub age: Duration,
}

/// What waits in the outbox, for operators.
///
/// # Errors
/// Only what the database gives.
pub async fn waiting_messages(app: &App) -> Result<Vec<Waiting>> {
    let now = app.clock.now();
    let mut reader = app.db.read().await?;
    let mut all = Vec::new();
    for kind in [MAIL, SMS, TO_NOBODY, EITHER] {
        let (messages, oldest) = outbox::waiting(&mut reader, kind, MOST_COUNTED).await?;
        let age = oldest.map_or(0, |oldest| now.0.saturating_sub(oldest.0));
        all.push(Waiting {
            kind,
            messages,
            age: Duration::from_millis(u64::try_from(age).unwrap_or(0)),
        });
    }
    Ok(all)
}

fn log_outcome(sent: std::result::Result<Result<()>, tokio::task::JoinError>) {
    if let Err(error) = sent.map_err(Error::from).flatten() {
        log_failure(&error);
    }
}

fn log_failure(error: &Error) {
    tracing::warn!(error = %error, cause = error.source.as_ref().map(tracing::field::display), "the outbox could not be worked off");
}
