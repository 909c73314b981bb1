//! What the product does, in rooms by what they are about: user pools, app clients, users, sign-up,
//! sign-in, second factors, devices, passkeys, tokens, account, messages, limits, keys, operators.
//! A room lists its operations beside their functions, one async function each; what two operations
//! share has a file of its own.
//!
//! An operation reads, decides (in the model, which is pure) and writes, in this order; inside a
//! transaction nothing but the database is called. Nothing here knows HTTP: doors (crate web) hand
//! over parsed input and a [`Cx`] and get output or an [`Error`].

mod account;
mod app;
mod app_clients;
mod background;
mod clock;
mod config;
mod counts;
mod cx;
mod devices;
pub mod exports;
mod failure;
#[cfg(test)]
mod golden;
mod groups;
mod imports;
mod keys;
mod limits;
mod messages;
mod operations;
mod operators;
mod outcome;
mod page_token;
mod passkeys;
pub mod pool_changes;
pub mod recovery_codes;
mod refused_members;
mod registry;
mod resource_servers;
mod second_factors;
mod settings;
mod sign_in;
mod sign_up;
mod tokens;
mod user_pools;
mod users;

pub use account::way_back::restore_address;
pub use app::App;
pub use background::{Background, expire_some};
pub use clock::{Clock, Entropy, KeyStock};
pub use cognate_api::{Error, ErrorCode};
pub use config::{Config, ConfigError};
pub use counts::{Counts, Limit, SignInFlow, SignInOutcome};
pub use cx::{Arrival, Cx};
pub use imports::log as import_log;
pub use imports::upload as import_upload;
pub use imports::worker::Importer;
pub use keys::{signing_keys, well_known};
pub use limits::admission::admit;
pub use limits::beats::beat;
pub use limits::client_address::{ClientAddress, CountedNetwork};
pub use limits::pool_messages::MessageCount;
pub use limits::rates::{Limits, Rate};
pub use messages::outbox::{Waiting, deliver_due, fill_inbox, waiting_messages};
pub use operations::{operations, refused_members};
pub use operators::access_keys;
pub use operators::caller::{AuthorizeError, Caller, resource_of};
pub use operators::doctor;
pub use operators::server_settings;
pub use refused_members::{RefusedMember, Why};
pub use registry::{Entry, Operations};
pub use sign_up::confirmation::confirm_by_link;
pub use users::search_index::{index_some, index_terms};
pub use users::unconfirmed_users;

/// What an operation gives.
pub type Result<T, E = Error> = std::result::Result<T, E>;
