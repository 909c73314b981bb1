//! The Session of ConfirmSignUp: it leads straight into the first sign-in, once, in time, and only
//! for that user at that app client.

use cognate_testkit::{
    Challenged, PASSWORD, TestServer, TestUser, for_each_database, for_each_shared_database,
    minutes, op, refused, seconds,
};
use futures_util::future::join_all;
use serde_json::json;

use crate::sentences::{DISABLED, INVALID_SESSION, LOCKED, WRONG_PASSWORD};
use crate::user_auth::{change, client_with_choice, signed_in};

/// A user who has just confirmed, and the session.
async fn confirmed(server: &TestServer) -> (TestUser, String) {
    let ana = client_with_choice(server).await.user("ana").await;
    let session = confirm(&ana).await;
    (ana, session)
}

async fn confirm(user: &TestUser) -> String {
    let code = user.last_code().await;
    let session = user.confirm_for_session(&code).await.unwrap();
    session.expect("a session")
}

#[tokio::test]
async fn the_session_signs_in_without_another_code_and_once() {
    for_each_database(async |server| {
        let (ana, session) = confirmed(&server).await;
        let sent = server.mailbox("ana@example.com").await.len();
        let answer = ana.go_on_from_sign_up(&session).await.unwrap();
        let tokens = signed_in(answer.authentication_result);
        assert_eq!(ana.get_user(&tokens.access).await.unwrap().username, "ana");
        assert_eq!(server.mailbox("ana@example.com").await.len(), sent);
        let again = refused(ana.go_on_from_sign_up(&session).await);
        assert_eq!(again.told(), INVALID_SESSION);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_all_who_go_on_with_it_at_once_one_signs_in() {
    for_each_shared_database(async |shared| {
        let [one, two] = shared.nodes::<2>().await;
        let (ana, session) = confirmed(&one).await;
        let at: Vec<_> = [&one, &two, &one, &two].map(|node| ana.on(node)).into();
        let goings = at.iter().map(|ana| ana.go_on_from_sign_up(&session));
        let outcomes = join_all(goings).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    })
    .await;
}

#[tokio::test]
async fn the_session_lasts_as_those_of_challenges_do() {
    let server = TestServer::start().await;
    let (ana, session) = confirmed(&server).await;
    let bea = ana.client.user("bea").await;
    let of_bea = confirm(&bea).await;
    server.advance(minutes(3) - seconds(1));
    ana.go_on_from_sign_up(&session).await.unwrap();
    server.advance(seconds(1));
    let late = refused(bea.go_on_from_sign_up(&of_bea).await);
    assert_eq!(late.told(), INVALID_SESSION);
}

#[tokio::test]
async fn the_session_serves_no_other_user_client_or_pool() {
    let server = TestServer::start().await;
    let client = client_with_choice(&server).await;
    let other = client.pool.client().user_auth().await;
    let elsewhere = client_with_choice(&server).await;
    client.user("eve").confirmed().await;
    for (n, stranger) in ["name", "client", "pool"].into_iter().enumerate() {
        let ana = client.user(&format!("ana{n}")).await;
        let address = format!("elsewhere{n}@example.com");
        let other_ana = elsewhere.user(&ana.name).email(&address);
        other_ana.confirmed().await;
        let session = confirm(&ana).await;
        let moved = match stranger {
            "name" => ana.named("eve"),
            "client" => ana.at(&other),
            _ => ana.at(&elsewhere),
        };
        let error = refused(moved.go_on_from_sign_up(&session).await);
        assert_eq!(error.told(), INVALID_SESSION, "{stranger}");
    }
}

#[tokio::test]
async fn the_session_is_no_answer_to_a_challenge_and_no_challenge_is_a_sign_up() {
    let server = TestServer::start().await;
    let (ana, session) = confirmed(&server).await;
    for (challenge, own) in [
        ("PASSWORD", json!({"PASSWORD": PASSWORD})),
        ("SELECT_CHALLENGE", json!({"ANSWER": "EMAIL_OTP"})),
        ("EMAIL_OTP", json!({"EMAIL_OTP_CODE": "00000000"})),
        (
            "NEW_PASSWORD_REQUIRED",
            json!({"NEW_PASSWORD": "Another-Horse-2"}),
        ),
    ] {
        let error = refused(ana.respond(challenge, &session, own).await);
        assert_eq!(error.told(), INVALID_SESSION, "{challenge}");
    }
    for preferred in [None, Some("EMAIL_OTP"), Some("PASSWORD")] {
        let asked = ana.challenged(preferred, json!({})).await.unwrap();
        let error = refused(ana.go_on_from_sign_up(&asked.session).await);
        assert_eq!(error.told(), INVALID_SESSION);
    }
    for nonsense in [
        "",
        "x",
        "no session at all, but long enough to be one of them",
    ] {
        let outcome = ana.go_on_from_sign_up(nonsense).await;
        assert_eq!(refused(outcome).status, 400);
    }
    // Other flows take none.
    let parameters = ana.client.parameters("ana", json!({"PASSWORD": PASSWORD}));
    let mut input = ana.client.initiation("USER_PASSWORD_AUTH", &parameters);
    input["Session"] = session.as_str().into();
    let error = refused(server.call::<op::InitiateAuth>(input).await);
    assert_eq!(error.code, "InvalidParameterException");
    ana.go_on_from_sign_up(&session).await.unwrap();
}

#[tokio::test]
async fn what_has_happened_to_the_user_since_counts() {
    let server = TestServer::start().await;
    let client = client_with_choice(&server).await;
    let (ana, bea) = (client.user("ana").await, client.user("bea").await);
    let (of_ana, of_bea) = (confirm(&ana).await, confirm(&bea).await);
    change(&client.pool, "ana", &[("email", "new@example.com")]).await;
    let error = refused(ana.go_on_from_sign_up(&of_ana).await);
    assert_eq!(error.told(), INVALID_SESSION);
    client.pool.disable("bea").await;
    assert_eq!(
        refused(bea.go_on_from_sign_up(&of_bea).await).told(),
        DISABLED
    );
}

#[tokio::test]
async fn the_lock_holds_back_the_session_too() {
    let server = TestServer::start().await;
    let (ana, session) = confirmed(&server).await;
    for _ in 0..5 {
        let wrong = ana.with_password("Wrong-Horse-1");
        assert_eq!(refused(wrong.sign_in().await).told(), WRONG_PASSWORD);
    }
    let error = refused(ana.go_on_from_sign_up(&session).await);
    assert_eq!(error.told(), LOCKED);
}

#[tokio::test]
async fn a_second_factor_is_still_asked_for() {
    let server = TestServer::start().await;
    let sms = json!({"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"});
    let pool = server.pool().with("SmsConfiguration", sms);
    let pool = pool.with("MfaConfiguration", "ON").await;
    let client = pool.client().user_auth().await;
    let ana = client.user("ana").attribute("phone_number", "+15551234567");
    let mut ana = ana.await;
    ana.address = "ana@example.com".to_owned();
    let session = confirm(&ana).await;
    let asked = ana.go_on_from_sign_up(&session).await.unwrap();
    let asked = Challenged::from(asked);
    assert_eq!(asked.name, "SMS_MFA");
    let code = server.mailbox("+15551234567").await.last_code();
    let answer = json!({"SMS_MFA_CODE": code});
    let answer = ana.respond("SMS_MFA", &asked.session, answer).await;
    signed_in(answer.unwrap().authentication_result);
    // Where the code that confirmed was the same as the second factor's, there is none.
    let bea = client.user("bea").without_address();
    let bea = bea.attribute("phone_number", "+15557654321").await;
    let input = json!({"UserPoolId": pool.id, "Username": "bea"});
    server.call::<op::AdminConfirmSignUp>(input).await.unwrap();
    assert_eq!(
        bea.initiate_with_password()
            .await
            .unwrap()
            .challenge_name
            .unwrap()
            .as_str(),
        "SMS_MFA"
    );
}

#[tokio::test]
async fn only_who_confirms_through_such_an_app_client_is_given_a_session() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    let without = pool.client().await;
    let ana = without.user("ana").await;
    let code = ana.last_code().await;
    assert_eq!(ana.confirm_for_session(&code).await.unwrap(), None);
    let client = pool.client().user_auth().await;
    let bea = client.user("bea").await;
    let wrong = refused(bea.confirm_for_session("000000").await);
    assert_eq!(wrong.code, "CodeMismatchException");
    confirm(&bea).await;
}

#[tokio::test]
async fn an_app_client_with_a_secret_proves_it() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    let client = pool.client().user_auth().secret().await;
    let ana = client.user("ana").await;
    let session = confirm(&ana).await;
    let mut without = ana.clone();
    without.client.secret = None;
    let error = refused(without.go_on_from_sign_up(&session).await);
    assert_eq!(error.code, "NotAuthorizedException");
    let answer = ana.go_on_from_sign_up(&session).await.unwrap();
    signed_in(answer.authentication_result);
}

#[tokio::test]
async fn another_password_ends_the_session_as_it_ends_those_with_tokens() {
    for_each_database(async |server| {
        let (ana, session) = confirmed(&server).await;
        let input = json!({
            "UserPoolId": ana.client.pool.id, "Username": "ana", "Password": "New-Horse-12",
            "Permanent": true,
        });
        let set = server.call::<op::AdminSetUserPassword>(input);
        set.await.unwrap();
        let late = refused(ana.go_on_from_sign_up(&session).await);
        assert_eq!(late.told(), INVALID_SESSION);
    })
    .await;
}
