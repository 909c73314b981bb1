//! What a node counts for its operators.

use cognate_api::Operation;
use cognate_service::{Limit, SignInFlow, SignInOutcome};
use cognate_testkit::{TestServer, for_each_database, op, refused};
use serde_json::{Value, json};

use crate::sentences::{WRONG_CODE, other_than};

/// The counts of sign-ins that are not zero.
fn sign_ins(server: &TestServer) -> Vec<(&'static str, &'static str, u64)> {
    let counts = &server.app().counts;
    let all = SignInFlow::ALL.into_iter().flat_map(|flow| {
        SignInOutcome::ALL.map(|outcome| {
            let number = counts.sign_ins(flow, outcome);
            (flow.name(), outcome.name(), number)
        })
    });
    all.filter(|(_, _, number)| *number > 0).collect()
}

/// The limits that were met, with how often.
fn limits(server: &TestServer) -> Vec<(&'static str, u64)> {
    let counts = &server.app().counts;
    let all = Limit::ALL.map(|limit| (limit.name(), counts.limits(limit)));
    all.into_iter().filter(|(_, number)| *number > 0).collect()
}

#[tokio::test]
async fn sign_ins_are_counted_by_flow_and_outcome() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    let ana = pool.client().await.user("ana").confirmed().await;
    let token = ana.sign_in_srp().await.unwrap().refresh.unwrap();
    ana.sign_in().await.unwrap();
    let wrong = ana.with_password("Wrong-Horse-1");
    let _ = refused(wrong.sign_in().await);
    let _ = refused(wrong.sign_in_srp().await);
    ana.initiate_by_operator().await.unwrap();
    ana.refresh(&token).await.unwrap();
    let _ = refused(ana.refresh("made-up").await);
    let input = json!({"ClientId": ana.client.id, "RefreshToken": token});
    let got = server.call::<op::GetTokensFromRefreshToken>(input).await;
    got.ok().unwrap();
    assert_eq!(
        sign_ins(&server),
        [
            ("USER_SRP_AUTH", "signed_in", 1),
            ("USER_SRP_AUTH", "challenged", 2),
            ("USER_SRP_AUTH", "refused", 1),
            ("USER_PASSWORD_AUTH", "signed_in", 1),
            ("USER_PASSWORD_AUTH", "refused", 1),
            ("ADMIN_USER_PASSWORD_AUTH", "signed_in", 1),
            ("REFRESH_TOKEN_AUTH", "signed_in", 2),
            ("REFRESH_TOKEN_AUTH", "refused", 1),
        ]
    );
    server.app().db.close().await;
    let _ = refused(ana.sign_in().await);
    let counts = &server.app().counts;
    let failed = counts.sign_ins(SignInFlow::Password, SignInOutcome::Failed);
    assert_eq!(failed, 1);
}

#[tokio::test]
async fn a_lock_is_counted_when_it_begins_and_as_a_limit_each_time_that_it_is_met() {
    for_each_database(async |server| {
        let ana = server.pool().await.client().await.user("ana");
        let ana = ana.confirmed().await;
        let wrong = ana.with_password("Wrong-Horse-1");
        for failures in 1..=8 {
            let _ = refused(wrong.sign_in().await);
            let counts = &server.app().counts;
            assert_eq!(counts.locks(), u64::from(failures >= 5), "{failures}");
            let met = counts.limits(Limit::Lock);
            assert_eq!(met, u64::saturating_sub(failures, 5), "{failures}");
        }
    })
    .await;
}

/// The codes of errors that calls of one operation from one address give, one after the other.
async fn outcomes<O: Operation>(
    server: &TestServer,
    inputs: impl IntoIterator<Item = Value>,
    from: [u8; 4],
) -> Vec<String> {
    let mut outcomes = Vec::new();
    for input in inputs {
        let answer = server.prepare::<O>(input).from(from).send().await;
        let error = answer.success().err().map(|error| error.code);
        outcomes.push(error.unwrap_or_default());
    }
    outcomes
}

#[tokio::test]
async fn limits_of_addresses_are_counted_each_under_its_name() {
    let server = TestServer::builder()
        .limits(|limits| {
            limits.sign_ups_per_address = "1/1h".parse().unwrap();
            limits.messages_per_address = "2/1h".parse().unwrap();
            limits.failures_per_address = "3/1h".parse().unwrap();
        })
        .start()
        .await;
    let client = server.pool().await.client().await;
    client.user("ana").confirmed().await;
    let held_up = "TooManyRequestsException";
    let users = ["a", "b"].map(|name| client.user(name).without_address().input());
    let signed_up = outcomes::<op::SignUp>(&server, users, [203, 0, 113, 1]).await;
    assert_eq!(signed_up, ["", held_up]);
    assert_eq!(limits(&server), [("sign_ups_of_address", 1)]);

    let forgotten = ["ana"; 3].map(|name| client.about(name, json!({})));
    let asked = outcomes::<op::ForgotPassword>(&server, forgotten, [203, 0, 113, 2]).await;
    assert_eq!(asked, ["", "", held_up]);
    let expected = [("messages_of_address", 1), ("sign_ups_of_address", 1)];
    assert_eq!(limits(&server), expected);

    let guesses = [1, 2, 3, 4].map(|n| {
        let parameters = client.parameters(&format!("nobody{n}"), json!({"PASSWORD": "Wrong-1!"}));
        let flow = "USER_PASSWORD_AUTH";
        json!({"ClientId": client.id, "AuthFlow": flow, "AuthParameters": parameters})
    });
    let guessed = outcomes::<op::InitiateAuth>(&server, guesses, [203, 0, 113, 3]).await;
    assert_eq!(guessed[3], held_up);
    let expected = [
        ("failures_of_address", 1),
        ("messages_of_address", 1),
        ("sign_ups_of_address", 1),
    ];
    assert_eq!(limits(&server), expected);
}

#[tokio::test]
async fn limits_of_users_codes_and_pools_are_counted_each_under_its_name() {
    let server = TestServer::builder()
        .limits(|limits| limits.mail_per_pool_and_hour = Some(1))
        .start()
        .await;
    let client = server.pool().await.client().await;
    let ana = client.user("ana").await;
    let spent = refused(ana.resend().await);
    assert_eq!(spent.code, "LimitExceededException");
    assert_eq!(limits(&server), [("messages_of_pool", 1)]);

    let wrong = other_than(&ana.last_code().await);
    let mut told = Vec::new();
    while told.last().is_none_or(|last| last == WRONG_CODE.0) {
        told.push(refused(ana.confirm(&wrong).await).code);
    }
    assert_eq!(told.len(), 6, "{told:?}");
    let expected = [("guesses_at_code", 1), ("messages_of_pool", 1)];
    assert_eq!(limits(&server), expected);
}
