//! ListUsers with a filter.

use cognate_model::{NormalName, Sub, User, UserPoolId};
use cognate_store::{Tx, users};
use cognate_testkit::{ApiError, TestPool, for_each_database, op, refused};
use cognate_testkit::{TestServer, attribute_list};
use serde_json::{Value, json};

/// The names of those whom a filter finds, by pages of such a length.
async fn found_by(pool: &TestPool, filter: &str, limit: i32) -> Result<Vec<String>, ApiError> {
    let (mut names, mut token) = (Vec::new(), Value::Null);
    loop {
        let input = json!({
            "UserPoolId": pool.id, "Filter": filter, "Limit": limit, "PaginationToken": token,
        });
        let page = pool.server.call::<op::ListUsers>(input).await?;
        let users = page.users.unwrap().into_iter();
        names.extend(users.map(|user| user.username.unwrap()));
        match page.pagination_token {
            Some(next) => token = next.into(),
            None => break,
        }
    }
    names.sort();
    Ok(names)
}

async fn found(pool: &TestPool, filter: &str) -> Vec<String> {
    found_by(pool, filter, 60).await.unwrap()
}

async fn told(pool: &TestPool, filter: &str) -> (u16, String) {
    let error = refused(found_by(pool, filter, 60).await);
    (error.status, error.message)
}

#[tokio::test]
async fn every_attribute_that_cognito_searches_is_searched() {
    for_each_database(async |server| {
        let pool = server.pool().await;
        let of_jon = [
            ("email", "Jon@example.com"),
            ("phone_number", "+15550100"),
            ("name", "Jon \"J\" Reddy"),
            ("given_name", "Jon"),
            ("family_name", "Reddy"),
        ];
        pool.invite("jon", "Temporary-1!", &of_jon).await;
        let of_jonas = [("email", "other@example.com")];
        pool.invite("jonas", "Temporary-1!", &of_jonas).await;
        pool.disable("jonas").await;
        let sub = pool.attribute("jon", "sub").await.unwrap();
        for (filter, names) in [
            ("username = \"jon\"", &["jon"][..]),
            ("username ^= \"jon\"", &["jon", "jonas"]),
            ("email = \"jon@example.com\"", &["jon"]),
            ("phone_number ^= \"+1555\"", &["jon"]),
            ("name = \"Jon \\\"J\\\" Reddy\"", &["jon"]),
            ("given_name=\"jon\"", &["jon"]),
            ("family_name ^= \"Red\"", &["jon"]),
            ("preferred_username ^= \"\"", &[]),
            (
                "cognito:user_status = \"force_change_password\"",
                &["jon", "jonas"],
            ),
            ("cognito:user_status ^= \"CONF\"", &[]),
            ("status = \"Enabled\"", &["jon"]),
            ("status = \"Disabled\"", &["jonas"]),
            ("", &["jon", "jonas"]),
            (&format!("sub = \"{sub}\""), &["jon"]),
            (&format!("sub ^= \"{}\"", &sub[..20]), &["jon"]),
        ] {
            assert_eq!(found(&pool, filter).await, names, "{filter}");
            assert_eq!(found_by(&pool, filter, 1).await.unwrap(), names, "{filter}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_filter_that_is_none_is_refused_in_the_words_of_cognito() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    for (filter, words) in [
        ("username = jon", "Error while parsing filter"),
        (
            "name = \"a\" and email = \"b\"",
            "Error while parsing filter",
        ),
        (
            "custom:team = \"a\"",
            "Invalid search attribute: custom:team",
        ),
    ] {
        assert_eq!(told(&pool, filter).await, (400, words.to_owned()));
    }
    let long = format!("name = \"{}\"", "a".repeat(248));
    assert_eq!(told(&pool, &long).await.0, 400);
}

#[tokio::test]
async fn a_changed_user_is_found_by_what_is_true_now() {
    for_each_database(async |server| {
        let pool = server.pool().await;
        pool.invite("jon", "Temporary-1!", &[("name", "Jon")]).await;
        let user = json!({"UserPoolId": pool.id, "Username": "jon"});
        let mut input = user.clone();
        input["UserAttributes"] = attribute_list(&[("name", "Ann")]);
        let changed = server.call::<op::AdminUpdateUserAttributes>(input).await;
        changed.unwrap();
        assert_eq!(found(&pool, "name = \"Ann\"").await, ["jon"]);
        assert!(found(&pool, "name = \"Jon\"").await.is_empty());
        let mut input = user.clone();
        input["UserAttributeNames"] = json!(["name"]);
        let changed = server.call::<op::AdminDeleteUserAttributes>(input).await;
        changed.unwrap();
        assert!(found(&pool, "name ^= \"\"").await.is_empty());
        pool.delete_user("jon").await;
        assert!(found(&pool, "username = \"jon\"").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_token_leads_on_in_its_own_filter_alone_and_past_whoever_was_added() {
    for_each_database(async |server| {
        let (pool, other) = (server.pool().await, server.pool().await);
        for n in 0..4 {
            pool.invite(&format!("a{n}"), "Temporary-1!", &[]).await;
        }
        let list = |pool: &str, filter: &str, token: &str| {
            let mut input = json!({"UserPoolId": pool, "Filter": filter, "Limit": 2});
            if !token.is_empty() {
                input["PaginationToken"] = token.into();
            }
            server.call::<op::ListUsers>(input)
        };
        let filter = "username ^= \"a\"";
        let first = list(&pool.id, filter, "").await.unwrap();
        let token = first.pagination_token.unwrap();
        for name in ["a0b", "a1b", "a2b"] {
            pool.invite(name, "Temporary-1!", &[]).await;
        }
        let second = list(&pool.id, "username^=\"a\"", &token).await.unwrap();
        let users = first.users.into_iter().chain(second.users).flatten();
        let names: Vec<String> = users.map(|user| user.username.unwrap()).collect();
        assert_eq!(names, ["a0", "a1", "a1b", "a2"]);
        let all = list(&pool.id, "", "").await.unwrap();
        let unfiltered = all.pagination_token.unwrap();
        for (pool, filter, token) in [
            (&other.id, filter, &token),
            (&pool.id, "username ^= \"\"", &token),
            (&pool.id, "name ^= \"a\"", &token),
            (&pool.id, "", &token),
            (&pool.id, filter, &unfiltered),
        ] {
            let error = refused(list(pool, filter, token).await);
            let told = (
                "InvalidParameterException",
                "Invalid pagination token given.",
            );
            assert_eq!(error.told(), told, "{filter}");
        }
    })
    .await;
}

/// Users as a node of an earlier version writes them, who are like one that is there.
async fn written_before(pool: &TestPool, like: &str, number: usize) {
    let app = pool.server.app();
    let id = UserPoolId::parse(&pool.id).unwrap();
    let name = NormalName::with_case_rule(like, false);
    let mut reader = app.db.read().await.unwrap();
    let like = users::find_by_name(&mut reader, &id, &name).await.unwrap();
    let like = like.unwrap();
    let mut random = app.entropy.generator();
    let old: Vec<User> = (0..number)
        .map(|n| User {
            sub: Sub::random(&mut random),
            username: format!("old{n}"),
            ..like.clone()
        })
        .collect();
    let write = async move |tx: &mut Tx| -> Result<(), cognate_store::Error> {
        for user in &old {
            users::insert(tx, user, &[], None).await?.unwrap();
            let sql = "UPDATE users SET searched_revision = NULL, search_username = NULL WHERE pool = $1 AND sub = $2";
            tx.execute(sql, &[id.as_str().into(), user.sub.as_str().into()])
                .await?;
        }
        Ok(())
    };
    app.db.write("test", write).await.unwrap();
}

#[tokio::test]
async fn a_search_misses_nobody_whom_an_earlier_version_has_written() {
    for_each_database(async |server| {
        let pool = server.pool().await;
        pool.invite("like", "Temporary-1!", &[]).await;
        written_before(&pool, "like", 3).await;
        assert_eq!(found(&pool, "username ^= \"old\"").await.len(), 3);
        // Too many to be indexed meanwhile: by what has always had its index they are found.
        written_before(&pool, "like", 130).await;
        assert_eq!(found(&pool, "status = \"Enabled\"").await.len(), 134);
        let words = "The search index of the user pool is still being built; try again";
        assert_eq!(told(&pool, "email = \"x\"").await, (503, words.to_owned()));
        server.index_users().await;
        assert_eq!(found(&pool, "username ^= \"old\"").await.len(), 133);
    })
    .await;
}
