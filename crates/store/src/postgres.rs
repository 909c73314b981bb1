//! The PostgreSQL driver, and what speaks its wire: pooled connections and the statements on them.
//! It knows nothing of transactions but how one begins and ends; see `commit` for the rest.

mod connection;
mod failure;
mod open;
mod pool;
mod pooler;
mod server;
mod tls;
mod trust;
mod url;
mod wire;

pub(crate) use open::open;
pub(crate) use pool::{Pool, Session};
