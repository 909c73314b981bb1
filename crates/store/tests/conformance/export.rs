//! Exports of one pool and their imports: from either kind of database into either, with every kind
//! of damage, and cut in the middle.

use std::{
    io::Cursor,
    sync::atomic::{AtomicI64, Ordering},
};

use cognate_crypto::{
    seal::file::{FRAME, Lock, Unlock},
    secret::SecretBytes,
};
use cognate_model::{AppClient, Timestamp, UserPoolId, claims::TokenUse};
use cognate_store::{
    Db, Error, Fault, Tx, app_clients,
    backup::{Summary, TableSummary},
    export::{self, Export, ExportError, Import},
    signing_keys::{self, NewSigningKey},
    user_pools, users,
};

use crate::{
    fixtures::{app_client, credentials, names, signed_up, user, user_pool, write},
    furnished::furnish,
    place::{master_key, on_each_pair, on_sqlite},
};

const NOW: i64 = 1_782_907_200_000;

async fn exported(db: &Db, pool: &UserPoolId, with_signing_keys: bool) -> (Vec<u8>, Summary) {
    let export = Export {
        pool,
        with_signing_keys,
        lock: Lock::MasterKey(&master_key(1)),
        made_at_ms: 77,
        recovery_secret: [3; 32],
    };
    export::write(db, Vec::new(), &export, &mut |_| {})
        .await
        .unwrap()
}

fn key_of(pool: &UserPoolId) -> NewSigningKey {
    NewSigningKey {
        pool: pool.clone(),
        kid: "new".to_owned(),
        token_use: TokenUse::Id,
        private: SecretBytes::new(b"private".to_vec()),
        public: "{}".to_owned(),
        created_at: Timestamp(3),
    }
}

/// Brings a file in; a clock that stands.
async fn imported(db: &Db, file: &[u8]) -> Result<(), ExportError> {
    imported_at(db, file, &|| NOW).await
}

async fn imported_at(
    db: &Db,
    file: &[u8],
    clock: &(dyn Fn() -> i64 + Sync),
) -> Result<(), ExportError> {
    let key = master_key(1);
    let unlock = Unlock::MasterKey(&key);
    let checked = export::check(Cursor::new(file), unlock)?;
    let pool = UserPoolId::parse(&checked.pool.id).unwrap();
    let import = Import {
        unlock,
        new_keys: vec![key_of(&pool)],
        clock,
    };
    export::import(db, Cursor::new(file), &checked, &import, &mut |_| {}).await
}

async fn is_there(db: &Db, pool: &UserPoolId) -> bool {
    let mut reader = db.read().await.unwrap();
    user_pools::find(&mut reader, pool).await.unwrap().is_some()
}

/// How many users there are, with or without the pool.
async fn rows_of(db: &Db, pool: &UserPoolId) -> usize {
    let mut reader = db.read().await.unwrap();
    users::page(&mut reader, pool, None, 10_000)
        .await
        .unwrap()
        .len()
}

async fn delete_leftovers(db: &Db, now: i64) {
    let delete = async move |tx: &mut Tx| {
        while user_pools::delete_leftovers(tx, Timestamp(now), 500).await? {}
        Ok::<_, Error>(())
    };
    write(db, delete).await;
}

#[test]
fn an_exported_pool_stands_after_the_import_whole_and_openable_from_either_database_into_either() {
    on_each_pair(async |source, target| {
        let db = source.open().await;
        let pool = furnish(&db).await;
        // Another pool is not in the file.
        signed_up(&db, &user_pool(7).id, "bob").await;
        let (file, summary) = exported(&db, &pool, true).await;
        for table in &summary.tables {
            assert!(table.rows > 0, "nothing of {}", table.name);
        }
        let mut options = target.options();
        options.master_key = master_key(50);
        let copy = Db::open(options).await.unwrap();
        imported(&copy, &file).await.unwrap();
        assert_eq!(
            exported(&copy, &pool, true).await.1,
            summary,
            "opened, the same"
        );
        db.close().await;
        copy.close().await;
    });
}

#[test]
fn without_its_signing_keys_a_pool_gets_new_ones() {
    on_each_pair(async |source, target| {
        let db = source.open().await;
        let pool = furnish(&db).await;
        let (file, summary) = exported(&db, &pool, false).await;
        let is_of_keys = |table: &TableSummary| table.name == "signing_keys";
        assert!(!summary.tables.iter().any(is_of_keys));
        let copy = target.open().await;
        imported(&copy, &file).await.unwrap();
        let mut reader = copy.read().await.unwrap();
        let keys = signing_keys::all(&mut reader, &pool).await.unwrap();
        let kids: Vec<_> = keys.iter().map(|key| key.kid.as_str()).collect();
        assert_eq!(kids, ["new"]);
        assert_eq!(exported(&copy, &pool, false).await.1, summary);
        db.close().await;
        copy.close().await;
    });
}

#[test]
fn an_import_that_is_cut_is_seen_by_nobody_and_the_next_begins_anew() {
    on_each_pair(async |source, target| {
        let from = source.open().await;
        let pool = furnish(&from).await;
        let (file, summary) = exported(&from, &pool, true).await;
        from.close().await;
        let db = target.open().await;
        for (name, fault) in [
            ("begin_import", Fault::BeforeCommit(1)),
            ("import_rows", Fault::BeforeCommit(2)),
            ("end_import", Fault::Statement(9)),
            ("end_import", Fault::BeforeCommit(1)),
        ] {
            target.faults.arm(Some(name), fault);
            imported(&db, &file).await.unwrap_err();
            assert!(!is_there(&db, &pool).await, "{name}");
        }
        assert!(rows_of(&db, &pool).await > 0, "what the last one has left");
        imported(&db, &file).await.unwrap();
        assert_eq!(exported(&db, &pool, true).await.1, summary);
        // Nothing is left to be deleted, an hour later either.
        delete_leftovers(&db, NOW + 7_200_000).await;
        assert_eq!(exported(&db, &pool, true).await.1, summary);
        db.close().await;
    });
}

#[test]
fn what_an_import_that_was_cut_has_left_is_deleted_by_whoever_deletes_leftovers() {
    on_each_pair(async |source, target| {
        let from = source.open().await;
        let pool = furnish(&from).await;
        let (file, _) = exported(&from, &pool, true).await;
        from.close().await;
        let db = target.open().await;
        target
            .faults
            .arm(Some("end_import"), Fault::BeforeCommit(1));
        imported(&db, &file).await.unwrap_err();
        delete_leftovers(&db, NOW + 60_000).await;
        assert!(rows_of(&db, &pool).await > 0, "an import may still run");
        delete_leftovers(&db, NOW + 3_700_000).await;
        assert_eq!(rows_of(&db, &pool).await, 0);
        db.close().await;
    });
}

#[test]
fn an_import_that_was_overtaken_or_stood_still_stops_and_leaves_the_other_alone() {
    on_each_pair(async |source, target| {
        let from = source.open().await;
        let pool = furnish(&from).await;
        let (file, summary) = exported(&from, &pool, true).await;
        from.close().await;
        let db = target.open().await;
        // Each look at the clock is three quarters of an hour later.
        let slow = AtomicI64::new(NOW);
        let late = || slow.fetch_add(45 * 60_000, Ordering::Relaxed);
        let error = imported_at(&db, &file, &late).await.unwrap_err();
        assert!(matches!(error, ExportError::Overtaken), "{error}");
        // Another import runs whole in the middle of this one.
        let (url, other) = (file.clone(), db.clone());
        target.faults.meanwhile(async move {
            imported(&other, &url).await.unwrap();
        });
        let error = imported(&db, &file).await.unwrap_err();
        assert!(matches!(error, ExportError::PoolExists(_)), "{error}");
        assert_eq!(exported(&db, &pool, true).await.1, summary);
        db.close().await;
    });
}

#[test]
fn what_is_here_already_is_told_and_stays_as_it_is() {
    on_each_pair(async |source, target| {
        let from = source.open().await;
        let pool = furnish(&from).await;
        let (file, _) = exported(&from, &pool, true).await;
        let error = imported(&from, &file).await.unwrap_err();
        assert!(matches!(error, ExportError::PoolExists(_)), "{error}");
        let mut reader = from.read().await.unwrap();
        let clients = app_clients::page(&mut reader, &pool, None, 1)
            .await
            .unwrap();
        drop(reader);
        from.close().await;
        // An app client of the same id, of another pool.
        let db = target.open().await;
        let other = user_pool(7);
        let client = AppClient {
            id: clients[0].id.clone(),
            ..app_client(&other.id)
        };
        let put = async move |tx: &mut Tx| {
            user_pools::insert(tx, &other).await?;
            app_clients::insert(tx, &client, None).await
        };
        write(&db, put).await;
        let error = imported(&db, &file).await.unwrap_err();
        assert!(matches!(error, ExportError::ClientExists(_)), "{error}");
        assert!(!is_there(&db, &pool).await);
        assert_eq!(rows_of(&db, &pool).await, 0);
        db.close().await;
    });
}

/// Runs every statement of exports and imports.
pub(crate) async fn run_everything(db: &Db) {
    let new = user_pool(1);
    let pool = new.id.clone();
    write(db, async move |tx| {
        user_pools::insert(tx, &new).await?;
        app_clients::insert(tx, &app_client(&new.id), None).await
    })
    .await;
    signed_up(db, &pool, "ana").await;
    let (file, _) = exported(db, &pool, false).await;
    for leftovers_are_gone in [true, false] {
        let gone = pool.clone();
        write(db, async move |tx| {
            user_pools::delete(tx, &gone, Timestamp(1)).await
        })
        .await;
        if leftovers_are_gone {
            delete_leftovers(db, NOW).await;
        }
        imported(db, &file).await.unwrap();
    }
}

#[test]
fn a_file_that_was_cut_changed_or_is_of_another_kind_or_key_is_refused() {
    on_sqlite(async |place| {
        let db = place.open().await;
        let pool = furnish(&db).await;
        let (file, _) = exported(&db, &pool, true).await;
        let key = master_key(1);
        let refusal = |file: &[u8]| {
            let checked = export::check(Cursor::new(file), Unlock::MasterKey(&key));
            checked.err().map(|error| error.to_string())
        };
        assert_eq!(refusal(&file), None);
        for cut in [0, 10, 70, FRAME, file.len() - 1] {
            assert!(refusal(&file[..cut.min(file.len() - 1)]).is_some(), "{cut}");
        }
        for place in [3, 40, 90, file.len() / 2, file.len() - 3] {
            let mut changed = file.clone();
            changed[place] ^= 1;
            assert!(refusal(&changed).is_some(), "{place}");
        }
        let other = export::check(Cursor::new(&file), Unlock::MasterKey(&master_key(9)));
        assert!(
            other
                .err()
                .unwrap()
                .to_string()
                .contains("the one given is")
        );
        let (backup, _) = crate::backup::backed_up(&db, Lock::MasterKey(&key)).await;
        assert_eq!(
            refusal(&backup).unwrap(),
            "this is no user pool that Cognate has exported"
        );
        let nobody = UserPoolId::parse("us-east-1_Nobody").unwrap();
        let export = Export {
            pool: &nobody,
            with_signing_keys: false,
            lock: Lock::MasterKey(&key),
            made_at_ms: 0,
            recovery_secret: [3; 32],
        };
        let error = export::write(&db, Vec::new(), &export, &mut |_| {}).await;
        assert!(matches!(error.err(), Some(ExportError::NoSuchPool(_))));
        db.close().await;
    });
}

/// The memory of this process that is its own, in MiB.
fn own_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("RssAnon:"));
    let kib = line.unwrap().split_whitespace().nth(1).unwrap();
    kib.parse::<u64>().unwrap() / 1024
}

/// How fast a pool of `FIGURE_USERS` (100,000) users is exported and imported, printed: `cargo test
/// --release -p cognate-store --test conformance figures_of_an_export -- --ignored --nocapture`.
#[test]
#[ignore = "prints figures"]
#[allow(
    clippy::disallowed_methods,
    reason = "how many comes from the environment"
)]
fn figures_of_an_export() {
    let users = std::env::var("FIGURE_USERS").map_or(100_000, |users| users.parse().unwrap());
    on_each_pair(async |source, target| {
        let db = source.open().await;
        let new = user_pool(1);
        let pool = new.id.clone();
        write(&db, async move |tx| user_pools::insert(tx, &new).await).await;
        for first in (0..users).step_by(500) {
            let id = pool.clone();
            let fill = async move |tx: &mut Tx| {
                for number in first..(first + 500).min(users) {
                    let name = format!("user{number}");
                    let user = user(&id, &name);
                    let known = credentials(1);
                    let stored = users::insert(tx, &user, &names(&name), Some(&known)).await?;
                    stored.unwrap();
                }
                Ok(())
            };
            write(&db, fill).await;
        }
        let path = std::env::temp_dir().join(format!("figures-{}.pool", std::process::id()));
        let key = master_key(1);
        let export = Export {
            pool: &pool,
            with_signing_keys: false,
            lock: Lock::MasterKey(&key),
            made_at_ms: 77,
            recovery_secret: [3; 32],
        };
        let (before, started) = (own_memory(), std::time::Instant::now());
        let out = std::fs::File::create(&path).unwrap();
        let out = export::write(&db, out, &export, &mut |_| {}).await;
        let (out, summary) = out.unwrap();
        out.sync_all().unwrap();
        let rows: u64 = summary.tables.iter().map(|table| table.rows).sum();
        let took = started.elapsed();
        let size = std::fs::metadata(&path).unwrap().len() >> 20;
        println!(
            "export: {rows} rows, {size} MiB in {took:?}, {before} to {} MiB",
            own_memory()
        );
        db.close().await;
        let copy = target.open().await;
        let (before, started) = (own_memory(), std::time::Instant::now());
        let open = || std::io::BufReader::new(std::fs::File::open(&path).unwrap());
        let unlock = Unlock::MasterKey(&key);
        let checked = export::check(open(), unlock).unwrap();
        let import = Import {
            unlock,
            new_keys: vec![key_of(&pool)],
            clock: &|| NOW,
        };
        let imported = export::import(&copy, open(), &checked, &import, &mut |_| {}).await;
        imported.unwrap();
        let took = started.elapsed();
        println!(
            "import: {rows} rows in {took:?}, {before} to {} MiB",
            own_memory()
        );
        copy.close().await;
        std::fs::remove_file(&path).unwrap();
    });
}
