//! The few values that the database keeps of itself, by their names: what it was made for
//! (`installation`), the root of the server's own secrets (`keyring`), the mark of a restore
//! (`restore_mark`).

use crate::{
    Error, Tx,
    table::{Backup, Expiry, Export, History, Owner, Rows, Table, Writers},
};

/// Values by their names.
pub(crate) const TABLE: Table = Table {
    name: "meta",
    key: &["name"],
    rows: Rows::Few,
    owners: &[Owner::Installation],
    expiry: Expiry::Never,
    backup: Backup::Whole,
    export: Export::OF_NO_POOL,
    writers: Writers::AnyNode,
    history: History::NotRecorded(
        "it says what the installation is, which bringing back a moment does not change",
    ),
};

/// The value of a name.
pub(crate) async fn find(tx: &mut Tx, name: &str) -> Result<Option<Vec<u8>>, Error> {
    let row = tx
        .query_optional("SELECT value FROM meta WHERE name = $1", &[name.into()])
        .await?;
    row.map(|row| row.bytes(0).map(<[u8]>::to_vec)).transpose()
}

/// Stores a value, unless the name has one. Of two who do it at once, one is first.
pub(crate) async fn put_if_absent(tx: &mut Tx, name: &str, value: &[u8]) -> Result<(), Error> {
    let sql = "INSERT INTO meta(name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    tx.execute(sql, &[name.into(), value.into()])
        .await
        .map(drop)
}
