//! Upgrades: what the binary of each release has left (fixtures/VERSION, made by
//! e2e/upgrade/make-fixture) is opened by the code of the day, and all that was acknowledged then
//! holds: passwords, sessions, codes, links, rights, and what lay half done.
//!
//! Three ways lead here: the data folder as it is, and the backup, restored into SQLite and into
//! every database of TEST_DATABASES.

#![recursion_limit = "256"]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod checks;
mod release;

use std::fs::File;
use std::io::BufReader;

use cognate_crypto::random::Random;
use cognate_crypto::seal::file::Unlock;
use cognate_store::{DbOptions, restore};
use cognate_testkit::{for_each_empty_schema, master_key};

use release::Release;

#[tokio::test]
async fn the_data_folder_of_each_release_is_served_with_all_that_is_in_it() {
    for release in Release::all() {
        let folder = tempfile::tempdir().unwrap();
        let url = release.unpack(folder.path());
        let server = release.server().on(&url).under(release.master_key());
        checks::all(&server.start().await, &release).await;
    }
}

#[tokio::test]
async fn the_backup_of_each_release_is_restored_into_sqlite_with_all_that_is_in_it() {
    for release in Release::all() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("restored.db").display());
        restored(&release, &url).await;
    }
}

#[tokio::test]
async fn the_backup_of_each_release_is_restored_into_every_database_with_all_that_is_in_it() {
    for release in Release::all() {
        for_each_empty_schema(async |url| restored(&release, url).await).await;
    }
}

/// Restores the backup under another master key, as one who moves to a new machine, and checks.
async fn restored(release: &Release, url: &str) {
    let options = DbOptions::new(url, master_key(), Random::from_seed([7; 32]));
    let backup = BufReader::new(File::open(release.backup()).unwrap());
    let key = release.master_key();
    let (db, summary) =
        restore::restore(options, backup, Unlock::MasterKey(&key), true, &mut |_| ())
            .await
            .unwrap();
    assert_eq!(summary.made_by, release.version());
    db.close().await;
    let server = release.server().on(url).start().await;
    checks::all(&server, release).await;
    server.app().db.close().await;
}
