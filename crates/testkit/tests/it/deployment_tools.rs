//! What Terraform's provider and the CDK send beyond what anybody asked for, and what they need to
//! read back.

use cognate_api::Operation;
use cognate_api::shape::Kind;
use cognate_testkit::{PASSWORD, TestPool, TestServer, for_each_database, op, refused};
use serde_json::{Value, json};

async fn described(pool: &TestPool) -> Value {
    let call = pool
        .server
        .prepare::<op::DescribeUserPool>(json!({"UserPoolId": pool.id}));
    let body = call.send().await.success().unwrap();
    serde_json::from_slice::<Value>(&body).unwrap()["UserPool"].clone()
}

async fn update(pool: &TestPool, mut members: Value) {
    members["UserPoolId"] = json!(pool.id);
    let updated = pool.server.call::<op::UpdateUserPool>(members).await;
    updated.unwrap();
}

#[tokio::test]
async fn an_update_keeps_each_half_of_the_policies_and_the_tier() {
    for_each_database(async |server| {
        let policy = json!({"MinimumLength": 12, "RequireNumbers": true, "TemporaryPasswordValidityDays": 3});
        let pool = server.pool().policy(policy).with("UserPoolTier", "PLUS").await;
        let before = described(&pool).await;
        for members in [
            json!({}),
            json!({"Policies": {}}),
            json!({"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD"]}}}),
        ] {
            update(&pool, members.clone()).await;
            let after = described(&pool).await;
            assert_eq!(after["Policies"], before["Policies"], "{members}");
            assert_eq!(after["UserPoolTier"], "PLUS", "{members}");
        }
        update(&pool, json!({"Policies": {"PasswordPolicy": {"MinimumLength": 10}}})).await;
        let after = described(&pool).await["Policies"].clone();
        assert_eq!(after["PasswordPolicy"]["MinimumLength"], 10);
        assert_eq!(after["PasswordPolicy"]["RequireNumbers"], false);
        assert_eq!(after["SignInPolicy"], before["Policies"]["SignInPolicy"]);
    })
    .await;
}

#[tokio::test]
async fn an_update_puts_the_rest_back_to_its_defaults() {
    for_each_database(async |server| {
        let pool = server
            .pool()
            .verified_before_update()
            .with("DeletionProtection", "ACTIVE")
            .with(
                "AccountRecoverySetting",
                json!({"RecoveryMechanisms": [{"Priority": 1, "Name": "admin_only"}]}),
            )
            .with(
                "VerificationMessageTemplate",
                json!({"EmailSubject": "Hello", "DefaultEmailOption": "CONFIRM_WITH_LINK"}),
            )
            .with(
                "AdminCreateUserConfig",
                json!({"AllowAdminCreateUserOnly": true}),
            )
            .with(
                "EmailConfiguration",
                json!({"ReplyToEmailAddress": "a@example.com"}),
            )
            .with(
                "SmsConfiguration",
                json!({"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}),
            )
            .with("UserPoolAddOns", json!({"AdvancedSecurityMode": "OFF"}))
            .await;
        let plain = described(&server.pool().verifies([]).await).await;
        update(&pool, json!({})).await;
        let mut after = described(&pool).await;
        for member in ["Id", "Arn", "CreationDate", "LastModifiedDate"] {
            after[member] = plain[member].clone();
        }
        assert_eq!(after, plain);
    })
    .await;
}

#[tokio::test]
async fn add_ons_that_are_off_are_shown_exactly_where_they_were_written() {
    for_each_database(async |server| {
        let off = json!({"AdvancedSecurityMode": "OFF"});
        let pool = server.pool().with("UserPoolAddOns", off.clone()).await;
        assert_eq!(described(&pool).await["UserPoolAddOns"], off);
        update(&pool, json!({})).await;
        assert_eq!(described(&pool).await.get("UserPoolAddOns"), None);
        update(&pool, json!({"UserPoolAddOns": off})).await;
        assert_eq!(described(&pool).await["UserPoolAddOns"], off);
        let silent = server.pool().await;
        assert_eq!(described(&silent).await.get("UserPoolAddOns"), None);
    })
    .await;
}

#[tokio::test]
async fn a_pool_is_shown_with_what_a_plan_needs_and_without_what_it_shows_as_a_change() {
    let server = TestServer::start().await;
    let pool = described(&server.pool().verifies([]).await).await;
    assert_eq!(pool["DeletionProtection"], "INACTIVE");
    let policy = &pool["Policies"]["PasswordPolicy"];
    assert_eq!(policy.as_object().unwrap().len(), 6, "{policy}");
    for volunteered in [
        "UserPoolAddOns",
        "DeviceConfiguration",
        "SmsAuthenticationMessage",
        "AutoVerifiedAttributes",
    ] {
        assert_eq!(pool.get(volunteered), None, "{volunteered}");
    }
}

#[tokio::test]
async fn multi_factor_authentication_is_off_and_can_be_switched_off() {
    for_each_database(async |server| {
        let pool = server.pool().await;
        let off = json!({"MfaConfiguration": "OFF"});
        let get = server.prepare::<op::GetUserPoolMfaConfig>(json!({"UserPoolId": pool.id}));
        let before = described(&pool).await;
        for members in [off.clone(), json!({}), json!({"WebAuthnConfiguration": {}})] {
            pool.set_mfa(members).await.unwrap();
            let body = get.clone().send().await.success().unwrap();
            assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), off);
        }
        assert_eq!(described(&pool).await, before);
    })
    .await;
}

#[tokio::test]
async fn a_user_whom_an_operator_makes_has_the_attributes_that_were_given_and_no_others() {
    for_each_database(async |server| {
        let pool = server.pool().await;
        let given = [("email", "ana@example.com"), ("phone_number", "+15551234567")];
        pool.invite("ana", "Temporary-1!", &given).await;
        let shown = pool.user("ana").await.unwrap().user_attributes.unwrap();
        let names: Vec<_> = shown.iter().map(|attribute| attribute.name.as_str()).collect();
        assert_eq!(names, ["sub", "email", "phone_number"]);
        // An address without the flag is not verified: no reset goes to it.
        let reset = json!({"UserPoolId": pool.id, "Username": "ana"});
        let set = json!({"UserPoolId": pool.id, "Username": "ana", "Password": PASSWORD, "Permanent": true});
        server.call::<op::AdminSetUserPassword>(set).await.unwrap();
        let told = refused(server.call::<op::AdminResetUserPassword>(reset).await);
        assert_eq!(told.code, "InvalidParameterException");
        let flagged = [("email", "eve@example.com"), ("email_verified", "false")];
        pool.invite("eve", "Temporary-1!", &flagged).await;
        assert_eq!(pool.attribute("eve", "email_verified").await.as_deref(), Some("false"));
    })
    .await;
}

#[tokio::test]
async fn a_user_who_signs_up_has_the_flags_beside_the_addresses() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let ana = client.user("ana").attribute("phone_number", "+15551234567");
    ana.await;
    for flag in ["email_verified", "phone_number_verified"] {
        let value = client.pool.attribute("ana", flag).await;
        assert_eq!(value.as_deref(), Some("false"), "{flag}");
    }
}

#[tokio::test]
async fn what_the_cdk_writes_beyond_what_anybody_asked_for_is_taken() {
    let server = TestServer::start().await;
    let (text, subject) = (
        "The verification code to your new account is {####}",
        "Verify your new account",
    );
    // `new cognito.UserPool(this, "Pool")`, with structures that hold nothing.
    let members = json!({
        "AccountRecoverySetting": {"RecoveryMechanisms": [{"Name": "verified_phone_number", "Priority": 1}, {"Name": "verified_email", "Priority": 2}]},
        "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": true},
        "EmailVerificationMessage": text, "EmailVerificationSubject": subject, "SmsVerificationMessage": text,
        "VerificationMessageTemplate": {"DefaultEmailOption": "CONFIRM_WITH_CODE", "EmailMessage": text, "EmailSubject": subject, "SmsMessage": text},
        "LambdaConfig": {}, "SmsConfiguration": {}, "EmailConfiguration": {}, "DeviceConfiguration": {}, "UserAttributeUpdateSettings": {},
        "UsernameConfiguration": {"CaseSensitive": false}, "AliasAttributes": [], "UsernameAttributes": [], "UserPoolTags": {},
        "AutoVerifiedAttributes": [], "Policies": {"PasswordPolicy": {"PasswordHistorySize": 0}}, "MfaConfiguration": "OFF",
    });
    let mut pool = server.pool();
    for (member, value) in members.as_object().unwrap() {
        pool = pool.with(member, value.clone());
    }
    let pool = pool.await;
    // A client with rotation: no ALLOW_REFRESH_TOKEN_AUTH, and every span in minutes.
    let members = json!({
        "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"], "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 10},
        "AccessTokenValidity": 60, "IdTokenValidity": 60, "RefreshTokenValidity": 14_400,
        "TokenValidityUnits": {"AccessToken": "minutes", "IdToken": "minutes", "RefreshToken": "minutes"},
        "AllowedOAuthFlowsUserPoolClient": false, "SupportedIdentityProviders": ["COGNITO"], "EnableTokenRevocation": true,
        "AnalyticsConfiguration": {}, "CallbackURLs": [], "LogoutURLs": [],
    });
    let mut client = pool.client();
    for (member, value) in members.as_object().unwrap() {
        client = client.with(member, value.clone());
    }
    client.await;
}

#[test]
fn the_documentation_says_of_every_member_of_an_update_what_becomes_of_it() {
    let text = include_str!("../../../../docs/differences.md");
    let (_, section) = text.split_once("## What UpdateUserPool keeps").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let named: Vec<_> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next())
        .flat_map(|cell| cell.split(|c: char| !c.is_alphanumeric()))
        .collect();
    let Kind::Structure(members) = op::UpdateUserPool::INPUT.kind else {
        panic!("a structure")
    };
    let missing: Vec<_> = members
        .iter()
        .map(|member| member.name)
        .filter(|name| *name != "UserPoolId" && !named.contains(name))
        .collect();
    assert!(missing.is_empty(), "no row for {missing:?}");
}
