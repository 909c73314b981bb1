//! Brings the schema up to date: one node does it, under a lease, and the others wait.

use std::time::{Duration, Instant};

use super::{
    book::{self, LEASE, pending},
    steps::FOUNDATION,
};
use crate::{Error, OpenError, core::Core, leases, wall_clock::wall_clock_ms};

const LEASE_TIME_MS: i64 = 60_000;
/// A node waits this long for another that migrates.
const PATIENCE: Duration = Duration::from_secs(120);

/// Brings the schema to a version, which is the newest but for a restore. Any number of nodes may
/// call this at once; one does the work.
pub(crate) async fn run(db: &Core, node: &str, version: i64) -> Result<(), OpenError> {
    let mut reader = db.read();
    if !db.has_table(&mut reader, leases::TABLE.name).await? {
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

async fn apply_pending(db: &Core, node: &str, version: i64) -> Result<(), OpenError> {
    let mut reader = db.read();
    for (migration, step, statement) in pending(&mut reader, version).await? {
        let holder = node.to_owned();
        db.write("migrate", async move |tx| {
            let now = wall_clock_ms();
            if !leases::acquire(tx, LEASE, &holder, now, now.saturating_add(LEASE_TIME_MS)).await? {
                return Err(Error::Unavailable(
                    "the migration lease was lost".to_owned(),
                ));
            }
            tx.define(statement).await?;
            book::note(tx, migration, step, now).await
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
