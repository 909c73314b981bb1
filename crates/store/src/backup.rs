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

mod frames;
mod reader;
pub(crate) mod row;
mod scan;
pub(crate) mod tables;

use std::io::{Read, Write};

use cognate_crypto::seal::file::{self, FileError, Lock, SealedUnder, Unlock};
use serde::{Deserialize, Serialize};

use crate::{Db, Error, OpenError, migrations};
pub(crate) use reader::{BackupReader, Record};

const TABLE: u8 = b'T';
const ROW: u8 = b'R';
const TABLE_END: u8 = b'E';
const END: u8 = b'Z';
/// After so many rows of a table progress is told.
const PROGRESS: u64 = 100_000;

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
    #[error("the backup's content is not in order: {0}")]
    Content(String),
    /// Made from the schema of a later version.
    #[error(
        "the backup is of schema version {found}, made by a later version of Cognate; this one knows versions up to {known}"
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
}

/// Writes a backup of the database as it is now, while others read and write. Gives back the file
/// too, which the caller makes durable. The writing blocks the thread. On PostgreSQL the view of
/// the database is lost when `out` takes nothing for half a minute.
///
/// # Errors
/// [`BackupError`]; what was written is no backup then.
pub async fn write<W: Write>(
    db: &Db,
    out: W,
    lock: Lock<'_>,
    made_at_ms: i64,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<(W, Summary), BackupError> {
    let mut out = frames::FrameWriter::new(out, lock, &mut db.core().random())?;
    let mut snapshot = db.snapshot().await?;
    let schema = migrations::version(db.core(), &mut snapshot).await?;
    let known = migrations::newest();
    if schema > known {
        // Another node has migrated since this one opened the database.
        return Err(OpenError::NewerDatabase {
            found: schema,
            known,
        }
        .into());
    }
    let manifest = Manifest {
        schema,
        made_at_ms,
        made_by: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let text =
        serde_json::to_vec(&manifest).map_err(|error| BackupError::Content(error.to_string()))?;
    out.write_sized(&text)?;
    let mut tables = Vec::new();
    for table in tables::at_version(schema)? {
        out.write(&[TABLE])?;
        out.write_sized(table.name.as_bytes())?;
        let vault = Some(db.vault());
        let summary = scan::table(&mut snapshot, &table, vault, progress, |row| {
            out.write(&[ROW])?;
            out.write(row)
        })
        .await?;
        out.write(&[TABLE_END])?;
        out.write(&summary.rows.to_be_bytes())?;
        out.write(&summary.checksum)?;
        tables.push(summary);
    }
    out.write(&[END])?;
    let summary = Summary {
        schema,
        made_at_ms,
        made_by: manifest.made_by,
        tables,
    };
    Ok((out.finish()?, summary))
}

/// Reads a backup to its end and checks all of it, without a database.
///
/// # Errors
/// [`BackupError`].
pub fn verify(input: impl Read, unlock: Unlock<'_>) -> Result<Summary, BackupError> {
    let mut backup = BackupReader::new(input, unlock)?;
    loop {
        if let Record::End(summary) = backup.next()? {
            return Ok(summary);
        }
    }
}

/// Under what the file was sealed, as its head says.
///
/// # Errors
/// [`BackupError`]: no backup.
pub fn sealed_under(mut input: impl Read) -> Result<SealedUnder, BackupError> {
    Ok(file::sealed_under(&frames::read_head(&mut input)?)?)
}

/// Sums up the tables of an open database as a backup of it would: equal sums, equal content,
/// whatever the kind of database.
///
/// # Errors
/// [`BackupError`].
pub async fn sum_up(db: &Db) -> Result<Vec<TableSummary>, BackupError> {
    let mut snapshot = db.snapshot().await?;
    let schema = migrations::version(db.core(), &mut snapshot).await?;
    let mut sums = Vec::new();
    for table in tables::at_version(schema)? {
        sums.push(
            scan::table(&mut snapshot, &table, Some(db.vault()), &mut |_| {}, |_| {
                Ok(())
            })
            .await?,
        );
    }
    Ok(sums)
}

/// Sums up one table as it stands, without opening a keyring.
pub(crate) async fn sum_up_table(
    tx: &mut crate::Tx,
    table: &tables::Table,
) -> Result<TableSummary, BackupError> {
    scan::table(tx, table, None, &mut |_| {}, |_| Ok(())).await
}

/// The beginning of a backup of a version that there is not yet.
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
pub(crate) fn of_version(schema: i64, lock: Lock<'_>) -> Vec<u8> {
    let mut random = cognate_crypto::random::Random::from_seed([5; 32]);
    let mut out = frames::FrameWriter::new(Vec::new(), lock, &mut random).unwrap();
    let manifest = Manifest {
        schema,
        made_at_ms: 0,
        made_by: "9.9".to_owned(),
    };
    out.write_sized(&serde_json::to_vec(&manifest).unwrap())
        .unwrap();
    out.finish().unwrap()
}
