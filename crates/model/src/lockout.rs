//! The lock against guessing passwords (docs/protocol.md §5.5): the fifth failure in a row locks
//! the name for a second, each further one for twice as long, up to fifteen minutes.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// How many failures are free.
const FREE_FAILURES: u32 = 5;
/// The longest lock, and the quiet time after which failures are forgotten.
pub const FORGET_AFTER: Duration = Duration::from_secs(15 * 60);

/// The failures of one user name (known or not), as the database keeps them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lockout {
    /// Failures in a row.
    pub failures: u32,
    /// When the last one was.
    pub last_failure: Timestamp,
    /// Until when all attempts are refused.
    pub locked_until: Timestamp,
}

impl Lockout {
    /// Whether attempts are refused now.
    #[must_use]
    pub fn is_locked(&self, now: Timestamp) -> bool {
        now < self.locked_until
    }

    /// The state after one more failure. The caller refuses an attempt while the lock holds, so
    /// such an attempt extends nothing.
    #[must_use]
    pub fn after_failure(self, now: Timestamp) -> Self {
        // The quiet time begins when the lock ends: the longest lock is as long as the quiet time,
        // and waiting for its end is no quiet.
        let quiet = now.since(self.last_failure.max(self.locked_until)) >= FORGET_AFTER;
        let failures = if quiet {
            1
        } else {
            self.failures.saturating_add(1)
        };
        let lock = failures
            .checked_sub(FREE_FAILURES)
            .map_or(Duration::ZERO, |over| {
                Duration::from_secs(1 << over.min(10)).min(FORGET_AFTER)
            });
        Self {
            failures,
            last_failure: now,
            locked_until: now.plus(lock),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn four_failures_do_not_lock() {
        let now = Timestamp(1_000_000);
        let lockout = (0..4).fold(Lockout::default(), |lockout, _| lockout.after_failure(now));
        assert!(!lockout.is_locked(now));
    }

    #[test]
    fn the_lock_doubles_from_one_second_to_fifteen_minutes() {
        let now = Timestamp(1_000_000);
        let mut lockout = (0..4).fold(Lockout::default(), |lockout, _| lockout.after_failure(now));
        for expected in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
            lockout = lockout.after_failure(now);
            assert!(lockout.is_locked(now.plus(seconds(expected)).minus(Duration::from_millis(1))));
            assert!(
                !lockout.is_locked(now.plus(seconds(expected))),
                "{expected}"
            );
        }
    }

    #[test]
    fn fifteen_quiet_minutes_after_the_lock_forget_the_failures() {
        let now = Timestamp(1_000_000);
        let lockout = (0..6).fold(Lockout::default(), |lockout, _| lockout.after_failure(now));
        let quiet = lockout.locked_until.plus(FORGET_AFTER);
        assert_eq!(lockout.after_failure(quiet).failures, 1);
        let not_yet = quiet.minus(Duration::from_millis(1));
        assert_eq!(lockout.after_failure(not_yet).failures, 7);
    }

    #[test]
    fn who_guesses_whenever_the_lock_ends_has_four_guesses_an_hour() {
        let mut now = Timestamp(1_000_000);
        let mut lockout = Lockout::default();
        for _ in 0..20 {
            lockout = lockout.after_failure(now);
            now = lockout.locked_until;
        }
        let hour = now.plus(seconds(3600));
        let mut guesses = 0;
        while now < hour {
            lockout = lockout.after_failure(now);
            now = lockout.locked_until;
            guesses += 1;
        }
        assert_eq!(guesses, 4);
    }

    #[test]
    fn a_clock_set_back_ends_no_lock_and_forgets_nothing() {
        let now = Timestamp(10_000_000);
        let lockout = (0..8).fold(Lockout::default(), |lockout, _| lockout.after_failure(now));
        let back = now.minus(seconds(3600));
        assert!(lockout.is_locked(back));
        assert_eq!(lockout.after_failure(back).failures, 9);
    }

    #[test]
    fn no_number_of_failures_overflows() {
        let lockout = Lockout {
            failures: u32::MAX,
            last_failure: Timestamp(i64::MAX - 1),
            locked_until: Timestamp(i64::MAX - 1),
        };
        assert_eq!(
            lockout.after_failure(Timestamp(i64::MAX)).locked_until,
            Timestamp(i64::MAX)
        );
    }
}
