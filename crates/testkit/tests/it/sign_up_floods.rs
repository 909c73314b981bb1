//! A flood from one address: of sign-ups, which are limited, and of computations, which others do
//! not wait for.

use std::cell::Cell;
use std::net::IpAddr;

use cognate_testkit::{PASSWORD, TestClient, TestServer, for_each_database, minutes, op};
use futures_util::future::{join, join_all};
use serde_json::json;

const STRANGER: [u8; 4] = [203, 0, 113, 9];
const ANOTHER: [u8; 4] = [198, 51, 100, 7];
const HELD_UP: &str = "TooManyRequestsException";

/// A sign-up that sends nothing.
async fn sign_up(client: &TestClient, name: &str, from: impl Into<IpAddr>) -> String {
    let input = client.user(name).without_address().input();
    let call = client.pool.server.prepare::<op::SignUp>(input).from(from);
    let outcome = call.send().await.success();
    outcome.err().map(|error| error.code).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sign_ups_that_send_no_code_are_limited_by_address() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let flood =
            (0..120).map(async |n: usize| sign_up(&client, &format!("user{n}"), STRANGER).await);
        let outcomes = join_all(flood).await;
        let made = outcomes.iter().filter(|it| it.is_empty()).count();
        let refused = outcomes.iter().filter(|it| *it == HELD_UP).count();
        assert_eq!((made, refused), (100, 20));
        assert_eq!(sign_up(&client, "one-more", ANOTHER).await, "");
        server.advance(minutes(10));
        assert_eq!(sign_up(&client, "later", STRANGER).await, "");
    })
    .await;
}

#[tokio::test]
async fn sign_ups_are_limited_as_the_server_is_told() {
    let server = TestServer::builder()
        .limits(|limits| limits.sign_ups_per_address = "2/1h".parse().unwrap())
        .start()
        .await;
    let client = server.pool().await.client().await;
    assert_eq!(sign_up(&client, "a", STRANGER).await, "");
    assert_eq!(sign_up(&client, "b", STRANGER).await, "");
    assert_eq!(sign_up(&client, "c", STRANGER).await, HELD_UP);
    server.advance(minutes(59));
    assert_eq!(sign_up(&client, "d", STRANGER).await, HELD_UP);
    server.advance(minutes(1));
    assert_eq!(sign_up(&client, "e", STRANGER).await, "");
    // What was refused for its form has used nothing up, and one that is refused tells nothing of
    // its name.
    let weak = client.user("weak").password("short").input();
    for _ in 0..5 {
        let call = server.prepare::<op::SignUp>(weak.clone()).from(ANOTHER);
        assert_eq!(call.send().await.error().code, "InvalidPasswordException");
    }
    assert_eq!(sign_up(&client, "f", ANOTHER).await, "");
    assert_eq!(
        sign_up(&client, "a", ANOTHER).await,
        "UsernameExistsException"
    );
    assert_eq!(sign_up(&client, "a", ANOTHER).await, HELD_UP);
    let any = TestServer::builder()
        .limits(|limits| limits.sign_ups_per_address = "none".parse().unwrap())
        .start()
        .await;
    let client = any.pool().await.client().await;
    for n in 0..105 {
        assert_eq!(sign_up(&client, &format!("user{n}"), STRANGER).await, "");
    }
}

#[tokio::test]
async fn a_56_signs_up_four_times_what_a_64_may() {
    let server = TestServer::builder()
        .limits(|limits| limits.sign_ups_per_address = "1/1h".parse().unwrap())
        .start()
        .await;
    let client = server.pool().await.client().await;
    let from = |text: &str| text.parse::<IpAddr>().unwrap();
    for n in 0..4 {
        let network = from(&format!("2001:db8:0:{n}::1"));
        assert_eq!(sign_up(&client, &format!("user{n}"), network).await, "");
        let same = from(&format!("2001:db8:0:{n}::2"));
        assert_eq!(sign_up(&client, &format!("more{n}"), same).await, HELD_UP);
    }
    assert_eq!(
        sign_up(&client, "x", from("2001:db8:0:9::1")).await,
        HELD_UP
    );
    assert_eq!(sign_up(&client, "y", from("2001:db8:0:100::1")).await, "");
}

#[tokio::test]
async fn backends_and_this_machine_sign_up_any_number() {
    let server = TestServer::builder()
        .limits(|limits| limits.sign_ups_per_address = "1/1h".parse().unwrap())
        .start()
        .await;
    let client = server.pool().await.client().secret().await;
    for name in ["a", "b", "c"] {
        assert_eq!(sign_up(&client, name, STRANGER).await, "");
    }
    let public = client.pool.client().await;
    for name in ["d", "e", "f"] {
        assert_eq!(sign_up(&public, name, [127, 0, 0, 1]).await, "");
    }
    // The address of their users counts, where a backend names it.
    let named = async |name: &str, user: &str| {
        let mut input = client.user(name).without_address().input();
        input["UserContextData"] = json!({"IpAddress": user});
        let call = server.prepare::<op::SignUp>(input).from(STRANGER);
        call.send().await.success().err().map(|error| error.code)
    };
    assert_eq!(named("g", "192.0.2.1").await, None);
    assert_eq!(named("h", "192.0.2.1").await.as_deref(), Some(HELD_UP));
    assert_eq!(named("i", "192.0.2.2").await, None);
}

#[tokio::test]
async fn a_flood_from_one_address_delays_anothers_call_by_a_few_computations() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    client.user("ana").confirmed().await;
    let answered = Cell::new(0_usize);
    let sign_in = async |name: String, password: &str, from: [u8; 4]| {
        let parameters = client.parameters(&name, json!({"PASSWORD": password}));
        let input = client.initiation("USER_PASSWORD_AUTH", &parameters);
        let call = server.prepare::<op::InitiateAuth>(input).from(from);
        let outcome = call.send().await.success();
        answered.set(answered.get() + 1);
        (outcome, answered.get())
    };
    let flood = (0..80).map(|n| sign_in(format!("nobody{n}"), "Wrong-Horse-1", STRANGER));
    // It comes last, when all of the flood wait for a thread.
    let honest = sign_in("ana".to_owned(), PASSWORD, ANOTHER);
    let (_, (outcome, place)) = join(join_all(flood), honest).await;
    outcome.unwrap();
    let cores = std::thread::available_parallelism().unwrap().get();
    // Two computations of its own, before each at most as many of the flood as run, and one more in
    // turn; and what was answered while its transaction was on its way.
    assert!(place <= 40.max(4 * cores), "it was the {place}th of 81");
}
