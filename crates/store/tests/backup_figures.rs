//! How long a backup and a restore take, printed: `cargo test --release -p cognate-store --test
//! backup_figures -- --ignored --nocapture`. `FIGURE_USERS` says with how many users (100,000). The
//! files are in the folder that TMPDIR names; each URL in TEST_DATABASES must name an empty
//! database, which is left full.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "TEST_DATABASES comes from the environment"
)]

use std::{
    fs::File,
    io::BufReader,
    time::{Duration, Instant},
};

use cognate_crypto::{
    random::Random,
    seal::{
        MasterKey,
        file::{Lock, Unlock},
    },
};
use cognate_store::{Db, DbOptions, Error, backup, restore};

/// Users in one transaction of the filling.
const BATCH: i64 = 2000;

fn options(url: &str, seed: u8) -> DbOptions {
    let key = MasterKey::from_bytes(std::array::from_fn(|at| u8::try_from(at).unwrap()));
    DbOptions::new(url, key, Random::from_seed([seed; 32]))
}

/// Users as sign-up leaves them: a document, sealed credentials, two names and a session.
async fn fill(db: &Db, users: i64) {
    let mut random = Random::from_seed([4; 32]);
    for first in (0..users).step_by(usize::try_from(BATCH).unwrap()) {
        let subs: Vec<String> = (0..BATCH.min(users - first))
            .map(|_| random.uuid_v4())
            .collect();
        db.write("fill", async move |tx| {
            for (number, sub) in (first..).zip(&subs) {
                let name = format!("user{number}");
                let email = format!("user{number}@example.com");
                let doc = format!(
                    r#"{{"attributes":{{"email":"{email}","email_verified":"true","given_name":"Ana","family_name":"{sub}","sub":"{sub}"}},"username":"{name}","status":"CONFIRMED","enabled":true,"created_at":1700000000000,"modified_at":1700000000000}}"#
                );
                tx.execute(
                    "INSERT INTO users(pool, sub, username, doc, status, enabled, credentials, revision, created_at, modified_at)
                     VALUES ('us-east-1_AbCdEfGhI', $1, $2, $3, 'CONFIRMED', TRUE, $4, 1, $5, $5)",
                    &[sub.into(), (&name).into(), (&doc).into(), (&[9; 700]).into(), number.into()],
                )
                .await?;
                for (kind, name) in [("username", &name), ("email", &email)] {
                    tx.execute(
                        "INSERT INTO aliases(pool, name, kind, sub) VALUES ('us-east-1_AbCdEfGhI', $1, $2, $3)",
                        &[name.into(), kind.into(), sub.into()],
                    )
                    .await?;
                }
                tx.execute(
                    "INSERT INTO sessions(pool, id, sub, client, doc, refresh_hash, generation, created_at, expires_at)
                     VALUES ('us-east-1_AbCdEfGhI', $1, $1, 'client', $2, $3, 0, $4, $4)",
                    &[sub.into(), (&doc).into(), (&[3; 32]).into(), number.into()],
                )
                .await?;
            }
            Ok::<_, Error>(())
        })
        .await
        .unwrap();
    }
}

fn print(what: &str, took: Duration) {
    println!("  {what:<40} {:7.1} s", took.as_secs_f64());
}

#[test]
#[ignore = "prints figures; proves nothing"]
fn print_the_time_of_a_backup_and_of_its_restore() {
    let users: i64 =
        std::env::var("FIGURE_USERS").map_or(100_000, |number| number.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    let sqlite = |name: &str| format!("sqlite:{}", place(name).display());
    runtime.block_on(async {
        println!("{users} users, each with two names and a session");
        let key = MasterKey::from_bytes(std::array::from_fn(|at| u8::try_from(at).unwrap()));
        let source = Db::open(options(&sqlite("source.db"), 1)).await.unwrap();
        let start = Instant::now();
        fill(&source, users).await;
        print("filled", start.elapsed());
        let start = Instant::now();
        let file = File::create(place("file")).unwrap();
        let (file, _) = backup::write(&source, file, Lock::MasterKey(&key), 0, &mut |_| {})
            .await
            .unwrap();
        file.sync_all().unwrap();
        print("backed up, SQLite", start.elapsed());
        let bytes = std::fs::metadata(place("file")).unwrap().len();
        println!("  bytes a user: {}", bytes / u64::try_from(users).unwrap());
        let open = || BufReader::with_capacity(1 << 20, File::open(place("file")).unwrap());
        let start = Instant::now();
        backup::verify(open(), Unlock::MasterKey(&key)).unwrap();
        print("checked", start.elapsed());
        let servers = std::env::var("TEST_DATABASES").unwrap_or_default();
        let target = sqlite("target.db");
        for url in std::iter::once(target.as_str()).chain(servers.split_whitespace()) {
            let kind = url.split(':').next().unwrap();
            let start = Instant::now();
            let unlock = Unlock::MasterKey(&key);
            let (db, summary) =
                restore::restore(options(url, 2), open(), unlock, false, &mut |_| {})
                    .await
                    .unwrap();
            print(&format!("restored into {kind}"), start.elapsed());
            let start = Instant::now();
            assert_eq!(backup::sum_up(&db).await.unwrap(), summary.tables);
            print("read again and compared", start.elapsed());
            let start = Instant::now();
            let out = std::io::sink();
            backup::write(&db, out, Lock::MasterKey(&key), 0, &mut |_| {})
                .await
                .unwrap();
            print(&format!("backed up, {kind}"), start.elapsed());
            db.close().await;
        }
    });
}
