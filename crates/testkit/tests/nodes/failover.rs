//! PostgreSQL fails over behind one address while people sign up at two nodes. What happens to the
//! old connections is the worst that may: the proxy leaves them to the old primary.

use std::time::{Duration, Instant};

use cognate_store::{Db, DbOptions, Error, OpenError};
use cognate_testkit::{Proxy, TestClient, TestServer, master_key};

use crate::cluster::Cluster;
use crate::load::{Load, check};
use crate::pair::Pair;

/// Two nodes that reach the first server through one address, and an app client.
async fn behind_an_address(pair: &Pair) -> (Proxy, [TestServer; 2], TestClient) {
    let proxy = Proxy::before(&pair.first).await;
    let one = TestServer::builder().on(proxy.url()).start().await;
    let nodes = [one.clone(), one.join(proxy.url()).await.unwrap()];
    let client = one.pool().await.client().await;
    (proxy, nodes, client)
}

/// The same, and people who sign up at both.
async fn under_load(pair: &Pair) -> (Proxy, [TestServer; 2], TestClient, Load) {
    let (proxy, nodes, client) = behind_an_address(pair).await;
    let load = Load::start(&client, &nodes);
    load.goes_on(10).await;
    (proxy, nodes, client, load)
}

/// Waits until `/readyz` of every node says this.
async fn says(nodes: &[TestServer], status: u16, text: &str) {
    let began = Instant::now();
    for node in nodes {
        loop {
            let answer = node.get("/readyz").await;
            if answer == (status, text.to_owned()) {
                break;
            }
            assert!(began.elapsed() < Duration::from_secs(15), "{answer:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Nothing that was acknowledged is missing on the server at a URL.
async fn is_all_there(url: &str, client: &TestClient, load: Load) {
    let attempts = load.stop().await;
    let there = client.pool.server.join(url).await.unwrap();
    let (acknowledged, failed) = check(&client.on(&there), &attempts).await;
    eprintln!("{acknowledged} sign-ups acknowledged, {failed} failed");
    assert!(acknowledged > 20, "{acknowledged}");
}

/// Gives an order to the pair, which waits, without holding up the load.
async fn order(mut pair: Pair, order: fn(&mut Pair)) -> Pair {
    tokio::task::spawn_blocking(move || {
        order(&mut pair);
        pair
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_to_a_server_that_turned_read_only_are_dropped_and_writes_go_on_at_the_new_primary()
 {
    let Some(pair) = Pair::start() else { return };
    let (proxy, nodes, client, load) = under_load(&pair).await;
    says(&nodes, 200, "ready\n").await;
    let pair = order(pair, Pair::only_read).await;
    says(&nodes, 503, "the database is read-only\n").await;
    let pair = order(pair, Pair::promote).await;
    proxy.lead_to(&pair.second);
    load.goes_on(20).await;
    says(&nodes, 200, "ready\n").await;
    is_all_there(&pair.second, &client, load).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_was_read_only_for_a_while_is_written_again_without_a_restart() {
    let Some(pair) = Pair::start() else { return };
    let (_proxy, nodes, client) = behind_an_address(&pair).await;
    let ana = client.user("ana").confirmed().await;
    let tokens = ana.sign_in().await.unwrap();
    let load = Load::start(&client, &nodes);
    load.goes_on(10).await;
    let pair = order(pair, Pair::only_read).await;
    says(&nodes, 503, "the database is read-only\n").await;
    // What only reads goes on.
    ana.get_user(&tokens.access).await.unwrap();
    let pair = order(pair, Pair::write).await;
    says(&nodes, 200, "ready\n").await;
    load.goes_on(20).await;
    is_all_there(&pair.first, &client, load).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_acknowledged_by_an_old_primary_that_lives_on_once_the_address_has_left_it() {
    let Some(pair) = Pair::start() else { return };
    let (proxy, nodes, client, load) = under_load(&pair).await;
    // As HAProxy does without shutdown-sessions: nobody new gets in, and who is in stays in.
    proxy.take_nobody_new();
    says(&nodes, 503, "the database does not answer\n").await;
    let pair = order(pair, Pair::promote).await;
    proxy.lead_to(&pair.second);
    load.goes_on(20).await;
    says(&nodes, 200, "ready\n").await;
    // The address leads back to the old primary, which takes writes: they would be lost.
    proxy.lead_to(&pair.first);
    proxy.cut();
    says(&nodes, 503, "the database does not answer\n").await;
    proxy.lead_to(&pair.second);
    load.goes_on(20).await;
    says(&nodes, 200, "ready\n").await;
    is_all_there(&pair.second, &client, load).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_sees_a_later_primary_leaves_the_old_one_with_all_its_connections() {
    let Some(pair) = Pair::start() else { return };
    let (proxy, nodes, client, load) = under_load(&pair).await;
    let attempts = load.stop().await;
    let pair = order(pair, Pair::promote).await;
    proxy.lead_to(&pair.second);
    // Within the time for which a node believes what it last saw.
    let second = client.pool.server.join(&pair.second).await.unwrap();
    let began = Instant::now();
    for (number, node) in nodes.iter().enumerate() {
        for attempt in 0.. {
            let name = format!("late{number}x{attempt}");
            if arrives(&client, node, &second, &name).await {
                break;
            }
            assert!(
                began.elapsed() < Duration::from_secs(10),
                "the old primary is still written to"
            );
        }
    }
    let load = Load::start(&nodes[0].pool().await.client().await, &nodes);
    load.goes_on(20).await;
    load.stop().await;
    check(&client.on(&second), &attempts).await;
}

/// Whether a sign-up at a node is on the new primary: its name is taken there.
async fn arrives(client: &TestClient, node: &TestServer, second: &TestServer, name: &str) -> bool {
    client.on(node).user(name).sign_up().await.is_ok()
        && client.on(second).user(name).sign_up().await.is_err()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_of_the_primary_and_a_promotion_cost_failures_and_nothing_else() {
    let Some(pair) = Pair::start() else { return };
    let (proxy, nodes, client, load) = under_load(&pair).await;
    proxy.close();
    says(&nodes, 503, "the database does not answer\n").await;
    let pair = order(pair, Pair::promote).await;
    let pair = order(pair, Pair::crash).await;
    proxy.lead_to(&pair.second);
    load.goes_on(20).await;
    says(&nodes, 200, "ready\n").await;
    is_all_there(&pair.second, &client, load).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_does_not_start_on_a_standby_or_a_read_only_database_and_says_why() {
    let Some(pair) = Pair::start() else { return };
    let first = TestServer::builder().on(&pair.first).start().await;
    let refusal = |outcome: Result<TestServer, OpenError>| outcome.err().expect("a refusal");
    let error = refusal(first.join(&pair.second).await);
    assert!(
        matches!(error, OpenError::Database(Error::ReadOnly(_))),
        "{error}"
    );
    assert!(error.to_string().contains("standby"), "{error}");
    let pair = order(pair, Pair::only_read).await;
    let error = refusal(first.join(&pair.first).await);
    assert!(
        error.to_string().contains("default_transaction_read_only"),
        "{error}"
    );
    // What only reads, as a backup does, takes either.
    for url in [&pair.first, &pair.second] {
        let mut options = DbOptions::new(url, master_key(), first.random());
        options.only_reads = true;
        let db = Db::open(options).await.unwrap();
        db.snapshot().await.unwrap();
        db.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_transaction_is_committed_only_if_the_address_still_leads_to_its_server() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let proxy = Proxy::before(&cluster.url).await;
    let node = TestServer::builder().on(proxy.url()).start().await;
    let db = &node.app().db;
    let write = |name: &'static str| {
        db.write("long", async move |tx| {
            let sql = "INSERT INTO meta(name, value) VALUES ($1, $2)";
            tx.execute(sql, &[name.into(), b"".into()]).await?;
            tx.query("SELECT CAST(pg_sleep(6) AS TEXT)", &[])
                .await
                .map(drop)
        })
    };
    write("led").await.unwrap();
    let leaves = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        proxy.take_nobody_new();
    };
    let (outcome, ()) = tokio::join!(write("left"), leaves);
    assert!(matches!(outcome, Err(Error::Unavailable(_))), "{outcome:?}");
    proxy.open();
    let mut reader = db.read().await.unwrap();
    let sql = "SELECT name FROM meta WHERE name IN ('led', 'left')";
    let rows = reader.query(sql, &[]).await.unwrap();
    let names: Vec<&str> = rows.iter().map(|row| row.text(0).unwrap()).collect();
    assert_eq!(names, ["led"]);
}
