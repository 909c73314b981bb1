//! Jobs that import users. A pool has a thousand at most, and one that runs.
//!
//! `due_at` says when a node has to look after a job: to import, to end it, to delete it. Taking a
//! job moves that time to the end of the taker's time and notes the taker in `holder`: if the
//! taker dies, another takes it then. Who works on a job checks in each transaction that it is
//! still theirs, so that nothing is done twice whatever the clocks say.

use cognate_model::{
    ImportJobId, Timestamp, UserPoolId,
    user_import::{ImportJob, JobStatus},
};

use crate::{
    Error, Row, Tx, document,
    table::{Backup, Expiry, Export, Goes, History, Owner, Rows, Table, Writers},
};

/// The jobs of all pools.
pub(crate) const TABLE: Table = Table {
    name: "import_jobs",
    key: &["pool", "id"],
    rows: Rows::FewOfEachPool,
    owners: &[Owner::Pool {
        pool: "pool",
        goes: Goes::AtOnce,
    }],
    expiry: Expiry::OwnRule("it goes after its log, long after its end"),
    backup: Backup::Whole,
    export: Export::LeftOut("an import goes on where it was started"),
    writers: Writers::AnyNode,
    history: History::NotRecorded("what was imported is recorded with the users"),
};

/// A job as it is stored.
#[derive(Debug)]
pub struct StoredJob {
    /// The job.
    pub job: ImportJob,
    /// Who works on it.
    pub holder: String,
    /// When somebody has to look after it.
    pub due_at: Timestamp,
    /// The document that was read.
    stored: String,
}

/// Stores a new job.
///
/// # Errors
/// [`Error`] of the database, as everywhere in this module.
pub async fn insert(tx: &mut Tx, job: &ImportJob) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO import_jobs(pool, id, doc, active, holder, due_at, created_at) VALUES ($1, $2, $3, $4, '', $5, $6)",
        &[
            job.pool.as_str().into(),
            job.id.as_str().into(),
            (&document::write(job)?).into(),
            job.status.is_active().into(),
            job.due_at().0.into(),
            job.created_at.0.into(),
        ],
    )
    .await
    .map(drop)
}

/// A job by its id.
///
/// # Errors
/// [`Error`] of the database.
pub async fn find(
    tx: &mut Tx,
    pool: &UserPoolId,
    id: &ImportJobId,
) -> Result<Option<StoredJob>, Error> {
    let sql = "SELECT doc, holder, due_at FROM import_jobs WHERE pool = $1 AND id = $2";
    let row = tx
        .query_optional(sql, &[pool.as_str().into(), id.as_str().into()])
        .await?;
    row.map(|row| {
        Ok(StoredJob {
            job: read(&row)?,
            holder: row.text(1)?.to_owned(),
            due_at: Timestamp(row.int(2)?),
            stored: row.text(0)?.to_owned(),
        })
    })
    .transpose()
}

/// Stores a job that was read in this transaction and changed.
///
/// # Errors
/// [`Error`] of the database.
pub async fn update(tx: &mut Tx, job: &StoredJob) -> Result<(), Error> {
    tx.execute(
        "UPDATE import_jobs SET doc = $3, active = $4, holder = $5, due_at = $6 WHERE pool = $1 AND id = $2",
        &[
            job.job.pool.as_str().into(),
            job.job.id.as_str().into(),
            (&document::rewrite(&job.stored, &job.job)?).into(),
            job.job.status.is_active().into(),
            (&job.holder).into(),
            job.due_at.0.into(),
        ],
    )
    .await
    .map(drop)
}

/// Takes a job out.
///
/// # Errors
/// [`Error`] of the database.
pub async fn delete(tx: &mut Tx, pool: &UserPoolId, id: &ImportJobId) -> Result<(), Error> {
    let sql = "DELETE FROM import_jobs WHERE pool = $1 AND id = $2";
    tx.execute(sql, &[pool.as_str().into(), id.as_str().into()])
        .await
        .map(drop)
}

/// Whether a job of the pool runs.
///
/// # Errors
/// [`Error`] of the database.
pub async fn runs(tx: &mut Tx, pool: &UserPoolId) -> Result<bool, Error> {
    let sql = "SELECT id FROM import_jobs WHERE pool = $1 AND active LIMIT 1";
    let row = tx.query_optional(sql, &[pool.as_str().into()]).await?;
    Ok(row.is_some())
}

/// How many jobs a pool has.
///
/// # Errors
/// [`Error`] of the database.
pub async fn number(tx: &mut Tx, pool: &UserPoolId) -> Result<i64, Error> {
    let sql = "SELECT COUNT(*) FROM import_jobs WHERE pool = $1";
    tx.query_one(sql, &[pool.as_str().into()]).await?.int(0)
}

/// Jobs of a pool, the newest first, beginning after one.
///
/// # Errors
/// [`Error`] of the database.
pub async fn page(
    tx: &mut Tx,
    pool: &UserPoolId,
    after: Option<(Timestamp, &ImportJobId)>,
    limit: i64,
) -> Result<Vec<ImportJob>, Error> {
    let (created_at, id) = after.map_or((i64::MAX, ""), |(at, id)| (at.0, id.as_str()));
    let sql = "SELECT doc FROM import_jobs WHERE pool = $1 AND (created_at, id) < ($2, $3)
               ORDER BY created_at DESC, id DESC LIMIT $4";
    let params = [
        pool.as_str().into(),
        created_at.into(),
        id.into(),
        limit.into(),
    ];
    let rows = tx.query(sql, &params).await?;
    rows.iter().map(read).collect()
}

/// The jobs that are due, those first that have been for the longest time.
///
/// # Errors
/// [`Error`] of the database.
pub async fn due(
    tx: &mut Tx,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(UserPoolId, ImportJobId)>, Error> {
    let sql = "SELECT pool, id FROM import_jobs WHERE due_at <= $1 ORDER BY due_at LIMIT $2";
    let rows = tx.query(sql, &[now.0.into(), limit.into()]).await?;
    let unreadable = |_| Error::Unreadable("the id of an import job".to_owned());
    let read = |row: &Row| {
        Ok((
            UserPoolId::parse(row.text(0)?).map_err(unreadable)?,
            ImportJobId::parse(row.text(1)?).map_err(unreadable)?,
        ))
    };
    rows.iter().map(read).collect()
}

impl StoredJob {
    /// Whether this holder imports its users.
    #[must_use]
    pub fn is_run_by(&self, holder: &str) -> bool {
        let runs = matches!(self.job.status, JobStatus::InProgress | JobStatus::Stopping);
        runs && self.holder == holder
    }

    /// Nobody works on it now: when it is due follows from where it stands.
    pub fn let_go(&mut self) {
        self.holder.clear();
        self.due_at = self.job.due_at();
    }
}

fn read(row: &Row) -> Result<ImportJob, Error> {
    document::read(row.text(0)?)
}
