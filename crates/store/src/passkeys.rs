//! The passkeys of users. What a use of one changes is decided by its document, which is read and
//! written in one transaction.

use cognate_model::{Passkey, Sub, UserPoolId, passkey::CredentialId};

use crate::{
    Error, Row, Tx, document,
    table::{Backup, Expiry, Export, History, Owner, Rows, Table, Writers},
};

/// The passkeys of all users. An index keeps an id from two users of one pool.
pub(crate) const TABLE: Table = Table {
    name: "passkeys",
    key: &["pool", "sub", "credential"],
    rows: Rows::Many,
    owners: Owner::POOL_AND_USER,
    expiry: Expiry::Never,
    backup: Backup::Whole,
    export: Export::OfPool(&[]),
    writers: Writers::AnyNode,
    history: History::Recorded,
};

/// Stores a new passkey; false when somebody in the pool has one of its id.
///
/// # Errors
/// [`Error`] of the database, as everywhere in this module.
pub async fn insert(tx: &mut Tx, passkey: &Passkey) -> Result<bool, Error> {
    let row = tx
        .query_optional(
            "INSERT INTO passkeys(pool, sub, credential, doc, created_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT DO NOTHING RETURNING credential",
            &[
                passkey.pool.as_str().into(),
                passkey.sub.as_str().into(),
                passkey.id.as_str().into(),
                (&document::write(passkey)?).into(),
                passkey.created_at.0.into(),
            ],
        )
        .await?;
    Ok(row.is_some())
}

/// A passkey of a user.
///
/// # Errors
/// [`Error`] of the database.
pub async fn find(
    tx: &mut Tx,
    pool: &UserPoolId,
    sub: &Sub,
    id: &CredentialId,
) -> Result<Option<Passkey>, Error> {
    let sql = "SELECT doc FROM passkeys WHERE pool = $1 AND sub = $2 AND credential = $3";
    let params = [
        pool.as_str().into(),
        sub.as_str().into(),
        id.as_str().into(),
    ];
    let row = tx.query_optional(sql, &params).await?;
    row.map(|row| read(&row)).transpose()
}

/// All passkeys of a user, the oldest first. They are few.
///
/// # Errors
/// [`Error`] of the database.
pub async fn of_user(tx: &mut Tx, pool: &UserPoolId, sub: &Sub) -> Result<Vec<Passkey>, Error> {
    let sql =
        "SELECT doc FROM passkeys WHERE pool = $1 AND sub = $2 ORDER BY created_at, credential";
    let params = [pool.as_str().into(), sub.as_str().into()];
    tx.query(sql, &params).await?.iter().map(read).collect()
}

/// Stores a passkey that has changed; false when there is none any more.
///
/// # Errors
/// [`Error`] of the database.
pub async fn update(tx: &mut Tx, passkey: &Passkey) -> Result<bool, Error> {
    let sql = "SELECT doc FROM passkeys WHERE pool = $1 AND sub = $2 AND credential = $3";
    let key = [
        passkey.pool.as_str().into(),
        passkey.sub.as_str().into(),
        passkey.id.as_str().into(),
    ];
    let Some(stored) = tx.query_optional(sql, &key).await? else {
        return Ok(false);
    };
    let doc = document::rewrite(stored.text(0)?, passkey)?;
    let sql = "UPDATE passkeys SET doc = $4 WHERE pool = $1 AND sub = $2 AND credential = $3";
    let [pool, sub, id] = key;
    Ok(tx.execute(sql, &[pool, sub, id, (&doc).into()]).await? == 1)
}

/// Deletes a passkey; false when there is none.
///
/// # Errors
/// [`Error`] of the database.
pub async fn delete(
    tx: &mut Tx,
    pool: &UserPoolId,
    sub: &Sub,
    id: &CredentialId,
) -> Result<bool, Error> {
    let sql = "DELETE FROM passkeys WHERE pool = $1 AND sub = $2 AND credential = $3";
    let params = [
        pool.as_str().into(),
        sub.as_str().into(),
        id.as_str().into(),
    ];
    Ok(tx.execute(sql, &params).await? == 1)
}

fn read(row: &Row) -> Result<Passkey, Error> {
    document::read(row.text(0)?)
}
