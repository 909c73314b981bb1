//! The memory that requests may take before anything is known of who sends them.
//!
//! A connection has a small allowance of its own, shared by all its HTTP/2 streams, so that
//! ordinary requests are never turned away for what strangers send. What goes beyond it is drawn
//! from one budget of the node. The sum is bounded by the number of connections, whatever they
//! send.

use std::sync::Arc;

use cognate_api::Error;
use http::{Extensions, HeaderMap};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What all connections together may hold beyond their allowances: 64 MiB.
const BUDGET: usize = 64 << 20;

/// What one connection may hold of its own: a head of 16 KiB and a body of 16 KiB.
const ALLOWANCE: usize = 32 << 10;

/// The bytes that one connection may hold before it draws on the budget. The listener makes one for
/// each connection and puts a clone into the extensions of each request on it; a request without
/// draws on the budget alone.
#[derive(Clone, Debug)]
pub struct Allowance(Arc<Semaphore>);

impl Default for Allowance {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(ALLOWANCE)))
    }
}

/// The node's budget of bytes; a clone is the same one.
#[derive(Clone, Debug)]
pub(crate) struct Budget(Arc<Semaphore>);

impl Default for Budget {
    fn default() -> Self {
        Self::of(BUDGET)
    }
}

impl Budget {
    pub(crate) fn of(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes)))
    }

    /// Room for a part of a request with these extensions; it holds nothing yet.
    pub(crate) fn room(&self, extensions: &Extensions) -> Room {
        Room {
            allowance: extensions.get::<Allowance>().cloned(),
            budget: self.clone(),
            held: Vec::new(),
        }
    }

    #[cfg(test)]
    pub(crate) fn left(&self) -> usize {
        self.0.available_permits()
    }
}

/// What a part of a request holds. It is given back when this is dropped.
#[derive(Debug)]
pub struct Room {
    allowance: Option<Allowance>,
    budget: Budget,
    held: Vec<OwnedSemaphorePermit>,
}

impl Room {
    /// Takes so many bytes more: of the allowance while it lasts, and of the budget.
    ///
    /// # Errors
    /// `ServiceUnavailableException`, which SDKs try again after a while, when neither has that
    /// much. What was held stays held.
    pub(crate) fn take(&mut self, bytes: usize) -> Result<(), Error> {
        let own = self
            .allowance
            .as_ref()
            .and_then(|allowance| part(&allowance.0, bytes));
        let rest = bytes.saturating_sub(own.as_ref().map_or(0, OwnedSemaphorePermit::num_permits));
        if rest > 0 {
            self.held
                .push(all(&self.budget.0, rest).ok_or_else(Error::overloaded)?);
        }
        self.held.extend(own);
        Ok(())
    }
}

/// What a head takes in memory, as HTTP/2 counts it (RFC 9113 §6.5.2).
pub(crate) fn head_size(headers: &HeaderMap) -> usize {
    headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 32)
        .sum()
}

/// As many as there are, up to `bytes`; none where another stream takes them in between.
fn part(from: &Arc<Semaphore>, bytes: usize) -> Option<OwnedSemaphorePermit> {
    match from.available_permits().min(bytes) {
        0 => None,
        there => all(from, there),
    }
}

fn all(from: &Arc<Semaphore>, bytes: usize) -> Option<OwnedSemaphorePermit> {
    let bytes = u32::try_from(bytes).ok()?;
    Arc::clone(from).try_acquire_many_owned(bytes).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use cognate_api::ErrorCode;

    use super::*;

    fn connection() -> Extensions {
        let mut extensions = Extensions::new();
        extensions.insert(Allowance::default());
        extensions
    }

    #[test]
    fn what_the_allowance_covers_is_taken_even_when_the_budget_is_spent() {
        let budget = Budget::of(0);
        let mut room = budget.room(&connection());
        room.take(ALLOWANCE).unwrap();
        assert_eq!(
            room.take(1).unwrap_err().code,
            ErrorCode::ServiceUnavailable
        );
    }

    #[test]
    fn the_requests_of_one_connection_share_one_allowance() {
        let (budget, connection) = (Budget::of(100), connection());
        let mut first = budget.room(&connection);
        first.take(ALLOWANCE - 10).unwrap();
        let mut second = budget.room(&connection);
        second.take(30).unwrap();
        assert_eq!(budget.left(), 80);
        drop((first, second));
        assert_eq!(budget.left(), 100);
        budget.room(&connection).take(ALLOWANCE + 100).unwrap();
    }

    #[test]
    fn what_does_not_fit_takes_nothing_and_leaves_what_was_held() {
        let budget = Budget::of(10);
        let mut room = budget.room(&Extensions::new());
        room.take(4).unwrap();
        assert!(room.take(7).is_err());
        assert!(room.take(usize::MAX).is_err());
        assert_eq!(budget.left(), 6);
        drop(room);
        assert_eq!(budget.left(), 10);
    }
}
