//! What the product does: one file for each resource, one async function for each operation, and
//! the flows that they share.
//!
//! An operation reads, decides (in the model, which is pure) and writes, in this order; inside a
//! transaction nothing but the database is called. Nothing here knows HTTP: doors (crate web) hand
//! over parsed input and a [`Cx`] and get output or an [`Error`].

pub mod access_keys;
mod admin_attributes;
mod admin_users;
mod app;
mod app_clients;
mod background;
mod caller;
mod client_address;
mod clock;
mod cx;
mod failure;
mod fair_turns;
pub mod flows;
#[cfg(test)]
mod golden;
mod initiate_auth;
mod limits;
mod operations;
mod origin;
mod outbox;
mod page_token;
mod passwords;
mod profile;
mod registry;
mod settings;
mod sign_out;
mod sign_up;
pub mod signing_keys;
pub mod unconfirmed_users;
mod user_pools;
pub mod well_known;

pub use app::{App, Config, ConfigError};
pub use background::{Background, expire_some};
pub use caller::{AuthorizeError, Caller, resource_of};
pub use client_address::{ClientAddress, CountedNetwork};
pub use clock::{Clock, Entropy};
pub use cognate_api::{Error, ErrorCode};
pub use cx::{Arrival, Cx};
pub use limits::{Limits, Rate};
pub use operations::operations;
pub use outbox::{Waiting, deliver_due, fill_inbox, waiting_messages};
pub use registry::{Entry, Operations};

/// What an operation gives.
pub type Result<T, E = Error> = std::result::Result<T, E>;
