//! What an access token counts for, and that it never suffices.

use cognate_testkit::{for_each_shared_database, hours, seconds};
use futures_util::future::join_all;

use super::*;
use crate::sentences::{INVALID_TOKEN, REVOKED};

const EXPIRED: (&str, &str) = ("NotAuthorizedException", "Access Token has expired");

fn step_up(to: u32, tokens: &Tokens) -> Value {
    json!({"TARGET_ACR_VALUES": loa(to), "ACCESS_TOKEN": tokens.access})
}

/// A step-up to level 4 that waits for a code.
async fn asked_for_code(ana: &TestUser, before: &Tokens) -> String {
    let (name, session) = challenge(begin(ana, step_up(4, before)).await.unwrap());
    assert_eq!(name, "SOFTWARE_TOKEN_MFA");
    session
}

#[tokio::test]
async fn only_what_is_missing_is_asked_and_a_new_session_begins() {
    for_each_database(async |server| {
        let (ana, app, before) = with_app(&server).await;
        let session = asked_for_code(&ana, &before).await;
        let answer = show_app(&ana, &session, &app.code(&server)).await;
        let after = tokens(answer.unwrap());
        assert_eq!(level(&after), json!([loa(4), ["pwd", "otp", "mfa"]]));
        let (old, new) = (claims(&before.access), claims(&after.access));
        assert_eq!(new["auth_time"], server.now().seconds());
        assert_eq!(old["auth_time"], server.now().seconds() - 60);
        for claim in ["origin_jti", "event_id"] {
            assert_ne!(old[claim], new[claim], "{claim}");
        }
        // The session before goes on, as it was.
        ana.get_user(&before.access).await.unwrap();
        let refreshed = ana.refresh(before.refresh()).await.unwrap();
        assert_eq!(level(&refreshed), json!([loa(1), ["pwd"]]));
        ana.revoke(before.refresh()).await.unwrap();
        let refreshed = ana.refresh(after.refresh()).await.unwrap();
        assert_eq!(level(&refreshed), level(&after));
        let again = refused(show_app(&ana, &session, &app.code(&server)).await);
        assert_eq!(again.told(), INVALID_SESSION);
    })
    .await;
}

#[tokio::test]
async fn a_code_adds_the_password_or_a_passkey() {
    let server = TestServer::start().await;
    let ana = of_first_factors(&server).await;
    let begun = ana.begin_choice(Some("EMAIL_OTP")).await.unwrap();
    let by_mail = type_mailed(&ana, &challenge(begun).1).await;
    let begun = begin(&ana, step_up(3, &by_mail)).await.unwrap();
    let offered = serde_json::to_value(&begun.available_challenges).unwrap();
    assert_eq!(offered, json!(["PASSWORD", "PASSWORD_SRP"]));
    let (_, session) = challenge(begun);
    let both = tokens(choose(&ana, &session, "PASSWORD").await.unwrap());
    assert_eq!(level(&both), json!([loa(3), ["email_otp", "pwd", "mfa"]]));
    let mut passkey = TestPasskey::es256();
    ana.add_passkey(&by_mail.access, &mut passkey)
        .await
        .unwrap();
    server.advance(seconds(1));
    let begun = ana.begin_choice(Some("EMAIL_OTP")).await.unwrap();
    let by_mail = type_mailed(&ana, &challenge(begun).1).await;
    let mut own = step_up(3, &by_mail);
    own["PREFERRED_CHALLENGE"] = json!("WEB_AUTHN");
    let begun = begin(&ana, own).await.unwrap();
    let options = &begun.challenge_parameters.as_ref().unwrap()["CREDENTIAL_REQUEST_OPTIONS"];
    let credential = passkey.sign_in(&serde_json::from_str(options).unwrap());
    let (_, session) = challenge(begun);
    let both = ana.answer_passkey(&session, &credential).await.unwrap();
    assert_eq!(level(&both), json!([loa(3), ["email_otp", "swk", "mfa"]]));
}

#[tokio::test]
async fn a_level_that_the_token_has_is_refused_with_no_new_tokens() {
    for_each_database(async |server| {
        let ana = of_first_factors(&server).await;
        let mut passkey = TestPasskey::es256();
        let by_password = ana.sign_in().await.unwrap();
        ana.add_passkey(&by_password.access, &mut passkey)
            .await
            .unwrap();
        server.advance(seconds(1));
        let by_password = ana.sign_in().await.unwrap();
        let by_passkey = ana.sign_in_with(&mut passkey).await.unwrap();
        for to in 1..=3 {
            let error = refused(begin(&ana, step_up(to, &by_passkey)).await);
            assert_eq!(error.told(), MET);
        }
        let error = refused(begin(&ana, step_up(1, &by_password)).await);
        assert_eq!(error.told(), MET);
        // Out of reach, and the token tells its holder so at once.
        let error = refused(begin(&ana, step_up(4, &by_password)).await);
        assert_eq!(error.told(), OUT_OF_REACH);
        // The password does not come along in vain.
        let mut own = step_up(1, &by_password);
        own["PREFERRED_CHALLENGE"] = json!("PASSWORD");
        own["PASSWORD"] = json!(PASSWORD);
        let error = refused(begin(&ana, own).await);
        assert_eq!(error.told(), MET);
    })
    .await;
}

#[tokio::test]
async fn a_token_of_another_user_client_or_pool_counts_for_nothing() {
    for_each_database(async |server| {
        let (ana, _, own) = with_app(&server).await;
        let client = &ana.client;
        let bob = client.user("bob").confirmed().await;
        let of_bob = bob.sign_in().await.unwrap();
        let other = client.pool.client().user_auth().await;
        // Ana has switched her app on since she signed in here.
        let elsewhere = other.user("eve").confirmed().await;
        let of_eve = elsewhere.sign_in().await.unwrap();
        let elsewhere = elsewhere.at(client);
        let stranger = of_second_factors(&server).await;
        let of_stranger = stranger.sign_in().await.unwrap();
        let nobody = TestUser {
            name: "nobody".to_owned(),
            ..ana.clone()
        };
        for (user, tokens) in [
            (&ana, &of_bob),
            (&elsewhere, &of_eve),
            (&ana, &of_stranger),
            (&nobody, &own),
            (&bob, &own),
        ] {
            let error = refused(begin(user, step_up(4, tokens)).await);
            assert_eq!(error.told(), INVALID_TOKEN, "{}", user.name);
        }
        for token in [own.id.as_str(), own.refresh(), "a.b.c", ""] {
            let input = json!({"TARGET_ACR_VALUES": loa(4), "ACCESS_TOKEN": token});
            let error = refused(begin(&ana, input).await);
            assert_eq!(error.told(), INVALID_TOKEN);
        }
        asked_for_code(&ana, &own).await;
    })
    .await;
}

#[tokio::test]
async fn a_token_that_is_expired_or_revoked_counts_for_nothing() {
    let server = TestServer::start().await;
    let (ana, app, before) = with_app(&server).await;
    server.advance(hours(1));
    let error = refused(begin(&ana, step_up(4, &before)).await);
    assert_eq!(error.told(), EXPIRED);
    let fresh = ana.refresh(before.refresh()).await.unwrap();
    let session = asked_for_code(&ana, &fresh).await;
    ana.revoke(before.refresh()).await.unwrap();
    let error = refused(begin(&ana, step_up(4, &fresh)).await);
    assert_eq!(error.told(), REVOKED);
    // Nor does what began before it was revoked come to an end.
    let error = refused(show_app(&ana, &session, &app.code(&server)).await);
    assert_eq!(error.told(), WRONG_PASSWORD);
    let again = refused(show_app(&ana, &session, &app.code(&server)).await);
    assert_eq!(again.told(), INVALID_SESSION);
}

#[tokio::test]
async fn a_password_that_was_changed_since_counts_for_nothing() {
    let server = TestServer::start().await;
    let (ana, app, before) = with_app(&server).await;
    let session = asked_for_code(&ana, &before).await;
    let input = json!({"UserPoolId": ana.client.pool.id, "Username": "ana", "Password": "New-Horse-12", "Permanent": true});
    server
        .call::<op::AdminSetUserPassword>(input)
        .await
        .unwrap();
    let error = refused(show_app(&ana, &session, &app.code(&server)).await);
    assert_eq!(error.told(), WRONG_PASSWORD);
    assert!(begin(&ana, step_up(4, &before)).await.is_err());
}

#[tokio::test]
async fn a_sign_in_that_is_too_old_counts_for_nothing_and_its_token_stays() {
    let server = TestServer::start().await;
    let (ana, app, before) = with_app(&server).await;
    for (max_age, first) in [
        ("60", "SOFTWARE_TOKEN_MFA"),
        ("59", "SELECT_CHALLENGE"),
        ("0", "SELECT_CHALLENGE"),
    ] {
        let mut own = step_up(4, &before);
        own["MAX_AGE"] = json!(max_age);
        let begun = begin(&ana, own).await.unwrap();
        assert_eq!(challenge(begun).0, first, "{max_age}");
    }
    // A refresh makes it no younger.
    let fresh = ana.refresh(before.refresh()).await.unwrap();
    let mut own = step_up(4, &fresh);
    own["MAX_AGE"] = json!("59");
    let (_, session) = challenge(begin(&ana, own.clone()).await.unwrap());
    let (_, session) = next(choose(&ana, &session, "PASSWORD").await.unwrap());
    let answer = show_app(&ana, &session, &app.code(&server)).await;
    assert_eq!(level(&tokens(answer.unwrap()))[0], loa(4));
    ana.get_user(&fresh.access).await.unwrap();
    // It is looked at all the same.
    own["ACCESS_TOKEN"] = json!("a.b.c");
    assert_eq!(refused(begin(&ana, own).await).told(), INVALID_TOKEN);
}

#[tokio::test]
async fn a_wrong_code_gives_nothing_and_the_next_one_may_be_right() {
    let server = TestServer::start().await;
    let (ana, app, before) = with_app(&server).await;
    let session = asked_for_code(&ana, &before).await;
    let code = app.code(&server);
    let wrong = crate::sentences::other_than(&code);
    let error = refused(show_app(&ana, &session, &wrong).await);
    assert_eq!(error.code, "CodeMismatchException");
    tokens(show_app(&ana, &session, &code).await.unwrap());
    // One code steps up once.
    let session = asked_for_code(&ana, &before).await;
    let error = refused(show_app(&ana, &session, &code).await);
    assert_eq!(error.code, "ExpiredCodeException");
    server.advance(seconds(30));
    let answer = show_app(&ana, &session, &app.code(&server)).await;
    tokens(answer.unwrap());
}

#[tokio::test]
async fn no_second_factor_is_passed_over_for_a_lower_level() {
    let server = TestServer::start().await;
    let (ana, app, _) = with_app(&server).await;
    let begun = begin(&ana, json!({"TARGET_ACR_VALUES": loa(1)})).await;
    let (_, session) = challenge(begun.unwrap());
    let (name, session) = next(choose(&ana, &session, "PASSWORD").await.unwrap());
    assert_eq!(name, "SOFTWARE_TOKEN_MFA");
    let answer = show_app(&ana, &session, &app.code(&server)).await;
    assert_eq!(level(&tokens(answer.unwrap()))[0], loa(4));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_answers_at_once_on_two_nodes_one_steps_up() {
    for_each_shared_database(async |shared| {
        let [one, two] = shared.nodes::<2>().await;
        let (ana, app, before) = with_app(&one).await;
        let session = asked_for_code(&ana, &before).await;
        let parameters = json!({"USERNAME": "ana", "SOFTWARE_TOKEN_MFA_CODE": app.code(&one)});
        let input = json!({
            "ClientId": ana.client.id, "ChallengeName": "SOFTWARE_TOKEN_MFA", "Session": session,
            "ChallengeResponses": parameters,
        });
        let answers = [one, two].map(|node| {
            let input = input.clone();
            async move { node.call::<op::RespondToAuthChallenge>(input).await.is_ok() }
        });
        let succeeded = join_all(answers).await.into_iter().filter(|is_ok| *is_ok);
        assert_eq!(succeeded.count(), 1);
    })
    .await;
}

/// A user who has signed in by the password, and a thief of the access token who sets up an app.
async fn with_a_thiefs_app(server: &TestServer, begin_before: bool) -> (TestUser, String) {
    let (ana, app, before) = with_app(server).await;
    let begun = match begin_before {
        true => Some(asked_for_code(&ana, &before).await),
        false => None,
    };
    // Whose app it was does not matter: it is replaced.
    drop(app);
    let thiefs = ana.associate_app(&before.access).await.unwrap();
    let code = thiefs.code(server);
    ana.verify_app(&before.access, &code).await.unwrap();
    server.advance(minutes(1));
    let Some(session) = begun else {
        let begun = begin(&ana, step_up(4, &before)).await.unwrap();
        let (name, session) = challenge(begun);
        assert_eq!(name, "SELECT_CHALLENGE", "the password is asked for");
        return (ana, session);
    };
    // A sign-in that had begun before goes on to the password as well.
    let answer = show_app(&ana, &session, &thiefs.code(server)).await;
    let (name, session) = next(answer.unwrap());
    assert_eq!(name, "SELECT_CHALLENGE");
    (ana, session)
}

#[tokio::test]
async fn who_has_a_token_and_sets_up_an_app_with_it_needs_the_password_too() {
    for_each_database(async |server| {
        for begin_before in [false, true] {
            let (ana, session) = with_a_thiefs_app(&server, begin_before).await;
            let wrong = ana.with_password("Wrong-Horse-1");
            let answer = choose(&wrong, &session, "PASSWORD").await;
            assert_eq!(refused(answer).told(), WRONG_PASSWORD);
        }
    })
    .await;
}

#[tokio::test]
async fn a_token_counts_for_nothing_beside_a_passkey_or_an_address_that_came_by_it() {
    for_each_database(async |server| {
        let ana = of_first_factors(&server).await;
        let tokens = ana.sign_in().await.unwrap();
        let by_code = |answer: InitiateAuthResponse| challenge(answer).0;
        let mut mail = step_up(3, &tokens);
        mail["PREFERRED_CHALLENGE"] = json!("EMAIL_OTP");
        assert_eq!(
            by_code(begin(&ana, mail.clone()).await.unwrap()),
            "EMAIL_OTP"
        );
        let thiefs = [("email", "thief@example.com")];
        ana.update(&tokens.access, &thiefs).await.unwrap();
        let code = server.mailbox("thief@example.com").await.last_code();
        ana.verify_email(&tokens.access, &code).await.unwrap();
        // The code alone is asked for, which is not all of the level.
        let begun = begin(&ana, mail).await.unwrap();
        let (name, session) = challenge(begun);
        assert_eq!(name, "EMAIL_OTP");
        let code = server.mailbox("thief@example.com").await.last_code();
        let own = json!({"EMAIL_OTP_CODE": code});
        let answer = ana.respond("EMAIL_OTP", &session, own).await.unwrap();
        assert_eq!(
            next(answer).0,
            "SELECT_CHALLENGE",
            "the password is asked for"
        );
    })
    .await;
}

#[tokio::test]
async fn what_a_step_up_took_over_grows_no_younger_by_it() {
    let server = TestServer::start().await;
    let (ana, app, before) = with_app(&server).await;
    let session = asked_for_code(&ana, &before).await;
    let answer = show_app(&ana, &session, &app.code(&server)).await;
    let after = tokens(answer.unwrap());
    server.advance(minutes(1));
    // The code is a minute old, the password two.
    let mut own = step_up(4, &after);
    own["MAX_AGE"] = json!("90");
    let (name, session) = challenge(begin(&ana, own).await.unwrap());
    assert_eq!(name, "SELECT_CHALLENGE");
    let answer = choose(&ana, &session, "PASSWORD").await.unwrap();
    assert_eq!(level(&tokens(answer))[0], loa(4));
}
