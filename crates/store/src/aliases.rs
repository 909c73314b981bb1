//! The names that find users. A name in its normal form belongs to one user of a pool, of whatever
//! kind it is; all but the sub are here.

use std::collections::BTreeMap;

use cognate_model::{NormalName, Sub, User, UserPoolId, user::NameKind};

use crate::{
    Error, Tx,
    table::{Backup, Expiry, Export, History, Owner, Rows, Table, Writers},
};

/// The names of all users: one table, so that no two users answer to one name of any kind.
pub(crate) const TABLE: Table = Table {
    name: "aliases",
    key: &["pool", "name"],
    rows: Rows::Many,
    owners: Owner::POOL_AND_USER,
    expiry: Expiry::Never,
    backup: Backup::Whole,
    export: Export::OfPool(&[]),
    writers: Writers::AnyNode,
    history: History::Recorded,
};

/// Takes a name from whoever has it, and tells who that was. Their attributes stay as they are.
///
/// # Errors
/// [`Error`] of the database.
pub async fn release(
    tx: &mut Tx,
    pool: &UserPoolId,
    name: &NormalName,
) -> Result<Option<Sub>, Error> {
    let sql = "DELETE FROM aliases WHERE pool = $1 AND name = $2 RETURNING sub";
    let row = tx
        .query_optional(sql, &[pool.as_str().into(), name.as_str().into()])
        .await?;
    row.map(|row| read_sub(row.text(0)?)).transpose()
}

/// Gives a name to a user, unless somebody has it.
pub(crate) async fn claim(
    tx: &mut Tx,
    user: &User,
    kind: NameKind,
    name: &NormalName,
) -> Result<bool, Error> {
    let sql = "INSERT INTO aliases(pool, name, kind, sub) VALUES ($1, $2, $3, $4)
               ON CONFLICT (pool, name) DO NOTHING RETURNING sub";
    let params = [
        user.pool.as_str().into(),
        name.as_str().into(),
        kind.as_str().into(),
        user.sub.as_str().into(),
    ];
    Ok(tx.query_optional(sql, &params).await?.is_some())
}

/// The names of a user that stand now, with the names of their kinds.
pub(crate) async fn held(tx: &mut Tx, user: &User) -> Result<BTreeMap<String, String>, Error> {
    let sql = "SELECT name, kind FROM aliases WHERE pool = $1 AND sub = $2";
    let rows = tx
        .query(sql, &[user.pool.as_str().into(), user.sub.as_str().into()])
        .await?;
    rows.iter()
        .map(|row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned())))
        .collect()
}

/// Takes a name from a user.
pub(crate) async fn drop(tx: &mut Tx, user: &User, name: &str) -> Result<(), Error> {
    let sql = "DELETE FROM aliases WHERE pool = $1 AND name = $2 AND sub = $3";
    let params = [
        user.pool.as_str().into(),
        name.into(),
        user.sub.as_str().into(),
    ];
    tx.execute(sql, &params).await.map(std::mem::drop)
}

/// Takes all names from a user.
pub(crate) async fn drop_all(tx: &mut Tx, user: &User) -> Result<(), Error> {
    let sql = "DELETE FROM aliases WHERE pool = $1 AND sub = $2";
    let params = [user.pool.as_str().into(), user.sub.as_str().into()];
    tx.execute(sql, &params).await.map(std::mem::drop)
}

/// The sub in a row.
pub(crate) fn read_sub(text: &str) -> Result<Sub, Error> {
    Sub::parse(text).map_err(|error| Error::Unreadable(error.to_string()))
}
