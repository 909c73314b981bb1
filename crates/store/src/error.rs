//! What can go wrong with the database, told apart by what a caller may do about it.

/// A statement or a transaction that did not succeed. Nothing of a failed transaction is kept,
/// except where [`Error::OutcomeUnknown`] says that nobody knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A row with this key stands already. The text names the constraint or its columns.
    #[error("a unique constraint was violated: {0}")]
    UniqueViolation(String),
    /// Another transaction changed what this one read (SQLSTATE 40001, 40P01). `Db::write` repeats
    /// the transaction by itself; this comes out when even its last attempt met a conflict.
    #[error("the transaction met another one again and again; try again later")]
    Conflict,
    /// The connection broke before the commit was sent, so nothing was written.
    #[error("the connection to the database broke: {0}")]
    Disconnected(String),
    /// The database can't serve now: not reachable, disk full, too busy. Nothing was written; it
    /// may be tried again later.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The server takes no writes (SQLSTATE 25006, a standby). Nothing was written; `Db::write`
    /// tries others by itself, so this comes out when even its last attempt met such a one.
    #[error("the database is read-only: {0}")]
    ReadOnly(String),
    /// The commit was sent and its answer was lost: the transaction may stand or not. It must not
    /// be repeated blindly.
    #[error("the outcome of the commit is unknown: {0}")]
    OutcomeUnknown(String),
    /// The database refused the statement: a bug here, or a schema that isn't ours.
    #[error("the database refused a statement: {0}")]
    Statement(String),
    /// A statement was asked of a transaction in which one had failed before.
    #[error("the transaction has failed already")]
    TransactionFailed,
    /// The function that ran as a transaction panicked; its work was rolled back.
    #[error("the transaction panicked and was rolled back")]
    Panicked,
    /// The function awaited something other than the database inside a transaction.
    #[error("a transaction may await nothing but the database")]
    AwaitedElsewhere,
    /// A column isn't of the type that was asked for, or a stored document can't be read.
    #[error("a stored row can't be read: {0}")]
    Unreadable(String),
    /// A document of a newer format: what it says may be read, and must not be written by this
    /// version.
    #[error(
        "a stored {what} has format {found}, of a newer version of Cognate; this one knows formats up to {known}, reads it as far as it can and does not write it"
    )]
    NewerDocument {
        /// Of what kind it is.
        what: &'static str,
        /// Its format.
        found: u64,
        /// The newest format that is known here.
        known: u64,
    },
    /// A sealed value doesn't open: changed, moved to another row, or sealed under a data key that
    /// is not in the keyring.
    #[error("a sealed value can't be opened")]
    Sealed,
    /// `Db::close` was called.
    #[error("the database is closed")]
    Closed,
}

/// Why a database was not opened. It is as it was before, whatever the reason.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL names no database that is known here, or has a parameter that is not.
    #[error("the database URL is not valid: {0}")]
    Url(String),
    /// The folder or file can't be used, a certificate can't be read.
    #[error("{what}: {source}")]
    File {
        /// What was being done with which file.
        what: String,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// The certificates named in the URL can't be used.
    #[error("the TLS settings of the database URL can't be used: {0}")]
    Tls(String),
    /// The master key is not the one that this database was made with.
    #[error(
        "the master key does not open this database; start with the one that it was made with or last rotated to"
    )]
    WrongMasterKey,
    /// A later version of Cognate has changed this database.
    #[error(
        "the database is at schema version {found}, made by a later version of Cognate; this one knows versions up to {known}"
    )]
    NewerDatabase {
        /// The version found.
        found: i64,
        /// The last version known to this binary.
        known: i64,
    },
    /// An earlier version of Cognate has made this database, and `DbOptions::only_reads` asked for
    /// no change.
    #[error(
        "the database is at schema version {found}, of an earlier version of Cognate, and this one reads version {known}: use the earlier version, or start this one's server once, which brings the schema up to date"
    )]
    OlderDatabase {
        /// The version found.
        found: i64,
        /// The version of this binary.
        known: i64,
    },
    /// A restore into this database was cut, or runs still.
    #[error(
        "a restore into this database runs or was cut, so it holds a part only; if none runs, restore again, which deletes that part first, or empty it (delete the file, or drop and create the database)"
    )]
    UnfinishedRestore,
    /// There is nothing yet, and `DbOptions::must_exist` asked for no making.
    #[error("there is no database of Cognate")]
    NoDatabase,
    /// Another node held the migration lease for too long.
    #[error("another node is migrating the database and has not finished after {0} seconds")]
    MigrationBusy(u64),
    /// The database answered with an error.
    #[error(transparent)]
    Database(#[from] Error),
}

impl Error {
    /// Whether the same transaction, run again, may succeed and can't have been done already.
    pub(crate) fn is_retryable(&self) -> bool {
        matches!(
            self,
            Error::Conflict | Error::Disconnected(_) | Error::ReadOnly(_)
        )
    }
}
