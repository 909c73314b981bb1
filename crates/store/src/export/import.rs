//! Brings an export into a database, whether it is served or not.

use std::{io::Read, sync::Arc};

use cognate_crypto::seal::file::{self, FileKind, SealedUnder, Unlock};
use cognate_model::UserPoolId;

use super::{
    error::ExportError,
    note::{self, Mark},
    pool_table::{self, sealed_of},
};
use crate::{
    Db, Error, Row, Tx, app_clients,
    backup::{
        BackupError, BackupReader, ExportedPool, PROGRESS, Progress, Record, Summary, frames,
        layout::Layout,
    },
    restore,
    signing_keys::{self, NewSigningKey},
    user_pools,
    value::Value,
};

/// Rows in one transaction.
const BATCH: usize = 512;
/// Bytes in one transaction, about.
const BATCH_BYTES: usize = 4 << 20;
/// Rows of each table that are taken away in one transaction.
const LEFTOVERS_AT_ONCE: i64 = 500;

/// What an export holds, checked to its end; what all comes in the last transaction is kept.
pub struct Imported {
    /// The pool.
    pub pool: ExportedPool,
    /// What is in the file.
    pub summary: Summary,
    small: Small,
}

/// The rows of small tables, by the numbers of the tables.
type Small = Arc<Vec<(usize, Row)>>;

/// What an import needs besides the file.
pub struct Import<'a> {
    /// What opens the file.
    pub unlock: Unlock<'a>,
    /// The keys to sign with, where the file has none.
    pub new_keys: Vec<NewSigningKey>,
    /// Now, in milliseconds since the epoch.
    pub clock: &'a (dyn Fn() -> i64 + Sync),
}

/// Under what the file was sealed, as its head says.
///
/// # Errors
/// [`ExportError`]: no export.
pub fn sealed_under(mut input: impl Read) -> Result<SealedUnder, ExportError> {
    let head = frames::read_head(FileKind::PoolExport, &mut input)?;
    Ok(file::sealed_under(FileKind::PoolExport, &head).map_err(BackupError::from)?)
}

/// Reads an export to its end and checks all of it, without a database.
///
/// # Errors
/// [`ExportError`].
pub fn check(input: impl Read, unlock: Unlock<'_>) -> Result<Imported, ExportError> {
    let mut file = BackupReader::new(FileKind::PoolExport, input, unlock)?;
    let pool = pool_of(&file)?;
    let tables = Arc::clone(&file.tables);
    let mut small = Vec::new();
    let summary = loop {
        match file.next()? {
            Record::Row(number, row) => {
                let layout = table(&tables, number)?;
                check_owner(layout, &row, &pool.id)?;
                if sealed_of(layout).1 {
                    small.push((number, row));
                }
            }
            Record::TableEnd(..) => {}
            Record::End(summary) => break summary,
        }
    };
    let of_pools = |table: &&crate::backup::TableSummary| table.name == user_pools::TABLE.name;
    if summary.tables.iter().find(of_pools).map(|table| table.rows) != Some(1) {
        return Err(content("the pool itself"));
    }
    Ok(Imported {
        pool,
        summary,
        small: Arc::new(small),
    })
}

/// Brings in a file that [`check`] has read, in steps of some hundred rows. Nobody sees anything of
/// it before the last one.
///
/// # Errors
/// [`ExportError`]. What is left of an import that fails is of no use to anybody, and is taken away
/// by a node within an hour, or by another import of the pool.
pub async fn import(
    db: &Db,
    input: impl Read,
    checked: &Imported,
    import: &Import<'_>,
    progress: &mut (dyn FnMut(Progress<'_>) + Send),
) -> Result<(), ExportError> {
    if !checked.pool.has_signing_keys && import.new_keys.is_empty() {
        return Err(ExportError::NoSigningKeys);
    }
    let mut file = BackupReader::new(FileKind::PoolExport, input, import.unlock)?;
    if pool_of(&file)? != checked.pool {
        return Err(content("another file than the one that was checked"));
    }
    let mut run = Run {
        db,
        pool: UserPoolId::parse(&checked.pool.id).map_err(|_| content("the id of the pool"))?,
        tables: Arc::clone(&file.tables),
        clock: import.clock,
        mark: Mark(0),
    };
    run.begin(&checked.small).await?;
    run.clear().await?;
    run.copy(&mut file, &checked.summary, progress).await?;
    run.end(checked, import).await.map_err(taken)
}

struct Run<'a> {
    db: &'a Db,
    pool: UserPoolId,
    tables: Arc<Vec<Layout>>,
    clock: &'a (dyn Fn() -> i64 + Sync),
    mark: Mark,
}

impl Run<'_> {
    /// Sees that the pool and its app clients are not here, and notes that rows of it will be.
    async fn begin(&mut self, small: &Small) -> Result<(), ExportError> {
        let (now, pool) = ((self.clock)(), self.pool.clone());
        let clients = client_ids(&self.tables, small)?;
        self.mark = self
            .db
            .write("begin_import", async move |tx: &mut Tx| {
                check_free(tx, &pool, &clients).await?;
                Ok::<_, ExportError>(note::begin(tx, pool.as_str(), now).await?)
            })
            .await?;
        Ok(())
    }

    /// Takes away what another import, or a deletion, has left, a few rows at a time.
    async fn clear(&mut self) -> Result<(), ExportError> {
        loop {
            let (now, before, pool) = ((self.clock)(), self.mark, self.pool.clone());
            let deleted = self
                .db
                .write("clear_import", async move |tx: &mut Tx| {
                    keep_note(tx, &pool, before, now).await?;
                    let id = pool.as_str();
                    for sql in &tx.derived().pool.once_more {
                        tx.execute(sql, &[id.into()]).await?;
                    }
                    let mut deleted = 0;
                    for sql in &tx.derived().pool.afterwards {
                        let params = [id.into(), LEFTOVERS_AT_ONCE.into()];
                        deleted += tx.execute(sql, &params).await?;
                    }
                    Ok::<_, ExportError>(deleted)
                })
                .await?;
            self.mark = before.next(now);
            if deleted == 0 {
                return Ok(());
            }
        }
    }

    /// Copies the rows of the large tables.
    async fn copy<R: Read>(
        &mut self,
        file: &mut BackupReader<R>,
        checked: &Summary,
        progress: &mut (dyn FnMut(Progress<'_>) + Send),
    ) -> Result<(), ExportError> {
        let tables = Arc::clone(&self.tables);
        let (mut batch, mut bytes, mut copied) = (Vec::new(), 0, 0);
        loop {
            match file.next()? {
                Record::Row(number, row) => {
                    let layout = table(&tables, number)?;
                    check_owner(layout, &row, self.pool.as_str())?;
                    if sealed_of(layout).1 {
                        continue;
                    }
                    bytes += row.0.iter().map(size).sum::<usize>();
                    batch.push(row);
                    if batch.len() >= BATCH || bytes >= BATCH_BYTES {
                        copied += self.put(number, std::mem::take(&mut batch)).await?;
                        bytes = 0;
                        if copied % PROGRESS < BATCH as u64 {
                            progress(told(layout, copied, false));
                        }
                    }
                }
                Record::TableEnd(number, rows) => {
                    self.put(number, std::mem::take(&mut batch)).await?;
                    (bytes, copied) = (0, 0);
                    progress(told(table(&tables, number)?, rows, true));
                }
                Record::End(summary) if summary == *checked => return Ok(()),
                Record::End(_) => {
                    return Err(content("another file than the one that was checked"));
                }
            }
        }
    }

    /// Stores rows of one table; gives their number.
    async fn put(&mut self, number: usize, rows: Vec<Row>) -> Result<u64, ExportError> {
        if rows.is_empty() {
            return Ok(0);
        }
        let (now, before, pool) = ((self.clock)(), self.mark, self.pool.clone());
        let (tables, rows) = (Arc::clone(&self.tables), Arc::new(Wiped(rows)));
        let stored = rows.0.len();
        self.db
            .write("import_rows", async move |tx: &mut Tx| {
                keep_note(tx, &pool, before, now).await?;
                let layout = tables.get(number).ok_or(Error::TransactionFailed)?;
                let sealed = sealed_rows(tx, layout, &rows.0)?;
                restore::insert(tx, layout, &sealed).await?;
                Ok::<_, ExportError>(())
            })
            .await
            .map_err(taken)?;
        self.mark = before.next(now);
        Ok(stored as u64)
    }

    /// Brings what all the rest waits for: the pool, its app clients and keys. From now on it is
    /// there.
    async fn end(&mut self, checked: &Imported, import: &Import<'_>) -> Result<(), ExportError> {
        let (now, before, pool) = ((self.clock)(), self.mark, self.pool.clone());
        let (tables, small) = (Arc::clone(&self.tables), Arc::clone(&checked.small));
        let clients = client_ids(&tables, &small)?;
        let keys = match checked.pool.has_signing_keys {
            true => Vec::new(),
            false => import.new_keys.clone(),
        };
        let end = async move |tx: &mut Tx| {
            check_free(tx, &pool, &clients).await?;
            if !note::end(tx, pool.as_str(), before, now).await? {
                return Err(ExportError::Overtaken);
            }
            for (number, row) in small.iter() {
                let layout = tables.get(*number).ok_or(Error::TransactionFailed)?;
                let sealed = sealed_rows(tx, layout, std::slice::from_ref(row))?;
                restore::insert(tx, layout, &sealed).await?;
            }
            for key in &keys {
                signing_keys::insert(tx, key).await?;
            }
            Ok(())
        };
        self.db.write("end_import", end).await
    }
}

/// Rows whose content is open.
struct Wiped(Vec<Row>);

impl Drop for Wiped {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(pool_table::wipe);
    }
}

async fn keep_note(
    tx: &mut Tx,
    pool: &UserPoolId,
    before: Mark,
    now: i64,
) -> Result<(), ExportError> {
    match note::renew(tx, pool.as_str(), before, now).await? {
        true => Ok(()),
        false => Err(ExportError::Overtaken),
    }
}

/// Refuses a pool that is here, and app clients whose ids are another pool's.
async fn check_free(tx: &mut Tx, pool: &UserPoolId, clients: &[String]) -> Result<(), ExportError> {
    if user_pools::find(tx, pool).await?.is_some() {
        return Err(ExportError::PoolExists(pool.to_string()));
    }
    for client in clients {
        let sql = "SELECT pool FROM app_clients WHERE id = $1";
        let found = tx.query_optional(sql, &[client.as_str().into()]).await?;
        let is_anothers = match found {
            Some(row) => row.text(0)? != pool.as_str(),
            None => false,
        };
        if is_anothers {
            return Err(ExportError::ClientExists(client.clone()));
        }
    }
    Ok(())
}

fn sealed_rows(tx: &Tx, layout: &Layout, rows: &[Row]) -> Result<Vec<Row>, Error> {
    let (sealed, _) = sealed_of(layout);
    let mut rows = rows.to_vec();
    for row in &mut rows {
        pool_table::seal(tx, layout, sealed, row)?;
    }
    Ok(rows)
}

/// The ids of the app clients in the file.
fn client_ids(tables: &[Layout], small: &Small) -> Result<Vec<String>, ExportError> {
    let mut ids = Vec::new();
    for (number, row) in small.iter() {
        let layout = table(tables, *number)?;
        if layout.name == app_clients::TABLE.name {
            ids.push(row.text(layout.place("id")?)?.to_owned());
        }
    }
    Ok(ids)
}

fn pool_of<R: Read>(file: &BackupReader<R>) -> Result<ExportedPool, ExportError> {
    let pool = file.manifest.pool.clone();
    pool.ok_or_else(|| content("its manifest"))
}

/// Refuses a row of another pool than the file's.
fn check_owner(layout: &Layout, row: &Row, pool: &str) -> Result<(), ExportError> {
    let owner = layout.key.first().and_then(|place| row.0.get(*place));
    match owner {
        Some(Value::Text(owner)) if owner == pool => Ok(()),
        _ => Err(content("a row of another user pool")),
    }
}

fn table(tables: &[Layout], number: usize) -> Result<&Layout, ExportError> {
    tables
        .get(number)
        .ok_or_else(|| content("a row of no table"))
}

fn content(what: &str) -> ExportError {
    BackupError::Content(what.to_owned()).into()
}

/// What is unique in the whole database was there.
fn taken(error: ExportError) -> ExportError {
    match error {
        ExportError::Database(Error::UniqueViolation(table)) => ExportError::Taken(table),
        other => other,
    }
}

fn told(layout: &Layout, rows: u64, is_whole: bool) -> Progress<'static> {
    Progress {
        table: layout.name,
        rows,
        is_whole,
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Null | Value::Int(_) | Value::Bool(_) => 8,
    }
}
