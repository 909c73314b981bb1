//! The SQLite driver: connections, the pool of readers, and (in `writer`) the one thread that
//! writes.
//!
//! Reads run on the caller's thread: a point read costs some ten microseconds, less than a hop to
//! another thread and back. Writes are committed in groups. Several processes may have one file
//! open (`cognate access-key` beside `cognate serve`): SQLite's own locks order them, and nothing
//! here is remembered between transactions. The file must be on a local disk, as WAL asks.

mod connection;
mod folder;
mod writer;

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

pub(crate) use connection::{Connection, Snapshot};
pub(crate) use writer::Writer;

use crate::{Error, OpenError, Param, Tx, tx::Gate, tx::Link, value::Answer};
use folder::TemporaryFolder;

/// Idle read connections beyond this number are closed.
const IDLE_READERS: usize = 32;

/// One SQLite database.
pub(crate) struct Sqlite {
    pub(crate) writer: Writer,
    pub(crate) readers: Arc<Readers>,
}

/// Where the database is.
pub(crate) enum Place<'a> {
    File(&'a Path),
    /// Gone with the process: a file in a temporary folder, written without waiting for the disk.
    /// It is not SQLite's `:memory:`, whose connections see one another's uncommitted work or none
    /// at all.
    Memory,
}

impl Sqlite {
    pub(crate) fn open(place: &Place<'_>, gate: Arc<Gate>) -> Result<Self, OpenError> {
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
        let readers = Arc::new(Readers {
            file,
            idle: Mutex::new(Some(Vec::new())),
            _folder: folder,
        });
        let counters = Arc::clone(&gate.counters);
        let tx = Tx::new(Link::SqliteWriter(connection), "start", gate);
        let writer = Writer::start(tx, counters).map_err(|source| OpenError::File {
            what: "starting the writer thread".to_owned(),
            source,
        })?;
        Ok(Self { writer, readers })
    }
}

/// Read-only connections. Each statement takes one, or opens one when all are in use, and gives it
/// back.
pub(crate) struct Readers {
    file: std::path::PathBuf,
    /// None once the database is closed.
    idle: Mutex<Option<Vec<Connection>>>,
    /// Kept until the last connection is gone.
    _folder: Option<TemporaryFolder>,
}

impl Readers {
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
