//! Passwords that users had before, sealed as the present one's credentials are, which stand in
//! `users`. Only pools with a password history have rows.

use cognate_model::{Sub, UserPoolId, password::PasswordHistory};

use crate::{
    Error, Tx, document,
    of_user::{context, key},
    table::{Backup, Expiry, Export, History, Owner, Rows, Sealed, Table, Writers},
};

/// The earlier passwords of each user, in one row.
pub(crate) const TABLE: Table = Table {
    name: "password_history",
    key: &["pool", "sub"],
    rows: Rows::Many,
    owners: Owner::POOL_AND_USER,
    expiry: Expiry::Never,
    backup: Backup::Whole,
    export: Export::OfPool(&[Sealed::ByKey("sealed")]),
    writers: Writers::AnyNode,
    history: History::Recorded,
};

/// The earlier passwords of a user.
///
/// # Errors
/// [`Error`] of the database, as everywhere in this module; [`Error::Sealed`] when they cannot be
/// opened.
pub async fn find(tx: &mut Tx, pool: &UserPoolId, sub: &Sub) -> Result<PasswordHistory, Error> {
    let sql = "SELECT sealed FROM password_history WHERE pool = $1 AND sub = $2";
    let row = tx.query_optional(sql, &key(pool, sub)).await?;
    match row {
        Some(row) => document::open(tx, &context(TABLE.name, pool, sub), row.bytes(0)?),
        None => Ok(PasswordHistory::default()),
    }
}

/// Stores the earlier passwords of a user.
///
/// # Errors
/// [`Error`] of the database.
pub async fn put(
    tx: &mut Tx,
    pool: &UserPoolId,
    sub: &Sub,
    history: &PasswordHistory,
) -> Result<(), Error> {
    let sealed = document::seal(tx, &context(TABLE.name, pool, sub), history)?;
    let [pool, sub] = key(pool, sub);
    tx.execute(
        "INSERT INTO password_history(pool, sub, sealed) VALUES ($1, $2, $3)
         ON CONFLICT (pool, sub) DO UPDATE SET sealed = excluded.sealed",
        &[pool, sub, sealed.as_slice().into()],
    )
    .await
    .map(drop)
}

/// Forgets the earlier passwords of a user.
///
/// # Errors
/// [`Error`] of the database.
pub async fn forget(tx: &mut Tx, pool: &UserPoolId, sub: &Sub) -> Result<(), Error> {
    let sql = "DELETE FROM password_history WHERE pool = $1 AND sub = $2";
    tx.execute(sql, &key(pool, sub)).await.map(drop)
}
