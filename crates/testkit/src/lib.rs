//! A server of one's own for each test, that reads as a story:
//!
//! ```no_run
//! # use cognate_testkit::{TestServer, minutes, refused};
//! # async fn story() {
//! let server = TestServer::start().await;
//! let client = server.pool().await.client().await;
//! let ana = client.user("ana").confirmed().await;
//! let tokens = ana.sign_in_srp().await.unwrap();
//! server.advance(minutes(61));
//! let error = refused(ana.get_user(&tokens.access).await);
//! assert_eq!(error.told(), ("NotAuthorizedException", "Access Token has expired"));
//! # }
//! ```
//!
//! It is the whole product but for the listener: calls go as HTTP requests through the real doors,
//! signed as an operator's client signs them, to the real service on a real database. Only time (it
//! stands until [`TestServer::advance`]), randomness (seeded), and the way of messages (an inbox)
//! are the test's. For development only: nothing of this is in the binary.

#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test's own arrangements: what goes wrong here fails the test at its place"
)]

mod authenticator;
mod call;
mod choice;
mod client;
mod databases;
mod device;
mod group;
pub mod import;
mod imported;
mod key;
mod nodes;
mod passkey;
mod pool;
mod proxy;
mod recovery_codes;
mod server;
mod signing_keys;
mod srp;
mod tokens;
mod user;

use std::time::Duration;

pub use authenticator::Authenticator;
pub use call::{Answer, ApiError, Call, refused};
pub use choice::Challenged;
pub use client::{ClientBuilder, TestClient};
pub use cognate_api::idp::op;
pub use databases::{for_each_database, for_each_empty_schema};
pub use device::{DeviceAnswer, DeviceExchange, TestDevice};
pub use import::TestImport;
pub use imported::hash_of;
pub use key::Key;
pub use nodes::{Shared, for_each_server, for_each_shared_database};
pub use passkey::TestPasskey;
pub use pool::{PoolBuilder, TestPool, attribute_list};
pub use proxy::Proxy;
pub use server::{Mailbox, ServerBuilder, TestServer, inbox_outbound, master_key};
pub use srp::{SrpAnswer, SrpExchange};
pub use tokens::{Tokens, claims, header};
pub use user::{TestUser, UserBuilder};

/// A password that meets the default policy.
pub const PASSWORD: &str = "Correct-Horse-1";

/// So many seconds.
#[must_use]
pub fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// So many minutes.
#[must_use]
pub fn minutes(minutes: u64) -> Duration {
    seconds(60 * minutes)
}

/// So many hours.
#[must_use]
pub fn hours(hours: u64) -> Duration {
    minutes(60 * hours)
}

/// So many days.
#[must_use]
pub fn days(days: u64) -> Duration {
    hours(24 * days)
}
