//! IssuerConfiguration: the second form of a pool's issuer.

use cognate_testkit::{TestPool, TestServer, TestUser, for_each_database, op, refused};
use serde_json::{Value, json};

const UPDATED: &str = "https://issuer.{region}.cognate.test/{pool}";

async fn with_two_forms() -> TestServer {
    TestServer::builder().issuer_updated(UPDATED).start().await
}

fn updated(pool: &TestPool) -> String {
    UPDATED
        .replace("{region}", "us-east-1")
        .replace("{pool}", &pool.id)
}

async fn set(pool: &TestPool, members: Value) {
    let mut input = json!({"UserPoolId": pool.id});
    input
        .as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    pool.server.call::<op::UpdateUserPool>(input).await.unwrap();
}

fn form(name: &str) -> Value {
    json!({"IssuerConfiguration": {"Type": name}})
}

/// The issuer that the pool's document names.
async fn discovered(pool: &TestPool) -> String {
    let path = format!("/{}/.well-known/openid-configuration", pool.id);
    let document: Value = serde_json::from_str(&pool.server.get(&path).await.1).unwrap();
    document["issuer"].as_str().unwrap().to_owned()
}

/// The issuers of the tokens of a new sign-in, which Cognate takes back.
async fn issued(ana: &TestUser) -> [String; 2] {
    let tokens = ana.sign_in().await.unwrap();
    ana.get_user(&tokens.access).await.unwrap();
    [&tokens.id, &tokens.access].map(|token| {
        let claims = cognate_testkit::claims(token);
        claims["iss"].as_str().unwrap().to_owned()
    })
}

#[tokio::test]
async fn an_updated_issuer_is_in_tokens_and_documents_and_a_change_ends_no_token() {
    let server = with_two_forms().await;
    let pool = server.pool().await;
    let ana = pool.client().await.user("ana").confirmed().await;
    let (first, second) = (pool.issuer(), updated(&pool));
    let before = ana.sign_in().await.unwrap();
    assert_eq!(discovered(&pool).await, first);
    for (name, issuer) in [
        ("UPDATED", &second),
        ("ORIGINAL", &first),
        ("UPDATED", &second),
    ] {
        set(&pool, form(name)).await;
        assert_eq!(discovered(&pool).await, *issuer);
        assert_eq!(issued(&ana).await, [issuer.clone(), issuer.clone()]);
        ana.get_user(&before.access).await.unwrap();
        ana.refresh(before.refresh()).await.unwrap();
    }
    // A tool that does not know the member changes nothing.
    set(&pool, json!({})).await;
    set(&pool, json!({"IssuerConfiguration": {}})).await;
    assert_eq!(discovered(&pool).await, second);
}

#[tokio::test]
async fn the_form_is_shown_where_it_was_written() {
    for_each_database(async |server| {
        let node = server.node_with_second_issuer(UPDATED);
        let shown = async |pool: &TestPool| {
            let input = json!({"UserPoolId": pool.id});
            let pool = node
                .call::<op::DescribeUserPool>(input)
                .await
                .unwrap()
                .user_pool
                .unwrap();
            serde_json::to_value(pool.issuer_configuration).unwrap()
        };
        let silent = node.pool().await;
        assert_eq!(shown(&silent).await, Value::Null);
        let pool = node
            .pool()
            .with("IssuerConfiguration", json!({"Type": "UPDATED"}))
            .await;
        assert_eq!(shown(&pool).await, json!({"Type": "UPDATED"}));
        set(&pool, form("ORIGINAL")).await;
        assert_eq!(shown(&pool).await, json!({"Type": "ORIGINAL"}));
    })
    .await;
}

#[tokio::test]
async fn without_a_second_form_updated_is_refused_and_a_pool_that_has_it_goes_on() {
    let server = with_two_forms().await;
    let pool = server
        .pool()
        .with("IssuerConfiguration", json!({"Type": "UPDATED"}))
        .await;
    let plain = server.node_without_second_issuer();
    let told = "IssuerConfiguration UPDATED needs a second form of issuer, which this server does not have. Its operator names one with --issuer-updated.";
    let new = plain
        .pool()
        .with("IssuerConfiguration", json!({"Type": "UPDATED"}));
    let error = refused(new.create().await);
    assert_eq!(error.told(), ("InvalidParameterException", told));
    let other = plain.pool().await;
    let input = json!({"UserPoolId": other.id, "IssuerConfiguration": {"Type": "UPDATED"}});
    let error = refused(plain.call::<op::UpdateUserPool>(input).await);
    assert_eq!(error.told(), ("InvalidParameterException", told));
    let input = json!({"UserPoolId": pool.id, "AutoVerifiedAttributes": ["email"]});
    plain.call::<op::UpdateUserPool>(input).await.unwrap();
}
