//! Guesses count together, whichever nodes they are made at.

use cognate_testkit::{Shared, for_each_shared_database, refused};
use futures_util::future::join_all;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_passwords_on_all_nodes_lock_the_user_on_every_node() {
    for_each_shared_database(async |shared: Shared| {
        let nodes: [_; 3] = shared.nodes().await;
        let ana = nodes[0].confirmed_user("ana").await;
        for node in nodes.iter().cycle().take(5) {
            refused(ana.on(node).with_password("Wrong-Horse-1").sign_in().await);
        }
        for node in &nodes {
            assert_eq!(
                refused(ana.on(node).sign_in().await).message,
                "Password attempts exceeded"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_at_once_on_all_nodes_are_worth_no_more_than_one_after_the_other() {
    for_each_shared_database(async |shared: Shared| {
        let nodes: [_; 3] = shared.nodes().await;
        let ana = nodes[0].confirmed_user("ana").await;
        let wrong = ana.with_password("Wrong-Horse-1");
        join_all(
            nodes
                .iter()
                .cycle()
                .take(12)
                .map(async |node| wrong.on(node).sign_in().await),
        )
        .await;
        assert_eq!(
            refused(ana.sign_in().await).message,
            "Password attempts exceeded"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_wrong_codes_on_all_nodes_end_the_right_one() {
    for_each_shared_database(async |shared: Shared| {
        let nodes: [_; 3] = shared.nodes().await;
        let ana = nodes[0].pool().await.client().await.user("ana").await;
        let code = ana.last_code().await;
        let wrong = format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000);
        for node in nodes.iter().cycle().take(5) {
            assert_eq!(
                refused(ana.on(node).confirm(&wrong).await).code,
                "CodeMismatchException"
            );
        }
        for node in &nodes {
            assert_eq!(
                refused(ana.on(node).confirm(&code).await).code,
                "LimitExceededException"
            );
        }
    })
    .await;
}
