//! The question of `cognate doctor`: from where this server sees a request come. Who cannot prove
//! that they have the database and its master key finds nothing here.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use cognate_service::{App, doctor};
use http::{HeaderValue, StatusCode, header};

use crate::peer::{Network, Peer, client_address};

#[derive(Clone)]
struct Door {
    app: Arc<App>,
    proxies: Arc<[Network]>,
}

pub(crate) fn routes(app: Arc<App>, proxies: Arc<[Network]>) -> Router {
    Router::new()
        .route(doctor::PATH, get(seen))
        .with_state(Door { app, proxies })
}

async fn seen(State(Door { app, proxies }): State<Door>, request: Request) -> Response {
    answer(&app, &proxies, &request).unwrap_or_else(|| StatusCode::NOT_FOUND.into_response())
}

fn answer(app: &App, proxies: &[Network], request: &Request) -> Option<Response> {
    let headers = request.headers();
    let question = headers.get(doctor::HEADER)?.to_str().ok()?;
    let peer = request.extensions().get::<Peer>()?.0.ip().to_canonical();
    let forwarded: Vec<_> = headers
        .get_all("x-forwarded-for")
        .iter()
        .map(|line| String::from_utf8_lossy(line.as_bytes()))
        .collect();
    let body = serde_json::json!({
        "peer": peer,
        "forwarded_for": (!forwarded.is_empty()).then(|| forwarded.join(", ")),
        "peer_is_trusted": proxies.iter().any(|network| network.contains(peer)),
        "seen_as": client_address(request.extensions(), headers, proxies)?.ip(),
        "version": env!("CARGO_PKG_VERSION"),
    })
    .to_string();
    let proof = doctor::prove_answer(&app.db, app.clock.now(), question, &body)?;
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(doctor::HEADER, HeaderValue::from_str(&proof).ok()?);
    Some(response)
}
