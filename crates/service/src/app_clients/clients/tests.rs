#![allow(clippy::unwrap_used, clippy::expect_used)]

use cognate_api::idp::UserPoolClientType;
use serde_json::{Value, json};

use cognate_model::UserPool;

use super::*;
use crate::user_pools::pools::tests::{new_cx, new_pool, request};
use crate::user_pools::pools::{create_user_pool, delete_user_pool};

pub(crate) async fn pool_with(members: Value) -> (Cx, Arc<UserPool>) {
    let cx = new_cx().await;
    let id = new_pool(&cx, members).await.id.unwrap();
    let pool = cx.app.pool_named(&id).await.unwrap();
    (cx, pool)
}

pub(crate) fn create_request(pool: &UserPool, mut members: Value) -> CreateUserPoolClientRequest {
    let object = members.as_object_mut().unwrap();
    object.insert("UserPoolId".into(), json!(pool.id.as_str()));
    object.entry("ClientName").or_insert_with(|| json!("web"));
    request(members)
}

async fn new_client(cx: &Cx, pool: &UserPool, members: Value) -> UserPoolClientType {
    let created = create_user_pool_client(cx.clone(), create_request(pool, members))
        .await
        .unwrap();
    created.user_pool_client.unwrap()
}

#[tokio::test]
async fn a_client_that_asks_for_nothing_is_described_with_the_defaults() {
    let (cx, pool) = pool_with(json!({})).await;
    let mut client = serde_json::to_value(new_client(&cx, &pool, json!({})).await).unwrap();
    assert_eq!(
        client
            .as_object_mut()
            .unwrap()
            .remove("ClientId")
            .unwrap()
            .as_str()
            .unwrap()
            .len(),
        26
    );
    let expected = json!({
        "UserPoolId": pool.id.as_str(),
        "ClientName": "web",
        "LastModifiedDate": 1_700_000_000.123,
        "CreationDate": 1_700_000_000.123,
        "RefreshTokenValidity": 30,
        "TokenValidityUnits": {},
        "AllowedOAuthFlowsUserPoolClient": false,
        "PreventUserExistenceErrors": "LEGACY",
        "EnableTokenRevocation": true,
        "EnablePropagateAdditionalUserContextData": false,
        "AuthSessionValidity": 3,
        "ClientType": "REGULAR",
    });
    assert_eq!(client, expected);
}

#[tokio::test]
async fn what_a_client_was_given_is_described_and_survives_only_as_long_as_updates_name_it() {
    let (cx, pool) =
        pool_with(json!({"Schema": [{"Name": "role", "AttributeDataType": "String"}]})).await;
    let asked = json!({
        "GenerateSecret": true, "RefreshTokenValidity": 7, "AccessTokenValidity": 30, "IdTokenValidity": 2,
        "TokenValidityUnits": {"AccessToken": "minutes"}, "ReadAttributes": ["email", "custom:role"], "WriteAttributes": ["email"],
        "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH"], "SupportedIdentityProviders": ["COGNITO"],
        "PreventUserExistenceErrors": "ENABLED", "EnableTokenRevocation": false, "AuthSessionValidity": 15,
        "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 60},
    });
    let created = serde_json::to_value(new_client(&cx, &pool, asked.clone()).await).unwrap();
    for (member, value) in asked
        .as_object()
        .unwrap()
        .iter()
        .filter(|(member, _)| *member != "GenerateSecret")
    {
        if member == "ReadAttributes" {
            assert_eq!(created[member], json!(["custom:role", "email"]));
        } else {
            assert_eq!(created[member], *value, "{member}");
        }
    }
    let ids = json!({"UserPoolId": pool.id.as_str(), "ClientId": created["ClientId"]});
    let described = describe_user_pool_client(cx.clone(), request(ids.clone()))
        .await
        .unwrap()
        .user_pool_client
        .unwrap();
    assert_eq!(serde_json::to_value(described).unwrap(), created);
    let updated = update_user_pool_client(cx.clone(), request(ids))
        .await
        .unwrap()
        .user_pool_client
        .unwrap();
    let updated = serde_json::to_value(updated).unwrap();
    assert_eq!(
        (&updated["ClientName"], &updated["ClientSecret"]),
        (&created["ClientName"], &created["ClientSecret"])
    );
    assert_eq!(
        (
            &updated["RefreshTokenValidity"],
            &updated["PreventUserExistenceErrors"]
        ),
        (&json!(30), &json!("LEGACY"))
    );
    assert_eq!(
        (
            updated.get("ReadAttributes"),
            updated.get("ExplicitAuthFlows")
        ),
        (None, None)
    );
}

#[tokio::test]
async fn an_update_is_seen_at_once_by_the_node_that_made_it() {
    let (cx, pool) = pool_with(json!({})).await;
    let id = new_client(&cx, &pool, json!({})).await.client_id.unwrap();
    assert!(
        cx.app
            .client_named(&id)
            .await
            .unwrap()
            .client
            .settings
            .token_revocation
    );
    let update =
        json!({"UserPoolId": pool.id.as_str(), "ClientId": id, "EnableTokenRevocation": false});
    update_user_pool_client(cx.clone(), request(update))
        .await
        .unwrap();
    assert!(
        !cx.app
            .client_named(&id)
            .await
            .unwrap()
            .client
            .settings
            .token_revocation
    );
}

#[tokio::test]
async fn a_secret_is_made_here_or_brought_along_but_not_both() {
    let (cx, pool) = pool_with(json!({})).await;
    let own = "an_own_secret+of_26_chars_";
    assert_eq!(
        new_client(&cx, &pool, json!({"ClientSecret": own}))
            .await
            .client_secret
            .as_deref(),
        Some(own)
    );
    let made = [
        new_client(&cx, &pool, json!({"GenerateSecret": true})).await,
        new_client(&cx, &pool, json!({"GenerateSecret": true})).await,
    ];
    let [first, second] = made.map(|client| client.client_secret.unwrap());
    assert!(
        first.len() >= 51
            && first
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    );
    assert_ne!(first, second);
    let both = create_request(&pool, json!({"ClientSecret": own, "GenerateSecret": true}));
    assert_eq!(
        create_user_pool_client(cx, both).await.err().unwrap().code,
        ErrorCode::InvalidParameter
    );
}

#[tokio::test]
async fn a_client_is_not_reached_through_another_pool() {
    let (cx, pool) = pool_with(json!({})).await;
    let client = new_client(&cx, &pool, json!({"GenerateSecret": true}))
        .await
        .client_id
        .unwrap();
    let other = new_pool(&cx, json!({})).await.id.unwrap();
    let ids = json!({"UserPoolId": other, "ClientId": client});
    let errors = [
        describe_user_pool_client(cx.clone(), request(ids.clone()))
            .await
            .err()
            .unwrap(),
        update_user_pool_client(cx.clone(), request(ids.clone()))
            .await
            .err()
            .unwrap(),
        delete_user_pool_client(cx.clone(), request(ids))
            .await
            .err()
            .unwrap(),
    ];
    for error in errors {
        assert_eq!(
            (error.code, error.message),
            (
                ErrorCode::ResourceNotFound,
                format!("User pool client {client} does not exist.")
            )
        );
    }
    let here = json!({"UserPoolId": pool.id.as_str(), "ClientId": client});
    delete_user_pool_client(cx.clone(), request(here.clone()))
        .await
        .unwrap();
    assert_eq!(
        delete_user_pool_client(cx.clone(), request(here))
            .await
            .unwrap_err()
            .code,
        ErrorCode::ResourceNotFound
    );
    assert_eq!(
        cx.app.client_named(&client).await.err().unwrap().code,
        ErrorCode::ResourceNotFound
    );
}

#[tokio::test]
async fn a_deleted_pool_gets_no_client() {
    let (cx, pool) = pool_with(json!({})).await;
    delete_user_pool(cx.clone(), request(json!({"UserPoolId": pool.id.as_str()})))
        .await
        .unwrap();
    let error = create_user_pool_client(cx, create_request(&pool, json!({})))
        .await
        .err()
        .unwrap();
    assert_eq!(error.code, ErrorCode::ResourceNotFound);
}

#[tokio::test]
async fn pages_of_clients_follow_one_another_and_open_for_their_own_list_only() {
    let (cx, pool) = pool_with(json!({})).await;
    for _ in 0..3 {
        new_client(&cx, &pool, json!({})).await;
    }
    let list = |pool: &str, token: Option<&str>, kind: Option<&str>| {
        let members =
            json!({"UserPoolId": pool, "MaxResults": 2, "NextToken": token, "ClientType": kind});
        list_user_pool_clients(cx.clone(), request(members))
    };
    let first = list(pool.id.as_str(), None, None).await.unwrap();
    let token = first.next_token.unwrap();
    let second = list(pool.id.as_str(), Some(&token), None).await.unwrap();
    let mut ids: Vec<_> = first
        .user_pool_clients
        .iter()
        .chain(&second.user_pool_clients)
        .flatten()
        .map(|client| client.client_id.clone())
        .collect();
    ids.dedup();
    assert_eq!((ids.len(), second.next_token), (3, None));

    let created = create_user_pool(cx.clone(), request(json!({"PoolName": "other"})))
        .await
        .unwrap();
    let other = created.user_pool.unwrap().id.unwrap();
    let mut forged = token.clone();
    forged.replace_range(
        20..21,
        if token[20..].starts_with('A') {
            "B"
        } else {
            "A"
        },
    );
    for (pool, token, kind) in [
        (other.as_str(), token.as_str(), None),
        (pool.id.as_str(), token.as_str(), Some("REGULAR")),
        (pool.id.as_str(), forged.as_str(), None),
        (pool.id.as_str(), "not a token", None),
        (pool.id.as_str(), "", None),
    ] {
        let error = list(pool, Some(token), kind).await.err().unwrap();
        assert_eq!(
            (error.code, error.message.as_str()),
            (
                ErrorCode::InvalidParameter,
                "Invalid pagination token given."
            )
        );
    }
    let registered = list(pool.id.as_str(), None, Some("DCR")).await.unwrap();
    assert_eq!(registered.user_pool_clients.unwrap().len(), 0);
}

#[tokio::test]
async fn the_context_of_users_is_propagated_by_clients_with_a_secret_alone() {
    let (cx, pool) = pool_with(json!({})).await;
    let member = "EnablePropagateAdditionalUserContextData";
    let public = create_request(&pool, json!({ member: true }));
    let error = create_user_pool_client(cx.clone(), public)
        .await
        .err()
        .unwrap();
    assert_eq!(error.code, ErrorCode::InvalidParameter);
    let asked = json!({"GenerateSecret": true, member: true});
    let client = new_client(&cx, &pool, asked).await;
    assert_eq!(
        client.enable_propagate_additional_user_context_data,
        Some(true)
    );
    let ids = json!({"UserPoolId": pool.id.as_str(), "ClientId": client.client_id});
    let updated = update_user_pool_client(cx.clone(), request(ids))
        .await
        .unwrap();
    let updated = updated.user_pool_client.unwrap();
    assert_eq!(
        updated.enable_propagate_additional_user_context_data,
        Some(false)
    );
    let id = new_client(&cx, &pool, json!({})).await.client_id;
    let update = json!({"UserPoolId": pool.id.as_str(), "ClientId": id, member: true});
    let error = update_user_pool_client(cx, request(update))
        .await
        .err()
        .unwrap();
    assert_eq!(error.code, ErrorCode::InvalidParameter);
}
