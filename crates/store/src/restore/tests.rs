#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use cognate_crypto::seal::file::Lock;

use super::*;

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
        let sql = "INSERT INTO schema_migrations(number, step, name, applied_at) VALUES (9999, 1, 'later', 0)";
        tx.execute(sql, &[]).await
    })
    .await
    .unwrap_or_else(|error: Error| panic!("{error}"));
    // A node of an older version that was running when a newer one migrated makes no backup of what it does not know.
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
