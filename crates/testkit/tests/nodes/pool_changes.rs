//! A change of a pool that is cut at every statement and goes on at another node, while people sign
//! up at a third.

use std::collections::BTreeSet;

use cognate_model::pool_change::{PoolChange, Stage};
use cognate_service::pool_changes::{self, carry_on_some};
use cognate_store::Fault;
use cognate_testkit::{
    Shared, TestClient, TestServer, TestUser, for_each_shared_database, seconds,
};

async fn status(node: &TestServer, pool: &str) -> PoolChange {
    let found = pool_changes::status(&node.app().db, pool).await.unwrap();
    found.unwrap()
}

/// Signs somebody up at a node that knows the pool as it was, who asks again as SDKs do.
async fn sign_up(client: &TestClient, node: &TestServer, name: &str) {
    for _ in 0..200 {
        let address = format!("{name}@example.com");
        match client.on(node).user(name).email(&address).sign_up().await {
            Ok(_) => return,
            Err(error) => assert_eq!(error.code, "TooManyRequestsException"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("{name} could not sign up");
}

/// A pool whose names are to become one whatever their case, with a user.
async fn losing_its_case(node: &TestServer) -> TestUser {
    let pool = node.pool().case_sensitive().await;
    let ana = pool.client().await.user("Ana").confirmed().await;
    let document = r#"{"UsernameConfiguration": {"CaseSensitive": false}}"#;
    let (app, none) = (node.app(), BTreeSet::new());
    pool_changes::begin(&app.db, &app.clock, &app.entropy, &pool.id, document, &none)
        .await
        .unwrap();
    ana
}

/// Cuts each step at each of its statements, before and after its commit; another node goes on.
async fn cut_at_every_step(shared: &Shared, cancelled: bool) {
    let nodes: [TestServer; 3] = shared.nodes().await;
    let [first, second, third] = &nodes;
    let ana = losing_its_case(first).await;
    let pool = &ana.client.pool.id;
    let (mut joined, mut turn) = (vec!["Ana".to_owned()], 0);
    let ended = loop {
        let before = status(third, pool).await;
        if before.stage.is_end() {
            break before;
        }
        if cancelled && before.stage == Stage::Verifying {
            let app = second.app();
            let cancelled = pool_changes::cancel(&app.db, &app.clock, pool).await;
            cancelled.unwrap();
        }
        let name = format!("Joins{turn}");
        sign_up(&ana.client, third, &name).await;
        joined.push(name);
        turn += 1;
        first.advance(seconds(6));
        // A fault after the commit leaves the step whole; any other leaves nothing.
        let fault = match turn % 3 {
            0 => Fault::AfterCommit(1),
            1 => Fault::BeforeCommit(1),
            _ => Fault::Statement(turn),
        };
        first.faults().arm(Some("change_pool"), fault);
        carry_on_some(first.app(), "dies").await.unwrap();
        first.faults().disarm();
        // Its lease runs out.
        first.advance(seconds(31));
        carry_on_some(second.app(), "lives").await.unwrap();
        ana.on(third).sign_in_srp().await.unwrap();
    };
    let expected = if cancelled {
        Stage::Undone
    } else {
        Stage::Done
    };
    assert_eq!(ended.stage, expected, "{:?}", ended.failure);
    if !cancelled {
        joined = joined.iter().map(|name| name.to_lowercase()).collect();
    }
    joined.sort();
    assert_eq!(names(third).await, joined);
    ana.on(second).sign_in_srp().await.unwrap();
}

/// The names of all users: each has the one that the rule gives, whoever wrote it and whatever they
/// knew.
async fn names(node: &TestServer) -> Vec<String> {
    let mut reader = node.app().db.read().await.unwrap();
    let sql = "SELECT name FROM aliases ORDER BY name";
    let rows = reader.query(sql, &[]).await.unwrap();
    rows.iter()
        .map(|row| row.text(0).unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_is_cut_at_every_step_is_made_by_the_others() {
    for_each_shared_database(async |shared: Shared| cut_at_every_step(&shared, false).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_is_cancelled_and_cut_leaves_nothing_behind() {
    for_each_shared_database(async |shared: Shared| cut_at_every_step(&shared, true).await).await;
}
