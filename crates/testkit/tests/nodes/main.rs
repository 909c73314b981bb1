//! Many nodes, and what breaks between and beneath them: several servers on one database, a path
//! that is cut, a database that stops, a disk that is full, a commit whose answer is lost. On a
//! file of SQLite's and on every URL in TEST_DATABASES; what needs a PostgreSQL of its own to stop
//! starts one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests"
)]

mod cluster;
mod disk_full;
mod failover;
mod imports;
mod jobs;
mod keeper;
mod load;
mod lockout;
mod one_answer;
mod outage;
mod pair;
mod passkeys;
mod path;
mod pool_changes;
mod pool_updates;
mod pooler;
mod request_rates;
mod revocation;
mod settings;
mod start;
mod statements;
mod used_once;
