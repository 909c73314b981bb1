//! PostgreSQL is stopped and started again while people sign up at two nodes.

use std::time::{Duration, Instant};

use cognate_testkit::{Shared, TestServer, refused};

use crate::cluster::{Cluster, Stop};
use crate::load::{Load, check};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_is_away_failures_are_the_servers_and_afterwards_service_is_back_without_a_restart()
 {
    let Some(mut cluster) = Cluster::start() else {
        return;
    };
    let shared = Shared {
        url: cluster.url.clone(),
    };
    let nodes: [TestServer; 2] = shared.nodes().await;
    let client = nodes[0].pool().await.client().await;
    let ana = client.user("ana").confirmed().await;
    let tokens = ana.sign_in().await.unwrap();
    for how in [Stop::Fast, Stop::Immediate] {
        let pool = nodes[0].pool().await.client().await;
        let load = Load::start(&pool, &nodes);
        load.goes_on(20).await;
        cluster = away(cluster, move |cluster| cluster.stop(how)).await;
        for node in &nodes {
            let began = Instant::now();
            let error = refused(ana.on(node).get_user(&tokens.access).await);
            assert!((500..600).contains(&error.status), "{how:?}: {error:?}");
            assert!(
                began.elapsed() < Duration::from_secs(6),
                "{how:?}: a failure took {:?}",
                began.elapsed()
            );
            assert_eq!(
                (node.get("/healthz").await.0, node.get("/readyz").await.0),
                (200, 503)
            );
        }
        cluster = away(cluster, Cluster::start_again).await;
        let back = Instant::now();
        while nodes[1].get("/readyz").await.0 != 200
            || ana.on(&nodes[0]).get_user(&tokens.access).await.is_err()
        {
            assert!(
                back.elapsed() < Duration::from_secs(5),
                "{how:?}: service is not back"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let back_after = back.elapsed();
        // By themselves, also after all that was under way.
        load.goes_on(20).await;
        let attempts = load.stop().await;
        let (acknowledged, failed) = check(&pool, &attempts).await;
        eprintln!(
            "{how:?}: {acknowledged} sign-ups acknowledged, {failed} failed, back after {back_after:?}"
        );
        assert!(failed > 0, "nobody noticed");
    }
    for node in &nodes {
        ana.on(node).sign_in().await.unwrap();
        node.app().db.close().await;
    }
}

/// Does something to the cluster that takes its time, beside the load.
async fn away(mut cluster: Cluster, deed: impl FnOnce(&mut Cluster) + Send + 'static) -> Cluster {
    tokio::task::spawn_blocking(move || {
        deed(&mut cluster);
        cluster
    })
    .await
    .unwrap()
}
