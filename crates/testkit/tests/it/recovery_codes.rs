//! Recovery codes: who has them made, what they are good for, and what ends them.

mod door;
mod ends;

use axum::http::Method;
use cognate_testkit::{
    Authenticator, TestPool, TestServer, TestUser, Tokens, attribute_list, for_each_database,
    minutes, op, refused, seconds,
};
use serde_json::{Value, json};

use crate::mfa_preferences::pool_with_all;
use crate::sentences::{INVALID_SESSION, LOCKED, WRONG_CODE};

const PHONE: &str = "+15551234567";
const NO_SUCH_CODE: (&str, &str) = ("CodeMismatchException", "Invalid code received for user");
const PROVE_ONE_FIRST: (&str, &str) = (
    "UnauthorizedException",
    "Sign in with a second factor first: recovery codes are made within ten minutes of that",
);
const NO_FACTOR: (&str, &str) = (
    "MFAMethodNotFoundException",
    "The user has no second factor that recovery codes could stand in for",
);

/// A user of a pool with recovery codes and all second factors, who has none of these yet.
async fn without_factor(server: &TestServer) -> (TestUser, Tokens) {
    let pool = pool_with_all(server, "OPTIONAL").await;
    pool.set_recovery_codes("on").await;
    let ana = pool.client().await.user("ana").confirmed().await;
    give_phone(&pool).await;
    let tokens = ana.sign_in().await.unwrap();
    (ana, tokens)
}

/// The same with an app that was just set up, and codes.
async fn with_codes(server: &TestServer) -> (TestUser, Tokens, Vec<String>) {
    let (ana, tokens) = without_factor(server).await;
    ana.with_app(&tokens.access).await;
    let codes = ana.make_recovery_codes(&tokens.access).await.unwrap();
    (ana, tokens, codes)
}

async fn give_phone(pool: &TestPool) {
    let attributes = attribute_list(&[("phone_number", PHONE)]);
    let input = json!({"UserPoolId": pool.id, "Username": "ana", "UserAttributes": attributes});
    let updated = pool.server.call::<op::AdminUpdateUserAttributes>(input);
    updated.await.unwrap();
}

/// Signs in with the password and what is typed at the challenge that follows.
async fn sign_in_with(
    ana: &TestUser,
    challenge: &str,
    code: &str,
) -> Result<Tokens, cognate_testkit::ApiError> {
    let begun = ana.initiate_with_password().await.unwrap();
    assert_eq!(begun.challenge_name.unwrap().as_str(), challenge);
    let answer = json!({ format!("{challenge}_CODE"): code });
    let session = begun.session.unwrap();
    let answer = ana.respond(challenge, &session, answer).await?;
    Ok(Tokens::of(answer.authentication_result.unwrap()))
}

async fn with_app_code(ana: &TestUser, app: &Authenticator) -> Tokens {
    let server = &ana.client.pool.server;
    server.advance(minutes(1));
    let code = app.code(server);
    sign_in_with(ana, "SOFTWARE_TOKEN_MFA", &code)
        .await
        .unwrap()
}

async fn by_recovery_code(ana: &TestUser, code: &str) -> Result<Tokens, cognate_testkit::ApiError> {
    sign_in_with(ana, "SOFTWARE_TOKEN_MFA", code).await
}

#[tokio::test]
async fn codes_are_shown_once_and_each_is_good_once_in_place_of_the_app() {
    for_each_database(async |server| {
        let (ana, tokens, codes) = with_codes(&server).await;
        assert_eq!(codes.len(), 10);
        for code in &codes {
            assert!(code.len() == 10 && code.bytes().all(|byte| byte.is_ascii_digit()));
        }
        let left = async || ana.recovery_codes_left(&tokens.access).await.unwrap();
        assert_eq!(left().await, 10);
        for (used, code) in (1..).zip(&codes) {
            let theirs = by_recovery_code(&ana, code).await.unwrap();
            ana.get_user(&theirs.access).await.unwrap();
            assert_eq!(left().await, 10 - used);
        }
        for code in codes.iter().take(2) {
            assert_eq!(
                refused(by_recovery_code(&ana, code).await).told(),
                NO_SUCH_CODE
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_code_may_be_typed_as_it_stands_on_paper() {
    let server = TestServer::start().await;
    let (ana, _, codes) = with_codes(&server).await;
    let (first, last) = codes[0].split_at(5);
    by_recovery_code(&ana, &format!(" {first} {last} "))
        .await
        .unwrap();
    let (first, last) = codes[1].split_at(5);
    by_recovery_code(&ana, &format!("{first}-{last}"))
        .await
        .unwrap();
}

#[tokio::test]
async fn every_challenge_of_a_second_factor_takes_a_code() {
    for_each_database(async |server| {
        let (ana, tokens, codes) = with_codes(&server).await;
        let prefer = async |preference: Value| {
            ana.prefer(&tokens.access, preference).await.unwrap();
        };
        let preferred = json!({"Enabled": true, "PreferredMfa": true});
        prefer(json!({ "SMSMfaSettings": preferred })).await;
        sign_in_with(&ana, "SMS_MFA", &codes[0]).await.unwrap();
        let error = refused(sign_in_with(&ana, "SMS_MFA", &codes[0]).await);
        let mismatch = "Invalid code or auth state for the user.";
        assert_eq!(error.told(), ("CodeMismatchException", mismatch));
        prefer(json!({ "EmailMfaSettings": preferred })).await;
        sign_in_with(&ana, "EMAIL_OTP", &codes[1]).await.unwrap();
        let error = refused(sign_in_with(&ana, "EMAIL_OTP", &codes[1]).await);
        assert_eq!(error.told(), WRONG_CODE);
        // An operator's answer is the same machine's.
        let begun = ana.initiate_with_password().await.unwrap();
        let client = &ana.client;
        let input = json!({
            "UserPoolId": client.pool.id, "ClientId": client.id, "ChallengeName": "EMAIL_OTP",
            "Session": begun.session, "ChallengeResponses": {"USERNAME": "ana", "EMAIL_OTP_CODE": codes[2]},
        });
        let answer = server.call::<op::AdminRespondToAuthChallenge>(input).await;
        answer.unwrap().authentication_result.unwrap();
        // The code that was sent is still the code.
        server.advance(seconds(1));
        let begun = ana.initiate_with_password().await.unwrap();
        let sent = json!({"EMAIL_OTP_CODE": server.mailbox("ana@example.com").await.last_code()});
        let answer = ana.respond("EMAIL_OTP", &begun.session.unwrap(), sent).await;
        answer.unwrap().authentication_result.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_list_is_made_within_ten_minutes_of_a_sign_in_with_a_second_factor() {
    for_each_database(async |server| {
        let (ana, _) = without_factor(&server).await;
        let pool = &ana.client.pool;
        let first = ana.sign_in().await.unwrap();
        let app = ana.with_app(&first.access).await;
        let tokens = with_app_code(&ana, &app).await;
        server.advance(minutes(10));
        let renewed = ana.refresh(tokens.refresh()).await.unwrap();
        let old = ana.make_recovery_codes(&renewed.access).await.unwrap();
        server.advance(seconds(1));
        for token in [&tokens.access, &renewed.access] {
            let error = refused(ana.make_recovery_codes(token).await);
            assert_eq!(error.told(), PROVE_ONE_FIRST);
            assert_eq!(error.status, 401);
            let challenge = &error.headers["www-authenticate"];
            let expected = r#"Bearer error="insufficient_user_authentication", max_age="600""#;
            assert_eq!(challenge, expected);
        }
        // A new list takes the place of the old one.
        let tokens = with_app_code(&ana, &app).await;
        let new = ana.make_recovery_codes(&tokens.access).await.unwrap();
        assert_eq!(ana.recovery_codes_left(&tokens.access).await.unwrap(), 10);
        let error = refused(by_recovery_code(&ana, &old[0]).await);
        assert_eq!(error.told(), NO_SUCH_CODE);
        by_recovery_code(&ana, &new[0]).await.unwrap();
        // Another user's are another's.
        let bea = ana.client.user("bea").confirmed().await;
        let theirs = bea.sign_in().await.unwrap();
        bea.with_app(&theirs.access).await;
        bea.make_recovery_codes(&theirs.access).await.unwrap();
        let error = refused(by_recovery_code(&bea, &new[1]).await);
        assert_eq!(error.told(), NO_SUCH_CODE);
        assert!(pool.user("bea").await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn a_password_alone_makes_no_list_and_a_recovery_code_none_either() {
    for_each_database(async |server| {
        let (ana, tokens) = without_factor(&server).await;
        let other = ana.sign_in().await.unwrap();
        assert_eq!(
            refused(ana.make_recovery_codes(&tokens.access).await).told(),
            NO_FACTOR
        );
        // The session that sets up the first second factor may, and only that one.
        ana.with_app(&tokens.access).await;
        let error = refused(ana.make_recovery_codes(&other.access).await);
        assert_eq!(error.told(), PROVE_ONE_FIRST);
        let codes = ana.make_recovery_codes(&tokens.access).await.unwrap();
        let recovered = by_recovery_code(&ana, &codes[0]).await.unwrap();
        let error = refused(ana.make_recovery_codes(&recovered.access).await);
        assert_eq!(error.told(), PROVE_ONE_FIRST);
        // Nor does an app that takes the place of another.
        let app = ana.associate_app(&recovered.access).await.unwrap();
        ana.verify_app(&recovered.access, &app.code(&server))
            .await
            .unwrap();
        let error = refused(ana.make_recovery_codes(&recovered.access).await);
        assert_eq!(error.told(), PROVE_ONE_FIRST);
        // The list stays with it: its holder has the paper.
        by_recovery_code(&ana, &codes[1]).await.unwrap();
        server.advance(minutes(10) + seconds(1));
        let error = refused(ana.make_recovery_codes(&tokens.access).await);
        assert_eq!(error.told(), PROVE_ONE_FIRST);
    })
    .await;
}

#[tokio::test]
async fn who_switches_messages_on_makes_a_list_after_the_first_sign_in_with_one() {
    for_each_database(async |server| {
        let (ana, tokens) = without_factor(&server).await;
        let on = json!({"SMSMfaSettings": {"Enabled": true}});
        ana.prefer(&tokens.access, on).await.unwrap();
        // Nothing has shown that the messages arrive.
        let error = refused(ana.make_recovery_codes(&tokens.access).await);
        assert_eq!(error.told(), PROVE_ONE_FIRST);
        let begun = ana.initiate_with_password().await.unwrap();
        let sent = json!({"SMS_MFA_CODE": server.mailbox(PHONE).await.last_code()});
        let answer = ana.respond("SMS_MFA", &begun.session.unwrap(), sent).await;
        let tokens = Tokens::of(answer.unwrap().authentication_result.unwrap());
        ana.make_recovery_codes(&tokens.access).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn who_sets_a_factor_up_in_the_sign_in_makes_a_list_at_once() {
    for_each_database(async |server| {
        let apps =
            json!({"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
        let pool = server.pool().await.mfa(apps).await;
        pool.set_recovery_codes("on").await;
        let client = pool.client().await;
        let ana = client.user("ana").without_address().confirmed().await;
        let begun = ana.initiate_with_password().await.unwrap();
        let input = json!({"Session": begun.session});
        let associated = server.call::<op::AssociateSoftwareToken>(input).await;
        let associated = associated.unwrap();
        let app = Authenticator::of(&associated.secret_code.unwrap());
        // Ten digits are no code of an app here.
        let wrong = json!({"Session": associated.session, "UserCode": "0123456789"});
        let wrong = refused(server.call::<op::VerifySoftwareToken>(wrong).await);
        assert_eq!(wrong.code, "InvalidParameterException");
        let right = json!({"Session": associated.session, "UserCode": app.code(&server)});
        let verified = server.call::<op::VerifySoftwareToken>(right).await.unwrap();
        let session = verified.session.unwrap();
        let answer = ana.respond("MFA_SETUP", &session, json!({})).await.unwrap();
        let tokens = Tokens::of(answer.authentication_result.unwrap());
        let codes = ana.make_recovery_codes(&tokens.access).await.unwrap();
        by_recovery_code(&ana, &codes[0]).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn wrong_codes_are_counted_as_those_of_the_factor_are() {
    for_each_database(async |server| {
        let (ana, _, codes) = with_codes(&server).await;
        let session = async || {
            let begun = ana.initiate_with_password().await.unwrap();
            begun.session.unwrap()
        };
        let answer = async |session: &str, code: &str| {
            let answer = json!({"SOFTWARE_TOKEN_MFA_CODE": code});
            ana.respond("SOFTWARE_TOKEN_MFA", session, answer).await
        };
        let first = session().await;
        for _ in 0..4 {
            let error = refused(answer(&first, "0000000000").await);
            assert_eq!(error.told(), NO_SUCH_CODE);
        }
        answer(&first, &codes[0]).await.unwrap();
        let second = session().await;
        for _ in 0..5 {
            let error = refused(answer(&second, &codes[0]).await);
            assert_eq!(error.told(), NO_SUCH_CODE);
        }
        let error = refused(answer(&second, &codes[1]).await);
        assert_eq!(error.told(), INVALID_SESSION);
        let error = refused(ana.initiate_with_password().await);
        assert_eq!(error.told(), LOCKED);
        server.advance(seconds(2));
        by_recovery_code(&ana, &codes[1]).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_recovery_code_is_no_first_factor_and_sets_no_app_up() {
    let server = TestServer::start().await;
    let factors = json!({"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]});
    let policies = server
        .pool()
        .with("Policies", json!({"SignInPolicy": factors}));
    let pool = policies
        .await
        .mfa(crate::software_tokens::optional_apps())
        .await;
    pool.set_recovery_codes("on").await;
    let client = pool.client().user_auth().await;
    let ana = client.user("ana").confirmed().await;
    let bea = client.user("bea").confirmed().await;
    let tokens = ana.sign_in().await.unwrap();
    ana.with_app(&tokens.access).await;
    let codes = ana.make_recovery_codes(&tokens.access).await.unwrap();
    ana.associate_app(&tokens.access).await.unwrap();
    let error = refused(ana.verify_app(&tokens.access, &codes[0]).await);
    assert_eq!(error.code, "InvalidParameterException");
    // With a code by mail begins who is asked for nothing else.
    let off = json!({"SoftwareTokenMfaSettings": {"Enabled": false}});
    let theirs = bea.sign_in().await.unwrap();
    bea.with_app(&theirs.access).await;
    let own = bea.make_recovery_codes(&theirs.access).await.unwrap();
    bea.prefer(&theirs.access, off).await.unwrap();
    let parameters = json!({"USERNAME": "bea", "PREFERRED_CHALLENGE": "EMAIL_OTP"});
    let begin = client.initiation("USER_AUTH", &parameters);
    let begun = server.call::<op::InitiateAuth>(begin).await.unwrap();
    assert_eq!(begun.challenge_name.unwrap().as_str(), "EMAIL_OTP");
    let code = json!({"EMAIL_OTP_CODE": own[0]});
    let error = refused(
        bea.respond("EMAIL_OTP", &begun.session.unwrap(), code)
            .await,
    );
    assert_eq!(error.told(), WRONG_CODE);
}

#[tokio::test]
async fn a_list_is_made_five_times_an_hour_at_most() {
    let server = TestServer::start().await;
    let (ana, tokens, _) = with_codes(&server).await;
    let mut last = Vec::new();
    for _ in 0..4 {
        last = ana.make_recovery_codes(&tokens.access).await.unwrap();
    }
    let error = refused(ana.make_recovery_codes(&tokens.access).await);
    let sentence = "Attempt limit exceeded, please try after some time.";
    assert_eq!(error.told(), ("LimitExceededException", sentence));
    assert_eq!(error.status, 429);
    by_recovery_code(&ana, &last[0]).await.unwrap();
}

#[tokio::test]
async fn nothing_shows_the_codes_again() {
    let server = TestServer::start().await;
    let (ana, tokens, codes) = with_codes(&server).await;
    let authorization = format!("Bearer {}", tokens.access);
    let pool = &ana.client.pool;
    let left = pool.ask_recovery_codes(Method::GET, Some(&authorization));
    let text = String::from_utf8(left.await.body.to_vec()).unwrap();
    let shown: Value = serde_json::from_str(&text).unwrap();
    let expected = json!({"Remaining": 10, "CreationDate": server.now().seconds()});
    assert_eq!(shown, expected);
    // Nor does the database hold them.
    let mut reader = server.app().db.read().await.unwrap();
    for table in cognate_store::tables::TABLES {
        let rows = reader.query(table.all_rows(), &[]).await.unwrap();
        for row in rows {
            let row = format!("{row:?}");
            assert!(
                codes.iter().all(|code| !row.contains(code)),
                "{}",
                table.name
            );
        }
    }
}

#[tokio::test]
async fn who_takes_the_address_of_a_factor_away_by_a_token_gets_no_list_for_an_app() {
    for_each_database(async |server| {
        for configuration in ["OPTIONAL", "ON"] {
            let pool = pool_with_all(&server, "OPTIONAL").await;
            pool.set_recovery_codes("on").await;
            let ana = pool.client().await.user("ana").confirmed().await;
            let tokens = ana.sign_in().await.unwrap();
            let on = json!({"EmailMfaSettings": {"Enabled": true}});
            ana.prefer(&tokens.access, on).await.unwrap();
            if configuration == "ON" {
                let sms = json!({"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"});
                pool.set_mfa(json!({
                    "MfaConfiguration": "ON", "SmsMfaConfiguration": {"SmsConfiguration": sms},
                    "SoftwareTokenMfaConfiguration": {"Enabled": true}, "EmailMfaConfiguration": {},
                }))
                .await
                .unwrap();
            }
            let error = refused(ana.make_recovery_codes(&tokens.access).await);
            assert_eq!(error.told(), PROVE_ONE_FIRST);
            let gone = json!({"AccessToken": tokens.access, "UserAttributeNames": ["email"]});
            server.call::<op::DeleteUserAttributes>(gone).await.unwrap();
            ana.with_app(&tokens.access).await;
            let error = refused(ana.make_recovery_codes(&tokens.access).await);
            assert_eq!(error.told(), PROVE_ONE_FIRST, "{configuration}");
        }
    })
    .await;
}
