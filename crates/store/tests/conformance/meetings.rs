//! Transactions that meet others: run again, or in one commit, and counted.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
    mpsc,
};

use cognate_store::{Error, TransactionStats, WriterStats};
use futures_util::future::join_all;

use crate::{
    engine::increment,
    place::{everywhere, on_sqlite, put, value_of},
};

#[test]
fn a_conflict_is_retried_whole() {
    everywhere(async |place| {
        static RUNS: AtomicU32 = AtomicU32::new(0);
        RUNS.store(0, Ordering::Relaxed);
        if place.is_sqlite() {
            return; // One writer: there are no conflicts.
        }
        let db = place.open().await;
        put(&db, "counter", &[0]).await.unwrap();
        let rival = db.clone();
        let changed = db
            .write("conflict", async move |tx| {
                let row = tx
                    .query_one("SELECT value FROM meta WHERE name = 'counter'", &[])
                    .await?;
                if RUNS.fetch_add(1, Ordering::Relaxed) == 0 {
                    increment(rival.clone()).await;
                }
                let next = [row.bytes(0)?[0] + 10];
                tx.execute(
                    "UPDATE meta SET value = $1 WHERE name = 'counter'",
                    &[(&next).into()],
                )
                .await
            })
            .await;
        assert_eq!(
            (changed, value_of(&db, "counter").await),
            (Ok(1), Some(vec![11]))
        );
        assert_eq!(RUNS.load(Ordering::Relaxed), 2);
        let met_once = TransactionStats {
            conflicts: 1,
            retries: 1,
            given_up: 0,
        };
        let stats = db.stats();
        assert_eq!(stats.transactions, [("conflict", met_once)]);
        assert_eq!(stats.writer, None);
    });
}

#[test]
fn the_writer_of_sqlite_tells_how_many_wait_and_how_many_shared_a_commit() {
    on_sqlite(async |place| {
        let db = place.open().await;
        let before = db.stats().writer.unwrap();
        assert_eq!(before.waiting, 0);
        let (hold, held) = mpsc::channel::<()>();
        let held = Arc::new(Mutex::new(held));
        // The first holds the writer until the others are in the queue.
        let first = db.write("first", async move |_| {
            let _ = held.lock().unwrap().recv();
            Ok::<_, Error>(())
        });
        let others = join_all(["a", "b", "c"].map(|name| put(&db, name, b"")));
        let watch = async {
            while db.stats().writer.unwrap().waiting < 3 {
                tokio::task::yield_now().await;
            }
            drop(hold);
        };
        let (first, others, ()) = tokio::join!(first, others, watch);
        first.unwrap();
        assert!(others.iter().all(Result::is_ok));
        let after = db.stats();
        let writer = after.writer.unwrap();
        assert_eq!(writer.waiting, 0);
        assert_eq!(writer.transactions - before.transactions, 4);
        // Three came together, and the first with them unless it took longer than a group may.
        let of_four = |stats: WriterStats| {
            let mut sizes = stats.group_sizes.iter();
            sizes.find(|(size, _)| *size == 4).unwrap().1
        };
        assert_eq!(of_four(writer) - of_four(before), 1);
        assert_eq!(after.transactions, []);
    });
}
