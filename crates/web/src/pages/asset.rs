//! Files that the binary carries: their content types, and revalidation by entity tag.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::{
    Router,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

use super::headers::{PAGE_POLICY, with_page_headers};

pub(crate) const CSS: &str = "text/css; charset=utf-8";
pub(crate) const HTML: &str = "text/html; charset=utf-8";
pub(crate) const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
pub(crate) const SVG: &str = "image/svg+xml";

/// One file, and the path it is served at.
#[derive(Clone, Copy)]
pub(crate) struct Asset {
    pub(crate) path: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) body: &'static [u8],
}

/// A route for each file.
pub(crate) fn routes(assets: &'static [Asset]) -> Router {
    assets.iter().fold(Router::new(), |router, asset| {
        let tag = entity_tag(asset.body);
        router.route(
            asset.path,
            get(move |headers: HeaderMap| {
                let response = revalidated(asset, &tag, &headers);
                async { response }
            }),
        )
    })
}

fn revalidated(asset: &Asset, tag: &HeaderValue, request: &HeaderMap) -> Response {
    let mut response = if is_held(tag, request) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, asset.content_type)], asset.body).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, tag.clone());
    // The names carry no version, so a browser must ask each time; the tag makes the answer short.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    with_page_headers(response, PAGE_POLICY)
}

/// Whether the client says that it has this version (RFC 9110 §13.1.2, with the weak comparison
/// that it asks for).
fn is_held(tag: &HeaderValue, request: &HeaderMap) -> bool {
    request
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|held| {
            held == "*" || held.strip_prefix("W/").unwrap_or(held).as_bytes() == tag.as_bytes()
        })
}

/// A tag that changes with the content. Nobody chooses this content but us, so a hash without
/// cryptographic strength will do; one that another compiler computes otherwise costs a single
/// download.
fn entity_tag(body: &[u8]) -> HeaderValue {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    // Quotes and hexadecimal digits always make a header; without a tag the file would merely be
    // sent each time.
    HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("\"\""))
}
