//! The schema, and how it comes to be: migrations that only go forward, one statement a step, each
//! step in a transaction with its entry in `schema_migrations`. A start that was cut goes on at the
//! step where it stood.
//!
//! Old and new nodes run side by side while a migration lies between them, so a migration may add
//! tables, columns with defaults and indexes, and may drop only what the version before no longer
//! uses. Types are TEXT, BIGINT, BYTES and BOOLEAN; see docs/storage.md.

use std::time::{Duration, Instant};

use crate::{
    Error, OpenError, Tx,
    db::Core,
    keyring::{self, wall_clock_ms},
    leases,
    restore::mark as restore_mark,
};

mod steps;

use steps::MIGRATIONS;

/// What is there before the first migration: the book of migrations and the leases under which they
/// run.
const FOUNDATION: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS schema_migrations(
        number BIGINT NOT NULL, step BIGINT NOT NULL, name TEXT NOT NULL, applied_at BIGINT NOT NULL, PRIMARY KEY (number, step))",
    "CREATE TABLE IF NOT EXISTS leases(
        name TEXT NOT NULL, holder TEXT NOT NULL, expires_at BIGINT NOT NULL, PRIMARY KEY (name))",
];
const LEASE: &str = "migrations";
const LEASE_TIME_MS: i64 = 60_000;
/// A node waits this long for another that migrates.
const PATIENCE: Duration = Duration::from_secs(120);

/// One migration: its number, its name and its steps.
pub(crate) struct Migration {
    pub(crate) number: i64,
    pub(crate) name: &'static str,
    pub(crate) steps: &'static [&'static str],
}

/// The number of the newest migration that this binary knows: the version of its schema.
pub(crate) fn newest() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.number)
}

/// The statements that make the schema of a version, in order.
pub(crate) fn statements_up_to(version: i64) -> impl Iterator<Item = &'static str> {
    MIGRATIONS
        .iter()
        .filter(move |migration| migration.number <= version)
        .flat_map(|migration| migration.steps.iter().copied())
}

/// The version of a database's schema, 0 when there is none yet.
pub(crate) async fn version(db: &Core, reader: &mut Tx) -> Result<i64, Error> {
    if !db.has_table(reader, "schema_migrations").await? {
        return Ok(0);
    }
    let sql = "SELECT COALESCE(MAX(number), 0) FROM schema_migrations";
    reader.query_one(sql, &[]).await?.int(0)
}

/// Refuses a database that is newer than this binary, holds a part of a restore or is sealed under
/// another master key, before anything is written. Tells whether the database was made already: its
/// keys are there.
pub(crate) async fn check(
    db: &Core,
    master: &cognate_crypto::seal::MasterKey,
) -> Result<bool, OpenError> {
    let mut reader = db.read();
    let (found, known) = (version(db, &mut reader).await?, newest());
    if found > known {
        return Err(OpenError::NewerDatabase { found, known });
    }
    if db.has_table(&mut reader, "meta").await? && restore_mark::find(&mut reader).await?.is_some()
    {
        return Err(OpenError::UnfinishedRestore);
    }
    if db.has_table(&mut reader, "data_keys").await? {
        return Ok(keyring::stored(&mut reader, master).await?.is_some());
    }
    Ok(false)
}

/// Brings the schema to a version, which is the newest but for a restore. Any number of nodes may
/// call this at once; one does the work.
pub(crate) async fn run(db: &Core, node: &str, version: i64) -> Result<(), OpenError> {
    let mut reader = db.read();
    if !db.has_table(&mut reader, "leases").await? {
        lay_foundation(db).await?;
    }
    if pending(&mut reader, version).await?.is_empty() {
        return Ok(());
    }
    take_lease(db, node).await?;
    let outcome = apply_pending(db, node, version).await;
    let holder = node.to_owned();
    db.write("release_migration_lease", async move |tx| {
        leases::release(tx, LEASE, &holder).await
    })
    .await?;
    outcome
}

/// PostgreSQL may refuse CREATE TABLE IF NOT EXISTS when two nodes say it at the same moment; so it
/// is said again.
async fn lay_foundation(db: &Core) -> Result<(), Error> {
    for statement in FOUNDATION {
        let mut attempts_left = 5;
        loop {
            let outcome = db
                .write("lay_foundation", async move |tx| tx.define(statement).await)
                .await;
            match outcome {
                Err(Error::UniqueViolation(_) | Error::Statement(_)) if attempts_left > 0 => {
                    attempts_left -= 1;
                }
                outcome => break outcome?,
            }
        }
    }
    Ok(())
}

/// The steps up to a version that are not in the book, in order.
async fn pending(
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

async fn apply_pending(db: &Core, node: &str, version: i64) -> Result<(), OpenError> {
    let mut reader = db.read();
    for (migration, step, statement) in pending(&mut reader, version).await? {
        let holder = node.to_owned();
        db.write("migrate", async move |tx| {
            let now = wall_clock_ms();
            if !leases::acquire(tx, LEASE, &holder, now, now.saturating_add(LEASE_TIME_MS)).await? {
                return Err(Error::Unavailable("the migration lease was lost".to_owned()));
            }
            tx.define(statement).await?;
            tx.execute(
                "INSERT INTO schema_migrations(number, step, name, applied_at) VALUES ($1, $2, $3, $4)",
                &[migration.number.into(), step.into(), migration.name.into(), now.into()],
            )
            .await
            .map(drop)
        })
        .await?;
        tracing::debug!(
            migration = migration.name,
            step,
            "a step of a migration was applied"
        );
    }
    Ok(())
}

async fn take_lease(db: &Core, node: &str) -> Result<(), OpenError> {
    let started = Instant::now();
    loop {
        let holder = node.to_owned();
        let taken = db
            .write("take_migration_lease", async move |tx| {
                let now = wall_clock_ms();
                leases::acquire(tx, LEASE, &holder, now, now.saturating_add(LEASE_TIME_MS)).await
            })
            .await?;
        if taken {
            return Ok(());
        }
        if started.elapsed() > PATIENCE {
            return Err(OpenError::MigrationBusy(PATIENCE.as_secs()));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
