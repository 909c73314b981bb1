//! What one network address may do in a while, whichever users it does it to: what the limits per user do not see.
//!
//! Counted in memory on each node: an address that goes round all nodes has that many times the allowance, and no more. A peer on
//! loopback is a program on this machine or a test and stands for nobody in particular, so it is not counted.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cognate_model::Timestamp;
use quick_cache::sync::Cache;

use crate::{ClientAddress, CountedNetwork, Cx, Error, Result};

/// The most addresses that are remembered of a kind; those that were not seen for long go first.
const CAPACITY: usize = 65_536;

/// The limits of a node, one for each kind of thing that is counted.
pub(crate) struct AddressLimits {
    /// Failed guesses.
    pub(crate) failures: AddressLimit,
    /// Messages that strangers and users ask for, whether somebody gets them or nobody: bombing, and calls to numbers that cost.
    pub(crate) messages: AddressLimit,
    /// SRP challenges that nobody has answered rightly: each is a row of some 3 KB for three minutes.
    pub(crate) open_challenges: AddressLimit,
}

impl AddressLimits {
    pub(crate) fn new() -> Self {
        Self {
            failures: AddressLimit::new(100, Duration::from_secs(5 * 60)),
            messages: AddressLimit::new(30, Duration::from_secs(10 * 60)),
            open_challenges: AddressLimit::new(300, Duration::from_secs(5 * 60)),
        }
    }
}

/// How much of one kind an address may do within a window of time.
pub(crate) struct AddressLimit {
    allowance: u32,
    window: Duration,
    addresses: Cache<CountedNetwork, Arc<Mutex<Window>>>,
}

struct Window {
    since: Timestamp,
    count: u32,
}

impl AddressLimit {
    fn new(allowance: u32, window: Duration) -> Self {
        Self {
            allowance,
            window,
            addresses: Cache::new(CAPACITY),
        }
    }

    /// Refuses an address that has used its allowance up.
    ///
    /// # Errors
    /// `TooManyRequestsException`.
    pub(crate) fn check(&self, cx: &Cx) -> Result<()> {
        let Some(window) = counted(cx.address).and_then(|address| self.addresses.get(&address))
        else {
            return Ok(());
        };
        let window = lock(&window);
        if cx.now.since(window.since) < self.window && window.count >= self.allowance {
            return Err(Error::too_many_requests());
        }
        Ok(())
    }

    /// Counts one.
    pub(crate) fn count(&self, cx: &Cx) {
        if let Some(window) = self.window_of(cx) {
            let mut window = self.renew(&window, cx.now);
            window.count = window.count.saturating_add(1);
        }
    }

    /// Refuses an address that has used its allowance up, and counts one otherwise: in one step, so that many at once get no more.
    ///
    /// # Errors
    /// `TooManyRequestsException`.
    pub(crate) fn spend(&self, cx: &Cx) -> Result<()> {
        let Some(window) = self.window_of(cx) else {
            return Ok(());
        };
        let mut window = self.renew(&window, cx.now);
        if window.count >= self.allowance {
            return Err(Error::too_many_requests());
        }
        window.count = window.count.saturating_add(1);
        Ok(())
    }

    /// Takes one that was counted back.
    pub(crate) fn give_back(&self, cx: &Cx) {
        if let Some(window) = counted(cx.address).and_then(|address| self.addresses.get(&address)) {
            let mut window = lock(&window);
            window.count = window.count.saturating_sub(1);
        }
    }

    fn window_of(&self, cx: &Cx) -> Option<Arc<Mutex<Window>>> {
        let fresh = || Ok::<_, std::convert::Infallible>(Arc::new(Mutex::new(Window::at(cx.now))));
        let Ok(window) = self
            .addresses
            .get_or_insert_with(&counted(cx.address)?, fresh);
        Some(window)
    }

    /// A window as it stands now: a new one, when it is over.
    fn renew<'a>(&self, window: &'a Mutex<Window>, now: Timestamp) -> MutexGuard<'a, Window> {
        let mut window = lock(window);
        if now.since(window.since) >= self.window {
            *window = Window::at(now);
        }
        window
    }
}

impl Window {
    fn at(now: Timestamp) -> Self {
        Self {
            since: now,
            count: 0,
        }
    }
}

/// Nothing is half done while the lock is held, so that a panic elsewhere does no harm to it.
fn lock(window: &Mutex<Window>) -> MutexGuard<'_, Window> {
    window.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is counted for an address: an IPv4 address itself, of an IPv6 address the /64 that one household has.
fn counted(address: Option<ClientAddress>) -> Option<CountedNetwork> {
    let address = address.filter(|address| !address.is_this_machine())?;
    Some(CountedNetwork::near(address.ip()))
}
