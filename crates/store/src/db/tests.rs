#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use cognate_crypto::{random::Random, seal::MasterKey};

use crate::{Db, DbOptions, Error};

/// SQLite's own limit on the size of the database stands for a full disk: both end the
/// transaction under the statement.
#[test]
fn a_full_disk_fails_the_whole_group_in_clear_words_and_service_comes_back() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let key = MasterKey::from_bytes(std::array::from_fn(|at| u8::try_from(at).unwrap()));
        let db = Db::open(DbOptions::new(
            "sqlite::memory:",
            key,
            Random::from_seed([1; 32]),
        ))
        .await
        .unwrap();
        let limit = async |pages: &'static str| {
            db.write("limit", async move |tx| tx.define(pages).await)
                .await
                .unwrap_or_else(|error: Error| panic!("{error}"));
        };
        limit("PRAGMA max_page_count = 1").await; // Means: as many as there are now.
        let put = async |name: &'static str, size: usize| {
            db.write("put", async move |tx| {
                let value = vec![7; size];
                let sql = "INSERT INTO meta(name, value) VALUES ($1, $2)";
                tx.execute(sql, &[name.into(), (&value).into()]).await
            })
            .await
        };
        // The small one fits, but shares the commit of the large one or comes after it; either
        // way the answer is the truth.
        let (small, large, later) =
            tokio::join!(put("small", 1), put("large", 1_000_000), put("later", 1));
        let Err(Error::Unavailable(words)) = large else {
            panic!("{large:?}")
        };
        assert!(words.contains("full"), "{words}");
        let mut reader = db.read().await.unwrap();
        for (name, outcome) in [("small", small), ("later", later)] {
            let there = reader
                .query("SELECT name FROM meta WHERE name = $1", &[name.into()])
                .await
                .unwrap()
                .len()
                == 1;
            assert_eq!(there, outcome.is_ok(), "{name}: {outcome:?}");
        }
        limit("PRAGMA max_page_count = 100000").await;
        put("large", 1_000_000).await.unwrap();
    });
}
