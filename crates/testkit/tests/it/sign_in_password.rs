//! USER_PASSWORD_AUTH and ADMIN_USER_PASSWORD_AUTH, and the lock against guessing.

use cognate_testkit::{
    PASSWORD, TestServer, TestUser, for_each_database, minutes, op, refused, seconds,
};
use futures_util::future::join_all;
use serde_json::json;

use crate::sentences::{DISABLED, LOCKED, NO_SUCH_USER, WRONG_PASSWORD};

async fn fail(user: &TestUser, times: usize) {
    let wrong = user.with_password("Wrong-Horse-1");
    for _ in 0..times {
        assert_eq!(refused(wrong.sign_in().await).told(), WRONG_PASSWORD);
    }
}

#[tokio::test]
async fn the_right_password_signs_in_and_another_does_not() {
    for_each_database(async |server| {
        let ana = server.confirmed_user("ana").await;
        assert_eq!(
            refused(ana.with_password("Wrong-Horse-1").sign_in().await).told(),
            WRONG_PASSWORD
        );
        let tokens = ana.sign_in().await.unwrap();
        assert_eq!(tokens.expires_in, 3600);
        ana.initiate_by_operator().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn four_failures_do_not_lock_and_the_fifth_does() {
    for_each_database(async |server| {
        let ana = server.confirmed_user("ana").await;
        fail(&ana, 4).await;
        ana.sign_in().await.unwrap();
        fail(&ana, 5).await;
        assert_eq!(refused(ana.sign_in().await).told(), LOCKED);
    })
    .await;
}

#[tokio::test]
async fn each_further_failure_locks_for_twice_as_long_up_to_fifteen_minutes() {
    let server = TestServer::start().await;
    let ana = server.confirmed_user("ana").await;
    fail(&ana, 4).await;
    for lock in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512] {
        fail(&ana, 1).await;
        server.advance(seconds(lock) - seconds(1));
        assert_eq!(refused(ana.sign_in().await).told(), LOCKED, "{lock} s");
        server.advance(seconds(1));
    }
    fail(&ana, 1).await;
    server.advance(minutes(15) - seconds(1));
    assert_eq!(refused(ana.sign_in().await).told(), LOCKED);
    server.advance(seconds(1));
    ana.sign_in().await.unwrap();
}

#[tokio::test]
async fn attempts_while_locked_do_not_extend_the_lock() {
    let server = TestServer::start().await;
    let ana = server.confirmed_user("ana").await;
    fail(&ana, 5).await;
    for span in [1, 2] {
        server.advance(seconds(span));
        fail(&ana, 1).await;
    }
    // Locked for four seconds from here.
    for _ in 0..3 {
        server.advance(seconds(1));
        assert_eq!(
            refused(ana.with_password("Wrong-Horse-1").sign_in().await).told(),
            LOCKED
        );
        assert_eq!(refused(ana.sign_in_srp().await).told(), LOCKED);
    }
    server.advance(seconds(1));
    ana.sign_in().await.unwrap();
}

#[tokio::test]
async fn a_sign_in_forgets_the_failures_before_it() {
    let ana = TestServer::start().await.confirmed_user("ana").await;
    for _ in 0..3 {
        fail(&ana, 4).await;
        ana.sign_in().await.unwrap();
    }
}

#[tokio::test]
async fn fifteen_quiet_minutes_forget_the_failures() {
    let server = TestServer::start().await;
    let ana = server.confirmed_user("ana").await;
    fail(&ana, 5).await;
    // Quiet from the end of the lock on.
    server.advance(seconds(1) + minutes(15));
    fail(&ana, 4).await;
    ana.sign_in().await.unwrap();
}

#[tokio::test]
async fn failures_of_all_doors_and_names_count_together() {
    let server = TestServer::start().await;
    let pool = server.pool().aliases(["email"]).await;
    let (client, other) = (pool.client().await, pool.client().await);
    let ana = client.user("ana").confirmed().await;
    let wrong = ana.with_password("Wrong-Horse-1");
    refused(wrong.sign_in().await);
    refused(wrong.sign_in_srp().await);
    refused(wrong.initiate_by_operator().await);
    refused(wrong.named("ANA@example.com").sign_in().await);
    refused(wrong.at(&other).sign_in().await);
    for attempt in [
        ana.sign_in().await,
        ana.sign_in_srp().await,
        ana.at(&other).sign_in().await,
    ] {
        assert_eq!(refused(attempt).told(), LOCKED);
    }
    assert_eq!(refused(ana.initiate_by_operator().await).told(), LOCKED);
}

#[tokio::test]
async fn one_users_lock_is_no_others() {
    let client = TestServer::start().await.pool().await.client().await;
    let (ana, eve) = (
        client.user("ana").confirmed().await,
        client.user("eve").confirmed().await,
    );
    fail(&ana, 5).await;
    eve.sign_in().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_at_once_are_worth_no_more_than_one_after_the_other() {
    for_each_database(async |server| {
        let ana = server.confirmed_user("ana").await;
        let wrong = ana.with_password("Wrong-Horse-1");
        join_all((0..12).map(|_| wrong.sign_in())).await;
        assert_eq!(refused(ana.sign_in().await).told(), LOCKED);
    })
    .await;
}

#[tokio::test]
async fn wrong_passwords_of_a_password_change_count_towards_the_lock() {
    let ana = TestServer::start().await.confirmed_user("ana").await;
    let tokens = ana.sign_in().await.unwrap();
    let wrong = ana.with_password("Wrong-Horse-1");
    for _ in 0..5 {
        let change = wrong
            .change_password(&tokens.access, "Another-Horse-2")
            .await;
        assert_eq!(refused(change).told(), WRONG_PASSWORD);
    }
    assert_eq!(refused(ana.sign_in().await).told(), LOCKED);
    let change = refused(ana.change_password(&tokens.access, "Another-Horse-2").await);
    assert_eq!(change.told(), crate::sentences::TOO_OFTEN);
}

#[tokio::test]
async fn a_disabled_user_is_told_so_only_with_the_right_password() {
    let client = TestServer::start().await.pool().await.client().await;
    let ana = client.user("ana").confirmed().await;
    client.pool.disable("ana").await;
    assert_eq!(refused(ana.sign_in().await).told(), DISABLED);
    assert_eq!(refused(ana.sign_in_srp().await).told(), DISABLED);
    assert_eq!(
        refused(ana.with_password("Wrong-Horse-1").sign_in().await).told(),
        WRONG_PASSWORD
    );
}

#[tokio::test]
async fn a_flow_that_the_app_client_does_not_allow_is_refused() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    let ana = pool.client().await.user("ana").confirmed().await;
    let srp_only = ana.at(&pool.client().flows(["ALLOW_USER_SRP_AUTH"]).await);
    let told = (
        "InvalidParameterException",
        "USER_PASSWORD_AUTH flow not enabled for this client",
    );
    assert_eq!(refused(srp_only.sign_in().await).told(), told);
    let told = (
        "InvalidParameterException",
        "Auth flow not enabled for this client",
    );
    assert_eq!(refused(srp_only.initiate_by_operator().await).told(), told);
    let password_only = ana.at(&pool.client().flows(["ALLOW_USER_PASSWORD_AUTH"]).await);
    assert_eq!(refused(password_only.sign_in_srp().await).told(), told);
    let tokens = password_only.sign_in().await.unwrap();
    assert_eq!(
        refused(password_only.refresh(tokens.refresh()).await).told(),
        told
    );
}

#[tokio::test]
async fn the_operators_flow_is_not_for_users() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let ana = client.user("ana").confirmed().await;
    for flow in ["ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"] {
        let parameters = client.parameters("ana", json!({"PASSWORD": ana.password}));
        let input = client.initiation(flow, &parameters);
        let error = refused(server.call::<op::InitiateAuth>(input).await);
        assert_eq!(
            error.told(),
            (
                "InvalidParameterException",
                "Initiate Auth method not supported."
            )
        );
    }
}

#[tokio::test]
async fn the_old_name_of_the_operators_flow_works() {
    let server = TestServer::start().await;
    let client = server
        .pool()
        .await
        .client()
        .flows(["ADMIN_NO_SRP_AUTH"])
        .await;
    let ana = client.user("ana").confirmed().await;
    let parameters = client.parameters("ana", json!({"PASSWORD": ana.password}));
    let input = json!({
        "UserPoolId": client.pool.id, "ClientId": client.id, "AuthFlow": "ADMIN_NO_SRP_AUTH", "AuthParameters": parameters,
    });
    server
        .call::<op::AdminInitiateAuth>(input)
        .await
        .unwrap()
        .authentication_result
        .unwrap();
}

#[tokio::test]
async fn the_custom_flow_needs_the_pools_own_code() {
    let server = TestServer::start().await;
    let client = server.pool().await.client();
    let client = client.flows(["ALLOW_CUSTOM_AUTH"]).await;
    let parameters = client.parameters("ana", json!({}));
    let input = client.initiation("CUSTOM_AUTH", &parameters);
    let error = refused(server.call::<op::InitiateAuth>(input).await);
    let sentence = "Custom auth lambda trigger is not configured for the user pool.";
    assert_eq!(error.told(), ("InvalidParameterException", sentence));
}

#[tokio::test]
async fn a_parameter_that_a_flow_needs_is_named() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    for (flow, parameters, missing) in [
        ("USER_PASSWORD_AUTH", json!({"PASSWORD": "x"}), "USERNAME"),
        ("USER_PASSWORD_AUTH", json!({"USERNAME": "ana"}), "PASSWORD"),
        ("USER_SRP_AUTH", json!({"USERNAME": "ana"}), "SRP_A"),
        ("REFRESH_TOKEN_AUTH", json!({}), "REFRESH_TOKEN"),
    ] {
        let input = client.initiation(flow, &parameters);
        let error = refused(server.call::<op::InitiateAuth>(input).await);
        let sentence = format!("Missing required parameter {missing}");
        assert_eq!(
            error.told(),
            ("InvalidParameterException", sentence.as_str())
        );
    }
}

#[tokio::test]
async fn an_unknown_user_is_told_apart_only_where_the_app_client_says_so() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    let ana = pool.client().await.user("ana").confirmed().await;
    let nobody = ana.named("nobody");
    assert_eq!(refused(nobody.sign_in().await).told(), WRONG_PASSWORD);
    let legacy = nobody.at(&pool.client().legacy_errors().await);
    assert_eq!(refused(legacy.sign_in().await).told(), NO_SUCH_USER);
    assert_eq!(refused(legacy.sign_in_srp().await).told(), NO_SUCH_USER);
    assert_eq!(
        refused(legacy.initiate_by_operator().await).told(),
        NO_SUCH_USER
    );
}

#[tokio::test]
async fn an_operator_signs_in_through_clients_of_the_pool_that_they_name() {
    let server = TestServer::start().await;
    let here = server.pool().await;
    let there = server.pool().await.client().await;
    let input = json!({
        "UserPoolId": here.id, "ClientId": there.id, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": "ana", "PASSWORD": "x"},
    });
    let error = refused(server.call::<op::AdminInitiateAuth>(input).await);
    let sentence = format!("User pool client {} does not exist.", there.id);
    assert_eq!(
        error.told(),
        ("ResourceNotFoundException", sentence.as_str())
    );
}

#[tokio::test]
async fn a_session_of_a_sign_up_begins_no_other_flow_than_choice() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    client.user("ana").confirmed().await;
    let parameters = client.parameters("ana", json!({"PASSWORD": PASSWORD}));
    let session = "a".repeat(40);
    let own = json!({"ClientId": client.id, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters, "Session": session});
    let operators = json!({
        "UserPoolId": client.pool.id, "ClientId": client.id, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH", "AuthParameters": parameters,
        "Session": session,
    });
    let own = refused(server.call::<op::InitiateAuth>(own).await);
    let operators = refused(server.call::<op::AdminInitiateAuth>(operators).await);
    for told in [own, operators] {
        assert_eq!(told.code, "InvalidParameterException");
        let sentence = "A Session begins a sign-in with the flow USER_AUTH only.";
        assert_eq!(told.message, sentence);
    }
}

#[tokio::test]
async fn a_name_with_a_character_that_no_name_has_is_refused_on_every_database() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let told = refused(client.user("ana").await.named("an\0a").sign_in().await);
        assert_eq!(told.code, "InvalidParameterException");
    })
    .await;
}
