//! Changes of one user pool on several nodes at once: one after the other, and none is lost.

use cognate_testkit::{Shared, TestServer, for_each_shared_database, op};
use futures_util::future::join_all;
use serde_json::{Value, json};

/// Changes a pool until it is done; a lost race is told in the words of the model.
async fn until_done<O: cognate_api::Operation>(node: &TestServer, input: Value)
where
    O::Output: serde::de::DeserializeOwned,
{
    loop {
        match node.call::<O>(&input).await {
            Ok(_) => return,
            Err(error) => {
                let lost = [
                    "ConcurrentModificationException",
                    "TooManyRequestsException",
                ];
                let unavailable = error.code == "ServiceUnavailableException";
                assert!(
                    lost.contains(&error.code.as_str()) || unavailable,
                    "{error:?}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tags_attributes_and_settings_of_one_pool_are_all_kept() {
    for_each_shared_database(async |shared: Shared| {
        let nodes: [TestServer; 3] = shared.nodes().await;
        let pool = nodes[0].pool().await;
        let (arn, id) = (pool.arn(), &pool.id);
        let changes = (0..12).map(|number| {
            let node = &nodes[number % 3];
            let arn = &arn;
            async move {
                let tags = json!({"ResourceArn": arn, "Tags": {format!("k{number}"): "v"}});
                until_done::<op::TagResource>(node, tags).await;
                let attribute =
                    json!([{"Name": format!("a{number}"), "AttributeDataType": "String"}]);
                let attributes = json!({"UserPoolId": id, "CustomAttributes": attribute});
                until_done::<op::AddCustomAttributes>(node, attributes).await;
                let named = json!({"UserPoolId": id, "PoolName": format!("p{number}")});
                until_done::<op::UpdateUserPool>(node, named).await;
            }
        });
        join_all(changes).await;
        let input = json!({"UserPoolId": id});
        let shown = nodes[1].call::<op::DescribeUserPool>(input).await.unwrap();
        let shown = shown.user_pool.unwrap();
        assert_eq!(shown.user_pool_tags.unwrap().len(), 12);
        let schema = shown.schema_attributes.unwrap().into_iter();
        let custom = schema.filter(|attribute| {
            attribute
                .name
                .as_deref()
                .is_some_and(|name| name.starts_with("custom:"))
        });
        assert_eq!(custom.count(), 12);
    })
    .await;
}
