//! Figures of the engine, printed: `cargo test --release -p cognate-store --test figures --
//! --ignored --nocapture`. The database is in the folder that TMPDIR names; for the cost of a
//! commit it must be on a real disk.

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
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use cognate_crypto::{random::Random, seal::MasterKey};
use cognate_store::{Db, DbOptions, Error};

const RUN: Duration = Duration::from_secs(2);

#[test]
#[ignore = "prints figures; proves nothing"]
fn print_the_rates_of_the_engine() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let file = format!("sqlite:{}", folder.path().join("figures.db").display());
        let servers = std::env::var("TEST_DATABASES").unwrap_or_default();
        for url in std::iter::once(file.as_str()).chain(servers.split_whitespace()) {
            let key = MasterKey::from_bytes(std::array::from_fn(|at| u8::try_from(at).unwrap()));
            let db = Db::open(DbOptions::new(url, key, Random::from_seed([3; 32])))
                .await
                .unwrap();
            println!("{}", url.split(':').next().unwrap());
            // The write-ahead log has its size after this.
            writes_per_second(&db, 64).await;
            for writers in [1, 8, 64] {
                println!(
                    "  {writers:3} writers: {:8.0} durable transactions/s",
                    writes_per_second(&db, writers).await
                );
            }
            println!("  point read by key: {:.1} µs", read_micros(&db).await);
        }
    });
}

async fn writes_per_second(db: &Db, writers: u32) -> f64 {
    let done = Arc::new(AtomicU32::new(0));
    let start = Instant::now();
    let tasks: Vec<_> = (0..writers)
        .map(|writer| {
            let (db, done) = (db.clone(), Arc::clone(&done));
            tokio::spawn(async move {
                for number in 0.. {
                    if start.elapsed() > RUN {
                        return;
                    }
                    let name = format!("{}-{start:?}-{writer}-{number}", std::process::id());
                    db.write("figure", async move |tx| {
                        let sql = "INSERT INTO meta(name, value) VALUES ($1, $2)";
                        tx.execute(sql, &[(&name).into(), (&[0u8; 200]).into()])
                            .await
                    })
                    .await
                    .unwrap_or_else(|error: Error| panic!("{error}"));
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    f64::from(done.load(Ordering::Relaxed)) / start.elapsed().as_secs_f64()
}

async fn read_micros(db: &Db) -> f64 {
    let mut reader = db.read().await.unwrap();
    let names = reader
        .query("SELECT name FROM meta ORDER BY name LIMIT 1000", &[])
        .await
        .unwrap();
    let start = Instant::now();
    let mut reads = 0;
    while start.elapsed() < RUN / 2 {
        for row in &names {
            let sql = "SELECT value FROM meta WHERE name = $1";
            let mut reader = db.read().await.unwrap();
            assert!(
                reader
                    .query_optional(sql, &[row.text(0).unwrap().into()])
                    .await
                    .unwrap()
                    .is_some()
            );
            reads += 1;
        }
    }
    start.elapsed().as_secs_f64() * 1e6 / f64::from(reads)
}
