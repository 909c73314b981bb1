//! Read-only connections, and a view of one moment on one of them.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{connection::Connection, folder::TemporaryFolder};
use crate::{Error, Param, value::Answer};

/// Idle connections beyond this number are closed.
const IDLE_READERS: usize = 32;

/// Read-only connections. Each statement takes one, or opens one when all are in use, and gives it
/// back.
pub(crate) struct Readers {
    file: PathBuf,
    /// None once the database is closed.
    idle: Mutex<Option<Vec<Connection>>>,
    /// Kept until the last connection is gone.
    _folder: Option<TemporaryFolder>,
}

impl Readers {
    pub(super) fn new(file: PathBuf, folder: Option<TemporaryFolder>) -> Arc<Self> {
        Arc::new(Self {
            file,
            idle: Mutex::new(Some(Vec::new())),
            _folder: folder,
        })
    }

    pub(crate) fn run(&self, sql: &'static str, params: &[Param<'_>]) -> Result<Answer, Error> {
        let mut connection = self.take()?;
        let answer = connection.run(sql, params);
        // After an error the connection is dropped: a fresh one costs little and is known to be
        // whole.
        if answer.is_ok() {
            self.give_back(connection);
        }
        answer
    }

    /// The database's file.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// A consistent view of the database as it is now, on a connection of its own.
    pub(crate) fn snapshot(self: &Arc<Self>) -> Result<Snapshot, Error> {
        Snapshot::begin(self.take()?, Arc::clone(self))
    }

    fn take(&self) -> Result<Connection, Error> {
        let idle = self.idle().as_mut().ok_or(Error::Closed)?.pop();
        idle.map_or_else(|| Connection::open_reader(&self.file), Ok)
    }

    fn give_back(&self, connection: Connection) {
        if let Some(idle) = self
            .idle()
            .as_mut()
            .filter(|idle| idle.len() < IDLE_READERS)
        {
            idle.push(connection);
        }
    }

    /// Closes the idle connections, so that the last one to close can put the log away, and refuses
    /// further reads.
    pub(crate) fn close(&self) {
        self.idle().take();
    }

    fn idle(&self) -> MutexGuard<'_, Option<Vec<Connection>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A consistent view on a connection of its own, which goes back to the readers afterwards.
pub(crate) struct Snapshot {
    connection: Option<Connection>,
    readers: Arc<Readers>,
}

impl Snapshot {
    fn begin(connection: Connection, readers: Arc<Readers>) -> Result<Self, Error> {
        connection.batch("BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1")?;
        Ok(Self {
            connection: Some(connection),
            readers,
        })
    }

    pub(crate) fn run(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<Answer, Error> {
        self.connection
            .as_mut()
            .ok_or(Error::Closed)?
            .run(sql, params)
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take()
            && connection.batch("ROLLBACK").is_ok()
        {
            self.readers.give_back(connection);
        }
    }
}
