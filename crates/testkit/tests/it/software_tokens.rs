//! Authenticator apps of users who are signed in: AssociateSoftwareToken, VerifySoftwareToken and
//! AdminDeleteSoftwareToken.

use cognate_testkit::{
    Authenticator, TestPasskey, TestPool, TestServer, TestUser, Tokens, for_each_database, minutes,
    op, refused,
};
use serde_json::{Value, json};

use crate::sentences::other_than;

const MISMATCH: (&str, &str) = (
    "EnableSoftwareTokenMFAException",
    "Code mismatch and fail enable Software Token MFA",
);
const NOT_OFFERED: (&str, &str) = (
    "SoftwareTokenMFANotFoundException",
    "Software Token MFA has not been enabled by the userPool",
);
const NO_SECRET: (&str, &str) = (
    "SoftwareTokenMFANotFoundException",
    "Software Token MFA does not exist for the user.",
);

pub(crate) fn optional_apps() -> Value {
    json!({"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": true}})
}

/// A user who is signed in, in a pool that offers apps.
async fn signed_in(server: &TestServer) -> (TestUser, Tokens) {
    let pool = server.pool().await.mfa(optional_apps()).await;
    let ana = pool.client().await.user("ana").confirmed().await;
    let tokens = ana.sign_in().await.unwrap();
    (ana, tokens)
}

async fn factors(pool: &TestPool) -> Value {
    let input = json!({"UserPoolId": pool.id, "Username": "ana"});
    let call = pool.server.prepare::<op::AdminGetUserAuthFactors>(input);
    serde_json::from_slice(&call.send().await.success().unwrap()).unwrap()
}

#[tokio::test]
async fn an_app_is_the_users_once_it_has_shown_a_code() {
    for_each_database(async |server| {
        let (ana, tokens) = signed_in(&server).await;
        let pool = &ana.client.pool;
        let app = ana.associate_app(&tokens.access).await.unwrap();
        let only_password = json!({"Username": "ana", "ConfiguredUserAuthFactors": ["PASSWORD"]});
        assert_eq!(factors(pool).await, only_password);
        ana.verify_app(&tokens.access, &app.code(&server))
            .await
            .unwrap();
        let mut shown = only_password;
        shown["ConfiguredUserAuthFactors"] = json!(["PASSWORD", "SOFTWARE_TOKEN"]);
        assert_eq!(factors(pool).await, shown);
        // It is not asked for before the user has switched it on.
        ana.sign_in().await.unwrap();
        let on = json!({"SoftwareTokenMfaSettings": {"Enabled": true}});
        ana.prefer(&tokens.access, on).await.unwrap();
        shown["UserMFASettingList"] = json!(["SOFTWARE_TOKEN_MFA"]);
        assert_eq!(factors(pool).await, shown);
        let own = json!({"AccessToken": tokens.access});
        let call = server.prepare::<op::GetUserAuthFactors>(own);
        let own: Value = serde_json::from_slice(&call.send().await.success().unwrap()).unwrap();
        assert_eq!(own, shown);
    })
    .await;
}

#[tokio::test]
async fn the_factors_of_a_user_are_those_that_the_pool_lets_them_use() {
    let server = TestServer::start().await;
    let pool = server.pool().passkeys().await;
    pool.set_passkeys(json!({"RelyingPartyId": "example.com"}))
        .await;
    let ana = pool.client().await.user("ana").confirmed().await;
    let shown = |factors: &[&str]| json!({"Username": "ana", "ConfiguredUserAuthFactors": factors});
    assert_eq!(factors(&pool).await, shown(&["PASSWORD"]));
    let tokens = ana.sign_in().await.unwrap();
    ana.add_passkey(&tokens.access, &mut TestPasskey::eddsa())
        .await
        .unwrap();
    assert_eq!(factors(&pool).await, shown(&["PASSWORD", "WEB_AUTHN"]));
}

#[tokio::test]
async fn a_secret_has_twenty_bytes_that_are_new_each_time() {
    let server = TestServer::start().await;
    let (_, tokens) = signed_in(&server).await;
    let mut secrets = Vec::new();
    for _ in 0..3 {
        let input = json!({"AccessToken": tokens.access});
        let answer = server
            .call::<op::AssociateSoftwareToken>(input)
            .await
            .unwrap();
        assert_eq!(answer.session, None);
        secrets.push(answer.secret_code.unwrap());
    }
    assert!(secrets.iter().all(|secret| secret.len() == 32));
    assert!(secrets[0] != secrets[1] && secrets[1] != secrets[2]);
}

#[tokio::test]
async fn a_wrong_code_is_an_error_and_the_right_one_is_good_after_it() {
    for_each_database(async |server| {
        let (ana, tokens) = signed_in(&server).await;
        let none = refused(ana.verify_app(&tokens.access, "123456").await);
        assert_eq!(none.told(), NO_SECRET);
        let app = ana.associate_app(&tokens.access).await.unwrap();
        let code = app.code(&server);
        let wrong = refused(ana.verify_app(&tokens.access, &other_than(&code)).await);
        assert_eq!(wrong.told(), MISMATCH);
        // A code of the minute before last is none.
        server.advance(minutes(1));
        let late = refused(ana.verify_app(&tokens.access, &code).await);
        assert_eq!(late.told(), MISMATCH);
        ana.verify_app(&tokens.access, &app.code(&server))
            .await
            .unwrap();
        // The secret is in its place: there is none left to verify.
        let again = refused(ana.verify_app(&tokens.access, &app.code(&server)).await);
        assert_eq!(again.told(), NO_SECRET);
    })
    .await;
}

#[tokio::test]
async fn guesses_at_a_code_are_counted() {
    let server = TestServer::start().await;
    let (ana, tokens) = signed_in(&server).await;
    let app = ana.associate_app(&tokens.access).await.unwrap();
    let wrong = other_than(&app.code(&server));
    for _ in 0..15 {
        let error = refused(ana.verify_app(&tokens.access, &wrong).await);
        assert_eq!(error.told(), MISMATCH);
    }
    let right = refused(ana.verify_app(&tokens.access, &app.code(&server)).await);
    assert_eq!(
        right.told(),
        ("TooManyRequestsException", "Too many requests")
    );
}

#[tokio::test]
async fn an_app_takes_the_place_of_another_once_it_has_shown_a_code() {
    let server = TestServer::start().await;
    let (ana, tokens) = signed_in(&server).await;
    let old = ana.with_app(&tokens.access).await;
    let new = ana.associate_app(&tokens.access).await.unwrap();
    server.advance(minutes(1));
    sign_in_with(&ana, &old).await;
    let code = new.code(&server);
    ana.verify_app(&tokens.access, &code).await.unwrap();
    server.advance(minutes(1));
    sign_in_with(&ana, &new).await;
}

async fn sign_in_with(ana: &TestUser, app: &Authenticator) {
    let answer = ana.initiate_with_password().await.unwrap();
    let code = json!({"SOFTWARE_TOKEN_MFA_CODE": app.code(&ana.client.pool.server)});
    let session = answer.session.unwrap();
    let answer = ana.respond("SOFTWARE_TOKEN_MFA", &session, code).await;
    answer.unwrap().authentication_result.unwrap();
}

#[tokio::test]
async fn a_pool_that_offers_no_apps_takes_none() {
    let server = TestServer::start().await;
    let (ana, tokens) = signed_in(&server).await;
    let app = ana.associate_app(&tokens.access).await.unwrap();
    ana.client.pool.set_mfa(json!({})).await.unwrap();
    let associate = refused(ana.associate_app(&tokens.access).await.map(drop));
    assert_eq!(associate.told(), NOT_OFFERED);
    let verify = refused(ana.verify_app(&tokens.access, &app.code(&server)).await);
    assert_eq!(verify.told(), NOT_OFFERED);
}

#[tokio::test]
async fn a_call_names_its_user_by_a_token_or_by_a_session() {
    let server = TestServer::start().await;
    let (_, tokens) = signed_in(&server).await;
    let both = json!({"AccessToken": tokens.access, "Session": "x".repeat(40)});
    for input in [json!({}), both] {
        let error = refused(server.call::<op::AssociateSoftwareToken>(&input).await);
        assert_eq!(error.code, "InvalidParameterException", "{input}");
        let mut input = input;
        input["UserCode"] = json!("123456");
        let error = refused(server.call::<op::VerifySoftwareToken>(&input).await);
        assert_eq!(error.code, "InvalidParameterException", "{input}");
    }
    let nobodys = json!({"Session": "x".repeat(40)});
    let error = refused(server.call::<op::AssociateSoftwareToken>(nobodys).await);
    assert_eq!(error.told(), crate::sentences::INVALID_SESSION);
}

#[tokio::test]
async fn an_operator_takes_an_app_away_and_nobody_is_asked_for_it_again() {
    for_each_database(async |server| {
        let (ana, tokens) = signed_in(&server).await;
        let pool = &ana.client.pool;
        let app = ana.with_app(&tokens.access).await;
        server.advance(minutes(1));
        let waiting = ana.initiate_with_password().await.unwrap().session.unwrap();
        let input = json!({"UserPoolId": pool.id, "Username": "ana"});
        server
            .call::<op::AdminDeleteSoftwareToken>(&input)
            .await
            .unwrap();
        let only_password = json!({"Username": "ana", "ConfiguredUserAuthFactors": ["PASSWORD"]});
        assert_eq!(factors(pool).await, only_password);
        ana.sign_in().await.unwrap();
        let code = json!({"SOFTWARE_TOKEN_MFA_CODE": app.code(&server)});
        let late = refused(ana.respond("SOFTWARE_TOKEN_MFA", &waiting, code).await);
        assert_eq!(late.told(), NO_SECRET);
        // There is none to take away, which is no error.
        server
            .call::<op::AdminDeleteSoftwareToken>(&input)
            .await
            .unwrap();
        ana.with_app(&tokens.access).await;
    })
    .await;
}
