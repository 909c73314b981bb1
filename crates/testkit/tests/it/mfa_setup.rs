//! MFA_SETUP: who must have a second factor and has none sets one up in the sign-in.

use cognate_api::idp::RespondToAuthChallengeResponse;
use cognate_testkit::{
    ApiError, Authenticator, TestPool, TestServer, TestUser, for_each_database, minutes, op,
    refused,
};
use serde_json::{Value, json};

use crate::sentences::{INVALID_SESSION, other_than};

const PASSWORD: &str = "Temporary-1!";

/// A pool that asks everybody for an app.
async fn pool_with_apps(server: &TestServer) -> TestPool {
    let apps =
        json!({"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
    server.pool().await.mfa(apps).await
}

/// A confirmed user of a pool, who has nothing but a password.
async fn user(pool: &TestPool, name: &str) -> TestUser {
    let client = pool.client().await;
    client.user(name).without_address().confirmed().await
}

/// Begins a sign-in, and gives its session and what can be set up.
async fn begin(ana: &TestUser) -> (String, String) {
    let answer = ana.initiate_with_password().await.unwrap();
    assert!(answer.authentication_result.is_none());
    assert_eq!(answer.challenge_name.unwrap().as_str(), "MFA_SETUP");
    let parameters = answer.challenge_parameters.unwrap();
    assert_eq!(parameters["USER_ID_FOR_SRP"], ana.name);
    (
        answer.session.unwrap(),
        parameters["MFAS_CAN_SETUP"].clone(),
    )
}

async fn associate(
    server: &TestServer,
    session: &str,
) -> Result<(Authenticator, String), ApiError> {
    let input = json!({"Session": session});
    let answer = server.call::<op::AssociateSoftwareToken>(input).await?;
    let app = Authenticator::of(&answer.secret_code.unwrap());
    Ok((app, answer.session.unwrap()))
}

async fn verify(server: &TestServer, session: &str, code: &str) -> Result<String, ApiError> {
    let input = json!({"Session": session, "UserCode": code, "FriendlyDeviceName": "phone"});
    let answer = server.call::<op::VerifySoftwareToken>(input).await?;
    assert_eq!(answer.status.unwrap().as_str(), "SUCCESS");
    Ok(answer.session.unwrap())
}

async fn finish(
    ana: &TestUser,
    session: &str,
    responses: Value,
) -> Result<RespondToAuthChallengeResponse, ApiError> {
    ana.respond("MFA_SETUP", session, responses).await
}

async fn factors(ana: &TestUser) -> Value {
    let pool = &ana.client.pool;
    let input = json!({"UserPoolId": pool.id, "Username": ana.name});
    let call = pool.server.prepare::<op::AdminGetUserAuthFactors>(input);
    serde_json::from_slice(&call.send().await.success().unwrap()).unwrap()
}

#[tokio::test]
async fn an_app_is_set_up_in_the_sign_in_and_asked_for_in_the_next() {
    for_each_database(async |server| {
        let ana = user(&pool_with_apps(&server).await, "ana").await;
        let (session, can_set_up) = begin(&ana).await;
        assert_eq!(can_set_up, r#"["SOFTWARE_TOKEN_MFA"]"#);
        let (app, second) = associate(&server, &session).await.unwrap();
        let code = app.code(&server);
        // A wrong code leaves the session as it is.
        let wrong = refused(verify(&server, &second, &other_than(&code)).await);
        assert_eq!(wrong.code, "EnableSoftwareTokenMFAException");
        let third = verify(&server, &second, &code).await.unwrap();
        let before = factors(&ana).await;
        assert_eq!(before["ConfiguredUserAuthFactors"], json!(["PASSWORD"]));
        let answer = finish(&ana, &third, json!({})).await.unwrap();
        answer.authentication_result.unwrap();
        let after = factors(&ana).await;
        assert_eq!(after["PreferredMfaSetting"], "SOFTWARE_TOKEN_MFA");
        assert_eq!(after["UserMFASettingList"], json!(["SOFTWARE_TOKEN_MFA"]));
        // Each session serves once, and the code is used up.
        for old in [&session, &second, &third] {
            assert_eq!(
                refused(finish(&ana, old, json!({})).await).told(),
                INVALID_SESSION
            );
        }
        let answer = ana.initiate_with_password().await.unwrap();
        assert_eq!(
            answer.challenge_name.unwrap().as_str(),
            "SOFTWARE_TOKEN_MFA"
        );
        let session = answer.session.unwrap();
        let used = json!({"SOFTWARE_TOKEN_MFA_CODE": code});
        let used = refused(ana.respond("SOFTWARE_TOKEN_MFA", &session, used).await);
        assert_eq!(used.code, "ExpiredCodeException");
        server.advance(minutes(1));
        let code = json!({"SOFTWARE_TOKEN_MFA_CODE": app.code(&server)});
        let answer = ana.respond("SOFTWARE_TOKEN_MFA", &session, code).await;
        answer.unwrap().authentication_result.unwrap();
    })
    .await;
}

#[tokio::test]
async fn nobody_is_signed_in_before_an_app_has_shown_a_code() {
    for_each_database(async |server| {
        let ana = user(&pool_with_apps(&server).await, "ana").await;
        let (session, _) = begin(&ana).await;
        let not_set_up = (
            "InvalidParameterException",
            "User has not verified software token mfa",
        );
        assert_eq!(
            refused(finish(&ana, &session, json!({})).await).told(),
            not_set_up
        );
        let none = refused(verify(&server, &session, "123456").await);
        assert_eq!(none.code, "SoftwareTokenMFANotFoundException");
        let (app, session) = associate(&server, &session).await.unwrap();
        assert_eq!(
            refused(finish(&ana, &session, json!({})).await).told(),
            not_set_up
        );
        let wrong = other_than(&app.code(&server));
        for _ in 0..5 {
            let error = refused(verify(&server, &session, &wrong).await);
            assert_eq!(error.code, "EnableSoftwareTokenMFAException");
        }
        let right = refused(verify(&server, &session, &app.code(&server)).await);
        assert_eq!(right.told(), INVALID_SESSION);
    })
    .await;
}

#[tokio::test]
async fn who_set_up_a_factor_elsewhere_meanwhile_is_asked_for_that_one() {
    for_each_database(async |server| {
        let ana = user(&pool_with_apps(&server).await, "ana").await;
        // A thief has the password, and waits with an app of their own.
        let (thief, _) = begin(&ana).await;
        let (thiefs, thief) = associate(&server, &thief).await.unwrap();
        let thief = verify(&server, &thief, &thiefs.code(&server))
            .await
            .unwrap();
        let (session, _) = begin(&ana).await;
        let (app, session) = associate(&server, &session).await.unwrap();
        let session = verify(&server, &session, &app.code(&server)).await.unwrap();
        finish(&ana, &session, json!({})).await.unwrap();
        assert_eq!(
            refused(finish(&ana, &thief, json!({})).await).told(),
            INVALID_SESSION
        );
        server.advance(minutes(1));
        let answer = ana.initiate_with_password().await.unwrap();
        let session = answer.session.unwrap();
        let thiefs = json!({"SOFTWARE_TOKEN_MFA_CODE": thiefs.code(&server)});
        let wrong = refused(ana.respond("SOFTWARE_TOKEN_MFA", &session, thiefs).await);
        assert_eq!(wrong.code, "CodeMismatchException");
        let code = json!({"SOFTWARE_TOKEN_MFA_CODE": app.code(&server)});
        ana.respond("SOFTWARE_TOKEN_MFA", &session, code)
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_session_of_another_challenge_sets_nothing_up() {
    let server = TestServer::start().await;
    let pool = pool_with_apps(&server).await;
    pool.invite("bea", PASSWORD, &[]).await;
    let client = pool.client().await;
    let session = client.prove_temporary("bea", PASSWORD).await;
    let error = refused(associate(&server, &session).await.map(drop));
    assert_eq!(error.told(), INVALID_SESSION);
    let error = refused(verify(&server, &session, "123456").await);
    assert_eq!(error.told(), INVALID_SESSION);
    // It is as good as before. After the new password a second factor is set up.
    let new = client.new_password(&session, "bea", json!({"NEW_PASSWORD": "Newer-Horse-2"}));
    let answer = server
        .call::<op::RespondToAuthChallenge>(new)
        .await
        .unwrap();
    assert_eq!(answer.challenge_name.unwrap().as_str(), "MFA_SETUP");
    associate(&server, &answer.session.unwrap()).await.unwrap();
}

#[tokio::test]
async fn an_address_is_set_up_by_the_code_that_went_there() {
    for_each_database(async |server| {
        let by_operators = json!({"RecoveryMechanisms": [{"Priority": 1, "Name": "admin_only"}]});
        let pool = server
            .pool()
            .with("AccountRecoverySetting", by_operators)
            .await;
        let mail = json!({"MfaConfiguration": "ON", "EmailMfaConfiguration": {}});
        let ana = user(&pool.mfa(mail).await, "ana").await;
        let (session, can_set_up) = begin(&ana).await;
        assert_eq!(can_set_up, r#"["EMAIL_OTP"]"#);
        let error = refused(associate(&server, &session).await.map(drop));
        assert_eq!(error.told(), INVALID_SESSION);
        let wrong = json!({"EMAIL": "nowhere"});
        let error = refused(finish(&ana, &session, wrong).await);
        assert_eq!(error.code, "InvalidParameterException");
        let email = json!({"EMAIL": "ana@example.com"});
        let answer = finish(&ana, &session, email).await.unwrap();
        assert_eq!(answer.challenge_name.unwrap().as_str(), "EMAIL_OTP");
        assert_eq!(ana.client.pool.attribute("ana", "email").await, None);
        let code = server.mailbox("ana@example.com").await.last_code();
        let code = json!({"EMAIL_OTP_CODE": code});
        let answer = ana
            .respond("EMAIL_OTP", &answer.session.unwrap(), code)
            .await;
        answer.unwrap().authentication_result.unwrap();
        let pool = &ana.client.pool;
        assert_eq!(
            pool.attribute("ana", "email").await.as_deref(),
            Some("ana@example.com")
        );
        assert_eq!(
            pool.attribute("ana", "email_verified").await.as_deref(),
            Some("true")
        );
        assert_eq!(factors(&ana).await["PreferredMfaSetting"], "EMAIL_OTP");
    })
    .await;
}

#[tokio::test]
async fn who_has_no_factor_and_can_set_none_up_is_not_let_in() {
    let server = TestServer::start().await;
    let sms = json!({"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"});
    let new = server.pool().with("SmsConfiguration", sms);
    let pool = new.with("MfaConfiguration", "ON").await;
    let ana = user(&pool, "ana").await;
    let error = refused(ana.initiate_with_password().await);
    assert_eq!(error.code, "NotAuthorizedException");
}

/// Signs in, sets an app up, and ends the sign-in.
async fn set_an_app_up(ana: &TestUser) {
    let server = &ana.client.pool.server;
    let (session, _) = begin(ana).await;
    let (app, session) = associate(server, &session).await.unwrap();
    let session = verify(server, &session, &app.code(server)).await.unwrap();
    let answer = finish(ana, &session, json!({})).await.unwrap();
    answer.authentication_result.unwrap();
    assert_eq!(
        factors(ana).await["PreferredMfaSetting"],
        "SOFTWARE_TOKEN_MFA"
    );
}

#[tokio::test]
async fn who_chose_a_factor_that_is_not_there_any_more_sets_another_up() {
    for_each_database(async |server| {
        for is_offered_still in [false, true] {
            let recovery = json!({"RecoveryMechanisms": [
                {"Priority": 1, "Name": "verified_email"},
                {"Priority": 2, "Name": "verified_phone_number"},
            ]});
            let pool = server.pool().with("AccountRecoverySetting", recovery).await;
            let by_mail = json!({"MfaConfiguration": "OPTIONAL", "EmailMfaConfiguration": {}});
            let pool = pool.mfa(by_mail).await;
            let ana = pool.client().await.user("ana").confirmed().await;
            let tokens = ana.sign_in().await.unwrap();
            let on = json!({"EmailMfaSettings": {"Enabled": true, "PreferredMfa": true}});
            ana.prefer(&tokens.access, on).await.unwrap();
            let mut mfa = json!({
                "MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": {"Enabled": true},
            });
            if is_offered_still {
                mfa["EmailMfaConfiguration"] = json!({});
                let gone = json!({"AccessToken": tokens.access, "UserAttributeNames": ["email"]});
                server.call::<op::DeleteUserAttributes>(gone).await.unwrap();
            }
            pool.set_mfa(mfa).await.unwrap();
            set_an_app_up(&ana).await;
        }
    })
    .await;
}
