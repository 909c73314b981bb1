//! Nodes that reach PostgreSQL through PgBouncer, as Debian has it: in transaction mode one server
//! connection serves now this node, now that one, and holds nothing for either.

use std::time::{Duration, Instant};

use cognate_store::{Db, DbOptions};
use cognate_testkit::{TestServer, master_key, refused};

use crate::cluster::{Cluster, PASSWORD, Stop, url_at};
use crate::keeper::{Keeper, free_port, program};
use crate::load::{Load, check};

/// A PgBouncer before a cluster; it ends when this is dropped.
struct PgBouncer {
    url: String,
    _keeper: Keeper,
}

impl PgBouncer {
    /// In a mode, with so many connections to the server.
    fn before(cluster: &Cluster, mode: &str, size: usize) -> Option<Self> {
        let program = program("pgbouncer")?;
        let (port, server) = (free_port(), cluster.port.to_string());
        let arguments = [
            program.to_str().unwrap(),
            &port.to_string(),
            &server,
            PASSWORD,
            mode,
            &size.to_string(),
        ];
        Some(Self {
            url: url_at(port),
            _keeper: Keeper::start("pgbouncer.sh", include_str!("pgbouncer.sh"), &arguments),
        })
    }
}

/// Two nodes that reach the database by a URL.
async fn nodes_at(first: &TestServer, url: &str) -> [TestServer; 2] {
    [
        first.join(url).await.unwrap(),
        first.join(url).await.unwrap(),
    ]
}

/// People sign up at two nodes for a while, and nobody is refused.
async fn serve(nodes: &[TestServer]) -> Duration {
    let client = nodes[0].pool().await.client().await;
    let began = Instant::now();
    let load = Load::start(&client, nodes);
    load.goes_on(60).await;
    let took = began.elapsed();
    let attempts = load.stop().await;
    let refusals: Vec<_> = attempts
        .iter()
        .filter_map(|one| one.outcome.as_ref().err())
        .collect();
    assert!(refusals.is_empty(), "{refusals:?}");
    check(&client, &attempts).await;
    for (number, node) in nodes.iter().enumerate() {
        let name = format!("ana{number}");
        let ana = client.on(node).user(&name).confirmed().await;
        let tokens = ana.sign_in_srp().await.unwrap();
        let refreshed = ana
            .refresh(tokens.refresh.as_deref().unwrap())
            .await
            .unwrap();
        ana.sign_out_everywhere(&refreshed.access).await.unwrap();
        assert_eq!(refused(ana.get_user(&tokens.access).await).status, 400);
        assert_eq!(node.get("/readyz").await, (200, "ready\n".to_owned()));
    }
    took
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_pooler_of_transactions_nodes_never_run_one_anothers_statements() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let Some(pooler) = PgBouncer::before(&cluster, "transaction", 3) else {
        return;
    };
    let first = TestServer::builder().on(&pooler.url).start().await;
    // The last is wrong, and noticed by the statements that are gone.
    for parameter in ["", "&pooler=transaction", "&pooler=session"] {
        let url = format!("{}{parameter}", pooler.url);
        let took = serve(&nodes_at(&first, &url).await).await;
        eprintln!("{parameter:?}: 60 sign-ups in {took:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_pooler_of_sessions_nodes_serve_with_and_without_the_setting() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let Some(pooler) = PgBouncer::before(&cluster, "session", 60) else {
        return;
    };
    let first = TestServer::builder().on(&pooler.url).start().await;
    for parameter in ["", "&pooler=session", "&pooler=transaction"] {
        let url = format!("{}{parameter}", pooler.url);
        serve(&nodes_at(&first, &url).await).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_at_once_behind_a_pooler_of_transactions_make_one_database() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let Some(pooler) = PgBouncer::before(&cluster, "transaction", 2) else {
        return;
    };
    let lender = TestServer::start().await;
    let open = || Db::open(DbOptions::new(&pooler.url, master_key(), lender.random()));
    let (one, two, three) = tokio::join!(open(), open(), open());
    let (one, two, three) = (one.unwrap(), two.unwrap(), three.unwrap());
    let sealed = one.seal(&[b"t"], b"x").unwrap();
    for other in [two, three] {
        assert_eq!(other.open_sealed(&[b"t"], &sealed).unwrap().expose(), b"x");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_behind_a_pooler_is_away_failures_are_the_servers_and_service_comes_back()
 {
    let Some(mut cluster) = Cluster::start() else {
        return;
    };
    let Some(pooler) = PgBouncer::before(&cluster, "transaction", 5) else {
        return;
    };
    let first = TestServer::builder().on(&pooler.url).start().await;
    let nodes = nodes_at(&first, &pooler.url).await;
    let client = first.pool().await.client().await;
    let load = Load::start(&client, &nodes);
    load.goes_on(10).await;
    cluster = tokio::task::spawn_blocking(move || {
        cluster.stop(Stop::Immediate);
        cluster
    })
    .await
    .unwrap();
    for node in &nodes {
        assert_eq!(node.get("/readyz").await.0, 503);
    }
    let _cluster = tokio::task::spawn_blocking(move || {
        cluster.start_again();
        cluster
    })
    .await
    .unwrap();
    load.goes_on(20).await;
    let attempts = load.stop().await;
    let (acknowledged, failed) = check(&client, &attempts).await;
    eprintln!("{acknowledged} sign-ups acknowledged, {failed} failed");
}
