//! The address of recovery codes as HTTP sees it.

use axum::body::Body;
use axum::http::{Method, Request};
use cognate_testkit::{ApiError, TestServer, for_each_database, refused, seconds};

use super::{with_codes, without_factor};
use crate::sentences::{DISABLED, INVALID_TOKEN, NO_SUCH_USER, REVOKED};

/// What is told of a token that is none.
#[track_caller]
fn is_told(error: &ApiError, told: (&str, &str), challenge: &str) {
    assert_eq!(error.told(), told);
    assert_eq!(error.status, 401);
    assert_eq!(error.headers["www-authenticate"], challenge);
    assert_eq!(error.headers["content-type"], "application/json");
    assert_eq!(error.headers["x-amzn-errortype"], told.0);
    assert_eq!(error.headers["cache-control"], "no-store");
    assert_eq!(error.headers["access-control-allow-origin"], "*");
}

const INVALID: &str = r#"Bearer error="invalid_token""#;
const METHODS: [Method; 2] = [Method::POST, Method::GET];

#[tokio::test]
async fn an_answer_is_for_scripts_of_any_origin_and_for_no_cache() {
    let server = TestServer::start().await;
    let (ana, tokens, _) = with_codes(&server).await;
    let pool = &ana.client.pool;
    // The scheme is of any case (RFC 9110 §11.1).
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let authorization = format!("{scheme} {}", tokens.access);
        for method in METHODS {
            let answer = pool.ask_recovery_codes(method, Some(&authorization)).await;
            assert_eq!(answer.status, 200);
            let headers = &answer.headers;
            assert_eq!(headers["content-type"], "application/json");
            assert_eq!(headers["cache-control"], "no-store");
            assert_eq!(headers["x-content-type-options"], "nosniff");
            assert_eq!(headers["access-control-allow-origin"], "*");
            assert!(headers.contains_key("x-amzn-requestid"));
        }
    }
    let preflight = Request::builder()
        .method(Method::OPTIONS)
        .uri(format!("/{}/recovery-codes", pool.id))
        .header("access-control-request-headers", "authorization")
        .body(Body::empty())
        .unwrap();
    let answer = server.raw(preflight).await;
    assert_eq!(answer.status(), 204);
    let allowed = &answer.headers()["access-control-allow-headers"];
    assert_eq!(allowed, "authorization");
    let other = pool.ask_recovery_codes(Method::DELETE, None).await;
    assert_eq!(other.status, 405);
}

#[tokio::test]
async fn a_request_without_a_token_of_the_pool_is_refused() {
    for_each_database(async |server| {
        let (ana, tokens) = without_factor(&server).await;
        let pool = &ana.client.pool;
        let elsewhere = server.pool().await;
        let missing = (
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
        );
        let own = format!("Bearer {}", tokens.access);
        for method in METHODS {
            let ask = async |value: Option<&str>| {
                let answer = pool.ask_recovery_codes(method.clone(), value).await;
                answer.error()
            };
            for value in [None, Some(""), Some("Bearer"), Some("Basic YTpi")] {
                is_told(&ask(value).await, missing, "Bearer");
            }
            let id = format!("Bearer {}", tokens.id);
            for value in ["Bearer ", "Bearer x", "Bearer a.b.c", &id] {
                is_told(&ask(Some(value)).await, INVALID_TOKEN, INVALID);
            }
            let answer = elsewhere.ask_recovery_codes(method.clone(), Some(&own));
            is_told(&answer.await.error(), INVALID_TOKEN, INVALID);
        }
    })
    .await;
}

#[tokio::test]
async fn a_token_is_worth_nothing_once_it_has_run_out_or_its_user_is_gone() {
    for_each_database(async |server| {
        let (ana, tokens, _) = with_codes(&server).await;
        let pool = &ana.client.pool;
        let both = async |told: (&str, &str)| {
            is_told(
                &refused(ana.make_recovery_codes(&tokens.access).await),
                told,
                INVALID,
            );
            is_told(
                &refused(ana.recovery_codes_left(&tokens.access).await),
                told,
                INVALID,
            );
        };
        ana.sign_out_everywhere(&tokens.access).await.unwrap();
        both(REVOKED).await;
        pool.disable("ana").await;
        both(DISABLED).await;
        server.advance(seconds(3600));
        both(("NotAuthorizedException", "Access Token has expired")).await;
    })
    .await;
}

#[tokio::test]
async fn a_token_of_a_deleted_user_is_refused_too() {
    let server = TestServer::start().await;
    let (ana, tokens, _) = with_codes(&server).await;
    ana.client.pool.delete_user("ana").await;
    let error = refused(ana.make_recovery_codes(&tokens.access).await);
    is_told(&error, NO_SUCH_USER, INVALID);
}

#[tokio::test]
async fn without_a_database_it_says_when_to_come_back() {
    let server = TestServer::start().await;
    let (ana, tokens, _) = with_codes(&server).await;
    let node = server.node();
    node.app().db.close().await;
    let error = refused(ana.on(&node).make_recovery_codes(&tokens.access).await);
    assert_eq!(error.status, 503);
    assert!(error.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn it_is_under_the_path_of_the_public_url_as_well() {
    let builder = TestServer::builder().public_url("https://cognate.test/auth");
    let server = builder.start().await;
    let (ana, tokens, _) = with_codes(&server).await;
    for before in ["", "/auth"] {
        let request = Request::get(format!("{before}/{}/recovery-codes", ana.client.pool.id))
            .header("authorization", format!("Bearer {}", tokens.access))
            .body(Body::empty())
            .unwrap();
        assert_eq!(server.raw(request).await.status(), 200, "{before}");
    }
}
