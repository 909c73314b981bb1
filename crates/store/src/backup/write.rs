//! Writes a backup, and sums a database up as a backup of it would.

use std::io::Write;

use cognate_crypto::seal::file::{FileKind, Lock};

use super::{
    error::BackupError,
    format::{END, Manifest, Progress, ROW, Summary, TABLE, TABLE_END, TableSummary},
    frames, layout, scan,
};
use crate::{Db, OpenError, Tx, migrations};

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
    let mut out = frames::FrameWriter::new(FileKind::Backup, out, lock, &mut db.core().random())?;
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
        pool: None,
    };
    let text =
        serde_json::to_vec(&manifest).map_err(|error| BackupError::Content(error.to_string()))?;
    out.write_sized(&text)?;
    let mut tables = Vec::new();
    for table in layout::at_version(schema)? {
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

/// Sums up the tables of an open database as a backup of it would: equal sums, equal content,
/// whatever the kind of database.
///
/// # Errors
/// [`BackupError`].
pub async fn sum_up(db: &Db) -> Result<Vec<TableSummary>, BackupError> {
    let mut snapshot = db.snapshot().await?;
    let schema = migrations::version(db.core(), &mut snapshot).await?;
    let mut sums = Vec::new();
    for table in layout::at_version(schema)? {
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
    tx: &mut Tx,
    table: &layout::Layout,
) -> Result<TableSummary, BackupError> {
    scan::table(tx, table, None, &mut |_| {}, |_| Ok(())).await
}

/// The beginning of a backup of a version that there is not yet.
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
pub(crate) fn of_version(schema: i64, lock: Lock<'_>) -> Vec<u8> {
    let mut random = cognate_crypto::random::Random::from_seed([5; 32]);
    let mut out =
        frames::FrameWriter::new(FileKind::Backup, Vec::new(), lock, &mut random).unwrap();
    let manifest = Manifest {
        schema,
        made_at_ms: 0,
        made_by: "9.9".to_owned(),
        pool: None,
    };
    out.write_sized(&serde_json::to_vec(&manifest).unwrap())
        .unwrap();
    out.finish().unwrap()
}
