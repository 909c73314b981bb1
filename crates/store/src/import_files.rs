//! The files of import jobs, in pieces. They hold people's data, and may hold hashes of passwords:
//! each piece is sealed for its place.
//!
//! Each upload has pieces of its own, under a name that was drawn for it: one that breaks off
//! leaves the file before as it was.

use cognate_crypto::secret::SecretBytes;
use cognate_model::{ImportJobId, UserPoolId};

use crate::{
    Error, Tx,
    table::{Backup, Expiry, Export, Goes, History, Owner, Rows, Table, Writers},
};

/// The pieces of all files.
pub(crate) const TABLE: Table = Table {
    name: "import_files",
    key: &["pool", "job", "upload", "piece"],
    rows: Rows::Many,
    owners: &[Owner::Pool {
        pool: "pool",
        goes: Goes::Afterwards,
    }],
    expiry: Expiry::OwnRule("they go at once when their job has ended"),
    backup: Backup::Whole,
    export: Export::LeftOut("an import goes on where it was started"),
    writers: Writers::AnyNode,
    history: History::NotRecorded("they are there until their job has ended"),
};

/// Stores a piece of an upload.
///
/// # Errors
/// [`Error`] of the database, as everywhere in this module.
pub async fn put(
    tx: &mut Tx,
    pool: &UserPoolId,
    job: &ImportJobId,
    upload: &str,
    (piece, bytes): (i64, &[u8]),
) -> Result<(), Error> {
    let sealed = tx.seal(&context(pool, job, upload, &piece.to_be_bytes()), bytes)?;
    tx.execute(
        "INSERT INTO import_files(pool, job, upload, piece, sealed) VALUES ($1, $2, $3, $4, $5)",
        &[
            pool.as_str().into(),
            job.as_str().into(),
            upload.into(),
            piece.into(),
            (&sealed).into(),
        ],
    )
    .await
    .map(drop)
}

/// A piece of an upload.
///
/// # Errors
/// [`Error`] of the database; [`Error::Sealed`] when it can't be opened.
pub async fn find(
    tx: &mut Tx,
    pool: &UserPoolId,
    job: &ImportJobId,
    upload: &str,
    piece: i64,
) -> Result<Option<SecretBytes>, Error> {
    let sql = "SELECT sealed FROM import_files WHERE pool = $1 AND job = $2 AND upload = $3 AND piece = $4";
    let params = [
        pool.as_str().into(),
        job.as_str().into(),
        upload.into(),
        piece.into(),
    ];
    let Some(row) = tx.query_optional(sql, &params).await? else {
        return Ok(None);
    };
    let piece = piece.to_be_bytes();
    let context = context(pool, job, upload, &piece);
    tx.open_sealed(&context, row.bytes(0)?).map(Some)
}

/// Deletes pieces of all uploads of a job but one or two, at most `limit`; gives how many. A name
/// that no upload has keeps nothing.
///
/// # Errors
/// [`Error`] of the database.
pub async fn delete_others(
    tx: &mut Tx,
    pool: &UserPoolId,
    job: &ImportJobId,
    kept: [&str; 2],
    limit: i64,
) -> Result<u64, Error> {
    let [one, another] = kept;
    let sql = "DELETE FROM import_files WHERE (pool, job, upload, piece) IN (
                   SELECT pool, job, upload, piece FROM import_files
                   WHERE pool = $1 AND job = $2 AND upload <> $3 AND upload <> $4 ORDER BY upload, piece LIMIT $5)";
    let params = [
        pool.as_str().into(),
        job.as_str().into(),
        one.into(),
        another.into(),
        limit.into(),
    ];
    tx.execute(sql, &params).await
}

fn context<'a>(
    pool: &'a UserPoolId,
    job: &'a ImportJobId,
    upload: &'a str,
    piece: &'a [u8; 8],
) -> [&'a [u8]; 5] {
    [
        b"import_files",
        pool.as_str().as_bytes(),
        job.as_str().as_bytes(),
        upload.as_bytes(),
        piece,
    ]
}
