//! The secrets of an app client while one takes the place of the other.

use cognate_testkit::{TestClient, TestServer, for_each_database, op, refused};
use serde_json::{Value, json};

/// One of a custom client's own.
const OWN: &str = "An_own_secret+of_24_char";

fn of(client: &TestClient, own: Value) -> Value {
    let mut input = json!({"UserPoolId": client.pool.id, "ClientId": client.id});
    let members = own.as_object().unwrap().clone();
    input.as_object_mut().unwrap().extend(members);
    input
}

/// Adds a secret that the server makes; gives its id, and the client that knows it.
async fn rotate(client: &TestClient) -> (String, TestClient) {
    let server = &client.pool.server;
    let added = server.call::<op::AddUserPoolClientSecret>(of(client, json!({})));
    let added = added.await.unwrap().client_secret_descriptor.unwrap();
    let knows = TestClient {
        secret: added.client_secret_value,
        ..client.clone()
    };
    (added.client_secret_id.unwrap(), knows)
}

async fn delete(client: &TestClient, id: &str) -> (String, String) {
    let input = of(client, json!({"ClientSecretId": id}));
    let call = client
        .pool
        .server
        .call::<op::DeleteUserPoolClientSecret>(input);
    let error = call.await.err();
    error.map_or_else(Default::default, |error| (error.code, error.message))
}

async fn ids(client: &TestClient) -> Vec<String> {
    let call = client
        .pool
        .server
        .call::<op::ListUserPoolClientSecrets>(of(client, json!({})));
    let listed = call.await.unwrap().client_secrets.unwrap().into_iter();
    listed
        .map(|secret| secret.client_secret_id.unwrap())
        .collect()
}

async fn shown(client: &TestClient) -> Option<String> {
    let call = client
        .pool
        .server
        .call::<op::DescribeUserPoolClient>(of(client, json!({})));
    call.await.unwrap().user_pool_client.unwrap().client_secret
}

#[tokio::test]
async fn either_of_two_secrets_proves_the_client_and_a_deleted_one_does_not() {
    for_each_database(async |server| {
        let old = server.pool().await.client().secret().await;
        let ana = old.user("ana").confirmed().await;
        let first = ids(&old).await.remove(0);
        let (second, new) = rotate(&old).await;
        assert_ne!(old.secret, new.secret);
        for client in [&old, &new] {
            let at = ana.at(client);
            let tokens = at.sign_in().await.unwrap();
            at.sign_in_srp().await.unwrap();
            at.refresh(tokens.refresh()).await.unwrap();
            at.rotate(tokens.refresh()).await.unwrap();
            at.revoke(tokens.refresh()).await.unwrap();
        }
        assert_eq!(delete(&old, &first).await, Default::default());
        let told = refused(ana.at(&old).sign_in().await);
        let unable = format!("Unable to verify secret hash for client {}", old.id);
        assert_eq!(told.told(), ("NotAuthorizedException", unable.as_str()));
        ana.at(&new).sign_in().await.unwrap();
        let (third, newest) = rotate(&old).await;
        assert_eq!(delete(&old, &third).await, Default::default());
        refused(ana.at(&newest).sign_in().await);
        ana.at(&new).sign_in().await.unwrap();
        assert_eq!(ids(&old).await, [second]);
    })
    .await;
}

#[tokio::test]
async fn a_secret_is_told_where_it_is_made_and_nowhere_else() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().secret().await;
    let add = of(&client, json!({"ClientSecret": OWN}));
    let added = server
        .call::<op::AddUserPoolClientSecret>(add)
        .await
        .unwrap();
    let added = added.client_secret_descriptor.unwrap();
    assert_eq!(added.client_secret_value, None, "its owner has it");
    let list = server.prepare::<op::ListUserPoolClientSecrets>(of(&client, json!({})));
    let text = String::from_utf8(list.send().await.body.to_vec()).unwrap();
    for secret in [OWN, client.secret.as_deref().unwrap()] {
        assert!(!text.contains(secret), "{text}");
    }
    // The client is shown with the secret that it was made with, as long as that is active.
    assert_eq!(shown(&client).await, client.secret);
    let both = ids(&client).await;
    assert!(
        both.iter()
            .all(|id| id.starts_with(&format!("{}--", client.id)))
    );
    assert_eq!(delete(&client, &both[0]).await, Default::default());
    assert_eq!(shown(&client).await, None);
    let update = of(&client, json!({"ClientName": "renamed"}));
    server
        .call::<op::UpdateUserPoolClient>(update)
        .await
        .unwrap();
    assert_eq!(ids(&client).await, both[1..]);
}

#[tokio::test]
async fn what_would_leave_a_client_with_no_secret_or_three_is_refused() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    let client = pool.client().secret().await;
    let add = async |client: &TestClient, own: Value| {
        let call = server.call::<op::AddUserPoolClientSecret>(of(client, own));
        let error = refused(call.await);
        (error.code, error.message)
    };
    let told = |code: &str, message: &str| (code.to_owned(), message.to_owned());
    let invalid = |message: &str| told("InvalidParameterException", message);
    let first = ids(&client).await.remove(0);
    let last = "The last secret of an app client cannot be deleted.";
    assert_eq!(delete(&client, &first).await, invalid(last));
    let unknown = format!("Client secret {}--7 does not exist.", client.id);
    let code = "ResourceNotFoundException";
    assert_eq!(
        delete(&client, &format!("{}--7", client.id)).await,
        told(code, &unknown)
    );
    let again = json!({"ClientSecret": client.secret});
    let active = "This value is an active secret of the app client already.";
    assert_eq!(add(&client, again).await, invalid(active));
    for bad in [
        "too_short_by_one_letter",
        "not-of-the-pattern-it-has-to",
        &"x".repeat(65),
    ] {
        let (code, message) = add(&client, json!({"ClientSecret": bad})).await;
        assert_eq!(code, "InvalidParameterException");
        assert!(
            !message.contains(bad),
            "a secret is not repeated: {message}"
        );
    }
    let public = pool.client().await;
    let none = "The app client was made without a secret and cannot get one.";
    assert_eq!(add(&public, json!({})).await, invalid(none));
    assert_eq!(ids(&public).await, [""; 0]);
    let token = of(&client, json!({"NextToken": "more"}));
    let error = refused(server.call::<op::ListUserPoolClientSecrets>(token).await);
    assert_eq!(error.message, "Invalid pagination token given.");
    rotate(&client).await;
    let full = "The app client has two active secrets already; delete one first.";
    let limit = told("LimitExceededException", full);
    assert_eq!(add(&client, json!({})).await, limit);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_that_are_added_or_deleted_at_once_one_is() {
    for_each_database(async |server| {
        let client = server.pool().await.client().secret().await;
        let add = || server.call::<op::AddUserPoolClientSecret>(of(&client, json!({})));
        let (one, other) = tokio::join!(add(), add());
        let lost = [one.err(), other.err()].into_iter().flatten();
        let lost: Vec<_> = lost.map(|error| error.code).collect();
        assert_eq!(lost, ["LimitExceededException"]);
        let both = ids(&client).await;
        let (one, other) = tokio::join!(delete(&client, &both[0]), delete(&client, &both[1]));
        assert!(one.0.is_empty() != other.0.is_empty(), "{one:?} {other:?}");
        assert_eq!(ids(&client).await.len(), 1);
    })
    .await;
}
