//! ListUsers in pools whose searches beyond Cognito are switched on.

use cognate_crypto::random::Random;
use cognate_model::user_query::UserQuery;
use cognate_model::{Sub, Timestamp, User, UserPoolId};
use cognate_service::server_settings::{self, Subject};
use cognate_store::{Tx, users};
use cognate_testkit::{
    ApiError, TestPool, TestServer, attribute_list, for_each_database, op, refused,
};
use serde_json::{Value, json};

async fn searched_pool(server: &TestServer) -> TestPool {
    let schema = json!([
        {"Name": "team", "AttributeDataType": "String", "Mutable": true},
        {"Name": "note", "AttributeDataType": "String", "Mutable": true},
    ]);
    let pool = server.pool().schema(schema).await;
    switch(&pool, "on").await;
    server.index_users().await;
    pool
}

async fn switch(pool: &TestPool, value: &str) {
    let of = Subject {
        pool: pool.id.clone(),
        client: None,
    };
    let set = server_settings::set(&pool.server.app().db, &of, "search", Some(value));
    set.await.unwrap();
}

/// The names of those whom a search finds, in their order, by pages of such a length; and how many
/// pages they were.
async fn pages(
    pool: &TestPool,
    filter: &str,
    limit: i32,
) -> Result<(Vec<String>, usize), ApiError> {
    let (mut names, mut token, mut pages) = (Vec::new(), Value::Null, 0);
    loop {
        let input = json!({
            "UserPoolId": pool.id, "Filter": filter, "Limit": limit, "PaginationToken": token,
        });
        let page = pool.server.call::<op::ListUsers>(input).await?;
        let users = page.users.unwrap().into_iter();
        names.extend(users.map(|user| user.username.unwrap()));
        pages += 1;
        match page.pagination_token {
            Some(next) => token = next.into(),
            None => return Ok((names, pages)),
        }
    }
}

async fn found(pool: &TestPool, filter: &str) -> Vec<String> {
    let (mut names, _) = pages(pool, filter, 60).await.unwrap();
    names.sort();
    names
}

async fn told(pool: &TestPool, filter: &str) -> (u16, String) {
    let error = refused(pages(pool, filter, 60).await);
    (error.status, error.message)
}

#[tokio::test]
async fn a_search_combines_what_is_asked_of_any_attribute() {
    for_each_database(async |server| {
        let pool = searched_pool(&server).await;
        for (name, team, note) in [
            ("ana", "Engineering", "writes Rust"),
            ("bea", "Engineering", "reads"),
            ("eve", "Sales", "rusty"),
        ] {
            let attributes = [("custom:team", team), ("custom:note", note)];
            pool.invite(name, "Temporary-1!", &attributes).await;
        }
        for (filter, names) in [
            ("custom:team = \"engineering\"", &["ana", "bea"][..]),
            ("custom:note contains \"rust\"", &["ana", "eve"]),
            (
                "custom:note contains \"rust\" and custom:team ^= \"eng\"",
                &["ana"],
            ),
            (
                "custom:team = \"sales\" or username = \"bea\"",
                &["bea", "eve"],
            ),
            (
                "custom:team ^= \"e\" and not (custom:note contains \"rust\")",
                &["bea"],
            ),
            ("custom:team = \"none\"", &[]),
            // As Cognito has it.
            ("username ^= \"e\"", &["eve"]),
        ] {
            assert_eq!(found(&pool, filter).await, names, "{filter}");
        }
        // What changes is found by what it is now.
        let user = json!({"UserPoolId": pool.id, "Username": "bea"});
        let mut input = user.clone();
        input["UserAttributes"] = attribute_list(&[("custom:team", "Sales")]);
        server
            .call::<op::AdminUpdateUserAttributes>(input)
            .await
            .unwrap();
        assert_eq!(
            found(&pool, "custom:team = \"sales\"").await,
            ["bea", "eve"]
        );
        assert_eq!(found(&pool, "custom:team = \"engineering\"").await, ["ana"]);
        pool.delete_user("eve").await;
        assert_eq!(found(&pool, "custom:team = \"sales\"").await, ["bea"]);
        let mut reader = server.app().db.read().await.unwrap();
        let sql = "SELECT COUNT(DISTINCT place) FROM user_terms";
        let row = reader.query_one(sql, &[]).await.unwrap();
        assert_eq!(row.int(0).unwrap(), 2, "terms of the deleted user are left");
    })
    .await;
}

#[tokio::test]
async fn what_no_index_answers_is_refused_in_words() {
    let server = TestServer::start().await;
    let pool = searched_pool(&server).await;
    for (filter, words) in [
        ("not username = \"a\"", "No index answers «not» alone"),
        (
            "name contains \"ab\"",
            "No index answers «contains» of fewer than three",
        ),
        (
            "custom:team ^= \"\"",
            "No index answers «^=» of an empty value",
        ),
        (
            "custom:none = \"a\"",
            "Invalid search attribute: custom:none",
        ),
        ("name = \"a\" and", "Error while parsing filter"),
    ] {
        let (status, told) = told(&pool, filter).await;
        assert!(status == 400 && told.starts_with(words), "{filter}: {told}");
    }
}

#[tokio::test]
async fn switching_on_makes_the_index_and_switching_off_takes_it_away() {
    for_each_database(async |server| {
        let pool = server.pool().await;
        pool.invite("ana", "Temporary-1!", &[("name", "Ana Smith")])
            .await;
        let filter = "name contains \"smith\"";
        let refused = (400, "Error while parsing filter".to_owned());
        switch(&pool, "on").await;
        let words = "The search index of the user pool is still being built; try again";
        assert_eq!(told(&pool, filter).await, (503, words.to_owned()));
        // Who comes while it is made is in it, too.
        pool.invite("bea", "Temporary-1!", &[("name", "Bea Smith")])
            .await;
        server.index_users().await;
        assert_eq!(found(&pool, filter).await, ["ana", "bea"]);
        switch(&pool, "off").await;
        server.index_users().await;
        let mut reader = server.app().db.read().await.unwrap();
        for sql in [
            "SELECT COUNT(*) FROM user_terms",
            "SELECT COUNT(*) FROM user_searches",
            "SELECT COUNT(search_place) FROM users",
        ] {
            let row = reader.query_one(sql, &[]).await.unwrap();
            assert_eq!(row.int(0).unwrap(), 0, "{sql}");
        }
        // A node keeps settings for a second; another has not kept them.
        let other = server.node();
        let input = json!({"UserPoolId": pool.id, "Filter": filter});
        let error = cognate_testkit::refused(other.call::<op::ListUsers>(input).await);
        assert_eq!((error.status, error.message), refused);
    })
    .await;
}

/// Users who are like one that is there, with drawn attributes.
async fn drawn_users(pool: &TestPool, random: &mut Random, number: usize) -> Vec<User> {
    let mut drawn = Vec::new();
    for n in 0..number {
        let mut attribute = || {
            let values = [
                "",
                "a",
                "abc",
                "Abcd",
                "xabc",
                "bcd e",
                "\u{e9}\u{fdfa}",
                "\"\\",
            ];
            (*random.pick(&values).unwrap()).to_owned()
        };
        let attributes = [("name", attribute()), ("custom:team", attribute())];
        let at = Timestamp(i64::try_from(n / 3).unwrap());
        drawn.push(User {
            pool: UserPoolId::parse(&pool.id).unwrap(),
            sub: Sub::random(random),
            username: format!("user{n:03}"),
            attributes: attributes
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
            kept_names: Default::default(),
            recover_by: None,
            factors_changed_at: None,
            mfa: Default::default(),
            status: cognate_model::UserStatus::Confirmed,
            enabled: n % 5 > 0,
            created_at: at,
            modified_at: Timestamp(-at.0),
            revision: 1,
        });
    }
    let stored = drawn.clone();
    let write = async move |tx: &mut Tx| -> Result<(), cognate_store::Error> {
        for user in &stored {
            users::insert(tx, user, &[], None).await?.unwrap();
        }
        Ok(())
    };
    pool.server.app().db.write("test", write).await.unwrap();
    drawn
}

fn drawn_query(random: &mut Random, depth: u32) -> String {
    if depth > 0 && random.below(3) > 0 {
        let (one, other) = (
            drawn_query(random, depth - 1),
            drawn_query(random, depth - 1),
        );
        return match random.below(3) {
            0 => format!("({one}) or ({other})"),
            1 => format!("({one}) and not ({other})"),
            _ => format!("({one}) and ({other})"),
        };
    }
    let name = random.pick(&["name", "custom:team", "status"]).unwrap();
    let how = random.pick(&["=", "^=", "contains"]).unwrap();
    let values = [
        "", "a", "abc", "bcd", "ABCD", "Disabled", "\u{e9}", "\\\"\\\\",
    ];
    format!("{name} {how} \"{}\"", random.pick(&values).unwrap())
}

#[tokio::test]
async fn a_search_finds_exactly_those_whom_a_look_at_each_user_finds() {
    for_each_database(async |server| {
        let pool = searched_pool(&server).await;
        let mut random = server.app().entropy.generator();
        let users = drawn_users(&pool, &mut random, 40).await;
        let known = |name: &str| ["name", "custom:team"].contains(&name);
        let mut answered = 0;
        for _ in 0..80 {
            let text = drawn_query(&mut random, 2);
            let query = UserQuery::parse(&text, known).unwrap();
            if query.source().is_err() {
                continue;
            }
            answered += 1;
            let matching = users.iter().filter(|user| query.matches(user));
            let names: Vec<String> = matching.map(|user| user.username.clone()).collect();
            assert_eq!(found(&pool, &text).await, names, "{text}");
            assert_eq!(
                pages(&pool, &text, 7).await.unwrap().0.len(),
                names.len(),
                "{text}"
            );
            let sorted = format!("{text} sort created desc");
            let (in_order, _) = pages(&pool, &sorted, 7).await.unwrap();
            let rank = |name: &String| name[4..].parse::<usize>().unwrap() / 3;
            assert!(
                in_order.is_sorted_by_key(|name| std::cmp::Reverse(rank(name))),
                "{in_order:?}"
            );
            let mut all = in_order;
            all.sort();
            assert_eq!(all, names, "{sorted}");
        }
        assert!(answered > 20);
        for (order, reversed) in [
            ("created", false),
            ("created desc", true),
            ("modified", true),
            ("modified desc", false),
        ] {
            let (names, _) = pages(&pool, &format!("sort {order}"), 7).await.unwrap();
            let rank = |name: &String| {
                name[4..].parse::<i64>().unwrap() / 3 * if reversed { -1 } else { 1 }
            };
            assert!(
                names.len() == 40 && names.is_sorted_by_key(rank),
                "{order}: {names:?}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn one_call_looks_at_a_bounded_number_of_users_and_sorts_no_more() {
    let server = TestServer::start().await;
    let pool = searched_pool(&server).await;
    let mut random = server.app().entropy.generator();
    // All of them have the parts of what is looked for, and none the whole.
    let mut all = drawn_users(&pool, &mut random, 1).await;
    let like = all.remove(0);
    let many: Vec<User> = (0..1100)
        .map(|n| User {
            sub: Sub::random(&mut random),
            username: format!("many{n}"),
            attributes: [("custom:team".to_owned(), "abcd bcde cdef".to_owned())].into(),
            ..like.clone()
        })
        .collect();
    let write = async move |tx: &mut Tx| -> Result<(), cognate_store::Error> {
        for user in &many {
            users::insert(tx, user, &[], None).await?.unwrap();
        }
        Ok(())
    };
    server.app().db.write("test", write).await.unwrap();
    let filter = "custom:team contains \"abcdef\"";
    let (names, pages) = pages(&pool, filter, 60).await.unwrap();
    assert!(names.is_empty() && (3..=5).contains(&pages), "{pages}");
    let (status, words) = told(&pool, &format!("{filter} sort created")).await;
    assert_eq!(status, 400);
    assert!(words.starts_with("More than 1000 users match"), "{words}");
}

#[tokio::test]
async fn a_token_of_another_search_is_refused() {
    let server = TestServer::start().await;
    let (pool, other) = (searched_pool(&server).await, searched_pool(&server).await);
    for name in ["ana", "bea"] {
        let attributes = [("custom:team", "Sales")];
        pool.invite(name, "Temporary-1!", &attributes).await;
    }
    let list = |pool: &str, filter: &str, token: Option<&str>| {
        let input = json!({
            "UserPoolId": pool, "Filter": filter, "Limit": 1, "PaginationToken": token,
        });
        server.call::<op::ListUsers>(input)
    };
    let filter = "custom:team = \"sales\"";
    let token = list(&pool.id, filter, None)
        .await
        .unwrap()
        .pagination_token
        .unwrap();
    assert_eq!(
        list(&pool.id, "custom:team=\"SALES\"", Some(&token))
            .await
            .unwrap()
            .users
            .unwrap()
            .len(),
        1
    );
    for (pool, filter) in [
        (&other.id, filter),
        (&pool.id, "custom:team = \"sale\""),
        (&pool.id, "custom:team = \"sales\" sort created"),
        (&pool.id, "username ^= \"\""),
    ] {
        let error = refused(list(pool, filter, Some(&token)).await);
        assert_eq!(error.message, "Invalid pagination token given.", "{filter}");
    }
}
