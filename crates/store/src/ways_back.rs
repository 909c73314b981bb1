//! Changes of verified addresses that the old address can undo, each under the hash of the token
//! that was sent there.

use std::time::Duration;

use cognate_model::{NormalName, Sub, Timestamp, UserPoolId, WayBack};

use crate::{
    Error, Row, Tx, document,
    table::{Backup, Expiry, Export, History, Owner, Rows, Table, Writers},
};

/// The changes that can be undone, by the hashes of their tokens.
pub(crate) const TABLE: Table = Table {
    name: "ways_back",
    key: &["id"],
    rows: Rows::Many,
    owners: Owner::POOL_AND_USER,
    expiry: Expiry::At {
        column: "expires_at",
        index: "ways_back_expiry",
        grace: Duration::ZERO,
    },
    backup: Backup::Whole,
    export: Export::LeftOut("the link that was sent leads to the server that sent it"),
    writers: Writers::AnyNode,
    history: History::NotRecorded("it undoes a change, which bringing back a moment does too"),
};

/// Stores a change under the hash of its token.
///
/// # Errors
/// [`Error`] of the database, as everywhere in this module.
pub async fn insert(tx: &mut Tx, id: &[u8; 32], change: &WayBack) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO ways_back(id, pool, sub, name, doc, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            id.into(),
            change.pool.as_str().into(),
            change.sub.as_str().into(),
            change.name.as_deref().unwrap_or_default().into(),
            (&document::write(change)?).into(),
            change.expires_at.0.into(),
        ],
    )
    .await
    .map(drop)
}

/// A change by the hash of its token.
///
/// # Errors
/// [`Error`] of the database.
pub async fn find(tx: &mut Tx, id: &[u8; 32]) -> Result<Option<WayBack>, Error> {
    let sql = "SELECT doc FROM ways_back WHERE id = $1";
    let row = tx.query_optional(sql, &[id.into()]).await?;
    row.map(|row| read(&row, 0)).transpose()
}

/// Takes a change away. Of all who ask, one gets it.
///
/// # Errors
/// [`Error`] of the database.
pub async fn take(tx: &mut Tx, id: &[u8]) -> Result<Option<WayBack>, Error> {
    let sql = "DELETE FROM ways_back WHERE id = $1 RETURNING doc";
    let row = tx.query_optional(sql, &[id.into()]).await?;
    row.map(|row| read(&row, 0)).transpose()
}

/// All changes of a user that are open at a time, with their ids.
///
/// # Errors
/// [`Error`] of the database.
pub async fn open_of_user(
    tx: &mut Tx,
    pool: &UserPoolId,
    sub: &Sub,
    now: Timestamp,
) -> Result<Vec<(Vec<u8>, WayBack)>, Error> {
    let sql = "SELECT id, doc FROM ways_back WHERE pool = $1 AND sub = $2 AND expires_at > $3";
    let params = [pool.as_str().into(), sub.as_str().into(), now.0.into()];
    let rows = tx.query(sql, &params).await?;
    rows.iter()
        .map(|row| Ok((row.bytes(0)?.to_vec(), read(row, 1)?)))
        .collect()
}

/// The changes of the users of a pool whose subs come after one, up to another, with their ids.
///
/// # Errors
/// [`Error`] of the database.
pub async fn of_users_between(
    tx: &mut Tx,
    pool: &UserPoolId,
    after: &str,
    last: &str,
) -> Result<Vec<(Vec<u8>, WayBack)>, Error> {
    let sql = "SELECT id, doc FROM ways_back WHERE pool = $1 AND sub > $2 AND sub <= $3";
    let params = [pool.as_str().into(), after.into(), last.into()];
    let rows = tx.query(sql, &params).await?;
    rows.iter()
        .map(|row| Ok((row.bytes(0)?.to_vec(), read(row, 1)?)))
        .collect()
}

/// Keeps another name for the user whose change this is.
///
/// # Errors
/// [`Error`] of the database.
pub async fn keep_name(tx: &mut Tx, id: &[u8], change: &WayBack) -> Result<(), Error> {
    let sql = "SELECT doc FROM ways_back WHERE id = $1";
    let Some(stored) = tx.query_optional(sql, &[id.into()]).await? else {
        return Ok(());
    };
    let text = document::rewrite(stored.text(0)?, change)?;
    let sql = "UPDATE ways_back SET name = $2, doc = $3 WHERE id = $1";
    let params = [
        id.into(),
        change.name.as_deref().unwrap_or_default().into(),
        (&text).into(),
    ];
    tx.execute(sql, &params).await.map(drop)
}

/// Whether a name is kept for another user, who has changed it and may come back to it.
///
/// # Errors
/// [`Error`] of the database.
pub async fn is_kept_for_another(
    tx: &mut Tx,
    pool: &UserPoolId,
    name: &NormalName,
    sub: &Sub,
    now: Timestamp,
) -> Result<bool, Error> {
    let sql = "SELECT sub FROM ways_back WHERE pool = $1 AND name = $2 AND sub <> $3 AND expires_at > $4 LIMIT 1";
    let params = [
        pool.as_str().into(),
        name.as_str().into(),
        sub.as_str().into(),
        now.0.into(),
    ];
    Ok(tx.query_optional(sql, &params).await?.is_some())
}

fn read(row: &Row, column: usize) -> Result<WayBack, Error> {
    document::read(row.text(column)?)
}
