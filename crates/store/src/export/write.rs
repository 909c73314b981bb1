//! Writes an export.

use std::io::Write;

use cognate_crypto::{
    digest::Sha256,
    seal::file::{FileKind, Lock},
    secret::SecretBytes,
};
use cognate_model::{UserPoolId, recovery_code::RecoveryCodes};

use super::{
    error::ExportError,
    pool_table::{self, PoolTable},
};
use crate::{
    Db, Error, OpenError, Row, Tx,
    backup::{
        BackupError, ExportedPool, PROGRESS, Progress, Summary, TableSummary,
        format::{END, Manifest, ROW, TABLE, TABLE_END},
        frames::FrameWriter,
        row,
    },
    migrations, recovery_codes, user_pools,
    value::Value,
};

/// What is exported, and how.
pub struct Export<'a> {
    /// The pool.
    pub pool: &'a UserPoolId,
    /// Whether its signing keys go along.
    pub with_signing_keys: bool,
    /// Under what the file is sealed.
    pub lock: Lock<'a>,
    /// Now, in milliseconds since the epoch.
    pub made_at_ms: i64,
    /// The secret of this server that recovery codes are hashed under.
    pub recovery_secret: [u8; 32],
}

/// Writes one pool as it is now, while others read and write. Gives back the file too, which the
/// caller makes durable. The writing blocks the thread. On PostgreSQL the view of the database is
/// lost when `out` takes nothing for half a minute.
///
/// # Errors
/// [`ExportError`]; what was written is no export then.
pub async fn write<W: Write>(
    db: &Db,
    out: W,
    export: &Export<'_>,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<(W, Summary), ExportError> {
    let mut snapshot = db.snapshot().await?;
    let schema = migrations::version(db.core(), &mut snapshot).await?;
    let known = migrations::newest();
    if schema > known {
        // Another node has migrated since this one opened the database.
        let found = schema;
        return Err(BackupError::from(OpenError::NewerDatabase { found, known }).into());
    }
    let id = export.pool.as_str();
    let pool = user_pools::find(&mut snapshot, export.pool).await?;
    let pool = pool.ok_or_else(|| ExportError::NoSuchPool(id.to_owned()))?;
    let mut tables = pool_table::at_version(schema)?;
    tables.retain(|table| export.with_signing_keys || !table.is_on_demand);
    let manifest = Manifest {
        schema,
        made_at_ms: export.made_at_ms,
        made_by: env!("CARGO_PKG_VERSION").to_owned(),
        pool: Some(ExportedPool {
            id: id.to_owned(),
            name: pool.settings.name,
            has_signing_keys: export.with_signing_keys,
            tables: tables
                .iter()
                .map(|table| table.layout.name.to_owned())
                .collect(),
        }),
    };
    let mut random = db.core().random();
    let mut out = FrameWriter::new(FileKind::PoolExport, out, export.lock, &mut random)?;
    let text = serde_json::to_vec(&manifest);
    out.write_sized(&text.map_err(|error| BackupError::Content(error.to_string()))?)?;
    let mut summaries = Vec::new();
    for table in &tables {
        out.write(&[TABLE])?;
        out.write_sized(table.layout.name.as_bytes())?;
        let summary = rows(&mut snapshot, table, export, &mut out, progress).await?;
        out.write(&[TABLE_END])?;
        out.write(&summary.rows.to_be_bytes())?;
        out.write(&summary.checksum)?;
        summaries.push(summary);
    }
    out.write(&[END])?;
    let summary = Summary {
        schema,
        made_at_ms: export.made_at_ms,
        made_by: manifest.made_by,
        tables: summaries,
    };
    Ok((out.finish()?, summary))
}

/// The pool's rows of one table, page by page.
async fn rows<W: Write>(
    tx: &mut Tx,
    table: &PoolTable,
    export: &Export<'_>,
    out: &mut FrameWriter<W>,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<TableSummary, ExportError> {
    let name = table.layout.name;
    let mut checksum = Sha256::new();
    let mut bytes = Vec::new();
    let mut number = 0;
    let mut after = None;
    loop {
        let mut page = table.page(tx, export.pool.as_str(), after.as_ref()).await?;
        let is_last = table.is_last(page.len());
        for row in &mut page {
            pool_table::open(tx, &table.layout, table.sealed, row)?;
            keep_hasher(table, export, row)?;
            bytes.clear();
            row::write(&table.layout, row, &mut bytes)?;
            checksum.update(&bytes);
            out.write(&[ROW])?;
            out.write(&bytes)?;
            number += 1;
            if number % PROGRESS == 0 {
                progress(told(name, number, false));
            }
        }
        after = page.pop();
        page.iter_mut().for_each(pool_table::wipe);
        if is_last {
            break;
        }
    }
    // They held secrets.
    drop(SecretBytes::new(bytes));
    after.iter_mut().for_each(pool_table::wipe);
    progress(told(name, number, true));
    Ok(TableSummary {
        name: name.to_owned(),
        rows: number,
        checksum: checksum.finish(),
    })
}

/// Lets a list of recovery codes carry the secret that they are hashed under, for no other server
/// has it.
fn keep_hasher(table: &PoolTable, export: &Export<'_>, row: &mut Row) -> Result<(), Error> {
    if table.layout.name != recovery_codes::TABLE.name {
        return Ok(());
    }
    let place = table.layout.place("sealed")?;
    let Some(value @ Value::Bytes(_)) = row.0.get_mut(place) else {
        return Ok(());
    };
    let Value::Bytes(plain) = std::mem::replace(value, Value::Null) else {
        return Ok(());
    };
    let plain = SecretBytes::new(plain);
    let unreadable = |_| Error::Unreadable("a list of recovery codes".to_owned());
    let list: RecoveryCodes = serde_json::from_slice(plain.expose()).map_err(unreadable)?;
    let list = list.hashed_under(export.recovery_secret);
    *value = Value::Bytes(serde_json::to_vec(&list).map_err(unreadable)?);
    Ok(())
}

fn told(table: &str, rows: u64, is_whole: bool) -> Progress<'_> {
    Progress {
        table,
        rows,
        is_whole,
    }
}
