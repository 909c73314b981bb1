//! The one place where the store asks for the time itself.

use std::time::{SystemTime, UNIX_EPOCH};

/// The wall clock, for the two things that the store itself dates: its keys and the lease under
/// which it migrates. All other times are handed in.
#[allow(
    clippy::disallowed_methods,
    reason = "the store is opened before there is a Cx to take the time from"
)]
pub(crate) fn wall_clock_ms() -> i64 {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}
