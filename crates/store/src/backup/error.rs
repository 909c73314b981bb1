//! Why a backup or a restore did not come to its end.

use cognate_crypto::seal::file::FileError;

use crate::{Error, OpenError};

/// Why a backup or a restore did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The file doesn't open.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file can't be read or written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The database answered with an error.
    #[error(transparent)]
    Database(#[from] Error),
    /// The database to restore into can't be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The content isn't what a backup holds, though the seal is whole: a bug, or made by another
    /// program.
    #[error("the file's content is not in order: {0}")]
    Content(String),
    /// Made from the schema of a later version.
    #[error(
        "the file is of schema version {found}, made by a later version of Cognate; this one knows versions up to {known}"
    )]
    NewerSchema {
        /// The version of the backup.
        found: i64,
        /// The last version known to this binary.
        known: i64,
    },
    /// The database to restore into holds something.
    #[error("a restore goes into an empty database, and this one is not: {0}")]
    NotEmpty(String),
    /// What stands in the database after the restore isn't what the backup holds.
    #[error("after the restore the table {0} is not what the backup holds")]
    Differs(String),
}
