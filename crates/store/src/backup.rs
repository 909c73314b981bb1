//! Backups: one consistent moment of a database, whole, as a sealed file that either kind of
//! database takes (see `restore`).
//!
//! ```text
//! content = manifest ‖ table ‖ table ‖ … ‖ 'Z'
//! manifest = its JSON behind its length (u32 BE)
//! table    = 'T' ‖ name behind its length ‖ ('R' ‖ row)… ‖ 'E' ‖ number of rows (u64 BE)
//!            ‖ SHA-256 of the rows (32)
//! ```
//! The tables are those of the migrations, in their order; rows come in the order of the primary
//! key, as `row` writes them. What the columns hold sealed stays sealed; the data keys that open it
//! are in the file *unwrapped*, and the file as a whole is sealed (`cognate_crypto::seal::file`): a
//! restore wraps them under the master key of its target. The leases and the book of migrations are
//! no content.

mod error;
pub(crate) mod format;
pub(crate) mod frames;
pub(crate) mod layout;
mod reader;
pub(crate) mod row;
mod scan;
mod verify;
mod write;

pub use error::BackupError;
pub(crate) use format::PROGRESS;
pub use format::{ExportedPool, Progress, Summary, TableSummary};
pub(crate) use reader::{BackupReader, Record};
pub use verify::{sealed_under, verify};
#[cfg(test)]
pub(crate) use write::of_version;
pub(crate) use write::sum_up_table;
pub use write::{sum_up, write};
