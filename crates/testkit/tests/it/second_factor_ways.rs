//! Second factors after a temporary password, in the operators' flow, and where nothing can be
//! sent: whichever way a sign-in takes, the factor is asked for.

use cognate_api::idp::AdminRespondToAuthChallengeResponse;
use cognate_outbound::{Mailer, Outbound, SmsSender, Triggers};
use cognate_testkit::{
    ApiError, Authenticator, Challenged, PASSWORD, TestPool, TestServer, TestUser,
    for_each_database, minutes, op, refused,
};
use serde_json::{Value, json};

use crate::mfa_preferences::pool_with_all;
use crate::second_factors::prefer_by_operator;
use crate::sentences::{INVALID_SESSION, WRONG_PASSWORD};
use crate::user_auth::{PHONE, change, signed_in};

const TEMPORARY: &str = "Temporary-1!";
const NEW: &str = "Another-Horse-2";

/// Invites `ana`, who has both addresses.
async fn invited(pool: &TestPool) -> TestUser {
    let ana = pool.client().await.invited("ana", TEMPORARY).await;
    change(pool, "ana", &[("phone_number", PHONE)]).await;
    ana
}

/// Sets a new password in place of the temporary one; gives the challenge that follows.
async fn set_new_password(ana: &TestUser) -> Challenged {
    let asked: Challenged = ana.initiate_with_password().await.unwrap().into();
    assert_eq!(asked.name, "NEW_PASSWORD_REQUIRED");
    let own = json!({"NEW_PASSWORD": NEW});
    let answer = ana.respond("NEW_PASSWORD_REQUIRED", &asked.session, own);
    answer.await.unwrap().into()
}

/// Switches a second factor on and prefers it.
async fn prefer(pool: &TestPool, factor: &str) {
    let mut preference = json!({});
    preference[factor] = json!({"Enabled": true, "PreferredMfa": true});
    prefer_by_operator(pool, preference).await;
}

#[tokio::test]
async fn after_a_new_password_the_code_of_a_message_is_asked_for() {
    for_each_database(async |server| {
        for (factor, name, address) in [
            ("SMSMfaSettings", "SMS_MFA", PHONE),
            ("EmailMfaSettings", "EMAIL_OTP", "ana@example.com"),
        ] {
            let pool = pool_with_all(&server, "OPTIONAL").await;
            let ana = invited(&pool).await;
            prefer(&pool, factor).await;
            let asked = set_new_password(&ana).await;
            assert_eq!(asked.name, name);
            // The new password stands, whether the code is ever typed or not.
            assert_eq!(pool.status("ana").await, "CONFIRMED");
            let old = ana.initiate_with_password().await;
            assert_eq!(refused(old).told(), WRONG_PASSWORD);
            let code = server.mailbox(address).await.last_code();
            let own = json!({(format!("{name}_CODE")): code});
            let answer = ana.respond(name, &asked.session, own).await.unwrap();
            signed_in(answer.authentication_result);
            let ana = ana.with_password(NEW);
            let again: Challenged = ana.initiate_with_password().await.unwrap().into();
            assert_eq!(again.name, name);
        }
    })
    .await;
}

#[tokio::test]
async fn who_has_an_app_and_is_given_a_temporary_password_needs_both() {
    for_each_database(async |server| {
        let pool = pool_with_all(&server, "OPTIONAL").await;
        let ana = pool.client().await.user("ana").confirmed().await;
        let tokens = ana.sign_in().await.unwrap();
        let app = ana.with_app(&tokens.access).await;
        server.advance(minutes(1));
        let input = json!({
            "UserPoolId": pool.id, "Username": "ana", "Password": TEMPORARY, "Permanent": false,
        });
        server
            .call::<op::AdminSetUserPassword>(input)
            .await
            .unwrap();
        let asked = set_new_password(&ana.with_password(TEMPORARY)).await;
        assert_eq!(asked.name, "SOFTWARE_TOKEN_MFA");
        let own = json!({"SOFTWARE_TOKEN_MFA_CODE": app.code(&server)});
        let answer = ana.respond("SOFTWARE_TOKEN_MFA", &asked.session, own);
        signed_in(answer.await.unwrap().authentication_result);
    })
    .await;
}

#[tokio::test]
async fn who_is_invited_where_everybody_needs_an_app_sets_one_up_after_the_password() {
    for_each_database(async |server| {
        let apps =
            json!({"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
        let pool = server.pool().await.mfa(apps).await;
        let ana = invited(&pool).await;
        let asked = set_new_password(&ana).await;
        assert_eq!(asked.name, "MFA_SETUP");
        let (session, app) = set_up(&server, &asked.session).await;
        let answer = ana.respond("MFA_SETUP", &session, json!({})).await;
        signed_in(answer.unwrap().authentication_result);
        server.advance(minutes(1));
        let ana = ana.with_password(NEW);
        let asked: Challenged = ana.initiate_with_password().await.unwrap().into();
        assert_eq!(asked.name, "SOFTWARE_TOKEN_MFA");
        let own = json!({"SOFTWARE_TOKEN_MFA_CODE": app.code(&server)});
        let answer = ana.respond(&asked.name, &asked.session, own).await;
        signed_in(answer.unwrap().authentication_result);
    })
    .await;
}

/// Sets an app up in a sign-in; gives the session that goes on.
async fn set_up(server: &TestServer, session: &str) -> (String, Authenticator) {
    let input = json!({ "Session": session });
    let answer = server.call::<op::AssociateSoftwareToken>(input).await;
    let answer = answer.unwrap();
    let app = Authenticator::of(&answer.secret_code.unwrap());
    let input = json!({"Session": answer.session, "UserCode": app.code(server)});
    let answer = server.call::<op::VerifySoftwareToken>(input).await;
    (answer.unwrap().session.unwrap(), app)
}

/// ADMIN_USER_PASSWORD_AUTH.
async fn initiate(ana: &TestUser) -> Challenged {
    ana.initiate_by_operator().await.unwrap().into()
}

/// AdminRespondToAuthChallenge.
async fn respond(
    ana: &TestUser,
    name: &str,
    session: &str,
    own: Value,
) -> Result<AdminRespondToAuthChallengeResponse, ApiError> {
    let client = &ana.client;
    let input = json!({
        "UserPoolId": client.pool.id, "ClientId": client.id, "ChallengeName": name,
        "Session": session, "ChallengeResponses": client.parameters(&ana.name, own),
    });
    let server = &client.pool.server;
    server.call::<op::AdminRespondToAuthChallenge>(input).await
}

#[tokio::test]
async fn operators_answer_each_second_factor() {
    for_each_database(async |server| {
        let pool = pool_with_all(&server, "OPTIONAL").await;
        let ana = invited(&pool).await;
        prefer(&pool, "SMSMfaSettings").await;
        // A new password, then a text message.
        let asked = initiate(&ana).await;
        assert_eq!(asked.name, "NEW_PASSWORD_REQUIRED");
        let own = json!({"NEW_PASSWORD": PASSWORD});
        let asked = go_on(&ana, &asked, own).await;
        assert_eq!(asked.name, "SMS_MFA");
        let own = json!({"SMS_MFA_CODE": server.mailbox(PHONE).await.last_code()});
        let answer = respond(&ana, "SMS_MFA", &asked.session, own.clone()).await;
        let tokens = signed_in(answer.unwrap().authentication_result);
        // A code serves once, whoever types it.
        let again = refused(respond(&ana, "SMS_MFA", &asked.session, own).await);
        assert_eq!(again.told(), INVALID_SESSION);

        // A choice between two, then the app.
        let ana = ana.with_password(PASSWORD);
        let app = ana.with_app(&tokens.access).await;
        server.advance(minutes(1));
        let both = json!({
            "SMSMfaSettings": {"Enabled": true, "PreferredMfa": false},
            "SoftwareTokenMfaSettings": {"Enabled": true, "PreferredMfa": false},
        });
        ana.prefer(&tokens.access, both).await.unwrap();
        let asked = initiate(&ana).await;
        assert_eq!(asked.name, "SELECT_MFA_TYPE");
        let asked = go_on(&ana, &asked, json!({"ANSWER": "SOFTWARE_TOKEN_MFA"})).await;
        assert_eq!(asked.name, "SOFTWARE_TOKEN_MFA");
        let own = json!({"SOFTWARE_TOKEN_MFA_CODE": app.code(&server)});
        let answer = respond(&ana, &asked.name, &asked.session, own).await;
        signed_in(answer.unwrap().authentication_result);
    })
    .await;
}

/// Answers a challenge that another follows.
async fn go_on(ana: &TestUser, asked: &Challenged, own: Value) -> Challenged {
    let answer = respond(ana, &asked.name, &asked.session, own).await;
    answer.unwrap().into()
}

#[tokio::test]
async fn operators_set_an_app_up_where_everybody_needs_one() {
    let server = TestServer::start().await;
    let apps =
        json!({"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
    let pool = server.pool().await.mfa(apps).await;
    let ana = pool.client().await.user("ana").confirmed().await;
    let asked = initiate(&ana).await;
    assert_eq!(asked.name, "MFA_SETUP");
    // Not without an app.
    let early = respond(&ana, "MFA_SETUP", &asked.session, json!({})).await;
    assert_eq!(refused(early).status, 400);
    let (session, _) = set_up(&server, &asked.session).await;
    let answer = respond(&ana, "MFA_SETUP", &session, json!({})).await;
    signed_in(answer.unwrap().authentication_result);
}

#[tokio::test]
async fn a_server_that_can_send_nothing_says_so_instead_of_signing_in() {
    let server = TestServer::start().await;
    for factor in ["SMSMfaSettings", "EmailMfaSettings"] {
        let pool = pool_with_all(&server, "OPTIONAL").await;
        let mut ana = pool.client().await.user("ana").confirmed().await;
        change(&pool, "ana", &[("phone_number", PHONE)]).await;
        prefer(&pool, factor).await;
        ana.client.pool.server = server.node_with(Outbound {
            mail: Mailer::None,
            sms: SmsSender::None,
            triggers: Triggers::None,
        });
        for _ in 0..6 {
            // As often as would lock: it is no wrong password.
            let error = refused(ana.initiate_with_password().await);
            assert_eq!(
                error.code, "InvalidUserPoolConfigurationException",
                "{factor}"
            );
            let error = refused(ana.initiate_by_operator().await);
            assert_eq!(
                error.code, "InvalidUserPoolConfigurationException",
                "{factor}"
            );
        }
        // To nobody who does not know the password.
        let wrong = ana.with_password("Wrong-Horse-1");
        let error = refused(wrong.initiate_with_password().await);
        assert_eq!(error.told(), WRONG_PASSWORD);
    }
}
