//! The page that says in words what went wrong.

use askama::Template;
use axum::{http::StatusCode, response::Response};
use cognate_api::Error;

use super::page;
use crate::answer::{retry_later, status_of};

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

/// The page for a failure of ours, which is in the log under the request's id.
pub(crate) fn failure_page(error: &Error, request_id: &str) -> Response {
    let mut response = error_page(&ErrorView {
        status: status_of(error.code),
        title: "That did not work",
        message: "Something went wrong here. Wait a moment and try again.",
        request_id: Some(request_id),
    });
    retry_later(error, response.headers_mut());
    response
}
