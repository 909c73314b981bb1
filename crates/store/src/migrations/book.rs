//! The book of migrations: which steps were done.

use super::steps::{MIGRATIONS, Migration};
use crate::{
    Error, Tx,
    table::{Backup, Expiry, Export, History, Owner, Rows, Table, Writers},
};

/// The lease under which one node migrates.
pub(super) const LEASE: &str = "migrations";

/// The steps that were done.
pub(crate) const TABLE: Table = Table {
    name: "schema_migrations",
    key: &["number", "step"],
    rows: Rows::Few,
    owners: &[Owner::Installation],
    expiry: Expiry::Never,
    backup: Backup::LeftOut("a restore makes the schema of its version itself"),
    export: Export::OF_NO_POOL,
    writers: Writers::HolderOf(LEASE),
    history: History::NotRecorded("what was done to the schema is not undone"),
};

/// The number of the newest migration of which a step was done, 0 when there is none.
pub(super) async fn newest_done(tx: &mut Tx) -> Result<i64, Error> {
    let sql = "SELECT COALESCE(MAX(number), 0) FROM schema_migrations";
    tx.query_one(sql, &[]).await?.int(0)
}

/// The steps up to a version that are not in the book, in order.
pub(super) async fn pending(
    tx: &mut Tx,
    version: i64,
) -> Result<Vec<(&'static Migration, i64, &'static str)>, Error> {
    let rows = tx
        .query("SELECT number, step FROM schema_migrations", &[])
        .await?;
    let done = rows
        .iter()
        .map(|row| Ok((row.int(0)?, row.int(1)?)))
        .collect::<Result<Vec<_>, Error>>()?;
    let wanted = MIGRATIONS
        .iter()
        .filter(|migration| migration.number <= version);
    let all = wanted.flat_map(|migration| {
        (1..)
            .zip(migration.steps)
            .map(move |(step, statement)| (migration, step, *statement))
    });
    Ok(all
        .filter(|(migration, step, _)| !done.contains(&(migration.number, *step)))
        .collect())
}

/// Notes a step that is done.
pub(super) async fn note(
    tx: &mut Tx,
    migration: &Migration,
    step: i64,
    now_ms: i64,
) -> Result<(), Error> {
    let sql =
        "INSERT INTO schema_migrations(number, step, name, applied_at) VALUES ($1, $2, $3, $4)";
    let params = [
        migration.number.into(),
        step.into(),
        migration.name.into(),
        now_ms.into(),
    ];
    tx.execute(sql, &params).await.map(drop)
}
