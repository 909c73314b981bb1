//! What all checks of doctor look at.

use std::time::{SystemTime, UNIX_EPOCH};

use cognate_model::Timestamp;
use cognate_service::Config;
use cognate_store::Db;

use crate::config_file::ConfigFile;
use crate::configuration::{Kind, ServerConfiguration};

/// What all checks look at.
pub(super) struct Patient {
    pub(super) file: ConfigFile,
    pub(super) configuration: ServerConfiguration,
    pub(super) config: Config,
    /// Development's, where nobody has named a place and only its folder is there.
    pub(super) kind: Kind,
    /// The database, if it could be opened.
    pub(super) db: Option<Db>,
    pub(super) now: Timestamp,
}

/// The machine's clock.
#[allow(
    clippy::disallowed_methods,
    reason = "whether it is right is asked here"
)]
pub(super) fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
