//! Restores that are cut, refused, or meet others.

use std::io::Cursor;

use cognate_crypto::seal::file::{FileError, Lock, Unlock};
use cognate_store::{
    Db, Error, Fault, OpenError,
    backup::{self, BackupError, TableSummary},
    restore,
};

use crate::{
    backup::{backed_up, restored},
    furnished::furnish,
    place::{master_key, on_lasting_places, put},
};

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
