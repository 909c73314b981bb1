//! Imports of users at several nodes: one goes on where another died, and none does a thing twice.

use cognate_service::Importer;
use cognate_testkit::{Shared, TestImport, TestServer, for_each_shared_database, seconds};
use futures_util::future::join_all;

const ROWS: usize = 350;

/// A job of so many users, that has been started.
async fn started(node: &TestServer, rows: usize) -> TestImport {
    let import = node.pool().await.import().await;
    let row = |number| format!("user{number},user{number}@example.com,true\n");
    let rows: String = (0..rows).map(row).collect();
    import
        .upload(&format!("cognito:username,email,email_verified\n{rows}"))
        .await;
    import.start().await.ok().unwrap();
    import
}

async fn users(node: &TestServer) -> i64 {
    let mut tx = node.app().db.read().await.unwrap();
    let row = tx.query_one("SELECT COUNT(*) FROM users", &[]).await;
    row.unwrap().int(0).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_goes_on_where_it_was_when_its_node_dies_and_nothing_is_done_twice() {
    for_each_shared_database(async |shared: Shared| {
        let nodes: [TestServer; 3] = shared.nodes().await;
        let import = started(&nodes[0], ROWS).await;
        let mut dies = Importer::new(nodes[0].app());
        for _ in 0..2 {
            assert!(dies.step().await.unwrap());
        }
        drop(dies);
        let mut lives = Importer::new(nodes[1].app());
        assert!(!lives.step().await.unwrap(), "its time is not over");
        assert_eq!(import.counts().await, (100, 0, 0));
        nodes[1].advance(seconds(31));
        join_all(nodes[1..].iter().map(TestServer::import_users)).await;
        let import = import.on(&nodes[2]);
        assert_eq!(import.status().await, "Succeeded");
        assert_eq!(import.counts().await, (350, 0, 0));
        let log = import.log().await;
        for (line, number) in log.iter().zip(2..) {
            assert!(line.contains(&format!("Line Number {number} ")), "{line}");
        }
        assert_eq!((log.len(), users(&nodes[2]).await), (ROWS, 350));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_taken_for_dead_finds_its_import_gone() {
    for_each_shared_database(async |shared: Shared| {
        let [slow, other] = shared.nodes().await;
        let import = started(&slow, ROWS).await;
        let mut slept = Importer::new(slow.app());
        assert!(slept.step().await.unwrap());
        slow.advance(seconds(31));
        let mut took_over = Importer::new(other.app());
        for _ in 0..2 {
            assert!(took_over.step().await.unwrap());
        }
        for _ in 0..2 {
            slept.step().await.unwrap();
        }
        assert_eq!(import.counts().await, (100, 0, 0));
        while took_over.step().await.unwrap() {}
        assert_eq!(import.counts().await, (350, 0, 0));
        assert_eq!(users(&other).await, 350);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_runs_at_one_node_is_stopped_through_another() {
    for_each_shared_database(async |shared: Shared| {
        let [runs, stops] = shared.nodes().await;
        let import = started(&runs, 1000).await;
        let running = tokio::spawn(async move { runs.import_users().await });
        let import = import.on(&stops);
        while import.counts().await.0 == 0 {
            tokio::task::yield_now().await;
        }
        // It may have come to its end, where the database is quick.
        let stopped = import.stop().await;
        running.await.unwrap();
        let status = import.status().await;
        let expected = if stopped.is_ok() {
            "Stopped"
        } else {
            "Succeeded"
        };
        assert_eq!(status, expected);
        assert_eq!(import.counts().await.0, users(&stops).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_jobs_of_a_pool_that_start_at_once_one_does() {
    for_each_shared_database(async |shared: Shared| {
        let nodes: [TestServer; 3] = shared.nodes().await;
        let pool = nodes[0].pool().await;
        let (one, other) = (pool.import().await, pool.import().await);
        for import in [&one, &other] {
            import.upload("cognito:username\n").await;
        }
        let starts = nodes.iter().flat_map(|node| [one.on(node), other.on(node)]);
        let outcomes = join_all(starts.map(async |import| import.start().await)).await;
        let started = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(started, 1);
        for error in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
            let is_told = ["PreconditionNotMetException", "TooManyRequestsException"];
            let code = error.code.as_str();
            assert!(is_told.contains(&code) || error.status == 503, "{error:?}");
        }
    })
    .await;
}
