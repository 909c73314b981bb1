//! The keys that sign tokens, and the documents in which a pool publishes them.

pub mod signing_keys;
pub mod well_known;
