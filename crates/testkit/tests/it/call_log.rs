//! What the log says of calls: who did what to which resource, and nothing that users send.

use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex};

use cognate_crypto::secret::SecretString;
use cognate_testkit::{TestServer, op};
use serde_json::{Value, json};
use tracing::subscriber::DefaultGuard;
use tracing::{Dispatch, Level};
use tracing_subscriber::EnvFilter;

/// The lines that are logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A second subscriber that is never set. With one alone, tracing asks only the thread that meets
/// a span first whether anybody listens (tracing-core 0.1, `Rebuilder::JustOne`), and for a test
/// beside this one nobody does: the span would be off for all.
static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| {
    tracing_subscriber::fmt()
        .with_max_level(Level::ERROR)
        .finish()
        .into()
});

impl Log {
    fn at(filter: &str) -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_env_filter(EnvFilter::new(filter))
            .with_writer(move || writer.clone())
            .finish();
        LazyLock::force(&ANOTHER);
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// What was logged since the last time: of each line its level, its outcome, and what its span
    /// knows of the call.
    fn take(&self) -> Vec<Value> {
        let text = self.text();
        self.0.lock().unwrap().clear();
        let lines = text.lines().map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            let span = &line["span"];
            json!({
                "level": line["level"],
                "outcome": line["outcome"],
                "operation": span["operation"],
                "key_id": span["key_id"],
                "key": span["key"],
                "resource": span["resource"],
            })
        });
        lines.collect()
    }
}

fn arn(pool: &str) -> String {
    format!("arn:aws:cognito-idp:us-east-1:123456789012:userpool/{pool}")
}

#[tokio::test]
async fn each_signed_call_is_logged_with_key_operation_resource_and_outcome() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    let (log, _guard) = Log::at("info");
    let described = server.prepare::<op::DescribeUserPool>(json!({"UserPoolId": pool.id}));
    described.clone().send().await.success().unwrap();
    let line = |level: &str, outcome: &str, key: Value, resource: Value| {
        json!({
            "level": level, "outcome": outcome, "operation": "DescribeUserPool",
            "key_id": server.key().id, "key": key, "resource": resource,
        })
    };
    let by_key = |outcome: &str| line("INFO", outcome, json!("testkit"), json!(arn(&pool.id)));
    assert_eq!(log.take(), [by_key("ok")]);

    let gone = json!({"UserPoolId": "us-east-1_nobody123"});
    let missing = server.prepare::<op::DescribeUserPool>(gone);
    let _ = missing.send().await.error();
    let of_nobody = json!(arn("us-east-1_nobody123"));
    let refused = "ResourceNotFoundException";
    assert_eq!(
        log.take(),
        [line("INFO", refused, json!("testkit"), of_nobody)]
    );

    // Whose key it is said to be, and no more, when the signature proves nothing.
    let mut guessed = server.key().clone();
    guessed.secret = SecretString::from("guessed");
    let _ = described.clone().signed_by(&guessed).send().await.error();
    let refused = "InvalidSignatureException";
    assert_eq!(
        log.take(),
        [line("INFO", refused, Value::Null, Value::Null)]
    );

    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "cognito-idp:List*", "Resource": "*"},
    ]});
    let reader = server.access_key("reader", &policy).await;
    let _ = described.clone().signed_by(&reader).send().await.error();
    let [refused] = log.take().try_into().unwrap();
    assert_eq!(refused["outcome"], "AccessDeniedException");
    assert_eq!(refused["key"], "reader");
    assert_eq!(refused["key_id"], json!(reader.id));
    assert_eq!(refused["resource"], json!(arn(&pool.id)));

    server.app().db.close().await;
    let _ = described.send().await.error();
    assert_eq!(log.take()[0]["outcome"], "ServiceUnavailableException");
}

#[tokio::test]
async fn in_development_the_log_says_that_the_key_is_anybodys() {
    let server = TestServer::builder().development().start().await;
    let (log, _guard) = Log::at("info");
    let call = server.prepare::<op::ListUserPools>(json!({"MaxResults": 1}));
    call.unsigned().send().await.success().unwrap();
    let [line] = log.take().try_into().unwrap();
    assert_eq!(line["key"], "any (development)");
    assert_eq!(
        (&line["resource"], &line["outcome"]),
        (&json!("*"), &json!("ok"))
    );
}

#[tokio::test]
async fn what_users_do_is_not_logged_and_what_operators_say_of_users_neither() {
    let server = TestServer::start().await;
    let (log, _guard) = Log::at("info");
    let client = server.pool().await.client().await;
    let ana = client.user("ana.lovelace").email("ana@example.com");
    let ana = ana.confirmed().await;
    let _ = ana.sign_in().await.unwrap();
    let found = client.pool.user("ana.lovelace").await;
    assert!(found.is_ok());
    client.pool.disable("ana.lovelace").await;
    let text = log.text();
    assert!(text.contains("AdminGetUser") && text.contains("AdminDisableUser"));
    assert!(!text.contains("\"InitiateAuth\""), "{text}");
    for private in ["lovelace", "ana@example.com", ana.password.as_str()] {
        assert!(!text.contains(private), "{private}: {text}");
    }
}

#[tokio::test]
async fn a_made_up_token_is_no_news() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let ana = client.user("ana").confirmed().await;
    let tokens = ana.sign_in().await.unwrap();
    let (log, _guard) = Log::at("info");
    // A part of it is another one, so that it looks like a token and does not open.
    let mut parts: Vec<_> = tokens.refresh().split('.').collect();
    let changed = parts[3].chars().rev().collect::<String>();
    parts[3] = &changed;
    let made_up = parts.join(".");
    let refresh = json!({
        "ClientId": client.id, "AuthFlow": "REFRESH_TOKEN_AUTH",
        "AuthParameters": {"REFRESH_TOKEN": made_up},
    });
    let call = server.prepare::<op::InitiateAuth>(refresh);
    assert_eq!(call.send().await.error().code, "NotAuthorizedException");
    let page = json!({"UserPoolId": client.pool.id, "PaginationToken": made_up});
    let call = server.prepare::<op::ListUsers>(page);
    assert_eq!(call.send().await.error().code, "InvalidParameterException");
    let lines = log.take();
    let levels: Vec<_> = lines.iter().map(|line| &line["level"]).collect();
    assert_eq!(levels, ["INFO"], "the signed call alone: {lines:?}");
}
