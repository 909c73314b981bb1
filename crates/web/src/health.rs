//! `/healthz`: the process lives. `/readyz`: it can do its work, which means that its database
//! answers and takes writes.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use cognate_service::{
    App,
    well_known::{self, NotReady},
};
use http::{HeaderName, HeaderValue, StatusCode, header};

/// How long the database may take; a load balancer must not wait longer than it asks again.
const PATIENCE: Duration = Duration::from_secs(2);

type Answer = (StatusCode, [(HeaderName, HeaderValue); 1], &'static str);

/// Both, for the public and the operator's listener.
pub fn health_routes(app: Arc<App>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { answer(StatusCode::OK, "ok\n") }))
        .route("/readyz", get(readyz))
        .with_state(app)
}

async fn readyz(State(app): State<Arc<App>>) -> Answer {
    match tokio::time::timeout(PATIENCE, well_known::check_ready(&app)).await {
        Ok(Ok(())) => answer(StatusCode::OK, "ready\n"),
        Ok(Err(NotReady::Silent(error))) => {
            tracing::warn!(%error, "not ready");
            answer(
                StatusCode::SERVICE_UNAVAILABLE,
                "the database does not answer\n",
            )
        }
        Ok(Err(NotReady::ReadOnly(error))) => {
            tracing::warn!(%error, "not ready");
            answer(
                StatusCode::SERVICE_UNAVAILABLE,
                "the database is read-only\n",
            )
        }
        Err(_) => {
            tracing::warn!("not ready: the database takes too long");
            answer(
                StatusCode::SERVICE_UNAVAILABLE,
                "the database does not answer in time\n",
            )
        }
    }
}

fn answer(status: StatusCode, text: &'static str) -> Answer {
    (
        status,
        [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))],
        text,
    )
}
