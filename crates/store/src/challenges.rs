//! The steps of sign-ins that are under way, each under the hash of its Session string, sealed. A
//! step is consumed once, on whichever node. What it holds, and until when it is good, its content
//! says.

use std::time::Duration;

use cognate_crypto::secret::SecretBytes;
use cognate_model::{Timestamp, UserPoolId};

use crate::{
    Error, Row, Tx,
    table::{Backup, Expiry, Export, Goes, History, Owner, Rows, Table, Writers},
};

/// The steps by the hashes of their Session strings.
pub(crate) const TABLE: Table = Table {
    name: "challenges",
    key: &["id"],
    rows: Rows::Many,
    owners: &[Owner::Pool {
        pool: "pool",
        goes: Goes::ByExpiry,
    }],
    expiry: Expiry::At {
        column: "expires_at",
        index: "challenges_expiry",
        grace: Duration::ZERO,
    },
    backup: Backup::Whole,
    export: Export::LeftOut("a sign-in under way ends where it began"),
    writers: Writers::AnyNode,
    history: History::NotRecorded("a step is good for minutes, and once"),
};

/// Stores a step.
///
/// # Errors
/// [`Error`] of the database, as everywhere in this module.
pub async fn insert(
    tx: &mut Tx,
    id: &[u8; 32],
    pool: &UserPoolId,
    plain: &[u8],
    expires_at: Timestamp,
) -> Result<(), Error> {
    let sealed = tx.seal(&context(pool.as_str(), id), plain)?;
    tx.execute(
        "INSERT INTO challenges(id, pool, sealed, expires_at) VALUES ($1, $2, $3, $4)",
        &[
            id.into(),
            pool.as_str().into(),
            (&sealed).into(),
            expires_at.0.into(),
        ],
    )
    .await
    .map(drop)
}

/// Looks at a step and leaves it.
///
/// # Errors
/// [`Error`] of the database; [`Error::Sealed`] when it can't be opened.
pub async fn find(tx: &mut Tx, id: &[u8; 32]) -> Result<Option<SecretBytes>, Error> {
    let row = tx
        .query_optional(
            "SELECT pool, sealed FROM challenges WHERE id = $1",
            &[id.into()],
        )
        .await?;
    row.map(|row| open(tx, id, &row)).transpose()
}

/// Counts a wrong guess at a step and gives the number including it; None when there is no such
/// step.
///
/// # Errors
/// [`Error`] of the database.
pub async fn count_guess(tx: &mut Tx, id: &[u8; 32]) -> Result<Option<i64>, Error> {
    let sql = "UPDATE challenges SET guesses = guesses + 1 WHERE id = $1 RETURNING guesses";
    let row = tx.query_optional(sql, &[id.into()]).await?;
    row.map(|row| row.int(0)).transpose()
}

/// Whether there is such a step; a write, which meets another's.
///
/// # Errors
/// [`Error`] of the database.
pub async fn touch(tx: &mut Tx, id: &[u8; 32]) -> Result<bool, Error> {
    let sql = "UPDATE challenges SET guesses = guesses WHERE id = $1";
    Ok(tx.execute(sql, &[id.into()]).await? == 1)
}

/// Takes a step away. Of all who ask, one gets it.
///
/// # Errors
/// As [`find`].
pub async fn consume(tx: &mut Tx, id: &[u8; 32]) -> Result<Option<SecretBytes>, Error> {
    let sql = "DELETE FROM challenges WHERE id = $1 RETURNING pool, sealed";
    let row = tx.query_optional(sql, &[id.into()]).await?;
    row.map(|row| open(tx, id, &row)).transpose()
}

fn open(tx: &Tx, id: &[u8; 32], row: &Row) -> Result<SecretBytes, Error> {
    tx.open_sealed(&context(row.text(0)?, id), row.bytes(1)?)
}

fn context<'a>(pool: &'a str, id: &'a [u8; 32]) -> [&'a [u8]; 3] {
    [b"challenges", pool.as_bytes(), id]
}
