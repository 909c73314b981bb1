//! Whether the time of an answer tells a stranger a name that somebody has from one that nobody
//! has.
//!
//! Both are asked in turns, so that whatever else the machine does falls on both, and compared by
//! rank (Mann and Whitney's U): no single slow answer weighs more than any other. What a difference
//! must be to count is far from what chance does, and it must come again.

use std::time::{Duration, Instant};

use cognate_testkit::{TestClient, TestServer, minutes, op, refused};
use serde_json::{Value, json};

use crate::user_auth::{client_with_choice, with_both};

const SOMEBODY: &str = "somebody12";
const NOBODY: &str = "nobody1234";

/// How often each name is asked for in one comparison. Where nothing tells them apart the share of
/// slower pairs then differs from one half by 0.06 or less in two comparisons of three.
const ROUNDS: usize = 50;

/// The share of pairs in which one name is slower than the other that counts as a difference.
const TELLING: f64 = 0.75;

/// How many comparisons in a row must agree.
const COMPARISONS: usize = 3;

/// In what share of all pairs the first was slower than the second.
fn share_of_slower(first: &[Duration], second: &[Duration]) -> f64 {
    let slower = |one: &Duration| second.iter().filter(|other| one > *other).count();
    let pairs = f64::from(u32::try_from(first.len() * second.len()).unwrap());
    f64::from(u32::try_from(first.iter().map(slower).sum::<usize>()).unwrap()) / pairs
}

/// Asks for both names in turns and gives the share of pairs in which somebody's answer was slower.
async fn compare(ask: &mut impl AsyncFnMut(&str)) -> f64 {
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..ROUNDS {
        // Each is the first as often as the other.
        for who in [round % 2, 1 - round % 2] {
            let begin = Instant::now();
            ask([SOMEBODY, NOBODY][who]).await;
            times[who].push(begin.elapsed());
        }
    }
    share_of_slower(&times[0], &times[1])
}

/// Whether the names are told apart: each comparison says so, and the same way.
async fn tells_apart(what: &str, mut ask: impl AsyncFnMut(&str)) -> bool {
    let mut way = None;
    for _ in 0..COMPARISONS {
        let share = compare(&mut ask).await;
        println!("{what}: somebody is slower in {share:.2} of all pairs");
        let is_told = !(1.0 - TELLING..=TELLING).contains(&share);
        if !is_told || way.is_some_and(|way| way != (share > 0.5)) {
            return false;
        }
        way = Some(share > 0.5);
    }
    true
}

/// A stranger's attempt with a password.
async fn try_password(client: &TestClient, name: &str) {
    let server = &client.pool.server;
    // No lock stands in the way.
    server.advance(minutes(31));
    let parameters = client.parameters(name, json!({"PASSWORD": "Wrong-Horse-1"}));
    let input = client.initiation("USER_PASSWORD_AUTH", &parameters);
    server.prepare::<op::InitiateAuth>(input).send().await;
}

#[tokio::test]
async fn the_time_of_an_answer_does_not_tell_the_names_apart() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    client.user(SOMEBODY).confirmed().await;
    let about = |name: &str, own: Value| client.about(name, own);
    let a = "a".repeat(768);

    let password = async |name: &str| try_password(&client, name).await;
    assert!(!tells_apart("password", password).await);
    let begin_srp = async |name: &str| {
        let parameters = client.parameters(name, json!({"SRP_A": a}));
        let input = client.initiation("USER_SRP_AUTH", &parameters);
        server.prepare::<op::InitiateAuth>(input).send().await;
    };
    assert!(!tells_apart("SRP", begin_srp).await);
    let answer_srp = async |name: &str| {
        server.advance(minutes(31));
        let exchange = client.begin_srp(name).await.unwrap();
        let answer = exchange.answer("Wrong-Horse-1");
        assert!(answer.send().await.is_err());
    };
    assert!(!tells_apart("an answer to SRP", answer_srp).await);
    let forgot = async |name: &str| {
        server.advance(minutes(61));
        let call = server.prepare::<op::ForgotPassword>(about(name, json!({})));
        call.send().await;
    };
    assert!(!tells_apart("a forgotten password", forgot).await);
    let resend = async |name: &str| {
        server.advance(minutes(61));
        let call = server.prepare::<op::ResendConfirmationCode>(about(name, json!({})));
        call.send().await;
    };
    assert!(!tells_apart("another code", resend).await);
}

#[tokio::test]
async fn the_time_of_a_choice_does_not_tell_the_names_apart() {
    let server = TestServer::start().await;
    let client = client_with_choice(&server).await;
    let somebody = with_both(&client, SOMEBODY).await;
    let user = |name: &str| somebody.named(name);

    // No limit stands in the way.
    let offer = async |name: &str| {
        server.advance(minutes(61));
        user(name).challenged(None, json!({})).await.unwrap();
    };
    assert!(!tells_apart("what is offered", offer).await);
    let code = async |name: &str| {
        server.advance(minutes(61));
        let asked = user(name).challenged(Some("EMAIL_OTP"), json!({})).await;
        assert_eq!(asked.unwrap().name, "EMAIL_OTP");
    };
    assert!(!tells_apart("a code that is sent", code).await);
    let answer = async |name: &str| {
        server.advance(minutes(61));
        let user = user(name);
        let asked = user.challenged(Some("EMAIL_OTP"), json!({})).await.unwrap();
        let own = json!({"EMAIL_OTP_CODE": "00000000"});
        let answer = user.respond("EMAIL_OTP", &asked.session, own).await;
        refused(answer);
    };
    assert!(!tells_apart("an answer with a code", answer).await);
}

/// Where the app client hides nothing, no work is done for a name that nobody has: the comparison
/// notices.
#[tokio::test]
async fn the_time_of_an_answer_tells_a_path_that_skips_the_work() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().legacy_errors().await;
    client.user(SOMEBODY).confirmed().await;
    let password = async |name: &str| try_password(&client, name).await;
    assert!(tells_apart("password", password).await);
}

#[test]
fn the_share_of_slower_pairs_is_a_half_for_the_same_and_one_for_the_slower() {
    let times = |from: u64| {
        (from..from + 10)
            .map(Duration::from_millis)
            .collect::<Vec<_>>()
    };
    assert!((share_of_slower(&times(0), &times(0)) - 0.45).abs() < 1e-9);
    assert!((share_of_slower(&times(10), &times(0)) - 1.0).abs() < 1e-9);
    assert!(share_of_slower(&times(0), &times(10)).abs() < 1e-9);
}
