//! What ends a session ends it on every node at once: the next request already is refused.

use cognate_testkit::{
    Shared, TestServer, TestUser, Tokens, for_each_shared_database, op, refused,
};
use serde_json::json;

/// Ends the session of a user who is used by all nodes, by a deed at the first, and asks all:
/// `GetUser` says which.
async fn ends_everywhere(shared: &Shared, says: &str, deed: impl AsyncFnOnce(&TestUser, &Tokens)) {
    let nodes: [TestServer; 3] = shared.nodes().await;
    let ana = nodes[0].confirmed_user("ana").await;
    let tokens = ana.sign_in().await.unwrap();
    for node in &nodes {
        ana.on(node).get_user(&tokens.access).await.unwrap();
        ana.on(node).refresh(tokens.refresh()).await.unwrap();
    }
    deed(&ana, &tokens).await;
    for node in &nodes {
        let ana = ana.on(node);
        assert_eq!(refused(ana.get_user(&tokens.access).await).code, says);
        assert_eq!(
            refused(ana.refresh(tokens.refresh()).await).code,
            "NotAuthorizedException"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_token() {
    for_each_shared_database(async |shared: Shared| {
        ends_everywhere(&shared, "NotAuthorizedException", async |ana, tokens| {
            ana.revoke(tokens.refresh()).await.unwrap();
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_out_everywhere() {
    for_each_shared_database(async |shared: Shared| {
        ends_everywhere(&shared, "NotAuthorizedException", async |ana, tokens| {
            ana.sign_out_everywhere(&tokens.access).await.unwrap();
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_that_is_changed_in_another_session() {
    for_each_shared_database(async |shared: Shared| {
        ends_everywhere(&shared, "NotAuthorizedException", async |ana, _| {
            let other = ana.sign_in().await.unwrap();
            ana.change_password(&other.access, "Another-Horse-2")
                .await
                .unwrap();
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_that_an_operator_sets() {
    for_each_shared_database(async |shared: Shared| {
        ends_everywhere(&shared, "NotAuthorizedException", async |ana, _| {
            let pool = &ana.client.pool;
            let input = json!({"UserPoolId": pool.id, "Username": "ana", "Password": "Another-Horse-2", "Permanent": true});
            pool.server.call::<op::AdminSetUserPassword>(input).await.unwrap();
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_who_is_disabled() {
    for_each_shared_database(async |shared: Shared| {
        ends_everywhere(&shared, "NotAuthorizedException", async |ana, _| {
            ana.client.pool.disable("ana").await;
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_who_is_deleted() {
    for_each_shared_database(async |shared: Shared| {
        ends_everywhere(&shared, "UserNotFoundException", async |ana, _| {
            ana.client.pool.delete_user("ana").await;
        })
        .await;
    })
    .await;
}

/// A sign-in that had checked the password before it was changed must not begin a session
/// afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_that_is_under_way_when_the_password_changes_leaves_no_session() {
    for_each_shared_database(async |shared: Shared| {
        let nodes: [TestServer; 3] = shared.nodes().await;
        let ana = nodes[0].confirmed_user("ana").await;
        for round in 0..6 {
            let password = format!("Another-Horse-{round}");
            let known = if round == 0 { ana.clone() } else { ana.with_password(&format!("Another-Horse-{}", round - 1)) };
            let sign_ins = nodes.iter().cycle().take(6).map(async |node| known.on(node).sign_in().await.ok());
            let change = async {
                let input = json!({"UserPoolId": ana.client.pool.id, "Username": "ana", "Password": password, "Permanent": true});
                nodes[1].call::<op::AdminSetUserPassword>(input).await.unwrap();
            };
            let (begun, ()) = tokio::join!(futures_util::future::join_all(sign_ins), change);
            for tokens in begun.into_iter().flatten() {
                refused(ana.refresh(tokens.refresh()).await);
            }
        }
    })
    .await;
}
