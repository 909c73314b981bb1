//! Second factors and passkeys of a pool: SetUserPoolMfaConfig, GetUserPoolMfaConfig, and what the
//! other operations on pools have of them.

use cognate_testkit::{PoolBuilder, TestPool, TestServer, for_each_database, op, refused};
use serde_json::{Value, json};

const TOGETHER: &str =
    "Invalid MFA configuration given, can't turn off MFA and configure an MFA together.";
const NO_FACTOR: &str = "Invalid MFA configuration given, can't disable all MFAs with a required or optional configuration.";
const NEEDS_SMS: &str = "SMS configuration and Auto verification for phone_number are required when MFA is required/optional";
const NO_WAY_OFF: &str = "Can't turn off SMS_MFA when SMS configuration is set for the user pool";
const MAIL_IS_RECOVERY: &str = "Cannot set EmailMfaConfiguration when user pool AccountRecoverySetting is not set or contains only verified_email in RecoveryMechanisms.";

fn sms() -> Value {
    json!({"SnsCallerArn": "arn:aws:iam::123456789012:role/sms", "ExternalId": "x", "SnsRegion": "us-east-1"})
}

fn recovery(names: &[&str]) -> Value {
    let option = |(priority, name): (usize, &&str)| json!({"Priority": priority, "Name": name});
    json!({"RecoveryMechanisms": (1..).zip(names).map(option).collect::<Vec<_>>()})
}

/// A pool with a second way of recovery, so that mail may be a second factor.
fn pool_for_mail(server: &TestServer) -> PoolBuilder {
    let both = recovery(&["verified_phone_number", "verified_email"]);
    server.pool().with("AccountRecoverySetting", both)
}

async fn config(pool: &TestPool) -> Value {
    let input = json!({"UserPoolId": pool.id});
    let call = pool.server.prepare::<op::GetUserPoolMfaConfig>(input);
    let body = call.send().await.success().unwrap();
    serde_json::from_slice(&body).unwrap()
}

async fn described(pool: &TestPool) -> Value {
    let input = json!({"UserPoolId": pool.id});
    let call = pool.server.prepare::<op::DescribeUserPool>(input);
    let body = call.send().await.success().unwrap();
    serde_json::from_slice::<Value>(&body).unwrap()["UserPool"].clone()
}

#[track_caller]
fn assert_invalid<T>(outcome: Result<T, cognate_testkit::ApiError>, sentence: &str) {
    let error = refused(outcome);
    assert_eq!(error.told(), ("InvalidParameterException", sentence));
}

#[tokio::test]
async fn what_is_set_is_shown_and_what_is_left_out_is_off() {
    for_each_database(async |server| {
        let pool = pool_for_mail(&server).await;
        let mut all = json!({
            "MfaConfiguration": "OPTIONAL",
            "SmsMfaConfiguration": {"SmsAuthenticationMessage": "Sign in: {####}", "SmsConfiguration": sms()},
            "SoftwareTokenMfaConfiguration": {"Enabled": true},
            "EmailMfaConfiguration": {"Message": "Sign in: {####}", "Subject": "Sign in"},
            "WebAuthnConfiguration": {
                "RelyingPartyId": "example.com", "UserVerification": "required",
                "FactorConfiguration": "MULTI_FACTOR_WITH_USER_VERIFICATION",
            },
        });
        let mut input = all.clone();
        input["UserPoolId"] = json!(pool.id);
        let call = server.prepare::<op::SetUserPoolMfaConfig>(input);
        let body = call.send().await.success().unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), all);
        assert_eq!(config(&pool).await, all);
        let shown = described(&pool).await;
        assert_eq!(shown["MfaConfiguration"], "OPTIONAL");
        assert_eq!(shown["SmsAuthenticationMessage"], "Sign in: {####}");
        assert_eq!(shown["SmsConfiguration"], sms());
        pool.set_mfa(json!({"MfaConfiguration": "ON", "SmsMfaConfiguration": {}}))
            .await
            .unwrap();
        all = json!({"MfaConfiguration": "ON", "SmsMfaConfiguration": {"SmsConfiguration": sms()}});
        assert_eq!(config(&pool).await, all);
        pool.set_mfa(json!({})).await.unwrap();
        assert_eq!(config(&pool).await, json!({"MfaConfiguration": "OFF"}));
    })
    .await;
}

#[tokio::test]
async fn a_factor_that_is_written_and_off_is_shown_so() {
    let server = TestServer::start().await;
    let pool = server.pool().with("SmsConfiguration", sms()).await;
    let given = json!({
        "MfaConfiguration": "OPTIONAL", "SmsMfaConfiguration": {},
        "SoftwareTokenMfaConfiguration": {"Enabled": false},
    });
    let pool = pool.mfa(given).await;
    let token = &config(&pool).await["SoftwareTokenMfaConfiguration"];
    assert_eq!(*token, json!({"Enabled": false}));
}

#[tokio::test]
async fn passkeys_are_set_whether_a_second_factor_is_asked_for_or_not() {
    let server = TestServer::start().await;
    let passkeys = json!({"RelyingPartyId": "example.com", "UserVerification": "preferred"});
    let given = json!({"MfaConfiguration": "OFF", "WebAuthnConfiguration": passkeys});
    let pool = server.pool().await.mfa(given.clone()).await;
    assert_eq!(config(&pool).await, given);
    // An empty one says nothing.
    let pool = pool.mfa(json!({"WebAuthnConfiguration": {}})).await;
    assert_eq!(config(&pool).await, json!({"MfaConfiguration": "OFF"}));
}

#[tokio::test]
async fn what_contradicts_itself_or_the_pool_is_refused_and_changes_nothing() {
    let server = TestServer::start().await;
    let plain = server.pool().await;
    let by_sms = server.pool().with("SmsConfiguration", sms()).await;
    let only_mail = recovery(&["verified_email"]);
    let only_mail = server.pool().with("AccountRecoverySetting", only_mail);
    let only_mail = only_mail.await;
    let token = json!({"Enabled": true});
    let off = json!({"Enabled": false});
    for (pool, members, sentence) in [
        (
            &plain,
            json!({"MfaConfiguration": "OFF", "SoftwareTokenMfaConfiguration": off}),
            TOGETHER,
        ),
        (
            &plain,
            json!({"SmsMfaConfiguration": {"SmsConfiguration": sms()}}),
            TOGETHER,
        ),
        (&plain, json!({"EmailMfaConfiguration": {}}), TOGETHER),
        (&plain, json!({"MfaConfiguration": "ON"}), NO_FACTOR),
        (
            &plain,
            json!({"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": off}),
            NO_FACTOR,
        ),
        (
            &plain,
            json!({"MfaConfiguration": "ON", "SmsMfaConfiguration": {}}),
            NEEDS_SMS,
        ),
        (
            &by_sms,
            json!({"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": token}),
            NO_WAY_OFF,
        ),
        (
            &plain,
            json!({"MfaConfiguration": "ON", "EmailMfaConfiguration": {}}),
            MAIL_IS_RECOVERY,
        ),
        (
            &only_mail,
            json!({"MfaConfiguration": "ON", "EmailMfaConfiguration": {}}),
            MAIL_IS_RECOVERY,
        ),
    ] {
        let before = (config(pool).await, described(pool).await);
        assert_invalid(pool.set_mfa(members).await, sentence);
        assert_eq!((config(pool).await, described(pool).await), before);
    }
    let eums =
        json!({"SmsConfiguration": {"EumsSms": {"CallerArn": "arn:aws:iam::123456789012:role/x"}}});
    let members = json!({"MfaConfiguration": "ON", "SmsMfaConfiguration": eums});
    let named = "Cognate does not support SmsMfaConfiguration.SmsConfiguration.EumsSms: text messages do not leave through AWS";
    assert_invalid(plain.set_mfa(members).await, named);
}

#[tokio::test]
async fn a_text_for_codes_has_its_placeholder() {
    let server = TestServer::start().await;
    let pool = pool_for_mail(&server).await;
    for members in [
        json!({"SmsMfaConfiguration": {"SmsAuthenticationMessage": "No code", "SmsConfiguration": sms()}}),
        json!({"EmailMfaConfiguration": {"Message": "No code here"}}),
    ] {
        let mut members = members;
        members["MfaConfiguration"] = json!("ON");
        let error = refused(pool.set_mfa(members).await);
        assert_eq!(error.code, "InvalidParameterException");
        assert!(error.message.contains("regular expression"), "{error:?}");
    }
}

#[tokio::test]
async fn a_pool_is_made_with_text_messages_as_its_second_factor() {
    let server = TestServer::start().await;
    for configuration in ["ON", "OPTIONAL"] {
        let new = server.pool().with("MfaConfiguration", configuration);
        assert_invalid(new.create().await, NEEDS_SMS);
        let new = server.pool().with("MfaConfiguration", configuration);
        let pool = new
            .with("SmsConfiguration", sms())
            .with("SmsAuthenticationMessage", "Sign in: {####}")
            .await;
        let expected = json!({
            "MfaConfiguration": configuration,
            "SmsMfaConfiguration": {"SmsAuthenticationMessage": "Sign in: {####}", "SmsConfiguration": sms()},
        });
        assert_eq!(config(&pool).await, expected);
    }
}

async fn update(pool: &TestPool, mut members: Value) -> Result<(), cognate_testkit::ApiError> {
    members["UserPoolId"] = json!(pool.id);
    let server = &pool.server;
    server.call::<op::UpdateUserPool>(members).await.map(drop)
}

#[tokio::test]
async fn an_update_keeps_the_second_factors_that_it_does_not_name() {
    let server = TestServer::start().await;
    let token =
        json!({"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
    let pool = server.pool().await.mfa(token.clone()).await;
    update(&pool, json!({})).await.unwrap();
    assert_eq!(config(&pool).await, token);
    update(&pool, json!({"MfaConfiguration": "OPTIONAL"}))
        .await
        .unwrap();
    assert_eq!(config(&pool).await["MfaConfiguration"], "OPTIONAL");
    // A configuration for text messages makes them a factor, and none ends that.
    update(&pool, json!({"SmsConfiguration": sms()}))
        .await
        .unwrap();
    let shown = &config(&pool).await["SmsMfaConfiguration"];
    assert_eq!(*shown, json!({"SmsConfiguration": sms()}));
    update(&pool, json!({})).await.unwrap();
    assert_eq!(config(&pool).await.get("SmsMfaConfiguration"), None);
    update(&pool, json!({"MfaConfiguration": "OFF"}))
        .await
        .unwrap();
    assert_eq!(config(&pool).await, json!({"MfaConfiguration": "OFF"}));
    assert_invalid(
        update(&pool, json!({"MfaConfiguration": "ON"})).await,
        NEEDS_SMS,
    );
}

#[tokio::test]
async fn no_update_makes_mail_both_the_second_factor_and_the_only_recovery() {
    let server = TestServer::start().await;
    let mail = json!({"MfaConfiguration": "ON", "EmailMfaConfiguration": {}});
    let pool = pool_for_mail(&server).await.mfa(mail).await;
    let only_mail = json!({"AccountRecoverySetting": recovery(&["verified_email"])});
    assert_invalid(update(&pool, only_mail).await, MAIL_IS_RECOVERY);
    assert_invalid(update(&pool, json!({})).await, MAIL_IS_RECOVERY);
    let by_operators = json!({"AccountRecoverySetting": recovery(&["admin_only"])});
    update(&pool, by_operators).await.unwrap();
}

#[tokio::test]
async fn the_least_tier_has_no_mail_as_second_factor_and_no_passkeys() {
    let server = TestServer::start().await;
    let mail = json!({"MfaConfiguration": "ON", "EmailMfaConfiguration": {}});
    let passkeys = json!({"WebAuthnConfiguration": {"RelyingPartyId": "example.com"}});
    let lite = pool_for_mail(&server).with("UserPoolTier", "LITE").await;
    for members in [&mail, &passkeys] {
        let error = refused(lite.set_mfa(members.clone()).await);
        assert_eq!(error.code, "FeatureUnavailableInTierException");
    }
    let both = recovery(&["verified_phone_number", "verified_email"]);
    let down = json!({"UserPoolTier": "LITE", "AccountRecoverySetting": both});
    for members in [mail, passkeys] {
        let pool = pool_for_mail(&server).await.mfa(members).await;
        let error = refused(update(&pool, down.clone()).await);
        assert_eq!(error.code, "TierChangeNotAllowedException");
    }
    let token =
        json!({"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
    lite.set_mfa(token).await.unwrap();
}

#[tokio::test]
async fn where_everybody_is_asked_no_sign_in_begins_with_a_passkey_of_one_factor() {
    let server = TestServer::start().await;
    let token =
        json!({"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
    let policy = json!({"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"]}});
    let pool = server.pool().with("Policies", policy.clone()).await;
    let single = "Cannot set WebAuthn factor configuration to SINGLE_FACTOR if MFA is required and WebAuthn is an allowed first auth factor";
    assert_invalid(pool.set_mfa(token.clone()).await, single);
    let mut multi = token.clone();
    multi["WebAuthnConfiguration"] =
        json!({"FactorConfiguration": "MULTI_FACTOR_WITH_USER_VERIFICATION"});
    pool.set_mfa(multi).await.unwrap();
    let pool = server.pool().await.mfa(token).await;
    let late = update(&pool, json!({"Policies": policy})).await;
    let not_configured =
        "WEB_AUTHN cannot be used as an auth factor when MFA is enabled if not configured for MFA";
    assert_invalid(late, not_configured);
}
