//! Versions side by side: nodes that run while another one migrates, and starts that wait for it or
//! come too late.

use std::time::Duration;

use cognate_store::{Db, Error, OpenError, leases};

use crate::{
    all_statements::{run_deletions, run_everything},
    fixtures::write,
    place::on_lasting_places,
};

/// All that a migration of a later version may do: columns with defaults, tables, indexes.
const ADDITIONS: [&str; 38] = [
    "ALTER TABLE meta ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE data_keys ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE access_keys ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE user_pools ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE signing_keys ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE app_clients ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE users ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE aliases ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE sessions ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE challenges ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE codes ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE attempts ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE outbox ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE ways_back ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE software_tokens ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE passkeys ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE server_settings ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE devices ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE deleted_pools ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE deleted_app_clients ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE recovery_codes ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE user_terms ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE user_searches ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE password_history ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE groups ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE group_numbers ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE group_members ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE deleted_groups ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE nodes ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE provisioned_limits ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE import_jobs ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE import_files ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE import_logs ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE pool_changes ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE resource_servers ADD COLUMN later BIGINT NOT NULL DEFAULT 0",
    "CREATE TABLE later(id TEXT NOT NULL, PRIMARY KEY (id))",
    "CREATE INDEX users_later ON users(pool, later)",
    "INSERT INTO schema_migrations(number, step, name, applied_at) VALUES (9999, 1, 'later', 0)",
];

#[test]
fn a_node_that_runs_works_on_when_a_later_version_migrates_and_is_refused_at_its_next_start() {
    on_lasting_places(async |place| {
        let (old, later) = (place.open().await, place.open().await);
        write(&old, run_everything).await;
        write(&old, run_deletions).await;
        for statement in ADDITIONS {
            write(&later, async move |tx| {
                leases::acquire(tx, "migrations", "later", 0, 1).await?;
                tx.execute(statement, &[]).await.map(drop)
            })
            .await;
        }
        // Its connections have prepared every statement before: that must not matter.
        write(&old, run_everything).await;
        write(&old, run_deletions).await;
        old.close().await;
        let error = Db::open(place.options()).await.err().unwrap();
        assert!(
            matches!(error, OpenError::NewerDatabase { found: 9999, .. }),
            "{error}"
        );
        let words = "the database is at schema version 9999, made by a later version of Cognate; this one knows versions up to ";
        assert!(error.to_string().starts_with(words), "{error}");
    });
}

#[test]
fn who_only_reads_refuses_an_older_schema_and_brings_it_no_further() {
    on_lasting_places(async |place| {
        let db = place.open().await;
        write(&db, async |tx| {
            leases::acquire(tx, "migrations", "an earlier version", 0, 1).await?;
            let undo = "DELETE FROM schema_migrations WHERE number = 2";
            tx.execute(undo, &[]).await.map(drop)
        })
        .await;
        let mut options = place.options();
        options.only_reads = true;
        let error = Db::open(options).await.err().unwrap();
        assert!(matches!(error, OpenError::OlderDatabase { .. }), "{error}");
        let sql = "SELECT number FROM schema_migrations WHERE number = 2";
        let mut reader = db.read().await.unwrap();
        assert_eq!(reader.query(sql, &[]).await.unwrap().len(), 0);
        let redo = "INSERT INTO schema_migrations(number, step, name, applied_at) VALUES (2, 1, 'as it was', 0)";
        write(&db, async move |tx| {
            leases::acquire(tx, "migrations", "this version", 2, 3).await?;
            tx.execute(redo, &[]).await.map(drop)
        })
        .await;
        let mut options = place.options();
        options.only_reads = true;
        Db::open(options).await.unwrap().close().await;
    });
}

#[test]
fn a_start_waits_while_another_node_migrates_and_then_finds_its_work_done() {
    on_lasting_places(async |place| {
        let migrating = place.open().await;
        write(&migrating, async |tx| {
            let undo = "DELETE FROM schema_migrations WHERE number = 2";
            assert!(leases::acquire(tx, "migrations", "another", 0, i64::MAX).await?);
            tx.execute(undo, &[]).await?;
            Ok(())
        })
        .await;
        let mut start = std::pin::pin!(Db::open(place.options()));
        let too_early = tokio::time::timeout(Duration::from_millis(500), &mut start).await;
        assert!(too_early.is_err(), "it did not wait");
        write(&migrating, async |tx| {
            assert!(leases::acquire(tx, "migrations", "another", 0, i64::MAX).await?);
            let redo = "INSERT INTO schema_migrations(number, step, name, applied_at) VALUES (2, 1, 'by the other', 0)";
            tx.execute(redo, &[]).await?;
            assert!(leases::release(tx, "migrations", "another").await?);
            Ok(())
        })
        .await;
        let started = start.await.unwrap();
        let mut reader = started.read().await.unwrap();
        let sql = "SELECT name FROM schema_migrations WHERE number = 2";
        let row = reader.query_one(sql, &[]).await.unwrap();
        assert_eq!(row.text(0).unwrap(), "by the other");
    });
}

#[test]
fn a_node_that_died_while_it_migrated_holds_up_nobody_for_longer_than_its_lease() {
    on_lasting_places(async |place| {
        write(&place.open().await, async |tx| {
            assert!(leases::acquire(tx, "migrations", "dead", 0, 1).await?);
            tx.execute("DELETE FROM schema_migrations WHERE number = 2", &[])
                .await?;
            Ok::<_, Error>(())
        })
        .await;
        place.open().await;
    });
}
