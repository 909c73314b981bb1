//! The question of `cognate doctor`: from where this server sees a request come. Who cannot prove
//! that they have the database and its master key finds nothing here.

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use cognate_service::doctor;
use http::{HeaderValue, header};

use crate::answer;
use crate::door::{Doorkeeper, Peer};

pub(crate) fn routes(keeper: &Doorkeeper) -> Router {
    Router::new()
        .route(doctor::PATH, get(seen))
        .with_state(keeper.clone())
}

async fn seen(State(keeper): State<Doorkeeper>, request: Request) -> Response {
    seen_by(&keeper, &request).unwrap_or_else(answer::nothing_here)
}

fn seen_by(keeper: &Doorkeeper, request: &Request) -> Option<Response> {
    let (app, proxies) = (keeper.app(), keeper.proxies());
    let headers = request.headers();
    let question = headers.get(doctor::HEADER)?.to_str().ok()?;
    let asked = doctor::read(&app.db, app.clock.now(), question)?;
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
        "seen_as": keeper.client_address(request.extensions(), headers)?.ip(),
        "version": env!("CARGO_PKG_VERSION"),
    })
    .to_string();
    let proof = asked.prove_answer(&body);
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
