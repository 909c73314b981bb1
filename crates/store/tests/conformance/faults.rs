//! The fault plan: each fault leaves the work whole or undone, and says which.

use cognate_store::{Db, Error, Fault};

use crate::place::{Place, everywhere, value_of};

async fn two_rows(db: &Db) -> Result<u64, Error> {
    db.write("two_rows", async |tx| {
        tx.execute(
            "INSERT INTO meta(name, value) VALUES ('a', $1)",
            &[b"".into()],
        )
        .await?;
        tx.execute(
            "INSERT INTO meta(name, value) VALUES ('b', $1)",
            &[b"".into()],
        )
        .await
    })
    .await
}

async fn rows_there(db: &Db) -> usize {
    let mut count = 0;
    for name in ["a", "b"] {
        count += usize::from(value_of(db, name).await.is_some());
    }
    count
}

#[test]
fn a_fault_at_a_statement_or_before_the_commit_leaves_nothing_and_repeating_is_safe() {
    everywhere(async |place: &Place| {
        for fault in [
            Fault::Statement(1),
            Fault::Statement(2),
            Fault::BeforeCommit(1),
        ] {
            let db = place.open().await;
            place.faults.arm(Some("two_rows"), fault);
            assert!(
                matches!(two_rows(&db).await, Err(Error::Unavailable(_))),
                "{fault:?}"
            );
            assert_eq!(rows_there(&db).await, 0);
            assert!(place.faults.disarm());
            two_rows(&db).await.unwrap();
            assert_eq!(rows_there(&db).await, 2);
            db.write("clean", async |tx| {
                tx.execute("DELETE FROM meta WHERE name IN ('a', 'b')", &[])
                    .await
            })
            .await
            .unwrap();
        }
    });
}

#[test]
fn a_fault_after_the_commit_leaves_the_work_done_and_its_outcome_unknown() {
    everywhere(async |place: &Place| {
        let db = place.open().await;
        place.faults.arm(None, Fault::AfterCommit(1));
        assert!(matches!(two_rows(&db).await, Err(Error::OutcomeUnknown(_))));
        assert!(place.faults.disarm());
        assert_eq!(rows_there(&db).await, 2);
        assert!(matches!(
            two_rows(&db).await,
            Err(Error::UniqueViolation(_))
        ));
    });
}

#[test]
fn a_plan_for_one_transaction_leaves_the_others_alone() {
    everywhere(async |place: &Place| {
        let db = place.open().await;
        place.faults.arm(Some("another"), Fault::Statement(1));
        two_rows(&db).await.unwrap();
        assert!(!place.faults.disarm());
    });
}
