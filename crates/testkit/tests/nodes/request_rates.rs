//! Nodes share the rates of requests: each that lives lets its part through, and what a dead one
//! had goes to the others within seconds.

use std::time::Duration;

use cognate_testkit::{Shared, TestServer, for_each_shared_database, op, seconds};
use serde_json::json;

/// Of all nodes.
const RATE: u32 = 12;

/// Ten seconds in which each node is asked for more than there is; how much they let through
/// together. Some of them live, and beat once a second.
async fn ten_seconds(nodes: &[TestServer], living: usize) -> u32 {
    let mut let_through = 0;
    for tick in 0..40 {
        if tick % 4 == 0 {
            for node in &nodes[..living] {
                node.beat().await;
            }
        }
        for node in &nodes[..living] {
            for _ in 0..6 {
                let answer = node
                    .call::<op::ListUserPools>(json!({"MaxResults": 1}))
                    .await;
                let_through += u32::from(answer.is_ok());
            }
        }
        nodes[0].advance(Duration::from_millis(250));
    }
    let_through
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_nodes_let_the_rate_through_together_and_two_when_one_dies() {
    for_each_shared_database(async |shared: Shared| {
        let builder = TestServer::builder().request_rates(&["UserPoolRead=12"]);
        let nodes: [TestServer; 3] = shared.nodes_like(builder).await;
        // Until they know each other, and until what they had at the start is used up.
        ten_seconds(&nodes, 3).await;
        for living in [3, 2] {
            let let_through = ten_seconds(&nodes, living).await;
            let within = 9 * RATE..=11 * RATE;
            if living == 3 {
                assert!(within.contains(&let_through), "{let_through}");
            }
        }
        // The third has died in the ten seconds before.
        let let_through = ten_seconds(&nodes, 2).await;
        let within = 9 * RATE..=11 * RATE;
        assert!(within.contains(&let_through), "{let_through}");
        nodes[0].advance(seconds(60));
        nodes[0].beat().await;
        nodes[0].beat().await;
        let mut reader = nodes[0].app().db.read().await.unwrap();
        let rows = reader.query("SELECT id FROM nodes", &[]).await.unwrap();
        assert!(rows.len() < 3);
    })
    .await;
}
