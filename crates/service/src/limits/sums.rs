//! The sums per user and per mailbox: by where a request comes from first, by the user or the
//! mailbox alone with a larger sum. They are in the database, so they hold across nodes, and are
//! counted in the transaction whose work they limit.

use std::sync::Arc;
use std::time::Duration;

use cognate_crypto::digest::{base64url_encode, hmac_sha256};
use cognate_model::code::{LimitedAction, MAX_GUESSES, Sum};
use cognate_model::{Sub, Timestamp, UserPoolId};
use cognate_store::{Tx, attempts};

use super::origin::{Origin, Width};
use crate::counts::{Counts, Limit};
use crate::{Cx, Error, Result};

/// How many messages one mailbox or phone number gets in an hour from one pool, whoever asks for
/// them.
const MESSAGES_PER_ADDRESS: Sum = Sum::of(20, Duration::from_secs(3600));
/// How many of these one network address may ask for. Of what comes from this machine, or from a
/// backend, it may be all: many users stand behind them.
const MESSAGES_FROM_ONE_PLACE: i64 = 10;
/// How many times the sum of one place a /56 has: some of its /64 may be other people's.
const WIDE: i64 = 2;

/// Where a request comes from, as the tables may tell it: keyed hashes of the places, from the
/// nearest to the widest.
#[derive(Clone)]
pub(crate) struct Whence {
    places: Arc<[(String, i64)]>,
    messages_to_one_address: i64,
    counts: Arc<Counts>,
}

impl Whence {
    pub(crate) fn of(cx: &Cx) -> Self {
        let hidden = |name: String| {
            let hash = hmac_sha256(&cx.app.secrets.address, &[b"place\0", name.as_bytes()]);
            base64url_encode(hash.get(..16).unwrap_or_default())
        };
        let factor = |width| match width {
            Width::Near => 1,
            Width::Wide => WIDE,
        };
        let names = cx.origin.names().into_iter();
        Self {
            places: names
                .map(|(name, width)| (hidden(name), factor(width)))
                .collect(),
            messages_to_one_address: match cx.origin {
                Origin::ThisMachine | Origin::Backend => MESSAGES_PER_ADDRESS.number,
                Origin::Address(_) | Origin::UserOfBackend(_) => MESSAGES_FROM_ONE_PLACE,
            },
            counts: Arc::clone(&cx.app.counts),
        }
    }

    /// Tells operators that a limit was met.
    pub(crate) fn meet(&self, limit: Limit) {
        self.counts.meet(limit);
    }

    /// Counts one of a kind for each place, and tells whether one of them is above its sum.
    async fn is_above(
        &self,
        tx: &mut Tx,
        (pool, subject): (&UserPoolId, &str),
        kind: &str,
        now: Timestamp,
        sum: Sum,
    ) -> Result<bool> {
        for (place, factor) in self.places.iter() {
            let kind = format!("{kind}@{place}");
            let count = attempts::count(tx, pool, subject, &kind, now, sum.window).await?;
            if count > sum.number * factor {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Counts an action against its sums.
///
/// # Errors
/// Only what the database gives; `Some` holds the refusal, which must be committed with the count.
pub(crate) async fn count_action(
    tx: &mut Tx,
    whence: &Whence,
    pool: &UserPoolId,
    subject: &Sub,
    action: LimitedAction,
    now: Timestamp,
) -> Result<Option<Error>> {
    let of = (pool, subject.as_str());
    for sum in action.from_one_place() {
        let kind = format!("{}/{}s", action.as_str(), sum.window.as_secs());
        // What one place is refused is not counted for all: it would use up what others need.
        if whence.is_above(tx, of, &kind, now, *sum).await? {
            whence.meet(Limit::ActionsOnUser);
            return Ok(Some(Error::attempt_limit_exceeded()));
        }
    }
    let sum = action.for_all();
    let count =
        attempts::count(tx, pool, subject.as_str(), action.as_str(), now, sum.window).await?;
    if count <= sum.number {
        return Ok(None);
    }
    whence.meet(Limit::ActionsOnUser);
    Ok(Some(Error::attempt_limit_exceeded()))
}

/// Counts a guess at a code by the place that it comes from, before it is looked at; `name` tells
/// the code from those before and after it. Tells whether the place has guessed too often.
///
/// # Errors
/// Only what the database gives.
pub(crate) async fn count_guess(
    tx: &mut Tx,
    whence: &Whence,
    of: (&UserPoolId, &Sub),
    name: &str,
    now: Timestamp,
    window: Duration,
) -> Result<bool> {
    let (pool, sub) = of;
    let sum = Sum::of(MAX_GUESSES, window);
    whence
        .is_above(tx, (pool, sub.as_str()), name, now, sum)
        .await
}

/// Counts a message to a mailbox or a phone number, given as the subject that it is counted under,
/// and tells whether it would be one too many.
///
/// # Errors
/// Only what the database gives.
pub(crate) async fn count_message(
    tx: &mut Tx,
    whence: &Whence,
    pool: &UserPoolId,
    destination: &str,
    now: Timestamp,
) -> Result<bool> {
    let window = MESSAGES_PER_ADDRESS.window;
    let from_one_place = Sum::of(whence.messages_to_one_address, window);
    let of = (pool, destination);
    if whence
        .is_above(tx, of, "message", now, from_one_place)
        .await?
    {
        return Ok(true);
    }
    let sent = attempts::count(tx, pool, destination, "message", now, window).await?;
    Ok(sent > MESSAGES_PER_ADDRESS.number)
}

/// Counts a message that an operator sends to a mailbox or a phone number: for itself, and up to
/// the same sum.
///
/// # Errors
/// Only what the database gives.
pub(crate) async fn count_operators_message(
    tx: &mut Tx,
    pool: &UserPoolId,
    destination: &str,
    now: Timestamp,
) -> Result<bool> {
    let window = MESSAGES_PER_ADDRESS.window;
    let sent = attempts::count(tx, pool, destination, "operators_message", now, window).await?;
    Ok(sent > MESSAGES_PER_ADDRESS.number)
}
