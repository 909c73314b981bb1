//! Transactions and readers.

use std::time::Duration;

use cognate_store::{Error, Param};
use futures_util::future::join_all;

use crate::place::{everywhere, on_lasting_places, on_sqlite, put, value_of};

#[test]
fn what_was_acknowledged_is_there_after_closing_and_opening() {
    on_lasting_places(async |place| {
        let db = place.open().await;
        put(&db, "a", b"1").await.unwrap();
        db.close().await;
        assert_eq!(put(&db, "b", b"2").await, Err(Error::Closed));
        let read = db
            .read()
            .await
            .unwrap()
            .query("SELECT name FROM meta", &[])
            .await;
        assert_eq!(read, Err(Error::Closed));
        assert_eq!(
            value_of(&place.open().await, "a").await,
            Some(b"1".to_vec())
        );
    });
}

#[test]
fn values_come_back_as_they_were_bound_whatever_the_order_of_the_placeholders() {
    everywhere(async |place| {
        let db = place.open().await;
        db.write("bind", async move |tx| {
            tx.execute(
                "INSERT INTO users(status, username, sub, pool, doc, enabled, credentials, revision, created_at, modified_at)
                 VALUES ($2, $3, $1, $3, $4, $5, $6, $7, $8, $7)",
                &[
                    "sub".into(),
                    "status '$1'".into(),
                    "é".into(),
                    Param::Text(""),
                    true.into(),
                    Param::Bytes(&[0, 255]),
                    i64::MAX.into(),
                    i64::MIN.into(),
                ],
            )
            .await
            .map(drop)
        })
        .await
        .unwrap_or_else(|error: Error| panic!("{error}"));
        let mut reader = db.read().await.unwrap();
        let row = reader
            .query_one(
                "SELECT sub, status, username, pool, doc, enabled, credentials, revision, created_at, modified_at FROM users
                 WHERE enabled = $1",
                &[true.into()],
            )
            .await
            .unwrap();
        let texts: Vec<&str> = (0..5).map(|column| row.text(column).unwrap()).collect();
        assert_eq!(texts, ["sub", "status '$1'", "é", "é", ""]);
        assert!(row.bool(5).unwrap());
        assert_eq!(row.opt_bytes(6).unwrap(), Some(&[0, 255][..]));
        assert_eq!(
            [
                row.int(7).unwrap(),
                row.int(8).unwrap(),
                row.int(9).unwrap()
            ],
            [i64::MAX, i64::MIN, i64::MAX]
        );
        assert!(
            row.text(7).is_err()
                && row.int(0).is_err()
                && row.text(10).is_err()
                && row.bytes(4).is_err()
        );
    });
}

#[test]
fn null_goes_in_and_comes_out() {
    everywhere(async |place| {
        let db = place.open().await;
        let none: Option<&[u8]> = None;
        assert!(matches!(Param::from(none), Param::Null));
        db.write("null", async |tx| {
            tx.execute(
                "INSERT INTO app_clients(pool, id, doc, secret, revision, created_at) VALUES ('p', 'c', '', $1, 1, 1)",
                &[Param::Null],
            )
            .await
        })
        .await
        .unwrap_or_else(|error: Error| panic!("{error}"));
        let mut reader = db.read().await.unwrap();
        let row = reader
            .query_one(
                "SELECT secret FROM app_clients WHERE pool = $1",
                &["p".into()],
            )
            .await
            .unwrap();
        assert_eq!(row.opt_bytes(0).unwrap(), None);
        assert!(row.bytes(0).is_err());
    });
}

#[test]
fn keys_sort_by_their_bytes() {
    everywhere(async |place| {
        let db = place.open().await;
        for name in [
            "key-b", "key-B", "key-é", "key-a", "key-Z", "key--", "key-_",
        ] {
            put(&db, name, b"").await.unwrap();
        }
        let mut reader = db.read().await.unwrap();
        let sql = "SELECT name FROM meta WHERE name > $1 AND name < $2 ORDER BY name";
        let rows = reader
            .query(sql, &["key-".into(), "key.".into()])
            .await
            .unwrap();
        let names: Vec<&str> = rows.iter().map(|row| row.text(0).unwrap()).collect();
        assert_eq!(
            names,
            [
                "key--", "key-B", "key-Z", "key-_", "key-a", "key-b", "key-é"
            ]
        );
    });
}

#[test]
fn an_error_rolls_everything_back() {
    everywhere(async |place| {
        let db = place.open().await;
        let outcome = db
            .write("refuse", async |tx| {
                tx.execute(
                    "INSERT INTO meta(name, value) VALUES ('a', $1)",
                    &[b"1".into()],
                )
                .await?;
                Err::<(), _>(Error::Unreadable("mine".to_owned()))
            })
            .await;
        assert_eq!(outcome, Err(Error::Unreadable("mine".to_owned())));
        assert_eq!(value_of(&db, "a").await, None);
        put(&db, "a", b"2").await.unwrap();
    });
}

#[test]
fn a_panic_or_a_failure_harms_no_neighbour() {
    everywhere(async |place| {
        let db = place.open().await;
        let writes = join_all((0..60).map(|number| {
            let db = db.clone();
            let name = format!("n{number}");
            async move {
                let written = name.clone();
                let outcome = db
                    .write("neighbours", async move |tx| {
                        tx.execute(
                            "INSERT INTO meta(name, value) VALUES ($1, $2)",
                            &[(&written).into(), b"".into()],
                        )
                        .await?;
                        match number % 3 {
                            0 => Ok(()),
                            1 => Err(Error::Sealed),
                            _ => panic!("a panic on purpose"),
                        }
                    })
                    .await;
                (name, number, outcome)
            }
        }))
        .await;
        for (name, number, outcome) in writes {
            let (wanted, there) = match number % 3 {
                0 => (Ok(()), true),
                1 => (Err(Error::Sealed), false),
                _ => (Err(Error::Panicked), false),
            };
            assert_eq!(outcome, wanted);
            assert_eq!(value_of(&db, &name).await.is_some(), there, "{name}");
        }
    });
}

#[test]
fn a_unique_violation_is_told_and_ends_the_transaction_even_when_it_is_swallowed() {
    everywhere(async |place| {
        let db = place.open().await;
        put(&db, "a", b"1").await.unwrap();
        assert!(matches!(
            put(&db, "a", b"2").await,
            Err(Error::UniqueViolation(_))
        ));
        let outcome = db
            .write("swallow", async |tx| {
                tx.execute(
                    "INSERT INTO meta(name, value) VALUES ('before', $1)",
                    &[b"".into()],
                )
                .await?;
                let second = tx
                    .execute(
                        "INSERT INTO meta(name, value) VALUES ('a', $1)",
                        &[b"2".into()],
                    )
                    .await;
                assert!(matches!(second, Err(Error::UniqueViolation(_))));
                let third = tx.query("SELECT name FROM meta", &[]).await;
                assert_eq!(third, Err(Error::TransactionFailed));
                Ok::<_, Error>(())
            })
            .await;
        assert!(
            matches!(outcome, Err(Error::UniqueViolation(_))),
            "{outcome:?}"
        );
        assert_eq!(
            (value_of(&db, "a").await, value_of(&db, "before").await),
            (Some(b"1".to_vec()), None)
        );
    });
}

#[test]
fn of_many_who_insert_one_key_exactly_one_wins() {
    everywhere(async |place| {
        let db = place.open().await;
        let outcomes = join_all((0..20u8).map(|number| {
            let db = db.clone();
            async move {
                db.write("claim", async move |tx| {
                    let sql = "INSERT INTO meta(name, value) VALUES ('key', $1) ON CONFLICT (name) DO NOTHING RETURNING name";
                    let row = tx.query_optional(sql, &[(&[number]).into()]).await?;
                    Ok::<_, Error>(row.map(|_| number))
                })
                .await
                .unwrap()
            }
        }))
        .await;
        let winners: Vec<u8> = outcomes.into_iter().flatten().collect();
        assert_eq!(Some(winners.clone()), value_of(&db, "key").await);
        assert_eq!(winners.len(), 1);
    });
}

#[test]
fn delete_returning_gives_a_row_to_exactly_one() {
    everywhere(async |place| {
        let db = place.open().await;
        for round in 0..5 {
            put(&db, "once", b"it").await.unwrap();
            let taken = join_all((0..20).map(|_| {
                let db = db.clone();
                async move {
                    let sql = "DELETE FROM meta WHERE name = 'once' RETURNING value";
                    db.write("take", async |tx| tx.query(sql, &[]).await)
                        .await
                        .unwrap()
                        .len()
                }
            }))
            .await;
            assert_eq!(taken.iter().sum::<usize>(), 1, "round {round}: {taken:?}");
        }
    });
}

#[test]
fn no_increment_is_lost_among_concurrent_transactions_of_two_nodes() {
    on_lasting_places(async |place| {
        let nodes = [place.open().await, place.open().await];
        put(&nodes[0], "counter", &[0]).await.unwrap();
        join_all((0..24).map(|number| increment(nodes[number % 2].clone()))).await;
        assert_eq!(value_of(&nodes[1], "counter").await, Some(vec![24]));
    });
}

pub(crate) async fn increment(db: cognate_store::Db) {
    let step = async |tx: &mut cognate_store::Tx| {
        let row = tx
            .query_one("SELECT value FROM meta WHERE name = 'counter'", &[])
            .await?;
        let next = [row.bytes(0)?[0] + 1];
        tx.execute(
            "UPDATE meta SET value = $1 WHERE name = 'counter'",
            &[(&next).into()],
        )
        .await
    };
    // Under this much strife a transaction may be given up; the caller may then repeat it.
    loop {
        match db.write("increment", step).await {
            Ok(changed) => return assert_eq!(changed, 1),
            Err(Error::Conflict) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn a_transaction_ends_whole_when_its_caller_is_dropped() {
    everywhere(async |place| {
        let db = place.open().await;
        let write = db.write("dropped", async |tx| {
            tx.execute(
                "INSERT INTO meta(name, value) VALUES ('a', $1)",
                &[b"1".into()],
            )
            .await?;
            tx.execute(
                "INSERT INTO meta(name, value) VALUES ('b', $1)",
                &[b"2".into()],
            )
            .await
        });
        let cut = tokio::time::timeout(Duration::ZERO, write).await;
        let patience = std::time::Instant::now();
        while value_of(&db, "b").await.is_none() {
            assert!(
                patience.elapsed() < Duration::from_secs(10),
                "not done, though the caller got {cut:?}"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(value_of(&db, "a").await.is_some());
        put(&db, "c", b"3").await.unwrap();
    });
}

#[test]
fn a_reader_sees_what_is_committed_and_nothing_else() {
    everywhere(async |place| {
        let db = place.open().await;
        let other = db.clone();
        db.write("look", async move |tx| {
            tx.execute(
                "INSERT INTO meta(name, value) VALUES ('a', $1)",
                &[b"1".into()],
            )
            .await?;
            let own = tx
                .query("SELECT name FROM meta WHERE name = 'a'", &[])
                .await?;
            assert_eq!(own.len(), 1);
            assert_eq!(value_of(&other, "a").await, None);
            Ok::<_, Error>(())
        })
        .await
        .unwrap();
        assert_eq!(value_of(&db, "a").await, Some(b"1".to_vec()));
    });
}

#[test]
fn a_reader_writes_nothing() {
    everywhere(async |place| {
        let db = place.open().await;
        let mut reader = db.read().await.unwrap();
        let outcome = reader.execute("DELETE FROM meta", &[]).await;
        assert!(matches!(outcome, Err(Error::Statement(_))), "{outcome:?}");
        // It goes on after an error: each statement stands alone.
        assert!(
            reader
                .query("SELECT nothing FROM nowhere", &[])
                .await
                .is_err()
        );
        assert!(
            !reader
                .query("SELECT name FROM meta", &[])
                .await
                .unwrap()
                .is_empty()
        );
    });
}

#[test]
fn a_snapshot_stays_as_it_was_while_others_write() {
    everywhere(async |place| {
        let db = place.open().await;
        put(&db, "a", b"").await.unwrap();
        let mut snapshot = db.snapshot().await.unwrap();
        let sql = "SELECT name FROM meta WHERE name IN ('a', 'b')";
        assert_eq!(snapshot.query(sql, &[]).await.unwrap().len(), 1);
        put(&db, "b", b"").await.unwrap();
        assert_eq!(snapshot.query(sql, &[]).await.unwrap().len(), 1);
        assert!(snapshot.execute("DELETE FROM meta", &[]).await.is_err());
        drop(snapshot);
        assert_eq!(
            db.snapshot()
                .await
                .unwrap()
                .query(sql, &[])
                .await
                .unwrap()
                .len(),
            2
        );
    });
}

#[test]
fn a_wrong_number_of_parameters_is_refused() {
    everywhere(async |place| {
        let db = place.open().await;
        let mut reader = db.read().await.unwrap();
        for params in [&[][..], &["a".into(), "b".into()]] {
            let outcome = reader
                .query("SELECT name FROM meta WHERE name = $1", params)
                .await;
            assert!(matches!(outcome, Err(Error::Statement(_))), "{outcome:?}");
        }
    });
}

#[test]
fn awaiting_anything_but_the_database_is_refused_and_rolled_back() {
    on_sqlite(async |place| {
        let db = place.open().await;
        let outcome = db
            .write("elsewhere", async |tx| {
                tx.execute(
                    "INSERT INTO meta(name, value) VALUES ('a', $1)",
                    &[b"1".into()],
                )
                .await?;
                tokio::task::yield_now().await;
                Ok::<_, Error>(())
            })
            .await;
        assert_eq!(outcome, Err(Error::AwaitedElsewhere));
        assert_eq!(value_of(&db, "a").await, None);
    });
}
