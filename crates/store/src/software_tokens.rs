//! The authenticator apps of users: sealed, one row a user, with the newest step whose code was
//! used.

use cognate_model::{Sub, UserPoolId, software_token::SoftwareToken};

use crate::{
    Error, Tx, document,
    of_user::{context, key},
    table::{Backup, Expiry, Export, History, Owner, Rows, Sealed, Table, Writers},
};

/// The apps of users.
pub(crate) const TABLE: Table = Table {
    name: "software_tokens",
    key: &["pool", "sub"],
    rows: Rows::Many,
    owners: Owner::POOL_AND_USER,
    expiry: Expiry::Never,
    backup: Backup::Whole,
    export: Export::OfPool(&[Sealed::ByKey("sealed")]),
    writers: Writers::AnyNode,
    history: History::Recorded,
};

/// A user's app, and the newest step whose code was used.
///
/// # Errors
/// [`Error`] of the database, as everywhere in this module; [`Error::Sealed`] when it can't be
/// opened.
pub async fn find(
    tx: &mut Tx,
    pool: &UserPoolId,
    sub: &Sub,
) -> Result<Option<(SoftwareToken, i64)>, Error> {
    let sql = "SELECT sealed, last_step FROM software_tokens WHERE pool = $1 AND sub = $2";
    let Some(row) = tx.query_optional(sql, &key(pool, sub)).await? else {
        return Ok(None);
    };
    let token = document::open(tx, &context(TABLE.name, pool, sub), row.bytes(0)?)?;
    Ok(Some((token, row.int(1)?)))
}

/// Stores a user's app in place of what was stored of it.
///
/// # Errors
/// [`Error`] of the database.
pub async fn put(
    tx: &mut Tx,
    pool: &UserPoolId,
    sub: &Sub,
    token: &SoftwareToken,
    last_step: i64,
) -> Result<(), Error> {
    let sealed = document::seal(tx, &context(TABLE.name, pool, sub), token)?;
    let [pool, sub] = key(pool, sub);
    tx.execute(
        "INSERT INTO software_tokens(pool, sub, sealed, last_step) VALUES ($1, $2, $3, $4)
         ON CONFLICT (pool, sub) DO UPDATE SET sealed = excluded.sealed, last_step = excluded.last_step",
        &[pool, sub, (&sealed).into(), last_step.into()],
    )
    .await
    .map(drop)
}

/// Uses a step up, and all before it. Of all who ask for one step, one gets true.
///
/// # Errors
/// [`Error`] of the database.
pub async fn use_step(tx: &mut Tx, pool: &UserPoolId, sub: &Sub, step: i64) -> Result<bool, Error> {
    let sql =
        "UPDATE software_tokens SET last_step = $3 WHERE pool = $1 AND sub = $2 AND last_step < $3";
    let [pool, sub] = key(pool, sub);
    Ok(tx.execute(sql, &[pool, sub, step.into()]).await? == 1)
}

/// Takes a user's app away; false when there is none.
///
/// # Errors
/// [`Error`] of the database.
pub async fn delete(tx: &mut Tx, pool: &UserPoolId, sub: &Sub) -> Result<bool, Error> {
    let sql = "DELETE FROM software_tokens WHERE pool = $1 AND sub = $2";
    Ok(tx.execute(sql, &key(pool, sub)).await? == 1)
}
