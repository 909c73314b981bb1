//! Lists in pages, and tokens that lead to the next one.

use std::collections::BTreeSet;

use cognate_testkit::{TestServer, for_each_database, op, refused};
use serde_json::{Value, json};

const INVALID: (&str, &str) = (
    "InvalidParameterException",
    "Invalid pagination token given.",
);

#[tokio::test]
async fn pages_of_users_follow_one_another_to_the_end_and_name_each_once() {
    for_each_database(async |server| {
        let pool = server.pool().await;
        for n in 0..7 {
            pool.invite(&format!("user{n}"), "Temporary-1!", &[]).await;
        }
        let (mut token, mut names, mut pages) = (Value::Null, Vec::new(), 0);
        loop {
            let input = json!({"UserPoolId": pool.id, "Limit": 3, "PaginationToken": token});
            let page = server.call::<op::ListUsers>(input).await.ok().unwrap();
            names.extend(
                page.users
                    .unwrap()
                    .into_iter()
                    .map(|user| user.username.unwrap()),
            );
            pages += 1;
            match page.pagination_token {
                Some(next) => token = next.into(),
                None => break,
            }
        }
        assert_eq!(
            (
                pages,
                names.len(),
                names.iter().collect::<BTreeSet<_>>().len()
            ),
            (3, 7, 7)
        );
    })
    .await;
}

#[tokio::test]
async fn a_list_shows_the_attributes_that_are_asked_for() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    client
        .user("ana")
        .attribute("name", "Ana")
        .confirmed()
        .await;
    let input = json!({"UserPoolId": client.pool.id, "AttributesToGet": ["name"]});
    let page = server.call::<op::ListUsers>(input).await.ok().unwrap();
    let attributes = page.users.unwrap().remove(0).attributes.unwrap();
    assert_eq!(attributes.len(), 1);
    assert_eq!(
        (attributes[0].name.as_str(), attributes[0].value.as_deref()),
        ("name", Some("Ana"))
    );
}

#[tokio::test]
async fn an_attribute_that_some_lack_can_be_asked_for_and_one_that_the_pool_lacks_cannot() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    pool.invite("ana", "Temporary-1!", &[("name", "Ana")]).await;
    pool.invite("bea", "Temporary-1!", &[]).await;
    let list = |wanted: Value| {
        server.call::<op::ListUsers>(json!({"UserPoolId": pool.id, "AttributesToGet": wanted}))
    };
    let count = |page: cognate_api::idp::ListUsersResponse| {
        let users = page.users.unwrap().into_iter();
        let mut counts: Vec<usize> = users.map(|user| user.attributes.unwrap().len()).collect();
        counts.sort_unstable();
        counts
    };
    let some = list(json!(["name", "sub"])).await.unwrap();
    assert_eq!(count(some), [1, 2]);
    assert_eq!(count(list(json!([])).await.unwrap()), [1, 2]);
    for unknown in ["custom:none", "Name"] {
        let error = refused(list(json!(["name", unknown])).await);
        assert_eq!(
            error.told(),
            (
                "InvalidParameterException",
                "One or more requested attributes do not exist."
            )
        );
    }
}

#[tokio::test]
async fn a_token_of_another_pool_or_list_or_of_ones_own_making_is_refused() {
    for_each_database(async |server| {
        let (pool, other) = (server.pool().await, server.pool().await);
        for n in 0..2 {
            pool.invite(&format!("user{n}"), "Temporary-1!", &[]).await;
            other.invite(&format!("user{n}"), "Temporary-1!", &[]).await;
            pool.client().await;
        }
        let first = server
            .call::<op::ListUsers>(json!({"UserPoolId": pool.id, "Limit": 1}))
            .await
            .ok()
            .unwrap();
        let users = first.pagination_token.unwrap();
        let clients = server
            .call::<op::ListUserPoolClients>(json!({"UserPoolId": pool.id, "MaxResults": 1}))
            .await
            .ok()
            .unwrap();
        let clients = clients.next_token.unwrap();
        let pools = server
            .call::<op::ListUserPools>(json!({"MaxResults": 1}))
            .await
            .ok()
            .unwrap()
            .next_token
            .unwrap();
        let list = |pool: &str, token: &str| {
            server.call::<op::ListUsers>(json!({"UserPoolId": pool, "PaginationToken": token}))
        };
        list(&pool.id, &users).await.ok().unwrap();
        assert_eq!(refused(list(&other.id, &users).await).told(), INVALID);
        let flipped = format!(
            "{}{}",
            if users.starts_with('A') { 'B' } else { 'A' },
            &users[1..]
        );
        for token in [
            clients.as_str(),
            &pools,
            &flipped,
            &users[..users.len() - 4],
            "AAAA",
            "{\"sub\":\"0\"}",
            "not-base64!",
        ] {
            assert_eq!(
                refused(list(&pool.id, token).await).told(),
                INVALID,
                "{token}"
            );
        }
        let input = json!({"UserPoolId": pool.id, "NextToken": users});
        assert_eq!(
            refused(server.call::<op::ListUserPoolClients>(input).await).told(),
            INVALID
        );
        let input = json!({"MaxResults": 1, "NextToken": clients});
        assert_eq!(
            refused(server.call::<op::ListUserPools>(input).await).told(),
            INVALID
        );
    })
    .await;
}

#[tokio::test]
async fn a_page_is_as_long_as_the_model_allows() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    for (call, member) in [
        (
            server.prepare::<op::ListUsers>(json!({"UserPoolId": pool.id, "Limit": 61})),
            "limit",
        ),
        (
            server.prepare::<op::ListUserPools>(json!({"MaxResults": 0})),
            "maxResults",
        ),
        (
            server.prepare::<op::ListUserPools>(json!({"MaxResults": 61})),
            "maxResults",
        ),
        (
            server.prepare::<op::ListUserPoolClients>(
                json!({"UserPoolId": pool.id, "MaxResults": 0}),
            ),
            "maxResults",
        ),
    ] {
        let error = call.send().await.error();
        assert!(
            error.code == "InvalidParameterException" && error.message.contains(member),
            "{error:?}"
        );
    }
}
