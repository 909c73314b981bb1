//! Failed guesses of one network address, whichever users it guesses at: what the lock per user does not see.
//!
//! Counted in memory on each node: an address that goes round all nodes has that many times the allowance, and no more. A loopback
//! address is a proxy on this machine or a test and stands for nobody in particular, so it is not counted.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cognate_model::Timestamp;
use quick_cache::sync::Cache;

use crate::{Cx, Error, Result};

/// Failures of one address that are borne within [`WINDOW`].
const ALLOWANCE: u32 = 100;
/// The span in which they are counted.
const WINDOW: Duration = Duration::from_secs(300);
/// The most addresses that are remembered; those that were not seen for long go first.
const CAPACITY: usize = 65_536;

pub(crate) struct FailureLimits(Cache<IpAddr, Arc<Mutex<Window>>>);

struct Window {
    since: Timestamp,
    failures: u32,
}

impl FailureLimits {
    pub(crate) fn new() -> Self {
        Self(Cache::new(CAPACITY))
    }

    /// Refuses an address that has failed too often.
    ///
    /// # Errors
    /// `TooManyRequestsException`.
    pub(crate) fn check(&self, cx: &Cx) -> Result<()> {
        let Some(window) = counted(cx.address).and_then(|address| self.0.get(&address)) else {
            return Ok(());
        };
        let window = window.lock().unwrap_or_else(PoisonError::into_inner);
        if cx.now.since(window.since) < WINDOW && window.failures >= ALLOWANCE {
            return Err(Error::too_many_requests());
        }
        Ok(())
    }

    /// Counts a failure.
    pub(crate) fn count(&self, cx: &Cx) {
        let Some(address) = counted(cx.address) else {
            return;
        };
        let fresh = || {
            Ok::<_, std::convert::Infallible>(Arc::new(Mutex::new(Window {
                since: cx.now,
                failures: 0,
            })))
        };
        let Ok(window) = self.0.get_or_insert_with(&address, fresh);
        let mut window = window.lock().unwrap_or_else(PoisonError::into_inner);
        if cx.now.since(window.since) >= WINDOW {
            *window = Window {
                since: cx.now,
                failures: 0,
            };
        }
        window.failures = window.failures.saturating_add(1);
    }
}

/// What is counted for an address: an IPv4 address itself, of an IPv6 address the /64 that one household has.
fn counted(address: Option<IpAddr>) -> Option<IpAddr> {
    let address = address?.to_canonical();
    if address.is_loopback() {
        return None;
    }
    Some(match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    })
}
