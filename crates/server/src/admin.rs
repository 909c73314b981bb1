//! The operator's listener: metrics and health, for nobody else's eyes.

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::routing::get;
use cognate_service::App;
use cognate_web::health_routes;

use crate::metrics::Metrics;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `/metrics`, `/healthz` and `/readyz`.
pub(crate) fn routes(app: Arc<App>, metrics: Arc<Metrics>) -> Router {
    let render = move || async move { ([(header::CONTENT_TYPE, OPEN_METRICS)], metrics.render()) };
    Router::new()
        .route("/metrics", get(render))
        .merge(health_routes(app))
}
