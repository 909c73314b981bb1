//! From the URL to the connections.

use super::{pool::Pool, url};
use crate::{DbOptions, OpenError};

/// Takes the URL apart and makes the pool of its connections; none is opened yet. With `only_reads`
/// a standby will do, unless the primary is wanted.
pub(crate) fn open(options: &DbOptions) -> Result<Pool, OpenError> {
    let mut target = url::Target::parse(&options.url)?;
    if !options.only_reads || options.wants_the_primary {
        target.choose_the_primary();
    }
    if target.trusts_the_network() {
        tracing::warn!(
            "the database is on another machine and its certificate is not checked; say sslmode=verify-full unless the network is trusted"
        );
    }
    Pool::new(target, options.max_connections, options.only_reads)
}
