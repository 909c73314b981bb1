//! The calls that run: bounded, so that a flood is turned away instead of filling the memory, and counted, so that a stop can wait for them.
//!
//! A call runs on to its end when its client hangs up, so connections that are closed do not mean that nothing runs.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Room for calls; a clone is the same room.
#[derive(Clone, Debug)]
pub struct InFlight {
    room: Arc<Semaphore>,
    limit: u32,
}

impl InFlight {
    /// Room for `limit` calls at once.
    #[must_use]
    pub fn new(limit: u32) -> Self {
        // A semaphore holds more permits than a u32 counts on every machine that this runs on; where not, fewer calls run at once.
        let permits = usize::try_from(limit)
            .unwrap_or(Semaphore::MAX_PERMITS)
            .min(Semaphore::MAX_PERMITS);
        Self {
            room: Arc::new(Semaphore::new(permits)),
            limit,
        }
    }

    /// A place for one call, which it holds until it ends; none while all are taken.
    pub(crate) fn enter(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.room).try_acquire_owned().ok()
    }

    /// Waits until no call runs.
    pub async fn drained(&self) {
        // The semaphore is never closed; were it, there would be nothing to wait for.
        let _ = self.room.acquire_many(self.limit).await;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[tokio::test]
    async fn a_call_beyond_the_limit_finds_no_room_until_one_ends() {
        let in_flight = InFlight::new(1);
        let first = in_flight.enter().unwrap();
        assert!(in_flight.enter().is_none());
        drop(first);
        assert!(in_flight.enter().is_some());
    }

    #[tokio::test]
    async fn draining_waits_for_the_last_call() {
        let in_flight = InFlight::new(2);
        let call = in_flight.enter().unwrap();
        let waiting = tokio::spawn({
            let in_flight = in_flight.clone();
            async move { in_flight.drained().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(call);
        waiting.await.unwrap();
    }
}
