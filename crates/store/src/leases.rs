//! Leases: what one node at a time may do. A lease that isn't renewed runs out, so that a node that
//! died holds nobody up.
//!
//! Clocks of nodes may differ by a little: what runs under a lease must be safe when two nodes do
//! it.

use crate::{
    Error, Tx,
    table::{Backup, Expiry, Export, History, Owner, Rows, Table, Writers},
};

/// Who may do what until when.
pub(crate) const TABLE: Table = Table {
    name: "leases",
    key: &["name"],
    rows: Rows::Few,
    owners: &[Owner::Installation],
    expiry: Expiry::OwnRule("one that has run out is taken over by the next holder"),
    backup: Backup::LeftOut("they say what nodes do at the moment"),
    export: Export::OF_NO_POOL,
    writers: Writers::AnyNode,
    history: History::NotRecorded("they say what nodes do at the moment"),
};

/// Takes the lease until a time, or renews it for its holder. False when another holds it. Times in
/// milliseconds since the epoch.
///
/// # Errors
/// [`Error`] of the database.
pub async fn acquire(
    tx: &mut Tx,
    name: &str,
    holder: &str,
    now_ms: i64,
    until_ms: i64,
) -> Result<bool, Error> {
    let row = tx
        .query_optional(
            "INSERT INTO leases(name, holder, expires_at) VALUES ($1, $2, $3)
             ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
             WHERE leases.holder = excluded.holder OR leases.expires_at <= $4
             RETURNING name",
            &[name.into(), holder.into(), until_ms.into(), now_ms.into()],
        )
        .await?;
    if row.is_none() {
        return Ok(false);
    }
    tx.note_lease(name);
    Ok(true)
}

/// Gives the lease back; false when it isn't this holder's any more.
///
/// # Errors
/// [`Error`] of the database.
pub async fn release(tx: &mut Tx, name: &str, holder: &str) -> Result<bool, Error> {
    let sql = "DELETE FROM leases WHERE name = $1 AND holder = $2";
    Ok(tx.execute(sql, &[name.into(), holder.into()]).await? == 1)
}
