//! The page behind the links of confirmation mails: it takes what went out as a link, and is of no
//! use against anything else.

use axum::body::{Body, to_bytes};
use axum::http::Request;
use cognate_testkit::{TestClient, TestServer, for_each_database, refused};

use crate::sentences::{TOO_OFTEN, other_than};

/// What the page answers to its button: status and text.
async fn press(client: &TestClient, user_name: &str, code: &str) -> (u16, String) {
    let server = &client.pool.server;
    let form = format!(
        "client_id={}&user_name={user_name}&confirmation_code={code}",
        client.id
    );
    let request = Request::post("/confirmUser")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form))
        .unwrap();
    let answer = server.raw(request).await;
    let status = answer.status().as_u16();
    let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// The code in the newest link to an address.
async fn linked_code(server: &TestServer, address: &str) -> String {
    let mail = server.mailbox(address).await;
    let (_, code) = mail.last_text().split_once("confirmation_code=").unwrap();
    code.chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect()
}

#[tokio::test]
async fn the_page_takes_no_code_that_went_out_as_digits() {
    for_each_database(async |server| {
        let pool = server.pool().await;
        for client in [pool.client().await, pool.client().secret().await] {
            let name = format!("ana{}", client.secret.is_some());
            let ana = client.user(&name).await;
            let code = ana.last_code().await;
            assert_eq!(press(&client, &name, &code).await.0, 400);
            assert_eq!(pool.status(&name).await, "UNCONFIRMED");
            ana.confirm(&code).await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn wrong_guesses_at_the_page_end_no_code_and_use_up_no_limit() {
    for_each_database(async |server| {
        let digits = server.pool().await.client().await;
        let ana = digits.user("ana").await;
        let code = ana.last_code().await;
        for _ in 0..30 {
            assert_eq!(press(&digits, "ana", &other_than(&code)).await.0, 400);
        }
        ana.confirm(&code).await.unwrap();

        let links = server.pool().link().await.client().await;
        links.user("bea").await;
        let code = linked_code(&server, "bea@example.com").await;
        for _ in 0..30 {
            assert_eq!(
                press(&links, "bea", "A1b2C3d4E5f6G7h8I9j0K1l2").await.0,
                400
            );
        }
        assert_eq!(press(&links, "bea", &code).await.0, 200);
        assert_eq!(links.pool.status("bea").await, "CONFIRMED");
    })
    .await;
}

#[tokio::test]
async fn wrong_guesses_of_digits_do_not_end_a_link() {
    let server = TestServer::start().await;
    let client = server.pool().link().await.client().await;
    let ana = client.user("ana").await;
    let code = linked_code(&server, "ana@example.com").await;
    let mut last = refused(ana.confirm("000000").await);
    for _ in 0..20 {
        last = refused(ana.confirm("000000").await);
    }
    assert_eq!(last.told(), TOO_OFTEN);
    assert_eq!(press(&client, "ana", &code).await.0, 200);
}

#[tokio::test]
async fn the_page_answers_alike_whoever_has_the_name() {
    let server = TestServer::start().await;
    for pool in [server.pool().await, server.pool().link().await] {
        let client = pool.client().await;
        client.user("early").await;
        pool.invite("invited", "Temporary-1!", &[]).await;
        let confirm = |pool: String| serde_json::json!({"UserPoolId": pool, "Username": "done"});
        client.user("done").await;
        server
            .call::<cognate_testkit::op::AdminConfirmSignUp>(confirm(pool.id.clone()))
            .await
            .unwrap();
        for code in ["000000", "A1b2C3d4E5f6G7h8I9j0K1l2"] {
            let of_nobody = press(&client, "nobody", code).await;
            assert_eq!(of_nobody.0, 400);
            for name in ["early", "invited", "done"] {
                for _ in 0..7 {
                    assert_eq!(press(&client, name, code).await, of_nobody, "{name}");
                }
            }
        }
    }
}
