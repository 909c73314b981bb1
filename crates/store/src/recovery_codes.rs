//! The recovery codes of users: keyed hashes, sealed, one row a user, with the places of those that
//! are used.

use cognate_model::{
    Sub, UserPoolId,
    recovery_code::{GoodCode, RecoveryCodes, UsedCodes},
};

use crate::{
    Error, Tx, document,
    of_user::{context, key},
    table::{Backup, Expiry, Export, History, Owner, Rows, Sealed, Table, Writers},
};

/// The codes of users.
pub(crate) const TABLE: Table = Table {
    name: "recovery_codes",
    key: &["pool", "sub"],
    rows: Rows::Many,
    owners: Owner::POOL_AND_USER,
    expiry: Expiry::Never,
    backup: Backup::Whole,
    export: Export::OfPool(&[Sealed::ByKey("sealed")]),
    writers: Writers::AnyNode,
    history: History::Recorded,
};

/// What is kept of a user's codes, and which of them are used.
///
/// # Errors
/// [`Error`] of the database, as everywhere in this module; [`Error::Sealed`] when it can't be
/// opened.
pub async fn find(
    tx: &mut Tx,
    pool: &UserPoolId,
    sub: &Sub,
) -> Result<Option<(RecoveryCodes, UsedCodes)>, Error> {
    let sql = "SELECT sealed, used FROM recovery_codes WHERE pool = $1 AND sub = $2";
    let Some(row) = tx.query_optional(sql, &key(pool, sub)).await? else {
        return Ok(None);
    };
    let codes = document::open(tx, &context(TABLE.name, pool, sub), row.bytes(0)?)?;
    Ok(Some((codes, UsedCodes(row.int(1)?))))
}

/// Stores a user's codes, none of them used, in place of those before.
///
/// # Errors
/// [`Error`] of the database.
pub async fn put(
    tx: &mut Tx,
    pool: &UserPoolId,
    sub: &Sub,
    codes: &RecoveryCodes,
) -> Result<(), Error> {
    let sealed = document::seal(tx, &context(TABLE.name, pool, sub), codes)?;
    let [pool, sub] = key(pool, sub);
    tx.execute(
        "INSERT INTO recovery_codes(pool, sub, sealed, used) VALUES ($1, $2, $3, $4)
         ON CONFLICT (pool, sub) DO UPDATE SET sealed = excluded.sealed, used = excluded.used",
        &[pool, sub, (&sealed).into(), UsedCodes::default().0.into()],
    )
    .await
    .map(drop)
}

/// Uses a code up that was found earlier. Of all who ask for one code, one gets true; nobody does
/// once the list is another.
///
/// # Errors
/// [`Error`] as in [`find`].
pub async fn use_up(
    tx: &mut Tx,
    pool: &UserPoolId,
    sub: &Sub,
    code: &GoodCode,
) -> Result<bool, Error> {
    let Some((codes, used)) = find(tx, pool, sub).await? else {
        return Ok(false);
    };
    if !codes.takes(used, code) {
        return Ok(false);
    }
    let sql = "UPDATE recovery_codes SET used = $4 WHERE pool = $1 AND sub = $2 AND used = $3";
    let [pool, sub] = key(pool, sub);
    let uses = [pool, sub, used.0.into(), used.and(code).0.into()];
    Ok(tx.execute(sql, &uses).await? == 1)
}

/// Takes a user's codes away; false when there are none.
///
/// # Errors
/// [`Error`] of the database.
pub async fn delete(tx: &mut Tx, pool: &UserPoolId, sub: &Sub) -> Result<bool, Error> {
    let sql = "DELETE FROM recovery_codes WHERE pool = $1 AND sub = $2";
    Ok(tx.execute(sql, &key(pool, sub)).await? == 1)
}
