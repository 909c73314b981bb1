//! What ends recovery codes.

use cognate_service::recovery_codes;
use cognate_testkit::{PASSWORD, TestPool, TestServer, TestUser, for_each_database, op, refused};
use serde_json::{Value, json};

use super::{
    NO_FACTOR, NO_SUCH_CODE, PROVE_ONE_FIRST, by_recovery_code, with_app_code, with_codes,
};

const NOT_ENABLED: (&str, &str) = (
    "UnsupportedOperationException",
    "Recovery codes are not enabled for this user pool",
);

/// AdminSetUserMFAPreference.
async fn prefer_by_operator(pool: &TestPool, mut preference: Value) {
    preference["UserPoolId"] = json!(pool.id);
    preference["Username"] = json!("ana");
    let server = &pool.server;
    let set = server.call::<op::AdminSetUserMFAPreference>(preference);
    set.await.unwrap();
}

async fn delete_app(pool: &TestPool) {
    let input = json!({"UserPoolId": pool.id, "Username": "ana"});
    let server = &pool.server;
    let deleted = server.call::<op::AdminDeleteSoftwareToken>(input);
    deleted.await.unwrap();
}

fn app(enabled: bool) -> Value {
    json!({"SoftwareTokenMfaSettings": {"Enabled": enabled, "PreferredMfa": enabled}})
}

/// Whether a code is one still, for a user who is asked for the app.
async fn is_good(ana: &TestUser, code: &str) -> bool {
    match by_recovery_code(ana, code).await {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.told(), NO_SUCH_CODE);
            false
        }
    }
}

#[tokio::test]
async fn a_list_ends_when_the_last_second_factor_is_switched_off() {
    for_each_database(async |server| {
        let (ana, tokens, codes) = with_codes(&server).await;
        let sms = |enabled: bool| json!({"SMSMfaSettings": {"Enabled": enabled}});
        ana.prefer(&tokens.access, sms(true)).await.unwrap();
        ana.prefer(&tokens.access, app(false)).await.unwrap();
        ana.prefer(&tokens.access, app(true)).await.unwrap();
        assert!(is_good(&ana, &codes[0]).await, "there was another one");
        let off = json!({"MFAOptions": [], "AccessToken": tokens.access});
        server.call::<op::SetUserSettings>(off).await.unwrap();
        assert!(is_good(&ana, &codes[1]).await, "the app is left");
        ana.prefer(&tokens.access, app(false)).await.unwrap();
        assert_eq!(ana.recovery_codes_left(&tokens.access).await.unwrap(), 0);
        let error = refused(ana.make_recovery_codes(&tokens.access).await);
        assert_eq!(error.told(), NO_FACTOR);
        ana.prefer(&tokens.access, app(true)).await.unwrap();
        assert!(!is_good(&ana, &codes[2]).await);
    })
    .await;
}

#[tokio::test]
async fn a_list_ends_when_an_operator_takes_the_only_second_factor_away() {
    for_each_database(async |server| {
        let (ana, tokens, codes) = with_codes(&server).await;
        let pool = &ana.client.pool;
        let left = async || ana.recovery_codes_left(&tokens.access).await.unwrap();
        prefer_by_operator(pool, json!({"SMSMfaSettings": {"Enabled": true}})).await;
        delete_app(pool).await;
        assert_eq!(left().await, 10);
        prefer_by_operator(pool, json!({"SMSMfaSettings": {"Enabled": false}})).await;
        assert_eq!(left().await, 0);
        ana.with_app(&tokens.access).await;
        assert!(!is_good(&ana, &codes[0]).await);
        let codes = ana.make_recovery_codes(&tokens.access).await.unwrap();
        delete_app(pool).await;
        assert_eq!(left().await, 0);
        ana.with_app(&tokens.access).await;
        assert!(!is_good(&ana, &codes[0]).await);
    })
    .await;
}

#[tokio::test]
async fn who_switches_the_factors_off_and_sets_one_up_again_signs_in_with_it_first() {
    for_each_database(async |server| {
        let (ana, tokens, _) = with_codes(&server).await;
        // All of this takes an access token and no second factor.
        ana.prefer(&tokens.access, app(false)).await.unwrap();
        let authenticator = ana.with_app(&tokens.access).await;
        let error = refused(ana.make_recovery_codes(&tokens.access).await);
        assert_eq!(error.told(), PROVE_ONE_FIRST);
        let tokens = with_app_code(&ana, &authenticator).await;
        let codes = ana.make_recovery_codes(&tokens.access).await.unwrap();
        assert!(is_good(&ana, &codes[0]).await);
    })
    .await;
}

#[tokio::test]
async fn a_list_that_an_operator_resets_is_worth_nothing_and_another_can_be_made() {
    for_each_database(async |server| {
        let (ana, tokens, codes) = with_codes(&server).await;
        let (db, pool) = (&server.app().db, &ana.client.pool.id);
        assert!(recovery_codes::reset(db, pool, &ana.sub).await.unwrap());
        assert!(!recovery_codes::reset(db, pool, "ANA").await.unwrap());
        assert!(!is_good(&ana, &codes[0]).await);
        assert_eq!(ana.recovery_codes_left(&tokens.access).await.unwrap(), 0);
        let error = recovery_codes::reset(db, pool, "nobody").await.unwrap_err();
        assert_eq!(error.to_string(), "the user pool has no user «nobody»");
        let error = recovery_codes::reset(db, "us-east-1_nowhere", "ana").await;
        let sentence = "there is no user pool «us-east-1_nowhere»";
        assert_eq!(error.unwrap_err().to_string(), sentence);
    })
    .await;
}

#[tokio::test]
async fn a_list_goes_with_its_user() {
    for_each_database(async |server| {
        let (ana, _, codes) = with_codes(&server).await;
        let pool = &ana.client.pool;
        pool.delete_user("ana").await;
        let ana = ana.client.user("ana").confirmed().await;
        let tokens = ana.sign_in().await.unwrap();
        assert_eq!(ana.recovery_codes_left(&tokens.access).await.unwrap(), 0);
        ana.with_app(&tokens.access).await;
        assert!(!is_good(&ana, &codes[0]).await);
    })
    .await;
}

#[tokio::test]
async fn codes_are_worth_nothing_while_the_pool_has_them_switched_off() {
    for_each_database(async |server| {
        let (ana, tokens, codes) = with_codes(&server).await;
        let pool = &ana.client.pool;
        for value in ["off", "on"] {
            pool.set_recovery_codes(value).await;
            // It has kept nothing of the setting before.
            let node = server.node();
            let there = ana.on(&node);
            assert_eq!(is_good(&there, &codes[0]).await, value == "on");
            if value == "off" {
                let error = refused(there.make_recovery_codes(&tokens.access).await);
                assert_eq!((error.told(), error.status), (NOT_ENABLED, 400));
                let error = refused(there.recovery_codes_left(&tokens.access).await);
                assert_eq!(error.told(), NOT_ENABLED);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_pool_has_none_unless_it_switches_them_on_and_an_app_leaves_no_leave_behind() {
    let server = TestServer::start().await;
    let pool = server
        .pool()
        .await
        .mfa(crate::software_tokens::optional_apps())
        .await;
    let ana = pool.client().await.user("ana").confirmed().await;
    let tokens = ana.sign_in().await.unwrap();
    ana.with_app(&tokens.access).await;
    let error = refused(ana.make_recovery_codes(&tokens.access).await);
    assert_eq!(error.told(), NOT_ENABLED);
    assert!(!is_good(&ana, "0123456789").await);
    pool.set_recovery_codes("on").await;
    let there = ana.on(&server.node());
    let error = refused(there.make_recovery_codes(&tokens.access).await);
    assert_eq!(error.code, "UnauthorizedException");
}

#[tokio::test]
async fn a_reset_of_the_password_leaves_the_list_and_needs_a_code_of_it_or_the_app() {
    let server = TestServer::start().await;
    let (ana, _, codes) = with_codes(&server).await;
    ana.forgot_password().await.unwrap();
    let code = ana.last_code().await;
    let new = format!("{PASSWORD}-new");
    ana.reset_password(&code, &new).await.unwrap();
    let ana = ana.with_password(&new);
    assert!(is_good(&ana, &codes[0]).await);
}
