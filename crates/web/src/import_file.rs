//! `/{pool}/import-jobs/{job}`: where the CSV file of an import job is uploaded, by PUT, as to the
//! presigned URL of S3 that AWS gives. Its query proves that it was given by this installation; no
//! header is needed, and those that AWS's own instructions name are let be.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, Path, Query};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodFilter;
use bytes::Bytes;
use cognate_api::{Error, ErrorCode};
use cognate_service::Caller;
use cognate_service::import_upload::{LARGEST, PIECE, Proof, Upload};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;

use crate::answer;
use crate::door::{Admitted, Door, Doorkeeper, Exchange, Pieces};

const PATH: &str = "/{pool}/import-jobs/{job}";

/// What the query holds.
#[derive(Deserialize)]
struct Asked {
    expires: i64,
    signature: String,
}

/// The file of one job.
struct ImportFile;

pub(crate) fn routes(keeper: &Doorkeeper) -> Router {
    Router::new().route(PATH, keeper.on(MethodFilter::PUT, ImportFile))
}

impl Door for ImportFile {
    type Subject = ();
    type Output = ();

    const MAX_BODY: usize = LARGEST;
    const IN_PIECES: bool = true;

    fn subject(&self, _: &Parts, _: Option<&Bytes>) -> Result<(), Error> {
        Ok(())
    }

    fn name(&self, (): ()) -> &'static str {
        PATH
    }

    fn is_of_operators(&self, (): ()) -> bool {
        true
    }

    async fn work(self: Arc<Self>, (): (), mut request: Admitted) -> Result<(), Error> {
        let mut pieces = request.pieces()?;
        let outcome = take(request, &mut pieces).await;
        if outcome.is_err() {
            pieces.drain().await;
        }
        outcome
    }

    fn success(&self, exchange: &Exchange<()>, (): ()) -> Response {
        told(exchange, StatusCode::OK, "")
    }

    fn failure(&self, exchange: &Exchange<()>, error: &Error) -> Response {
        let mut response = told(exchange, status_of(error.code), &error.message);
        answer::retry_later(error, response.headers_mut());
        response
    }
}

/// Stores the file, a piece at a time.
async fn take(request: Admitted, pieces: &mut Pieces) -> Result<(), Error> {
    let Admitted {
        mut head, arrival, ..
    } = request;
    check_plain(&head.headers)?;
    let invalid = Error::upload_address_invalid;
    let path = Path::<(String, String)>::from_request_parts(&mut head, &()).await;
    let Path((pool, job)) = path.map_err(|_| invalid())?;
    let query = Query::<Asked>::from_request_parts(&mut head, &()).await;
    let Query(Asked { expires, signature }) = query.map_err(|_| invalid())?;
    let proof = Proof { expires, signature };
    let cx = arrival.called_by(Caller::Public);
    let mut upload = Upload::begin(cx, &pool, &job, &proof).await?;
    while let Some(piece) = pieces.next(PIECE).await? {
        upload.put(piece).await?;
    }
    upload.finish().await
}

/// A file that was packed would be read as it is.
fn check_plain(headers: &HeaderMap) -> Result<(), Error> {
    match headers.get(header::CONTENT_ENCODING) {
        Some(encoding) if !encoding.as_bytes().eq_ignore_ascii_case(b"identity") => {
            Err(Error::file_is_packed())
        }
        _ => Ok(()),
    }
}

fn status_of(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::AccessDenied => StatusCode::FORBIDDEN,
        ErrorCode::ResourceNotFound => StatusCode::NOT_FOUND,
        ErrorCode::PreconditionNotMet => StatusCode::CONFLICT,
        ErrorCode::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
        code => answer::status_of(code),
    }
}

/// In one line for people: programs go by the status.
fn told(exchange: &Exchange<()>, status: StatusCode, message: &str) -> Response {
    let line = if message.is_empty() {
        String::new()
    } else {
        format!("{message}\n")
    };
    let mut response = (status, line).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    if let Ok(id) = HeaderValue::from_str(&exchange.request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}
