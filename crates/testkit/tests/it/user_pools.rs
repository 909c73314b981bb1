//! User pools through the doors. What each setting may be is tried beside it, in
//! crates/service/src/user_pools/pools/tests.rs.

use cognate_testkit::{TestServer, for_each_database, op, refused};
use serde_json::{Value, json};

#[tokio::test]
async fn a_pool_is_shown_as_it_was_made_and_listed_with_its_name() {
    for_each_database(async |server| {
        let pool = server
            .pool()
            .with("PoolName", "Customers")
            .email_as_username()
            .await;
        let shown = server
            .call::<op::DescribeUserPool>(json!({"UserPoolId": pool.id}))
            .await
            .ok()
            .unwrap()
            .user_pool
            .unwrap();
        assert_eq!(shown.name.as_deref(), Some("Customers"));
        assert_eq!(
            shown.arn.unwrap(),
            format!(
                "arn:aws:cognito-idp:us-east-1:123456789012:userpool/{}",
                pool.id
            )
        );
        let listed = server
            .call::<op::ListUserPools>(json!({"MaxResults": 60}))
            .await
            .ok()
            .unwrap()
            .user_pools
            .unwrap();
        let names: Vec<_> = listed.into_iter().map(|pool| pool.name.unwrap()).collect();
        assert_eq!(names, ["Customers"]);
    })
    .await;
}

#[tokio::test]
async fn what_is_not_built_is_refused_by_its_name_and_nothing_is_made() {
    let server = TestServer::start().await;
    for (member, value, named) in [
        (
            "LambdaConfig",
            json!({"PreSignUp": "arn:aws:lambda:us-east-1:123456789012:function:f"}),
            "LambdaConfig.PreSignUp",
        ),
        (
            "UserPoolAddOns",
            json!({"AdvancedSecurityMode": "ENFORCED"}),
            "UserPoolAddOns",
        ),
    ] {
        let error = refused(server.pool().with(member, value).create().await);
        assert_eq!(error.code, "InvalidParameterException", "{member}");
        assert!(
            error.message.starts_with("Cognate does not support ") && error.message.contains(named),
            "{}",
            error.message
        );
    }
    let listed = server
        .call::<op::ListUserPools>(json!({"MaxResults": 60}))
        .await
        .ok()
        .unwrap();
    assert!(listed.user_pools.unwrap().is_empty());
}

#[tokio::test]
async fn settings_that_contradict_one_another_are_refused() {
    let server = TestServer::start().await;
    for (members, sentence) in [
        (
            json!({"AliasAttributes": ["email"], "UsernameAttributes": ["email"]}),
            "Only one of the aliasAttributes or usernameAttributes can be set in a User pool.",
        ),
        (
            json!({"UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": ["phone_number"]}}),
            "All attributes in AttributesRequireVerificationBeforeUpdate must exist in AutoVerifiedAttributes",
        ),
        (
            json!({"EmailConfiguration": {"From": "a@example.com\r\nBcc: b@example.com"}}),
            "Provided From email address is invalid",
        ),
        (
            json!({"EmailConfiguration": {"EmailSendingAccount": "DEVELOPER"}}),
            "Source ARN is required to use DEVELOPER email sending owner",
        ),
        (
            json!({"Schema": [{"Name": "role", "AttributeDataType": "String", "Required": true}]}),
            "Required custom attributes are not supported currently.",
        ),
    ] {
        let mut pool = server.pool();
        for (member, value) in members.as_object().unwrap() {
            pool = pool.with(member, value.clone());
        }
        assert_eq!(
            refused(pool.create().await).told(),
            ("InvalidParameterException", sentence)
        );
    }
}

#[tokio::test]
async fn the_models_own_limits_are_told_in_awss_words() {
    let server = TestServer::start().await;
    for (member, value, path) in [
        ("PoolName", json!("x".repeat(129)), "poolName"),
        ("PoolName", json!("a<b>"), "poolName"),
        (
            "Policies",
            json!({"PasswordPolicy": {"MinimumLength": 5}}),
            "policies.passwordPolicy.minimumLength",
        ),
        ("MfaConfiguration", json!("SOMETIMES"), "mfaConfiguration"),
        ("UserPoolTier", json!("GOLD"), "userPoolTier"),
    ] {
        let error = refused(server.pool().with(member, value).create().await);
        assert_eq!(error.code, "InvalidParameterException");
        assert!(
            error.message.starts_with("1 validation error detected: ")
                && error.message.contains(path),
            "{}",
            error.message
        );
    }
}

#[tokio::test]
async fn a_changed_setting_counts_from_the_next_request_on() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        client.user("ana").await;
        let update = |members: Value| {
            let mut input = json!({"UserPoolId": client.pool.id});
            input
                .as_object_mut()
                .unwrap()
                .extend(members.as_object().unwrap().clone());
            server.call::<op::UpdateUserPool>(input)
        };
        update(json!({"AdminCreateUserConfig": {"AllowAdminCreateUserOnly": true}}))
            .await
            .unwrap();
        assert_eq!(
            refused(client.user("eve").sign_up().await).message,
            "SignUp is not permitted for this user pool"
        );
        update(json!({"Policies": {"PasswordPolicy": {"MinimumLength": 30}}}))
            .await
            .unwrap();
        assert_eq!(
            refused(client.user("eve").sign_up().await).code,
            "InvalidPasswordException"
        );
    })
    .await;
}

#[tokio::test]
async fn a_protected_pool_stays_until_its_protection_is_off() {
    for_each_database(async |server| {
        let pool = server.pool().with("DeletionProtection", "ACTIVE").await;
        let delete = || server.call::<op::DeleteUserPool>(json!({"UserPoolId": pool.id}));
        let sentence = "The user pool cannot be deleted because deletion protection is activated. Deletion protection must be inactivated first.";
        assert_eq!(refused(delete().await).told(), ("InvalidParameterException", sentence));
        server.call::<op::UpdateUserPool>(json!({"UserPoolId": pool.id, "DeletionProtection": "INACTIVE"})).await.unwrap();
        delete().await.unwrap();
        let gone = refused(delete().await);
        assert_eq!(gone.message, format!("User pool {} does not exist.", pool.id));
    })
    .await;
}

#[tokio::test]
async fn a_deleted_pool_takes_everything_with_it() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let ana = client.user("ana").confirmed().await;
        client.user("una").await;
        ana.begin_srp().await.unwrap();
        server
            .call::<op::DeleteUserPool>(json!({"UserPoolId": client.pool.id}))
            .await
            .unwrap();
        assert_eq!(
            refused(ana.sign_in().await).code,
            "ResourceNotFoundException"
        );
        assert_eq!(
            refused(client.pool.user("ana").await).code,
            "ResourceNotFoundException"
        );
        assert_eq!(
            server
                .get(&format!("/{}/.well-known/jwks.json", client.pool.id))
                .await
                .0,
            404
        );
        // A second pool is as it was.
        let other = server.pool().await.client().await;
        other.user("ana").confirmed().await.sign_in().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_custom_attribute_that_joins_later_can_be_used() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    let input = json!({"UserPoolId": pool.id, "CustomAttributes": [{"Name": "team", "AttributeDataType": "String"}]});
    server
        .call::<op::AddCustomAttributes>(input.clone())
        .await
        .unwrap();
    let client = pool.client().write(["email", "custom:team"]).await;
    client
        .user("ana")
        .attribute("custom:team", "red")
        .confirmed()
        .await;
    assert_eq!(
        pool.attribute("ana", "custom:team").await.as_deref(),
        Some("red")
    );
    assert_eq!(
        refused(server.call::<op::AddCustomAttributes>(input).await).code,
        "InvalidParameterException"
    );
}
