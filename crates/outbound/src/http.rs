//! The one HTTP client of the process: no redirects, no proxy from the environment, limits on time
//! and on what is read.
//!
//! Today it serves addresses that the operator chose, which may be on this machine or in a private
//! network. Addresses that pools choose (triggers, metadata of identity providers) will need rules
//! for the result of name resolution and for literal addresses. All requests pass
//! [`HttpClient::new`], so the rules will be its argument: a filtering `reqwest::dns::Resolve` for
//! names, and a check of the URL's host for literals.

use std::time::Duration;

use reqwest::{Client, StatusCode, Url, header::CONTENT_TYPE, redirect};
use serde::Serialize;

/// The most of an answer that is read to keep its connection for the next request; a longer one
/// closes the connection.
const MAX_DRAINED_BYTES: usize = 16 * 1024;
/// How long reading away an answer's body may take, once the status is known.
const MAX_DRAIN_TIME: Duration = Duration::from_secs(1);

/// Sends requests and reports how they were answered.
#[derive(Clone, Debug)]
pub(crate) struct HttpClient {
    client: Client,
}

/// How long a request may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HttpLimits {
    /// For the connection, TLS included.
    pub(crate) connect: Duration,
    /// For the whole request.
    pub(crate) request: Duration,
}

/// Why there was no answer. The texts contain neither the URL nor the request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HttpError {
    /// The client could not be set up, or the request could not be written as one.
    #[error("the HTTP request cannot be made")]
    Unusable,
    /// No connection: refused, unreachable, unknown name, untrusted certificate.
    #[error("no connection: {0}")]
    Connect(String),
    /// The time limit passed.
    #[error("no answer in time")]
    Slow,
    /// The connection broke, or what came was no HTTP.
    #[error("the connection broke before an answer came")]
    Broken,
}

impl HttpClient {
    pub(crate) fn new(limits: HttpLimits) -> Result<Self, HttpError> {
        Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .connect_timeout(limits.connect)
            .timeout(limits.request)
            .pool_max_idle_per_host(4)
            .pool_idle_timeout(Duration::from_secs(30))
            .user_agent(concat!("cognate/", env!("CARGO_PKG_VERSION")))
            .build()
            .map(|client| Self { client })
            .map_err(|_| HttpError::Unusable)
    }

    /// Posts `body` as JSON and returns the status. User and password in `url` become Basic
    /// authentication. The rest of the answer is read up to a limit and discarded.
    pub(crate) async fn post_json(
        &self,
        url: Url,
        body: &impl Serialize,
    ) -> Result<StatusCode, HttpError> {
        let body = serde_json::to_vec(body).map_err(|_| HttpError::Unusable)?;
        let request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        let response = request.send().await.map_err(|error| classify(&error))?;
        let status = response.status();
        // The status decides; a rest that is slow or cut off changes nothing.
        let _ = tokio::time::timeout(MAX_DRAIN_TIME, drain(response)).await;
        Ok(status)
    }
}

async fn drain(mut response: reqwest::Response) {
    let mut read = 0;
    while let Ok(Some(chunk)) = response.chunk().await {
        read += chunk.len();
        if read > MAX_DRAINED_BYTES {
            return;
        }
    }
}

fn classify(error: &reqwest::Error) -> HttpError {
    if error.is_timeout() {
        HttpError::Slow
    } else if error.is_connect() {
        HttpError::Connect(root_cause(error))
    } else if error.is_builder() {
        HttpError::Unusable
    } else {
        HttpError::Broken
    }
}

/// The innermost error, such as "Connection refused": the outer ones repeat the URL.
pub(crate) fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
