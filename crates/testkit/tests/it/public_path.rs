//! A public URL with a path: everything is served under it, whether or not a proxy takes the path
//! away.

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use cognate_testkit::{Call, TestServer, claims, op};
use serde_json::{Value, json};

/// Pages that are forms, and answer 400 when they are asked for without what a link carries.
const FORMS: [&str; 2] = ["/auth/confirmUser", "/auth/restoreAddress"];

async fn start() -> TestServer {
    let builder = TestServer::builder().public_url("https://cognate.test/auth");
    builder.with_site().start().await
}

/// Head and body of what is at a path.
async fn at(server: &TestServer, path: &str) -> (StatusCode, HeaderMap, String) {
    let request = Request::get(path)
        .header("host", "cognate.test")
        .body(Body::empty())
        .unwrap();
    let (head, body) = server.raw(request).await.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let text = String::from_utf8(body.to_vec()).unwrap();
    (head.status, head.headers, text)
}

/// What a page asks for: all its links of our own, as a browser takes them.
fn links(page_at: &str, page: &str) -> Vec<String> {
    let folder = &page_at[..=page_at.rfind('/').unwrap()];
    let mut links = Vec::new();
    for attribute in ["href=\"", "src=\"", "action=\""] {
        for rest in page.split(attribute).skip(1) {
            let link = rest.split('"').next().unwrap();
            links.push(match link {
                _ if link.starts_with('/') => link.to_owned(),
                _ if link.starts_with("../") => {
                    let above = folder.trim_end_matches('/').rfind('/').unwrap();
                    format!("{}{}", &folder[..=above], &link[3..])
                }
                _ if link.starts_with("./") => format!("{folder}{}", &link[2..]),
                _ => continue,
            });
        }
    }
    links
}

#[tokio::test]
async fn what_a_pool_tells_is_where_its_issuer_says() {
    let server = start().await;
    let pool = server.pool().await;
    let issuer = format!("https://cognate.test/auth/{}", pool.id);
    for path in ["/auth", ""] {
        let document = format!("{path}/{}/.well-known/openid-configuration", pool.id);
        let (status, _, text) = at(&server, &document).await;
        assert_eq!(status, 200, "{document}");
        let document: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(document["issuer"], json!(issuer));
        let keys = format!("{issuer}/.well-known/jwks.json");
        assert_eq!(document["jwks_uri"], json!(keys));
        let keys = keys.strip_prefix("https://cognate.test").unwrap();
        assert_eq!(at(&server, keys).await.0, 200);
    }
    let ana = pool.client().await.user("ana").confirmed().await;
    let tokens = ana.sign_in().await.unwrap();
    assert_eq!(claims(&tokens.access)["iss"], json!(issuer));
}

#[tokio::test]
async fn pages_and_all_that_they_ask_for_are_under_the_path() {
    let server = start().await;
    for page in [
        "/auth/confirmUser?client_id=a&user_name=b&confirmation_code=c",
        "/auth/confirmUser",
        "/auth/restoreAddress?token=a",
        "/auth/dev/inbox",
        "/auth/dev/inbox/7",
        "/auth/demo/",
    ] {
        let (_, _, text) = at(&server, page).await;
        let links = links(page.split('?').next().unwrap(), &text);
        assert!(links.len() >= 2, "{page}: {text}");
        for link in links {
            assert!(link.starts_with("/auth/"), "{page} leads to {link}");
            assert_eq!(at(&server, &link).await.0.as_u16() / 100, {
                if FORMS.contains(&link.as_str()) { 4 } else { 2 }
            });
            // And so does what a proxy passes on that takes the path away.
            assert_ne!(
                at(&server, link.strip_prefix("/auth").unwrap()).await.0,
                404
            );
        }
    }
    for path in ["/auth", "/auth/", "/", "/auth/demo", "/demo"] {
        let (status, head, _) = at(&server, path).await;
        assert!(status.is_redirection(), "{path}");
        assert_eq!(head["location"], "/auth/demo/", "{path}");
    }
    let (_, _, config) = at(&server, "/auth/demo/config.json").await;
    let config: Value = serde_json::from_str(&config).unwrap();
    assert_eq!(config["inboxUrl"], json!("/auth/dev/inbox"));
    assert_eq!(at(&server, "/auth/healthz").await.0, 200);
    assert_eq!(at(&server, "/healthz").await.0, 200);
    assert_eq!(at(&server, "/authority/healthz").await.0, 404);
}

#[tokio::test]
async fn a_mailed_link_leads_under_the_path_and_confirms() {
    for_each_path(async |server, sent| {
        let client = server.pool().link().await.client().await;
        let ana = client.user("ana").email("ana@example.com").await;
        let mailbox = server.mailbox("ana@example.com").await;
        let text = mailbox.last_text();
        let link = text.split("https://cognate.test/auth/confirmUser?").nth(1);
        let query = link.expect(text).split_whitespace().next().unwrap();
        let query = query
            .split(['"', '<', '>'])
            .next()
            .unwrap()
            .trim_end_matches('.');
        let request = Request::post(format!("{sent}confirmUser"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(query.to_owned()))
            .unwrap();
        assert_eq!(server.raw(request).await.status(), 200, "{query}");
        ana.sign_in().await.unwrap();
    })
    .await;
}

/// With a proxy that leaves the path in place, and with one that takes it away.
async fn for_each_path(test: impl AsyncFn(TestServer, &str)) {
    for sent in ["/auth/", "/"] {
        test(start().await, sent).await;
    }
}

fn list(server: &TestServer) -> Call {
    server.prepare::<op::ListUserPools>(json!({"MaxResults": 1}))
}

#[tokio::test]
async fn a_signed_call_is_good_whatever_the_proxy_does_with_the_path() {
    // A server without a path goes by what it gets.
    let rootly = TestServer::start().await;
    let answer = list(&rootly).path("/auth/", "/").send().await;
    assert_eq!(answer.error().code, "InvalidSignatureException");
    let server = start().await;
    for (signed, sent) in [
        // As AWS's SDKs for JavaScript and Python send it.
        ("/auth/", "/auth/"),
        ("/auth", "/auth"),
        // A proxy takes it away.
        ("/auth/", "/"),
        ("/auth", "/"),
        // There is no proxy.
        ("/", "/"),
    ] {
        let answer = list(&server).path(signed, sent).send().await;
        assert_eq!(answer.status, 200, "signed for {signed}, sent to {sent}");
    }
    for (signed, sent) in [
        ("/", "/auth/"),
        ("/auth", "/auth/"),
        ("/other/", "/"),
        ("/auth/auth/", "/auth/"),
    ] {
        let error = list(&server).path(signed, sent).send().await.error();
        assert_eq!(
            error.code, "InvalidSignatureException",
            "signed for {signed}, sent to {sent}"
        );
    }
}

#[tokio::test]
async fn public_calls_and_preflights_are_answered_under_the_path() {
    let server = start().await;
    let client = server.pool().await.client().await;
    for (name, path) in [("ana", "/auth/"), ("ben", "/auth"), ("eva", "/")] {
        let call = server.prepare::<op::SignUp>(client.user(name).input());
        call.path(path, path).send().await.success().unwrap();
        let preflight = Request::options(path)
            .header("origin", "https://shop.example")
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "x-amz-target")
            .body(Body::empty())
            .unwrap();
        let answer = server.raw(preflight).await;
        assert!(answer.status().is_success(), "{path}");
        assert_eq!(
            answer.headers()["access-control-allow-headers"],
            "x-amz-target"
        );
    }
}
