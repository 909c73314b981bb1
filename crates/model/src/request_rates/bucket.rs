//! A token bucket that holds a second's worth: what was not used for a moment may come at once, and
//! over any time no more than the rate gets through.

use crate::time::Timestamp;

/// How many requests a second all nodes let through together, and how many nodes there are: each
/// takes the same share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Requests a second, of all nodes.
    pub rate: u32,
    /// The nodes that live, this one among them.
    pub nodes: u32,
}

impl Share {
    /// What a request costs, in units of which `rate` flow in each millisecond: whole numbers
    /// whatever the share is.
    fn cost(self) -> u64 {
        1000 * u64::from(self.nodes.max(1))
    }

    /// The most that a bucket holds: a second's worth, and one request where that is less.
    fn capacity(self) -> u64 {
        match self.rate {
            0 => 0,
            rate => (1000 * u64::from(rate)).max(self.cost()),
        }
    }
}

/// What a node has left of one rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    level: u64,
    at: Timestamp,
}

impl Bucket {
    /// A full one.
    #[must_use]
    pub fn full(share: Share, now: Timestamp) -> Self {
        Self {
            level: share.capacity(),
            at: now,
        }
    }

    /// Takes one request, if there is room for it.
    pub fn take(&mut self, share: Share, now: Timestamp) -> bool {
        // A clock that was set back begins anew, or nothing would flow until it has caught up.
        let elapsed = u64::try_from(now.since(self.at).as_millis()).unwrap_or(u64::MAX);
        self.at = now;
        let flowed = u64::from(share.rate).saturating_mul(elapsed);
        self.level = self.level.saturating_add(flowed).min(share.capacity());
        match self.level.checked_sub(share.cost()) {
            Some(left) => {
                self.level = left;
                true
            }
            None => false,
        }
    }

    /// Gives back what a request has taken that another rate has refused.
    pub fn give_back(&mut self, share: Share) {
        self.level = (self.level.saturating_add(share.cost())).min(share.capacity());
    }
}
