//! The claims acr and amr, and sign-ins that are to reach a level: TARGET_ACR_VALUES, ACCESS_TOKEN
//! and MAX_AGE of USER_AUTH.

mod names;
mod tokens_that_count;

use cognate_api::idp::{InitiateAuthResponse, RespondToAuthChallengeResponse};
use cognate_testkit::{
    ApiError, Authenticator, PASSWORD, TestPasskey, TestPool, TestServer, TestUser, Tokens, claims,
    for_each_database, minutes, op, refused,
};
use serde_json::{Value, json};

use crate::mfa_preferences::pool_with_all;
use crate::sentences::{INVALID_SESSION, WRONG_PASSWORD};

pub(crate) const OUT_OF_REACH: (&str, &str) = (
    "InvalidParameterException",
    "The user has no factors for any of the requested levels.",
);
pub(crate) const MET: (&str, &str) = (
    "InvalidParameterException",
    "The access token meets the requested level already.",
);

/// The default name of a level.
fn loa(level: u32) -> String {
    format!("urn:cognito:loa:{level}")
}

/// A user of a pool where some begin with a code or a passkey, and nobody is asked for more.
async fn of_first_factors(server: &TestServer) -> TestUser {
    let first = json!({"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP", "WEB_AUTHN"]});
    let pool = server
        .pool()
        .with("Policies", json!({"SignInPolicy": first}));
    let pool = pool.await;
    pool.set_passkeys(json!({"RelyingPartyId": "example.com"}))
        .await;
    pool.client()
        .user_auth()
        .await
        .user("ana")
        .confirmed()
        .await
}

/// A user of a pool with second factors, who has switched none on.
async fn of_second_factors(server: &TestServer) -> TestUser {
    let pool = pool_with_all(server, "OPTIONAL").await;
    pool.client()
        .user_auth()
        .await
        .user("ana")
        .confirmed()
        .await
}

/// The same with an app, which they have shown a code of a minute ago, and the tokens of before.
async fn with_app(server: &TestServer) -> (TestUser, Authenticator, Tokens) {
    let ana = of_second_factors(server).await;
    let (app, tokens) = ana.session_beside_app().await;
    server.advance(minutes(1));
    (ana, app, tokens)
}

/// USER_AUTH with these parameters.
async fn begin(user: &TestUser, own: Value) -> Result<InitiateAuthResponse, ApiError> {
    let parameters = user.client.parameters(&user.name, own);
    let input = user.client.initiation("USER_AUTH", &parameters);
    let server = &user.client.pool.server;
    server.call::<op::InitiateAuth>(input).await
}

/// The name of a challenge, and its session.
#[track_caller]
fn challenge(answer: InitiateAuthResponse) -> (String, String) {
    let name = answer.challenge_name.expect("a challenge");
    (name.as_str().to_owned(), answer.session.unwrap())
}

#[track_caller]
fn next(answer: RespondToAuthChallengeResponse) -> (String, String) {
    let name = answer.challenge_name.expect("a challenge");
    (name.as_str().to_owned(), answer.session.unwrap())
}

#[track_caller]
fn tokens(answer: RespondToAuthChallengeResponse) -> Tokens {
    Tokens::of(answer.authentication_result.expect("tokens"))
}

/// acr and amr, which both tokens say alike.
#[track_caller]
fn level(tokens: &Tokens) -> Value {
    let told = [&tokens.access, &tokens.id].map(|token| {
        let claims = claims(token);
        json!([claims.get("acr"), claims.get("amr")])
    });
    assert_eq!(told[0], told[1]);
    told[0].clone()
}

/// Chooses a challenge, with a password along.
async fn choose(
    user: &TestUser,
    session: &str,
    answer: &str,
) -> Result<RespondToAuthChallengeResponse, ApiError> {
    let mut own = json!({"ANSWER": answer});
    if answer == "PASSWORD" {
        own["PASSWORD"] = json!(user.password);
    }
    user.respond("SELECT_CHALLENGE", session, own).await
}

async fn show_app(
    user: &TestUser,
    session: &str,
    code: &str,
) -> Result<RespondToAuthChallengeResponse, ApiError> {
    let own = json!({"SOFTWARE_TOKEN_MFA_CODE": code});
    user.respond("SOFTWARE_TOKEN_MFA", session, own).await
}

/// Types the code that was mailed: of eight digits as the first factor, of six after another.
async fn type_mailed(user: &TestUser, session: &str) -> Tokens {
    let mailbox = user.client.pool.server.mailbox(&user.address).await;
    let runs = mailbox.last_text().split(|c: char| !c.is_ascii_digit());
    let code = runs.max_by_key(|run| run.len()).unwrap();
    let own = json!({"EMAIL_OTP_CODE": code});
    tokens(user.respond("EMAIL_OTP", session, own).await.unwrap())
}

#[tokio::test]
async fn tokens_tell_the_level_of_each_sign_in_and_keep_it_when_they_are_refreshed() {
    for_each_database(async |server| {
        let ana = of_first_factors(&server).await;
        let by_password = ana.sign_in_srp().await.unwrap();
        assert_eq!(level(&by_password), json!([loa(1), ["pwd"]]));
        let mut passkey = TestPasskey::es256();
        ana.add_passkey(&by_password.access, &mut passkey)
            .await
            .unwrap();
        let by_passkey = ana.sign_in_with(&mut passkey).await.unwrap();
        assert_eq!(level(&by_passkey), json!([loa(3), ["swk"]]));
        let begun = ana.begin_choice(Some("EMAIL_OTP")).await.unwrap();
        let by_mail = type_mailed(&ana, &challenge(begun).1).await;
        assert_eq!(level(&by_mail), json!([loa(2), ["email_otp"]]));
        server.advance(minutes(30));
        for before in [by_password, by_passkey, by_mail] {
            let refreshed = ana.refresh(before.refresh()).await.unwrap();
            assert_eq!(level(&refreshed), level(&before));
            let rotated = ana.rotate(before.refresh()).await.unwrap();
            assert_eq!(level(&rotated), level(&before));
            let auth_time = |tokens: &Tokens| claims(&tokens.id)["auth_time"].clone();
            assert_eq!(auth_time(&refreshed), auth_time(&before));
        }
    })
    .await;
}

#[tokio::test]
async fn second_factors_raise_the_level() {
    let server = TestServer::start().await;
    let (ana, app, _) = with_app(&server).await;
    let (_, session) = challenge(ana.initiate_with_password().await.unwrap());
    let both = show_app(&ana, &session, &app.code(&server)).await.unwrap();
    let both = tokens(both);
    assert_eq!(level(&both), json!([loa(4), ["pwd", "otp", "mfa"]]));
    let mail = json!({"EmailMfaSettings": {"Enabled": true, "PreferredMfa": true}});
    ana.prefer(&both.access, mail).await.unwrap();
    let (_, session) = challenge(ana.initiate_with_password().await.unwrap());
    let by_mail = type_mailed(&ana, &session).await;
    assert_eq!(
        level(&by_mail),
        json!([loa(3), ["pwd", "email_otp", "mfa"]])
    );
    // The target decides which of them is asked.
    server.advance(minutes(1));
    let begun = begin(&ana, json!({"TARGET_ACR_VALUES": loa(4)})).await;
    let (_, session) = challenge(begun.unwrap());
    let (name, session) = next(choose(&ana, &session, "PASSWORD").await.unwrap());
    assert_eq!(name, "SOFTWARE_TOKEN_MFA");
    let answer = show_app(&ana, &session, &app.code(&server)).await;
    assert_eq!(level(&tokens(answer.unwrap()))[0], loa(4));
}

#[tokio::test]
async fn the_first_level_within_reach_is_reached_and_names_that_nobody_knows_are_passed_over() {
    let server = TestServer::start().await;
    let ana = of_first_factors(&server).await;
    let targets = format!("urn:mine {} {} urn:other", loa(4), loa(1));
    let begun = begin(&ana, json!({"TARGET_ACR_VALUES": targets})).await;
    let (name, session) = challenge(begun.unwrap());
    assert_eq!(name, "SELECT_CHALLENGE");
    let by_password = tokens(choose(&ana, &session, "PASSWORD").await.unwrap());
    assert_eq!(level(&by_password), json!([loa(1), ["pwd"]]));
    // Level 3 is the password and a code, in whatever order.
    let targets = format!("{} {} {}", loa(4), loa(3), loa(1));
    let wished = json!({"TARGET_ACR_VALUES": targets, "PREFERRED_CHALLENGE": "PASSWORD", "PASSWORD": PASSWORD});
    let begun = begin(&ana, wished).await.unwrap();
    let offered = serde_json::to_value(&begun.available_challenges).unwrap();
    assert_eq!(offered, json!(["EMAIL_OTP"]));
    let (_, session) = challenge(begun);
    let (name, session) = next(choose(&ana, &session, "EMAIL_OTP").await.unwrap());
    assert_eq!(name, "EMAIL_OTP");
    let both = type_mailed(&ana, &session).await;
    assert_eq!(level(&both), json!([loa(3), ["pwd", "email_otp", "mfa"]]));
}

#[tokio::test]
async fn a_level_out_of_reach_is_told_after_the_password_and_to_nobody_before() {
    for_each_database(async |server| {
        let ana = of_first_factors(&server).await;
        let eve = TestUser {
            name: "eve".to_owned(),
            ..ana.clone()
        };
        let target = json!({"TARGET_ACR_VALUES": loa(4)});
        let mut sessions = Vec::new();
        for user in [&ana, &eve] {
            let begun = begin(user, target.clone()).await.unwrap();
            let offered = serde_json::to_value(&begun.available_challenges).unwrap();
            assert_eq!(offered, json!(["PASSWORD", "PASSWORD_SRP"]));
            sessions.push(challenge(begun).1);
        }
        let wrong = ana.with_password("Wrong-Horse-1");
        let begun = begin(&ana, target.clone()).await.unwrap();
        let session = challenge(begun).1;
        let error = refused(choose(&wrong, &session, "PASSWORD").await);
        assert_eq!(error.told(), WRONG_PASSWORD);
        let error = refused(choose(&eve, &sessions[1], "PASSWORD").await);
        assert_eq!(error.told(), WRONG_PASSWORD);
        let error = refused(choose(&ana, &sessions[0], "PASSWORD").await);
        assert_eq!(error.told(), OUT_OF_REACH);
        let again = refused(choose(&ana, &sessions[0], "PASSWORD").await);
        assert_eq!(again.told(), INVALID_SESSION);
    })
    .await;
}

#[tokio::test]
async fn a_confirmed_sign_up_goes_on_to_a_level() {
    let server = TestServer::start().await;
    let client = of_first_factors(&server).await.client;
    let bob = client.user("bob").await;
    let code = bob.last_code().await;
    let input = client.about("bob", json!({"ConfirmationCode": code}));
    let confirmed = server.call::<op::ConfirmSignUp>(input).await.unwrap();
    let session = confirmed.session.expect("a session to go on with");
    let parameters = client.parameters("bob", json!({"TARGET_ACR_VALUES": loa(3)}));
    let mut input = client.initiation("USER_AUTH", &parameters);
    input["Session"] = json!(session);
    let begun = server.call::<op::InitiateAuth>(input).await.unwrap();
    let (name, session) = challenge(begun);
    assert_eq!(name, "SELECT_CHALLENGE");
    let both = tokens(choose(&bob, &session, "PASSWORD").await.unwrap());
    assert_eq!(level(&both), json!([loa(3), ["email_otp", "pwd", "mfa"]]));
}

#[tokio::test]
async fn what_cannot_be_right_is_refused_by_its_name() {
    let server = TestServer::start().await;
    let ana = of_first_factors(&server).await;
    let before = ana.sign_in().await.unwrap();
    let target = loa(1);
    for (own, sentence) in [
        (
            json!({"TARGET_ACR_VALUES": "urn:mine"}),
            "TARGET_ACR_VALUES names none of the user pool's levels.",
        ),
        (
            json!({"TARGET_ACR_VALUES": ""}),
            "TARGET_ACR_VALUES names none of the user pool's levels.",
        ),
        (
            json!({"ACCESS_TOKEN": before.access}),
            "ACCESS_TOKEN needs TARGET_ACR_VALUES beside it.",
        ),
        (
            json!({"TARGET_ACR_VALUES": target, "MAX_AGE": "-1"}),
            "MAX_AGE is no number of seconds.",
        ),
        (json!({"MAX_AGE": "+1"}), "MAX_AGE is no number of seconds."),
        (
            json!({"TARGET_ACR_VALUES": target, "MAX_AGE": ""}),
            "MAX_AGE is no number of seconds.",
        ),
    ] {
        let error = refused(begin(&ana, own.clone()).await);
        let expected = ("InvalidParameterException", sentence);
        assert_eq!(error.told(), expected, "{own}");
    }
    // Nor is a level asked for in vain in another flow.
    let own = json!({"PASSWORD": PASSWORD, "TARGET_ACR_VALUES": target});
    let parameters = ana.client.parameters("ana", own);
    let input = ana.client.initiation("USER_PASSWORD_AUTH", &parameters);
    let error = refused(server.call::<op::InitiateAuth>(input).await);
    let sentence = "TARGET_ACR_VALUES is for the flow USER_AUTH only.";
    assert_eq!(error.told(), ("InvalidParameterException", sentence));
    // An age alone is that of a sign-in from scratch.
    begin(&ana, json!({"MAX_AGE": "0"})).await.unwrap();
}

#[tokio::test]
async fn an_operator_asks_for_a_level_too() {
    let server = TestServer::start().await;
    let (ana, app, before) = with_app(&server).await;
    let own = json!({"TARGET_ACR_VALUES": loa(4), "ACCESS_TOKEN": before.access});
    let parameters = ana.client.parameters("ana", own);
    let input = json!({
        "UserPoolId": ana.client.pool.id, "ClientId": ana.client.id, "AuthFlow": "USER_AUTH",
        "AuthParameters": parameters,
    });
    let begun = server.call::<op::AdminInitiateAuth>(input).await.unwrap();
    assert_eq!(begun.challenge_name.unwrap().as_str(), "SOFTWARE_TOKEN_MFA");
    let session = begun.session.unwrap();
    let answer = show_app(&ana, &session, &app.code(&server)).await;
    assert_eq!(level(&tokens(answer.unwrap()))[0], loa(4));
}

/// UpdateUserPool.
async fn update(pool: &TestPool, mut members: Value) -> Result<(), ApiError> {
    members["UserPoolId"] = json!(pool.id);
    let server = &pool.server;
    server.call::<op::UpdateUserPool>(members).await.map(drop)
}
