//! Groups of a pool: made, read, changed, deleted, listed.

use cognate_testkit::{TestPool, TestServer, for_each_database, op, refused, seconds};
use serde_json::{Value, json};

const NOT_FOUND: (&str, &str) = ("ResourceNotFoundException", "Group not found.");
const ROLE: &str = "arn:aws:iam::000000000000:role/staff";

/// What is told of a group, without its pool and its times.
async fn settings(pool: &TestPool, name: &str) -> Value {
    let mut shown = serde_json::to_value(pool.get_group(name).await.unwrap()).unwrap();
    for member in ["UserPoolId", "CreationDate", "LastModifiedDate"] {
        shown.as_object_mut().unwrap().remove(member).unwrap();
    }
    shown
}

async fn update(pool: &TestPool, name: &str, members: Value) {
    let updated = pool.on_group::<op::UpdateGroup>(name, members).await;
    let updated = serde_json::to_value(updated.unwrap().group.unwrap()).unwrap();
    let shown = serde_json::to_value(pool.get_group(name).await.unwrap()).unwrap();
    assert_eq!(updated, shown);
}

#[tokio::test]
async fn a_group_is_told_as_it_was_made_until_it_is_deleted() {
    for_each_database(async |server| {
        let pool = server.pool().await;
        let whole = json!({"Description": "Who works here", "RoleArn": ROLE, "Precedence": 0});
        let made = pool.create_group("staff", whole.clone()).await.unwrap();
        let made = serde_json::to_value(made).unwrap();
        let now = server.now().0;
        let times = ["CreationDate", "LastModifiedDate"].map(|name| made[name].as_f64().unwrap());
        assert_eq!(times, [now as f64 / 1000.0; 2]);
        assert_eq!(made["UserPoolId"], json!(pool.id));
        let found = serde_json::to_value(pool.get_group("staff").await.unwrap()).unwrap();
        assert_eq!(found, made);
        let mut named = whole;
        named["GroupName"] = "staff".into();
        assert_eq!(settings(&pool, "staff").await, named);

        let taken = refused(pool.create_group("staff", json!({})).await);
        let says = (
            "GroupExistsException",
            "A group with the name already exists.",
        );
        assert_eq!(taken.told(), says);
        // Another name, and another pool.
        pool.group("Staff").await;
        server.pool().await.group("staff").await;

        pool.delete_group("staff").await.unwrap();
        assert_eq!(refused(pool.get_group("staff").await).told(), NOT_FOUND);
        assert_eq!(refused(pool.delete_group("staff").await).told(), NOT_FOUND);
        assert_eq!(
            settings(&pool, "Staff").await,
            json!({"GroupName": "Staff"})
        );
    })
    .await;
}

#[tokio::test]
async fn an_update_changes_what_it_names() {
    for_each_database(async |server| {
        let pool = server.pool().await;
        let whole = json!({"Description": "a", "RoleArn": ROLE, "Precedence": 5});
        pool.create_group("staff", whole.clone()).await.unwrap();
        server.advance(seconds(1));
        update(&pool, "staff", json!({"Description": "b", "Precedence": 0})).await;
        let now =
            json!({"GroupName": "staff", "Description": "b", "RoleArn": ROLE, "Precedence": 0});
        assert_eq!(settings(&pool, "staff").await, now);
        update(&pool, "staff", json!({})).await;
        assert_eq!(settings(&pool, "staff").await, now);
        let other = ROLE.replace("staff", "other");
        update(&pool, "staff", json!({"Description": "", "RoleArn": other})).await;
        let now = json!({"GroupName": "staff", "RoleArn": other, "Precedence": 0});
        assert_eq!(settings(&pool, "staff").await, now);
        let shown = serde_json::to_value(pool.get_group("staff").await.unwrap()).unwrap();
        let span =
            shown["LastModifiedDate"].as_f64().unwrap() - shown["CreationDate"].as_f64().unwrap();
        assert!((span - 1.0).abs() < 0.001, "{shown}");
    })
    .await;
}

#[tokio::test]
async fn updates_at_once_lose_nothing() {
    for_each_database(async |server| {
        let pool = server.pool().await;
        pool.group("staff").await;
        let change = |members: Value| pool.on_group::<op::UpdateGroup>("staff", members);
        let (one, two, three) = tokio::join!(
            change(json!({"Description": "a"})),
            change(json!({"RoleArn": ROLE})),
            change(json!({"Precedence": 7})),
        );
        for changed in [one, two, three] {
            changed.unwrap();
        }
        let all =
            json!({"GroupName": "staff", "Description": "a", "RoleArn": ROLE, "Precedence": 7});
        assert_eq!(settings(&pool, "staff").await, all);
    })
    .await;
}

#[tokio::test]
async fn of_many_who_make_the_last_group_of_a_pool_at_once_one_does() {
    for_each_database(async |server| {
        let pool = server.pool().await;
        pool.group("first").await;
        let fill = async |tx: &mut cognate_store::Tx| {
            tx.execute("UPDATE group_numbers SET number = 9999", &[])
                .await
        };
        server.app().db.write("fill", fill).await.unwrap();
        let make = async |name: &str| match pool.create_group(name, json!({})).await {
            Ok(_) => "made".to_owned(),
            Err(error) => error.code,
        };
        let made = tokio::join!(make("a"), make("b"), make("c"), make("d"));
        let mut made = <[String; 4]>::from(made);
        made.sort();
        let limit = "LimitExceededException";
        assert_eq!(made, [limit, limit, limit, "made"]);
        pool.delete_group("first").await.unwrap();
        pool.group("first").await;
    })
    .await;
}

#[tokio::test]
async fn groups_are_listed_by_their_names_in_pages() {
    for_each_database(async |server| {
        let (pool, other) = (server.pool().await, server.pool().await);
        for name in ["delta", "Beta", "alpha", "gamma", "été"] {
            pool.create_group(name, json!({"Precedence": 1}))
                .await
                .unwrap();
        }
        other.group("elsewhere").await;
        let list = async |pool: &TestPool, limit: Option<i32>, token: Option<String>| {
            let input = json!({"UserPoolId": pool.id, "Limit": limit, "NextToken": token});
            server.call::<op::ListGroups>(input).await
        };
        let (mut names, mut token, mut pages) = (Vec::new(), None, 0);
        loop {
            let page = list(&pool, Some(2), token).await.unwrap();
            names.extend(
                page.groups
                    .unwrap()
                    .into_iter()
                    .map(|group| group.group_name.unwrap()),
            );
            pages += 1;
            token = page.next_token;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(
            (pages, names),
            (
                3,
                ["Beta", "alpha", "delta", "gamma", "été"]
                    .map(str::to_owned)
                    .to_vec()
            )
        );
        for limit in [None, Some(0), Some(60)] {
            let page = list(&pool, limit, None).await.unwrap();
            assert_eq!((page.groups.unwrap().len(), page.next_token), (5, None));
        }
        let token = list(&pool, Some(2), None).await.unwrap().next_token;
        let error = refused(list(&other, None, token).await);
        assert_eq!(error.message, "Invalid pagination token given.");
    })
    .await;
}

#[tokio::test]
async fn a_precedence_is_no_negative_number() {
    let pool = TestServer::start().await.pool().await;
    for (precedence, code) in [
        (json!(-1), "InvalidParameterException"),
        (json!(2_147_483_648_i64), "SerializationException"),
    ] {
        let error = refused(
            pool.create_group("g", json!({"Precedence": precedence}))
                .await,
        );
        assert_eq!(error.code, code, "{error:?}");
    }
    let most = json!({"Precedence": i32::MAX});
    pool.create_group("g", most).await.unwrap();
    assert_eq!(settings(&pool, "g").await["Precedence"], json!(i32::MAX));
}
