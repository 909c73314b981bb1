//! The waits between the attempts of a failed outbox entry.

use std::time::Duration;

/// The waits after the first, second, third … failed attempt, in seconds. The early ones are short,
/// because a person waits for the code. The later ones bridge a night without a mail server.
/// Together they are a little over 24 hours, the lifetime of a confirmation code.
const WAITS: [u64; 13] = [
    2,
    5,
    15,
    60,
    5 * 60,
    15 * 60,
    3_600,
    2 * 3_600,
    3 * 3_600,
    4 * 3_600,
    4 * 3_600,
    5 * 3_600,
    5 * 3_600,
];

/// How long to wait after the `attempts`-th attempt (counted from 1) has failed; `None` when it was
/// the last.
///
/// The wait is the same for every message: a caller that retries many at once has to spread them.
#[must_use]
pub fn retry_after(attempts: u32) -> Option<Duration> {
    let index = usize::try_from(attempts.checked_sub(1)?).ok()?;
    WAITS.get(index).copied().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits() -> Vec<u64> {
        (1..)
            .map_while(retry_after)
            .map(|wait| wait.as_secs())
            .collect()
    }

    #[test]
    fn the_first_retries_come_while_a_person_still_waits() {
        assert_eq!(waits().get(..4), Some([2, 5, 15, 60].as_slice()));
    }

    #[test]
    fn waits_never_grow_shorter() {
        assert!(waits().is_sorted());
    }

    #[test]
    fn retries_go_on_for_a_day_and_then_end() {
        let total: u64 = waits().iter().sum();
        assert!((24 * 3_600..25 * 3_600).contains(&total), "{total} seconds");
        assert_eq!(retry_after(u32::MAX), None);
    }

    #[test]
    fn a_message_that_was_never_tried_has_no_wait() {
        assert_eq!(retry_after(0), None);
    }
}
