//! `/{pool}/.well-known/`: what whoever verifies a pool's tokens needs to know.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use cognate_service::{App, Error, ErrorCode, well_known};
use http::{HeaderValue, StatusCode, header};

use crate::answer;
use crate::cors;

/// A new key signs two seconds after a rotation. A node knows it within the first, and with this no
/// cache between is older than the other; verifiers that fetch for each token still don't fetch
/// each time.
const CACHE: HeaderValue = HeaderValue::from_static("public, max-age=1");

pub(crate) fn routes(app: Arc<App>) -> Router {
    Router::new()
        .route(
            "/{pool}/.well-known/jwks.json",
            get(jwks).options(cors::preflight),
        )
        .route(
            "/{pool}/.well-known/openid-configuration",
            get(openid_configuration).options(cors::preflight),
        )
        .with_state(app)
}

async fn jwks(State(app): State<Arc<App>>, Path(pool): Path<String>) -> Response {
    render(well_known::jwks(&app, &pool).await)
}

async fn openid_configuration(State(app): State<Arc<App>>, Path(pool): Path<String>) -> Response {
    render(well_known::openid_configuration(&app, &pool).await)
}

fn render(document: Result<impl Into<Body>, Error>) -> Response {
    match document {
        Ok(text) => {
            let mut response = answer::document(StatusCode::OK, text);
            response.headers_mut().insert(header::CACHE_CONTROL, CACHE);
            response
        }
        Err(error) if error.code == ErrorCode::ResourceNotFound => {
            answer::sentence(StatusCode::NOT_FOUND, &error.message)
        }
        Err(error) => {
            let cause = error.cause();
            tracing::error!(
                outcome = error.code.name(),
                cause,
                "a well-known document could not be made"
            );
            let mut response = answer::sentence(answer::status_of(error.code), &error.message);
            answer::retry_later(&error, response.headers_mut());
            response
        }
    }
}
