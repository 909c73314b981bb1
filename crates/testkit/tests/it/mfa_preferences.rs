//! What users have switched on: SetUserMFAPreference, SetUserSettings, what operators have of them,
//! and where it shows.

use cognate_testkit::{
    ApiError, TestPool, TestServer, TestUser, Tokens, attribute_list, for_each_database, op,
    refused,
};
use serde_json::{Value, json};

const PHONE: &str = "+15551234567";

/// A pool that offers all factors.
pub(crate) async fn pool_with_all(server: &TestServer, configuration: &str) -> TestPool {
    let recovery = json!({"RecoveryMechanisms": [
        {"Priority": 1, "Name": "verified_email"}, {"Priority": 2, "Name": "verified_phone_number"},
    ]});
    let pool = server.pool().with("AccountRecoverySetting", recovery).await;
    let sms = json!({"SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}});
    pool.mfa(json!({
        "MfaConfiguration": configuration, "SmsMfaConfiguration": sms,
        "SoftwareTokenMfaConfiguration": {"Enabled": true}, "EmailMfaConfiguration": {},
    }))
    .await
}

async fn signed_in(pool: &TestPool) -> (TestUser, Tokens) {
    let ana = pool.client().await.user("ana").confirmed().await;
    let tokens = ana.sign_in().await.unwrap();
    (ana, tokens)
}

async fn give_phone(pool: &TestPool) {
    let attributes = attribute_list(&[("phone_number", PHONE)]);
    let input = json!({"UserPoolId": pool.id, "Username": "ana", "UserAttributes": attributes});
    let server = &pool.server;
    server
        .call::<op::AdminUpdateUserAttributes>(input)
        .await
        .unwrap();
}

/// What GetUser, AdminGetUser and ListUsers show of second factors, which is the same.
async fn shown(ana: &TestUser, tokens: &Tokens) -> Value {
    let (server, pool) = (&ana.client.pool.server, &ana.client.pool);
    let about = json!({"UserPoolId": pool.id, "Username": "ana"});
    let own = server.prepare::<op::GetUser>(json!({"AccessToken": tokens.access}));
    let by_operator = server.prepare::<op::AdminGetUser>(about);
    let listed = server.prepare::<op::ListUsers>(json!({"UserPoolId": pool.id}));
    let [own, by_operator, listed] = [own, by_operator, listed].map(|call| async move {
        let body = call.send().await.success().unwrap();
        serde_json::from_slice::<Value>(&body).unwrap()
    });
    let pick = |from: &Value| {
        let names = ["UserMFASettingList", "PreferredMfaSetting", "MFAOptions"];
        let members = names.map(|name| (name.to_owned(), from.get(name).cloned()));
        let members = members
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        Value::Object(members.collect())
    };
    let own = pick(&own.await);
    assert_eq!(pick(&by_operator.await), own);
    let listed = listed.await["Users"][0].get("MFAOptions").cloned();
    assert_eq!(listed, own.get("MFAOptions").cloned());
    own
}

#[tokio::test]
async fn what_is_switched_on_and_preferred_is_shown() {
    for_each_database(async |server| {
        let pool = pool_with_all(&server, "OPTIONAL").await;
        let (ana, tokens) = signed_in(&pool).await;
        give_phone(&pool).await;
        assert_eq!(shown(&ana, &tokens).await, json!({}));
        let preference = json!({
            "SMSMfaSettings": {"Enabled": true}, "EmailMfaSettings": {"Enabled": true, "PreferredMfa": true},
        });
        ana.prefer(&tokens.access, preference).await.unwrap();
        let options = json!([{"DeliveryMedium": "SMS", "AttributeName": "phone_number"}]);
        let expected = json!({
            "UserMFASettingList": ["SMS_MFA", "EMAIL_OTP"], "PreferredMfaSetting": "EMAIL_OTP", "MFAOptions": options,
        });
        assert_eq!(shown(&ana, &tokens).await, expected);
        let off = json!({
            "SMSMfaSettings": {"Enabled": false}, "EmailMfaSettings": {}, "SoftwareTokenMfaSettings": {"Enabled": false, "PreferredMfa": false},
        });
        ana.prefer(&tokens.access, off).await.unwrap();
        assert_eq!(shown(&ana, &tokens).await, json!({}));
    })
    .await;
}

async fn prefer_by_operator(pool: &TestPool, mut preference: Value) -> Result<(), ApiError> {
    preference["UserPoolId"] = json!(pool.id);
    preference["Username"] = json!("ana");
    let server = &pool.server;
    server
        .call::<op::AdminSetUserMFAPreference>(preference)
        .await
        .map(drop)
}

#[tokio::test]
async fn a_factor_is_switched_on_where_the_user_has_it_and_the_pool_offers_it() {
    let server = TestServer::start().await;
    let pool = pool_with_all(&server, "OPTIONAL").await;
    let (ana, tokens) = signed_in(&pool).await;
    let on = |member: &str| json!({member: {"Enabled": true}});
    let not_ready = |factor| format!("User does not have delivery config set to turn on {factor}");
    for (member, factor) in [
        ("SMSMfaSettings", "SMS_MFA"),
        ("SoftwareTokenMfaSettings", "SOFTWARE_TOKEN_MFA"),
    ] {
        let error = refused(ana.prefer(&tokens.access, on(member)).await);
        assert_eq!(
            error.told(),
            ("InvalidParameterException", &*not_ready(factor))
        );
        let error = refused(prefer_by_operator(&pool, on(member)).await);
        assert_eq!(
            error.told(),
            ("InvalidParameterException", &*not_ready(factor))
        );
    }
    ana.associate_app(&tokens.access).await.unwrap();
    let token = on("SoftwareTokenMfaSettings");
    refused(ana.prefer(&tokens.access, token).await);
    give_phone(&pool).await;
    prefer_by_operator(&pool, on("SMSMfaSettings"))
        .await
        .unwrap();
    // What is off needs nothing, so that a client that names all of them is served.
    let off = json!({"SMSMfaSettings": {"Enabled": false}, "SoftwareTokenMfaSettings": {"Enabled": false}});
    ana.prefer(&tokens.access, off).await.unwrap();

    let other = server
        .pool()
        .await
        .mfa(crate::software_tokens::optional_apps())
        .await;
    let (bea, tokens) = signed_in(&other).await;
    for (member, factor) in [
        ("SMSMfaSettings", "SMS_MFA"),
        ("EmailMfaSettings", "EMAIL_OTP"),
    ] {
        let error = refused(bea.prefer(&tokens.access, on(member)).await);
        let sentence = format!("{factor} is not an MFA factor of the user pool");
        assert_eq!(
            error.told(),
            ("InvalidParameterException", sentence.as_str())
        );
    }
}

#[tokio::test]
async fn wishes_that_contradict_each_other_are_refused_and_change_nothing() {
    let server = TestServer::start().await;
    let pool = pool_with_all(&server, "OPTIONAL").await;
    let (ana, tokens) = signed_in(&pool).await;
    give_phone(&pool).await;
    let both = json!({"Enabled": true, "PreferredMfa": true});
    for preference in [
        json!({"SMSMfaSettings": both, "EmailMfaSettings": both}),
        json!({"SMSMfaSettings": {"PreferredMfa": true}, "EmailMfaSettings": {"Enabled": true}}),
        json!({"EmailMfaSettings": {"Enabled": true}, "WebAuthnMfaSettings": {"Enabled": true}}),
    ] {
        let error = refused(ana.prefer(&tokens.access, preference.clone()).await);
        assert_eq!(error.code, "InvalidParameterException", "{preference}");
        assert_eq!(shown(&ana, &tokens).await, json!({}));
    }
}

#[tokio::test]
async fn where_everybody_is_asked_a_factor_stays_on_and_another_can_be_preferred() {
    let server = TestServer::start().await;
    let pool = pool_with_all(&server, "OPTIONAL").await;
    let (ana, tokens) = signed_in(&pool).await;
    give_phone(&pool).await;
    let on = json!({"SMSMfaSettings": {"Enabled": true, "PreferredMfa": true}, "EmailMfaSettings": {"Enabled": true}});
    ana.prefer(&tokens.access, on).await.unwrap();
    let sms = json!({"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"});
    let on = json!({"MfaConfiguration": "ON", "SmsMfaConfiguration": {"SmsConfiguration": sms}, "EmailMfaConfiguration": {}});
    pool.set_mfa(on).await.unwrap();
    let off = json!({"SMSMfaSettings": {"Enabled": false}, "EmailMfaSettings": {"Enabled": false}});
    ana.prefer(&tokens.access, off).await.unwrap();
    let after = shown(&ana, &tokens).await;
    assert_eq!(after["UserMFASettingList"], json!(["SMS_MFA", "EMAIL_OTP"]));
    assert_eq!(after["PreferredMfaSetting"], "SMS_MFA");
    let other = json!({"EmailMfaSettings": {"Enabled": true, "PreferredMfa": true}});
    ana.prefer(&tokens.access, other).await.unwrap();
    assert_eq!(
        shown(&ana, &tokens).await["PreferredMfaSetting"],
        "EMAIL_OTP"
    );
}

#[tokio::test]
async fn a_passkey_stands_for_both_factors_where_the_pool_says_so_and_another_is_on() {
    let server = TestServer::start().await;
    let pool = pool_with_all(&server, "OPTIONAL").await;
    let (ana, tokens) = signed_in(&pool).await;
    let passkey = json!({"WebAuthnMfaSettings": {"Enabled": true}});
    let single = refused(ana.prefer(&tokens.access, passkey.clone()).await);
    assert!(single.message.contains("FactorConfiguration"), "{single:?}");
    let sms = json!({"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"});
    let multi = json!({
        "MfaConfiguration": "OPTIONAL", "SmsMfaConfiguration": {"SmsConfiguration": sms}, "EmailMfaConfiguration": {},
        "WebAuthnConfiguration": {"RelyingPartyId": "example.com", "FactorConfiguration": "MULTI_FACTOR_WITH_USER_VERIFICATION"},
    });
    pool.set_mfa(multi).await.unwrap();
    let alone = refused(ana.prefer(&tokens.access, passkey.clone()).await);
    assert!(alone.message.contains("beside another"), "{alone:?}");
    let beside =
        json!({"WebAuthnMfaSettings": {"Enabled": true}, "EmailMfaSettings": {"Enabled": true}});
    ana.prefer(&tokens.access, beside).await.unwrap();
}

#[tokio::test]
async fn the_older_way_switches_text_messages_on_and_off() {
    for_each_database(async |server| {
        let pool = pool_with_all(&server, "OPTIONAL").await;
        let (ana, tokens) = signed_in(&pool).await;
        let options = json!([{"DeliveryMedium": "SMS", "AttributeName": "phone_number"}]);
        let own = |options: &Value| json!({"AccessToken": tokens.access, "MFAOptions": options});
        let error = refused(server.call::<op::SetUserSettings>(own(&options)).await);
        assert_eq!(error.code, "InvalidParameterException");
        give_phone(&pool).await;
        server
            .call::<op::SetUserSettings>(own(&options))
            .await
            .unwrap();
        let expected = json!({"UserMFASettingList": ["SMS_MFA"], "MFAOptions": options});
        assert_eq!(shown(&ana, &tokens).await, expected);
        let about = json!({"UserPoolId": pool.id, "Username": "ana", "MFAOptions": []});
        server
            .call::<op::AdminSetUserSettings>(about)
            .await
            .unwrap();
        assert_eq!(shown(&ana, &tokens).await, json!({}));
        for options in [
            json!([{"DeliveryMedium": "EMAIL", "AttributeName": "email"}]),
            json!([{"DeliveryMedium": "SMS", "AttributeName": "email"}]),
            json!([{}]),
        ] {
            let error = refused(server.call::<op::SetUserSettings>(own(&options)).await);
            assert_eq!(error.code, "InvalidParameterException", "{options}");
        }
    })
    .await;
}
