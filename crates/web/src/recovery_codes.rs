//! `/{pool}/recovery-codes`: a user's recovery codes, by their access token. POST makes a list and
//! shows it, once; GET tells how many are left. Cognito has neither, so they are no operations of
//! the API: they take a bearer token (RFC 6750 §2.1), and answer in JSON, with the API's names of
//! errors and HTTP's own statuses.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, Path};
use axum::response::Response;
use axum::routing::MethodFilter;
use bytes::Bytes;
use cognate_api::{Error, ErrorCode};
use cognate_model::recovery_code::RecoveryCode;
use cognate_service::Caller;
use cognate_service::recovery_codes::{self, CodesLeft};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use crate::door::{Admitted, Door, Doorkeeper, Exchange};
use crate::{answer, cors};

const PATH: &str = "/{pool}/recovery-codes";

/// The codes of one user.
struct RecoveryCodes;

/// What is asked for.
#[derive(Clone, Copy)]
enum Asked {
    /// A new list.
    List,
    /// How many are left.
    Left,
}

pub(crate) fn routes(keeper: &Doorkeeper) -> Router {
    let methods = MethodFilter::POST.or(MethodFilter::GET);
    let door = keeper.on(methods, RecoveryCodes);
    Router::new().route(PATH, door.options(cors::preflight))
}

impl Door for RecoveryCodes {
    type Subject = Asked;
    /// The answer's JSON.
    type Output = String;

    /// Nothing is read of it.
    const MAX_BODY: usize = 1024;

    fn subject(&self, head: &Parts, _: Option<&Bytes>) -> Result<Asked, Error> {
        Ok(if head.method == Method::POST {
            Asked::List
        } else {
            Asked::Left
        })
    }

    fn name(&self, _: Asked) -> &'static str {
        PATH
    }

    async fn work(self: Arc<Self>, asked: Asked, request: Admitted) -> Result<String, Error> {
        let Admitted {
            mut head, arrival, ..
        } = request;
        let token = bearer(&head.headers)?.to_owned();
        let pool = Path::<String>::from_request_parts(&mut head, &()).await;
        let Path(pool) = pool.map_err(|_| Error::invalid_access_token())?;
        let cx = arrival.called_by(Caller::Public);
        match asked {
            Asked::List => {
                let codes = recovery_codes::make(cx, &pool, &token).await?;
                let codes: Vec<&str> = codes.iter().map(RecoveryCode::expose).collect();
                Ok(serde_json::json!({ "RecoveryCodes": codes }).to_string())
            }
            Asked::Left => Ok(told(recovery_codes::left(cx, &pool, &token).await?)),
        }
    }

    fn success(&self, exchange: &Exchange<Asked>, output: String) -> Response {
        in_json(answer::success(&exchange.request_id, output.into_bytes()))
    }

    fn failure(&self, exchange: &Exchange<Asked>, error: &Error) -> Response {
        let mut response = in_json(answer::failure(&exchange.request_id, error));
        *response.status_mut() = status_of(error.code);
        if let Some(challenge) = challenge_of(error.code) {
            let headers = response.headers_mut();
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// The token of `Authorization: Bearer …`.
fn bearer(headers: &HeaderMap) -> Result<&str, Error> {
    let header = headers.get(header::AUTHORIZATION);
    let header = header.and_then(|header| header.to_str().ok());
    let (scheme, token) = header
        .and_then(|header| header.split_once(' '))
        .ok_or_else(Error::missing_authentication_token)?;
    if scheme.eq_ignore_ascii_case("bearer") {
        Ok(token.trim())
    } else {
        Err(Error::missing_authentication_token())
    }
}

/// How many are left, and since when there are these.
fn told(left: CodesLeft) -> String {
    let mut body = serde_json::json!({ "Remaining": left.number });
    if let Some(at) = left.made_at {
        body["CreationDate"] = at.seconds().into();
    }
    body.to_string()
}

fn status_of(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::MissingAuthenticationToken
        | ErrorCode::NotAuthorized
        | ErrorCode::UserNotFound
        | ErrorCode::Unauthorized => StatusCode::UNAUTHORIZED,
        ErrorCode::LimitExceeded | ErrorCode::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
        code => answer::status_of(code),
    }
}

/// What a client has to do about its token (RFC 6750 §3, RFC 9470 §3).
fn challenge_of(code: ErrorCode) -> Option<HeaderValue> {
    let challenge = match code {
        ErrorCode::MissingAuthenticationToken => "Bearer",
        ErrorCode::NotAuthorized | ErrorCode::UserNotFound => r#"Bearer error="invalid_token""#,
        ErrorCode::Unauthorized => {
            r#"Bearer error="insufficient_user_authentication", max_age="600""#
        }
        _ => return None,
    };
    Some(HeaderValue::from_static(challenge))
}

fn in_json(mut response: Response) -> Response {
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
