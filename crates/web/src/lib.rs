//! The doors: how HTTP comes in and goes out.
//!
//! [`router`] puts them side by side: the AWS JSON API on `POST /` and the forms of pages, and the
//! routes that need no door, which are the documents under `/.well-known/`, files, health, and in
//! development the demo site and the inbox. A door turns a request into a call of the service, and
//! what the service answers into a response; what the product does stands in the service. What all
//! doors have in common is written once, in [`door`]. Only this crate knows statuses and headers;
//! it never sees the store.

mod answer;
mod authenticate;
mod aws_json;
mod confirm_user;
mod cors;
pub mod demo;
mod doctor;
pub mod door;
mod health;
mod import_file;
mod mount;
pub mod pages;
mod recovery_codes;
mod restore_address;
mod target;
mod well_known;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use cognate_service::Operations;

pub use authenticate::Access;
pub use door::{Allowance, Doorkeeper, Finished, InFlight, Network, NetworkError, Observer, Peer};
pub use health::health_routes;

use aws_json::AwsJson;
use demo::DemoConfig;
use pages::inbox::{Awaited, Listing};

/// What the doors of a node need.
pub struct Doors {
    /// What they have in common.
    pub keeper: Doorkeeper,
    /// The operations that are built.
    pub operations: Arc<Operations>,
    /// Who may call the signed operations.
    pub access: Access,
    /// The demo site, in development.
    pub demo: Option<DemoConfig>,
    /// The inbox page, in development.
    pub inbox: Option<InboxPage>,
}

/// What the inbox page shows, and to whom.
pub struct InboxPage {
    /// The host of the public URL, by which the page may be reached besides local names.
    pub public_host: Option<String>,
    /// The kept messages, after the awaited one if there is one.
    pub messages: Box<dyn Fn(Option<Awaited>) -> Listing + Send + Sync>,
}

/// All doors and routes of a node, at the root and under the path of the public URL.
pub fn router(doors: Doors) -> Router {
    let Doors {
        keeper,
        operations,
        access,
        demo,
        inbox,
    } = doors;
    let app = keeper.app();
    let mut router = Router::new()
        .merge(well_known::routes(Arc::clone(app)))
        .merge(health_routes(Arc::clone(app)))
        .merge(confirm_user::routes(&keeper))
        .merge(restore_address::routes(&keeper))
        .merge(recovery_codes::routes(&keeper))
        .merge(import_file::routes(&keeper))
        .merge(doctor::routes(&keeper))
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
    let aws_json = AwsJson {
        app: Arc::clone(app),
        operations,
        access,
    };
    let router = router.merge(aws_json::routes(&keeper, aws_json));
    mount::under(app.config.public_path(), router)
}
