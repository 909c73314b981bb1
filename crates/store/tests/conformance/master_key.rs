//! The master key is changed while the database is in use, and a change that is cut leaves the
//! database under one of the two keys.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use cognate_crypto::seal::DataKey;
use cognate_store::{Db, Error, Fault, OpenError};

use crate::{
    fixtures::random,
    place::{Place, everywhere, master_key, on_lasting_places, put, value_of},
};

async fn opens(place: &Place, key: u8) -> bool {
    let mut options = place.options();
    options.master_key = master_key(key);
    match Db::open(options).await {
        Ok(db) => {
            db.close().await;
            true
        }
        Err(OpenError::WrongMasterKey) => false,
        Err(error) => panic!("{error}"),
    }
}

/// A second data key, as there may be one day.
async fn add_data_key(db: &Db) {
    let wrapped = DataKey::generate(2, &mut random())
        .wrap(&master_key(1), &mut random())
        .unwrap();
    db.write("add", async move |tx| {
        let sql = "INSERT INTO data_keys(id, wrapped, created_at) VALUES (2, $1, 0)";
        tx.execute(sql, &[(&wrapped).into()]).await
    })
    .await
    .unwrap_or_else(|error: Error| panic!("{error}"));
}

#[test]
fn after_a_rotation_the_new_key_opens_all_and_the_old_one_nothing() {
    on_lasting_places(async |place| {
        let db = place.open().await;
        add_data_key(&db).await;
        let sealed = db.seal(&[b"t"], b"secret").unwrap();
        let secret = db.server_secret("p");
        let rotated = db.rotate_master_key(&master_key(1), &master_key(2)).await;
        assert_eq!(rotated.unwrap(), 2);
        // What runs goes on.
        let later = db.seal(&[b"t"], b"later").unwrap();
        db.close().await;
        assert!(!opens(place, 1).await);
        let mut options = place.options();
        options.master_key = master_key(2);
        let db = Db::open(options).await.unwrap();
        assert_eq!(
            db.open_sealed(&[b"t"], &sealed).unwrap().expose(),
            b"secret"
        );
        assert_eq!(db.open_sealed(&[b"t"], &later).unwrap().expose(), b"later");
        assert_eq!(db.server_secret("p"), secret);
        // Said again, it finds the database under another key than the one it was given.
        assert!(matches!(
            db.rotate_master_key(&master_key(1), &master_key(3)).await,
            Err(OpenError::WrongMasterKey)
        ));
        assert!(opens(place, 2).await);
    });
}

#[test]
fn a_rotation_that_is_cut_anywhere_leaves_the_database_under_exactly_one_key() {
    on_lasting_places(async |place| {
        let db = place.open().await;
        add_data_key(&db).await;
        let mut key = 1;
        for fault in [
            Fault::Statement(1),
            Fault::Statement(2),
            Fault::Statement(3),
            Fault::BeforeCommit(1),
            Fault::AfterCommit(1),
        ] {
            place.faults.arm(Some("rotate_master_key"), fault);
            let outcome = db
                .rotate_master_key(&master_key(key), &master_key(key + 100))
                .await;
            assert!(place.faults.disarm(), "{fault:?}");
            // What is told is what holds: also where the answer to the commit was lost.
            assert_eq!(outcome.is_ok(), fault == Fault::AfterCommit(1), "{fault:?}");
            assert_eq!(opens(place, key).await, outcome.is_err(), "{fault:?}");
            assert_eq!(opens(place, key + 100).await, outcome.is_ok(), "{fault:?}");
            if outcome.is_err() {
                db.rotate_master_key(&master_key(key), &master_key(key + 1))
                    .await
                    .unwrap();
                key += 1;
            }
        }
    });
}

#[test]
fn of_two_rotations_at_once_one_holds() {
    everywhere(async |place| {
        let db = place.open().await;
        add_data_key(&db).await;
        let (old, first, second) = (master_key(1), master_key(2), master_key(3));
        let (first, second) = tokio::join!(
            db.rotate_master_key(&old, &first),
            db.rotate_master_key(&old, &second)
        );
        assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
        if !place.is_memory() {
            assert_eq!(opens(place, 2).await, first.is_ok());
            assert_eq!(opens(place, 3).await, second.is_ok());
        }
    });
}

#[test]
fn a_rotation_is_not_noticed_by_who_writes_meanwhile() {
    everywhere(async |place| {
        let db = place.open().await;
        let stop = Arc::new(AtomicBool::new(false));
        let writer = {
            let (db, stop) = (db.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut written = Vec::new();
                while !stop.load(Ordering::SeqCst) || written.len() < 10 {
                    let name = format!("n{}", written.len());
                    let sealed = db.seal(&[name.as_bytes()], b"secret").unwrap();
                    put(&db, &name, &sealed).await.unwrap();
                    written.push(name);
                }
                written
            })
        };
        for key in 1..6 {
            db.rotate_master_key(&master_key(key), &master_key(key + 1))
                .await
                .unwrap();
        }
        stop.store(true, Ordering::SeqCst);
        let written = writer.await.unwrap();
        let db = if place.is_memory() {
            db
        } else {
            let mut options = place.options();
            options.master_key = master_key(6);
            Db::open(options).await.unwrap()
        };
        for name in written {
            let sealed = value_of(&db, &name).await.unwrap();
            let opened = db.open_sealed(&[name.as_bytes()], &sealed).unwrap();
            assert_eq!(opened.expose(), b"secret");
        }
    });
}
