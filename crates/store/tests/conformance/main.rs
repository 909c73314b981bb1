//! What every database must do for Cognate, whichever it is: run on SQLite, as a file and in
//! memory, and on every URL in the environment variable TEST_DATABASES (separated by spaces), where
//! each test makes a schema of its own and drops it afterwards.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "TEST_DATABASES comes from the environment, and EXPLAIN is asked past the store"
)]

mod accounts;
mod all_statements;
mod backup;
mod catalog;
mod devices;
mod engine;
mod expiry;
mod export;
mod faults;
mod fixtures;
mod furnished;
mod golden;
mod groups;
mod imports;
mod killed;
mod master_key;
mod meetings;
mod opening;
mod passkeys;
mod place;
mod plans;
mod pool_changes;
mod pools;
mod postgres_path;
mod restore;
mod second_factors;
mod sessions;
mod sign_ins;
mod tables;
mod user_search;
mod versions;
