//! Operations that the operator has switched off. That each of them is refused, and in which words,
//! is in errors.rs.

use axum::body::Body;
use axum::http::Request;
use cognate_api::operations;
use cognate_api::{ErrorCode, Service};
use cognate_testkit::{TestServer, for_each_database, op, refused};
use serde_json::json;

#[test]
fn each_operation_lists_the_error_that_says_it_is_off() {
    let of_pools = operations().filter(|info| info.service == Service::CognitoIdp);
    for operation in of_pools {
        let lists = |code| operation.errors.contains(&code);
        let is_told = lists(ErrorCode::OperationNotEnabled)
            || lists(ErrorCode::NotAuthorized)
            || lists(ErrorCode::InvalidParameter);
        assert!(is_told, "{}", operation.name);
    }
}

#[tokio::test]
async fn what_is_off_does_nothing_and_everything_else_goes_on() {
    for_each_database(async |server| {
        let ana = server.confirmed_user("ana").await;
        let node = server.node_with_operations_off(["SignUp"].into_iter());
        let client = ana.client.on(&node);
        let error = refused(client.user("eve").sign_up().await);
        assert_eq!(error.code, "OperationNotEnabledException");
        ana.on(&node).sign_in().await.unwrap();
        let eve = json!({"UserPoolId": client.pool.id, "Username": "eve"});
        let error = refused(node.call::<op::AdminGetUser>(eve).await);
        assert_eq!(error.code, "UserNotFoundException");
        ana.client.user("eve").await;
    })
    .await;
}

#[tokio::test]
async fn who_may_not_call_an_operation_is_not_told_that_it_is_off() {
    let server = TestServer::start().await;
    let node = server.node_with_operations_off(["ListUserPools"].into_iter());
    let list = json!({"MaxResults": 1});
    let unsigned = node.prepare::<op::ListUserPools>(&list).unsigned();
    let error = unsigned.send().await.error();
    assert_eq!(error.code, "MissingAuthenticationTokenException");
}

#[tokio::test]
async fn a_link_confirms_nobody_while_confirm_sign_up_is_off() {
    let server = TestServer::start().await;
    let pool = server.pool().link().await;
    let client = pool.client().await;
    client.user("ana").await;
    let mail = server.mailbox("ana@example.com").await;
    let (_, code) = mail.last_text().split_once("confirmation_code=").unwrap();
    let code: String = code
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect();
    let press = async |server: &TestServer| {
        let form = format!(
            "client_id={}&user_name=ana&confirmation_code={code}",
            client.id
        );
        let request = Request::post("/confirmUser")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(form));
        server.raw(request.unwrap()).await.status().as_u16()
    };
    let off = server.node_with_operations_off(["ConfirmSignUp"].into_iter());
    assert_eq!(press(&off).await, 400);
    assert_eq!(pool.status("ana").await, "UNCONFIRMED");
    assert_eq!(press(&server).await, 200);
    assert_eq!(pool.status("ana").await, "CONFIRMED");
}
