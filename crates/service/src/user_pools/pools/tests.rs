#![allow(clippy::unwrap_used, clippy::expect_used)]

use cognate_api::idp::{CreateUserPoolRequest, UserPoolType};
use cognate_crypto::random::Random;
use cognate_crypto::seal::MasterKey;
use cognate_model::Timestamp;
use cognate_model::claims::TokenUse;
use cognate_outbound::{Inbox, Mailer, Outbound, Senders, SmsSender};
use cognate_store::{Db, DbOptions};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;
use crate::{App, Caller, Clock, Config, Entropy, ErrorCode};

/// A request on a node of its own, whose database is in memory.
pub(crate) async fn new_cx() -> Cx {
    let random = Random::from_seed([1; 32]);
    let options = DbOptions::new("sqlite::memory:", MasterKey::from_bytes([2; 32]), random);
    let config = Config {
        public_url: "http://localhost:9229".into(),
        issuer: None,
        issuer_updated: None,
        region: "us-east-1".into(),
        account_id: "123456789012".into(),
        mail_from: "cognate@example.com".into(),
        mail_senders: Senders::Anybody,
        sms_prefixes: Vec::new(),
        limits: crate::Limits::default(),
        request_rates: None,
        operations_off: [].into(),
    };
    let outbound = Outbound {
        mail: Mailer::Inbox(Inbox::default()),
        sms: SmsSender::None,
        triggers: cognate_outbound::Triggers::None,
    };
    let clock = Clock::manual(Timestamp(1_700_000_000_123));
    let app = App::new(
        Db::open(options).await.unwrap(),
        outbound,
        config,
        clock,
        Entropy::seeded([3; 32]),
    );
    Cx::new(&app, Caller::Development, None)
}

pub(crate) fn request<T: DeserializeOwned>(members: Value) -> T {
    serde_json::from_value(members).unwrap()
}

pub(crate) async fn new_pool(cx: &Cx, members: Value) -> UserPoolType {
    let created = create_user_pool(cx.clone(), create_request(members))
        .await
        .unwrap();
    created.user_pool.unwrap()
}

pub(crate) fn create_request(mut members: Value) -> CreateUserPoolRequest {
    members
        .as_object_mut()
        .unwrap()
        .entry("PoolName")
        .or_insert_with(|| json!("pool"));
    request(members)
}

#[tokio::test]
async fn a_new_pool_is_described_as_it_was_created_and_has_a_key_for_each_kind_of_token() {
    let cx = new_cx().await;
    let created = new_pool(&cx, json!({"UsernameAttributes": ["email"], "AutoVerifiedAttributes": ["email"], "UserPoolTags": {"k": "v"}})).await;
    let id = created.id.clone().unwrap();
    let described = describe_user_pool(cx.clone(), request(json!({"UserPoolId": id})))
        .await
        .unwrap()
        .user_pool
        .unwrap();
    assert_eq!(
        serde_json::to_value(&described).unwrap(),
        serde_json::to_value(&created).unwrap()
    );
    let keys = stored_keys::all(
        &mut cx.app.db.read().await.unwrap(),
        &UserPoolId::parse(&id).unwrap(),
    )
    .await
    .unwrap();
    let mut uses: Vec<_> = keys.iter().map(|key| key.token_use).collect();
    uses.sort_unstable();
    assert_eq!(uses, [TokenUse::Id, TokenUse::Access]);
    assert_ne!(keys.first().unwrap().kid, keys.last().unwrap().kid);
}

#[tokio::test]
async fn a_pool_is_described_in_full() {
    let pool = new_pool(&new_cx().await, json!({})).await;
    let mut shown = serde_json::to_value(&pool).unwrap();
    let object = shown.as_object_mut().unwrap();
    let attributes = object.remove("SchemaAttributes").unwrap();
    let id = object.remove("Id").unwrap();
    assert_eq!(
        object.remove("Arn").unwrap(),
        format!(
            "arn:aws:cognito-idp:us-east-1:123456789012:userpool/{}",
            id.as_str().unwrap()
        )
    );
    let expected = json!({
        "Name": "pool",
        "Policies": {
            "PasswordPolicy": {
                "MinimumLength": 8, "RequireUppercase": true, "RequireLowercase": true, "RequireNumbers": true, "RequireSymbols": true,
                "TemporaryPasswordValidityDays": 7,
            },
            "SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD"]},
        },
        "DeletionProtection": "INACTIVE",
        "LambdaConfig": {},
        "LastModifiedDate": 1_700_000_000.123,
        "CreationDate": 1_700_000_000.123,
        "VerificationMessageTemplate": {"DefaultEmailOption": "CONFIRM_WITH_CODE"},
        "UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": []},
        "MfaConfiguration": "OFF",
        "EstimatedNumberOfUsers": 0,
        "EmailConfiguration": {"EmailSendingAccount": "COGNITO_DEFAULT"},
        "UserPoolTags": {},
        "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": false, "UnusedAccountValidityDays": 7},
        "UsernameConfiguration": {"CaseSensitive": false},
        "UserPoolTier": "ESSENTIALS",
        "AcrConfiguration": {
            "Level1": {"AcrValue": "urn:cognito:loa:1"}, "Level2": {"AcrValue": "urn:cognito:loa:2"},
            "Level3": {"AcrValue": "urn:cognito:loa:3"}, "Level4": {"AcrValue": "urn:cognito:loa:4"},
        },
    });
    assert_eq!(shown, expected);
    let find = |name: &str| {
        attributes
            .as_array()
            .unwrap()
            .iter()
            .find(|attribute| attribute["Name"] == name)
            .unwrap()
            .clone()
    };
    assert_eq!(attributes.as_array().unwrap().len(), 20);
    assert_eq!(
        find("sub"),
        json!({
            "Name": "sub", "AttributeDataType": "String", "DeveloperOnlyAttribute": false, "Mutable": false, "Required": true,
            "StringAttributeConstraints": {"MinLength": "1", "MaxLength": "2048"},
        })
    );
    assert_eq!(
        find("updated_at")["NumberAttributeConstraints"],
        json!({"MinValue": "0"})
    );
    assert_eq!(
        find("email_verified").get("StringAttributeConstraints"),
        None
    );
}

#[tokio::test]
async fn an_update_keeps_name_tier_and_tags_and_puts_the_rest_back_to_its_defaults() {
    let cx = new_cx().await;
    let before = new_pool(
        &cx,
        json!({
            "PoolName": "first", "AliasAttributes": ["email"], "AutoVerifiedAttributes": ["email"], "DeletionProtection": "ACTIVE",
            "UserPoolTier": "PLUS", "UserPoolTags": {"k": "v"}, "UsernameConfiguration": {"CaseSensitive": true},
            "Schema": [{"Name": "role", "AttributeDataType": "String"}],
        }),
    )
    .await;
    let id = before.id.clone().unwrap();
    update_user_pool(
        cx.clone(),
        request(
            json!({"UserPoolId": id, "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": true}}),
        ),
    )
    .await
    .unwrap();
    let after = describe_user_pool(cx, request(json!({"UserPoolId": id})))
        .await
        .unwrap()
        .user_pool
        .unwrap();
    let after = serde_json::to_value(&after).unwrap();
    let before = serde_json::to_value(&before).unwrap();
    assert_eq!(after["Name"], "first");
    assert_eq!(
        after["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"],
        true
    );
    assert_eq!(
        (&after["DeletionProtection"], &after["UserPoolTier"]),
        (&json!("INACTIVE"), &json!("PLUS"))
    );
    assert_eq!(
        (after.get("AutoVerifiedAttributes"), &after["UserPoolTags"]),
        (None, &json!({"k": "v"}))
    );
    // Fixed when the pool was made.
    for member in [
        "AliasAttributes",
        "UsernameConfiguration",
        "SchemaAttributes",
        "CreationDate",
    ] {
        assert_eq!(after[member], before[member], "{member}");
    }
}

#[tokio::test]
async fn an_update_that_is_refused_changes_nothing() {
    let cx = new_cx().await;
    let before = new_pool(&cx, json!({"AutoVerifiedAttributes": ["email"]})).await;
    let id = before.id.clone().unwrap();
    let error = update_user_pool(
        cx.clone(),
        request(json!({"UserPoolId": id, "MfaConfiguration": "ON"})),
    )
    .await
    .err()
    .unwrap();
    assert_eq!(error.code, ErrorCode::InvalidParameter);
    let after = describe_user_pool(cx, request(json!({"UserPoolId": id})))
        .await
        .unwrap()
        .user_pool
        .unwrap();
    assert_eq!(
        serde_json::to_value(&after).unwrap(),
        serde_json::to_value(&before).unwrap()
    );
}

#[tokio::test]
async fn an_update_is_seen_at_once_by_the_node_that_made_it() {
    let cx = new_cx().await;
    let id = new_pool(&cx, json!({})).await.id.unwrap();
    assert!(
        !cx.app
            .pool_named(&id)
            .await
            .unwrap()
            .settings
            .admin_create_user_only
    );
    update_user_pool(
        cx.clone(),
        request(
            json!({"UserPoolId": id, "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": true}}),
        ),
    )
    .await
    .unwrap();
    assert!(
        cx.app
            .pool_named(&id)
            .await
            .unwrap()
            .settings
            .admin_create_user_only
    );
}

#[tokio::test]
async fn a_protected_pool_is_deleted_only_once_the_protection_is_gone() {
    let cx = new_cx().await;
    let id = new_pool(&cx, json!({"DeletionProtection": "ACTIVE"}))
        .await
        .id
        .unwrap();
    let delete = || delete_user_pool(cx.clone(), request(json!({"UserPoolId": id})));
    assert_eq!(
        delete().await.unwrap_err().message,
        Error::deletion_protection_is_active().message
    );
    update_user_pool(
        cx.clone(),
        request(json!({"UserPoolId": id, "DeletionProtection": "INACTIVE"})),
    )
    .await
    .unwrap();
    delete().await.unwrap();
    assert_eq!(
        delete().await.unwrap_err().code,
        ErrorCode::ResourceNotFound
    );
    assert_eq!(
        cx.app.pool_named(&id).await.err().unwrap().code,
        ErrorCode::ResourceNotFound
    );
}

#[tokio::test]
async fn what_names_no_pool_is_answered_like_a_pool_that_is_gone() {
    let cx = new_cx().await;
    for id in ["us-east-1_nobody", "nonsense"] {
        let error = describe_user_pool(cx.clone(), request(json!({"UserPoolId": id})))
            .await
            .err()
            .unwrap();
        assert_eq!(
            (error.code, error.message),
            (
                ErrorCode::ResourceNotFound,
                format!("User pool {id} does not exist.")
            )
        );
    }
}

#[tokio::test]
async fn custom_attributes_join_a_pool_and_none_joins_twice() {
    let cx = new_cx().await;
    let id = new_pool(&cx, json!({})).await.id.unwrap();
    let add = |attributes: Value| {
        add_custom_attributes(
            cx.clone(),
            request(json!({"UserPoolId": id, "CustomAttributes": attributes})),
        )
    };
    add(json!([{"Name": "role", "AttributeDataType": "String"}, {"Name": "email", "AttributeDataType": "String"}])).await.unwrap();
    let pool = cx.app.pool_named(&id).await.unwrap();
    assert!(
        pool.schema.find("custom:role").is_some() && pool.schema.find("custom:email").is_some()
    );
    for refused in [
        json!([{"Name": "new", "AttributeDataType": "String"}, {"Name": "role", "AttributeDataType": "String"}]),
        json!([{"Name": "new", "AttributeDataType": "String", "StringAttributeConstraints": {"MinLength": "9", "MaxLength": "1"}}]),
        json!([{"Name": "new", "AttributeDataType": "String", "Required": true}]),
    ] {
        assert_eq!(
            add(refused).await.err().unwrap().code,
            ErrorCode::InvalidParameter
        );
    }
    assert!(
        cx.app
            .pool_named(&id)
            .await
            .unwrap()
            .schema
            .find("custom:new")
            .is_none()
    );
}

#[tokio::test]
async fn pages_of_pools_follow_one_another_to_the_end() {
    let cx = new_cx().await;
    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(new_pool(&cx, json!({})).await.id.unwrap());
    }
    let page = |token: Option<String>| {
        list_user_pools(
            cx.clone(),
            request(json!({"MaxResults": 2, "NextToken": token})),
        )
    };
    let first = page(None).await.unwrap();
    let second = page(first.next_token.clone()).await.unwrap();
    let mut listed: Vec<_> = first
        .user_pools
        .iter()
        .chain(&second.user_pools)
        .flatten()
        .map(|pool| pool.id.clone().unwrap())
        .collect();
    assert_eq!(first.user_pools.unwrap().len(), 2);
    assert_eq!(second.next_token, None);
    listed.sort();
    made.sort();
    assert_eq!(listed, made);
    // A page that the last pool fills is the last one.
    let whole = list_user_pools(cx.clone(), request(json!({"MaxResults": 3})));
    assert_eq!(whole.await.unwrap().next_token, None);
}
