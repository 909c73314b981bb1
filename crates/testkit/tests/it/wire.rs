//! Hostile and broken HTTP, and what every answer's head says.

use std::io::Write;

use axum::body::Body;
use axum::http::Request;
use cognate_api::Service;
use cognate_testkit::{Answer, TestServer, op};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

async fn sign_up(server: &TestServer, body: impl Into<Vec<u8>>) -> Answer {
    server
        .prepare::<op::SignUp>(json!({}))
        .body(body.into())
        .send()
        .await
}

async fn with_target(server: &TestServer, target: Option<&str>) -> Answer {
    let call = server.prepare::<op::SignUp>(json!({}));
    let mut request = call.request();
    request.headers_mut().remove("x-amz-target");
    if let Some(target) = target {
        request
            .headers_mut()
            .insert("x-amz-target", target.parse().unwrap());
    }
    answer(server, request).await
}

async fn answer(server: &TestServer, request: Request<Body>) -> Answer {
    let response = server.raw(request).await;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer {
        status,
        headers,
        body: axum::body::to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap(),
    }
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn what_is_not_a_json_object_is_a_serialization_exception() {
    let server = TestServer::start().await;
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let nested = format!("{{\"ClientMetadata\":{deep}}}");
    let huge_number = format!("{{\"Username\":{}}}", "9".repeat(1000));
    for body in [
        b"{".to_vec(),
        b"[]".to_vec(),
        b"\"x\"".to_vec(),
        b"{\"a\":1}}".to_vec(),
        b"{\"Username\":\"\xff\xfe\"}".to_vec(),
        b"{\"Username\":\"\\ud800\"}".to_vec(),
        b"<xml/>".to_vec(),
        deep.into_bytes(),
        nested.into_bytes(),
        huge_number.into_bytes(),
    ] {
        let shown = String::from_utf8_lossy(&body[..body.len().min(30)]).into_owned();
        let error = sign_up(&server, body).await.error();
        assert_eq!(
            (error.code.as_str(), error.status),
            ("SerializationException", 400),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn a_member_of_a_wrong_type_is_told_in_awss_words() {
    let server = TestServer::start().await;
    for (body, sentence) in [
        (
            json!({"Username": 7}),
            "NUMBER_VALUE can not be converted to a String",
        ),
        (
            json!({"Username": ["ana"]}),
            "Start of list found where not expected",
        ),
        (
            json!({"Username": {}}),
            "Start of structure or map found where not expected.",
        ),
        (
            json!({"UserAttributes": "email"}),
            "STRING_VALUE can not be converted to a list",
        ),
    ] {
        let error = sign_up(&server, body.to_string()).await.error();
        assert_eq!(error.code, "SerializationException", "{body}");
        assert_eq!(error.message, sentence, "{body}");
    }
}

#[tokio::test]
async fn members_that_the_model_does_not_know_and_nulls_are_passed_over() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let mut input = client.user("ana").input();
    input["FutureMember"] = json!({"any": ["thing"]});
    input["ValidationData"] = Value::Null;
    sign_up(&server, input.to_string()).await.success().unwrap();
}

#[tokio::test]
async fn a_body_above_one_mebibyte_is_refused_plain_or_packed() {
    let server = TestServer::start().await;
    let large = vec![b' '; (1 << 20) + 1];
    let error = sign_up(&server, large.clone()).await.error();
    assert_eq!(
        (error.code.as_str(), error.status),
        ("RequestEntityTooLargeException", 413)
    );
    assert_eq!(
        error.message,
        "The request body is larger than 1048576 bytes"
    );
    let packed = |plain: &[u8]| {
        server
            .prepare::<op::SignUp>(json!({}))
            .header("content-encoding", "gzip")
            .body(gzip(plain))
            .send()
    };
    assert_eq!(packed(&large).await.error().status, 413);
    let bomb = vec![0; 256 << 20];
    assert_eq!(packed(&bomb).await.error().status, 413);
}

#[tokio::test]
async fn a_packed_body_is_read_and_signed_as_it_was_sent() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let input = client.user("ana").input().to_string();
    let call = server
        .prepare::<op::SignUp>(json!({}))
        .header("content-encoding", "gzip");
    call.body(gzip(input.as_bytes()))
        .send()
        .await
        .success()
        .unwrap();
    let call = server
        .prepare::<op::ListUserPools>(json!({}))
        .header("content-encoding", "gzip");
    call.body(gzip(br#"{"MaxResults":1}"#))
        .send()
        .await
        .success()
        .unwrap();
    let call = server
        .prepare::<op::SignUp>(json!({}))
        .header("content-encoding", "br")
        .body("{}");
    assert_eq!(call.send().await.error().code, "SerializationException");
}

#[tokio::test]
async fn a_target_that_names_no_operation_is_an_unknown_operation() {
    let server = TestServer::start().await;
    for target in [
        None,
        Some("SignUp"),
        Some("AWSCognitoIdentityProviderService.NoSuchThing"),
        Some("DynamoDB_20120810.GetItem"),
    ] {
        let error = with_target(&server, target).await.error();
        assert_eq!(error.code, "UnknownOperationException", "{target:?}");
    }
}

#[tokio::test]
async fn an_operation_that_is_not_built_names_itself() {
    let server = TestServer::start().await;
    let built = cognate_service::operations();
    let services = [Service::CognitoIdp, Service::CognitoIdentity];
    let all = services.into_iter().flat_map(Service::operations);
    let missing: Vec<_> = all
        .filter(|one| built.find(one.service, one.name).is_none())
        .collect();
    assert!(missing.len() > 20, "{}", missing.len());
    for operation in missing {
        let key = server
            .key()
            .clone()
            .for_service(operation.service.signing_name());
        let call = server.prepare_operation(operation, &json!({}));
        let error = call.signed_by(&key).send().await.error();
        let sentence = format!("Cognate does not offer {} yet", operation.name);
        let told = ("UnsupportedOperationException", sentence.as_str());
        assert_eq!(error.told(), told);
        assert_eq!(error.status, 400);
        assert_eq!(error.headers["x-amzn-errortype"], told.0);
    }
}

#[tokio::test]
async fn every_answer_carries_its_id_and_an_error_its_type() {
    let server = TestServer::start().await;
    let good = server
        .prepare::<op::ListUserPools>(json!({"MaxResults": 1}))
        .send()
        .await;
    let bad = sign_up(&server, "{").await;
    for answer in [&good, &bad] {
        assert_eq!(answer.headers["content-type"], "application/x-amz-json-1.1");
        assert_eq!(answer.headers["x-amzn-requestid"].len(), 36);
        assert_eq!(answer.headers["access-control-allow-origin"], "*");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        assert_eq!(answer.headers["cache-control"], "no-store");
        let exposed = answer.headers["access-control-expose-headers"]
            .to_str()
            .unwrap()
            .to_lowercase();
        assert!(
            exposed.contains("x-amzn-requestid") && exposed.contains("x-amzn-errortype"),
            "{exposed}"
        );
    }
    assert_ne!(
        good.headers["x-amzn-requestid"],
        bad.headers["x-amzn-requestid"]
    );
    assert_eq!(bad.headers["x-amzn-errortype"], "SerializationException");
    let body: Value = serde_json::from_slice(&bad.body).unwrap();
    let names: Vec<_> = body.as_object().unwrap().keys().collect();
    assert_eq!(names, ["__type", "message"]);
}

#[tokio::test]
async fn an_operation_that_gives_nothing_answers_with_an_empty_body() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    let answer = server
        .prepare::<op::DeleteUserPool>(json!({"UserPoolId": pool.id}))
        .send()
        .await;
    assert_eq!((answer.status, answer.body.len()), (200, 0));
}

#[tokio::test]
async fn browsers_of_any_origin_may_call() {
    let server = TestServer::start().await;
    let request = Request::options("/")
        .header("origin", "https://shop.example")
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "cache-control,content-type,x-amz-target,x-amz-user-agent",
        )
        .body(Body::empty())
        .unwrap();
    let answer = answer(&server, request).await;
    assert!(matches!(answer.status, 200 | 204));
    assert_eq!(answer.headers["access-control-allow-origin"], "*");
    assert!(
        answer.headers["access-control-allow-methods"]
            .to_str()
            .unwrap()
            .contains("POST")
    );
    let allowed = answer.headers["access-control-allow-headers"]
        .to_str()
        .unwrap();
    for name in [
        "cache-control",
        "content-type",
        "x-amz-target",
        "x-amz-user-agent",
    ] {
        assert!(allowed.contains(name), "{allowed}");
    }
    assert!(
        !answer
            .headers
            .contains_key("access-control-allow-credentials")
    );
}

#[tokio::test]
async fn any_host_is_served() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let call = server.prepare::<op::SignUp>(client.user("ana").input());
    call.header("host", "cognito-idp.us-east-1.amazonaws.com")
        .send()
        .await
        .success()
        .unwrap();
}

#[tokio::test]
async fn nul_bytes_and_odd_text_are_no_trouble_anywhere_in_a_request() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    for odd in [
        "a\0b",
        "\u{202e}gnp",
        "' OR 1=1 --",
        "../../etc/passwd",
        "{{7*7}}",
        "\u{0}",
        "a\r\nb",
        "💥",
    ] {
        let named = client.parameters(odd, json!({"PASSWORD": odd}));
        let flow = client.initiation("USER_PASSWORD_AUTH", &named);
        for call in [
            server.prepare::<op::SignUp>(
                client.about(odd, json!({"Password": format!("Aa1!{odd}xxxx")})),
            ),
            server.prepare::<op::InitiateAuth>(flow),
            server.prepare::<op::ForgotPassword>(client.about(odd, json!({}))),
            server
                .prepare::<op::ConfirmSignUp>(client.about(odd, json!({"ConfirmationCode": odd}))),
            server.prepare::<op::AdminGetUser>(
                json!({"UserPoolId": client.pool.id, "Username": odd}),
            ),
            server.prepare::<op::GetUser>(json!({"AccessToken": odd})),
            server.prepare::<op::DescribeUserPool>(json!({"UserPoolId": odd})),
            server.prepare::<op::SignUp>(
                json!({"ClientId": odd, "Username": "x", "Password": "Aa1!xxxx"}),
            ),
            server.prepare::<op::ListUsers>(
                json!({"UserPoolId": client.pool.id, "PaginationToken": odd}),
            ),
        ] {
            let answer = call.send().await;
            assert!(
                answer.status < 500,
                "{odd:?}: {}",
                String::from_utf8_lossy(&answer.body)
            );
        }
    }
}

#[tokio::test]
async fn a_browser_at_the_apis_address_is_told_what_it_is_for() {
    let server = TestServer::start().await;
    for method in ["GET", "PUT"] {
        let request = Request::builder().method(method).uri("/");
        let answer = answer(&server, request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.headers["allow"], "POST,OPTIONS", "{method}");
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        let message = body["message"].as_str().unwrap();
        assert!(message.starts_with("Cognate answers here."), "{message}");
    }
}

#[tokio::test]
async fn other_paths_and_methods_are_told_there_is_nothing() {
    let server = TestServer::start().await;
    assert_eq!(server.get("/nothing/here").await.0, 404);
    assert_eq!(server.get("/dev/inbox").await.0, 404);
    assert_eq!(server.get("/demo/").await.0, 404);
    assert!(matches!(server.get("/").await.0, 404 | 405));
    assert_eq!(server.get("/healthz").await, (200, "ok\n".to_owned()));
    assert_eq!(server.get("/readyz").await, (200, "ready\n".to_owned()));
}

#[tokio::test]
async fn a_server_whose_database_is_gone_says_that_it_is_not_ready_and_nothing_of_why() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    server.app().db.close().await;
    assert_eq!(server.get("/readyz").await.0, 503);
    assert_eq!(server.get("/healthz").await.0, 200);
    let error = server
        .prepare::<op::SignUp>(client.user("ana").input())
        .send()
        .await
        .error();
    assert_eq!(
        error.told(),
        (
            "ServiceUnavailableException",
            "The service cannot answer at the moment; try again"
        )
    );
    assert_eq!(
        (error.status, &error.headers["retry-after"]),
        (503, &"3".parse().unwrap())
    );
}
