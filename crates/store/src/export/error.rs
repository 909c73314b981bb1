//! Why an export or an import did not come to its end.

use crate::{Error, backup::BackupError};

/// Why an export or an import did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The file, or what is in it.
    #[error(transparent)]
    File(#[from] BackupError),
    /// The database answered with an error.
    #[error(transparent)]
    Database(#[from] Error),
    /// An id that no user pool has.
    #[error("there is no user pool «{0}»")]
    NoSuchPool(String),
    /// The pool is there, or has come meanwhile.
    #[error(
        "the user pool «{0}» is here already; delete it first, if the file is to take its place"
    )]
    PoolExists(String),
    /// An app client of another pool has the id of one of the file.
    #[error("an app client of another user pool has the id «{0}» already")]
    ClientExists(String),
    /// Something else of the pool is another's already.
    #[error("something that the file brings is another pool's here already, in the table {0}")]
    Taken(String),
    /// Another import of the same pool has begun, or this one stood still for too long.
    #[error("another import of the user pool has begun, or this one stood still for half an hour")]
    Overtaken,
    /// The file has no signing keys, and none were made for it.
    #[error("the file has no signing keys: new ones have to be made")]
    NoSigningKeys,
}

impl From<std::io::Error> for ExportError {
    fn from(error: std::io::Error) -> Self {
        Self::File(error.into())
    }
}
