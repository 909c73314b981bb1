//! App clients through the doors. What each setting may be is tried beside it, in
//! crates/service/src/app_clients/clients/tests.rs.

use cognate_testkit::{TestServer, for_each_database, op, refused};
use serde_json::{Value, json};

#[tokio::test]
async fn a_client_is_shown_with_its_secret_and_listed_without() {
    for_each_database(async |server| {
        let client = server.pool().await.client().secret().await;
        let secret = client.secret.clone().unwrap();
        assert!(
            secret.len() <= 64
                && secret
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '+')
        );
        let ids = json!({"UserPoolId": client.pool.id, "ClientId": client.id});
        let shown = server
            .call::<op::DescribeUserPoolClient>(ids)
            .await
            .ok()
            .unwrap()
            .user_pool_client
            .unwrap();
        assert_eq!(shown.client_secret, client.secret);
        let answer = server
            .prepare::<op::ListUserPoolClients>(json!({"UserPoolId": client.pool.id}))
            .send()
            .await;
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        assert!(
            text.contains(&client.id) && !text.contains(&secret),
            "{text}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_client_of_another_pool_is_not_there() {
    let server = TestServer::start().await;
    let mine = server.pool().await;
    let theirs = server.pool().await.client().await;
    let ids = json!({"UserPoolId": mine.id, "ClientId": theirs.id});
    let told = format!("User pool client {} does not exist.", theirs.id);
    for call in [
        server.prepare::<op::DescribeUserPoolClient>(ids.clone()),
        server.prepare::<op::UpdateUserPoolClient>(ids.clone()),
        server.prepare::<op::DeleteUserPoolClient>(ids),
    ] {
        assert_eq!(
            call.send().await.error().told(),
            ("ResourceNotFoundException", told.as_str())
        );
    }
    theirs
        .user("ana")
        .confirmed()
        .await
        .sign_in()
        .await
        .unwrap();
}

#[tokio::test]
async fn what_is_not_built_or_contradicts_itself_is_refused() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    for (member, value, part) in [
        (
            "AllowedOAuthFlows",
            json!(["code"]),
            "Cognate does not support AllowedOAuthFlows yet",
        ),
        (
            "CallbackURLs",
            json!(["https://shop.example/"]),
            "Cognate does not support CallbackURLs yet",
        ),
        (
            "EnablePropagateAdditionalUserContextData",
            json!(true),
            "can be activated only for an app client that has a secret",
        ),
        (
            "AccessTokenValidity",
            json!(25),
            "Invalid range for token validity.",
        ),
        (
            "RefreshTokenValidity",
            json!(3651),
            "Invalid range for token validity.",
        ),
        (
            "ExplicitAuthFlows",
            json!(["ADMIN_NO_SRP_AUTH", "ALLOW_USER_SRP_AUTH"]),
            "cannot be used with legacy auth flow names",
        ),
        (
            "ExplicitAuthFlows",
            json!(["ALLOW_MAGIC"]),
            "explicitAuthFlows",
        ),
        (
            "ReadAttributes",
            json!(["custom:none"]),
            "Invalid read attributes specified while creating a client",
        ),
        (
            "WriteAttributes",
            json!(["email_verified"]),
            "Invalid write attributes specified while creating a client",
        ),
        (
            "SupportedIdentityProviders",
            json!(["Google"]),
            "The provider Google does not exist for User Pool",
        ),
        ("AuthSessionValidity", json!(16), "authSessionValidity"),
    ] {
        let error = refused(pool.client().with(member, value).create().await);
        assert_eq!(error.code, "InvalidParameterException", "{member}");
        assert!(error.message.contains(part), "{member}: {}", error.message);
    }
    let listed = server
        .call::<op::ListUserPoolClients>(json!({"UserPoolId": pool.id}))
        .await
        .ok()
        .unwrap();
    assert!(listed.user_pool_clients.unwrap().is_empty());
}

#[tokio::test]
async fn a_changed_client_counts_from_the_next_request_on_and_keeps_its_secret() {
    for_each_database(async |server| {
        let client = server.pool().await.client().secret().await;
        let ana = client.user("ana").confirmed().await;
        ana.sign_in().await.unwrap();
        let update = |members: Value| {
            let mut input = json!({"UserPoolId": client.pool.id, "ClientId": client.id});
            input
                .as_object_mut()
                .unwrap()
                .extend(members.as_object().unwrap().clone());
            server.call::<op::UpdateUserPoolClient>(input)
        };
        let updated = update(json!({"ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"]}))
            .await
            .ok()
            .unwrap();
        assert_eq!(
            updated.user_pool_client.unwrap().client_secret,
            client.secret
        );
        assert_eq!(
            refused(ana.sign_in().await).code,
            "InvalidParameterException"
        );
        ana.sign_in_srp().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_deleted_client_signs_nobody_in() {
    for_each_database(async |server| {
        let pool = server.pool().await;
        let (client, other) = (pool.client().await, pool.client().await);
        let ana = client.user("ana").confirmed().await;
        let tokens = ana.sign_in().await.unwrap();
        let exchange = ana.begin_srp().await.unwrap();
        let ids = json!({"UserPoolId": pool.id, "ClientId": client.id});
        server
            .call::<op::DeleteUserPoolClient>(ids.clone())
            .await
            .unwrap();
        assert_eq!(
            refused(ana.sign_in().await).code,
            "ResourceNotFoundException"
        );
        assert_eq!(
            refused(ana.refresh(tokens.refresh()).await).code,
            "ResourceNotFoundException"
        );
        assert_eq!(
            refused(exchange.answer(&ana.password).send().await).code,
            "ResourceNotFoundException"
        );
        refused(ana.get_user(&tokens.access).await);
        assert_eq!(
            refused(server.call::<op::DeleteUserPoolClient>(ids).await).code,
            "ResourceNotFoundException"
        );
        ana.at(&other).sign_in().await.unwrap();
    })
    .await;
}
