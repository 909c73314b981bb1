//! Who is in a group, and what their tokens say of it.

use cognate_testkit::{
    ApiError, TestPool, TestServer, TestUser, Tokens, claims, for_each_database, op, refused,
};
use serde_json::{Value, json};

const NOT_FOUND: (&str, &str) = ("ResourceNotFoundException", "Group not found.");
const NOBODY: (&str, &str) = ("UserNotFoundException", "User does not exist.");

fn role(name: &str) -> String {
    format!("arn:aws:iam::000000000000:role/{name}")
}

/// The names of a user's groups, as operators are told.
async fn groups_of(pool: &TestPool, username: &str) -> Vec<String> {
    let input = json!({"UserPoolId": pool.id, "Username": username});
    let listed = pool.server.call::<op::AdminListGroupsForUser>(input).await;
    let groups = listed.unwrap().groups.unwrap().into_iter();
    groups.map(|group| group.group_name.unwrap()).collect()
}

/// The names of those in a group.
async fn members_of(pool: &TestPool, group: &str) -> Vec<String> {
    let listed = pool.on_group::<op::ListUsersInGroup>(group, json!({}));
    let users = listed.await.unwrap().users.unwrap().into_iter();
    let mut names: Vec<_> = users.map(|user| user.username.unwrap()).collect();
    names.sort();
    names
}

/// The claims of groups in an ID and an access token.
fn of_groups(tokens: &Tokens) -> [Value; 2] {
    [&tokens.id, &tokens.access].map(|token| {
        let claims = claims(token);
        let mut found = claims.as_object().unwrap().clone();
        let names = ["cognito:groups", "cognito:roles", "cognito:preferred_role"];
        found.retain(|name, _| names.contains(&name.as_str()));
        Value::Object(found)
    })
}

async fn ana_with_groups(server: &TestServer) -> TestUser {
    let ana = server.confirmed_user("ana").await;
    let pool = &ana.client.pool;
    for (name, settings) in [
        ("all", json!({"RoleArn": role("all")})),
        ("staff", json!({"RoleArn": role("staff"), "Precedence": 2})),
        ("admins", json!({"Precedence": 1})),
    ] {
        pool.create_group(name, settings).await.unwrap();
        pool.add_to_group("ana", name).await.unwrap();
    }
    ana
}

#[tokio::test]
async fn who_is_put_into_a_group_is_in_it_until_they_are_taken_out() {
    for_each_database(async |server| {
        let pool = server.pool().aliases(["email"]).await;
        let client = pool.client().await;
        let ana = client.user("ana").confirmed().await;
        client.user("bea").confirmed().await;
        pool.group("staff").await;
        pool.group("other").await;
        // By each of the names that find a user, and once more.
        for name in ["ana", "ANA", "ana@example.com", &ana.sub, "bea"] {
            pool.add_to_group(name, "staff").await.unwrap();
        }
        assert_eq!(members_of(&pool, "staff").await, ["ana", "bea"]);
        assert!(members_of(&pool, "other").await.is_empty());
        for name in ["ana", "ana@example.com", &ana.sub] {
            assert_eq!(groups_of(&pool, name).await, ["staff"]);
        }
        for _ in 0..2 {
            pool.remove_from_group(&ana.sub, "staff").await.unwrap();
        }
        assert_eq!(members_of(&pool, "staff").await, ["bea"]);
        assert!(groups_of(&pool, "ana").await.is_empty());

        for error in [
            refused(pool.add_to_group("nobody", "staff").await),
            refused(pool.remove_from_group("nobody", "staff").await),
        ] {
            assert_eq!(error.told(), NOBODY);
        }
        // Names are as they are written.
        for error in [
            refused(pool.add_to_group("ana", "Staff").await),
            refused(pool.remove_from_group("ana", "Staff").await),
            refused(
                pool.on_group::<op::ListUsersInGroup>("Staff", json!({}))
                    .await,
            ),
        ] {
            assert_eq!(error.told(), NOT_FOUND);
        }
    })
    .await;
}

#[tokio::test]
async fn a_member_is_listed_as_any_user_is() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let pool = &client.pool;
    client
        .user("ana")
        .attribute("name", "Ana")
        .confirmed()
        .await;
    pool.group("staff").await;
    pool.add_to_group("ana", "staff").await.unwrap();
    let all = server.call::<op::ListUsers>(json!({"UserPoolId": pool.id}));
    let all = serde_json::to_value(all.await.unwrap().users).unwrap();
    let members = pool.on_group::<op::ListUsersInGroup>("staff", json!({}));
    let members = serde_json::to_value(members.await.unwrap().users).unwrap();
    assert_eq!(members, all);
    assert_eq!(members[0]["Username"], "ana");
}

#[tokio::test]
async fn every_way_to_tokens_tells_the_groups_and_their_roles() {
    for_each_database(async |server| {
        let ana = ana_with_groups(&server).await;
        let names = json!(["admins", "staff", "all"]);
        let id = json!({
            "cognito:groups": names, "cognito:roles": [role("staff"), role("all")],
            "cognito:preferred_role": role("staff"),
        });
        let expected = [id, json!({ "cognito:groups": names })];
        let first = ana.sign_in().await.unwrap();
        assert_eq!(of_groups(&first), expected);
        assert_eq!(of_groups(&ana.sign_in_srp().await.unwrap()), expected);
        let by_operator = ana.initiate_by_operator().await.unwrap();
        let by_operator = Tokens::of(by_operator.authentication_result.unwrap());
        assert_eq!(of_groups(&by_operator), expected);
        let refreshed = ana.refresh(first.refresh()).await.unwrap();
        assert_eq!(of_groups(&refreshed), expected);
        let rotating = ana.at(&ana.client.pool.client().rotation(10).await);
        let first = rotating.sign_in().await.unwrap();
        // The second comes within the grace period.
        for _ in 0..2 {
            let rotated = rotating.rotate(first.refresh()).await.unwrap();
            assert_eq!(of_groups(&rotated), expected);
        }
        rotating.get_user(&first.access).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn the_next_tokens_tell_what_has_changed() {
    for_each_database(async |server| {
        let ana = server.confirmed_user("ana").await;
        let pool = &ana.client.pool;
        let tokens = ana.sign_in().await.unwrap();
        assert_eq!(of_groups(&tokens), [json!({}), json!({})]);
        let next = async || {
            let [id, access] = of_groups(&ana.refresh(tokens.refresh()).await.unwrap());
            assert_eq!(id.get("cognito:groups"), access.get("cognito:groups"));
            id
        };
        pool.create_group("a", json!({"RoleArn": role("admin-a"), "Precedence": 1}))
            .await
            .unwrap();
        pool.add_to_group("ana", "a").await.unwrap();
        let with_a = json!({
            "cognito:groups": ["a"], "cognito:roles": [role("admin-a")],
            "cognito:preferred_role": role("admin-a"),
        });
        assert_eq!(next().await, with_a);
        pool.create_group("b", json!({"RoleArn": role("admin-b"), "Precedence": 1}))
            .await
            .unwrap();
        pool.add_to_group("ana", "b").await.unwrap();
        let tie = json!({"cognito:groups": ["a", "b"], "cognito:roles": [role("admin-a"), role("admin-b")]});
        assert_eq!(next().await, tie);
        let precede = pool.on_group::<op::UpdateGroup>("b", json!({"Precedence": 0}));
        precede.await.unwrap();
        let b_first = json!({
            "cognito:groups": ["b", "a"], "cognito:roles": [role("admin-b"), role("admin-a")],
            "cognito:preferred_role": role("admin-b"),
        });
        assert_eq!(next().await, b_first);
        pool.delete_group("b").await.unwrap();
        assert_eq!(next().await, with_a);
        pool.group("b").await;
        assert_eq!(next().await, with_a);
        pool.remove_from_group("ana", "a").await.unwrap();
        assert_eq!(next().await, json!({}));
    })
    .await;
}

#[tokio::test]
async fn who_takes_the_name_of_a_deleted_user_is_in_no_group() {
    for_each_database(async |server| {
        let ana = ana_with_groups(&server).await;
        let pool = &ana.client.pool;
        pool.delete_user("ana").await;
        assert!(members_of(pool, "staff").await.is_empty());
        ana.client.user("ana").confirmed().await;
        assert!(groups_of(pool, "ana").await.is_empty());
        let tokens = ana.sign_in().await.unwrap();
        assert_eq!(of_groups(&tokens), [json!({}), json!({})]);
    })
    .await;
}

#[tokio::test]
async fn a_user_is_in_a_hundred_groups_with_the_longest_names_and_in_no_more() {
    for_each_database(async |server| {
        let ana = server.confirmed_user("ana").await;
        let pool = &ana.client.pool;
        // Three bytes a character.
        let name = |number: usize| format!("{number:03}{}", "漢".repeat(125));
        for number in 0..102 {
            pool.group(&name(number)).await;
        }
        for number in 0..99 {
            pool.add_to_group("ana", &name(number)).await.unwrap();
        }
        // Of three at once one is the last.
        let names = [99, 100, 101].map(name);
        let add = |at: usize| pool.add_to_group("ana", &names[at]);
        let added = <[_; 3]>::from(tokio::join!(add(0), add(1), add(2)));
        let errors = added.into_iter().filter_map(Result::err);
        let told: Vec<_> = errors.map(|error| (error.code, error.message)).collect();
        let limit = (
            "InvalidParameterException",
            "A user is in 100 groups at most.",
        );
        let limit = (limit.0.to_owned(), limit.1.to_owned());
        assert_eq!(told, [limit.clone(), limit]);
        // Who is in it already is not told of the limit.
        pool.add_to_group("ana", &name(0)).await.unwrap();
        let tokens = ana.sign_in().await.unwrap();
        let told = claims(&tokens.access)["cognito:groups"]
            .as_array()
            .unwrap()
            .len();
        assert_eq!(told, 100);
        ana.get_user(&tokens.access).await.unwrap();
        // A group that is gone makes room.
        pool.group("another").await;
        pool.delete_group(&name(0)).await.unwrap();
        pool.add_to_group("ana", "another").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn members_and_groups_are_listed_in_pages() {
    for_each_database(async |server| {
        let pool = server.pool().await;
        for group in ["staff", "other"] {
            pool.group(group).await;
        }
        for n in 0..5 {
            let name = format!("user{n}");
            pool.invite(&name, "Temporary-1!", &[]).await;
            pool.add_to_group(&name, "staff").await.unwrap();
        }
        pool.add_to_group("user0", "other").await.unwrap();
        let list = async |group: &str, limit: Option<i32>, token: Option<String>| {
            let members = json!({"Limit": limit, "NextToken": token});
            pool.on_group::<op::ListUsersInGroup>(group, members).await
        };
        let first = list("staff", Some(2), None).await.unwrap();
        // Who joins and leaves in between holds up nobody.
        pool.invite("late", "Temporary-1!", &[]).await;
        pool.add_to_group("late", "staff").await.unwrap();
        let (mut names, mut token) = (Vec::new(), first.next_token.clone());
        names.extend(first.users.unwrap().into_iter().map(|user| user.username.unwrap()));
        while token.is_some() {
            let page = list("staff", Some(2), token).await.unwrap();
            names.extend(page.users.unwrap().into_iter().map(|user| user.username.unwrap()));
            token = page.next_token;
        }
        names.retain(|name| name != "late");
        names.sort();
        assert_eq!(names, ["user0", "user1", "user2", "user3", "user4"]);
        let page = list("staff", Some(0), None).await.unwrap();
        assert_eq!((page.users.unwrap().len(), page.next_token), (6, None));

        let groups = async |username: &str, limit: i32, token: Option<String>| {
            let input = json!({"UserPoolId": pool.id, "Username": username, "Limit": limit, "NextToken": token});
            server.call::<op::AdminListGroupsForUser>(input).await
        };
        let one = groups("user0", 1, None).await.unwrap();
        let two = groups("user0", 1, one.next_token.clone()).await.unwrap();
        let name = |page: Option<Vec<cognate_api::idp::GroupType>>| page.unwrap()[0].group_name.clone();
        assert_eq!((name(one.groups), name(two.groups)), (Some("other".into()), Some("staff".into())));
        assert_eq!(two.next_token, None);

        // A token leads on in its own list only, not even in that of a group with the same name.
        let told = |error: ApiError| error.message;
        let token = first.next_token;
        let invalid = "Invalid pagination token given.";
        assert_eq!(told(refused(list("other", None, token.clone()).await)), invalid);
        assert_eq!(told(refused(groups("user1", 1, one.next_token).await)), invalid);
        pool.delete_group("staff").await.unwrap();
        pool.group("staff").await;
        assert_eq!(told(refused(list("staff", None, token).await)), invalid);
    })
    .await;
}
