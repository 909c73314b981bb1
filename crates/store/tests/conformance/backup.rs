//! Backups: from either kind of database into either, while others write, and with every kind of
//! damage. Restores that are cut or refused are in `restore`.

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
    secret::SecretString,
};
use cognate_model::UserPoolId;
use cognate_store::{
    Db, Error, OpenError,
    backup::{self, BackupError, Summary},
    restore, sessions, signing_keys, users,
};

use crate::{
    fixtures::{app_client, credentials, name, names, session, user},
    furnished::furnish,
    place::{Place, everywhere, master_key, on_each_pair, on_lasting_places, on_sqlite, put},
};

/// A backup of a database, sealed, and what it says of itself.
pub(crate) async fn backed_up(db: &Db, lock: Lock<'_>) -> (Vec<u8>, Summary) {
    backup::write(db, Vec::new(), lock, 77, &mut |_| {})
        .await
        .unwrap()
}

/// Restores a file into a place, under a master key of its own.
pub(crate) async fn restored(
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

/// Users come, and every third goes, until they are stopped; each that came is counted.
async fn come_and_go(
    db: Db,
    pool: UserPoolId,
    writer: usize,
    (writes, stop): (Arc<AtomicUsize>, Arc<AtomicBool>),
) {
    let mut number = 0;
    while !stop.load(Ordering::SeqCst) {
        let text = format!("w{writer}-{number}");
        let (new, client) = (user(&pool, &text), app_client(&pool));
        let (owner, gone) = (pool.clone(), new.sub.clone());
        // A user comes with two names and a session, and goes with them.
        db.write("come", async move |tx| {
            let session = session(&new, &client.id, i64::MAX);
            users::insert(tx, &new, &names(&text), None).await?.unwrap();
            sessions::insert(tx, &session, &[1; 32]).await
        })
        .await
        .unwrap_or_else(|error: Error| panic!("{error}"));
        if number % 3 == 0 {
            db.write("go", async move |tx| users::delete(tx, &owner, &gone).await)
                .await
                .unwrap_or_else(|error: Error| panic!("{error}"));
        }
        number += 1;
        writes.fetch_add(1, Ordering::SeqCst);
    }
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
                let counted = (Arc::clone(&writes), Arc::clone(&stop));
                tokio::spawn(come_and_go(db.clone(), pool.clone(), writer, counted))
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
