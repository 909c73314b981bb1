//! What became of the rows of imported files, in pieces of a batch each. It names rows by their
//! lines and tells nothing of what stands there.

use cognate_model::{ImportJobId, UserPoolId, user_import::LogPiece};

use crate::{
    Error, Tx,
    table::{Backup, Expiry, Export, Goes, History, Owner, Rows, Table, Writers},
};

/// The pieces of all logs.
pub(crate) const TABLE: Table = Table {
    name: "import_logs",
    key: &["pool", "job", "piece"],
    rows: Rows::Many,
    owners: &[Owner::Pool {
        pool: "pool",
        goes: Goes::Afterwards,
    }],
    expiry: Expiry::OwnRule("they go before their job"),
    backup: Backup::Whole,
    export: Export::LeftOut("an import is told of where it was made"),
    writers: Writers::AnyNode,
    history: History::NotRecorded("they tell what was done, which no earlier moment undoes"),
};

/// Adds a piece to a log.
///
/// # Errors
/// [`Error`] of the database, as everywhere in this module.
pub async fn add(
    tx: &mut Tx,
    pool: &UserPoolId,
    job: &ImportJobId,
    number: i64,
    piece: &LogPiece,
) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO import_logs(pool, job, piece, lines) VALUES ($1, $2, $3, $4)",
        &[
            pool.as_str().into(),
            job.as_str().into(),
            number.into(),
            piece.as_str().into(),
        ],
    )
    .await
    .map(drop)
}

/// The piece of a log that follows the one of a number, with its own.
///
/// # Errors
/// [`Error`] of the database.
pub async fn next(
    tx: &mut Tx,
    pool: &UserPoolId,
    job: &ImportJobId,
    after: i64,
) -> Result<Option<(i64, LogPiece)>, Error> {
    let sql = "SELECT piece, lines FROM import_logs WHERE pool = $1 AND job = $2 AND piece > $3 ORDER BY piece LIMIT 1";
    let params = [pool.as_str().into(), job.as_str().into(), after.into()];
    let row = tx.query_optional(sql, &params).await?;
    row.map(|row| Ok((row.int(0)?, LogPiece::stored(row.text(1)?.to_owned()))))
        .transpose()
}

/// Deletes some of a log, at most `limit` pieces; gives how many.
///
/// # Errors
/// [`Error`] of the database.
pub async fn delete_some(
    tx: &mut Tx,
    pool: &UserPoolId,
    job: &ImportJobId,
    limit: i64,
) -> Result<u64, Error> {
    let sql = "DELETE FROM import_logs WHERE (pool, job, piece) IN (
                   SELECT pool, job, piece FROM import_logs WHERE pool = $1 AND job = $2 ORDER BY piece LIMIT $3)";
    let params = [pool.as_str().into(), job.as_str().into(), limit.into()];
    tx.execute(sql, &params).await
}
