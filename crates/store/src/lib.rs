//! Cognate's store: one SQL text, two thin drivers, one file a resource.
//!
//! [`Db`] opens SQLite or PostgreSQL. [`Db::write`] runs a function as one transaction, whole or
//! not at all, and answers when it is durable; [`Db::read`] gives a reader. All statements pass one
//! function of [`Tx`]. Secrets are sealed before they come into a column, each for its own place.
//! This crate holds all the SQL there is, and knows nothing of requests, mail or HTTP. Times are
//! handed in.

mod aliases;
mod commit;
mod core;
mod data_keys;
mod db;
mod derived;
#[doc(hidden)]
pub mod document;
mod error;
mod fault;
mod gate;
mod keyring;
mod link;
mod meta;
mod migrations;
mod of_user;
mod options;
mod postgres;
mod restore_mark;
mod sqlite;
mod statements;
mod stats;
#[doc(hidden)]
pub mod table;
#[doc(hidden)]
pub mod tables;
mod tx;
mod value;
mod wall_clock;

pub mod access_keys;
pub mod app_clients;
pub mod attempts;
pub mod backup;
pub mod challenges;
pub mod codes;
pub mod condition;
pub mod devices;
pub mod expiry;
pub mod export;
pub mod group_members;
pub mod groups;
pub mod import_files;
pub mod import_jobs;
pub mod import_logs;
pub mod installation;
pub mod leases;
pub mod nodes;
pub mod outbox;
pub mod passkeys;
pub mod password_history;
pub mod pool_changes;
pub mod provisioned_limits;
pub mod recovery_codes;
pub mod resource_servers;
pub mod restore;
pub mod server_settings;
pub mod sessions;
pub mod signing_keys;
pub mod software_tokens;
pub mod user_pools;
pub mod user_search;
pub mod user_terms;
pub mod users;
pub mod ways_back;

pub use db::Db;
pub use error::{Error, OpenError};
pub use fault::{Fault, FaultPlan};
pub use options::DbOptions;
pub use statements::StatementLog;
pub use stats::{Stats, TransactionStats, WriterStats};
pub use tx::Tx;
pub use value::{Param, Row};
