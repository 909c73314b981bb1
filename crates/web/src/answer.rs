//! The answers of the AWS JSON API, as HTTP has them.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use cognate_api::{Error, ErrorCode, Unavailable, json};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::cors;

const AWS_JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.1");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// An operation's output.
pub(crate) fn success(request_id: &str, body: Vec<u8>) -> Response {
    aws_json(StatusCode::OK, request_id, body)
}

/// An operation's error. What lies behind it stays here.
pub(crate) fn failure(request_id: &str, error: &Error) -> Response {
    let mut response = aws_json(status_of(error.code), request_id, json::render_error(error));
    response.headers_mut().insert(
        "x-amzn-errortype",
        HeaderValue::from_static(error.code.name()),
    );
    retry_later(error, response.headers_mut());
    response
}

/// Says when to try again, where that may help. SDKs do so by themselves.
pub(crate) fn retry_later(error: &Error, headers: &mut HeaderMap) {
    if error.code == ErrorCode::ServiceUnavailable {
        let why = error.unavailable.unwrap_or(Unavailable::Overload);
        headers.insert(header::RETRY_AFTER, u16::from(why.retry_after()).into());
    }
}

/// The status that a code is answered with.
pub(crate) fn status_of(code: ErrorCode) -> StatusCode {
    StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// A document for programs that read it by GET: what goes wrong there has no code, only a sentence.
pub(crate) fn document(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = (status, body.into()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, JSON);
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    cors::allow_any_origin(headers);
    response
}

/// A sentence as such a document.
pub(crate) fn sentence(status: StatusCode, message: &str) -> Response {
    let mut response = document(
        status,
        serde_json::json!({ "message": message }).to_string(),
    );
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The answer to all paths that are none.
pub(crate) fn nothing_here() -> Response {
    sentence(StatusCode::NOT_FOUND, "There is nothing at this address")
}

fn aws_json(status: StatusCode, request_id: &str, body: Vec<u8>) -> Response {
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, AWS_JSON);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    // An id is a UUID, made here.
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    cors::allow_any_origin(headers);
    response
}
