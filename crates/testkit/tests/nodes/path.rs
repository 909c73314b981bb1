//! The path to PostgreSQL breaks. Clients are told so by a status that they repeat at, nothing is
//! done by half, and service comes back by itself.

use std::time::Duration;

use cognate_testkit::{ApiError, Proxy, Shared, TestServer, TestUser, for_each_server};

use crate::load::{Load, check};

/// A user, and a node that reaches the database through a proxy.
async fn beyond_a_proxy(shared: &Shared) -> (TestUser, TestServer, Proxy) {
    let [server] = shared.nodes().await;
    let ana = server.confirmed_user("ana").await;
    let proxy = Proxy::before(&shared.url).await;
    let node = server.join(proxy.url()).await.unwrap();
    // What is read once is read.
    ana.on(&node).sign_in().await.unwrap();
    (ana, node, proxy)
}

/// What is to happen at a word.
type Order = fn(&Proxy, &'static str);

#[track_caller]
fn is_a_servers_failure<T>(outcome: Result<T, ApiError>) {
    let error = outcome.err().expect("a failure");
    assert!((500..600).contains(&error.status), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_is_lost_or_whose_answer_is_lost_is_settled_for_sign_up_and_sign_in() {
    for_each_server(async |shared: Shared| {
        let (ana, node, proxy) = beyond_a_proxy(&shared).await;
        for (name, order) in [
            ("eve", Proxy::lose_answer_to as Order),
            ("bob", Proxy::lose),
        ] {
            order(&proxy, "COMMIT");
            let eve = ana.client.on(&node).user(name).await;
            assert!(proxy.has_sprung());
            eve.confirm(&eve.last_code().await).await.unwrap();
            order(&proxy, "COMMIT");
            let tokens = eve.sign_in().await.unwrap();
            assert!(proxy.has_sprung());
            eve.get_user(&tokens.access).await.unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_commit_that_cannot_be_settled_is_a_failure_and_may_be_repeated() {
    for_each_server(async |shared: Shared| {
        let (ana, node, proxy) = beyond_a_proxy(&shared).await;
        let ana = ana.on(&node);
        for order in [Proxy::lose_answer_to, Proxy::lose] {
            let tokens = ana.sign_in().await.unwrap();
            order(&proxy, "COMMIT");
            is_a_servers_failure(ana.update(&tokens.access, &[("name", "Ana")]).await);
            assert!(proxy.has_sprung());
            ana.update(&tokens.access, &[("name", "Ana")])
                .await
                .unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_break_before_a_commit_are_not_noticed() {
    for_each_server(async |shared: Shared| {
        let (ana, node, proxy) = beyond_a_proxy(&shared).await;
        let ana = ana.on(&node);
        for word in ["INSERT INTO sessions", "BEGIN"] {
            proxy.lose(word);
            ana.sign_in().await.unwrap();
        }
        for _ in 0..3 {
            proxy.cut();
            let tokens = ana.sign_in().await.unwrap();
            proxy.cut();
            ana.get_user(&tokens.access).await.unwrap();
        }
        assert!(proxy.has_sprung());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_done_by_half_while_the_path_is_cut_again_and_again() {
    for_each_server(async |shared: Shared| {
        let (ana, node, proxy) = beyond_a_proxy(&shared).await;
        let load = Load::start(&ana.client, std::slice::from_ref(&node));
        // Sixty times, three in a row. Then more sign-ups must be acknowledged than were under way,
        // so that one of them at least began when nothing was cut any more.
        for number in 0..60 {
            match number % 3 {
                0 => proxy.cut(),
                1 => proxy.lose_answer_to("COMMIT"),
                _ => proxy.lose("COMMIT"),
            }
            tokio::time::sleep(Duration::from_millis(15 + 7 * (number % 5))).await;
            if number % 3 == 2 {
                load.goes_on(4).await;
            }
        }
        let attempts = load.stop().await;
        proxy.open();
        let (acknowledged, failed) = check(&ana.client, &attempts).await;
        eprintln!("{acknowledged} sign-ups acknowledged, {failed} failed");
        ana.on(&node).sign_in().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_path_that_is_gone_is_a_failure_and_service_is_back_when_it_is() {
    for_each_server(async |shared: Shared| {
        let (ana, node, proxy) = beyond_a_proxy(&shared).await;
        let ana = ana.on(&node);
        let tokens = ana.sign_in().await.unwrap();
        for _ in 0..2 {
            proxy.close();
            is_a_servers_failure(ana.sign_in().await);
            is_a_servers_failure(ana.get_user(&tokens.access).await);
            is_a_servers_failure(ana.client.on(&node).user("eve").sign_up().await);
            assert_eq!(node.get("/healthz").await.0, 200);
            assert_eq!(node.get("/readyz").await.0, 503);
            proxy.open();
            assert_eq!(node.get("/readyz").await.0, 200);
            ana.get_user(&tokens.access).await.unwrap();
            ana.sign_in().await.unwrap();
        }
        ana.client
            .on(&node)
            .user("eve")
            .confirmed()
            .await
            .sign_in()
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_that_is_closed_is_replaced() {
    for_each_server(async |shared: Shared| {
        let (ana, node, proxy) = beyond_a_proxy(&shared).await;
        for _ in 0..3 {
            proxy.half_close();
            ana.on(&node).sign_in().await.unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_path_that_is_slow_or_stands_for_a_moment_only_costs_time() {
    for_each_server(async |shared: Shared| {
        let (ana, node, proxy) = beyond_a_proxy(&shared).await;
        let ana = ana.on(&node);
        proxy.delay(Duration::from_millis(50));
        ana.sign_in_srp().await.unwrap();
        proxy.open();
        proxy.stall();
        let opens = async {
            tokio::time::sleep(Duration::from_millis(700)).await;
            proxy.open();
        };
        let (tokens, ()) = tokio::join!(ana.sign_in(), opens);
        ana.get_user(&tokens.unwrap().access).await.unwrap();
    })
    .await;
}
