//! ReadAttributes and WriteAttributes of app clients: which lists there are, and what the default
//! set is.

use cognate_testkit::{
    ApiError, ClientBuilder, TestClient, TestPool, TestServer, claims, for_each_database, op,
    refused,
};
use serde_json::{Value, json};

use crate::attributes::shown;
use crate::sentences::NOT_WRITABLE;

async fn pool_with_role(server: &TestServer) -> TestPool {
    server
        .pool()
        .schema(json!([{"Name": "role", "AttributeDataType": "String", "Mutable": true}]))
        .await
}

fn with_empty_lists(client: ClientBuilder) -> ClientBuilder {
    client.read([]).write([])
}

async fn described(client: &TestClient) -> Value {
    let input = json!({"UserPoolId": client.pool.id, "ClientId": client.id});
    let answer = client
        .pool
        .server
        .prepare::<op::DescribeUserPoolClient>(input);
    let body = answer.send().await.success().unwrap();
    serde_json::from_slice::<Value>(&body).unwrap()["UserPoolClient"].clone()
}

async fn update(client: &TestClient, members: Value) -> Result<(), ApiError> {
    let mut input = json!({
        "UserPoolId": client.pool.id, "ClientId": client.id, "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH"],
    });
    let members = members.as_object().unwrap().clone();
    input.as_object_mut().unwrap().extend(members);
    let server = &client.pool.server;
    server
        .call::<op::UpdateUserPoolClient>(input)
        .await
        .map(drop)
}

/// Signs a user up with a custom attribute, who then changes it, reads it and finds it in the ID
/// token.
async fn reads_and_writes_role(client: &TestClient, name: &str) {
    let user = client.user(name).attribute("custom:role", "cook");
    let user = user.confirmed().await;
    let tokens = user.sign_in().await.unwrap();
    let update = user.update(&tokens.access, &[("custom:role", "chief")]);
    update.await.unwrap();
    let role = ("custom:role".to_owned(), "chief".to_owned());
    assert!(shown(&user, &tokens).await.contains(&role));
    let tokens = user.sign_in().await.unwrap();
    assert_eq!(claims(&tokens.id)["custom:role"], "chief");
}

#[tokio::test]
async fn users_of_a_client_that_names_no_attributes_have_custom_ones_too() {
    for_each_database(async |server| {
        let pool = pool_with_role(&server).await;
        reads_and_writes_role(&pool.client().await, "ana").await;
        reads_and_writes_role(&with_empty_lists(pool.client()).await, "eve").await;
    })
    .await;
}

#[tokio::test]
async fn an_attribute_that_joins_the_pool_later_joins_the_default_set() {
    for_each_database(async |server| {
        let pool = server.pool().await;
        let client = pool.client().await;
        let told = client.user("eve").attribute("custom:role", "cook");
        assert_eq!(
            refused(told.sign_up().await).code,
            "InvalidParameterException"
        );
        let add = json!({"UserPoolId": pool.id, "CustomAttributes": [{"Name": "role", "AttributeDataType": "String"}]});
        server.call::<op::AddCustomAttributes>(add).await.unwrap();
        reads_and_writes_role(&client, "ana").await;
    })
    .await;
}

#[tokio::test]
async fn an_update_with_empty_lists_leaves_users_their_attributes() {
    for_each_database(async |server| {
        let pool = pool_with_role(&server).await;
        let client = pool.client().await;
        update(
            &client,
            json!({"ReadAttributes": [], "WriteAttributes": []}),
        )
        .await
        .unwrap();
        reads_and_writes_role(&client, "ana").await;
        // From a list back to the default set.
        update(
            &client,
            json!({"ReadAttributes": ["email"], "WriteAttributes": ["email"]}),
        )
        .await
        .unwrap();
        let eve = client.user("eve").attribute("custom:role", "cook");
        assert_eq!(refused(eve.sign_up().await).told(), NOT_WRITABLE);
        update(
            &client,
            json!({"ReadAttributes": [], "WriteAttributes": []}),
        )
        .await
        .unwrap();
        reads_and_writes_role(&client, "eve").await;
    })
    .await;
}

#[tokio::test]
async fn a_client_is_shown_with_the_lists_that_it_was_given_and_with_no_others() {
    let server = TestServer::start().await;
    let pool = pool_with_role(&server).await;
    for client in [pool.client().await, with_empty_lists(pool.client()).await] {
        let shown = described(&client).await;
        assert_eq!(shown.get("ReadAttributes"), None);
        assert_eq!(shown.get("WriteAttributes"), None);
    }
    let client = pool.client().read(["custom:role", "email"]).write(["name"]);
    let shown = described(&client.await).await;
    assert_eq!(shown["ReadAttributes"], json!(["custom:role", "email"]));
    assert_eq!(shown["WriteAttributes"], json!(["name"]));
}

#[tokio::test]
async fn the_default_set_holds_nothing_that_is_for_operators_to_write() {
    let server = TestServer::start().await;
    let schema =
        json!([{"Name": "risk", "AttributeDataType": "String", "DeveloperOnlyAttribute": true}]);
    let pool = server.pool().schema(schema).await;
    for client in [pool.client().await, with_empty_lists(pool.client()).await] {
        let name = format!("user{}", client.id);
        let ana = client.user(&name).confirmed().await;
        let tokens = ana.sign_in().await.unwrap();
        for flag in ["email_verified", "phone_number_verified", "dev:custom:risk"] {
            let update = ana.update(&tokens.access, &[(flag, "true")]).await;
            assert_eq!(refused(update).told(), NOT_WRITABLE, "{flag}");
        }
    }
}

#[tokio::test]
async fn a_list_to_write_has_what_the_pool_requires() {
    let server = TestServer::start().await;
    let pool = server
        .pool()
        .schema(json!([{"Name": "email", "Required": true}]))
        .await;
    let told = refused(pool.client().write(["name"]).create().await);
    let sentence = "Invalid write attributes specified while creating a client";
    assert_eq!(told.told(), ("InvalidParameterException", sentence));
    // But the default set has everything.
    with_empty_lists(pool.client()).await;
}
