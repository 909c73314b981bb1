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
mod headers;
pub mod inbox;
mod restore;

use askama::Template;
use axum::{
    Router,
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};

use self::asset::Asset;
pub use self::{
    confirm::{ConfirmFields, ConfirmView, confirm_page},
    error::{ErrorView, error_page},
    restore::{RestoreView, restore_page},
};
pub(crate) use self::{
    error::failure_page,
    headers::{PAGE_POLICY, with_page_headers},
};

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

#[cfg(test)]
mod tests;
