//! Whose address counts behind a proxy.

use cognate_testkit::{Call, TestServer, op};
use serde_json::json;

/// A wrong code, by somebody behind the proxy at 127.0.0.1 who says so in X-Forwarded-For.
fn guess(server: &TestServer, client: &str, n: usize, forwarded: &str) -> Call {
    let input =
        json!({"ClientId": client, "Username": format!("guess{n}"), "ConfirmationCode": "123456"});
    let call = server.prepare::<op::ConfirmSignUp>(input);
    call.header("x-forwarded-for", forwarded)
}

async fn code(call: Call) -> String {
    call.send().await.error().code
}

#[tokio::test]
async fn who_says_to_be_loopback_has_no_more_guesses_than_others() {
    for claimed in [
        "127.0.0.1",
        "::1",
        "::ffff:127.0.0.1",
        "203.0.113.9, 127.0.0.1",
    ] {
        let server = TestServer::builder()
            .behind(["127.0.0.1", "::1"])
            .start()
            .await;
        let client = server.pool().await.client().await;
        let mut n = 0;
        while code(guess(&server, &client.id, n, claimed)).await == "CodeMismatchException" {
            n += 1;
            assert!(n < 1000, "{claimed} is never refused");
        }
        let refused = code(guess(&server, &client.id, n, claimed)).await;
        assert_eq!(refused, "TooManyRequestsException", "{claimed} after {n}");
    }
}

#[tokio::test]
async fn the_machine_itself_is_not_counted() {
    let server = TestServer::builder().behind(["127.0.0.1"]).start().await;
    let client = server.pool().await.client().await;
    for n in 0..150 {
        let input = json!({"ClientId": client.id, "Username": format!("guess{n}"), "ConfirmationCode": "123456"});
        let call = server.prepare::<op::ConfirmSignUp>(input);
        assert_eq!(code(call).await, "CodeMismatchException");
    }
}
