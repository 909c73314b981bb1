//! Rates of requests, by category, pool, app client and user. Off unless the operator switches them
//! on.

use std::time::Duration;

use cognate_api::Operation;
use cognate_service::server_settings::{self, Subject};
use cognate_testkit::{ApiError, TestPool, TestServer, for_each_database, op, refused, seconds};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const TOO_MANY: (&str, &str) = ("TooManyRequestsException", "Too many requests");

async fn rated(rates: &[&str]) -> TestServer {
    TestServer::builder().request_rates(rates).start().await
}

/// How many calls in a row are let through, of some more than there may be.
async fn let_through<O: Operation>(server: &TestServer, input: &Value) -> usize
where
    O::Output: DeserializeOwned,
{
    for number in 0..40 {
        match server.call::<O>(input).await {
            Err(error) if error.told() == TOO_MANY => return number,
            _ => {}
        }
    }
    panic!("{} meets no rate", O::NAME)
}

fn of(category: &str) -> Value {
    let attributes = json!({"Category": category});
    json!({"LimitClass": "API_CATEGORY", "Attributes": attributes})
}

/// What is provisioned of a category, and what is free.
async fn limit(server: &TestServer, category: &str) -> Result<(i32, i32), ApiError> {
    server.advance(seconds(1));
    let input = json!({"LimitDefinition": of(category)});
    let limit = server.call::<op::GetProvisionedLimit>(input).await?.limit;
    Ok((limit.provisioned_limit_value, limit.free_limit_value))
}

async fn provision(server: &TestServer, category: &str, rate: i32) -> Result<(), ApiError> {
    server.advance(seconds(1));
    let input = json!({"LimitDefinition": of(category), "RequestedLimitValue": rate});
    let updated = server.call::<op::UpdateProvisionedLimit>(input).await?;
    assert_eq!(updated.limit.provisioned_limit_value, rate);
    Ok(())
}

#[tokio::test]
async fn without_request_rates_there_are_no_limits_to_provision() {
    let server = TestServer::start().await;
    let told = "This server enforces no request rates, and has no such limits. Its operator switches them on with --request-rates.";
    for error in [
        refused(limit(&server, "UserRead").await),
        refused(provision(&server, "UserRead", 500).await),
    ] {
        assert_eq!(error.told(), ("ResourceNotFoundException", told));
    }
}

#[tokio::test]
async fn a_limit_is_provisioned_between_what_is_free_and_the_maximum() {
    for_each_database(async |server| {
        let server = server.node_with_rates(&["UserRead=20-60"]);
        assert_eq!(limit(&server, "UserRead").await.unwrap(), (20, 20));
        provision(&server, "UserRead", 60).await.unwrap();
        assert_eq!(limit(&server, "UserRead").await.unwrap(), (60, 20));
        for (category, rate, code) in [
            ("UserRead", 61, "ServiceQuotaExceededException"),
            ("UserRead", 19, "InvalidParameterException"),
            ("UserRead", -1, "InvalidParameterException"),
            ("UserList", 31, "ServiceQuotaExceededException"),
            ("UserLists", 30, "ResourceNotFoundException"),
        ] {
            let error = refused(provision(&server, category, rate).await);
            assert_eq!(error.code, code, "{category} {rate}");
        }
        for attributes in [json!({}), json!({"Category": "UserRead", "Pool": "x"})] {
            server.advance(seconds(1));
            let definition = json!({"LimitClass": "API_CATEGORY", "Attributes": attributes});
            let input = json!({"LimitDefinition": definition});
            let error = refused(server.call::<op::GetProvisionedLimit>(input).await);
            assert_eq!(error.code, "InvalidParameterException");
        }
        assert_eq!(limit(&server, "UserRead").await.unwrap(), (60, 20));
        provision(&server, "UserRead", 20).await.unwrap();
        // It is free now, and follows what the operator says.
        let other = server.node_with_rates(&["UserRead=30"]);
        assert_eq!(limit(&other, "UserRead").await.unwrap(), (30, 30));
    })
    .await;
}

#[tokio::test]
async fn a_category_has_its_rate_which_flows_back_and_can_be_raised() {
    let server = rated(&["UserPoolRead=4", "UserPoolRead=4-8"]).await;
    let list = json!({"MaxResults": 1});
    assert_eq!(let_through::<op::ListUserPools>(&server, &list).await, 4);
    let pool = server.pool().await;
    let describe = json!({"UserPoolId": pool.id});
    assert_eq!(
        let_through::<op::DescribeUserPool>(&server, &describe).await,
        0
    );
    server.advance(Duration::from_millis(500));
    assert_eq!(
        let_through::<op::DescribeUserPool>(&server, &describe).await,
        2
    );
    server.advance(seconds(60));
    assert_eq!(let_through::<op::ListUserPools>(&server, &list).await, 4);
    provision(&server, "UserPoolRead", 8).await.unwrap();
    server.advance(seconds(60));
    assert_eq!(let_through::<op::ListUserPools>(&server, &list).await, 8);
}

#[tokio::test]
async fn what_was_provisioned_on_one_node_holds_on_another_after_its_next_beat() {
    for_each_database(async |server| {
        let rates = &["UserPoolRead=4-8"];
        let (first, second) = (server.node_with_rates(rates), server.node_with_rates(rates));
        provision(&first, "UserPoolRead", 8).await.unwrap();
        let list = json!({"MaxResults": 1});
        assert_eq!(let_through::<op::ListUserPools>(&second, &list).await, 4);
        second.beat().await;
        second.advance(seconds(60));
        assert_eq!(let_through::<op::ListUserPools>(&second, &list).await, 8);
    })
    .await;
}

#[tokio::test]
async fn a_sign_in_has_three_answers_beside_it_and_a_new_password_is_a_recovery() {
    let server = rated(&["UserAuthentication=2", "UserAccountRecovery=3"]).await;
    let client = server.pool().await.client().await;
    let answer = |challenge: &str| json!({"ClientId": client.id, "ChallengeName": challenge, "Session": "made-up-session-of-twenty"});
    let mfa = answer("SMS_MFA");
    assert_eq!(
        let_through::<op::RespondToAuthChallenge>(&server, &mfa).await,
        2 * 3 + 2
    );
    let parameters = json!({"USERNAME": "ana", "PASSWORD": "x"});
    let begin = client.initiation("USER_PASSWORD_AUTH", &parameters);
    assert_eq!(let_through::<op::InitiateAuth>(&server, &begin).await, 0);
    let new = answer("NEW_PASSWORD_REQUIRED");
    assert_eq!(
        let_through::<op::RespondToAuthChallenge>(&server, &new).await,
        3
    );
}

#[tokio::test]
async fn an_operation_on_what_a_pool_has_is_done_five_times_a_second_on_one_pool() {
    let server = rated(&["cognito"]).await;
    let (pool, other) = (server.pool().await, server.pool().await);
    server.advance(seconds(1));
    let of = |pool: &TestPool| json!({"UserPoolId": pool.id});
    assert_eq!(
        let_through::<op::GetUserPoolMfaConfig>(&server, &of(&pool)).await,
        5
    );
    server
        .call::<op::GetUserPoolMfaConfig>(of(&other))
        .await
        .unwrap();
    let tags = json!({"ResourceArn": pool.arn()});
    assert_eq!(
        let_through::<op::ListTagsForResource>(&server, &tags).await,
        5
    );
}

#[tokio::test]
async fn a_user_is_read_and_changed_ten_times_a_second() {
    let server = rated(&["cognito"]).await;
    let ana = server.confirmed_user("ana").await;
    let tokens = ana.sign_in().await.unwrap();
    server.advance(seconds(1));
    let about = |name: &str, own: Value| {
        let mut input = json!({"UserPoolId": ana.client.pool.id, "Username": name});
        input
            .as_object_mut()
            .unwrap()
            .extend(own.as_object().unwrap().clone());
        input
    };
    let read = about("ana", json!({}));
    assert_eq!(let_through::<op::AdminGetUser>(&server, &read).await, 10);
    let other = about("eve", json!({}));
    let error = refused(server.call::<op::AdminGetUser>(other).await);
    assert_eq!(error.code, "UserNotFoundException");
    let change = about(
        "ana",
        json!({"UserAttributes": [{"Name": "name", "Value": "Ana"}]}),
    );
    assert_eq!(
        let_through::<op::AdminUpdateUserAttributes>(&server, &change).await,
        10
    );
    // By the token whose first use proves whose it is.
    let own = json!({"AccessToken": tokens.access});
    assert_eq!(let_through::<op::GetUser>(&server, &own).await, 11);
}

#[tokio::test]
async fn a_stranger_holds_nobody_up_by_naming_them() {
    let server = rated(&["cognito"]).await;
    let ana = server.confirmed_user("ana").await;
    server.advance(seconds(1));
    for _ in 0..20 {
        let error = refused(ana.confirm("000000").await);
        assert_ne!(error.told(), TOO_MANY);
        let forged = json!({"AccessToken": "eyJ.eyJ.x"});
        let error = refused(server.call::<op::GetUser>(forged).await);
        assert_eq!(error.code, "NotAuthorizedException");
    }
    ana.sign_in().await.unwrap();
}

#[tokio::test]
async fn a_pool_and_an_app_client_have_the_rates_that_the_operator_sets() {
    let server = rated(&["cognito"]).await;
    let client = server.pool().await.client().await;
    let other = client.pool.client().await;
    let (of_pool, of_client) = (
        Subject {
            pool: client.pool.id.clone(),
            client: None,
        },
        Subject {
            pool: client.pool.id.clone(),
            client: Some(client.id.clone()),
        },
    );
    let db = &server.app().db;
    for (of, rate) in [(&of_pool, "9"), (&of_client, "3")] {
        server_settings::set(db, of, "requests-per-second", Some(rate))
            .await
            .unwrap();
    }
    let parameters = json!({"USERNAME": "ana", "PASSWORD": "x"});
    let begin =
        |client: &cognate_testkit::TestClient| client.initiation("USER_PASSWORD_AUTH", &parameters);
    let server = server.node_with_rates(&["cognito"]);
    assert_eq!(
        let_through::<op::InitiateAuth>(&server, &begin(&client)).await,
        3
    );
    // What the client was refused took nothing of the pool.
    assert_eq!(
        let_through::<op::InitiateAuth>(&server, &begin(&other)).await,
        6
    );
    let read = json!({"UserPoolId": client.pool.id});
    assert_eq!(let_through::<op::ListUsers>(&server, &read).await, 0);
}

#[tokio::test]
async fn who_may_not_call_takes_nothing_from_who_may() {
    let server = rated(&["UserPoolRead=2"]).await;
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "cognito-idp:ListUsers", "Resource": "*"}]});
    let key = server.access_key("users", &policy).await;
    let list = json!({"MaxResults": 1});
    for _ in 0..5 {
        let call = server.prepare::<op::ListUserPools>(&list).signed_by(&key);
        assert_eq!(call.send().await.error().code, "AccessDeniedException");
    }
    assert_eq!(let_through::<op::ListUserPools>(&server, &list).await, 2);
}
