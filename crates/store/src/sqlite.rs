//! The SQLite driver: the connection that writes, and the readers.
//!
//! Reads run on the caller's thread: a point read costs some ten microseconds, less than a hop to
//! another thread and back. Writes are committed in groups (see `commit`). Several processes may
//! have one file open (`cognate access-key` beside `cognate serve`): SQLite's own locks order them,
//! and nothing here is remembered between transactions. The file must be on a local disk, as WAL
//! asks.

mod connection;
mod folder;
mod open;
mod readers;

pub(crate) use connection::Connection;
pub(crate) use open::{Place, open, open_to_read};
pub(crate) use readers::{Readers, Snapshot};
