//! Codes that were mailed or sent: one of each purpose for a user, a new one in place of the old,
//! and a count of the guesses.

use std::time::Duration;

use cognate_crypto::digest::ct_eq;
use cognate_model::{
    Sub, Timestamp, UserPoolId,
    code::{CodePurpose, PendingCode},
};

use crate::{
    Error, Param, Tx, document,
    table::{Backup, Expiry, Export, History, Owner, Rows, Table, Writers},
};

/// The codes that are out.
pub(crate) const TABLE: Table = Table {
    name: "codes",
    key: &["pool", "sub", "purpose"],
    rows: Rows::Many,
    owners: Owner::POOL_AND_USER,
    expiry: Expiry::At {
        column: "expires_at",
        index: "codes_expiry",
        grace: Duration::ZERO,
    },
    backup: Backup::Whole,
    export: Export::LeftOut("a code that was sent is good where it was asked for"),
    writers: Writers::AnyNode,
    history: History::NotRecorded("a code is good for a day at most, and once"),
};

/// Stores a code in place of the one before; its guesses begin anew.
///
/// # Errors
/// [`Error`] of the database, as everywhere in this module.
pub async fn put(
    tx: &mut Tx,
    pool: &UserPoolId,
    sub: &Sub,
    purpose: CodePurpose,
    code: &PendingCode,
    expires_at: Timestamp,
) -> Result<(), Error> {
    let sealed = document::seal(tx, &context(pool, sub, purpose), code)?;
    let [pool, sub, purpose] = key(pool, sub, purpose);
    tx.execute(
        "INSERT INTO codes(pool, sub, purpose, sealed, attempts, expires_at) VALUES ($1, $2, $3, $4, 0, $5)
         ON CONFLICT (pool, sub, purpose) DO UPDATE
         SET sealed = excluded.sealed, attempts = 0, expires_at = excluded.expires_at",
        &[pool, sub, purpose, (&sealed).into(), expires_at.0.into()],
    )
    .await
    .map(drop)
}

/// Changes what is kept of the code that is out, which stays what it was, with its guesses and its
/// end. False when there is none.
///
/// # Errors
/// [`Error`] of the database.
pub async fn change(
    tx: &mut Tx,
    pool: &UserPoolId,
    sub: &Sub,
    purpose: CodePurpose,
    code: &PendingCode,
) -> Result<bool, Error> {
    let sealed = document::seal(tx, &context(pool, sub, purpose), code)?;
    let [pool, sub, purpose] = key(pool, sub, purpose);
    let sql = "UPDATE codes SET sealed = $4 WHERE pool = $1 AND sub = $2 AND purpose = $3";
    Ok(tx
        .execute(sql, &[pool, sub, purpose, (&sealed).into()])
        .await?
        == 1)
}

/// A code, the number of guesses at it, and when it runs out.
///
/// # Errors
/// [`Error`] of the database; [`Error::Sealed`] when it can't be opened.
pub async fn find(
    tx: &mut Tx,
    pool: &UserPoolId,
    sub: &Sub,
    purpose: CodePurpose,
) -> Result<Option<(PendingCode, i64, Timestamp)>, Error> {
    let sql = "SELECT sealed, attempts, expires_at FROM codes WHERE pool = $1 AND sub = $2 AND purpose = $3";
    let Some(row) = tx.query_optional(sql, &key(pool, sub, purpose)).await? else {
        return Ok(None);
    };
    let code = document::open(tx, &context(pool, sub, purpose), row.bytes(0)?)?;
    Ok(Some((code, row.int(1)?, Timestamp(row.int(2)?))))
}

/// Counts a guess and gives the number including it; None when there is no code.
///
/// # Errors
/// [`Error`] of the database.
pub async fn count_attempt(
    tx: &mut Tx,
    pool: &UserPoolId,
    sub: &Sub,
    purpose: CodePurpose,
) -> Result<Option<i64>, Error> {
    let sql = "UPDATE codes SET attempts = attempts + 1 WHERE pool = $1 AND sub = $2 AND purpose = $3 RETURNING attempts";
    let row = tx.query_optional(sql, &key(pool, sub, purpose)).await?;
    row.map(|row| row.int(0)).transpose()
}

/// Takes the code away if it is still the one with this hash. Of all who ask, one gets true.
///
/// # Errors
/// As [`find`].
pub async fn consume(
    tx: &mut Tx,
    pool: &UserPoolId,
    sub: &Sub,
    purpose: CodePurpose,
    hash: &[u8],
) -> Result<bool, Error> {
    match find(tx, pool, sub, purpose).await? {
        Some((code, _, _)) if ct_eq(&code.hash, hash) => delete(tx, pool, sub, purpose).await,
        _ => Ok(false),
    }
}

/// Takes the code away, whichever it is; false when there is none.
///
/// # Errors
/// [`Error`] of the database.
pub async fn delete(
    tx: &mut Tx,
    pool: &UserPoolId,
    sub: &Sub,
    purpose: CodePurpose,
) -> Result<bool, Error> {
    let sql = "DELETE FROM codes WHERE pool = $1 AND sub = $2 AND purpose = $3";
    Ok(tx.execute(sql, &key(pool, sub, purpose)).await? == 1)
}

/// Ends the code's time, if it has not run out before. Its row and the count of its guesses stay.
///
/// # Errors
/// [`Error`] of the database.
pub async fn end(
    tx: &mut Tx,
    pool: &UserPoolId,
    sub: &Sub,
    purpose: CodePurpose,
    now: Timestamp,
) -> Result<(), Error> {
    let sql = "UPDATE codes SET expires_at = $4
               WHERE pool = $1 AND sub = $2 AND purpose = $3 AND expires_at > $4";
    let [pool, sub, purpose] = key(pool, sub, purpose);
    tx.execute(sql, &[pool, sub, purpose, now.0.into()])
        .await
        .map(drop)
}

fn key<'a>(pool: &'a UserPoolId, sub: &'a Sub, purpose: CodePurpose) -> [Param<'a>; 3] {
    [
        pool.as_str().into(),
        sub.as_str().into(),
        purpose.as_str().into(),
    ]
}

fn context<'a>(pool: &'a UserPoolId, sub: &'a Sub, purpose: CodePurpose) -> [&'a [u8]; 4] {
    [
        b"codes",
        pool.as_str().as_bytes(),
        sub.as_str().as_bytes(),
        purpose.as_str().as_bytes(),
    ]
}
