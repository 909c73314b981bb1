//! Sign-ins with a second factor: SOFTWARE_TOKEN_MFA, SMS_MFA, EMAIL_OTP and SELECT_MFA_TYPE, and
//! that no door leads around it.

use cognate_api::idp::{InitiateAuthResponse, RespondToAuthChallengeResponse};
use cognate_testkit::{
    Authenticator, PASSWORD, TestPool, TestServer, TestUser, attribute_list, for_each_database,
    for_each_shared_database, minutes, op, refused, seconds,
};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::mfa_preferences::pool_with_all;
use crate::sentences::{INVALID_SESSION, LOCKED, WRONG_PASSWORD, other_than};

const PHONE: &str = "+15551234567";
const WRONG: (&str, &str) = ("CodeMismatchException", "Invalid code received for user");
const USED: (&str, &str) = (
    "ExpiredCodeException",
    "Your software token has already been used once.",
);

/// A user with an app, which they have shown a code of a minute ago.
async fn with_app(server: &TestServer) -> (TestUser, Authenticator) {
    let pool = pool_with_all(server, "OPTIONAL").await;
    let flows = [
        "ALLOW_USER_PASSWORD_AUTH",
        "ALLOW_USER_SRP_AUTH",
        "ALLOW_ADMIN_USER_PASSWORD_AUTH",
        "ALLOW_REFRESH_TOKEN_AUTH",
    ];
    let ana = pool.client().flows(flows).await.user("ana").confirmed();
    let ana = ana.await;
    give(&pool, "ana", &[("phone_number", PHONE)]).await;
    let tokens = ana.sign_in().await.unwrap();
    let app = ana.with_app(&tokens.access).await;
    server.advance(minutes(1));
    (ana, app)
}

/// AdminUpdateUserAttributes.
async fn give(pool: &TestPool, username: &str, attributes: &[(&str, &str)]) {
    let attributes = attribute_list(attributes);
    let input = json!({"UserPoolId": pool.id, "Username": username, "UserAttributes": attributes});
    let server = &pool.server;
    let updated = server.call::<op::AdminUpdateUserAttributes>(input);
    updated.await.unwrap();
}

fn parameter<'a>(answer: &'a InitiateAuthResponse, name: &str) -> Option<&'a str> {
    let parameters = answer.challenge_parameters.as_ref().unwrap();
    parameters.get(name).map(String::as_str)
}

fn challenge(answer: &InitiateAuthResponse) -> &str {
    let name = answer.challenge_name.as_ref();
    name.map_or("none", |name| name.as_str())
}

async fn session_of_app(ana: &TestUser) -> String {
    let answer = ana.initiate_with_password().await.unwrap();
    assert_eq!(challenge(&answer), "SOFTWARE_TOKEN_MFA");
    answer.session.unwrap()
}

async fn answer_app(
    ana: &TestUser,
    session: &str,
    code: &str,
) -> Result<RespondToAuthChallengeResponse, cognate_testkit::ApiError> {
    let responses = json!({"SOFTWARE_TOKEN_MFA_CODE": code});
    ana.respond("SOFTWARE_TOKEN_MFA", session, responses).await
}

/// AdminSetUserMFAPreference of `ana`.
pub(crate) async fn prefer_by_operator(pool: &TestPool, mut preference: Value) {
    preference["UserPoolId"] = json!(pool.id);
    preference["Username"] = json!("ana");
    let server = &pool.server;
    let set = server.call::<op::AdminSetUserMFAPreference>(preference);
    set.await.unwrap();
}

#[tokio::test]
async fn a_code_of_the_app_signs_in() {
    for_each_database(async |server| {
        let (ana, app) = with_app(&server).await;
        let answer = ana.initiate_with_password().await.unwrap();
        assert!(answer.authentication_result.is_none());
        assert_eq!(parameter(&answer, "USER_ID_FOR_SRP"), Some("ana"));
        assert_eq!(parameter(&answer, "FRIENDLY_DEVICE_NAME"), Some("phone"));
        let session = answer.session.unwrap();
        let tokens = answer_app(&ana, &session, &app.code(&server))
            .await
            .unwrap();
        let tokens = tokens.authentication_result.unwrap();
        ana.get_user(&tokens.access_token.unwrap()).await.unwrap();
        let again = refused(answer_app(&ana, &session, &app.code(&server)).await);
        assert_eq!(again.told(), INVALID_SESSION);
    })
    .await;
}

#[tokio::test]
async fn a_code_serves_once() {
    for_each_database(async |server| {
        let (ana, app) = with_app(&server).await;
        let code = app.code(&server);
        let first = session_of_app(&ana).await;
        answer_app(&ana, &first, &code).await.unwrap();
        let second = session_of_app(&ana).await;
        assert_eq!(refused(answer_app(&ana, &second, &code).await).told(), USED);
        // Nor does one of the step before, which the app's own clock may show.
        let earlier = moved(&server, -30_000);
        let before = app.code_at(earlier);
        assert_eq!(
            refused(answer_app(&ana, &second, &before).await).told(),
            USED
        );
        server.advance(seconds(30));
        let next = app.code(&server);
        answer_app(&ana, &second, &next).await.unwrap();
    })
    .await;
}

/// Now, so many milliseconds on.
fn moved(server: &TestServer, by: i64) -> cognate_model::Timestamp {
    cognate_model::Timestamp(server.now().0 + by)
}

#[tokio::test]
async fn a_clock_may_be_thirty_seconds_off_and_no_more() {
    let server = TestServer::start().await;
    let (ana, app) = with_app(&server).await;
    let session = session_of_app(&ana).await;
    for off in [-60_000, 60_000] {
        let code = app.code_at(moved(&server, off));
        assert_eq!(
            refused(answer_app(&ana, &session, &code).await).told(),
            WRONG
        );
    }
    let late = app.code_at(moved(&server, -30_000));
    answer_app(&ana, &session, &late).await.unwrap();
    let session = session_of_app(&ana).await;
    let early = app.code_at(moved(&server, 30_000));
    answer_app(&ana, &session, &early).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_sign_ins_with_one_code_at_once_one_succeeds() {
    for_each_shared_database(async |shared| {
        let [one, two] = shared.nodes::<2>().await;
        let (ana, app) = with_app(&one).await;
        let sessions = [session_of_app(&ana).await, session_of_app(&ana).await];
        let code = app.code(&one);
        let at = |server: &TestServer, session: &str| {
            let parameters = json!({"USERNAME": "ana", "SOFTWARE_TOKEN_MFA_CODE": code});
            let input = json!({
                "ClientId": ana.client.id, "ChallengeName": "SOFTWARE_TOKEN_MFA", "Session": session,
                "ChallengeResponses": parameters,
            });
            let server = server.clone();
            async move { server.call::<op::RespondToAuthChallenge>(input).await }
        };
        let answers = join_all([at(&one, &sessions[0]), at(&two, &sessions[1])]).await;
        let signed_in = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(signed_in, 1);
        let other = answers.into_iter().find_map(Result::err).unwrap();
        assert_eq!(other.told(), USED);
    })
    .await;
}

#[tokio::test]
async fn a_wrong_code_leaves_the_session_and_five_end_it_and_lock() {
    for_each_database(async |server| {
        let (ana, app) = with_app(&server).await;
        let session = session_of_app(&ana).await;
        let wrong = other_than(&app.code(&server));
        for _ in 0..4 {
            assert_eq!(
                refused(answer_app(&ana, &session, &wrong).await).told(),
                WRONG
            );
        }
        answer_app(&ana, &session, &app.code(&server))
            .await
            .unwrap();
        server.advance(minutes(1));
        let session = session_of_app(&ana).await;
        for _ in 0..5 {
            assert_eq!(
                refused(answer_app(&ana, &session, &wrong).await).told(),
                WRONG
            );
        }
        let right = app.code(&server);
        assert_eq!(
            refused(answer_app(&ana, &session, &right).await).told(),
            INVALID_SESSION
        );
        assert_eq!(refused(ana.initiate_with_password().await).told(), LOCKED);
        server.advance(seconds(2));
        let session = session_of_app(&ana).await;
        answer_app(&ana, &session, &app.code(&server))
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn the_right_password_forgets_no_wrong_codes() {
    let server = TestServer::start().await;
    let (ana, app) = with_app(&server).await;
    let wrong = other_than(&app.code(&server));
    for _ in 0..5 {
        let session = session_of_app(&ana).await;
        assert_eq!(
            refused(answer_app(&ana, &session, &wrong).await).told(),
            WRONG
        );
    }
    assert_eq!(refused(ana.initiate_with_password().await).told(), LOCKED);
}

#[tokio::test]
async fn no_flow_signs_in_without_the_second_factor() {
    for_each_database(async |server| {
        let (ana, app) = with_app(&server).await;
        let by_operator = ana.initiate_by_operator().await.unwrap();
        assert!(by_operator.authentication_result.is_none());
        assert_eq!(by_operator.challenge_name.unwrap().as_str(), "SOFTWARE_TOKEN_MFA");
        let by_srp = ana.begin_srp().await.unwrap().answer(PASSWORD).send().await;
        let by_srp = by_srp.unwrap();
        assert!(by_srp.authentication_result.is_none());
        assert_eq!(by_srp.challenge_name.unwrap().as_str(), "SOFTWARE_TOKEN_MFA");
        // A reset of the password does not take it away.
        let client = &ana.client;
        let set = json!({"UserPoolId": client.pool.id, "Username": "ana", "Password": "Another-Horse-2", "Permanent": true});
        server.call::<op::AdminSetUserPassword>(set).await.unwrap();
        let late = answer_app(&ana, &by_srp.session.unwrap(), &app.code(&server)).await;
        assert_eq!(refused(late).told(), INVALID_SESSION);
        let ana = ana.with_password("Another-Horse-2");
        let session = session_of_app(&ana).await;
        // An operator's answer is the same machine's.
        let responses = json!({"USERNAME": "ana", "SOFTWARE_TOKEN_MFA_CODE": app.code(&server)});
        let input = json!({
            "UserPoolId": client.pool.id, "ClientId": client.id, "ChallengeName": "SOFTWARE_TOKEN_MFA",
            "Session": session, "ChallengeResponses": responses,
        });
        let answer = server.call::<op::AdminRespondToAuthChallenge>(input).await;
        let tokens = answer.unwrap().authentication_result.unwrap();
        // A refresh goes on with a session that both factors began.
        ana.refresh(&tokens.refresh_token.unwrap()).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_session_serves_no_other_user_client_or_pool() {
    let server = TestServer::start().await;
    let (ana, app) = with_app(&server).await;
    let bea = ana.client.user("bea").confirmed().await;
    let other = ana.client.pool.client().await;
    let elsewhere = pool_with_all(&server, "OPTIONAL").await.client().await;
    elsewhere.user("ana").confirmed().await;
    for stranger in [ana.named(&bea.name), ana.at(&other), ana.at(&elsewhere)] {
        let session = session_of_app(&ana).await;
        let error = refused(answer_app(&stranger, &session, &app.code(&server)).await);
        assert_eq!(error.told(), INVALID_SESSION);
    }
    let session = session_of_app(&ana).await;
    answer_app(&ana, &session, &app.code(&server))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_wrong_password_tells_nothing_of_second_factors() {
    let server = TestServer::start().await;
    let (ana, _) = with_app(&server).await;
    let wrong = ana.with_password("Wrong-Horse-1");
    assert_eq!(
        refused(wrong.initiate_with_password().await).told(),
        WRONG_PASSWORD
    );
}

#[tokio::test]
async fn a_text_message_carries_the_pools_words_and_verifies_the_number() {
    for_each_database(async |server| {
        let (ana, _) = with_app(&server).await;
        let pool = &ana.client.pool;
        let sms = json!({
            "SmsAuthenticationMessage": "Sign in with {####}",
            "SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"},
        });
        let members = json!({"MfaConfiguration": "OPTIONAL", "SmsMfaConfiguration": sms, "EmailMfaConfiguration": {}});
        pool.set_mfa(members).await.unwrap();
        let sms = json!({"SMSMfaSettings": {"Enabled": true, "PreferredMfa": true}});
        prefer_by_operator(pool, sms).await;
        let answer = ana.initiate_with_password().await.unwrap();
        assert_eq!(challenge(&answer), "SMS_MFA");
        assert_eq!(parameter(&answer, "CODE_DELIVERY_DELIVERY_MEDIUM"), Some("SMS"));
        assert_eq!(parameter(&answer, "CODE_DELIVERY_DESTINATION"), Some("+*******4567"));
        let mailbox = server.mailbox(PHONE).await;
        let code = mailbox.last_code();
        assert_eq!(mailbox.last_text(), format!("Sign in with {code}"));
        let session = answer.session.unwrap();
        let wrong = json!({"SMS_MFA_CODE": other_than(&code)});
        let error = refused(ana.respond("SMS_MFA", &session, wrong).await);
        assert_eq!(error.code, "CodeMismatchException");
        assert_eq!(pool.attribute("ana", "phone_number_verified").await.as_deref(), Some("false"));
        let right = json!({"SMS_MFA_CODE": code});
        let answer = ana.respond("SMS_MFA", &session, right).await.unwrap();
        let id = answer.authentication_result.unwrap().id_token.unwrap();
        assert_eq!(cognate_testkit::claims(&id)["phone_number_verified"], true);
        assert_eq!(pool.attribute("ana", "phone_number_verified").await.as_deref(), Some("true"));
    })
    .await;
}

#[tokio::test]
async fn a_number_that_is_another_users_name_signs_in_and_stays_unverified() {
    for_each_database(async |server| {
        let sms = json!({"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"});
        let new = server.pool().aliases(["phone_number"]);
        let pool = new
            .with("SmsConfiguration", sms)
            .with("MfaConfiguration", "ON")
            .await;
        let client = pool.client().await;
        let ana = client.user("ana").confirmed().await;
        client.user("bea").confirmed().await;
        for name in ["ana", "bea"] {
            give(&pool, name, &[("phone_number", PHONE)]).await;
        }
        give(&pool, "bea", &[("phone_number_verified", "true")]).await;
        let answer = ana.initiate_with_password().await.unwrap();
        assert_eq!(challenge(&answer), "SMS_MFA");
        let code = json!({"SMS_MFA_CODE": server.mailbox(PHONE).await.last_code()});
        let answer = ana.respond("SMS_MFA", &answer.session.unwrap(), code).await;
        answer.unwrap().authentication_result.unwrap();
        assert_eq!(
            pool.attribute("ana", "phone_number_verified")
                .await
                .as_deref(),
            Some("false")
        );
        assert_eq!(
            pool.attribute("bea", "phone_number_verified")
                .await
                .as_deref(),
            Some("true")
        );
    })
    .await;
}

#[tokio::test]
async fn a_mail_carries_the_pools_words() {
    let server = TestServer::start().await;
    let (ana, _) = with_app(&server).await;
    let pool = &ana.client.pool;
    let sms = json!({"SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}});
    let mail = json!({"Message": "Sign in with {####}", "Subject": "Your sign-in"});
    let members = json!({"MfaConfiguration": "OPTIONAL", "SmsMfaConfiguration": sms, "EmailMfaConfiguration": mail});
    pool.set_mfa(members).await.unwrap();
    let preference = json!({"EmailMfaSettings": {"Enabled": true, "PreferredMfa": true}});
    prefer_by_operator(pool, preference).await;
    let answer = ana.initiate_with_password().await.unwrap();
    assert_eq!(challenge(&answer), "EMAIL_OTP");
    assert_eq!(
        parameter(&answer, "CODE_DELIVERY_DELIVERY_MEDIUM"),
        Some("EMAIL")
    );
    assert_eq!(
        parameter(&answer, "CODE_DELIVERY_DESTINATION"),
        Some("a***@e***")
    );
    let mailbox = server.mailbox("ana@example.com").await;
    let code = mailbox.last_code();
    assert!(
        mailbox
            .last_text()
            .contains(&format!("Sign in with {code}"))
    );
    let code = json!({"EMAIL_OTP_CODE": code});
    let answer = ana
        .respond("EMAIL_OTP", &answer.session.unwrap(), code)
        .await;
    answer.unwrap().authentication_result.unwrap();
}

#[tokio::test]
async fn who_has_several_and_prefers_none_chooses() {
    for_each_database(async |server| {
        let (ana, app) = with_app(&server).await;
        let pool = &ana.client.pool;
        let on = json!({"Enabled": true});
        let preference =
            json!({"SMSMfaSettings": on, "EmailMfaSettings": on, "SoftwareTokenMfaSettings": on});
        prefer_by_operator(pool, preference).await;
        let answer = ana.initiate_with_password().await.unwrap();
        assert_eq!(challenge(&answer), "SELECT_MFA_TYPE");
        let choices = r#"["SMS_MFA","SOFTWARE_TOKEN_MFA","EMAIL_OTP"]"#;
        assert_eq!(parameter(&answer, "MFAS_CAN_CHOOSE"), Some(choices));
        assert_eq!(parameter(&answer, "USER_ID_FOR_SRP"), Some("ana"));
        let session = answer.session.unwrap();
        let nothing = json!({"ANSWER": "PASSWORD"});
        let error = refused(ana.respond("SELECT_MFA_TYPE", &session, nothing).await);
        assert_eq!(error.code, "InvalidParameterException");
        let app_chosen = json!({"ANSWER": "SOFTWARE_TOKEN_MFA"});
        let answer = ana
            .respond("SELECT_MFA_TYPE", &session, app_chosen)
            .await
            .unwrap();
        assert_eq!(
            answer.challenge_name.unwrap().as_str(),
            "SOFTWARE_TOKEN_MFA"
        );
        let answer = answer_app(&ana, &answer.session.unwrap(), &app.code(&server)).await;
        answer.unwrap().authentication_result.unwrap();
    })
    .await;
}
