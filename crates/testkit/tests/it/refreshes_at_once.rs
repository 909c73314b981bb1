//! Many refreshes with one token at the same moment, with rotation.

use std::time::Duration;

use cognate_model::{SessionId, UserPoolId};
use cognate_store::{Error, Tx, sessions};
use cognate_testkit::{
    ApiError, TestServer, TestUser, Tokens, claims, for_each_database, refused, seconds,
};
use futures_util::future::join_all;

use crate::sentences::REVOKED;

const REUSED: (&str, &str) = (
    "RefreshTokenReuseException",
    "Refresh token has been invalidated",
);

async fn ana(server: &TestServer, grace_seconds: u32) -> TestUser {
    let client = server.pool().await.client().rotation(grace_seconds).await;
    client.user("ana").confirmed().await
}

async fn at_once(ana: &TestUser, token: &str, times: usize) -> Vec<Result<Tokens, ApiError>> {
    join_all((0..times).map(|_| ana.rotate(token))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn within_the_grace_period_fifty_refreshes_at_once_all_get_tokens_that_work() {
    for_each_database(async |server| {
        let ana = ana(&server, 10).await;
        let first = ana.sign_in().await.unwrap();
        for outcome in at_once(&ana, first.refresh(), 50).await {
            let tokens = outcome.unwrap();
            assert_eq!(claims(&tokens.id)["sub"], ana.sub);
            ana.get_user(&tokens.access).await.unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whichever_refresh_token_a_client_keeps_of_those_given_at_once_goes_on_after_the_grace_period()
 {
    for_each_database(async |server| {
        for kept in 0..6 {
            let ana = ana(&server, 10).await;
            let first = ana.sign_in().await.unwrap();
            let given = at_once(&ana, first.refresh(), 6).await;
            let kept = given.into_iter().nth(kept).unwrap().unwrap();
            server.advance(seconds(60));
            let next = ana.rotate(kept.refresh()).await.unwrap();
            server.advance(seconds(60));
            ana.rotate(next.refresh()).await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn all_tokens_of_one_generation_are_one_token() {
    let server = TestServer::start().await;
    let ana = ana(&server, 10).await;
    let first = ana.sign_in().await.unwrap();
    let one = ana.rotate(first.refresh()).await.unwrap();
    let two = ana.rotate(first.refresh()).await.unwrap();
    server.advance(seconds(20));
    let next = ana.rotate(one.refresh()).await.unwrap();
    // It is spent now, and within the grace period again.
    ana.rotate(two.refresh()).await.unwrap();
    server.advance(seconds(10));
    assert_eq!(refused(ana.rotate(two.refresh()).await).told(), REUSED);
    refused(ana.rotate(next.refresh()).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_grace_period_one_of_many_gets_tokens_and_the_failures_of_the_others_do_not_end_them()
 {
    for_each_database(async |server| {
        let ana = ana(&server, 0).await;
        let first = ana.sign_in().await.unwrap();
        let (given, lost): (Vec<_>, Vec<_>) = at_once(&ana, first.refresh(), 20)
            .await
            .into_iter()
            .partition(Result::is_ok);
        assert_eq!(given.len(), 1);
        for lost in lost {
            assert_eq!(refused(lost).told(), REUSED);
        }
        let second = given.into_iter().next().unwrap().unwrap();
        ana.get_user(&second.access).await.unwrap();
        ana.rotate(second.refresh()).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn without_a_grace_period_a_token_that_comes_back_ends_the_session_after_two_seconds_and_not_before()
 {
    for_each_database(async |server| {
        let ana = ana(&server, 0).await;
        let first = ana.sign_in().await.unwrap();
        let second = ana.rotate(first.refresh()).await.unwrap();
        server.advance(seconds(2) - Duration::from_millis(1));
        assert_eq!(refused(ana.rotate(first.refresh()).await).told(), REUSED);
        ana.get_user(&second.access).await.unwrap();
        server.advance(Duration::from_millis(1));
        assert_eq!(refused(ana.rotate(first.refresh()).await).told(), REUSED);
        assert_eq!(refused(ana.get_user(&second.access).await).told(), REVOKED);
        refused(ana.rotate(second.refresh()).await);
    })
    .await;
}

#[tokio::test]
async fn a_grace_period_of_a_second_leaves_the_session_for_the_second_after_it_too() {
    let server = TestServer::start().await;
    let ana = ana(&server, 1).await;
    let first = ana.sign_in().await.unwrap();
    let second = ana.rotate(first.refresh()).await.unwrap();
    server.advance(seconds(1));
    assert_eq!(refused(ana.rotate(first.refresh()).await).told(), REUSED);
    let third = ana.rotate(second.refresh()).await.unwrap();
    ana.get_user(&third.access).await.unwrap();
}

#[tokio::test]
async fn a_token_that_a_node_of_an_older_version_put_in_place_is_replaced() {
    for_each_database(async |server| {
        let ana = ana(&server, 10).await;
        let first = ana.sign_in().await.unwrap();
        let pool = UserPoolId::parse(&ana.client.pool.id).unwrap();
        let id = claims(&first.access)["origin_jti"]
            .as_str()
            .unwrap()
            .to_owned();
        let (id, now) = (SessionId::parse(&id).unwrap(), server.now());
        // Its secret was drawn, and nobody can make that token once more.
        let rotate = async move |tx: &mut Tx| -> Result<bool, Error> {
            let mut session = sessions::find(tx, &pool, &id).await?.unwrap();
            (session.generation, session.rotated_at) = (1, Some(now));
            sessions::rotate(tx, &session, &[7; 32], 0).await
        };
        assert!(server.app().db.write("test", rotate).await.unwrap());
        let next = ana.rotate(first.refresh()).await.unwrap();
        server.advance(seconds(60));
        ana.rotate(next.refresh()).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_token_has_its_grace_period_however_often_newer_ones_were_used_meanwhile() {
    for_each_database(async |server| {
        let ana = ana(&server, 10).await;
        let first = ana.sign_in().await.unwrap();
        let mut newest = ana.rotate(first.refresh()).await.unwrap();
        for _ in 0..5 {
            newest = ana.rotate(newest.refresh()).await.unwrap();
        }
        // A page that is late brings the first token once more.
        let late = ana.rotate(first.refresh()).await.unwrap();
        ana.get_user(&newest.access).await.unwrap();
        server.advance(seconds(10));
        newest = ana.rotate(late.refresh()).await.unwrap();
        // The first use counts, not the last rotation.
        assert_eq!(refused(ana.rotate(first.refresh()).await).told(), REUSED);
        refused(ana.get_user(&newest.access).await);
    })
    .await;
}

#[tokio::test]
async fn without_a_grace_period_nothing_ends_within_two_seconds_of_a_tokens_first_use() {
    let server = TestServer::start().await;
    let ana = ana(&server, 0).await;
    let first = ana.sign_in().await.unwrap();
    let mut newest = ana.rotate(first.refresh()).await.unwrap();
    newest = ana.rotate(newest.refresh()).await.unwrap();
    assert_eq!(refused(ana.rotate(first.refresh()).await).told(), REUSED);
    newest = ana.rotate(newest.refresh()).await.unwrap();
    ana.get_user(&newest.access).await.unwrap();
    server.advance(seconds(2));
    assert_eq!(refused(ana.rotate(first.refresh()).await).told(), REUSED);
    refused(ana.get_user(&newest.access).await);
}
