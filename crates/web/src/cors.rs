//! Cross-origin requests: browsers on any origin may call the API and read its answers
//! (docs/protocol.md §1.8).
//!
//! No cookie and no other credential that a browser adds by itself counts here, so any origin is as
//! good as none; `Allow-Credentials` is never sent.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};

/// What a page's script may read of an answer's head. SDKs correct the clock by Date, and wait as
/// long as Retry-After says.
const EXPOSED: HeaderValue =
    HeaderValue::from_static("x-amzn-RequestId, x-amzn-ErrorType, Date, Retry-After");

/// Two hours, the longest that Chromium keeps.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

/// Request headers that scripts may send besides those that begin with one of [`PREFIXES`].
const ALLOWED: [&str; 8] = [
    "accept",
    "authorization",
    "cache-control",
    "content-encoding",
    "content-type",
    "date",
    "pragma",
    "x-requested-with",
];

/// What AWS's own clients put before their headers' names.
const PREFIXES: [&str; 3] = ["x-amz-", "x-amzn-", "amz-sdk-"];

/// Answers a preflight.
pub(crate) async fn preflight(request: HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    allow_any_origin(headers);
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, POST, OPTIONS"),
    );
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    headers.insert(
        header::VARY,
        HeaderValue::from_static("Access-Control-Request-Headers"),
    );
    if let Some(allowed) = allowed(&request) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    }
    response
}

/// Lets scripts of any origin read an answer.
pub(crate) fn allow_any_origin(headers: &mut HeaderMap) {
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
}

/// Those of the headers that a script wants to send that it may.
fn allowed(request: &HeaderMap) -> Option<HeaderValue> {
    let asked = request
        .get(header::ACCESS_CONTROL_REQUEST_HEADERS)?
        .to_str()
        .ok()?;
    let names = asked
        .split(',')
        .map(|name| name.trim().to_ascii_lowercase());
    let allowed: Vec<_> = names.filter(|name| may_send(name)).collect();
    HeaderValue::from_str(&allowed.join(", "))
        .ok()
        .filter(|value| !value.is_empty())
}

fn may_send(name: &str) -> bool {
    ALLOWED.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    async fn allowed_of(asked: &str) -> Option<String> {
        let mut request = HeaderMap::new();
        request.insert(
            header::ACCESS_CONTROL_REQUEST_HEADERS,
            asked.parse().unwrap(),
        );
        let response = preflight(request).await;
        assert_eq!(response.headers()["access-control-allow-origin"], "*");
        assert!(
            !response
                .headers()
                .contains_key("access-control-allow-credentials")
        );
        let allowed = response.headers().get("access-control-allow-headers")?;
        Some(allowed.to_str().unwrap().to_owned())
    }

    #[tokio::test]
    async fn the_headers_of_awss_clients_are_allowed() {
        let asked = "amz-sdk-invocation-id,amz-sdk-request,authorization,cache-control,content-type,x-amz-target,X-Amz-User-Agent";
        assert_eq!(
            allowed_of(asked).await.unwrap(),
            asked.to_lowercase().replace(',', ", ")
        );
    }

    #[tokio::test]
    async fn other_headers_are_not_allowed() {
        assert_eq!(allowed_of("cookie, x-forwarded-for").await, None);
        assert_eq!(
            allowed_of("content-type,x-forwarded-for").await.unwrap(),
            "content-type"
        );
    }
}
