//! Limits that were provisioned, by their names: requests a second of a category of operations.

use crate::{
    Error, Tx,
    table::{Backup, Expiry, Export, History, Owner, Rows, Table, Writers},
};

/// What was provisioned; the server's own rate is in force for what is not here.
pub(crate) const TABLE: Table = Table {
    name: "provisioned_limits",
    key: &["category"],
    rows: Rows::Few,
    owners: &[Owner::Installation],
    expiry: Expiry::Never,
    backup: Backup::Whole,
    export: Export::OF_NO_POOL,
    writers: Writers::AnyNode,
    history: History::NotRecorded("it is the installation's, and no pool's"),
};

/// Provisions a rate for a category.
///
/// # Errors
/// [`Error`] of the database, as everywhere in this module.
pub async fn put(tx: &mut Tx, category: &str, rate: u32) -> Result<(), Error> {
    let sql = "INSERT INTO provisioned_limits(category, rate) VALUES ($1, $2)
               ON CONFLICT (category) DO UPDATE SET rate = excluded.rate";
    let params = [category.into(), i64::from(rate).into()];
    tx.execute(sql, &params).await.map(drop)
}

/// Takes back what was provisioned for a category.
///
/// # Errors
/// [`Error`] of the database.
pub async fn remove(tx: &mut Tx, category: &str) -> Result<(), Error> {
    let sql = "DELETE FROM provisioned_limits WHERE category = $1";
    tx.execute(sql, &[category.into()]).await.map(drop)
}

/// All that was provisioned, by categories.
///
/// # Errors
/// [`Error`] of the database.
pub async fn all(tx: &mut Tx) -> Result<Vec<(String, u32)>, Error> {
    let sql = "SELECT category, rate FROM provisioned_limits";
    let rows = tx.query(sql, &[]).await?;
    rows.iter()
        .map(|row| {
            let rate = u32::try_from(row.int(1)?)
                .map_err(|_| Error::Unreadable("a provisioned limit".to_owned()))?;
            Ok((row.text(0)?.to_owned(), rate))
        })
        .collect()
}
