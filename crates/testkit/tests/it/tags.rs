//! Tags of user pools: TagResource, UntagResource, ListTagsForResource, and UpdateUserPool beside
//! them.

use std::collections::BTreeMap;

use cognate_testkit::{ApiError, TestPool, TestServer, for_each_database, op, refused};
use serde_json::{Map, Value, json};

async fn tags(pool: &TestPool) -> BTreeMap<String, String> {
    let input = json!({"ResourceArn": pool.arn()});
    let listed = pool.server.call::<op::ListTagsForResource>(input).await;
    let listed = listed.unwrap().tags.unwrap();
    let describe = json!({"UserPoolId": pool.id});
    let described = pool.server.call::<op::DescribeUserPool>(describe).await;
    let described = described.unwrap().user_pool.unwrap().user_pool_tags;
    assert_eq!(described.as_ref(), Some(&listed));
    listed
}

async fn tag(pool: &TestPool, tags: Value) -> Result<(), ApiError> {
    let input = json!({"ResourceArn": pool.arn(), "Tags": tags});
    pool.server.call::<op::TagResource>(input).await.map(drop)
}

async fn untag(pool: &TestPool, keys: Value) -> Result<(), ApiError> {
    let input = json!({"ResourceArn": pool.arn(), "TagKeys": keys});
    pool.server.call::<op::UntagResource>(input).await.map(drop)
}

fn expected<const N: usize>(tags: [(&str, &str); N]) -> BTreeMap<String, String> {
    let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
    tags.map(owned).into()
}

#[tokio::test]
async fn tags_are_added_changed_and_taken_away() {
    for_each_database(async |server| {
        let pool = server.pool().with("UserPoolTags", json!({"team": "a"}));
        let pool = pool.await;
        tag(&pool, json!({"team": "b", "stage": "test"}))
            .await
            .unwrap();
        let both = expected([("stage", "test"), ("team", "b")]);
        assert_eq!(tags(&pool).await, both);
        untag(&pool, json!(["team", "absent"])).await.unwrap();
        assert_eq!(tags(&pool).await, expected([("stage", "test")]));
        untag(&pool, json!(["stage"])).await.unwrap();
        assert_eq!(tags(&pool).await, expected([]));
    })
    .await;
}

#[tokio::test]
async fn an_update_without_tags_keeps_them_and_one_with_tags_replaces_them() {
    for_each_database(async |server| {
        let pool = server.pool().with("UserPoolTags", json!({"team": "a"}));
        let pool = pool.await;
        let update = async |members: Value| {
            let mut input = members;
            input["UserPoolId"] = json!(pool.id);
            server.call::<op::UpdateUserPool>(input).await.unwrap();
        };
        update(json!({"AutoVerifiedAttributes": ["email"]})).await;
        assert_eq!(tags(&pool).await, expected([("team", "a")]));
        update(json!({"UserPoolTags": {"stage": "test"}})).await;
        assert_eq!(tags(&pool).await, expected([("stage", "test")]));
        update(json!({"UserPoolTags": {}})).await;
        assert_eq!(tags(&pool).await, expected([]));
    })
    .await;
}

#[tokio::test]
async fn a_pool_has_fifty_tags_at_most_whichever_call_adds_them() {
    let server = TestServer::start().await;
    let some = |from: usize, to: usize| -> Map<String, Value> {
        (from..to).map(|n| (format!("k{n}"), json!("v"))).collect()
    };
    let pool = server.pool().with("UserPoolTags", some(0, 49)).await;
    tag(&pool, some(49, 50).into()).await.unwrap();
    // One that is there already is none more.
    tag(&pool, json!({"k0": "other"})).await.unwrap();
    let error = refused(tag(&pool, some(50, 51).into()).await);
    let sentence = "A user pool can have 50 tags at most";
    assert_eq!(error.told(), ("InvalidParameterException", sentence));
    assert_eq!(tags(&pool).await.len(), 50);
}

#[tokio::test]
async fn tags_keep_to_the_models_lengths_and_leave_awss_prefix_alone() {
    for_each_database(async |server| {
        let pool = server.pool().await;
        let odd = json!({"é".repeat(128): "v".repeat(256), "a\0b": "\0", "'; --": "\\\""});
        tag(&pool, odd.clone()).await.unwrap();
        assert_eq!(json!(tags(&pool).await), odd);
        for bad in [
            json!({"aws:x": "v"}),
            json!({"AWS:x": "v"}),
            json!({"": "v"}),
            json!({ "k".repeat(129): "v" }),
            json!({ "k": "v".repeat(257) }),
        ] {
            let error = refused(tag(&pool, bad.clone()).await);
            assert_eq!(error.code, "InvalidParameterException", "{bad}");
        }
        let error = refused(untag(&pool, json!(["k".repeat(129)])).await);
        assert_eq!(error.code, "InvalidParameterException");
        assert_eq!(json!(tags(&pool).await), odd);
    })
    .await;
}

#[tokio::test]
async fn an_arn_names_one_pool_and_nothing_like_it() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    let arn = pool.arn();
    for (other, named) in [
        (
            arn.replace(&pool.id, "us-east-1_Nobody123"),
            "us-east-1_Nobody123",
        ),
        (
            arn.replace("123456789012", "210987654321"),
            pool.id.as_str(),
        ),
        (arn.replace("aws:", "aws-cn:"), pool.id.as_str()),
        (arn.replace(":us-east-1:", ":us-east-2:"), pool.id.as_str()),
    ] {
        let input = json!({"ResourceArn": other});
        let error = refused(server.call::<op::ListTagsForResource>(input).await);
        let sentence = format!("User pool {named} does not exist.");
        assert_eq!(
            error.told(),
            ("ResourceNotFoundException", sentence.as_str())
        );
    }
    let input = json!({"ResourceArn": format!("pool {}", pool.id)});
    let error = refused(server.call::<op::ListTagsForResource>(input).await);
    assert_eq!(error.code, "InvalidParameterException");
}

#[tokio::test]
async fn a_policy_on_a_pool_holds_for_its_tags() {
    let server = TestServer::start().await;
    let (pool, other) = (server.pool().await, server.pool().await);
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "cognito-idp:*", "Resource": pool.arn()},
    ]});
    let key = server.access_key("careful", &policy).await;
    let calls = |arn: String| {
        [
            server.prepare::<op::TagResource>(json!({"ResourceArn": arn, "Tags": {"a": "b"}})),
            server.prepare::<op::ListTagsForResource>(json!({"ResourceArn": arn})),
            server.prepare::<op::UntagResource>(json!({"ResourceArn": arn, "TagKeys": ["a"]})),
        ]
    };
    for call in calls(pool.arn()) {
        let error = call.signed_by(&key).send().await.error();
        assert_eq!(error.code, "AccessDeniedException");
    }
    for call in calls(other.arn()) {
        call.signed_by(&key).send().await.success().unwrap();
    }
}
