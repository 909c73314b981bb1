//! Users who never confirmed their sign-up, found and cleared while the server runs.

use cognate_service::unconfirmed_users::{UnconfirmedUser, UnconfirmedUsers};
use cognate_testkit::{TestServer, days, for_each_database, hours};

async fn older_than_a_week<'a>(server: &'a TestServer, pool: &str) -> UnconfirmedUsers<'a> {
    let app = server.app();
    UnconfirmedUsers::of(&app.db, &app.clock, pool, days(7))
        .await
        .unwrap()
}

async fn names(users: &UnconfirmedUsers<'_>, after: Option<&UnconfirmedUser>) -> Vec<String> {
    let page = users.page(after).await.unwrap();
    page.into_iter().map(|user| user.username).collect()
}

#[tokio::test]
async fn old_unconfirmed_users_are_listed_and_deleted_and_nobody_else() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let other = server.pool().await.client().await;
        client.user("first").await;
        server.advance(hours(1));
        client.user("second").await;
        client.user("confirmed").confirmed().await;
        client.pool.invite("invited", "Temporary-1!", &[]).await;
        other.user("elsewhere").await;
        server.advance(days(7) + hours(1));
        let young = client.user("young").await;
        let users = older_than_a_week(&server, &client.pool.id).await;
        assert_eq!(names(&users, None).await, ["first", "second"]);
        let first = users.page(None).await.unwrap().remove(0);
        assert_eq!(names(&users, Some(&first)).await, ["second"]);
        assert_eq!(users.delete_some().await.unwrap(), 2);
        assert_eq!(users.delete_some().await.unwrap(), 0);
        for (name, is_there) in [
            ("first", false),
            ("second", false),
            ("confirmed", true),
            ("invited", true),
            ("young", true),
        ] {
            assert_eq!(client.pool.user(name).await.is_ok(), is_there, "{name}");
        }
        assert!(other.pool.user("elsewhere").await.is_ok());
        young.confirm(&young.last_code().await).await.unwrap();
        // The names are free again, and with them the codes are gone.
        let again = client.user("first").await;
        again.confirm(&again.last_code().await).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn many_are_deleted_a_hundred_at_a_time() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        for n in 0..101 {
            client.user(&format!("user{n}")).without_address().await;
        }
        server.advance(days(8));
        let users = older_than_a_week(&server, &client.pool.id).await;
        assert_eq!(names(&users, None).await.len(), 101);
        assert_eq!(users.delete_some().await.unwrap(), 100);
        assert_eq!(users.delete_some().await.unwrap(), 1);
        assert_eq!(users.delete_some().await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_pool_that_is_not_there_is_told() {
    let server = TestServer::start().await;
    let app = server.app();
    for pool in ["us-east-1_nobody123", "x"] {
        let error = UnconfirmedUsers::of(&app.db, &app.clock, pool, days(7))
            .await
            .err()
            .unwrap();
        assert_eq!(error.to_string(), format!("there is no user pool «{pool}»"));
    }
}
