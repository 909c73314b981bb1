//! From a path to the connections.

use std::{path::Path, sync::Arc};

use super::{
    connection::Connection,
    folder::{self, TemporaryFolder},
    readers::Readers,
};
use crate::OpenError;

/// Where the database is.
pub(crate) enum Place<'a> {
    File(&'a Path),
    /// Gone with the process: a file in a temporary folder, written without waiting for the disk.
    /// It is not SQLite's `:memory:`, whose connections see one another's uncommitted work or none
    /// at all.
    Memory,
}

/// Opens or makes the database: the one connection that writes, and the readers.
pub(crate) fn open(place: &Place<'_>) -> Result<(Connection, Arc<Readers>), OpenError> {
    let (file, folder) = match place {
        Place::File(path) => (path.to_path_buf(), None),
        Place::Memory => {
            let folder = TemporaryFolder::create()?;
            (folder.path().join("cognate.db"), Some(folder))
        }
    };
    let durable = folder.is_none();
    let connection = Connection::open_writer(&file, durable)?;
    if durable && let Some(parent) = file.parent() {
        folder::sync(parent)?;
    }
    Ok((connection, Readers::new(file, folder)))
}

/// The readers of a database that is there; nothing is made, and no connection writes.
pub(crate) fn open_to_read(file: &Path) -> Arc<Readers> {
    Readers::new(file.to_path_buf(), None)
}
