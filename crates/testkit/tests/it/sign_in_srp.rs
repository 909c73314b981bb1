//! USER_SRP_AUTH and PASSWORD_VERIFIER, and the ways in which SRP servers fall.

use cognate_model::Timestamp;
use cognate_testkit::{
    PASSWORD, SrpAnswer, TestServer, for_each_database, minutes, op, refused, seconds,
};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::sentences::{INVALID_SESSION, WRONG_PASSWORD};

const TIMESTAMP: (&str, &str) = (
    "InvalidParameterException",
    "TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english",
);

/// The prime of the group (RFC 3526 §5), as every client has it.
const N: &str = "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD\
EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED\
EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F\
83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B\
E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510\
15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7\
ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C\
BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF";

#[tokio::test]
async fn the_right_password_signs_in_and_another_does_not() {
    for_each_database(async |server| {
        let ana = server.confirmed_user("ana").await;
        ana.sign_in_srp().await.unwrap();
        let wrong = ana.with_password("Wrong-Horse-1");
        assert_eq!(refused(wrong.sign_in_srp().await).told(), WRONG_PASSWORD);
    })
    .await;
}

#[tokio::test]
async fn a_client_that_sends_no_session_signs_in() {
    let ana = TestServer::start().await.confirmed_user("ana").await;
    let answer = ana
        .begin_srp()
        .await
        .unwrap()
        .answer(PASSWORD)
        .without_session();
    answer.tokens().await.unwrap();
    assert_eq!(refused(answer.tokens().await).told(), INVALID_SESSION);
}

/// Twice a number in hexadecimal.
fn doubled(hex: &str) -> String {
    let mut carry = 0;
    let mut digits: Vec<_> = Vec::new();
    for digit in hex.chars().rev() {
        let double = 2 * digit.to_digit(16).unwrap() + carry;
        digits.push(char::from_digit(double % 16, 16).unwrap());
        carry = double / 16;
    }
    digits.extend(char::from_digit(carry, 16));
    digits.into_iter().rev().collect()
}

#[tokio::test]
async fn a_public_value_that_is_zero_modulo_n_or_no_number_is_refused() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    client.user("ana").confirmed().await;
    let n: String = N.chars().filter(|c| !c.is_whitespace()).collect();
    let twice = doubled(&n);
    for public in [
        "0",
        "00",
        n.as_str(),
        &n.to_lowercase(),
        &format!("00{n}"),
        &twice,
        "",
        "xyz",
        "-1",
        &"F".repeat(5000),
    ] {
        let parameters = client.parameters("ana", json!({"SRP_A": public}));
        let input = client.initiation("USER_SRP_AUTH", &parameters);
        let error = refused(server.call::<op::InitiateAuth>(input).await);
        assert_eq!(error.code, "InvalidParameterException", "{public}");
    }
}

#[tokio::test]
async fn an_answer_that_was_given_is_not_taken_again() {
    for_each_database(async |server| {
        let ana = server.confirmed_user("ana").await;
        let answer = ana.begin_srp().await.unwrap().answer(PASSWORD);
        answer.tokens().await.unwrap();
        assert_eq!(refused(answer.tokens().await).told(), INVALID_SESSION);
    })
    .await;
}

#[tokio::test]
async fn a_wrong_answer_uses_the_challenge_up() {
    let ana = TestServer::start().await.confirmed_user("ana").await;
    let exchange = ana.begin_srp().await.unwrap();
    let wrong = exchange.answer("Wrong-Horse-1").send().await;
    assert_eq!(refused(wrong).told(), WRONG_PASSWORD);
    assert_eq!(
        refused(exchange.answer(PASSWORD).send().await).told(),
        INVALID_SESSION
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_answers_at_the_same_moment_one_wins() {
    for_each_database(async |server| {
        let ana = server.confirmed_user("ana").await;
        let node = server.node();
        let answer = ana.begin_srp().await.unwrap().answer(PASSWORD);
        let mut elsewhere = answer.clone();
        elsewhere.client.pool.server = node;
        let outcomes = join_all((0..6).map(|n| {
            if n % 2 == 0 {
                answer.send()
            } else {
                elsewhere.send()
            }
        }))
        .await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        for lost in outcomes.into_iter().filter(Result::is_err) {
            assert_eq!(refused(lost).told(), INVALID_SESSION);
        }
    })
    .await;
}

#[tokio::test]
async fn a_challenge_of_one_node_is_answered_at_another() {
    for_each_database(async |server| {
        let ana = server.confirmed_user("ana").await;
        let mut answer = ana.begin_srp().await.unwrap().answer(PASSWORD);
        answer.client.pool.server = server.node();
        answer.tokens().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_signature_of_another_timestamp_proves_nothing() {
    let server = TestServer::start().await;
    let ana = server.confirmed_user("ana").await;
    let exchange = ana.begin_srp().await.unwrap();
    let later = exchange.answer_at(PASSWORD, Timestamp(server.now().0 + 1000));
    let answer = exchange
        .answer(PASSWORD)
        .response("TIMESTAMP", &later.responses["TIMESTAMP"]);
    assert_eq!(refused(answer.send().await).told(), WRONG_PASSWORD);
}

#[tokio::test]
async fn a_timestamp_is_within_five_minutes_of_the_servers_clock() {
    let server = TestServer::start().await;
    let ana = server.confirmed_user("ana").await;
    let at = async |offset: i64| {
        let exchange = ana.begin_srp().await.unwrap();
        exchange
            .answer_at(PASSWORD, Timestamp(server.now().0 + offset * 1000))
            .send()
            .await
    };
    assert_eq!(refused(at(301).await).told(), TIMESTAMP);
    assert_eq!(refused(at(-301).await).told(), TIMESTAMP);
    at(299).await.unwrap();
    at(-299).await.unwrap();
}

#[tokio::test]
async fn a_timestamp_of_another_form_is_no_guess_and_leaves_the_challenge() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let ana = client.user("ana").confirmed().await;
        let exchange = ana.begin_srp().await.unwrap();
        let nobody = client.begin_srp("nobody").await.unwrap();
        for text in [
            "2026-07-01T12:00:00Z",
            "now",
            "1782907200",
            "Thu Jul 1 12:00:00 UTC 2026",
            "Wed Jul 1 12:00:00 CEST 2026",
            "Mi Jul 1 12:00:00 UTC 2026",
            "Wed Jul 1 11:54:59 UTC 2026",
        ] {
            for exchange in [&exchange, &nobody] {
                let right = exchange.answer(PASSWORD).response("TIMESTAMP", text);
                let wrong = exchange.answer("Wrong-Horse-1");
                let wrong = wrong.response("TIMESTAMP", text);
                let garbage = right.clone().response("PASSWORD_CLAIM_SIGNATURE", "?");
                for answer in [right, wrong, garbage] {
                    assert_eq!(refused(answer.send().await).told(), TIMESTAMP, "{text}");
                }
            }
        }
        let outcome = nobody.answer(PASSWORD).send().await;
        assert_eq!(refused(outcome).told(), WRONG_PASSWORD);
        exchange.answer(PASSWORD).tokens().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_challenge_waits_for_three_minutes() {
    let server = TestServer::start().await;
    let ana = server.confirmed_user("ana").await;
    let exchange = ana.begin_srp().await.unwrap();
    server.advance(minutes(3) - seconds(1));
    exchange.answer(PASSWORD).send().await.unwrap();
    let exchange = ana.begin_srp().await.unwrap();
    server.advance(minutes(3));
    assert_eq!(
        refused(exchange.answer(PASSWORD).send().await).told(),
        INVALID_SESSION
    );
}

#[tokio::test]
async fn a_secret_block_of_ones_own_is_of_no_challenge() {
    let ana = TestServer::start().await.confirmed_user("ana").await;
    for block in ["AAAA", "no base64!", ""] {
        let exchange = ana.begin_srp().await.unwrap();
        let answer = exchange
            .answer(PASSWORD)
            .response("PASSWORD_CLAIM_SECRET_BLOCK", block);
        let error = refused(answer.send().await);
        assert!(
            error.told() == INVALID_SESSION
                || error.told() == WRONG_PASSWORD
                || error.message == "Missing required parameter PASSWORD_CLAIM_SECRET_BLOCK",
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_session_of_another_challenge_is_refused_even_of_the_same_user() {
    let ana = TestServer::start().await.confirmed_user("ana").await;
    let (one, two) = (
        ana.begin_srp().await.unwrap(),
        ana.begin_srp().await.unwrap(),
    );
    let mixed = one.answer(PASSWORD).session(&two.session);
    assert_eq!(refused(mixed.send().await).told(), INVALID_SESSION);
    two.answer(PASSWORD).tokens().await.unwrap();
}

#[tokio::test]
async fn a_challenge_of_another_user_is_refused() {
    let client = TestServer::start().await.pool().await.client().await;
    let ana = client.user("ana").confirmed().await;
    client.user("eve").confirmed().await;
    let answer = ana
        .begin_srp()
        .await
        .unwrap()
        .answer(PASSWORD)
        .response("USERNAME", "eve");
    assert_eq!(refused(answer.send().await).told(), INVALID_SESSION);
}

#[tokio::test]
async fn a_challenge_of_another_app_client_or_pool_is_refused() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    let (client, other) = (pool.client().await, pool.client().await);
    let ana = client.user("ana").confirmed().await;
    let elsewhere = server.pool().await.client().await;
    elsewhere.user("ana").confirmed().await;
    for stranger in [other, elsewhere] {
        let answer = ana
            .begin_srp()
            .await
            .unwrap()
            .answer(PASSWORD)
            .through(&stranger);
        assert_eq!(refused(answer.send().await).told(), INVALID_SESSION);
        assert_eq!(
            refused(answer.without_session().send().await).told(),
            INVALID_SESSION
        );
    }
}

#[tokio::test]
async fn a_password_that_was_changed_during_the_exchange_proves_nothing() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let ana = client.user("ana").confirmed().await;
    let exchange = ana.begin_srp().await.unwrap();
    let input = json!({"UserPoolId": client.pool.id, "Username": "ana", "Password": "Another-Horse-2", "Permanent": true});
    server
        .call::<op::AdminSetUserPassword>(input)
        .await
        .unwrap();
    assert_eq!(
        refused(exchange.answer(PASSWORD).send().await).told(),
        WRONG_PASSWORD
    );
    ana.with_password("Another-Horse-2")
        .sign_in_srp()
        .await
        .unwrap();
}

#[tokio::test]
async fn an_answer_of_another_challenges_kind_is_refused_and_leaves_the_challenge() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let ana = client.user("ana").confirmed().await;
    let exchange = ana.begin_srp().await.unwrap();
    let respond = |name: &str, responses: Value| {
        let input = json!({"ClientId": client.id, "ChallengeName": name, "Session": exchange.session, "ChallengeResponses": responses});
        server.call::<op::RespondToAuthChallenge>(input)
    };
    for (name, response) in [
        ("NEW_PASSWORD_REQUIRED", "NEW_PASSWORD"),
        ("SMS_MFA", "SMS_MFA_CODE"),
        ("EMAIL_OTP", "EMAIL_OTP_CODE"),
        ("PASSWORD", "PASSWORD"),
    ] {
        let responses = json!({"USERNAME": "ana", response: PASSWORD});
        let error = refused(respond(name, responses).await);
        assert_eq!(error.told(), INVALID_SESSION, "{name}");
    }
    exchange.answer(PASSWORD).tokens().await.unwrap();
}

#[tokio::test]
async fn an_answer_proves_the_secret_of_the_app_client_too() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().secret().await;
    let ana = client.user("ana").confirmed().await;
    ana.sign_in_srp().await.unwrap();
    let mut answer = ana.begin_srp().await.unwrap().answer(PASSWORD);
    answer.responses.remove("SECRET_HASH");
    let error = refused(answer.send().await);
    let sentence = format!(
        "Client {} is configured with secret but SECRET_HASH was not received",
        client.id
    );
    assert_eq!(error.told(), ("NotAuthorizedException", sentence.as_str()));
}

#[tokio::test]
async fn an_operators_answer_goes_through_the_same_machine() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let ana = client.user("ana").confirmed().await;
    let answer = ana.begin_srp().await.unwrap().answer(PASSWORD);
    let input = json!({
        "UserPoolId": client.pool.id, "ClientId": client.id, "ChallengeName": "PASSWORD_VERIFIER",
        "Session": answer.session, "ChallengeResponses": answer.responses,
    });
    server
        .call::<op::AdminRespondToAuthChallenge>(input.clone())
        .await
        .unwrap()
        .authentication_result
        .unwrap();
    assert_eq!(
        refused(server.call::<op::AdminRespondToAuthChallenge>(input).await).told(),
        INVALID_SESSION
    );
}

#[tokio::test]
async fn what_is_no_session_at_all_is_told_as_one_that_is_not_valid() {
    let ana = TestServer::start().await.confirmed_user("ana").await;
    for session in ["a".repeat(40), "*".repeat(40)] {
        let answer = ana
            .begin_srp()
            .await
            .unwrap()
            .answer(PASSWORD)
            .session(&session);
        assert_eq!(refused(answer.send().await).told(), INVALID_SESSION);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_right_answer_among_many_wrong_ones_at_once_leaves_no_step_behind() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        client.user("ana").confirmed().await;
        let mut answers = Vec::new();
        for _ in 0..11 {
            let exchange = client.begin_srp("ana").await.unwrap();
            answers.push(exchange.answer("Wrong-Horse-1"));
        }
        let right = client.begin_srp("ana").await.unwrap().answer(PASSWORD);
        answers.push(right.clone());
        let outcomes = join_all(answers.iter().map(SrpAnswer::send)).await;
        // Where it came before the fifth failure it was worth a sign-in, as one after the other.
        if outcomes.last().is_some_and(Result::is_err) {
            server.advance(seconds(2));
            assert_eq!(refused(right.send().await).told(), INVALID_SESSION);
        }
    })
    .await;
}
