//! Choice-based sign-in (USER_AUTH): what is offered to whom, and where each choice leads.

use std::collections::BTreeMap;

use cognate_api::idp::AuthenticationResultType;
use cognate_testkit::{
    Challenged, PASSWORD, TestClient, TestPool, TestServer, TestUser, Tokens, attribute_list,
    for_each_database, for_each_shared_database, minutes, op, refused,
};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::sentences::{INVALID_SESSION, LOCKED, NO_SUCH_USER, WRONG_PASSWORD};

pub(crate) const PHONE: &str = "+15551234567";
const NOT_OFFERED: (&str, &str) = (
    "InvalidParameterException",
    "ANSWER is none of the challenges that are offered.",
);

/// A pool whose users may begin with all but passkeys.
pub(crate) async fn pool_with_choice(server: &TestServer) -> TestPool {
    let factors = json!({"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP", "SMS_OTP"]});
    let policies = json!({ "SignInPolicy": factors });
    server.pool().with("Policies", policies).await
}

pub(crate) async fn client_with_choice(server: &TestServer) -> TestClient {
    pool_with_choice(server).await.client().user_auth().await
}

/// A confirmed user whose mail address and phone number are verified.
pub(crate) async fn with_both(client: &TestClient, name: &str) -> TestUser {
    let user = client.user(name).confirmed().await;
    let verified = [("phone_number", PHONE), ("phone_number_verified", "true")];
    change(&client.pool, name, &verified).await;
    user
}

/// AdminUpdateUserAttributes.
pub(crate) async fn change(pool: &TestPool, name: &str, attributes: &[(&str, &str)]) {
    let attributes = attribute_list(attributes);
    let input = json!({"UserPoolId": pool.id, "Username": name, "UserAttributes": attributes});
    let server = &pool.server;
    let changed = server.call::<op::AdminUpdateUserAttributes>(input);
    changed.await.unwrap();
}

/// The tokens of an answer, which must have some.
pub(crate) fn signed_in(result: Option<AuthenticationResultType>) -> Tokens {
    Tokens::given(result)
}

/// What a name is offered.
async fn offered(user: &TestUser) -> Vec<String> {
    let challenge = user.challenged(None, json!({})).await.unwrap();
    assert_eq!(challenge.name, "SELECT_CHALLENGE");
    challenge.available.unwrap()
}

fn parameters(challenge: &Challenged) -> BTreeMap<&str, &str> {
    let pairs = challenge.parameters.iter();
    pairs
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

#[tokio::test]
async fn without_a_preference_the_choices_are_told_beside_the_challenge() {
    for_each_database(async |server| {
        let client = client_with_choice(&server).await;
        let ana = with_both(&client, "ana").await;
        let parameters = client.parameters("ana", json!({}));
        let call =
            server.prepare::<op::InitiateAuth>(client.initiation("USER_AUTH", &parameters));
        let body = call.send().await.success().unwrap();
        let answer: Value = serde_json::from_slice(&body).unwrap();
        let session = answer["Session"].as_str().unwrap();
        // As Amplify reads it: at the top, and the name that it sends next in the parameters.
        assert_eq!(
            answer,
            json!({
                "ChallengeName": "SELECT_CHALLENGE", "ChallengeParameters": {"USERNAME": "ana"}, "Session": session,
                "AvailableChallenges": ["EMAIL_OTP", "SMS_OTP", "PASSWORD", "PASSWORD_SRP"],
            })
        );
        let again = ana.challenged(None, json!({})).await.unwrap();
        assert_ne!(again.session, session);
    })
    .await;
}

#[tokio::test]
async fn a_code_that_is_preferred_goes_out_at_once_and_signs_in() {
    for_each_database(async |server| {
        let client = client_with_choice(&server).await;
        let ana = with_both(&client, "ana").await;
        for (challenge, medium, address, shown) in [
            ("EMAIL_OTP", "EMAIL", "ana@example.com", "a***@e***"),
            ("SMS_OTP", "SMS", PHONE, "+*******4567"),
        ] {
            let asked = ana.challenged(Some(challenge), json!({})).await.unwrap();
            assert_eq!(asked.name, challenge);
            assert!(asked.available.is_none());
            let expected = [
                ("CODE_DELIVERY_DELIVERY_MEDIUM", medium),
                ("CODE_DELIVERY_DESTINATION", shown),
                ("USERNAME", "ana"),
            ];
            assert_eq!(parameters(&asked), BTreeMap::from(expected));
            let code = server.mailbox(address).await.last_code();
            assert_eq!(code.len(), 8, "{code}");
            let answer = json!({format!("{challenge}_CODE"): code});
            let answer = ana
                .respond(challenge, &asked.session, answer)
                .await
                .unwrap();
            let tokens = signed_in(answer.authentication_result);
            assert_eq!(ana.get_user(&tokens.access).await.unwrap().username, "ana");
        }
    })
    .await;
}

#[tokio::test]
async fn a_password_that_is_preferred_is_asked_for_or_checked_at_once() {
    for_each_database(async |server| {
        let ana = with_both(&client_with_choice(&server).await, "ana").await;
        let asked = ana.challenged(Some("PASSWORD"), json!({})).await.unwrap();
        assert_eq!(asked.name, "PASSWORD");
        assert_eq!(parameters(&asked), BTreeMap::from([("USERNAME", "ana")]));
        let answer = json!({"PASSWORD": PASSWORD});
        let answer = ana.respond("PASSWORD", &asked.session, answer).await;
        signed_in(answer.unwrap().authentication_result);
        let along = json!({"PASSWORD": PASSWORD});
        let at_once = ana.begin_choice_with(Some("PASSWORD"), along).await;
        signed_in(at_once.unwrap().authentication_result);
        let wrong = json!({"PASSWORD": "Wrong-Horse-1"});
        let error = refused(ana.begin_choice_with(Some("PASSWORD"), wrong).await);
        assert_eq!(error.told(), WRONG_PASSWORD);
    })
    .await;
}

#[tokio::test]
async fn srp_that_is_preferred_begins_with_the_clients_value_or_asks_for_it() {
    for_each_database(async |server| {
        let ana = with_both(&client_with_choice(&server).await, "ana").await;
        let exchange = ana.prefer_srp().await.unwrap();
        exchange.answer(PASSWORD).tokens().await.unwrap();
        let asked = ana
            .challenged(Some("PASSWORD_SRP"), json!({}))
            .await
            .unwrap();
        assert_eq!(asked.name, "PASSWORD_SRP");
        assert_eq!(parameters(&asked), BTreeMap::from([("USERNAME", "ana")]));
        let exchange = ana.answer_srp_a("PASSWORD_SRP", &asked.session).await;
        let exchange = exchange.unwrap();
        assert_ne!(exchange.session, asked.session);
        let answer = exchange.answer(PASSWORD);
        answer.tokens().await.unwrap();
        assert_eq!(refused(answer.tokens().await).told(), INVALID_SESSION);
        let wrong = ana.prefer_srp().await.unwrap().answer("Wrong-Horse-1");
        assert_eq!(refused(wrong.tokens().await).told(), WRONG_PASSWORD);
    })
    .await;
}

#[tokio::test]
async fn each_choice_that_is_offered_can_be_made() {
    for_each_database(async |server| {
        let ana = with_both(&client_with_choice(&server).await, "ana").await;
        let offer = async || ana.challenged(None, json!({})).await.unwrap().session;
        // With what it needs: no further challenge, as Amplify sends it.
        let with_password = json!({"PASSWORD": PASSWORD});
        let answer = ana.choose(&offer().await, "PASSWORD", with_password).await;
        signed_in(answer.unwrap().authentication_result);
        let exchange = ana.answer_srp_a("SELECT_CHALLENGE", &offer().await).await;
        exchange.unwrap().answer(PASSWORD).tokens().await.unwrap();
        // And without.
        for (choice, address) in [
            ("PASSWORD", None),
            ("PASSWORD_SRP", None),
            ("EMAIL_OTP", Some("ana@example.com")),
            ("SMS_OTP", Some(PHONE)),
        ] {
            let session = offer().await;
            let asked = ana.choose(&session, choice, json!({})).await.unwrap();
            let asked = Challenged::from(asked);
            assert_eq!((asked.name.as_str(), &asked.available), (choice, &None));
            assert_eq!(asked.parameter("USERNAME"), "ana");
            let again = refused(ana.choose(&session, choice, json!({})).await);
            assert_eq!(again.told(), INVALID_SESSION, "{choice}");
            let own = match address {
                Some(address) => {
                    let code = server.mailbox(address).await.last_code();
                    json!({format!("{choice}_CODE"): code})
                }
                None if choice == "PASSWORD" => json!({"PASSWORD": PASSWORD}),
                None => {
                    let exchange = ana.answer_srp_a(choice, &asked.session).await.unwrap();
                    exchange.answer(PASSWORD).tokens().await.unwrap();
                    continue;
                }
            };
            let answer = ana.respond(choice, &asked.session, own).await.unwrap();
            signed_in(answer.authentication_result);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_all_choices_of_one_step_at_once_one_is_made_and_one_code_goes_out() {
    for_each_shared_database(async |shared| {
        let nodes = shared.nodes::<2>().await;
        let ana = with_both(&client_with_choice(&nodes[0]).await, "ana").await;
        let before = nodes[0].mailbox("ana@example.com").await.len();
        let asked = ana.challenged(None, json!({})).await.unwrap();
        let at: Vec<_> = nodes.iter().cycle().take(6).map(|n| ana.on(n)).collect();
        let choices = at
            .iter()
            .map(|ana| ana.choose(&asked.session, "EMAIL_OTP", json!({})));
        let (made, lost): (Vec<_>, Vec<_>) =
            join_all(choices).await.into_iter().partition(Result::is_ok);
        assert_eq!(made.len(), 1);
        for lost in lost {
            assert_eq!(refused(lost).told(), INVALID_SESSION);
        }
        let mailbox = nodes[0].mailbox("ana@example.com").await;
        assert_eq!(mailbox.len(), before + 1);
        let session = made.into_iter().flatten().find_map(|made| made.session);
        let own = json!({"EMAIL_OTP_CODE": mailbox.last_code()});
        let answer = ana.respond("EMAIL_OTP", &session.unwrap(), own).await;
        signed_in(answer.unwrap().authentication_result);
    })
    .await;
}

#[tokio::test]
async fn what_is_not_offered_is_not_chosen_and_the_session_stays() {
    let server = TestServer::start().await;
    let client = client_with_choice(&server).await;
    // Without a phone number.
    let ana = client.user("ana").confirmed().await;
    let asked = ana.challenged(Some("SMS_OTP"), json!({})).await.unwrap();
    assert_eq!(
        asked.name, "SELECT_CHALLENGE",
        "in place of a choice that is none"
    );
    assert_eq!(
        asked.available.unwrap(),
        ["EMAIL_OTP", "PASSWORD", "PASSWORD_SRP"]
    );
    for other in ["SMS_OTP", "WEB_AUTHN", "NEW_PASSWORD_REQUIRED", "?"] {
        let error = refused(ana.choose(&asked.session, other, json!({})).await);
        assert_eq!(error.told(), NOT_OFFERED, "{other}");
    }
    let nothing = refused(
        ana.respond("SELECT_CHALLENGE", &asked.session, json!({}))
            .await,
    );
    let missing = "Missing required parameter ANSWER";
    assert_eq!(nothing.told(), ("InvalidParameterException", missing));
    let own = json!({"PASSWORD": PASSWORD});
    let answer = ana.choose(&asked.session, "PASSWORD", own).await.unwrap();
    signed_in(answer.authentication_result);
    // A preference that is no challenge at all is none.
    let unknown = ana.challenged(Some("PIN"), json!({})).await.unwrap();
    assert_eq!(unknown.name, "SELECT_CHALLENGE");
}

#[tokio::test]
async fn codes_are_offered_where_the_pool_allows_them_to_whom_they_reach() {
    let server = TestServer::start().await;
    let passwords = ["PASSWORD", "PASSWORD_SRP"];
    let ordinary = server.pool().await.client().user_auth().await;
    assert_eq!(offered(&with_both(&ordinary, "ana").await).await, passwords);
    let client = client_with_choice(&server).await;
    let ana = with_both(&client, "ana").await;
    assert_eq!(offered(&ana).await.len(), 4);
    // An address counts once it is verified.
    for flag in ["email_verified", "phone_number_verified"] {
        change(&client.pool, "ana", &[(flag, "false")]).await;
    }
    assert_eq!(offered(&ana).await, passwords);
    // Who was invited has a temporary password to begin with.
    let verified = [("email", "bea@example.com"), ("email_verified", "true")];
    client.pool.invite("bea", "Temporary-1!", &verified).await;
    assert_eq!(offered(&ana.named("bea")).await, passwords);
}

/// Takes codes away from the first factors of a pool, and asks for text messages as the second one.
async fn ask_for_a_second_factor(pool: &TestPool, configuration: &str) {
    let factors = json!({"AllowedFirstAuthFactors": ["PASSWORD"]});
    let update = json!({
        "UserPoolId": pool.id, "AutoVerifiedAttributes": ["email"], "Policies": {"SignInPolicy": factors},
    });
    let server = &pool.server;
    server.call::<op::UpdateUserPool>(update).await.unwrap();
    let sms = json!({"SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}});
    let members = json!({"MfaConfiguration": configuration, "SmsMfaConfiguration": sms});
    pool.set_mfa(members).await.unwrap();
}

#[tokio::test]
async fn a_pool_that_begins_to_ask_for_a_second_factor_asks_in_sign_ins_that_have_begun() {
    let server = TestServer::start().await;
    let client = client_with_choice(&server).await;
    let ana = with_both(&client, "ana").await;
    let offer = ana.challenged(None, json!({})).await.unwrap();
    let of_mail = ana.challenged(Some("EMAIL_OTP"), json!({})).await.unwrap();
    let by_mail = server.mailbox("ana@example.com").await.last_code();
    let of_sms = ana.challenged(Some("SMS_OTP"), json!({})).await.unwrap();
    let by_sms = server.mailbox(PHONE).await.last_code();
    ask_for_a_second_factor(&client.pool, "ON").await;
    // What was offered is offered anew.
    let asked = ana.choose(&offer.session, "EMAIL_OTP", json!({})).await;
    let asked = Challenged::from(asked.unwrap());
    assert_eq!(asked.available.unwrap(), ["PASSWORD", "PASSWORD_SRP"]);
    // A code by mail is one factor, and another to the same number is no second one.
    let answer = json!({"EMAIL_OTP_CODE": by_mail});
    let asked = ana.respond("EMAIL_OTP", &of_mail.session, answer).await;
    let asked = Challenged::from(asked.unwrap());
    assert_eq!(asked.name, "SMS_MFA");
    let code = server.mailbox(PHONE).await.last_code();
    assert_eq!(code.len(), 6);
    let answer = json!({"SMS_MFA_CODE": code});
    let answer = ana.respond("SMS_MFA", &asked.session, answer).await;
    signed_in(answer.unwrap().authentication_result);
    let answer = json!({"SMS_OTP_CODE": by_sms});
    let error = refused(ana.respond("SMS_OTP", &of_sms.session, answer).await);
    let sentence = "The user pool demands a second factor, and the user has none.";
    assert_eq!(error.told(), ("NotAuthorizedException", sentence));
}

#[tokio::test]
async fn the_second_factor_follows_each_choice() {
    let server = TestServer::start().await;
    let client = client_with_choice(&server).await;
    let ana = with_both(&client, "ana").await;
    ask_for_a_second_factor(&client.pool, "OPTIONAL").await;
    let on = json!({"UserPoolId": client.pool.id, "Username": "ana", "SMSMfaSettings": {"Enabled": true}});
    server
        .call::<op::AdminSetUserMFAPreference>(on)
        .await
        .unwrap();
    assert_eq!(offered(&ana).await, ["PASSWORD", "PASSWORD_SRP"]);
    let along = json!({"PASSWORD": PASSWORD});
    let at_once = ana.challenged(Some("PASSWORD"), along.clone()).await;
    let by_srp = ana.prefer_srp().await.unwrap().answer(PASSWORD);
    let by_srp = by_srp.send().await.unwrap().into();
    let offer = ana.challenged(None, json!({})).await.unwrap();
    let chosen = ana.choose(&offer.session, "PASSWORD", along.clone()).await;
    let offer = ana.challenged(Some("PASSWORD"), json!({})).await.unwrap();
    let asked = ana.respond("PASSWORD", &offer.session, along).await;
    for asked in [
        at_once.unwrap(),
        by_srp,
        chosen.unwrap().into(),
        asked.unwrap().into(),
    ] {
        assert_eq!(asked.name, "SMS_MFA");
        assert_eq!(asked.parameter("USERNAME"), "ana");
    }
}

#[tokio::test]
async fn an_invited_user_begins_with_the_temporary_password() {
    let server = TestServer::start().await;
    let client = client_with_choice(&server).await;
    let ana = client.user("ana").confirmed().await;
    client.pool.invite("bea", "Temporary-1!", &[]).await;
    let bea = ana.named("bea");
    for along in [json!({}), json!({"PASSWORD": "Temporary-1!"})] {
        let mut asked = bea.challenged(Some("PASSWORD"), along).await.unwrap();
        if asked.name == "PASSWORD" {
            let own = json!({"PASSWORD": "Temporary-1!"});
            asked = bea
                .respond("PASSWORD", &asked.session, own)
                .await
                .unwrap()
                .into();
        }
        assert_eq!(asked.name, "NEW_PASSWORD_REQUIRED");
    }
    let asked = bea.prefer_srp().await.unwrap().answer("Temporary-1!");
    let asked = Challenged::from(asked.send().await.unwrap());
    assert_eq!(asked.name, "NEW_PASSWORD_REQUIRED");
    let new = json!({"NEW_PASSWORD": "Another-Horse-2"});
    let answer = bea
        .respond("NEW_PASSWORD_REQUIRED", &asked.session, new)
        .await;
    signed_in(answer.unwrap().authentication_result);
}

#[tokio::test]
async fn a_choice_serves_nobody_else_nowhere_else_and_not_for_ever() {
    let server = TestServer::start().await;
    let client = client_with_choice(&server).await;
    let ana = with_both(&client, "ana").await;
    with_both(&client, "bea").await;
    let elsewhere = client_with_choice(&server).await;
    with_both(&elsewhere, "ana").await;
    let strangers = [
        ana.named("bea"),
        ana.at(&client.pool.client().user_auth().await),
        ana.at(&elsewhere),
    ];
    let own = || json!({"PASSWORD": PASSWORD});
    for stranger in strangers {
        let session = ana.challenged(None, json!({})).await.unwrap().session;
        let error = refused(stranger.choose(&session, "PASSWORD", own()).await);
        assert_eq!(error.told(), INVALID_SESSION);
    }
    let session = ana.challenged(None, json!({})).await.unwrap().session;
    server.advance(minutes(3));
    let late = refused(ana.choose(&session, "PASSWORD", own()).await);
    assert_eq!(late.told(), INVALID_SESSION);
}

#[tokio::test]
async fn the_lock_holds_for_every_choice() {
    let server = TestServer::start().await;
    let ana = with_both(&client_with_choice(&server).await, "ana").await;
    let session = ana.challenged(None, json!({})).await.unwrap().session;
    let wrong = json!({"PASSWORD": "Wrong-Horse-1"});
    for _ in 0..5 {
        let wrong = ana.begin_choice_with(Some("PASSWORD"), wrong.clone()).await;
        assert_eq!(refused(wrong).told(), WRONG_PASSWORD);
    }
    for preferred in [
        None,
        Some("EMAIL_OTP"),
        Some("PASSWORD"),
        Some("PASSWORD_SRP"),
    ] {
        let error = refused(ana.begin_choice_with(preferred, json!({})).await);
        assert_eq!(error.told(), LOCKED);
    }
    let error = refused(ana.choose(&session, "EMAIL_OTP", json!({})).await);
    assert_eq!(error.told(), LOCKED);
    server.advance(minutes(1));
    let own = json!({"PASSWORD": PASSWORD});
    let begun = ana.begin_choice_with(Some("PASSWORD"), own).await.unwrap();
    signed_in(begun.authentication_result);
}

#[tokio::test]
async fn an_app_client_that_does_not_allow_the_flow_has_none() {
    let server = TestServer::start().await;
    let pool = pool_with_choice(&server).await;
    let ana = pool.client().await.user("ana").confirmed().await;
    let error = refused(ana.begin_choice_with(None, json!({})).await);
    let sentence = "Auth flow not enabled for this client";
    assert_eq!(error.told(), ("InvalidParameterException", sentence));
    // Nor is one's session taken to another's flow.
    let other = ana.at(&pool.client().user_auth().await);
    let session = other.challenged(None, json!({})).await.unwrap().session;
    let own = json!({"PASSWORD": PASSWORD});
    let error = refused(ana.choose(&session, "PASSWORD", own).await);
    assert_eq!(error.told(), INVALID_SESSION);
}

#[tokio::test]
async fn the_least_tier_has_no_choice_whatever_its_app_clients_were_given() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    let client = pool.client().user_auth().await;
    let ana = client.user("ana").confirmed().await;
    ana.challenged(None, json!({})).await.unwrap();
    let lower =
        json!({"UserPoolId": pool.id, "UserPoolTier": "LITE", "AutoVerifiedAttributes": ["email"]});
    server.call::<op::UpdateUserPool>(lower).await.unwrap();
    let error = refused(ana.begin_choice_with(None, json!({})).await);
    assert_eq!(error.code, "FeatureUnavailableInTierException");
    let input = by_operator(&ana, json!({}));
    let error = refused(server.call::<op::AdminInitiateAuth>(input).await);
    assert_eq!(error.code, "FeatureUnavailableInTierException");
    // All else goes on, and a sign-up leads nowhere further.
    ana.sign_in_srp().await.unwrap();
    let bea = client.user("bea").await;
    let code = bea.last_code().await;
    assert_eq!(bea.confirm_for_session(&code).await.unwrap(), None);
}

#[tokio::test]
async fn an_app_client_with_a_secret_proves_it_at_each_step() {
    let server = TestServer::start().await;
    let pool = pool_with_choice(&server).await;
    let client = pool.client().user_auth().secret().await;
    let ana = with_both(&client, "ana").await;
    let asked = ana.challenged(Some("EMAIL_OTP"), json!({})).await.unwrap();
    let code = server.mailbox("ana@example.com").await.last_code();
    let mut without = ana.clone();
    without.client.secret = None;
    let error = refused(without.begin_choice_with(None, json!({})).await);
    assert_eq!(error.code, "NotAuthorizedException");
    let answer = json!({"EMAIL_OTP_CODE": code});
    let error = refused(
        without
            .respond("EMAIL_OTP", &asked.session, answer.clone())
            .await,
    );
    assert_eq!(error.code, "NotAuthorizedException");
    let of_another = json!({"EMAIL_OTP_CODE": code, "SECRET_HASH": client.secret_hash("bea")});
    let error = refused(
        without
            .respond("EMAIL_OTP", &asked.session, of_another)
            .await,
    );
    assert_eq!(error.code, "NotAuthorizedException");
    // It was no answer, so the session stays.
    let answer = ana.respond("EMAIL_OTP", &asked.session, answer).await;
    signed_in(answer.unwrap().authentication_result);
}

/// What AdminInitiateAuth is given for USER_AUTH.
fn by_operator(user: &TestUser, own: Value) -> Value {
    json!({
        "UserPoolId": user.client.pool.id, "ClientId": user.client.id, "AuthFlow": "USER_AUTH",
        "AuthParameters": user.client.parameters(&user.name, own),
    })
}

#[tokio::test]
async fn operators_begin_and_end_such_sign_ins_too() {
    let server = TestServer::start().await;
    let ana = with_both(&client_with_choice(&server).await, "ana").await;
    let input = by_operator(&ana, json!({"PREFERRED_CHALLENGE": "EMAIL_OTP"}));
    let asked = server.call::<op::AdminInitiateAuth>(input).await.unwrap();
    assert_eq!(asked.challenge_name.unwrap().as_str(), "EMAIL_OTP");
    let input = by_operator(&ana, json!({}));
    let offer = server.call::<op::AdminInitiateAuth>(input).await.unwrap();
    assert_eq!(offer.available_challenges.unwrap().len(), 4);
    let code = server.mailbox("ana@example.com").await.last_code();
    let input = json!({
        "UserPoolId": ana.client.pool.id, "ClientId": ana.client.id, "ChallengeName": "EMAIL_OTP",
        "Session": asked.session, "ChallengeResponses": {"USERNAME": "ana", "EMAIL_OTP_CODE": code},
    });
    let answer = server.call::<op::AdminRespondToAuthChallenge>(input).await;
    signed_in(answer.unwrap().authentication_result);
}

#[tokio::test]
async fn an_app_client_that_tells_who_exists_says_so_at_once() {
    let server = TestServer::start().await;
    let pool = pool_with_choice(&server).await;
    let client = pool.client().user_auth().legacy_errors().await;
    let ana = with_both(&client, "ana").await;
    let nobody = ana.named("nobody");
    for preferred in [None, Some("EMAIL_OTP"), Some("PASSWORD")] {
        let error = refused(nobody.begin_choice_with(preferred, json!({})).await);
        assert_eq!(error.told(), NO_SUCH_USER);
    }
}

#[tokio::test]
async fn a_name_that_nobody_has_is_offered_the_same_each_time_and_on_each_node() {
    for_each_database(async |server| {
        let client = client_with_choice(&server).await;
        for name in ["ana", "bea", "eve"] {
            with_both(&client, name).await;
        }
        let ana = client.user("una").await;
        let other = server.node();
        for name in ["nobody1", "nobody2", "someone@example.com", "+15550000000"] {
            let here = ana.named(name);
            let mut there = here.clone();
            there.client.pool.server = other.clone();
            let first = offered(&here).await;
            assert_eq!(first, offered(&here).await, "{name}");
            assert_eq!(first, offered(&there).await, "{name}");
            // As those of the pool are offered it.
            assert_eq!(first.len(), 4, "{name}");
        }
    })
    .await;
}
