//! Backups and restores: from either kind of database into either, while others write, and with
//! every kind of damage.

use std::{
    io::{Cursor, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use cognate_crypto::{
    seal::{
        MasterKey,
        file::{FRAME, FRAME_OVERHEAD, FileError, Lock, PassphraseCost, SealedUnder, Unlock},
    },
    secret::{SecretBytes, SecretString},
};
use cognate_model::{
    Timestamp, UserPoolId,
    access_key::{self, AccessKey},
    claims::TokenUse,
    code::CodePurpose,
    lockout::Lockout,
    policy::Policy,
};
use cognate_store::{
    Db, Error, Fault, OpenError, access_keys, app_clients, attempts,
    backup::{self, BackupError, Summary, TableSummary},
    challenges, codes, installation, outbox, restore, sessions,
    signing_keys::{self, NewSigningKey},
    user_pools, users, ways_back,
};

use crate::{
    fixtures::{
        app_client, code, credentials, name, names, random, session, user, user_pool, way_back,
        write,
    },
    place::{Place, everywhere, master_key, on_each_pair, on_lasting_places, on_sqlite, put},
};

/// More than a few pages.
const USERS: usize = 1200;

/// Rows of every table, with NULLs and without, empty and strange texts, in each.
async fn furnish(db: &Db) -> UserPoolId {
    let pool = user_pool(1);
    let id = pool.id.clone();
    write(db, async move |tx| {
        installation::claim(tx, "serve").await?;
        let key = AccessKey {
            id: access_key::random_id(&mut random()),
            name: "ci".to_owned(),
            policy: Policy::allow_all(),
            created_at: Timestamp(1),
        };
        access_keys::insert(tx, &key, &SecretString::from("wJalr")).await?;
        user_pools::insert(tx, &pool).await?;
        user_pools::insert(tx, &user_pool(2)).await?;
        let deleted = user_pool(3);
        user_pools::insert(tx, &deleted).await?;
        user_pools::delete(tx, &deleted.id, Timestamp(4)).await?;
        let client = app_client(&pool.id);
        app_clients::insert(tx, &client, Some(&SecretString::from("shh"))).await?;
        app_clients::insert(tx, &app_client(&pool.id), None).await?;
        let deleted = app_client(&pool.id);
        app_clients::insert(tx, &deleted, None).await?;
        app_clients::delete(tx, &pool.id, &deleted.id, Timestamp(5)).await?;
        for (kid, token_use) in [("a", TokenUse::Id), ("b", TokenUse::Access)] {
            let key = NewSigningKey {
                pool: pool.id.clone(),
                kid: kid.to_owned(),
                token_use,
                private: SecretBytes::new(b"private".to_vec()),
                public: "{}".to_owned(),
                created_at: Timestamp(3),
            };
            signing_keys::insert(tx, &key).await?;
        }
        signing_keys::retire(tx, &pool.id, Timestamp(4)).await?;
        for number in 0..USERS {
            let text = format!("ana «{number}» ' \" \\ 😀");
            let ana = user(&pool.id, &text);
            let known = credentials(1);
            let credentials = (number % 3 > 0).then_some(&known);
            users::insert(tx, &ana, &names(&text), credentials)
                .await?
                .unwrap();
            if number % 2 == 0 {
                sessions::insert(tx, &session(&ana, &client.id, i64::MAX), &[7; 32]).await?;
            }
            if number == 0 {
                let kind = CodePurpose::VerifyEmail;
                codes::put(tx, &pool.id, &ana.sub, kind, &code(1), Timestamp(-1)).await?;
                attempts::put_lockout(tx, &pool.id, "", &Lockout::default(), Timestamp(1)).await?;
                ways_back::insert(tx, &[7; 32], &way_back(&ana)).await?;
            }
        }
        challenges::insert(tx, &[0; 32], &pool.id, b"", Timestamp(1)).await?;
        challenges::insert(tx, &[255; 32], &pool.id, b"step", Timestamp(i64::MIN)).await?;
        let message = outbox::NewMessage {
            id: "m".to_owned(),
            kind: "mail",
            payload: &[0; 100_000],
            created_at: Timestamp(1),
            next_at: Timestamp(2),
        };
        outbox::enqueue(tx, &message).await
    })
    .await;
    id
}

async fn backed_up(db: &Db, lock: Lock<'_>) -> (Vec<u8>, Summary) {
    backup::write(db, Vec::new(), lock, 77, &mut |_| {})
        .await
        .unwrap()
}

async fn restored(
    place: &Place,
    target_key: u8,
    file: &[u8],
    unlock: Unlock<'_>,
) -> Result<(Db, Summary), BackupError> {
    let mut options = place.options();
    options.master_key = master_key(target_key);
    restore::restore(options, Cursor::new(file), unlock, true, &mut |_| {}).await
}

fn words() -> SecretString {
    SecretString::from("correct horse battery staple")
}

const CHEAP: PassphraseCost = PassphraseCost {
    memory_kib: 64,
    passes: 1,
    lanes: 1,
};

#[test]
fn what_was_backed_up_stands_after_the_restore_whole_and_openable_from_either_database_into_either()
{
    on_each_pair(async |source, target| {
        let db = source.open().await;
        let pool = furnish(&db).await;
        let sums = backup::sum_up(&db).await.unwrap();
        assert!(sums.iter().all(|table| table.rows > 0), "{sums:?}");
        let secret = db.server_secret("salt");
        let key = master_key(1);
        let (file, summary) = backed_up(&db, Lock::MasterKey(&key)).await;
        assert_eq!(summary.tables, sums);
        assert_eq!(
            backup::verify(Cursor::new(&file), Unlock::MasterKey(&key)).unwrap(),
            summary
        );
        // The target has a master key of its own.
        let (copy, told) = restored(target, 50, &file, Unlock::MasterKey(&key))
            .await
            .unwrap();
        assert_eq!(told, summary);
        assert_eq!(backup::sum_up(&copy).await.unwrap(), sums);
        assert_eq!(copy.server_secret("salt"), secret);
        copy.close().await;
        let mut options = target.options();
        options.master_key = master_key(50);
        options.must_exist = true;
        let copy = Db::open(options).await.unwrap();
        assert_eq!(backup::sum_up(&copy).await.unwrap(), sums);
        let mut reader = copy.read().await.unwrap();
        let text = name("ana «4» ' \" \\ 😀");
        let (ana, opened) = users::find_with_credentials_by_name(&mut reader, &pool, &text)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(ana.username, "ana «4» ' \" \\ 😀");
        assert_eq!(opened.unwrap().verifier, credentials(1).verifier);
        let keys = signing_keys::all(&mut reader, &pool).await.unwrap();
        assert_eq!(keys[0].private.expose(), b"private");
        assert!(matches!(
            Db::open(target.options()).await,
            Err(OpenError::WrongMasterKey)
        ));
        // It is a database like any other: it takes writes, and its content differs then.
        put(&copy, "x", b"").await.unwrap();
        assert_ne!(backup::sum_up(&copy).await.unwrap(), sums);
    });
}

/// Holds the backup up at its first frame until others have written so much.
struct Gate {
    file: Vec<u8>,
    writes: Arc<AtomicUsize>,
    awaited: usize,
}

impl Write for Gate {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        while self.file.len() > FRAME && self.writes.load(Ordering::SeqCst) < self.awaited {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.file.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn count(db: &Db, sql: &'static str) -> i64 {
    let mut reader = db.read().await.unwrap();
    reader.query_one(sql, &[]).await.unwrap().int(0).unwrap()
}

#[test]
fn a_backup_is_of_one_moment_while_others_write() {
    on_each_pair(async |source, target| {
        let db = source.open().await;
        let pool = furnish(&db).await;
        let before = count(&db, "SELECT COUNT(*) FROM users").await;
        let (writes, stop) = (
            Arc::new(AtomicUsize::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let writers: Vec<_> = (0..3)
            .map(|writer| {
                let (db, pool) = (db.clone(), pool.clone());
                let (writes, stop) = (Arc::clone(&writes), Arc::clone(&stop));
                tokio::spawn(async move {
                    let mut number = 0;
                    while !stop.load(Ordering::SeqCst) {
                        let text = format!("w{writer}-{number}");
                        let new = user(&pool, &text);
                        let client = app_client(&pool);
                        let gone = new.sub.clone();
                        let owner = pool.clone();
                        let is_deleted = number % 3 == 0;
                        // A user comes with two names and a session, and goes with them.
                        db.write("come", async move |tx| {
                            let session = session(&new, &client.id, i64::MAX);
                            users::insert(tx, &new, &names(&text), None).await?.unwrap();
                            sessions::insert(tx, &session, &[1; 32]).await
                        })
                        .await
                        .unwrap_or_else(|error: Error| panic!("{error}"));
                        if is_deleted {
                            db.write("go", async move |tx| users::delete(tx, &owner, &gone).await)
                                .await
                                .unwrap_or_else(|error: Error| panic!("{error}"));
                        }
                        number += 1;
                        writes.fetch_add(1, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        let key = master_key(1);
        let gate = Gate {
            file: Vec::new(),
            awaited: writes.load(Ordering::SeqCst) + 60,
            writes,
        };
        let (gate, _) = backup::write(&db, gate, Lock::MasterKey(&key), 1, &mut |_| {})
            .await
            .unwrap();
        stop.store(true, Ordering::SeqCst);
        for writer in writers {
            writer.await.unwrap();
        }
        let after = count(&db, "SELECT COUNT(*) FROM users").await;
        let (copy, _) = restored(target, 1, &gate.file, Unlock::MasterKey(&key))
            .await
            .unwrap();
        let users = count(&copy, "SELECT COUNT(*) FROM users").await;
        assert!(before <= users && users < after, "{before} {users} {after}");
        assert_eq!(
            count(&copy, "SELECT COUNT(*) FROM aliases").await,
            2 * users
        );
        for sql in [
            "SELECT COUNT(*) FROM aliases WHERE NOT EXISTS (SELECT 1 FROM users WHERE users.pool = aliases.pool AND users.sub = aliases.sub)",
            "SELECT COUNT(*) FROM sessions WHERE NOT EXISTS (SELECT 1 FROM users WHERE users.pool = sessions.pool AND users.sub = sessions.sub)",
            "SELECT COUNT(*) FROM users WHERE username LIKE 'w%' AND NOT EXISTS (SELECT 1 FROM sessions WHERE users.pool = sessions.pool AND users.sub = sessions.sub)",
        ] {
            assert_eq!(count(&copy, sql).await, 0, "{sql}");
        }
    });
}

#[test]
fn a_backup_under_a_passphrase_needs_no_master_key_of_its_source() {
    everywhere(async |place| {
        let source = Db::open(place.options_at("sqlite::memory:")).await.unwrap();
        put(&source, "a", b"1").await.unwrap();
        let words = words();
        let (file, _) = backed_up(&source, Lock::Passphrase(&words, CHEAP)).await;
        assert_eq!(
            backup::sealed_under(Cursor::new(&file)).unwrap(),
            SealedUnder::Passphrase
        );
        let other = SecretString::from("correct horse battery");
        let refused = restored(place, 9, &file, Unlock::Passphrase(&other)).await;
        assert!(matches!(
            refused.err(),
            Some(BackupError::File(FileError::WrongPassphrase))
        ));
        let (copy, _) = restored(place, 9, &file, Unlock::Passphrase(&words))
            .await
            .unwrap();
        assert_eq!(
            backup::sum_up(&copy).await.unwrap(),
            backup::sum_up(&source).await.unwrap()
        );
    });
}

#[test]
fn a_wrong_master_key_is_refused_and_the_target_stays_empty() {
    on_lasting_places(async |place| {
        let source = Db::open(place.options_at("sqlite::memory:")).await.unwrap();
        let (key, other) = (master_key(1), master_key(2));
        let (file, _) = backed_up(&source, Lock::MasterKey(&key)).await;
        let refused = restored(place, 1, &file, Unlock::MasterKey(&other)).await;
        let Some(BackupError::File(FileError::WrongMasterKey { needed, given })) = refused.err()
        else {
            panic!("opened under a wrong key")
        };
        assert_eq!((needed, given), (key.id(), other.id()));
        let mut options = place.options();
        options.must_exist = true;
        assert!(matches!(
            Db::open(options).await,
            Err(OpenError::NoDatabase)
        ));
    });
}

#[test]
fn a_change_or_a_cut_at_any_frame_is_noticed_without_a_database() {
    on_sqlite(async |place: &Place| {
        let db = place.open().await;
        furnish(&db).await;
        let key = master_key(1);
        let (file, _) = backed_up(&db, Lock::MasterKey(&key)).await;
        let frames = file.len() / (FRAME + FRAME_OVERHEAD);
        assert!(frames > 5, "{frames}");
        let checked = |file: &[u8]| backup::verify(Cursor::new(file), Unlock::MasterKey(&key));
        checked(&file).unwrap();
        // Where frames begin depends on the head; steps of less than a frame meet all of them.
        for at in (0..file.len())
            .step_by(FRAME / 2 + 1)
            .chain([file.len() - 1])
        {
            let mut changed = file.clone();
            changed[at] ^= 4;
            let error = checked(&changed).err();
            assert!(
                matches!(error, Some(BackupError::File(_))),
                "{at}: {error:?}"
            );
            let error = checked(&file[..at]).err();
            assert!(
                matches!(error, Some(BackupError::File(_))),
                "{at}: {error:?}"
            );
        }
        let mut longer = file.clone();
        longer.push(0);
        assert!(matches!(checked(&longer).err(), Some(BackupError::File(_))));
        for cut in 1..frames {
            let end = file.len() - cut * (FRAME + FRAME_OVERHEAD);
            assert!(checked(&file[..end]).is_err());
        }
    });
}

/// The first restore is cut by a damaged frame; the file was not checked before, as from a pipe.
#[test]
fn a_restore_that_was_cut_leaves_a_database_that_nobody_serves_and_the_next_restore_clears_away() {
    on_lasting_places(async |place| {
        let source = Db::open(place.options_at("sqlite::memory:")).await.unwrap();
        furnish(&source).await;
        let key = master_key(1);
        let (file, _) = backed_up(&source, Lock::MasterKey(&key)).await;
        let mut damaged = file.clone();
        let at = damaged.len() - 20;
        damaged[at] ^= 1;
        let refused = restored(place, 1, &damaged, Unlock::MasterKey(&key)).await;
        assert!(matches!(
            refused.err(),
            Some(BackupError::File(FileError::Damaged(_)))
        ));
        let error = Db::open(place.options()).await.err().unwrap();
        assert!(matches!(error, OpenError::UnfinishedRestore), "{error}");
        assert!(error.to_string().contains("restore again"), "{error}");
        // Cut a second time, and then another backup, which has less.
        let refused = restored(place, 1, &damaged, Unlock::MasterKey(&key)).await;
        assert!(refused.is_err());
        let small = Db::open(place.options_at("sqlite::memory:")).await.unwrap();
        put(&small, "a", b"1").await.unwrap();
        let (file, _) = backed_up(&small, Lock::MasterKey(&key)).await;
        let (db, _) = restored(place, 1, &file, Unlock::MasterKey(&key))
            .await
            .unwrap();
        let sums = backup::sum_up(&small).await.unwrap();
        assert_eq!(backup::sum_up(&db).await.unwrap(), sums);
        db.close().await;
        Db::open(place.options()).await.unwrap();
    });
}

#[test]
fn a_database_that_bears_the_mark_of_a_restore_and_data_keys_too_stays_as_it_is() {
    on_lasting_places(async |place| {
        let db = place.open().await;
        put(&db, "unfinished_restore", b"who knows").await.unwrap();
        let key = master_key(1);
        let source = Db::open(place.options_at("sqlite::memory:")).await.unwrap();
        let (file, _) = backed_up(&source, Lock::MasterKey(&key)).await;
        let sums = backup::sum_up(&db).await.unwrap();
        let refused = restored(place, 1, &file, Unlock::MasterKey(&key)).await;
        assert!(matches!(refused.err(), Some(BackupError::NotEmpty(_))));
        assert_eq!(backup::sum_up(&db).await.unwrap(), sums);
    });
}

#[test]
fn a_restore_that_runs_while_another_clears_its_part_away_stops() {
    on_lasting_places(async |place| {
        let source = Db::open(place.options_at("sqlite::memory:")).await.unwrap();
        furnish(&source).await;
        let key = master_key(1);
        let (file, _) = backed_up(&source, Lock::MasterKey(&key)).await;
        let other = || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let done = restored(place, 1, &file, Unlock::MasterKey(&key)).await;
                done.unwrap().0.close().await;
            });
        };
        let mut is_first = true;
        let mut progress = |_: backup::Progress<'_>| {
            if std::mem::take(&mut is_first) {
                std::thread::scope(|scope| scope.spawn(other).join().unwrap());
            }
        };
        let unlock = Unlock::MasterKey(&key);
        let input = Cursor::new(&file);
        let first = restore::restore(place.options(), input, unlock, true, &mut progress).await;
        let Some(BackupError::Database(Error::Unavailable(words))) = first.err() else {
            panic!("two restores at once")
        };
        assert!(words.contains("while it was restored"), "{words}");
        let db = Db::open(place.options()).await.unwrap();
        let sums = backup::sum_up(&source).await.unwrap();
        assert_eq!(backup::sum_up(&db).await.unwrap(), sums);
    });
}

#[test]
fn a_fault_anywhere_in_a_restore_leaves_nothing_or_what_nobody_serves_or_all() {
    on_lasting_places(async |place| {
        let source = Db::open(place.options_at("sqlite::memory:")).await.unwrap();
        put(&source, "a", b"1").await.unwrap();
        let sums = backup::sum_up(&source).await.unwrap();
        let key = master_key(1);
        let (file, _) = backed_up(&source, Lock::MasterKey(&key)).await;
        let transactions = ["begin_restore", "restore_rows", "finish_restore"];
        let faults = [
            Fault::Statement(1),
            Fault::Statement(2),
            Fault::BeforeCommit(1),
            Fault::AfterCommit(1),
        ];
        for transaction in transactions {
            for fault in faults {
                let case = format!("{transaction} {fault:?}");
                place.empty().await;
                place.faults.arm(Some(transaction), fault);
                let outcome = restored(place, 1, &file, Unlock::MasterKey(&key)).await;
                assert!(place.faults.disarm(), "{case}");
                let is_done = outcome.is_ok();
                assert_eq!(is_done, case == "finish_restore AfterCommit(1)", "{case}");
                drop(outcome);
                let mut options = place.options();
                options.must_exist = true;
                match Db::open(options).await {
                    Ok(db) if is_done => assert_eq!(backup::sum_up(&db).await.unwrap(), sums),
                    Err(OpenError::UnfinishedRestore) if !is_done => {
                        let again = restored(place, 1, &file, Unlock::MasterKey(&key)).await;
                        let (db, _) = again.unwrap_or_else(|error| panic!("{case}: {error}"));
                        assert_eq!(backup::sum_up(&db).await.unwrap(), sums, "{case}");
                    }
                    // The mark was not put yet, so there is nothing, and the restore may be said
                    // again.
                    Err(OpenError::NoDatabase) if transaction == "begin_restore" => {
                        restored(place, 1, &file, Unlock::MasterKey(&key))
                            .await
                            .unwrap();
                    }
                    Ok(_) => panic!("{case}: opened"),
                    Err(error) => panic!("{case}: {error}"),
                }
            }
        }
    });
}

#[test]
fn a_database_with_content_is_refused_and_stays_as_it_is() {
    on_lasting_places(async |place| {
        let db = place.open().await;
        put(&db, "a", b"1").await.unwrap();
        let key = master_key(1);
        let (file, _) = backed_up(&db, Lock::MasterKey(&key)).await;
        let sums: Vec<TableSummary> = backup::sum_up(&db).await.unwrap();
        let refused = restored(place, 1, &file, Unlock::MasterKey(&key)).await;
        let Some(error @ BackupError::NotEmpty(_)) = refused.err() else {
            panic!("restored over content")
        };
        assert!(error.to_string().contains("table meta"), "{error}");
        assert_eq!(backup::sum_up(&db).await.unwrap(), sums);
        Db::open(place.options()).await.unwrap();
    });
}

#[test]
fn a_server_that_starts_while_a_restore_runs_refuses() {
    on_lasting_places(async |place| {
        let source = Db::open(place.options_at("sqlite::memory:")).await.unwrap();
        furnish(&source).await;
        let key = master_key(1);
        let (file, _) = backed_up(&source, Lock::MasterKey(&key)).await;
        let (options, mut seen) = (place.options(), Vec::new());
        let runtime = tokio::runtime::Handle::current();
        let mut progress = |told: backup::Progress<'_>| {
            if told.table == "users" {
                // The restore waits meanwhile: progress is told from within it.
                let options = place.options();
                let opened = std::thread::scope(|scope| {
                    scope
                        .spawn(|| runtime.block_on(Db::open(options)))
                        .join()
                        .unwrap()
                });
                seen.push(opened.err().map(|error| error.to_string()));
            }
        };
        let unlock = Unlock::MasterKey(&key);
        let (db, _) = restore::restore(options, Cursor::new(&file), unlock, false, &mut progress)
            .await
            .unwrap();
        assert_eq!(seen.len(), 1);
        assert!(seen[0].as_ref().unwrap().contains("restore"), "{seen:?}");
        db.close().await;
        place.open().await;
    });
}

#[test]
fn a_database_that_was_not_made_is_not_made_by_looking_for_it() {
    on_lasting_places(async |place| {
        let mut options = place.options();
        options.must_exist = true;
        assert!(matches!(
            Db::open(options).await,
            Err(OpenError::NoDatabase)
        ));
        if let Some(path) = place.url.strip_prefix("sqlite:") {
            assert!(!std::path::Path::new(path).exists());
        }
    });
}

/// Every table of the database is one that a backup holds, but for the two that no backup needs.
#[test]
fn no_table_is_left_out_of_a_backup() {
    on_sqlite(async |place: &Place| {
        let db = place.open().await;
        let mut kept: Vec<String> = backup::sum_up(&db)
            .await
            .unwrap()
            .into_iter()
            .map(|table| table.name)
            .collect();
        kept.extend(["leases".to_owned(), "schema_migrations".to_owned()]);
        kept.sort();
        let mut reader = db.read().await.unwrap();
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'sqlite_stat1' ORDER BY name";
        let rows = reader.query(sql, &[]).await.unwrap();
        let there: Vec<_> = rows
            .iter()
            .map(|row| row.text(0).unwrap().to_owned())
            .collect();
        assert_eq!(kept, there);
    });
}

#[test]
fn a_backup_shows_nothing_of_what_it_holds() {
    on_sqlite(async |place: &Place| {
        let db = place.open().await;
        put(&db, "a name in the clear", b"a value in the clear")
            .await
            .unwrap();
        let key: MasterKey = master_key(1);
        let (file, _) = backed_up(&db, Lock::MasterKey(&key)).await;
        for text in ["in the clear", "users", "schema"] {
            assert!(
                !file
                    .windows(text.len())
                    .any(|window| window == text.as_bytes())
            );
        }
    });
}
