//! What is used once is used once, whichever nodes are asked.

use cognate_testkit::{
    ApiError, PASSWORD, Shared, TestServer, TestUser, claims, for_each_shared_database, op, seconds,
};
use futures_util::future::join_all;
use serde_json::json;

/// The one that went well among those that were tried at once; the others were refused as the
/// client's mistake.
#[track_caller]
fn the_one<T>(outcomes: Vec<Result<T, ApiError>>) -> T {
    let (right, wrong): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    let mut right: Vec<T> = right.into_iter().filter_map(Result::ok).collect();
    let wrong: Vec<_> = wrong.into_iter().filter_map(Result::err).collect();
    assert_eq!(right.len(), 1, "{wrong:?}");
    for error in wrong {
        assert_eq!(error.status, 400, "{error:?}");
    }
    right.pop().unwrap()
}

/// Three times each of three nodes.
fn nine(nodes: &[TestServer; 3]) -> impl Iterator<Item = &TestServer> {
    nodes.iter().cycle().take(9)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_challenge_begun_on_one_node_is_answered_on_another_and_its_tokens_used_on_a_third() {
    for_each_shared_database(async |shared: Shared| {
        let [first, second, third] = shared.nodes().await;
        let ana = first.confirmed_user("ana").await;
        let mut answer = ana.begin_srp().await.unwrap().answer(PASSWORD);
        answer.client = ana.client.on(&second);
        let tokens = answer.tokens().await.unwrap();
        assert_eq!(
            ana.on(&third)
                .get_user(&tokens.access)
                .await
                .unwrap()
                .username,
            "ana"
        );
        ana.on(&third).refresh(tokens.refresh()).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_password_asked_for_by_one_node_is_taken_by_another() {
    for_each_shared_database(async |shared: Shared| {
        let [first, second] = shared.nodes().await;
        let client = first.pool().await.client().await;
        client.pool.invite("ana", PASSWORD, &[]).await;
        let session = client.prove_temporary("ana", PASSWORD).await;
        let answer =
            client.new_password(&session, "ana", json!({"NEW_PASSWORD": "Another-Horse-2"}));
        let outcomes = join_all(
            [&first, &second, &first]
                .map(|node| node.call::<op::RespondToAuthChallenge>(answer.clone())),
        )
        .await;
        the_one(outcomes).authentication_result.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_all_answers_with_one_secret_block_one_signs_in() {
    for_each_shared_database(async |shared: Shared| {
        let nodes: [_; 3] = shared.nodes().await;
        let ana = nodes[0].confirmed_user("ana").await;
        let answer = ana.begin_srp().await.unwrap().answer(PASSWORD);
        let answers: Vec<_> = nine(&nodes)
            .map(|node| (answer.clone(), ana.client.on(node)))
            .collect();
        let outcomes = join_all(answers.into_iter().map(|(mut answer, client)| async move {
            answer.client = client;
            answer.tokens().await
        }))
        .await;
        ana.get_user(&the_one(outcomes).access).await.unwrap();
    })
    .await;
}

/// A user with an app, and recovery codes.
async fn with_recovery_codes(node: &TestServer) -> (TestUser, Vec<String>) {
    let apps =
        json!({"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
    let pool = node.pool().await.mfa(apps).await;
    pool.set_recovery_codes("on").await;
    let ana = pool.client().await.user("ana").confirmed().await;
    let tokens = ana.sign_in().await.unwrap();
    ana.with_app(&tokens.access).await;
    let codes = ana.make_recovery_codes(&tokens.access).await.unwrap();
    (ana, codes)
}

/// Answers a sign-in that waits for a code.
async fn second_factor(ana: TestUser, session: String, code: &str) -> Result<String, ApiError> {
    let answer = json!({"SOFTWARE_TOKEN_MFA_CODE": code});
    let answer = ana.respond("SOFTWARE_TOKEN_MFA", &session, answer).await?;
    let tokens = answer.authentication_result.expect("tokens");
    Ok(tokens.access_token.expect("an access token"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_all_sign_ins_with_one_recovery_code_one_succeeds() {
    for_each_shared_database(async |shared: Shared| {
        let nodes: [_; 3] = shared.nodes().await;
        let (ana, codes) = with_recovery_codes(&nodes[0]).await;
        let mut waiting = Vec::new();
        for node in nine(&nodes) {
            let begun = ana.initiate_with_password().await.unwrap();
            waiting.push((ana.on(node), begun.session.unwrap()));
        }
        let code = &codes[3];
        let answers = waiting.into_iter();
        let answers = answers.map(|(ana, session)| second_factor(ana, session, code));
        let token = the_one(join_all(answers).await);
        assert_eq!(ana.recovery_codes_left(&token).await.unwrap(), 9);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_all_recovery_codes_that_answer_one_challenge_one_is_used() {
    for_each_shared_database(async |shared: Shared| {
        let nodes: [_; 3] = shared.nodes().await;
        let (ana, codes) = with_recovery_codes(&nodes[0]).await;
        let begun = ana.initiate_with_password().await.unwrap();
        let session = begun.session.unwrap();
        let answers = nine(&nodes).zip(&codes);
        let answers =
            answers.map(|(node, code)| second_factor(ana.on(node), session.clone(), code));
        let token = the_one(join_all(answers).await);
        assert_eq!(ana.recovery_codes_left(&token).await.unwrap(), 9);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_all_who_send_one_code_one_confirms() {
    for_each_shared_database(async |shared: Shared| {
        let nodes: [_; 3] = shared.nodes().await;
        let ana = nodes[0].pool().await.client().await.user("ana").await;
        let code = ana.last_code().await;
        the_one(
            join_all(
                nine(&nodes)
                    .map(|node| ana.on(node))
                    .map(async |ana| ana.confirm(&code).await),
            )
            .await,
        );
        ana.sign_in().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_all_who_reset_a_password_by_one_code_one_does() {
    for_each_shared_database(async |shared: Shared| {
        let nodes: [_; 3] = shared.nodes().await;
        let ana = nodes[0].confirmed_user("ana").await;
        ana.forgot_password().await.unwrap();
        let code = ana.last_code().await;
        let resets = (0..).zip(nine(&nodes)).map(async |(number, node)| {
            let password = format!("Another-Horse-{number}");
            ana.on(node)
                .reset_password(&code, &password)
                .await
                .map(|()| password)
        });
        let password = the_one(join_all(resets).await);
        ana.with_password(&password).sign_in().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_all_who_ask_for_one_name_one_gets_it() {
    for_each_shared_database(async |shared: Shared| {
        let nodes: [_; 3] = shared.nodes().await;
        let client = nodes[0].pool().await.client().await;
        let sign_ups = nine(&nodes).map(async |node| client.on(node).user("ana").sign_up().await);
        let sub = the_one(join_all(sign_ups).await).user_sub;
        assert_eq!(client.pool.attribute("ana", "sub").await, Some(sub));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_all_who_rotate_one_refresh_token_one_does_and_then_the_session_ends() {
    for_each_shared_database(async |shared: Shared| {
        let nodes: [_; 3] = shared.nodes().await;
        let ana = nodes[0]
            .pool()
            .await
            .client()
            .rotation(0)
            .await
            .user("ana")
            .confirmed()
            .await;
        let tokens = ana.sign_in().await.unwrap();
        let rotations = nine(&nodes).map(async |node| ana.on(node).rotate(tokens.refresh()).await);
        let new = the_one(join_all(rotations).await);
        ana.get_user(&new.access).await.unwrap();
        nodes[0].advance(seconds(2));
        // A token that was used up comes again: somebody has a copy of it.
        ana.rotate(tokens.refresh()).await.unwrap_err();
        for node in &nodes {
            ana.on(node).rotate(new.refresh()).await.unwrap_err();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_who_rotate_one_refresh_token_at_two_nodes_within_the_grace_period_all_get_tokens()
{
    for_each_shared_database(async |shared: Shared| {
        let nodes: [_; 2] = shared.nodes().await;
        let client = nodes[0].pool().await.client().rotation(10).await;
        let ana = client.user("ana").confirmed().await;
        let mut token = ana.sign_in().await.unwrap().refresh().to_owned();
        // Whichever is kept: each round goes on with another of those given.
        for kept in [0, 49, 17] {
            let rotations = nodes.iter().cycle().take(50);
            let rotations = rotations.map(async |node| ana.on(node).rotate(&token).await);
            let given: Vec<_> = join_all(rotations).await;
            let given: Vec<_> = given.into_iter().map(Result::unwrap).collect();
            for tokens in &given {
                assert_eq!(claims(&tokens.id)["sub"], ana.sub);
                ana.on(&nodes[1]).get_user(&tokens.access).await.unwrap();
            }
            given[kept].refresh().clone_into(&mut token);
            nodes[0].advance(seconds(30));
        }
        ana.rotate(&token).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sign_ins_at_once_on_several_nodes_leave_a_user_no_more_sessions_than_they_may_have() {
    for_each_shared_database(async |shared: Shared| {
        let nodes: [_; 3] = shared.nodes().await;
        let ana = nodes[0].confirmed_user("ana").await;
        let pool = ana.client.pool.id.clone();
        let input = json!({"UserPoolId": pool, "UserSessionTracking": "ENABLED", "TokenSession": {"MaxPerUser": 3}});
        nodes[0]
            .call::<op::SetUserPoolSessionConfiguration>(input)
            .await
            .unwrap();
        for _ in 0..3 {
            let users: Vec<_> = nine(&nodes).map(|node| ana.on(node)).collect();
            let outcomes = join_all(users.iter().map(TestUser::sign_in)).await;
            for outcome in outcomes {
                outcome.unwrap();
            }
            let input = json!({"UserPoolId": pool, "Username": "ana"});
            let listed = nodes[1].call::<op::AdminListUserSessions>(input).await;
            assert_eq!(listed.unwrap().sessions.unwrap().len(), 3);
        }
    })
    .await;
}
