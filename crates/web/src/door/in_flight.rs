//! The calls that run: bounded, so that a flood is turned away instead of filling the memory, and
//! counted, so that a stop can wait for them.
//!
//! A call runs on to its end when its client hangs up, so connections that are closed do not mean
//! that nothing runs.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cognate_service::{ClientAddress, CountedNetwork, Error};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The places of a node's calls; a clone has the same places.
#[derive(Clone, Debug)]
pub struct InFlight {
    places: Arc<Semaphore>,
    limit: u32,
    by_network: Arc<Mutex<HashMap<CountedNetwork, u32>>>,
    running: Arc<AtomicU32>,
}

/// The place of one call, which it holds until it ends.
#[derive(Debug)]
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
    of: InFlight,
    networks: Vec<CountedNetwork>,
}

impl InFlight {
    /// Places for `limit` calls at once. One address (IPv6: one /64) gets a quarter of them and one
    /// /56 a half, so that nobody takes all alone. This machine, where a proxy may stand, gets as
    /// many as it asks for.
    #[must_use]
    pub fn new(limit: u32) -> Self {
        // A semaphore holds more permits than a u32 counts on every machine that this runs on;
        // where not, fewer calls run at once.
        let permits = usize::try_from(limit)
            .unwrap_or(Semaphore::MAX_PERMITS)
            .min(Semaphore::MAX_PERMITS);
        Self {
            places: Arc::new(Semaphore::new(permits)),
            limit,
            by_network: Arc::default(),
            running: Arc::default(),
        }
    }

    /// A place for one call.
    ///
    /// # Errors
    /// `ServiceUnavailableException` while all are taken, `TooManyRequestsException` while its
    /// address has all that it may have.
    pub(crate) fn enter(&self, address: Option<ClientAddress>) -> Result<Place, Error> {
        let permit = Arc::clone(&self.places).try_acquire_owned();
        let permit = permit.map_err(|_| Error::overloaded())?;
        let shares = self.shares(address);
        let mut held = self.held();
        let is_full = |(network, share): &(CountedNetwork, u32)| {
            held.get(network).is_some_and(|held| held >= share)
        };
        if shares.iter().any(is_full) {
            return Err(Error::too_many_requests());
        }
        for (network, _) in &shares {
            *held.entry(*network).or_default() += 1;
        }
        drop(held);
        self.running.fetch_add(1, Ordering::Relaxed);
        Ok(Place {
            _permit: permit,
            of: self.clone(),
            networks: shares.into_iter().map(|(network, _)| network).collect(),
        })
    }

    fn shares(&self, address: Option<ClientAddress>) -> Vec<(CountedNetwork, u32)> {
        let Some(address) = address.filter(|address| !address.is_this_machine()) else {
            return Vec::new();
        };
        let near = (CountedNetwork::near(address.ip()), self.limit / 4);
        let wide = CountedNetwork::wide(address.ip()).map(|wide| (wide, self.limit / 2));
        let shares = [Some(near), wide].into_iter().flatten();
        shares
            .map(|(network, share)| (network, share.max(1)))
            .collect()
    }

    /// A panic elsewhere leaves the counts whole: each change is one step.
    fn held(&self) -> MutexGuard<'_, HashMap<CountedNetwork, u32>> {
        self.by_network
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// How many calls run now.
    #[must_use]
    pub fn running(&self) -> u32 {
        self.running.load(Ordering::Relaxed)
    }

    /// Waits until no call runs.
    pub async fn drained(&self) {
        // The semaphore is never closed; were it, there would be nothing to wait for.
        let _ = self.places.acquire_many(self.limit).await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.of.running.fetch_sub(1, Ordering::Relaxed);
        let mut held = self.of.held();
        for network in &self.networks {
            if let Some(count) = held.get_mut(network) {
                *count -= 1;
                if *count == 0 {
                    held.remove(network);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use cognate_service::ErrorCode;

    use super::*;

    fn from(address: &str) -> Option<ClientAddress> {
        Some(ClientAddress::of_peer(address.parse().unwrap()))
    }

    #[tokio::test]
    async fn an_address_gets_a_quarter_of_the_places_and_others_the_rest() {
        let in_flight = InFlight::new(8);
        let (first, _second) = (
            in_flight.enter(from("192.0.2.1")).unwrap(),
            in_flight.enter(from("192.0.2.1")).unwrap(),
        );
        let refused = in_flight.enter(from("::ffff:192.0.2.1")).unwrap_err();
        assert_eq!(refused.code, ErrorCode::TooManyRequests);
        assert!(in_flight.enter(from("192.0.2.2")).is_ok());
        drop(first);
        assert!(in_flight.enter(from("192.0.2.1")).is_ok());
    }

    #[tokio::test]
    async fn the_networks_of_one_56_get_half_of_the_places_together() {
        let in_flight = InFlight::new(8);
        let of = |n: u8| from(&format!("2001:db8:0:{n:x}::1"));
        let held: Vec<_> = (0..4).map(|n| in_flight.enter(of(n)).unwrap()).collect();
        assert!(in_flight.enter(of(4)).is_err());
        assert!(in_flight.enter(from("2001:db8:0:100::1")).is_ok());
        drop(held);
        assert!(in_flight.enter(of(4)).is_ok());
        assert!(in_flight.held().is_empty());
    }

    #[tokio::test]
    async fn this_machine_gets_all_places() {
        let in_flight = InFlight::new(4);
        let _held = [(); 4].map(|()| in_flight.enter(from("127.0.0.1")).unwrap());
        assert!(in_flight.enter(None).is_err());
    }

    #[tokio::test]
    async fn a_call_beyond_the_limit_finds_no_place_until_one_ends() {
        let in_flight = InFlight::new(1);
        let first = in_flight.enter(None).unwrap();
        let refused = in_flight.enter(None).unwrap_err();
        assert_eq!(refused.code, ErrorCode::ServiceUnavailable);
        drop(first);
        assert!(in_flight.enter(None).is_ok());
    }

    #[tokio::test]
    async fn draining_waits_for_the_last_call() {
        let in_flight = InFlight::new(2);
        let call = in_flight.enter(None).unwrap();
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
