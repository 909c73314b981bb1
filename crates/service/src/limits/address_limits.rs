//! What one network address may do in a while, whichever users it does it to: what the limits per
//! user do not see.
//!
//! Counted in memory on each node: an address that goes round all nodes has that many times the
//! allowance, and no more. An IPv6 address is counted by its /64 and, with four times the
//! allowance, by its /56. [`Origin`] tells whom a request is counted for; what comes from this
//! machine, and from a backend that names nobody, is not counted.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cognate_model::Timestamp;
use quick_cache::sync::Cache;
use tokio::sync::Notify;

use super::origin::{Counted, Origin, Width};
use super::rates::{Limits, Rate};
use crate::counts::{Counts, Limit};
use crate::{Error, ErrorCode, Result};

/// The most addresses that are remembered of a kind; those that were not seen for long go first.
const CAPACITY: usize = 65_536;
/// How many times the allowance of one address a /56 has.
const WIDE: u32 = 4;
/// SRP challenges that nobody has answered rightly: each is a row of some 3 KB for three minutes.
const OPEN_CHALLENGES: Rate = Rate::of(300, 5 * 60);

/// The limits of a node, one for each kind of thing that is counted.
pub(crate) struct AddressLimits {
    /// Failed guesses: wrong passwords, wrong codes, names that prove to be taken.
    pub(crate) failures: AddressLimit,
    /// Messages that strangers and users ask for, whether somebody gets them or nobody: bombing,
    /// and calls to numbers that cost.
    pub(crate) messages: AddressLimit,
    /// Sign-ups, each of which is a computation and a row for ever.
    pub(crate) sign_ups: AddressLimit,
    /// SRP challenges that nobody has answered rightly.
    pub(crate) open_challenges: AddressLimit,
}

impl AddressLimits {
    /// `counts` is told of each request that meets one of them.
    pub(crate) fn new(limits: &Limits, counts: &Arc<Counts>) -> Self {
        let limit = |limit, rate| AddressLimit {
            limit,
            rate,
            counts: Arc::clone(counts),
            counters: Cache::new(CAPACITY),
        };
        Self {
            failures: limit(Limit::FailuresOfAddress, limits.failures_per_address),
            messages: limit(Limit::MessagesOfAddress, limits.messages_per_address),
            sign_ups: limit(Limit::SignUpsOfAddress, limits.sign_ups_per_address),
            open_challenges: limit(Limit::OpenChallengesOfAddress, OPEN_CHALLENGES),
        }
    }
}

/// How much of one kind an address may do within a window of time.
pub(crate) struct AddressLimit {
    limit: Limit,
    rate: Rate,
    counts: Arc<Counts>,
    counters: Cache<Counted, Arc<Counter>>,
}

/// What one address has done.
struct Counter {
    window: Mutex<Window>,
    /// Told when a place may be free, or none will be.
    changed: Notify,
}

struct Window {
    since: Timestamp,
    counted: u32,
    /// Attempts that are being looked at. They hold places, so that of many at once no more are
    /// looked at than one after the other.
    under_way: u32,
}

/// What an attempt has taken of its address's allowance. It is counted when this is dropped,
/// whatever became of the attempt; only [`Taken::give_back`] undoes it.
#[must_use = "an attempt that proves right gives back what it has taken"]
pub(crate) struct Taken(Vec<Place>);

/// A place of an attempt under way.
struct Place {
    counter: Arc<Counter>,
    allowance: u32,
    since: Timestamp,
}

impl AddressLimit {
    /// Takes one of the allowance for an attempt, before anything is looked at. While attempts
    /// under way hold all that is left, this waits for them: an honest crowd behind one address is
    /// held up for a moment, and not refused.
    ///
    /// # Errors
    /// `TooManyRequestsException` once the allowance is used up.
    pub(crate) async fn take(&self, origin: &Origin, now: Timestamp) -> Result<Taken> {
        let mut places = Vec::new();
        for (counter, allowance) in self.counters_of(origin, now) {
            match counter.enter(self.rate, allowance, now).await {
                Ok(place) => places.push(place),
                Err(error) => {
                    Taken(places).give_back();
                    self.counts.meet(self.limit);
                    return Err(error);
                }
            }
        }
        Ok(Taken(places))
    }

    /// Counts one that is spent whatever becomes of it.
    ///
    /// # Errors
    /// `TooManyRequestsException` once the allowance is used up.
    pub(crate) fn spend(&self, origin: &Origin, now: Timestamp) -> Result<()> {
        let mut spent = Vec::new();
        for (counter, allowance) in self.counters_of(origin, now) {
            if !counter.spend(self.rate, allowance, now) {
                spent
                    .iter()
                    .for_each(|counter: &Arc<Counter>| counter.return_one());
                self.counts.meet(self.limit);
                return Err(Error::too_many_requests());
            }
            spent.push(counter);
        }
        Ok(())
    }

    /// Takes one back that another request has spent, once what it was spent for is over.
    pub(crate) fn return_spent(&self, origin: &Origin, now: Timestamp) {
        self.counters_of(origin, now)
            .for_each(|(counter, _)| counter.return_one());
    }

    fn counters_of(
        &self,
        origin: &Origin,
        now: Timestamp,
    ) -> impl Iterator<Item = (Arc<Counter>, u32)> {
        let counted = self.rate.number.map(|number| (number, origin.counted()));
        counted.into_iter().flat_map(move |(number, counted)| {
            counted.into_iter().map(move |(counted, width)| {
                let allowance = match width {
                    Width::Near => number,
                    Width::Wide => number.saturating_mul(WIDE),
                };
                let fresh = || Ok::<_, Infallible>(Arc::new(Counter::new(now)));
                let Ok(counter) = self.counters.get_or_insert_with(&counted, fresh);
                (counter, allowance)
            })
        })
    }
}

impl Counter {
    fn new(now: Timestamp) -> Self {
        Self {
            window: Mutex::new(Window::at(now)),
            changed: Notify::new(),
        }
    }

    async fn enter(self: Arc<Self>, rate: Rate, allowance: u32, now: Timestamp) -> Result<Place> {
        loop {
            // From here on a change is noticed, also one that comes before the wait.
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            {
                let mut window = self.renewed(rate, now);
                if window.counted >= allowance {
                    return Err(Error::too_many_requests());
                }
                if window.counted.saturating_add(window.under_way) < allowance {
                    window.under_way += 1;
                    let since = window.since;
                    drop(window);
                    return Ok(Place {
                        counter: Arc::clone(&self),
                        allowance,
                        since,
                    });
                }
            }
            changed.await;
        }
    }

    fn spend(&self, rate: Rate, allowance: u32, now: Timestamp) -> bool {
        let mut window = self.renewed(rate, now);
        let has_room = window.counted.saturating_add(window.under_way) < allowance;
        if has_room {
            window.counted += 1;
        }
        has_room
    }

    fn return_one(&self) {
        let mut window = self.window();
        window.counted = window.counted.saturating_sub(1);
    }

    /// The window as it stands now: a new one, when it is over.
    fn renewed(&self, rate: Rate, now: Timestamp) -> MutexGuard<'_, Window> {
        let mut window = self.window();
        if now.since(window.since) >= rate.window {
            *window = Window::at(now);
            self.changed.notify_waiters();
        }
        window
    }

    /// Nothing is half done while the lock is held, so that a panic elsewhere does no harm to it.
    fn window(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Window {
    fn at(now: Timestamp) -> Self {
        Self {
            since: now,
            counted: 0,
            under_way: 0,
        }
    }
}

impl Taken {
    /// The attempt proved right, or was no guess at all.
    pub(crate) fn give_back(mut self) {
        self.close(false);
    }

    /// What was done before anything was looked at: where it fails, there was no guess.
    ///
    /// # Errors
    /// The outcome's own.
    pub(crate) fn through<T>(self, outcome: Result<T>) -> Result<(Self, T)> {
        match outcome {
            Ok(value) => Ok((self, value)),
            Err(error) => {
                self.give_back();
                Err(error)
            }
        }
    }

    /// The end of an attempt whose outcome tells whether it proved right: a refusal is counted, a
    /// failure of ours, which tells a guesser nothing, is not.
    ///
    /// # Errors
    /// The outcome's own.
    pub(crate) fn settle<T>(self, outcome: Result<T>) -> Result<T> {
        match &outcome {
            Err(error) if !is_ours(error.code) => drop(self),
            Ok(_) | Err(_) => self.give_back(),
        }
        outcome
    }

    /// The same of a transaction that is committed with its refusal, because it counts the guess.
    ///
    /// # Errors
    /// The refusal; the outcome's own.
    pub(crate) fn settle_guess(self, outcome: Result<Option<Error>>) -> Result<()> {
        self.settle(outcome.and_then(|refusal| refusal.map_or(Ok(()), Err)))
    }

    fn close(&mut self, is_counted: bool) {
        for place in self.0.drain(..) {
            place.close(is_counted);
        }
    }
}

/// Whether an error is a failure of ours.
fn is_ours(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::InternalError | ErrorCode::ServiceUnavailable
    )
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.close(true);
    }
}

impl Place {
    fn close(self, is_counted: bool) {
        let mut window = self.counter.window();
        // A window that began since knows nothing of this attempt.
        if window.since != self.since {
            return;
        }
        window.under_way = window.under_way.saturating_sub(1);
        if is_counted {
            window.counted = window.counted.saturating_add(1);
        }
        let is_used_up = window.counted >= self.allowance;
        drop(window);
        if is_used_up {
            self.counter.changed.notify_waiters();
        } else if !is_counted {
            self.counter.changed.notify_one();
        }
    }
}
