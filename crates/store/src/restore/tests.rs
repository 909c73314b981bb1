#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use cognate_crypto::seal::file::Lock;

use super::*;
use crate::leases;

fn key() -> MasterKey {
    MasterKey::from_bytes(std::array::from_fn(|at| u8::try_from(at).unwrap()))
}

fn options(url: &str, seed: u8) -> DbOptions {
    DbOptions::new(url, key(), Random::from_seed([seed; 32]))
}

/// A database whose schema stopped at a version.
async fn at_version(url: &str, version: i64) -> (Core, Random) {
    let (core, _, random) = Core::connect(options(url, 1)).unwrap();
    migrations::run(&core, "test", version).await.unwrap();
    (core, random)
}

/// A backup that an older version of Cognate would have made.
async fn old_backup() -> Vec<u8> {
    let (core, random) = at_version("sqlite::memory:", 1).await;
    let db = Db::with_keyring(core, &key(), random).await.unwrap();
    db.write("fill", async |tx| {
        let sql = "INSERT INTO access_keys(id, name, doc, secret, created_at) VALUES ('a', 'b', '{}', $1, 0)";
        tx.execute(sql, &[b"".into()]).await
    })
    .await
    .unwrap_or_else(|error: Error| panic!("{error}"));
    let lock = Lock::MasterKey(&key());
    let (file, summary) = backup::write(&db, Vec::new(), lock, 0, &mut |_| {})
        .await
        .unwrap();
    assert_eq!(summary.schema, 1);
    file
}

#[tokio::test]
async fn an_older_backup_is_restored_and_then_brought_up_to_date() {
    let file = old_backup().await;
    let unlock = Unlock::MasterKey(&key());
    let target = options("sqlite::memory:", 2);
    let (db, summary) = restore(target, file.as_slice(), unlock, true, &mut |_| {})
        .await
        .unwrap();
    assert_eq!(summary.schema, 1);
    let version = migrations::version(db.core(), &mut db.core().read()).await;
    assert_eq!(version.unwrap(), migrations::newest());
    assert!(migrations::newest() > 1, "or this proves nothing");
}

#[tokio::test]
async fn an_older_backup_does_not_go_into_a_newer_schema() {
    let file = old_backup().await;
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("target.db").display());
    at_version(&url, migrations::newest()).await.0.close().await;
    let unlock = Unlock::MasterKey(&key());
    let refused = restore(
        options(&url, 2),
        file.as_slice(),
        unlock,
        false,
        &mut |_| {},
    )
    .await;
    assert!(matches!(refused.err(), Some(BackupError::NotEmpty(_))));
}

#[tokio::test]
async fn a_newer_backup_is_refused_in_clear_words() {
    let (core, random) = at_version("sqlite::memory:", migrations::newest()).await;
    let db = Db::with_keyring(core, &key(), random).await.unwrap();
    db.write("pretend", async |tx| {
        leases::acquire(tx, "migrations", "later", 0, 1).await?;
        let sql = "INSERT INTO schema_migrations(number, step, name, applied_at) VALUES (9999, 1, 'later', 0)";
        tx.execute(sql, &[]).await
    })
    .await
    .unwrap_or_else(|error: Error| panic!("{error}"));
    // A node of an older version that was running when a newer one migrated makes no backup of what
    // it does not know.
    let lock = Lock::MasterKey(&key());
    let refused = backup::write(&db, Vec::new(), lock, 0, &mut |_| {}).await;
    assert!(matches!(
        refused.err(),
        Some(BackupError::Open(OpenError::NewerDatabase {
            found: 9999,
            ..
        }))
    ));
    let file = backup::of_version(9999, Lock::MasterKey(&key()));
    let unlock = Unlock::MasterKey(&key());
    let error = backup::verify(file.as_slice(), unlock).unwrap_err();
    assert!(
        error.to_string().contains("later version of Cognate"),
        "{error}"
    );
}

#[tokio::test]
async fn a_restore_whose_mark_was_taken_by_another_stops() {
    let (core, _) = at_version("sqlite::memory:", migrations::newest()).await;
    let check = async |id: &'static str| {
        core.write("check", async move |tx| mark::check(tx, id).await)
            .await
    };
    assert!(check("mine").await.is_err());
    core.write("put", async |tx| mark::put(tx, "theirs").await)
        .await
        .unwrap_or_else(|error: Error| panic!("{error}"));
    assert!(check("mine").await.is_err());
    check("theirs").await.unwrap();
}

#[tokio::test]
async fn a_start_that_looked_before_the_restore_began_makes_no_key_of_its_own() {
    let (core, random) = at_version("sqlite::memory:", migrations::newest()).await;
    core.write("put", async |tx| mark::put(tx, "theirs").await)
        .await
        .unwrap_or_else(|error: Error| panic!("{error}"));
    let opened = Db::with_keyring(core, &key(), random).await;
    assert!(matches!(opened.err(), Some(OpenError::UnfinishedRestore)));
}

#[tokio::test]
async fn a_restore_stops_when_its_mark_goes_from_under_it() {
    let file = old_backup().await;
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("target.db").display());
    let lose_mark = async {
        let (core, ..) = Core::connect(options(&url, 3)).unwrap();
        core.write("lose", async |tx| mark::remove(tx).await)
            .await
            .unwrap_or_else(|error: Error| panic!("{error}"));
        core.close().await;
    };
    let mut lose_mark = Some(lose_mark);
    let mut progress = |told: Progress<'_>| {
        if told.table == "meta"
            && let Some(lose_mark) = lose_mark.take()
        {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            std::thread::scope(|scope| {
                scope.spawn(|| runtime.unwrap().block_on(lose_mark));
            });
        }
    };
    let unlock = Unlock::MasterKey(&key());
    let refused = restore(
        options(&url, 2),
        file.as_slice(),
        unlock,
        false,
        &mut progress,
    )
    .await;
    let Some(BackupError::Database(Error::Unavailable(words))) = refused.err() else {
        panic!("went on without its mark")
    };
    assert!(words.contains("while it was restored"), "{words}");
    // Not a row was written into what is somebody else's now.
    let (core, ..) = Core::connect(options(&url, 4)).unwrap();
    let rows = core.read().query("SELECT id FROM access_keys", &[]).await;
    assert!(rows.unwrap().is_empty());
}
