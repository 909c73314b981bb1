//! Settings of the server for one user pool or app client, which `cognate setting` changes.

use cognate_service::server_settings::{self, Subject};
use cognate_testkit::{TestClient, TestServer, for_each_database, op, refused};
use serde_json::json;

const SPENT: (&str, &str) = (
    "LimitExceededException",
    "Exceeded the hourly message limit of the user pool, please try after some time.",
);

fn of_pool(client: &TestClient) -> Subject {
    Subject {
        pool: client.pool.id.clone(),
        client: None,
    }
}

fn of_client(client: &TestClient) -> Subject {
    Subject {
        client: Some(client.id.clone()),
        ..of_pool(client)
    }
}

/// What is refused, in words.
async fn refusal(server: &TestServer, of: &Subject, name: &str, value: &str) -> String {
    let set = server_settings::set(&server.app().db, of, name, Some(value)).await;
    set.unwrap_err().to_string()
}

#[tokio::test]
async fn a_pool_sends_no_more_mails_in_an_hour_than_its_setting_allows() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let other = server.pool().await.client().await;
        let (db, of) = (&server.app().db, of_pool(&client));
        server_settings::set(db, &of, "mail-per-hour", Some("1"))
            .await
            .unwrap();
        client.user("ana").await;
        assert_eq!(refused(client.user("eve").sign_up().await).told(), SPENT);
        // The server's own sum is larger, and in force for every other pool.
        other.user("ana").await;
        other.user("eve").await;
    })
    .await;
}

#[tokio::test]
async fn users_do_not_sign_up_through_a_client_whose_sign_up_is_off() {
    for_each_database(async |server| {
        let closed = server.pool().await.client().await;
        let open = closed.pool.client().await;
        let db = &server.app().db;
        server_settings::set(db, &of_client(&closed), "sign-up", Some("off"))
            .await
            .unwrap();
        assert_eq!(
            refused(closed.user("ana").sign_up().await).told(),
            (
                "NotAuthorizedException",
                "SignUp is not permitted for this user pool"
            )
        );
        open.user("ana").await;
    })
    .await;
}

#[tokio::test]
async fn a_setting_comes_back_until_it_is_taken_away_or_its_client_is_deleted() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let db = &server.app().db;
        for of in [of_pool(&client), of_client(&client)] {
            let name = server_settings::list(db, &of).await.unwrap()[0].name;
            let value = if of.client.is_some() { "on" } else { "7" };
            for value in [Some(value), None] {
                server_settings::set(db, &of, name, value).await.unwrap();
                let all = server_settings::list(db, &of).await.unwrap();
                assert_eq!(all[0].value.as_deref(), value);
            }
        }
        let ids = json!({"UserPoolId": client.pool.id, "ClientId": client.id});
        server.call::<op::DeleteUserPoolClient>(ids).await.unwrap();
        let gone = server_settings::list(db, &of_client(&client)).await;
        assert!(gone.unwrap_err().to_string().contains("no app client"));
    })
    .await;
}

#[tokio::test]
async fn what_is_no_setting_no_value_and_no_pool_is_refused_in_words() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let stranger = server.pool().await.client().await;
    let foreign = Subject {
        client: Some(stranger.id.clone()),
        ..of_pool(&client)
    };
    let nowhere = Subject {
        pool: "us-east-1_nowhere".to_owned(),
        client: None,
    };
    for (of, name, value, words) in [
        (
            of_pool(&client),
            "sign-up",
            "off",
            "there is no setting «sign-up»",
        ),
        (
            of_client(&client),
            "sign-up",
            "false",
            "sign-up takes on or off, not «false»",
        ),
        (
            of_pool(&client),
            "sms-per-hour",
            "-1",
            "sms-per-hour takes a number",
        ),
        (foreign, "sign-up", "off", "the user pool has no app client"),
        (
            nowhere,
            "sms-per-hour",
            "1",
            "there is no user pool «us-east-1_nowhere»",
        ),
    ] {
        let error = refusal(&server, &of, name, value).await;
        assert!(error.starts_with(words), "{error}");
    }
}
