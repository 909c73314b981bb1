//! Work beside the requests is done once, whichever nodes do it, and is not held up by one that
//! died.

use cognate_api::idp::op;
use cognate_service::{deliver_due, expire_some};
use cognate_store::{Fault, Tx, groups, leases, outbox};
use cognate_testkit::{
    Shared, TestServer, claims, for_each_shared_database, minutes, refused, seconds,
};
use futures_util::future::join_all;
use serde_json::json;

const ALIASES: &str = "SELECT COUNT(*) FROM aliases";
const CHALLENGES: &str = "SELECT COUNT(*) FROM challenges";
const MEMBERSHIPS: &str = "SELECT COUNT(*) FROM group_members";
const SESSIONS: &str = "SELECT COUNT(*) FROM sessions";
const USERS: &str = "SELECT COUNT(*) FROM users";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_message_is_sent_once_though_all_nodes_send() {
    for_each_shared_database(async |shared: Shared| {
        let nodes: [TestServer; 3] = shared.nodes().await;
        let client = nodes[0].pool().await.client().await;
        for number in 0..24 {
            client
                .user(&format!("user{number}"))
                .sign_up()
                .await
                .unwrap();
        }
        let sent: usize = join_all(nodes.iter().map(TestServer::deliver))
            .await
            .into_iter()
            .sum();
        assert_eq!(sent, 24);
        for number in 0..24 {
            assert_eq!(
                nodes[0]
                    .mailbox(&format!("user{number}@example.com"))
                    .await
                    .len(),
                1
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_a_dead_node_had_taken_is_sent_by_another_when_its_time_is_over() {
    for_each_shared_database(async |shared: Shared| {
        let [dies, lives] = shared.nodes().await;
        dies.pool().await.client().await.user("ana").await;
        let (now, until) = (dies.now(), dies.now().plus(seconds(40)));
        let taken = dies
            .app()
            .db
            .write("take_messages", async move |tx| {
                outbox::take_due(tx, "mail", now, until, 16).await
            })
            .await
            .unwrap();
        assert_eq!(taken.len(), 1);
        assert_eq!(lives.deliver().await, 0);
        lives.advance(seconds(41));
        assert_eq!(lives.deliver().await, 1);
        assert_eq!(lives.mailbox("ana@example.com").await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_whose_delivery_cannot_be_noted_does_not_break_off_the_others() {
    for_each_shared_database(async |shared: Shared| {
        let [node] = shared.nodes().await;
        let client = node.pool().await.client().await;
        for number in 0..16 {
            client
                .user(&format!("user{number}"))
                .sign_up()
                .await
                .unwrap();
        }
        node.faults()
            .arm(Some("settle_message"), Fault::Statement(1));
        assert!(deliver_due(node.app()).await.is_err());
        assert_eq!(count(&node, "SELECT COUNT(*) FROM outbox").await, 1);
        node.advance(seconds(41));
        assert_eq!(node.deliver().await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_run_out_is_deleted_by_the_node_that_holds_the_lease() {
    for_each_shared_database(async |shared: Shared| {
        let [other, node] = shared.nodes().await;
        node.confirmed_user("ana").await.begin_srp().await.unwrap();
        node.advance(minutes(60));
        let (now, until) = (node.now(), node.now().plus(seconds(60)));
        assert!(
            other
                .app()
                .db
                .write("lease", async move |tx| leases::acquire(
                    tx, "expiry", "other", now.0, until.0
                )
                .await)
                .await
                .unwrap()
        );
        expire_some(node.app(), "node").await.unwrap();
        assert_eq!(count(&node, CHALLENGES).await, 1);
        // The other one died: nobody renews its lease.
        node.advance(seconds(61));
        expire_some(node.app(), "node").await.unwrap();
        assert_eq!(count(&node, CHALLENGES).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_of_a_deleted_pool_are_deleted_afterwards_and_those_of_others_are_not() {
    for_each_shared_database(async |shared: Shared| {
        let [node, other] = shared.nodes().await;
        let (doomed, kept) = (node.pool().await, node.pool().await);
        for pool in [&doomed, &kept] {
            let client = pool.client().await;
            for name in ["ana", "bea"] {
                client.user(name).confirmed().await.sign_in().await.unwrap();
            }
        }
        node.call::<op::DeleteUserPool>(json!({"UserPoolId": doomed.id}))
            .await
            .unwrap();
        assert_eq!(count(&node, USERS).await, 4);
        while expire_some(other.app(), "other").await.unwrap() {}
        for sql in [USERS, SESSIONS, ALIASES] {
            assert_eq!(count(&node, sql).await, 2, "{sql}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_of_a_deleted_app_client_are_refused_at_once_and_deleted_afterwards() {
    for_each_shared_database(async |shared: Shared| {
        let [node, other] = shared.nodes().await;
        let pool = node.pool().await;
        let (doomed, kept) = (pool.client().await, pool.client().await);
        let ana = doomed.user("ana").confirmed().await;
        let doomed_tokens = ana.sign_in().await.unwrap();
        let kept_tokens = ana.at(&kept).sign_in().await.unwrap();
        let input = json!({"UserPoolId": pool.id, "ClientId": doomed.id});
        node.call::<op::DeleteUserPoolClient>(input).await.unwrap();
        // The other node has not kept its settings yet, so it reads them.
        for node in [&node, &other] {
            let error = refused(ana.on(node).get_user(&doomed_tokens.access).await);
            assert_eq!(error.message, "Access Token has been revoked");
            let error = refused(ana.on(node).refresh(doomed_tokens.refresh()).await);
            assert_eq!(error.code, "ResourceNotFoundException");
        }
        assert_eq!(count(&node, SESSIONS).await, 2);
        while expire_some(other.app(), "other").await.unwrap() {}
        assert_eq!(count(&node, SESSIONS).await, 1);
        ana.on(&other).get_user(&kept_tokens.access).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_of_a_group_whose_node_died_in_the_middle_is_done_by_another() {
    for_each_shared_database(async |shared: Shared| {
        let [dies, lives] = shared.nodes().await;
        let ana = dies.confirmed_user("ana").await;
        let pool = &ana.client.pool;
        pool.invite("bea", "Temporary-1!", &[]).await;
        for group in ["doomed", "kept"] {
            pool.group(group).await;
            for name in ["ana", "bea"] {
                pool.add_to_group(name, group).await.unwrap();
            }
        }
        pool.delete_group("doomed").await.unwrap();
        let groups_at = async |node: &TestServer| {
            let tokens = ana.on(node).sign_in().await.unwrap();
            claims(&tokens.access)["cognito:groups"].clone()
        };
        for node in [&dies, &lives] {
            assert_eq!(groups_at(node).await, json!(["kept"]));
        }
        // It does one step, and holds the lease when it dies.
        let (now, until) = (dies.now(), dies.now().plus(seconds(60)));
        let step = async move |tx: &mut Tx| {
            assert!(leases::acquire(tx, "leftovers", "dies", now.0, until.0).await?);
            groups::delete_leftovers(tx, now, 1).await
        };
        assert!(dies.app().db.write("step", step).await.unwrap());
        assert_eq!(count(&lives, MEMBERSHIPS).await, 3);
        expire_some(lives.app(), "lives").await.unwrap();
        assert_eq!(count(&lives, MEMBERSHIPS).await, 3);
        lives.advance(seconds(61));
        while expire_some(lives.app(), "lives").await.unwrap() {}
        assert_eq!(count(&lives, MEMBERSHIPS).await, 2);
        assert_eq!(groups_at(&lives).await, json!(["kept"]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_joins_and_leaves_a_group_has_it_in_the_next_tokens_of_any_node() {
    for_each_shared_database(async |shared: Shared| {
        let [node, other] = shared.nodes().await;
        let ana = node.confirmed_user("ana").await;
        let pool = &ana.client.pool;
        let tokens = ana.on(&other).sign_in().await.unwrap();
        let groups = async || {
            let next = ana.on(&other).refresh(tokens.refresh()).await.unwrap();
            claims(&next.access).get("cognito:groups").cloned()
        };
        pool.group("staff").await;
        pool.add_to_group("ana", "staff").await.unwrap();
        assert_eq!(groups().await, Some(json!(["staff"])));
        pool.remove_from_group("ana", "staff").await.unwrap();
        assert_eq!(groups().await, None);
    })
    .await;
}

async fn count(server: &TestServer, sql: &'static str) -> i64 {
    let mut tx = server.app().db.read().await.unwrap();
    tx.query_one(sql, &[]).await.unwrap().int(0).unwrap()
}
