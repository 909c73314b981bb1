//! Who may call the signed operations: Signature Version 4 and the policies of access keys.

use cognate_crypto::secret::SecretString;
use cognate_testkit::{Call, TestServer, for_each_database, op, refused};
use serde_json::{Value, json};

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and \
signing method. Consult the service documentation for details.";

fn list(server: &TestServer) -> Call {
    server.prepare::<op::ListUserPools>(json!({"MaxResults": 1}))
}

/// The Authorization header that a call would carry.
fn authorization(call: &Call) -> String {
    call.clone().request().headers()["authorization"]
        .to_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_signed_request_is_answered() {
    for_each_database(async |server| {
        list(&server).send().await.success().unwrap();
    })
    .await;
}

#[tokio::test]
async fn without_a_signature_there_is_no_answer() {
    let server = TestServer::start().await;
    let error = list(&server).unsigned().send().await.error();
    assert_eq!(
        error.told(),
        (
            "MissingAuthenticationTokenException",
            "Missing Authentication Token"
        )
    );
    assert_eq!(error.status, 400);
}

#[tokio::test]
async fn a_header_that_is_no_signature_is_told_what_it_lacks() {
    let server = TestServer::start().await;
    let good = authorization(&list(&server));
    for (header, part) in [
        ("Basic YWxhZGRpbjpvcGVuc2VzYW1l".to_owned(), "algorithm"),
        ("AWS4-HMAC-SHA256".to_owned(), "'Credential'"),
        (
            good.split(", Signature=").next().unwrap().to_owned(),
            "'Signature'",
        ),
        (good.replace("SignedHeaders=", "Headers="), "parameter"),
        (good.replace("/aws4_request", ""), "Credential"),
        (good.replace("Signature=", "Signature=zz"), "Signature"),
        (format!("{good}, Signature={}", "0".repeat(64)), "parameter"),
        (
            good.replace("content-type;host", "host;content-type"),
            "SignedHeaders",
        ),
    ] {
        let error = list(&server)
            .header_after_signing("authorization", &header)
            .send()
            .await
            .error();
        assert_eq!(error.code, "IncompleteSignatureException", "{header}");
        assert!(error.message.contains(part), "{header}: {}", error.message);
    }
}

#[tokio::test]
async fn a_key_that_nobody_made_or_that_was_deleted_is_unknown() {
    let server = TestServer::start().await;
    let told = (
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    );
    let mut stranger = server.key().clone();
    stranger.id = "AKIAAAAAAAAAAAAAAAAA".to_owned();
    assert_eq!(
        list(&server)
            .signed_by(&stranger)
            .send()
            .await
            .error()
            .told(),
        told
    );
    let short_lived = server.access_key("short-lived", &allow("*", "*")).await;
    let node = server.node();
    cognate_service::access_keys::delete(&server.app().db, "short-lived")
        .await
        .unwrap();
    assert_eq!(
        list(&node)
            .signed_by(&short_lived)
            .send()
            .await
            .error()
            .told(),
        told
    );
    let with_token = list(&server).header("x-amz-security-token", "FwoGZXIvYXdzE");
    assert_eq!(with_token.send().await.error().told(), told);
}

#[tokio::test]
async fn another_secret_or_a_changed_body_makes_another_signature() {
    let server = TestServer::start().await;
    let mut guessed = server.key().clone();
    guessed.secret = SecretString::from("guessed");
    let error = list(&server).signed_by(&guessed).send().await.error();
    assert_eq!(error.code, "InvalidSignatureException");
    assert!(
        MISMATCH.starts_with(error.message.trim_end_matches('.')) || error.message == MISMATCH,
        "{}",
        error.message
    );
    let body = list(&server).body_after_signing(r#"{"MaxResults": 60}"#);
    assert_eq!(body.send().await.error().code, "InvalidSignatureException");
    let target = list(&server).header_after_signing(
        "x-amz-target",
        "AWSCognitoIdentityProviderService.CreateUserPool",
    );
    assert_eq!(
        target.send().await.error().code,
        "InvalidSignatureException"
    );
}

#[tokio::test]
async fn the_hash_of_the_body_cannot_be_left_out_of_the_signature() {
    let server = TestServer::start().await;
    for stated in [
        "UNSIGNED-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        &"0".repeat(64),
    ] {
        let error = list(&server)
            .header("x-amz-content-sha256", stated)
            .send()
            .await
            .error();
        assert_eq!(error.code, "InvalidSignatureException", "{stated}");
    }
}

#[tokio::test]
async fn a_header_of_awss_that_is_not_signed_makes_the_request_void() {
    let server = TestServer::start().await;
    let smuggled = list(&server).header_after_signing("x-amz-user-agent", "evil");
    let error = smuggled.send().await.error();
    assert_eq!(error.code, "InvalidSignatureException");
    assert!(
        error.message.contains("x-amz-user-agent"),
        "{}",
        error.message
    );
    // What proxies and SDKs add is none of AWS's.
    list(&server)
        .header_after_signing("x-forwarded-for", "203.0.113.9")
        .send()
        .await
        .success()
        .unwrap();
}

#[tokio::test]
async fn a_date_is_within_five_minutes_of_the_servers() {
    let server = TestServer::start().await;
    let at = |offset: i64| {
        list(&server)
            .signed_at(server.now().0 + offset * 1000)
            .send()
    };
    at(300).await.success().unwrap();
    at(-300).await.success().unwrap();
    let error = at(-301).await.error();
    assert_eq!(error.code, "InvalidSignatureException");
    let sentence = "Signature expired: 20260701T115459Z is now earlier than 20260701T115500Z (20260701T120000Z - 5 min.)";
    assert_eq!(error.message, sentence);
    let error = at(301).await.error();
    assert_eq!(
        error.message,
        "Signature not yet current: 20260701T120501Z is still later than 20260701T120500Z (20260701T120000Z + 5 min.)"
    );
}

#[tokio::test]
async fn a_signature_for_another_region_or_service_is_refused() {
    let server = TestServer::start().await;
    let region = list(&server)
        .signed_by(&server.key().clone().for_region("eu-west-1"))
        .send()
        .await
        .error();
    assert_eq!(
        region.told(),
        (
            "InvalidSignatureException",
            "Credential should be scoped to a valid region."
        )
    );
    let service = list(&server)
        .signed_by(&server.key().clone().for_service("sts"))
        .send()
        .await
        .error();
    assert_eq!(
        service.told(),
        (
            "InvalidSignatureException",
            "Credential should be scoped to correct service: 'cognito-idp'."
        )
    );
}

fn allow(action: &str, resource: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]})
}

fn arn(pool: &str) -> String {
    format!("arn:aws:cognito-idp:us-east-1:123456789012:userpool/{pool}")
}

#[tokio::test]
async fn what_a_policy_does_not_allow_is_denied_in_awss_words() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    let reader = server
        .access_key("reader", &allow("cognito-idp:List*", "*"))
        .await;
    list(&server)
        .signed_by(&reader)
        .send()
        .await
        .success()
        .unwrap();
    let call = server.prepare::<op::DeleteUserPool>(json!({"UserPoolId": pool.id}));
    let error = call.signed_by(&reader).send().await.error();
    let sentence = format!(
        "User: arn:aws:iam::123456789012:user/reader is not authorized to perform: cognito-idp:DeleteUserPool on resource: {} because no \
         identity-based policy allows the cognito-idp:DeleteUserPool action",
        arn(&pool.id)
    );
    assert_eq!(error.told(), ("AccessDeniedException", sentence.as_str()));
    server
        .call::<op::DescribeUserPool>(json!({"UserPoolId": pool.id}))
        .await
        .ok()
        .unwrap();
}

#[tokio::test]
async fn a_key_for_one_pool_reaches_no_other() {
    for_each_database(async |server| {
        let (mine, other) = (server.pool().await, server.pool().await);
        let key = server
            .access_key("mine", &allow("cognito-idp:*", &arn(&mine.id)))
            .await;
        let listed = |pool: &str| {
            server
                .prepare::<op::ListUsers>(json!({"UserPoolId": pool}))
                .signed_by(&key)
                .send()
        };
        listed(&mine.id).await.success().unwrap();
        // Nor one that is written like it, nor all of them.
        let upper = mine.id.to_uppercase();
        for pool in [other.id.as_str(), &upper, "us-east-1_nobody123", "*"] {
            let error = listed(pool).await.error();
            assert!(
                error.code == "AccessDeniedException" || error.code == "InvalidParameterException",
                "{pool}: {error:?}"
            );
        }
        assert_eq!(
            list(&server).signed_by(&key).send().await.error().code,
            "AccessDeniedException"
        );
        let create = server
            .prepare::<op::CreateUserPool>(json!({"PoolName": "x"}))
            .signed_by(&key);
        assert_eq!(create.send().await.error().code, "AccessDeniedException");
        // A client of another pool is not reached by naming the pool that is allowed.
        let foreign = other.client().await;
        let input = json!({"UserPoolId": mine.id, "ClientId": foreign.id});
        let call = server
            .prepare::<op::DescribeUserPoolClient>(input)
            .signed_by(&key);
        assert_eq!(call.send().await.error().code, "ResourceNotFoundException");
    })
    .await;
}

#[tokio::test]
async fn an_explicit_deny_wins() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "cognito-idp:Delete*", "Resource": arn(&pool.id)},
    ]});
    let careful = server.access_key("careful", &policy).await;
    let error = server
        .prepare::<op::DeleteUserPool>(json!({"UserPoolId": pool.id}))
        .signed_by(&careful)
        .send()
        .await
        .error();
    assert_eq!(error.code, "AccessDeniedException");
    assert!(
        error
            .message
            .ends_with("with an explicit deny in an identity-based policy"),
        "{}",
        error.message
    );
    let other = server.pool().await;
    let call = server
        .prepare::<op::DeleteUserPool>(json!({"UserPoolId": other.id}))
        .signed_by(&careful);
    call.send().await.success().unwrap();
}

#[tokio::test]
async fn public_operations_need_no_signature_and_care_for_none() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let call = server.prepare::<op::SignUp>(client.user("ana").input());
    call.header("authorization", "AWS4-HMAC-SHA256 nonsense")
        .send()
        .await
        .success()
        .unwrap();
}

#[tokio::test]
async fn what_may_be_signed_or_not_is_anybodys_without_a_signature_and_checked_with_one() {
    let server = TestServer::start().await;
    // It is not built, which is said to those alone who pass the door.
    let call =
        || server.prepare::<op::GetClientToken>(json!({"ClientId": "nobody", "Secret": "x"}));
    let passed = "UnsupportedOperationException";
    assert_eq!(call().send().await.error().code, passed);
    let signed = call().signed_by(server.key());
    assert_eq!(signed.send().await.error().code, passed);
    let mut stranger = server.key().clone();
    stranger.id = "AKIAAAAAAAAAAAAAAAAA".to_owned();
    let mut guessed = server.key().clone();
    guessed.secret = SecretString::from("guessed");
    for (call, code) in [
        (call().signed_by(&stranger), "UnrecognizedClientException"),
        (call().signed_by(&guessed), "InvalidSignatureException"),
        (
            call().header("authorization", "Bearer x"),
            "IncompleteSignatureException",
        ),
        (
            call().path("/", "/?X-Amz-Signature=00"),
            "IncompleteSignatureException",
        ),
    ] {
        assert_eq!(call.send().await.error().code, code);
    }
    let development = TestServer::builder().development().start().await;
    let page = |call: Call| call.header("origin", "https://evil.example");
    let call = development.prepare::<op::GetClientToken>(json!({}));
    assert_eq!(page(call.clone()).send().await.error().code, passed);
    let signed = page(call).signed_by(development.key());
    assert_eq!(signed.send().await.error().code, "AccessDeniedException");
}

#[tokio::test]
async fn development_mode_takes_anybody_but_pages_of_other_origins() {
    let server = TestServer::builder().development().start().await;
    list(&server).unsigned().send().await.success().unwrap();
    list(&server)
        .unsigned()
        .header("authorization", "anything")
        .send()
        .await
        .success()
        .unwrap();
    list(&server)
        .unsigned()
        .header("origin", "http://localhost:3000")
        .send()
        .await
        .success()
        .unwrap();
    let page = list(&server)
        .unsigned()
        .header("origin", "https://evil.example")
        .send()
        .await
        .error();
    assert_eq!(page.code, "AccessDeniedException");
}

#[tokio::test]
async fn what_a_caller_may_not_do_is_not_tried_whatever_the_input_says() {
    let server = TestServer::start().await;
    let nothing = server.access_key("nothing", &allow("sts:*", "*")).await;
    let call = server.prepare::<op::AdminCreateUser>(
        json!({"UserPoolId": "us-east-1_nobody123", "Username": "ana"}),
    );
    let error = call.signed_by(&nothing).send().await.error();
    // Not whether there is such a pool.
    assert_eq!(error.code, "AccessDeniedException");
    let pool = server.pool().await;
    let input = json!({"UserPoolId": pool.id, "Username": "ana", "MessageAction": "SUPPRESS"});
    let call = server
        .prepare::<op::AdminCreateUser>(input)
        .signed_by(&nothing);
    assert_eq!(call.send().await.error().code, "AccessDeniedException");
    assert_eq!(
        refused(pool.user("ana").await).code,
        "UserNotFoundException"
    );
}
