//! What a database is opened with.

use cognate_crypto::{random::Random, seal::MasterKey};

#[cfg(doc)]
use crate::OpenError;
use crate::{FaultPlan, StatementLog};

/// What `Db::open` needs.
pub struct DbOptions {
    /// `sqlite:PATH`, `sqlite::memory:` (gone with the process) or `postgres://…`.
    pub url: String,
    /// The operator's key, under which the data keys are wrapped.
    pub master_key: MasterKey,
    /// For nonces, salts and the pauses between retries; a stream of its own.
    pub random: Random,
    /// Connections to PostgreSQL at most; SQLite opens as many as there are threads that read.
    pub max_connections: usize,
    /// Refuse a database that was not made yet ([`OpenError::NoDatabase`]) instead of making it.
    pub must_exist: bool,
    /// Nothing will be written, so that a database that takes no writes will do: a standby. One
    /// whose schema is older is refused ([`OpenError::OlderDatabase`]), not migrated.
    pub only_reads: bool,
    /// Of several servers in the URL, choose the one that takes writes, as one who writes does,
    /// also with `only_reads`.
    pub wants_the_primary: bool,
    /// Refuse a database whose schema is older ([`OpenError::OlderDatabase`]) instead of migrating
    /// it, as a command does that serves nothing: nodes of the version before may be running.
    pub keeps_schema: bool,
    /// Faults on order, for tests.
    pub faults: FaultPlan,
    /// Collects the texts of all statements, for tests.
    pub statements: Option<StatementLog>,
}

impl DbOptions {
    /// Options with no faults, no log and at most 16 connections.
    #[must_use]
    pub fn new(url: impl Into<String>, master_key: MasterKey, random: Random) -> Self {
        Self {
            url: url.into(),
            master_key,
            random,
            max_connections: 16,
            must_exist: false,
            only_reads: false,
            wants_the_primary: false,
            keeps_schema: false,
            faults: FaultPlan::default(),
            statements: None,
        }
    }
}
