//! Pages for people: what they share, and those that stand alone (link confirmation, the way back
//! from a changed address, the development inbox, errors).
//!
//! Every page is an askama template, escaped by default, under a policy that lets in nothing but
//! our own files: no inline script or style, no other origin, no framing. A page must read whole
//! and work without JavaScript. This module knows no operation: what a page shows is handed to it
//! as a view.

#[cfg(test)]
pub(crate) mod answers;
pub(crate) mod asset;
mod confirm;
mod error;
pub mod inbox;
mod restore;

use askama::Template;
use axum::{
    Router,
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};

use self::asset::Asset;
pub(crate) use self::error::failure_page;
pub use self::{
    confirm::{ConfirmFields, ConfirmView, confirm_page},
    error::{ErrorView, error_page},
    restore::{RestoreView, restore_page},
};

/// The Content-Security-Policy of every page: our own files only, and nobody may frame it.
pub(crate) const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

const ASSETS: &[Asset] = &[
    Asset {
        path: "/assets/cognate.css",
        content_type: asset::CSS,
        body: include_bytes!("static/cognate.css"),
    },
    Asset {
        path: "/assets/icon.svg",
        content_type: asset::SVG,
        body: include_bytes!("static/icon.svg"),
    },
];

/// The files that all pages share, under `/assets/`. The demo site and the inbox need them too.
pub fn asset_routes() -> Router {
    asset::routes(ASSETS)
}

/// Renders a template under the headers that every page carries. Pages are not stored: many show
/// what only one person may see.
pub(crate) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => with_page_headers((status, Html(text)).into_response(), PAGE_POLICY),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            let words = "This page could not be shown.";
            with_page_headers(
                (StatusCode::INTERNAL_SERVER_ERROR, words).into_response(),
                PAGE_POLICY,
            )
        }
    }
}

/// Puts the headers of a page on a response; `policy` is its Content-Security-Policy.
pub(crate) fn with_page_headers(mut response: Response, policy: &'static str) -> Response {
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(policy),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    // Addresses of pages carry codes and session names; a link that leads away must not tell them.
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests;
