//! What passes is told apart from what nobody can tell: 503 with a hint when to try again, and 500.

use cognate_store::Fault;
use cognate_testkit::{ApiError, TestServer, for_each_database, op, refused};
use serde_json::json;

const UNAVAILABLE: (&str, &str) = (
    "ServiceUnavailableException",
    "The service cannot answer at the moment; try again",
);

#[track_caller]
fn passes(error: &ApiError) {
    assert_eq!(error.told(), UNAVAILABLE);
    assert_eq!(error.status, 503);
    let seconds: u32 = error.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=10).contains(&seconds));
    assert_eq!(
        error.headers["x-amzn-errortype"],
        "ServiceUnavailableException"
    );
    // Scripts may read it.
    let exposed = error.headers["access-control-expose-headers"].to_str();
    assert!(exposed.unwrap().contains("Retry-After"));
}

#[tokio::test]
async fn a_write_that_the_database_could_not_take_may_be_tried_again() {
    for_each_database(async |server| {
        for fault in [Fault::Statement(1), Fault::BeforeCommit(1)] {
            server.faults().arm(Some("create_user_pool"), fault);
            let input = json!({"PoolName": "pool"});
            let error = refused(server.call::<op::CreateUserPool>(input.clone()).await);
            assert!(server.faults().disarm(), "{fault:?}");
            passes(&error);
            server.call::<op::CreateUserPool>(input).await.ok().unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_write_whose_outcome_nobody_can_tell_is_an_internal_error() {
    for_each_database(async |server| {
        let pool = server.pool().await;
        server
            .faults()
            .arm(Some("create_user_pool_client"), Fault::AfterCommit(1));
        let input = json!({"UserPoolId": pool.id, "ClientName": "app"});
        let error = refused(server.call::<op::CreateUserPoolClient>(input).await);
        assert!(server.faults().disarm());
        assert_eq!(error.told(), ("InternalErrorException", "Internal error."));
        assert_eq!(error.status, 500);
        assert!(!error.headers.contains_key("retry-after"));
    })
    .await;
}

#[tokio::test]
async fn without_a_database_every_door_says_when_to_come_back() {
    for_each_database(async |server| {
        let pool = server.pool().await;
        let client = pool.client().await;
        let sign_up = server.prepare::<op::SignUp>(client.user("ana").input());
        let describe = server.prepare::<op::DescribeUserPool>(json!({"UserPoolId": pool.id}));
        // A node that has nothing kept, as after a start.
        let node = server.node();
        node.app().db.close().await;
        passes(&sign_up.send().await.error());
        passes(&describe.send().await.error());
        for path in ["jwks.json", "openid-configuration"] {
            let (status, _) = node.get(&format!("/{}/.well-known/{path}", pool.id)).await;
            assert_eq!(status, 503, "{path}");
        }
        let confirm = "client_id=a1b2c3d4e5f6g7h8i9j0k1l2m3&user_name=ana&confirmation_code=123456";
        let restore = format!("token={}", "A".repeat(48));
        for (path, form) in [("/confirmUser", confirm), ("/restoreAddress", &restore)] {
            let request = axum::http::Request::post(path)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(axum::body::Body::from(form.to_owned()))
                .unwrap();
            let answer = node.raw(request).await;
            assert_eq!(answer.status(), 503, "{path}");
            assert!(answer.headers().contains_key("retry-after"), "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_operation_that_cannot_succeed_is_no_server_error() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    let id = &pool.id;
    for call in [
        server.prepare::<op::CreateUserPoolClient>(json!({"UserPoolId": id, "ClientName": "\0"})),
        server.prepare::<op::CreateUserPool>(json!({"PoolName": "x", "UserPoolTags": {"\0": "x"}})),
        server.prepare::<op::AdminGetUser>(json!({"UserPoolId": id, "Username": "\0"})),
        server.prepare::<op::ListUsers>(json!({"UserPoolId": id, "Filter": "sub = \"\0\""})),
        server.prepare::<op::ListUsers>(json!({"UserPoolId": id, "PaginationToken": "\0"})),
        server.prepare::<op::AddCustomAttributes>(json!({
            "UserPoolId": id, "CustomAttributes": [{"Name": "x", "AttributeDataType": "Number",
                "NumberAttributeConstraints": {"MinValue": "9999999999999999999999", "MaxValue": "1"}}],
        })),
    ] {
        let status = call.clone().send().await.status;
        assert!(status < 500, "{status}");
    }
}
