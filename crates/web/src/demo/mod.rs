//! `/demo/`: a small site of our own on which a newcomer registers, verifies and signs in against
//! their own server.
//!
//! It is a client like any other. Its pages are static files that call the public operations from
//! the browser, so nothing here knows the service; `/demo/config.json` tells the pages which pool
//! and app client to use. The service is one folder above the page: the pages' policy allows no
//! other origin.

use axum::{
    Json, Router,
    response::{IntoResponse, Redirect},
    routing::get,
};
use serde::Serialize;

use crate::mount;
use crate::pages::{
    PAGE_POLICY,
    asset::{self, Asset},
    with_page_headers,
};

const ASSETS: &[Asset] = &[
    Asset {
        path: "/demo/",
        content_type: asset::HTML,
        body: include_bytes!("static/index.html"),
    },
    Asset {
        path: "/demo/demo.css",
        content_type: asset::CSS,
        body: include_bytes!("static/demo.css"),
    },
    Asset {
        path: "/demo/icon.svg",
        content_type: asset::SVG,
        body: include_bytes!("static/icon.svg"),
    },
    script("/demo/account.js", include_bytes!("static/account.js")),
    script("/demo/app.js", include_bytes!("static/app.js")),
    script(
        "/demo/authenticator.js",
        include_bytes!("static/authenticator.js"),
    ),
    script("/demo/claims.js", include_bytes!("static/claims.js")),
    script("/demo/cognate.js", include_bytes!("static/cognate.js")),
    script("/demo/elements.js", include_bytes!("static/elements.js")),
    script("/demo/forms.js", include_bytes!("static/forms.js")),
    script("/demo/home.js", include_bytes!("static/home.js")),
    script("/demo/messages.js", include_bytes!("static/messages.js")),
    script("/demo/outside.js", include_bytes!("static/outside.js")),
    script("/demo/passkeys.js", include_bytes!("static/passkeys.js")),
    script("/demo/qr.js", include_bytes!("static/qr.js")),
    script("/demo/security.js", include_bytes!("static/security.js")),
    script("/demo/session.js", include_bytes!("static/session.js")),
    script("/demo/sessions.js", include_bytes!("static/sessions.js")),
    script("/demo/srp.js", include_bytes!("static/srp.js")),
    script("/demo/views.js", include_bytes!("static/views.js")),
    script("/demo/webauthn.js", include_bytes!("static/webauthn.js")),
];

/// What the site needs to know; printed as `/demo/config.json` with camel-case names.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DemoConfig {
    /// The region, for display.
    pub region: String,
    /// The user pool's id.
    pub user_pool_id: String,
    /// An app client of the pool: without a secret, and with USER_SRP_AUTH, USER_AUTH and
    /// REFRESH_TOKEN_AUTH.
    pub client_id: String,
    /// Where codes can be read, `/dev/inbox`; none when they are really sent.
    pub inbox_url: Option<String>,
    /// The pool's rules for passwords, told before a password is chosen. The service decides.
    pub password_policy: DemoPasswordPolicy,
    /// Whether users may have an authenticator app as a second factor.
    pub authenticator_apps: bool,
    /// The pool's passkeys; none where users cannot begin a sign-in with one.
    pub passkeys: Option<DemoPasskeys>,
    /// Whether users may list their sessions.
    pub sessions: bool,
}

impl DemoConfig {
    /// The same, with addresses as browsers ask for them.
    fn under(&self, prefix: &str) -> Self {
        let inbox_url = self.inbox_url.as_ref();
        Self {
            inbox_url: inbox_url.map(|path| format!("{prefix}{path}")),
            ..self.clone()
        }
    }
}

/// The pool's rules for passwords, for display.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DemoPasswordPolicy {
    /// In characters.
    pub minimum_length: u32,
    /// At least one of A–Z.
    pub require_uppercase: bool,
    /// At least one of a–z.
    pub require_lowercase: bool,
    /// At least one of 0–9.
    pub require_numbers: bool,
    /// At least one symbol.
    pub require_symbols: bool,
}

/// The passkeys of the pool.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DemoPasskeys {
    /// The name that a page must have, itself or above it, to use them.
    pub relying_party_id: String,
    /// Whether users may let a passkey stand for both factors.
    pub stand_for_both: bool,
}

/// The demo site. Needs `pages::asset_routes` beside it, whose stylesheet it builds on.
pub fn demo_routes(config: DemoConfig) -> Router {
    let config = move || {
        let response = Json(&config.under(&mount::prefix())).into_response();
        async { with_page_headers(response, PAGE_POLICY) }
    };
    Router::new()
        .route(
            "/demo",
            get(|| async { Redirect::permanent(&first_page()) }),
        )
        .route("/demo/config.json", get(config))
        .merge(asset::routes(ASSETS))
}

/// Leads to the site's first page.
pub(crate) async fn lead_there() -> Redirect {
    Redirect::temporary(&first_page())
}

fn first_page() -> String {
    format!("{}/demo/", mount::prefix())
}

const fn script(path: &'static str, body: &'static [u8]) -> Asset {
    Asset {
        path,
        content_type: asset::JAVASCRIPT,
        body,
    }
}

#[cfg(test)]
mod tests;
