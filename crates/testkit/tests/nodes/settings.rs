//! What an operator changes on one node is seen on every node within two seconds, and what was kept
//! there meanwhile harms nobody.

use std::time::{Duration, Instant};

use cognate_service::access_keys;
use cognate_testkit::{Shared, TestClient, TestServer, for_each_shared_database, op, refused};
use serde_json::{Value, json};

/// What is promised.
const WITHIN: Duration = Duration::from_secs(2);

/// Waits until something is so, on every node.
async fn within_two_seconds(nodes: &[TestServer], is_so: impl AsyncFn(&TestServer) -> bool) {
    let began = Instant::now();
    for (number, node) in nodes.iter().enumerate() {
        loop {
            // Asked before the time is looked at: a slow answer is not the node's fault.
            let elapsed = began.elapsed();
            if is_so(node).await {
                break;
            }
            assert!(
                elapsed < WITHIN,
                "node {number} has not seen the change after {elapsed:?}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Code and sentence of the error that a call gets, or "".
async fn refusal<O: cognate_api::Operation>(node: &TestServer, input: Value) -> String
where
    O::Output: serde::de::DeserializeOwned,
{
    node.call::<O>(input)
        .await
        .err()
        .map(|error| format!("{}: {}", error.code, error.message))
        .unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flow_that_is_taken_from_an_app_client() {
    for_each_shared_database(async |shared: Shared| {
        let nodes: [TestServer; 3] = shared.nodes().await;
        let ana = nodes[0].confirmed_user("ana").await;
        for node in &nodes {
            ana.on(node).sign_in().await.unwrap();
        }
        let input = json!({"UserPoolId": ana.client.pool.id, "ClientId": ana.client.id, "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"]});
        nodes[0].call::<op::UpdateUserPoolClient>(input).await.unwrap();
        within_two_seconds(&nodes, async |node| ana.on(node).sign_in().await.is_err_and(|error| error.message.contains("not enabled"))).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_client_that_is_deleted() {
    for_each_shared_database(async |shared: Shared| {
        let nodes: [TestServer; 3] = shared.nodes().await;
        let ana = nodes[0].confirmed_user("ana").await;
        for node in &nodes {
            ana.on(node).sign_in().await.unwrap();
        }
        let input = json!({"UserPoolId": ana.client.pool.id, "ClientId": ana.client.id});
        nodes[0]
            .call::<op::DeleteUserPoolClient>(input)
            .await
            .unwrap();
        within_two_seconds(&nodes, async |node| {
            ana.on(node)
                .sign_in()
                .await
                .is_err_and(|error| error.code == "ResourceNotFoundException")
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_is_added_to_an_app_client_and_one_that_is_deleted() {
    for_each_shared_database(async |shared: Shared| {
        let nodes: [TestServer; 3] = shared.nodes().await;
        let client = nodes[0].pool().await.client().secret().await;
        let ana = client.user("ana").confirmed().await;
        for node in &nodes {
            ana.on(node).sign_in().await.unwrap();
        }
        let of_client = json!({"UserPoolId": client.pool.id, "ClientId": client.id});
        let added = nodes[0]
            .call::<op::AddUserPoolClientSecret>(&of_client)
            .await
            .unwrap();
        let added = added.client_secret_descriptor.unwrap();
        let knows = TestClient {
            secret: added.client_secret_value,
            ..client.clone()
        };
        let by_new = ana.at(&knows);
        within_two_seconds(&nodes, async |node| by_new.on(node).sign_in().await.is_ok()).await;
        let mut delete = of_client.clone();
        delete["ClientSecretId"] = added.client_secret_id.unwrap().into();
        nodes[0]
            .call::<op::DeleteUserPoolClientSecret>(delete)
            .await
            .unwrap();
        within_two_seconds(&nodes, async |node| {
            by_new.on(node).sign_in().await.is_err()
        })
        .await;
        ana.on(&nodes[1]).sign_in().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_policy() {
    for_each_shared_database(async |shared: Shared| {
        let nodes: [TestServer; 3] = shared.nodes().await;
        let client = nodes[0].pool().await.client().await;
        let input = |name: &str| client.about(name, json!({"Password": "Correct-Horse-1", "UserAttributes": []}));
        for (number, node) in nodes.iter().enumerate() {
            assert_eq!(refusal::<op::SignUp>(node, input(&format!("before{number}"))).await, "");
        }
        let longer = json!({"UserPoolId": client.pool.id, "Policies": {"PasswordPolicy": {"MinimumLength": 40}}});
        nodes[0].call::<op::UpdateUserPool>(longer).await.unwrap();
        // The same name again and again: who still may, is told that it is taken.
        within_two_seconds(&nodes, async |node| refusal::<op::SignUp>(node, input("before0")).await.starts_with("InvalidPasswordException")).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_pool_that_is_deleted() {
    for_each_shared_database(async |shared: Shared| {
        let nodes: [TestServer; 3] = shared.nodes().await;
        let ana = nodes[0].confirmed_user("ana").await;
        let tokens = ana.sign_in().await.unwrap();
        for node in &nodes {
            ana.on(node).get_user(&tokens.access).await.unwrap();
        }
        nodes[0]
            .call::<op::DeleteUserPool>(json!({"UserPoolId": ana.client.pool.id}))
            .await
            .unwrap();
        // Users and sessions are deleted later; they are out of reach without their pool.
        refused(ana.on(&nodes[0]).get_user(&tokens.access).await);
        within_two_seconds(&nodes, async |node| {
            ana.on(node).get_user(&tokens.access).await.is_err()
        })
        .await;
        within_two_seconds(&nodes, async |node| {
            ana.on(node)
                .sign_in()
                .await
                .is_err_and(|error| error.code == "ResourceNotFoundException")
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_access_key_that_is_deleted() {
    for_each_shared_database(async |shared: Shared| {
        let nodes: [TestServer; 3] = shared.nodes().await;
        let pool = nodes[0].pool().await;
        let key = nodes[0].access_key("deploy", &allow("cognito-idp:*")).await;
        let describe = json!({"UserPoolId": pool.id});
        for node in &nodes {
            node.prepare::<op::DescribeUserPool>(&describe)
                .signed_by(&key)
                .send()
                .await
                .success()
                .unwrap();
        }
        assert!(
            access_keys::delete(&nodes[0].app().db, "deploy")
                .await
                .unwrap()
        );
        within_two_seconds(&nodes, async |node| {
            let answer = node
                .prepare::<op::DescribeUserPool>(&describe)
                .signed_by(&key)
                .send()
                .await;
            answer
                .success()
                .is_err_and(|error| error.code == "UnrecognizedClientException")
        })
        .await;
    })
    .await;
}

fn allow(action: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})
}
