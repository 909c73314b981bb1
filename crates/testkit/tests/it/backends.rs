//! For whom a call is counted: a stranger by their own address, a backend's by the user's address
//! that it names, or by none.

use cognate_testkit::{PASSWORD, TestClient, TestServer, minutes, op};
use serde_json::json;

const BACKEND: [u8; 4] = [198, 51, 100, 7];
const HELD_UP: &str = "TooManyRequestsException";

/// A server on which one address may fail three times.
async fn strict() -> TestServer {
    TestServer::builder()
        .limits(|limits| limits.failures_per_address = "3/5m".parse().unwrap())
        .start()
        .await
}

async fn by_operator(
    client: &TestClient,
    name: &str,
    password: &str,
    user: Option<&str>,
) -> String {
    let parameters = client.parameters(name, json!({"PASSWORD": password}));
    let mut input = json!({"UserPoolId": client.pool.id, "ClientId": client.id, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH", "AuthParameters": parameters});
    if let Some(user) = user {
        input["ContextData"] =
            json!({"IpAddress": user, "ServerName": "s", "ServerPath": "/", "HttpHeaders": []});
    }
    client
        .outcome::<op::AdminInitiateAuth>(input, BACKEND)
        .await
}

async fn by_client(client: &TestClient, name: &str, password: &str, user: Option<&str>) -> String {
    let parameters = client.parameters(name, json!({"PASSWORD": password}));
    let mut input = client.initiation("USER_PASSWORD_AUTH", &parameters);
    if let Some(user) = user {
        input["UserContextData"] = json!({"IpAddress": user});
    }
    client.outcome::<op::InitiateAuth>(input, BACKEND).await
}

#[tokio::test]
async fn failures_of_a_signed_backends_users_do_not_hold_the_backend_up() {
    let client = strict().await.pool().await.client().await;
    client.user("ana").confirmed().await;
    for n in 0..5 {
        let told = by_operator(&client, &format!("nobody{n}"), "Wrong-Horse-1", None).await;
        assert_eq!(told, "NotAuthorizedException");
    }
    assert_eq!(by_operator(&client, "ana", PASSWORD, None).await, "");
}

#[tokio::test]
async fn a_signed_backend_names_the_address_that_is_counted() {
    let client = strict().await.pool().await.client().await;
    client.user("ana").confirmed().await;
    let stranger = Some("203.0.113.9");
    for n in 0..3 {
        let told = by_operator(&client, &format!("nobody{n}"), "Wrong-Horse-1", stranger).await;
        assert_eq!(told, "NotAuthorizedException");
    }
    assert_eq!(
        by_operator(&client, "ana", PASSWORD, stranger).await,
        HELD_UP
    );
    assert_eq!(
        by_operator(&client, "ana", PASSWORD, Some("203.0.113.10")).await,
        ""
    );
    assert_eq!(by_operator(&client, "ana", PASSWORD, None).await, "");
    // It is the stranger's own address, whichever door it comes through.
    let parameters = client.parameters("ana", json!({"PASSWORD": PASSWORD}));
    let input = client.initiation("USER_PASSWORD_AUTH", &parameters);
    assert_eq!(
        client
            .outcome::<op::InitiateAuth>(input, [203, 0, 113, 9])
            .await,
        HELD_UP
    );
}

#[tokio::test]
async fn a_client_that_proves_its_secret_is_a_backend() {
    let client = strict().await.pool().await.client().secret().await;
    client.user("ana").confirmed().await;
    for n in 0..5 {
        let told = by_client(&client, &format!("nobody{n}"), "Wrong-Horse-1", None).await;
        assert_eq!(told, "NotAuthorizedException");
    }
    assert_eq!(by_client(&client, "ana", PASSWORD, None).await, "");
    let stranger = Some("203.0.113.9");
    for n in 0..3 {
        let told = by_client(&client, &format!("nobody{n}"), "Wrong-Horse-1", stranger).await;
        assert_eq!(told, "NotAuthorizedException");
    }
    assert_eq!(by_client(&client, "ana", PASSWORD, stranger).await, HELD_UP);
    assert_eq!(
        by_client(&client, "ana", PASSWORD, Some("203.0.113.10")).await,
        ""
    );
}

#[tokio::test]
async fn a_stranger_does_not_choose_the_address_that_they_are_counted_by() {
    let server = strict().await;
    let client = server.pool().await.client().await;
    client.user("ana").confirmed().await;
    for n in 0..3 {
        let made_up = format!("203.0.113.{n}");
        let told = by_client(
            &client,
            &format!("nobody{n}"),
            "Wrong-Horse-1",
            Some(&made_up),
        )
        .await;
        assert_eq!(told, "NotAuthorizedException");
    }
    assert_eq!(
        by_client(&client, "ana", PASSWORD, Some("192.0.2.1")).await,
        HELD_UP
    );
    // Nor is anything counted for whom they name.
    let parameters = client.parameters("ana", json!({"PASSWORD": PASSWORD}));
    let input = client.initiation("USER_PASSWORD_AUTH", &parameters);
    assert_eq!(
        client
            .outcome::<op::InitiateAuth>(input, [203, 0, 113, 0])
            .await,
        ""
    );
}

#[tokio::test]
async fn who_does_not_know_the_clients_secret_is_no_backend() {
    let client = strict().await.pool().await.client().secret().await;
    client.user("ana").confirmed().await;
    let mut stranger = client.clone();
    stranger.secret = Some("a-wrong-secret".to_owned());
    for _ in 0..5 {
        let told = by_client(&stranger, "ana", "Wrong-Horse-1", Some("203.0.113.9")).await;
        assert_eq!(told, "NotAuthorizedException");
    }
    // Nothing was counted for the address that they named.
    assert_eq!(
        by_client(&client, "ana", PASSWORD, Some("203.0.113.9")).await,
        ""
    );
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_where_it_would_be_believed() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().secret().await;
    for told in ["localhost", "203.0.113.9, 10.0.0.1", "203.0.113.9:80", "x"] {
        let refused = "InvalidParameterException";
        assert_eq!(
            by_operator(&client, "ana", PASSWORD, Some(told)).await,
            refused,
            "{told}"
        );
        assert_eq!(
            by_client(&client, "ana", PASSWORD, Some(told)).await,
            refused,
            "{told}"
        );
    }
    let public = client.pool.client().await;
    let told = by_client(&public, "ana", PASSWORD, Some("x")).await;
    assert_eq!(told, "NotAuthorizedException");
}

#[tokio::test]
async fn an_address_that_a_backend_names_is_not_this_machine() {
    let client = strict().await.pool().await.client().await;
    for n in 0..3 {
        by_operator(
            &client,
            &format!("nobody{n}"),
            "Wrong-Horse-1",
            Some("127.0.0.1"),
        )
        .await;
    }
    let told = by_operator(&client, "nobody", "Wrong-Horse-1", Some("127.0.0.1")).await;
    assert_eq!(told, HELD_UP);
}

#[tokio::test]
async fn the_lock_of_a_user_holds_whoever_calls() {
    let client = strict().await.pool().await.client().await;
    client.user("ana").confirmed().await;
    for n in 0..5 {
        let user = format!("203.0.113.{n}");
        by_operator(&client, "ana", "Wrong-Horse-1", Some(&user)).await;
    }
    let told = by_operator(&client, "ana", PASSWORD, Some("192.0.2.1")).await;
    assert_eq!(told, "NotAuthorizedException");
}

#[tokio::test]
async fn users_behind_a_backend_have_sums_of_their_own() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().secret().await;
    client.user("ana").confirmed().await;
    let forgot = async |user: &str| {
        let own = json!({"UserContextData": {"IpAddress": user}});
        let input = client.about("ana", own);
        client.outcome::<op::ForgotPassword>(input, BACKEND).await
    };
    for _ in 0..5 {
        assert_eq!(forgot("203.0.113.9").await, "");
    }
    assert_eq!(forgot("203.0.113.9").await, "LimitExceededException");
    assert_eq!(forgot("203.0.113.10").await, "");
}

#[tokio::test]
async fn a_signed_in_user_of_a_backend_is_counted_and_not_the_backend() {
    let server = strict().await;
    let client = server.pool().await.client().secret().await;
    let (ana, eve) = (
        client.user("ana").confirmed().await,
        client.user("eve").confirmed().await,
    );
    let (anas, eves) = (ana.sign_in().await.unwrap(), eve.sign_in().await.unwrap());
    let change = async |token: &str, previous: &str| {
        let input = json!({"AccessToken": token, "PreviousPassword": previous, "ProposedPassword": "Another-Horse-2"});
        client.outcome::<op::ChangePassword>(input, BACKEND).await
    };
    for _ in 0..3 {
        assert_eq!(
            change(&eves.access, "Wrong-Horse-1").await,
            "NotAuthorizedException"
        );
    }
    assert_eq!(change(&eves.access, PASSWORD).await, HELD_UP);
    assert_eq!(change(&anas.access, PASSWORD).await, "");
    server.advance(minutes(5));
    assert_eq!(change(&eves.access, PASSWORD).await, "");
}

#[tokio::test]
async fn the_address_that_a_backend_names_is_noted_as_the_users_where_its_client_propagates_it() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    let track = json!({
        "UserPoolId": pool.id, "UserSessionTracking": "ENABLED", "TokenSession": {"MaxPerUser": 20},
    });
    let tracking = server.call::<op::SetUserPoolSessionConfiguration>(track);
    tracking.await.unwrap();
    for (propagates, noted) in [(true, "203.0.113.9"), (false, "198.51.100.7")] {
        let member = "EnablePropagateAdditionalUserContextData";
        let client = pool.client().secret().with(member, propagates).await;
        let name = format!("ana-{propagates}");
        client.user(&name).confirmed().await;
        let told = by_client(&client, &name, PASSWORD, Some("203.0.113.9")).await;
        assert_eq!(told, "");
        let whose = json!({"UserPoolId": pool.id, "Username": name});
        let listed = server.call::<op::AdminListUserSessions>(whose).await;
        let session = listed.unwrap().sessions.unwrap().remove(0);
        assert_eq!(session.last_ip_address.as_deref(), Some(noted));
    }
}
