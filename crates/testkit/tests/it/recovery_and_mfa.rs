//! A password is not recovered through the mailbox of the second factor.

use cognate_testkit::{
    TestClient, TestServer, TestUser, attribute_list, for_each_database, op, refused,
};
use serde_json::{Value, json};

use crate::mfa_preferences::pool_with_all;

const PHONE: &str = "+15551234567";
const NO_WAY: (&str, &str) = (
    "InvalidParameterException",
    "Cannot reset password for the user as there is no registered/verified email or phone_number",
);

/// A user with verified addresses, in a pool that recovers by mail, and by text message else.
async fn ana_at(client: &TestClient, addresses: &[(&str, &str)]) -> TestUser {
    let ana = client.user("ana").without_address().confirmed().await;
    let pool = &client.pool;
    let attributes = attribute_list(addresses);
    let input = json!({"UserPoolId": pool.id, "Username": "ana", "UserAttributes": attributes});
    let server = &pool.server;
    server
        .call::<op::AdminUpdateUserAttributes>(input)
        .await
        .unwrap();
    ana
}

async fn prefer(ana: &TestUser, mut preference: Value) {
    let pool = &ana.client.pool;
    preference["UserPoolId"] = json!(pool.id);
    preference["Username"] = json!("ana");
    let server = &pool.server;
    let set = server.call::<op::AdminSetUserMFAPreference>(preference);
    set.await.unwrap();
}

/// How many messages each of the two addresses has.
async fn received(server: &TestServer) -> (usize, usize) {
    let mail = server.mailbox("ana@example.com").await.len();
    (mail, server.mailbox(PHONE).await.len())
}

const BOTH: [(&str, &str); 4] = [
    ("email", "ana@example.com"),
    ("email_verified", "true"),
    ("phone_number", PHONE),
    ("phone_number_verified", "true"),
];

#[tokio::test]
async fn the_code_of_a_reset_goes_to_the_address_that_is_no_second_factor() {
    for_each_database(async |server| {
        let pool = pool_with_all(&server, "OPTIONAL").await;
        let ana = ana_at(&pool.client().legacy_errors().await, &BOTH).await;
        ana.forgot_password().await.unwrap();
        assert_eq!(received(&server).await, (1, 0));
        let preferred = json!({"Enabled": true, "PreferredMfa": true});
        prefer(&ana, json!({"EmailMfaSettings": preferred})).await;
        ana.forgot_password().await.unwrap();
        assert_eq!(received(&server).await, (1, 1));
        let code = server.mailbox(PHONE).await.last_code();
        ana.reset_password(&code, "Another-Horse-2").await.unwrap();
        // The second factor is asked for as before.
        let ana = ana.with_password("Another-Horse-2");
        let answer = ana.initiate_with_password().await.unwrap();
        assert_eq!(answer.challenge_name.unwrap().as_str(), "EMAIL_OTP");
    })
    .await;
}

#[tokio::test]
async fn where_all_addresses_are_second_factors_only_operators_reset() {
    let server = TestServer::start().await;
    let pool = pool_with_all(&server, "OPTIONAL").await;
    let client = pool.client().legacy_errors().await;
    let ana = ana_at(&client, &BOTH[..2]).await;
    prefer(&ana, json!({"EmailMfaSettings": {"Enabled": true}})).await;
    assert_eq!(refused(ana.forgot_password().await).told(), NO_WAY);
    let reset = json!({"UserPoolId": pool.id, "Username": "ana"});
    let error = refused(server.call::<op::AdminResetUserPassword>(reset).await);
    assert_eq!(error.told(), NO_WAY);
    // Where answers hide who exists, it does not show, and nothing is sent.
    let hidden = ana.at(&pool.client().await);
    hidden.forgot_password().await.unwrap();
    assert!(server.mailbox("ana@example.com").await.is_empty());
}

#[tokio::test]
async fn both_addresses_as_second_factors_show_no_user() {
    let server = TestServer::start().await;
    let pool = pool_with_all(&server, "OPTIONAL").await;
    let ana = ana_at(&pool.client().await, &BOTH).await;
    let on = json!({"Enabled": true});
    prefer(&ana, json!({"EmailMfaSettings": on, "SMSMfaSettings": on})).await;
    ana.forgot_password().await.unwrap();
    assert_eq!(received(&server).await, (0, 0));
}

#[tokio::test]
async fn under_the_older_rule_the_second_factors_address_comes_last() {
    let server = TestServer::start().await;
    let sms = json!({"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"});
    let new = server.pool().with("SmsConfiguration", sms);
    let pool = new.with("MfaConfiguration", "OPTIONAL").await;
    let client = pool.client().legacy_errors().await;
    let ana = ana_at(&client, &BOTH).await;
    ana.forgot_password().await.unwrap();
    assert_eq!(received(&server).await, (0, 1));
    prefer(&ana, json!({"SMSMfaSettings": {"Enabled": true}})).await;
    ana.forgot_password().await.unwrap();
    assert_eq!(received(&server).await, (1, 1));
}
