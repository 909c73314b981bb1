//! What codes are worth: how often they can be guessed, how long they live, and for whom and what.

use cognate_testkit::{TestServer, for_each_database, hours, minutes, op, refused, seconds};
use futures_util::future::join_all;
use serde_json::json;

use crate::sentences::{EXPIRED_CODE, TOO_OFTEN, WRONG_CODE, other_than};

const NEW: &str = "Another-Horse-2";

#[tokio::test]
async fn after_five_wrong_guesses_the_right_code_is_refused_too() {
    for_each_database(async |server| {
        let ana = server.pool().await.client().await.user("ana").await;
        let code = ana.last_code().await;
        for _ in 0..5 {
            assert_eq!(
                refused(ana.confirm(&other_than(&code)).await).told(),
                WRONG_CODE
            );
        }
        assert_eq!(refused(ana.confirm(&code).await).told(), TOO_OFTEN);
        assert_eq!(ana.client.pool.status("ana").await, "UNCONFIRMED");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_at_the_same_moment_are_counted_each() {
    for_each_database(async |server| {
        let ana = server.pool().await.client().await.user("ana").await;
        let code = ana.last_code().await;
        let wrong = other_than(&code);
        let guesses = join_all((0..10).map(|_| ana.confirm(&wrong))).await;
        let mismatches = guesses
            .into_iter()
            .filter(|guess| guess.as_ref().is_err_and(|e| e.told() == WRONG_CODE));
        assert_eq!(mismatches.count(), 5);
        assert_eq!(refused(ana.confirm(&code).await).told(), TOO_OFTEN);
    })
    .await;
}

#[tokio::test]
async fn five_wrong_guesses_at_a_reset_code_end_it() {
    let client = TestServer::start().await.pool().await.client().await;
    let ana = client.user("ana").confirmed().await;
    ana.forgot_password().await.unwrap();
    let code = ana.last_code().await;
    for _ in 0..5 {
        assert_eq!(
            refused(ana.reset_password(&other_than(&code), NEW).await).told(),
            WRONG_CODE
        );
    }
    assert_eq!(
        refused(ana.reset_password(&code, NEW).await).told(),
        TOO_OFTEN
    );
    ana.sign_in().await.unwrap();
}

#[tokio::test]
async fn a_new_code_ends_the_old_one() {
    for_each_database(async |server| {
        let ana = server.pool().await.client().await.user("ana").await;
        let old = ana.last_code().await;
        ana.resend().await.unwrap();
        let new = ana.last_code().await;
        assert_ne!(old, new);
        assert_eq!(refused(ana.confirm(&old).await).told(), WRONG_CODE);
        ana.confirm(&new).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_sign_up_code_lives_for_a_day() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let (ana, eve) = (client.user("ana").await, client.user("eve").await);
    let (anas, eves) = (ana.last_code().await, eve.last_code().await);
    server.advance(hours(24) - seconds(1));
    ana.confirm(&anas).await.unwrap();
    server.advance(seconds(1));
    assert_eq!(refused(eve.confirm(&eves).await).told(), EXPIRED_CODE);
    assert_eq!(
        refused(eve.confirm(&other_than(&eves)).await).told(),
        WRONG_CODE
    );
    eve.resend().await.unwrap();
    eve.confirm(&eve.last_code().await).await.unwrap();
}

#[tokio::test]
async fn a_reset_code_lives_for_an_hour() {
    let server = TestServer::start().await;
    let ana = server.confirmed_user("ana").await;
    ana.forgot_password().await.unwrap();
    let code = ana.last_code().await;
    server.advance(hours(1));
    assert_eq!(
        refused(ana.reset_password(&code, NEW).await).told(),
        EXPIRED_CODE
    );
    ana.sign_in().await.unwrap();
}

#[tokio::test]
async fn a_code_is_good_once() {
    for_each_database(async |server| {
        let client = server.pool().await.client().legacy_errors().await;
        let ana = client.user("ana").confirmed().await;
        ana.forgot_password().await.unwrap();
        let code = ana.last_code().await;
        ana.reset_password(&code, NEW).await.unwrap();
        assert_eq!(
            refused(ana.reset_password(&code, "Third-Horse-3").await).told(),
            EXPIRED_CODE
        );
        ana.with_password(NEW).sign_in().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_answers_with_one_code_at_once_one_wins() {
    for_each_database(async |server| {
        let ana = server.confirmed_user("ana").await;
        ana.forgot_password().await.unwrap();
        let code = ana.last_code().await;
        let passwords = [
            "First-Horse-1",
            "Second-Horse-2",
            "Third-Horse-3",
            "Fourth-Horse-4",
        ];
        let outcomes = join_all(passwords.map(|new| ana.reset_password(&code, new))).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        for (outcome, password) in outcomes.iter().zip(passwords) {
            let signs_in = ana.with_password(password).sign_in().await.is_ok();
            assert_eq!(outcome.is_ok(), signs_in);
        }
    })
    .await;
}

#[tokio::test]
async fn a_code_is_worth_nothing_to_another_user() {
    let client = TestServer::start().await.pool().await.client().await;
    let (ana, eve) = (client.user("ana").await, client.user("eve").await);
    let eves = eve.last_code().await;
    assert_eq!(refused(ana.confirm(&eves).await).told(), WRONG_CODE);
    eve.confirm(&eves).await.unwrap();
}

#[tokio::test]
async fn a_code_is_worth_nothing_in_another_pool() {
    let server = TestServer::start().await;
    let here = server
        .pool()
        .await
        .client()
        .await
        .user("ana")
        .email("here@example.com")
        .await;
    let there = server
        .pool()
        .await
        .client()
        .await
        .user("ana")
        .email("there@example.com")
        .await;
    assert_eq!(
        refused(there.confirm(&here.last_code().await).await).told(),
        WRONG_CODE
    );
}

#[tokio::test]
async fn a_code_of_one_purpose_is_worth_nothing_for_another() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let ana = client.user("ana").confirmed().await;
    let tokens = ana.sign_in().await.unwrap();
    // A code that verifies an address, in the place of one that resets the password.
    ana.update(&tokens.access, &[("email", "new@example.com")])
        .await
        .unwrap();
    let verifies = server.mailbox("new@example.com").await.last_code();
    let input = json!({"UserPoolId": client.pool.id, "Username": "ana", "UserAttributes": [
        {"Name": "email", "Value": "ana@example.com"}, {"Name": "email_verified", "Value": "true"},
    ]});
    server
        .call::<op::AdminUpdateUserAttributes>(input)
        .await
        .unwrap();
    ana.forgot_password().await.unwrap();
    let resets = ana.last_code().await;
    assert_eq!(
        refused(ana.reset_password(&verifies, NEW).await).told(),
        WRONG_CODE
    );
    // And the other way round.
    assert_eq!(
        refused(ana.verify_email(&tokens.access, &resets).await).told(),
        WRONG_CODE
    );
    ana.reset_password(&resets, NEW).await.unwrap();
}

#[tokio::test]
async fn codes_are_sent_anew_five_times_an_hour() {
    for_each_database(async |server| {
        let ana = server.pool().await.client().await.user("ana").await;
        for _ in 0..5 {
            ana.resend().await.unwrap();
        }
        assert_eq!(refused(ana.resend().await).told(), TOO_OFTEN);
        assert_eq!(server.mailbox("ana@example.com").await.len(), 6);
        server.advance(hours(1));
        ana.resend().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn codes_are_guessed_at_fifteen_times_an_hour_however_many_were_sent() {
    let server = TestServer::start().await;
    let ana = server.pool().await.client().await.user("ana").await;
    for round in 0..3 {
        if round > 0 {
            ana.resend().await.unwrap();
        }
        let wrong = other_than(&ana.last_code().await);
        for _ in 0..5 {
            assert_eq!(refused(ana.confirm(&wrong).await).told(), WRONG_CODE);
        }
    }
    ana.resend().await.unwrap();
    let right = ana.last_code().await;
    assert_eq!(refused(ana.confirm(&right).await).told(), TOO_OFTEN);
    server.advance(hours(1));
    ana.confirm(&right).await.unwrap();
}

#[tokio::test]
async fn resets_are_asked_for_five_times_an_hour() {
    let server = TestServer::start().await;
    let ana = server.confirmed_user("ana").await;
    for _ in 0..5 {
        ana.forgot_password().await.unwrap();
    }
    assert_eq!(refused(ana.forgot_password().await).told(), TOO_OFTEN);
    assert_eq!(server.mailbox("ana@example.com").await.len(), 6);
}

#[tokio::test]
async fn one_address_gets_twenty_messages_an_hour_whoever_asks_for_them() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    for n in 0..20 {
        client
            .user(&format!("user{n}"))
            .email("victim@example.com")
            .await;
    }
    let more = client
        .user("one-more")
        .email("Victim@Example.com")
        .sign_up()
        .await;
    assert_eq!(refused(more).code, "LimitExceededException");
    assert_eq!(server.mailbox("victim@example.com").await.len(), 20);
    client.user("another").email("other@example.com").await;
    server.advance(minutes(61));
    client.user("one-more").email("victim@example.com").await;
}

#[tokio::test]
async fn an_address_that_guesses_at_many_users_is_turned_away() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let guess = |n: usize, from: [u8; 4]| {
        let input = json!({"ClientId": client.id, "Username": format!("user{n}"), "ConfirmationCode": "123456"});
        server.prepare::<op::ConfirmSignUp>(input).from(from).send()
    };
    for n in 0..100 {
        assert_eq!(guess(n, [203, 0, 113, 9]).await.error().told(), WRONG_CODE);
    }
    let error = guess(100, [203, 0, 113, 9]).await.error();
    assert_eq!(error.code, "TooManyRequestsException");
    assert_eq!(
        guess(101, [203, 0, 113, 10]).await.error().told(),
        WRONG_CODE
    );
    server.advance(minutes(5));
    assert_eq!(
        guess(102, [203, 0, 113, 9]).await.error().told(),
        WRONG_CODE
    );
}
