//! Passkeys made on one node and used on others.

use cognate_testkit::{
    Shared, TestPasskey, TestServer, TestUser, for_each_shared_database, refused,
};
use futures_util::future::join_all;
use serde_json::json;

/// A user of a pool with passkeys, who is signed in; gives the access token.
async fn stage(node: &TestServer) -> (TestUser, String) {
    let pool = node.pool().passkeys().await;
    pool.set_passkeys(json!({"RelyingPartyId": "example.com"}))
        .await;
    let ana = pool
        .client()
        .user_auth()
        .await
        .user("ana")
        .confirmed()
        .await;
    let access = ana.sign_in().await.unwrap().access;
    (ana, access)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_passkey_is_begun_made_and_used_on_different_nodes() {
    for_each_shared_database(async |shared: Shared| {
        let [first, second, third] = shared.nodes().await;
        let (ana, access) = stage(&first).await;
        let mut passkey = TestPasskey::es256();
        passkey.authenticator.counter = 1;
        let options = ana.passkey_options(&access).await.unwrap();
        let credential = passkey.register(&options);
        ana.on(&second)
            .complete_passkey(&access, credential)
            .await
            .unwrap();
        let nodes = [&third, &first, &second];
        for (node, next) in nodes.iter().zip(nodes.iter().cycle().skip(1)) {
            let (session, options) = ana.on(node).begin_passkey().await.unwrap();
            let credential = passkey.sign_in(&options);
            let tokens = ana
                .on(next)
                .answer_passkey(&session, &credential)
                .await
                .unwrap();
            ana.on(node).get_user(&tokens.access).await.unwrap();
        }
        // A count that one node has seen is used up on all.
        passkey.authenticator.counter = 2;
        refused(ana.on(&first).sign_in_with(&mut passkey).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_all_answers_to_one_challenge_of_a_passkey_one_signs_in() {
    for_each_shared_database(async |shared: Shared| {
        let nodes: [_; 3] = shared.nodes().await;
        let (ana, access) = stage(&nodes[0]).await;
        let mut passkey = TestPasskey::eddsa();
        ana.add_passkey(&access, &mut passkey).await.unwrap();
        let (session, options) = ana.begin_passkey().await.unwrap();
        let credential = passkey.sign_in(&options);
        let users: Vec<_> = nodes
            .iter()
            .cycle()
            .take(9)
            .map(|node| ana.on(node))
            .collect();
        let answers = users
            .iter()
            .map(|ana| ana.answer_passkey(&session, &credential));
        let outcomes = join_all(answers).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_copies_that_sign_with_one_count_at_once_one_signs_in_at_most() {
    for_each_shared_database(async |shared: Shared| {
        let nodes: [_; 2] = shared.nodes().await;
        let (ana, access) = stage(&nodes[0]).await;
        let mut passkey = TestPasskey::eddsa();
        passkey.authenticator.counter = 1;
        ana.add_passkey(&access, &mut passkey).await.unwrap();
        let mut answers = Vec::new();
        for node in &nodes {
            let (session, options) = ana.on(node).begin_passkey().await.unwrap();
            passkey.authenticator.counter = 1;
            answers.push((ana.on(node), session, passkey.sign_in(&options)));
        }
        let answers = answers
            .iter()
            .map(|(ana, session, credential)| ana.answer_passkey(session, credential));
        let outcomes = join_all(answers).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        // And it is out of use.
        let asked = ana.begin_choice(Some("WEB_AUTHN")).await.unwrap();
        assert!(asked.available_challenges.is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_all_that_complete_one_registration_one_does_and_no_user_gets_too_many() {
    for_each_shared_database(async |shared: Shared| {
        let nodes: [_; 3] = shared.nodes().await;
        let (ana, access) = stage(&nodes[0]).await;
        let options = ana.passkey_options(&access).await.unwrap();
        let credential = TestPasskey::eddsa().register(&options);
        let users: Vec<_> = nodes
            .iter()
            .cycle()
            .take(6)
            .map(|node| ana.on(node))
            .collect();
        let tries = users
            .iter()
            .map(|ana| ana.complete_passkey(&access, credential.clone()));
        let outcomes = join_all(tries).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        // Of 24 more at once, 19 find room.
        let mut made = Vec::new();
        for _ in 0..24 {
            let options = ana.passkey_options(&access).await.unwrap();
            made.push(TestPasskey::eddsa().register(&options));
        }
        let tries = made
            .into_iter()
            .zip(users.iter().cycle())
            .map(|(credential, ana)| ana.complete_passkey(&access, credential));
        let outcomes = join_all(tries).await;
        assert_eq!(
            outcomes.iter().filter(|outcome| outcome.is_ok()).count(),
            19
        );
    })
    .await;
}
