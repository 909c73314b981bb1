//! The operator's listener, for metrics and health. Only operators should reach it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::header;
use axum::routing::get;
use cognate_service::{App, waiting_messages};
use cognate_web::health_routes;

use crate::metrics::Metrics;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How long the database may take to count the outbox. After that the other metrics are served
/// without it.
const OUTBOX_PATIENCE: Duration = Duration::from_secs(2);

/// `/metrics`, `/healthz` and `/readyz`.
pub(crate) fn routes(app: Arc<App>, metrics: Arc<Metrics>) -> Router {
    let node = Arc::clone(&app);
    let render = move || async move {
        let waiting = tokio::time::timeout(OUTBOX_PATIENCE, waiting_messages(&node)).await;
        // A database that does not answer shows elsewhere, and at once.
        metrics.note_outbox(&waiting.ok().and_then(Result::ok).unwrap_or_default());
        (
            [(header::CONTENT_TYPE, OPEN_METRICS)],
            metrics.render(&node.message_counts()),
        )
    };
    Router::new()
        .route("/metrics", get(render))
        .merge(health_routes(app))
}
