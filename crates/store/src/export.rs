//! Exports: one user pool of a database, as a sealed file that another server takes; and imports of
//! such files.
//!
//! The file is written as a backup is (`backup`), with the tables that are declared to be exported
//! (`table::Export`) and, of each, the rows of the pool. Columns that are sealed at rest are opened
//! in it, for the other server has other data keys; the file is sealed as a whole. Recovery codes
//! are hashed under a secret of the server, which goes along with each list.
//!
//! An import is seen by nobody until its last transaction, which brings the pool itself, its app
//! clients and keys. What came before is marked as the leftovers of a deleted pool are
//! (`user_pools::DELETED`), so any node takes it away within an hour after an import that was cut,
//! and another import takes it away first.

mod error;
mod import;
mod note;
mod pool_table;
mod write;

pub use error::ExportError;
pub use import::{Import, Imported, check, import, sealed_under};
pub use write::{Export, write};
