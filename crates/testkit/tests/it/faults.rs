//! The database fails at a moment where more is at stake than that an operation is done whole or
//! not at all. That is tried for all of them in `nodes/statements.rs`.

use cognate_store::Fault;
use cognate_testkit::for_each_database;

#[tokio::test]
async fn a_failure_is_counted_or_the_password_was_not_tried() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let ana = client.user("ana").confirmed().await;
        let wrong = ana.with_password("Wrong-Horse-1");
        for n in 1..=3 {
            server
                .faults()
                .arm(Some("count_sign_in_failure"), Fault::Statement(n));
            let outcome = wrong.sign_in().await.unwrap_err();
            // An attempt whose failure can't be counted is not told whether it was right or wrong.
            assert_eq!(
                outcome.status == 503,
                server.faults().disarm(),
                "{outcome:?}"
            );
        }
        ana.sign_in().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_rotation_is_whole_or_nothing_and_never_ends_an_honest_session() {
    for_each_database(async |server| {
        let ana = server
            .pool()
            .await
            .client()
            .rotation(60)
            .await
            .user("ana")
            .confirmed()
            .await;
        for fault in [
            Fault::Statement(1),
            Fault::BeforeCommit(1),
            Fault::AfterCommit(1),
        ] {
            let first = ana.sign_in().await.unwrap();
            server.faults().arm(Some("rotate_refresh_token"), fault);
            let outcome = ana.rotate(first.refresh()).await;
            assert!(server.faults().disarm());
            let second = match outcome {
                // It looked for what it wrote, and answers after all.
                Ok(second) => second,
                Err(error) => {
                    assert_eq!(error.status, 503);
                    ana.rotate(first.refresh()).await.unwrap()
                }
            };
            let third = ana.rotate(second.refresh()).await.unwrap();
            ana.get_user(&third.access).await.unwrap();
        }
    })
    .await;
}
