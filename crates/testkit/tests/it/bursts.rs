//! Many attempts at once are worth no more than one after the other: every limit is taken from
//! before anything is looked at.

use cognate_testkit::{
    ApiError, PASSWORD, TestClient, TestServer, attribute_list, for_each_database, minutes, op,
    refused,
};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::sentences::{TOO_OFTEN, WRONG_CODE, WRONG_PASSWORD, other_than};

const STRANGER: [u8; 4] = [203, 0, 113, 9];
const HELD_UP: &str = "TooManyRequestsException";

async fn sign_in(client: &TestClient, name: &str, password: &str) -> String {
    let parameters = client.parameters(name, json!({"PASSWORD": password}));
    let input = client.initiation("USER_PASSWORD_AUTH", &parameters);
    client.outcome::<op::InitiateAuth>(input, STRANGER).await
}

/// How many of these outcomes are none of a limit.
fn judged(outcomes: &[String]) -> usize {
    outcomes.iter().filter(|it| *it != HELD_UP).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_guesses_at_once_an_address_gets_a_hundred() {
    for_each_database(async |server| {
        let ana = server.confirmed_user("ana").await;
        let guess =
            async |n: usize| sign_in(&ana.client, &format!("nobody{n}"), "Wrong-Horse-1").await;
        let outcomes = join_all((0..150).map(guess)).await;
        assert_eq!(judged(&outcomes), 100);
        assert_eq!(sign_in(&ana.client, "ana", PASSWORD).await, HELD_UP);
        server.advance(minutes(5));
        assert_eq!(sign_in(&ana.client, "ana", PASSWORD).await, "");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_honest_crowd_behind_one_address_signs_in_at_once() {
    let server = TestServer::start().await;
    let ana = server.confirmed_user("ana").await;
    let crowd = join_all((0..140).map(async |_| sign_in(&ana.client, "ana", PASSWORD).await)).await;
    assert!(crowd.iter().all(String::is_empty), "{crowd:?}");
    // Nothing of the allowance is used up.
    let outcomes = join_all(
        (0..110).map(async |n| sign_in(&ana.client, &format!("nobody{n}"), "Wrong-Horse-1").await),
    )
    .await;
    assert_eq!(judged(&outcomes), 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_guesses_at_once_at_one_user_five_are_judged() {
    for_each_database(async |server| {
        let ana = server.confirmed_user("ana").await;
        let wrong = ana.with_password("Wrong-Horse-1");
        let outcomes = join_all((0..200).map(|_| wrong.sign_in())).await;
        let judged = outcomes.iter().filter(|it| {
            it.as_ref()
                .is_err_and(|error| error.told() == WRONG_PASSWORD)
        });
        assert_eq!(judged.count(), 5);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_guesses_at_once_at_one_code_five_are_judged() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let (ana, eve) = (
            client.user("ana").await,
            client.user("eve").confirmed().await,
        );
        let code = ana.last_code().await;
        let wrong = other_than(&code);
        let outcomes = join_all((0..100).map(|_| ana.confirm(&wrong))).await;
        let judged = |outcomes: Vec<Result<(), ApiError>>| {
            assert!(outcomes.iter().all(Result::is_err));
            let wrong =
                |it: &Result<(), ApiError>| it.as_ref().is_err_and(|e| e.told() == WRONG_CODE);
            outcomes.into_iter().filter(wrong).count()
        };
        assert_eq!(judged(outcomes), 5);
        assert_eq!(refused(ana.confirm(&code).await).told(), TOO_OFTEN);
        // The same of a code that resets a password.
        eve.forgot_password().await.unwrap();
        let wrong = other_than(&eve.last_code().await);
        let outcomes =
            join_all((0..50).map(|_| eve.reset_password(&wrong, "Another-Horse-2"))).await;
        assert_eq!(judged(outcomes), 5);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_codes_guessed_at_once_for_many_users_an_address_gets_a_hundred() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let guess = async |n: usize| {
        let input = client.about(&format!("nobody{n}"), json!({"ConfirmationCode": "123456"}));
        client.outcome::<op::ConfirmSignUp>(input, STRANGER).await
    };
    assert_eq!(judged(&join_all((0..130).map(guess)).await), 100);
    let reset = json!({"ConfirmationCode": "123456", "Password": PASSWORD});
    let reset = client.about("nobody", reset);
    assert_eq!(
        client
            .outcome::<op::ConfirmForgotPassword>(reset, STRANGER)
            .await,
        HELD_UP
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_taken_names_asked_for_at_once_an_address_is_told_a_hundred() {
    let server = TestServer::builder()
        .limits(|limits| {
            limits.messages_per_address = "none".parse().unwrap();
            limits.sign_ups_per_address = "none".parse().unwrap();
        })
        .start()
        .await;
    let client = server.pool().await.client().await;
    client.user("ana").await;
    let ask = async |_: usize| {
        let input = client.user("ana").without_address().input();
        client.outcome::<op::SignUp>(input, STRANGER).await
    };
    let outcomes = join_all((0..130).map(ask)).await;
    let told = outcomes
        .iter()
        .filter(|it| *it == "UsernameExistsException");
    assert_eq!((told.count(), judged(&outcomes)), (100, 100));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_taken_addresses_claimed_at_once_an_address_is_told_a_hundred() {
    let server = TestServer::builder()
        .limits(|limits| limits.messages_per_address = "none".parse().unwrap())
        .start()
        .await;
    let client = server.pool().email_as_username().await.client().await;
    client.user("ana@example.com").confirmed().await;
    let eve = client.user("eve@example.com").confirmed().await;
    let tokens = eve.sign_in().await.unwrap();
    let claim = async |_: usize| {
        let taken = attribute_list(&[("email", "ana@example.com")]);
        let input = json!({"AccessToken": tokens.access, "UserAttributes": taken});
        client
            .outcome::<op::UpdateUserAttributes>(input, STRANGER)
            .await
    };
    let outcomes = join_all((0..120).map(claim)).await;
    let told = outcomes.iter().filter(|it| *it == "AliasExistsException");
    assert_eq!(told.count(), 100, "{outcomes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_passwords_of_many_changes_at_once_are_counted_for_their_address() {
    let server = TestServer::builder()
        .limits(|limits| limits.failures_per_address = "3/5m".parse().unwrap())
        .start()
        .await;
    let ana = server.confirmed_user("ana").await;
    let tokens = ana.sign_in().await.unwrap();
    let change = async |previous: &str| {
        let input = json!({"AccessToken": tokens.access, "PreviousPassword": previous, "ProposedPassword": "Another-Horse-2"});
        ana.client
            .outcome::<op::ChangePassword>(input, STRANGER)
            .await
    };
    let outcomes = join_all((0..10).map(|_| change("Wrong-Horse-1"))).await;
    assert_eq!(judged(&outcomes), 3);
    assert_eq!(change(PASSWORD).await, HELD_UP);
    server.advance(minutes(5));
    assert_eq!(change(PASSWORD).await, "");
}

#[tokio::test]
async fn what_is_no_guess_uses_nothing_up() {
    let server = TestServer::builder()
        .limits(|limits| limits.failures_per_address = "2/5m".parse().unwrap())
        .start()
        .await;
    let ana = server.confirmed_user("ana").await;
    let client = &ana.client;
    for _ in 0..3 {
        let answers = json!({"USERNAME": "ana", "NEW_PASSWORD": "Another-Horse-2"});
        let input = json!({"ClientId": client.id, "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "x".repeat(30), "ChallengeResponses": answers});
        let told = client
            .outcome::<op::RespondToAuthChallenge>(input, STRANGER)
            .await;
        assert_eq!(told, "NotAuthorizedException");
        let parameters = client.parameters("ana", json!({"SRP_A": "a".repeat(768)}));
        let input = client.initiation("USER_SRP_AUTH", &parameters);
        assert_eq!(
            client.outcome::<op::InitiateAuth>(input, STRANGER).await,
            ""
        );
        let weak = client.about(
            "ana",
            json!({"ConfirmationCode": "123456", "Password": "weak"}),
        );
        let told = client
            .outcome::<op::ConfirmForgotPassword>(weak, STRANGER)
            .await;
        assert_eq!(told, "InvalidPasswordException");
        assert_eq!(sign_in(client, "ana", PASSWORD).await, "");
    }
    client.pool.disable("ana").await;
    for _ in 0..3 {
        assert_eq!(
            sign_in(client, "ana", PASSWORD).await,
            "NotAuthorizedException"
        );
    }
}

#[tokio::test]
async fn a_right_password_behind_the_lock_uses_up_what_a_wrong_one_does() {
    let server = TestServer::builder()
        .limits(|limits| limits.failures_per_address = "7/5m".parse().unwrap())
        .start()
        .await;
    let ana = server.confirmed_user("ana").await;
    // Locked by five; what comes then is not looked at, and costs nothing, whichever it is.
    for _ in 0..5 {
        sign_in(&ana.client, "ana", "Wrong-Horse-1").await;
    }
    for password in [PASSWORD, "Wrong-Horse-1", PASSWORD, "Wrong-Horse-1"] {
        assert_eq!(
            sign_in(&ana.client, "ana", password).await,
            "NotAuthorizedException"
        );
    }
    sign_in(&ana.client, "nobody", "Wrong-Horse-1").await;
    assert_eq!(
        sign_in(&ana.client, "nobody", PASSWORD).await,
        "NotAuthorizedException"
    );
    assert_eq!(sign_in(&ana.client, "nobody", PASSWORD).await, HELD_UP);
}

#[tokio::test]
async fn an_ipv6_network_is_counted_by_its_64_and_its_56() {
    let server = TestServer::builder()
        .limits(|limits| limits.failures_per_address = "2/5m".parse().unwrap())
        .start()
        .await;
    let client = server.pool().await.client().await;
    // At another name from each address, so that no lock stands in the way.
    let guess = async |from: &str| {
        let parameters = client.parameters(from, json!({"PASSWORD": "Wrong-Horse-1"}));
        let input = client.initiation("USER_PASSWORD_AUTH", &parameters);
        let from: std::net::IpAddr = from.parse().unwrap();
        let call = server.prepare::<op::InitiateAuth>(input).from(from);
        call.send().await.error().code
    };
    for last in 0..2 {
        assert_ne!(guess(&format!("2001:db8:0:1::{last}")).await, HELD_UP);
    }
    assert_eq!(guess("2001:db8:0:1::ffff").await, HELD_UP);
    for network in 2..5 {
        for _ in 0..2 {
            assert_ne!(guess(&format!("2001:db8:0:{network}::1")).await, HELD_UP);
        }
    }
    // Eight of the /56, four times what one /64 may.
    assert_eq!(guess("2001:db8:0:5::1").await, HELD_UP);
    assert_ne!(guess("2001:db8:0:100::1").await, HELD_UP);
}

#[tokio::test]
async fn a_client_that_tells_who_exists_tells_an_address_only_so_often() {
    let server = TestServer::builder()
        .limits(|limits| limits.failures_per_address = "4/5m".parse().unwrap())
        .start()
        .await;
    let client = server.pool().await.client().legacy_errors().await;
    let about = |own: Value| client.about("nobody", own);
    let told = [
        client
            .outcome::<op::ForgotPassword>(about(json!({})), STRANGER)
            .await,
        client
            .outcome::<op::ResendConfirmationCode>(about(json!({})), STRANGER)
            .await,
        client
            .outcome::<op::ConfirmSignUp>(about(json!({"ConfirmationCode": "123456"})), STRANGER)
            .await,
        sign_in(&client, "nobody", PASSWORD).await,
    ];
    assert_eq!(told, ["UserNotFoundException"; 4]);
    client.user("ana").confirmed().await;
    for name in ["ana", "nobody"] {
        assert_eq!(sign_in(&client, name, PASSWORD).await, HELD_UP);
    }
    let asked = client
        .outcome::<op::ForgotPassword>(about(json!({})), STRANGER)
        .await;
    assert_eq!(asked, HELD_UP);
}
