//! From the URL to the connections.

use super::{pool::Pool, url};
use crate::OpenError;

/// Takes a URL apart and makes the pool of its connections; none is opened yet. With `only_reads` a
/// standby will do.
pub(crate) fn open(url: &str, connections: usize, only_reads: bool) -> Result<Pool, OpenError> {
    let mut target = url::Target::parse(url)?;
    if !only_reads {
        target.choose_the_primary();
    }
    if target.trusts_the_network() {
        tracing::warn!(
            "the database is on another machine and its certificate is not checked; say sslmode=verify-full unless the network is trusted"
        );
    }
    Pool::new(target, connections, only_reads)
}
