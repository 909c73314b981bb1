//! What strangers ask for uses up neither what the owner of an account needs nor what an operator
//! needs.

use cognate_api::Operation;
use cognate_outbound::{Mailer, Outbound, SmsSender};
use cognate_testkit::{
    PASSWORD, TestClient, TestServer, TestUser, for_each_database, hours, op, refused,
};
use serde_json::{Value, json};

use crate::sentences::{TOO_OFTEN, WRONG_CODE, other_than};

const OWNER: [u8; 4] = [198, 51, 100, 7];
const STRANGER: [u8; 4] = [203, 0, 113, 9];
const NEW: &str = "Another-Horse-2";

/// A call from an address: nothing, or code and sentence of the refusal.
async fn outcome_from<O: Operation>(
    client: &TestClient,
    input: Value,
    from: [u8; 4],
) -> Result<(), (String, String)> {
    let call = client.pool.server.prepare::<O>(input).from(from);
    let outcome = call.send().await.success();
    outcome
        .map(drop)
        .map_err(|error| (error.code, error.message))
}

fn refusal((code, message): (&str, &str)) -> Result<(), (String, String)> {
    Err((code.to_owned(), message.to_owned()))
}

async fn forgot(client: &TestClient, name: &str, from: [u8; 4]) -> Result<(), (String, String)> {
    outcome_from::<op::ForgotPassword>(client, client.about(name, json!({})), from).await
}

async fn resend(client: &TestClient, name: &str, from: [u8; 4]) -> Result<(), (String, String)> {
    outcome_from::<op::ResendConfirmationCode>(client, client.about(name, json!({})), from).await
}

async fn confirm(user: &TestUser, code: &str, from: [u8; 4]) -> Result<(), (String, String)> {
    let input = user
        .client
        .about(&user.name, json!({"ConfirmationCode": code}));
    outcome_from::<op::ConfirmSignUp>(&user.client, input, from).await
}

async fn reset(user: &TestUser, code: &str, from: [u8; 4]) -> Result<(), (String, String)> {
    let own = json!({"ConfirmationCode": code, "Password": NEW});
    let input = user.client.about(&user.name, own);
    outcome_from::<op::ConfirmForgotPassword>(&user.client, input, from).await
}

async fn reset_by_operator(user: &TestUser) -> Result<(), (String, String)> {
    let pool = &user.client.pool;
    let input = json!({"UserPoolId": pool.id, "Username": user.name});
    outcome_from::<op::AdminResetUserPassword>(&user.client, input, OWNER).await
}

#[tokio::test]
async fn a_stranger_uses_up_neither_the_owners_requests_nor_the_operators() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let ana = client.user("ana").confirmed().await;
        for _ in 0..5 {
            forgot(&client, "ana", STRANGER).await.unwrap();
        }
        assert_eq!(forgot(&client, "ana", STRANGER).await, refusal(TOO_OFTEN));
        server.deliver().await;
        forgot(&client, "ana", OWNER).await.unwrap();
        reset(&ana, &ana.last_code().await, OWNER).await.unwrap();
        reset_by_operator(&ana).await.unwrap();
        assert_eq!(client.pool.status("ana").await, "RESET_REQUIRED");
        reset(&ana, &ana.last_code().await, OWNER).await.unwrap();
        // The same of codes that confirm a sign-up.
        let eve = client.user("eve").await;
        for _ in 0..5 {
            resend(&client, "eve", STRANGER).await.unwrap();
        }
        assert_eq!(resend(&client, "eve", STRANGER).await, refusal(TOO_OFTEN));
        server.deliver().await;
        resend(&client, "eve", OWNER).await.unwrap();
        confirm(&eve, &eve.last_code().await, OWNER).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_strangers_wrong_guesses_do_not_end_the_owners_code() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let (ana, eve) = (
            client.user("ana").await,
            client.user("eve").confirmed().await,
        );
        let code = ana.last_code().await;
        for _ in 0..5 {
            let guess = confirm(&ana, &other_than(&code), STRANGER).await;
            assert_eq!(guess, refusal(WRONG_CODE));
        }
        assert_eq!(confirm(&ana, &code, STRANGER).await, refusal(TOO_OFTEN));
        confirm(&ana, &code, OWNER).await.unwrap();
        forgot(&client, "eve", OWNER).await.unwrap();
        let code = eve.last_code().await;
        for _ in 0..5 {
            let guess = reset(&eve, &other_than(&code), STRANGER).await;
            assert_eq!(guess, refusal(WRONG_CODE));
        }
        assert_eq!(reset(&eve, &code, STRANGER).await, refusal(TOO_OFTEN));
        reset(&eve, &code, OWNER).await.unwrap();
        eve.with_password(NEW).sign_in().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_code_ends_after_fifty_wrong_guesses_from_everywhere() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let ana = client.user("ana").await;
        let code = ana.last_code().await;
        for place in 0..10 {
            for _ in 0..5 {
                let guess = confirm(&ana, &other_than(&code), [203, 0, 113, place]).await;
                assert_eq!(guess, refusal(WRONG_CODE));
            }
        }
        assert_eq!(confirm(&ana, &code, OWNER).await, refusal(TOO_OFTEN));
        resend(&client, "ana", OWNER).await.unwrap();
        confirm(&ana, &ana.last_code().await, OWNER).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn two_hundred_guesses_a_day_at_one_users_codes_are_judged_however_many_codes_and_places_there_are()
 {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let ana = client.user("ana").await;
    let mut judged = 0;
    for round in 0..7 {
        // A new code each time: from other places, and an hour later, so that neither sum stands in
        // the way.
        resend(&client, "ana", [192, 0, 2, round]).await.unwrap();
        let wrong = other_than(&ana.last_code().await);
        for place in 0..40 {
            let guess = confirm(&ana, &wrong, [203, 0, round, place]).await;
            judged += usize::from(guess == refusal(WRONG_CODE));
        }
        server.advance(hours(1));
    }
    assert_eq!(judged, 200);
    let code = ana.last_code().await;
    assert_eq!(confirm(&ana, &code, OWNER).await, refusal(TOO_OFTEN));
    server.advance(hours(24));
    resend(&client, "ana", OWNER).await.unwrap();
    confirm(&ana, &ana.last_code().await, OWNER).await.unwrap();
}

#[tokio::test]
async fn one_place_guesses_thirty_times_a_day_at_one_users_codes() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let ana = client.user("ana").await;
    let mut judged = 0;
    for _ in 0..12 {
        resend(&client, "ana", STRANGER).await.unwrap();
        let wrong = other_than(&ana.last_code().await);
        for _ in 0..5 {
            judged += usize::from(confirm(&ana, &wrong, STRANGER).await == refusal(WRONG_CODE));
        }
        server.advance(hours(1));
    }
    assert_eq!(judged, 30);
    resend(&client, "ana", OWNER).await.unwrap();
    confirm(&ana, &ana.last_code().await, OWNER).await.unwrap();
}

#[tokio::test]
async fn strangers_at_many_addresses_use_up_a_larger_sum() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        client.user("ana").confirmed().await;
        for place in 0..3 {
            for _ in 0..5 {
                forgot(&client, "ana", [203, 0, 113, place]).await.unwrap();
            }
        }
        for _ in 0..4 {
            forgot(&client, "ana", [203, 0, 113, 99]).await.unwrap();
        }
        // Twenty mails to one mailbox, the one of the sign-up among them. The next is not sent, and
        // nobody is told, because a refusal would tell whose mailbox it is.
        let mails = async || server.mailbox("ana@example.com").await.len();
        assert_eq!(mails().await, 20);
        forgot(&client, "ana", OWNER).await.unwrap();
        assert_eq!(mails().await, 20);
        server.advance(hours(1));
        forgot(&client, "ana", OWNER).await.unwrap();
        assert_eq!(mails().await, 21);
    })
    .await;
}

#[tokio::test]
async fn a_mailbox_that_is_full_gives_guessers_no_new_beginning() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let ana = client.user("ana").confirmed().await;
        // With the mail of the sign-up, twenty are out; the last of them holds the code.
        for n in 0..19 {
            let place = [203, 0, 113, u8::try_from(n / 5).unwrap()];
            forgot(&client, "ana", place).await.unwrap();
        }
        let code = ana.last_code().await;
        for place in 10..20 {
            for _ in 0..5 {
                let wrong = reset(&ana, &other_than(&code), [203, 0, 113, place]).await;
                assert_eq!(wrong, refusal(WRONG_CODE));
            }
        }
        // Another is asked for and not sent.
        forgot(&client, "ana", [203, 0, 113, 30]).await.unwrap();
        assert_eq!(ana.last_code().await, code);
        let again = reset(&ana, &other_than(&code), [203, 0, 113, 10]).await;
        assert_eq!(again, refusal(TOO_OFTEN));
    })
    .await;
}

#[tokio::test]
async fn one_address_gets_half_of_a_mailboxs_messages() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let ana = client
        .user("ana")
        .email("victim@example.com")
        .confirmed()
        .await;
    let sign_up = async |n: usize| {
        let input = client
            .user(&format!("user{n}"))
            .email("victim@example.com")
            .input();
        outcome_from::<op::SignUp>(&client, input, STRANGER).await
    };
    for n in 0..10 {
        sign_up(n).await.unwrap();
    }
    assert_eq!(sign_up(10).await.unwrap_err().0, "LimitExceededException");
    server.deliver().await;
    forgot(&client, "ana", OWNER).await.unwrap();
    reset(&ana, &ana.last_code().await, OWNER).await.unwrap();
}

#[tokio::test]
async fn nobody_is_limited_as_somebody_is() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let ana = client.user("ana").confirmed().await;
        ana.forgot_password().await.unwrap();
        let mut seen = Vec::new();
        for name in ["ana", "nobody"] {
            let named = ana.named(name);
            let mut answers = Vec::new();
            for from in [STRANGER, OWNER] {
                for _ in 0..6 {
                    answers.push(forgot(&client, name, from).await.err());
                    answers.push(reset(&named, "000000x", from).await.err());
                }
                for _ in 0..6 {
                    answers.push(reset(&named, "000000x", from).await.err());
                    answers.push(confirm(&named, "000000x", from).await.err());
                }
            }
            seen.push(answers);
        }
        assert_eq!(seen[0], seen[1]);
    })
    .await;
}

#[tokio::test]
async fn a_reset_by_an_operator_stands_when_its_message_is_one_too_many() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let ana = client.user("ana").confirmed().await;
        for _ in 0..5 {
            reset_by_operator(&ana).await.unwrap();
            server.deliver().await;
        }
        reset(&ana, &ana.last_code().await, OWNER).await.unwrap();
        let ana = ana.with_password(NEW);
        let tokens = ana.sign_in().await.unwrap();
        let sent = server.mailbox("ana@example.com").await.len();
        assert_eq!(reset_by_operator(&ana).await, refusal(TOO_OFTEN));
        assert_eq!(client.pool.status("ana").await, "RESET_REQUIRED");
        assert_eq!(server.mailbox("ana@example.com").await.len(), sent);
        assert!(ana.get_user(&tokens.access).await.is_err());
        // The owner's own requests are not used up by the operator's.
        forgot(&client, "ana", OWNER).await.unwrap();
        reset(&ana, &ana.last_code().await, OWNER).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_mailbox_that_strangers_have_filled_still_gets_the_operators_code() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let ana = client
        .user("ana")
        .email("victim@example.com")
        .confirmed()
        .await;
    for n in 0..19 {
        client
            .user(&format!("user{n}"))
            .email("victim@example.com")
            .await;
    }
    let more = client.user("one-more").email("victim@example.com");
    assert_eq!(refused(more.sign_up().await).told(), TOO_OFTEN);
    server.deliver().await;
    reset_by_operator(&ana).await.unwrap();
    reset(&ana, &ana.last_code().await, OWNER).await.unwrap();
}

#[tokio::test]
async fn a_reset_by_an_operator_stands_where_no_mail_can_go_out() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let ana = client.user("ana").confirmed().await;
        let silent = server.node_with(Outbound {
            mail: Mailer::None,
            sms: SmsSender::None,
            triggers: cognate_outbound::Triggers::None,
        });
        let there = ana.on(&silent);
        let (code, message) = reset_by_operator(&there).await.unwrap_err();
        assert_eq!(code, "InvalidParameterException");
        assert!(message.contains("--smtp-url"), "{message}");
        assert_eq!(client.pool.status("ana").await, "RESET_REQUIRED");
        assert_eq!(
            refused(ana.with_password(PASSWORD).sign_in().await).code,
            "PasswordResetRequiredException"
        );
    })
    .await;
}
