//! Opening: first starts, wrong keys, other versions.

use cognate_store::{Db, Error, OpenError, installation, leases};
use futures_util::future::join_all;

use crate::place::{Place, everywhere, master_key, on_lasting_places, on_sqlite, put, value_of};

#[test]
fn a_wrong_master_key_is_refused_and_damages_nothing() {
    on_lasting_places(async |place| {
        let db = place.open().await;
        put(&db, "a", b"1").await.unwrap();
        let sealed = db.seal(&[b"t", b"k"], b"secret").unwrap();
        db.close().await;
        let mut options = place.options();
        options.master_key = master_key(99);
        assert!(matches!(
            Db::open(options).await,
            Err(OpenError::WrongMasterKey)
        ));
        let db = place.open().await;
        assert_eq!(value_of(&db, "a").await, Some(b"1".to_vec()));
        assert_eq!(
            db.open_sealed(&[b"t", b"k"], &sealed).unwrap().expose(),
            b"secret"
        );
    });
}

#[test]
fn a_sealed_value_opens_at_its_own_place_only() {
    everywhere(async |place| {
        let db = place.open().await;
        let sealed = db.seal(&[b"users", b"ana"], b"verifier").unwrap();
        assert!(!sealed.windows(8).any(|window| window == b"verifier"));
        assert_eq!(
            db.open_sealed(&[b"users", b"ana"], &sealed)
                .unwrap()
                .expose(),
            b"verifier"
        );
        assert_eq!(
            db.open_sealed(&[b"users", b"bea"], &sealed).err(),
            Some(Error::Sealed)
        );
        assert_eq!(
            db.open_sealed(&[b"usersana"], &sealed).err(),
            Some(Error::Sealed)
        );
    });
}

#[test]
fn the_servers_secrets_are_stable_and_differ_by_purpose() {
    on_lasting_places(async |place| {
        let first = place.open().await;
        let second = place.open().await;
        let salt = first.server_secret("salt");
        assert_eq!(salt, second.server_secret("salt"));
        assert_ne!(salt, first.server_secret("paging"));
    });
}

#[test]
fn many_nodes_may_start_at_once_on_an_empty_database() {
    on_lasting_places(async |place| {
        let opened = join_all((0..4).map(|_| Db::open(place.options()))).await;
        let nodes: Vec<Db> = opened
            .into_iter()
            .map(|db| db.unwrap_or_else(|error| panic!("{error}")))
            .collect();
        let sealed = nodes[0].seal(&[b"t"], b"x").unwrap();
        for node in &nodes {
            assert_eq!(node.open_sealed(&[b"t"], &sealed).unwrap().expose(), b"x");
            assert_eq!(node.server_secret("p"), nodes[0].server_secret("p"));
        }
    });
}

#[test]
fn a_newer_database_is_refused_in_clear_words() {
    on_lasting_places(async |place| {
        let db = place.open().await;
        db.write("pretend", async |tx| {
            leases::acquire(tx, "migrations", "later", 0, 1).await?;
            let sql = "INSERT INTO schema_migrations(number, step, name, applied_at) VALUES (9999, 1, 'later', 0)";
            tx.execute(sql, &[]).await
        })
        .await
        .unwrap_or_else(|error: Error| panic!("{error}"));
        db.close().await;
        let error = Db::open(place.options()).await.err().unwrap();
        assert!(
            matches!(error, OpenError::NewerDatabase { found: 9999, .. }),
            "{error}"
        );
        assert!(error.to_string().contains("later version of Cognate"));
    });
}

#[test]
fn a_start_that_was_cut_in_a_migration_goes_on_at_its_step() {
    on_lasting_places(async |place| {
        // A step is three statements, so each start gets one step further and is cut at another
        // place.
        for statement in [3, 4, 5, 6, 4] {
            place
                .faults
                .arm(Some("migrate"), cognate_store::Fault::Statement(statement));
            let cut = Db::open(place.options()).await;
            assert!(matches!(
                cut,
                Err(OpenError::Database(Error::Unavailable(_)))
            ));
            assert!(place.faults.disarm());
        }
        put(&place.open().await, "a", b"").await.unwrap();
    });
}

#[test]
fn a_url_that_is_not_understood_is_refused_without_repeating_it() {
    on_sqlite(async |place: &Place| {
        for url in [
            "",
            "mysql://u:hunter2@h/d",
            "sqlite:",
            "postgres://u:hunter2@h/d?colour=red",
            "postgres://u:hunter2@h:x/d",
        ] {
            let error = Db::open(place.options_at(url)).await.err().unwrap();
            assert!(matches!(error, OpenError::Url(_)), "{url}: {error}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    });
}

#[test]
fn a_folder_that_is_not_there_is_told() {
    on_sqlite(async |place: &Place| {
        let error = Db::open(place.options_at("sqlite:/nowhere/at/all/cognate.db"))
            .await
            .err()
            .unwrap();
        assert!(
            error.to_string().contains("/nowhere/at/all/cognate.db"),
            "{error}"
        );
    });
}

#[test]
fn what_a_database_was_made_for_is_said_once() {
    on_lasting_places(async |place| {
        let nodes = [place.open().await, place.open().await];
        let mut reader = nodes[0].read().await.unwrap();
        assert_eq!(installation::find(&mut reader).await.unwrap(), None);
        let said = join_all(["serve", "dev"].into_iter().zip(&nodes).map(
            |(kind, node)| async move {
                node.write("claim", async move |tx| installation::claim(tx, kind).await)
                    .await
                    .unwrap()
            },
        ))
        .await;
        assert_eq!(said[0], said[1]);
        assert_eq!(
            installation::find(&mut reader).await.unwrap().as_ref(),
            Some(&said[0])
        );
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
