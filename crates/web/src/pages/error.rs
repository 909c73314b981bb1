//! The page that says in words what went wrong.

use askama::Template;
use axum::{http::StatusCode, response::Response};

use super::page;

/// What an error page tells. Both sentences are shown to strangers: nothing in them may come from
/// inside the server.
#[derive(Template)]
#[template(path = "error.html")]
pub struct ErrorView<'a> {
    /// The status of the answer.
    pub status: StatusCode,
    /// What happened, in a few words.
    pub title: &'a str,
    /// What the reader can do about it.
    pub message: &'a str,
    /// The id under which the operator finds this request in the log.
    pub request_id: Option<&'a str>,
}

/// Renders the error page.
pub fn error_page(view: &ErrorView<'_>) -> Response {
    page(view.status, view)
}
