//! The doors: how HTTP comes in and goes out.
//!
//! [`router`] puts them side by side: the AWS JSON API on `POST /`, the documents under
//! `/.well-known/`, the pages of mailed links, health, and in development the demo site and the
//! inbox. Doors turn requests into calls of the service and its answers into responses; what the
//! product does stands there. Only this crate knows statuses and headers; it never sees the store.

mod answer;
mod authenticate;
mod aws_json;
mod body;
mod budget;
mod confirm_user;
mod cors;
pub mod demo;
mod doctor;
mod health;
mod in_flight;
mod mount;
mod observer;
pub mod pages;
mod peer;
mod restore_address;
mod target;
mod well_known;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use cognate_service::{App, Operations};

pub use authenticate::Access;
pub use budget::Allowance;
pub use health::health_routes;
pub use in_flight::InFlight;
pub use observer::{Finished, Observer};
pub use peer::{Network, NetworkError, Peer};

use budget::Budget;
use demo::DemoConfig;
use pages::inbox::{Arrival, Listing};

/// What the doors of a node need.
pub struct Doors {
    /// The node.
    pub app: Arc<App>,
    /// The operations that are built.
    pub operations: Arc<Operations>,
    /// Who may call the signed operations.
    pub access: Access,
    /// The proxies whose X-Forwarded-For is believed.
    pub trusted_proxies: Vec<Network>,
    /// Told of every call of an operation.
    pub observer: Observer,
    /// Bounds and counts the calls that run.
    pub in_flight: InFlight,
    /// The demo site, in development.
    pub demo: Option<DemoConfig>,
    /// The inbox page, in development.
    pub inbox: Option<InboxDoor>,
}

/// What the inbox page shows, and to whom.
pub struct InboxDoor {
    /// The host of the public URL, by which the page may be reached besides local names.
    pub public_host: Option<String>,
    /// The kept messages, after an arrival if one is awaited.
    pub messages: Box<dyn Fn(Option<Arrival>) -> Listing + Send + Sync>,
}

/// All doors of a node, at the root and under the path of the public URL. The listener puts a
/// [`Peer`] and its connection's [`Allowance`] into the extensions of each request.
pub fn router(doors: Doors) -> Router {
    let Doors {
        app,
        operations,
        access,
        trusted_proxies,
        observer,
        in_flight,
        demo,
        inbox,
    } = doors;
    let proxies: Arc<[Network]> = trusted_proxies.into();
    let path = app.config.public_path().to_owned();
    let budget = Budget::default();
    let mut router = Router::new()
        .merge(well_known::routes(Arc::clone(&app)))
        .merge(health_routes(Arc::clone(&app)))
        .merge(confirm_user::routes(
            Arc::clone(&app),
            Arc::clone(&proxies),
            in_flight.clone(),
            budget.clone(),
        ))
        .merge(restore_address::routes(
            Arc::clone(&app),
            Arc::clone(&proxies),
            in_flight.clone(),
            budget.clone(),
        ))
        .merge(doctor::routes(Arc::clone(&app), Arc::clone(&proxies)))
        .merge(pages::asset_routes());
    if let Some(inbox) = inbox {
        router = router.merge(pages::inbox::inbox_routes(
            inbox.public_host,
            inbox.messages,
        ));
    }
    if let Some(config) = demo {
        router = router
            .merge(demo::demo_routes(config))
            .route("/", get(demo::lead_there));
    }
    let router = router.merge(aws_json::routes(aws_json::Door {
        app,
        operations,
        access,
        proxies,
        observer,
        in_flight,
        budget,
    }));
    mount::under(&path, router)
}
