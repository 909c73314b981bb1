//! The data keys, wrapped by the operator's master key. What they are for is in `keyring`.

use crate::{
    Error, Tx,
    table::{Backup, Expiry, Export, History, Owner, Rows, Table, Writers},
};

/// The keys by their ids.
pub(crate) const TABLE: Table = Table {
    name: "data_keys",
    key: &["id"],
    rows: Rows::Few,
    owners: &[Owner::Installation],
    expiry: Expiry::Never,
    backup: Backup::DataKeysUnwrapped,
    export: Export::OF_NO_POOL,
    writers: Writers::AnyNode,
    history: History::NotRecorded("keys are only added, and what was sealed needs them all"),
};

/// All keys, by their ids, wrapped.
pub(crate) async fn all(tx: &mut Tx) -> Result<Vec<(i64, Vec<u8>)>, Error> {
    let rows = tx
        .query("SELECT id, wrapped FROM data_keys ORDER BY id", &[])
        .await?;
    rows.iter()
        .map(|row| Ok((row.int(0)?, row.bytes(1)?.to_vec())))
        .collect()
}

/// Stores the first key of a database, unless another node was first.
pub(crate) async fn insert_first(tx: &mut Tx, wrapped: &[u8], now_ms: i64) -> Result<(), Error> {
    let sql = "INSERT INTO data_keys(id, wrapped, created_at) VALUES (1, $1, $2) ON CONFLICT (id) DO NOTHING";
    tx.execute(sql, &[wrapped.into(), now_ms.into()])
        .await
        .map(drop)
}

/// Stores a key as another master key wraps it.
pub(crate) async fn rewrap(tx: &mut Tx, id: i64, wrapped: &[u8]) -> Result<(), Error> {
    let sql = "UPDATE data_keys SET wrapped = $1 WHERE id = $2";
    tx.execute(sql, &[wrapped.into(), id.into()])
        .await
        .map(drop)
}
