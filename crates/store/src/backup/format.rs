//! What a backup says: before its tables, between them and about them.

use serde::{Deserialize, Serialize};

pub(crate) const TABLE: u8 = b'T';
pub(crate) const ROW: u8 = b'R';
pub(crate) const TABLE_END: u8 = b'E';
pub(crate) const END: u8 = b'Z';
/// After so many rows of a table progress is told.
pub(crate) const PROGRESS: u64 = 100_000;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The version of its schema.
    pub schema: i64,
    /// When it was made, in milliseconds since the epoch.
    pub made_at_ms: i64,
    /// The version of Cognate that made it.
    pub made_by: String,
    /// Its tables.
    pub tables: Vec<TableSummary>,
}

/// What a backup holds of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSummary {
    /// Its name.
    pub name: String,
    /// The number of its rows.
    pub rows: u64,
    /// SHA-256 over its rows in the order of their keys.
    pub checksum: [u8; 32],
}

/// How far the work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The table that is being worked on.
    pub table: &'a str,
    /// Its rows so far.
    pub rows: u64,
    /// Whether these are all.
    pub is_whole: bool,
}

/// What is said before the tables.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) schema: i64,
    pub(crate) made_at_ms: i64,
    pub(crate) made_by: String,
    /// Of an export: what of the database is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pool: Option<ExportedPool>,
}

/// The user pool that an export holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedPool {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether its signing keys are there.
    pub has_signing_keys: bool,
    /// The tables, in their order: later versions have others.
    pub(crate) tables: Vec<String>,
}
