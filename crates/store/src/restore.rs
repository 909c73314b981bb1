//! Restores: a backup into an empty database, of either kind.
//!
//! The mark is put in the transaction that finds the database empty, and every batch of rows looks
//! for it; the data keys, without which nothing is served, come last, in the transaction that takes
//! the mark away. So a restore that is cut leaves a database that refuses to open, and a server
//! that starts meanwhile does too. What bears the mark and has no data keys is a part of a backup
//! and nothing else: the next restore makes the mark its own and deletes that part first.

use std::{io::Read, sync::Arc};

use cognate_crypto::{
    random::Random,
    seal::{
        DataKey, MasterKey,
        file::{FileKind, Unlock},
    },
};

use crate::{
    Db, DbOptions, Error, OpenError, Param, Row, Tx,
    backup::{
        self, BackupError, BackupReader, PROGRESS, Progress, Record, Summary,
        layout::{self, Layout, ROWS_AT_ONCE},
        row,
    },
    core::Core,
    keyring, meta, migrations, restore_mark as mark,
    value::Value,
};

/// Rows in one transaction.
const BATCH: usize = 32 * ROWS_AT_ONCE;
/// Bytes in one transaction, about.
const BATCH_BYTES: usize = 8 << 20;

/// Restores a backup into an empty database and opens it, its data keys under the master key of
/// `options`. With `verify` every table is read again and compared with the backup before the
/// database may be served.
///
/// # Errors
/// [`BackupError`]. Once rows were written the database refuses to open until a restore has come to
/// its end.
pub async fn restore(
    options: DbOptions,
    input: impl Read,
    unlock: Unlock<'_>,
    verify: bool,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<(Db, Summary), BackupError> {
    let mut backup = BackupReader::new(FileKind::Backup, input, unlock)?;
    let (core, master_key, mut random) = Core::connect(options)?;
    let outcome = fill(
        &core,
        &mut backup,
        &master_key,
        &mut random,
        verify,
        progress,
    )
    .await;
    let summary = match outcome {
        Ok(summary) => summary,
        Err(error) => {
            core.close().await;
            return Err(error);
        }
    };
    // What an older backup lacks.
    migrations::run(&core, &random.uuid_v4(), migrations::newest()).await?;
    let db = Db::with_keyring(core, &master_key, random).await?;
    Ok((db, summary))
}

async fn fill<R: Read>(
    core: &Core,
    backup: &mut BackupReader<R>,
    master_key: &MasterKey,
    random: &mut Random,
    verify: bool,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Summary, BackupError> {
    let schema = backup.manifest.schema;
    // Before anything is written, so that a database with content stays as it is.
    let part = check_empty(core, schema).await?;
    let id = random.uuid_v4();
    if let Some(part) = part {
        clear(core, part, &id).await?;
    }
    migrations::run(core, &id, schema).await?;
    let tables = Arc::clone(&backup.tables);
    begin(core, &tables, &id).await?;
    let (summary, keys) = copy(core, backup, &tables, &id, progress).await?;
    if verify {
        compare(core, &tables, &summary).await?;
    }
    finish(core, &tables, keys, master_key, random, &id).await?;
    Ok(summary)
}

/// Refuses a database that holds anything of ours, or has gone further than the backup. One that
/// holds a part of a restore passes: its tables are given.
async fn check_empty(core: &Core, schema: i64) -> Result<Option<Arc<Vec<Layout>>>, BackupError> {
    let mut reader = core.read();
    let found = migrations::version(core, &mut reader).await?;
    if found > migrations::newest() {
        let known = migrations::newest();
        return Err(OpenError::NewerDatabase { found, known }.into());
    }
    let tables = layout::at_version(found)?;
    let is_part = core.has_table(&mut reader, meta::TABLE.name).await?
        && mark::find(&mut reader).await?.is_some();
    for table in &tables {
        if (!is_part || table.holds_data_keys)
            && core.has_table(&mut reader, table.name).await?
            && !reader.query(table.any_row(), &[]).await?.is_empty()
        {
            return Err(not_empty(table));
        }
    }
    if found > schema {
        return Err(BackupError::NotEmpty(format!(
            "its schema is of version {found} already, the backup of version {schema}"
        )));
    }
    Ok(is_part.then(|| Arc::new(tables)))
}

/// Deletes what a restore that was cut has left, a few rows at a time, under a mark of one's own.
async fn clear(core: &Core, tables: Arc<Vec<Layout>>, id: &str) -> Result<(), BackupError> {
    tracing::warn!("a restore into this database was cut; what it has left is deleted first");
    let own = id.to_owned();
    core.write("take_over_restore", async move |tx| {
        // It may have come to its end a moment ago.
        if mark::find(tx).await?.is_none() {
            return Err(Error::Unavailable(
                "another restore has come to its end".to_owned(),
            ));
        }
        mark::take_over(tx, &own).await
    })
    .await?;
    let some = i64::try_from(BATCH).unwrap_or(i64::MAX);
    for number in 0..tables.len() {
        loop {
            let (tables, own) = (Arc::clone(&tables), id.to_owned());
            let deleted = core
                .write("clear_restore", async move |tx| {
                    mark::check(tx, &own).await?;
                    let table = tables.get(number).ok_or(Error::TransactionFailed)?;
                    if table.name == meta::TABLE.name {
                        let sql = "DELETE FROM meta WHERE name <> $1";
                        return tx.execute(sql, &[mark::NAME.into()]).await;
                    }
                    tx.execute(table.delete_some(), &[some.into()]).await
                })
                .await?;
            if deleted < BATCH as u64 {
                break;
            }
        }
    }
    Ok(())
}

fn not_empty(table: &Layout) -> BackupError {
    BackupError::NotEmpty(format!("there are rows in its table {}", table.name))
}

/// Puts the mark into a database that is still empty, unless it is there since the part of another
/// restore was deleted.
async fn begin(core: &Core, tables: &Arc<Vec<Layout>>, id: &str) -> Result<(), BackupError> {
    let (known, id) = (Arc::clone(tables), id.to_owned());
    let full = core
        .write("begin_restore", async move |tx| {
            let is_marked = mark::find(tx).await?.as_deref() == Some(id.as_str());
            for (number, table) in known.iter().enumerate() {
                let rows = if is_marked && table.name == meta::TABLE.name {
                    let others = "SELECT name FROM meta WHERE name <> $1 LIMIT 1";
                    tx.query(others, &[mark::NAME.into()]).await?
                } else {
                    tx.query(table.any_row(), &[]).await?
                };
                if !rows.is_empty() {
                    return Ok(Some(number));
                }
            }
            if !is_marked {
                mark::put(tx, &id).await?;
            }
            Ok::<_, Error>(None)
        })
        .await?;
    match full.and_then(|number| tables.get(number)) {
        Some(table) => Err(not_empty(table)),
        None => Ok(()),
    }
}

/// Copies all rows but the data keys, which it gives back.
async fn copy<R: Read>(
    core: &Core,
    backup: &mut BackupReader<R>,
    tables: &Arc<Vec<Layout>>,
    id: &str,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<(Summary, Vec<Row>), BackupError> {
    let mut keys = Vec::new();
    let mut batch = Batch::default();
    let mut copied = 0;
    loop {
        match backup.next()? {
            Record::Row(number, row) if is_data_keys(tables, number) => keys.push(row),
            Record::Row(number, row) => {
                batch.add(row);
                if batch.is_full() {
                    copied += batch.write(core, tables, number, id).await?;
                    if copied % PROGRESS < BATCH as u64 {
                        progress(told(tables, number, copied, false));
                    }
                }
            }
            Record::TableEnd(number, rows) => {
                batch.write(core, tables, number, id).await?;
                copied = 0;
                progress(told(tables, number, rows, true));
            }
            Record::End(summary) => return Ok((summary, keys)),
        }
    }
}

fn is_data_keys(tables: &[Layout], number: usize) -> bool {
    tables
        .get(number)
        .is_some_and(|table| table.holds_data_keys)
}

fn told(tables: &[Layout], number: usize, rows: u64, is_whole: bool) -> Progress<'static> {
    Progress {
        table: tables.get(number).map_or("", |table| table.name),
        rows,
        is_whole,
    }
}

/// Rows of one table that wait for their transaction.
#[derive(Default)]
struct Batch {
    rows: Vec<Row>,
    bytes: usize,
}

impl Batch {
    fn add(&mut self, row: Row) {
        self.bytes += row.0.iter().map(size).sum::<usize>();
        self.rows.push(row);
    }

    fn is_full(&self) -> bool {
        self.rows.len() >= BATCH || self.bytes >= BATCH_BYTES
    }

    /// Writes them, and gives their number.
    async fn write(
        &mut self,
        core: &Core,
        tables: &Arc<Vec<Layout>>,
        number: usize,
        id: &str,
    ) -> Result<u64, Error> {
        let rows = Arc::new(std::mem::take(self).rows);
        if rows.is_empty() {
            return Ok(0);
        }
        let (tables, id, copied) = (Arc::clone(tables), id.to_owned(), rows.len());
        core.write("restore_rows", async move |tx| {
            mark::check(tx, &id).await?;
            let table = tables.get(number).ok_or(Error::TransactionFailed)?;
            insert(tx, table, &rows).await
        })
        .await?;
        Ok(copied as u64)
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Null | Value::Int(_) | Value::Bool(_) => 8,
    }
}

/// Inserts rows, many in a statement; what is left over goes one by one, so that a table has two
/// statements and not sixty-four.
pub(crate) async fn insert(tx: &mut Tx, table: &Layout, rows: &[Row]) -> Result<(), Error> {
    let many = rows.chunks_exact(ROWS_AT_ONCE);
    let rest = many.remainder();
    for chunk in many.chain(rest.chunks(1)) {
        let params: Vec<Param<'_>> = chunk
            .iter()
            .flat_map(|row| &row.0)
            .map(row::param)
            .collect();
        tx.execute(table.insert(chunk.len()), &params).await?;
    }
    Ok(())
}

/// Reads again what was written. The data keys are not there yet.
async fn compare(core: &Core, tables: &[Layout], summary: &Summary) -> Result<(), BackupError> {
    let mut snapshot = core.snapshot().await?;
    for (table, wanted) in tables.iter().zip(&summary.tables) {
        if !table.holds_data_keys && backup::sum_up_table(&mut snapshot, table).await? != *wanted {
            return Err(BackupError::Differs(table.name.to_owned()));
        }
    }
    Ok(())
}

/// Brings the data keys, wrapped under the target's own master key, and takes the mark away.
async fn finish(
    core: &Core,
    tables: &Arc<Vec<Layout>>,
    keys: Vec<Row>,
    master_key: &MasterKey,
    random: &mut Random,
    id: &str,
) -> Result<(), BackupError> {
    let number = (0..tables.len()).find(|number| is_data_keys(tables, *number));
    let Some(table) = number.and_then(|number| tables.get(number)) else {
        return Err(BackupError::Content(
            "a schema without data keys".to_owned(),
        ));
    };
    if keys.is_empty() {
        return Err(BackupError::Content("no data key in it".to_owned()));
    }
    let wrapped = keys
        .into_iter()
        .map(|row| wrap(table, row, master_key, random))
        .collect::<Result<Vec<_>, _>>()?;
    let (tables, wrapped, id) = (Arc::clone(tables), Arc::new(wrapped), id.to_owned());
    let outcome = core
        .write("finish_restore", async move |tx| {
            mark::check(tx, &id).await?;
            let table = number
                .and_then(|number| tables.get(number))
                .ok_or(Error::TransactionFailed)?;
            insert(tx, table, &wrapped).await?;
            mark::remove(tx).await
        })
        .await;
    match outcome {
        // The mark goes with this commit only: where it is gone, all is there.
        Err(Error::OutcomeUnknown(_)) if mark::find(&mut core.read()).await?.is_none() => Ok(()),
        outcome => Ok(outcome?),
    }
}

/// The row of a data key with the key wrapped.
fn wrap(
    table: &Layout,
    mut row: Row,
    master_key: &MasterKey,
    random: &mut Random,
) -> Result<Row, BackupError> {
    let place = table.place("wrapped")?;
    let id = u32::try_from(row.int(table.place("id")?)?)
        .map_err(|_| BackupError::Content("the id of a data key".to_owned()))?;
    let key = row
        .bytes(place)?
        .try_into()
        .map_err(|_| BackupError::Content("a data key of another length".to_owned()))?;
    let wrapped = DataKey::from_bytes(id, key)
        .wrap(master_key, random)
        .map_err(keyring::refused)?;
    if let Some(value) = row.0.get_mut(place) {
        *value = Value::Bytes(wrapped);
    }
    Ok(row)
}

#[cfg(test)]
mod tests;
