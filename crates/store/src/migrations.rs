//! The schema, and how it comes to be: migrations that only go forward, one statement a step, each
//! step in a transaction with its entry in `schema_migrations`. A start that was cut goes on at the
//! step where it stood.
//!
//! Old and new nodes run side by side while a migration lies between them, so a migration may add
//! tables, columns with defaults and indexes, and may drop only what the version before no longer
//! uses. Types are TEXT, BIGINT, BYTES and BOOLEAN; see docs/storage.md.

pub(crate) mod book;
mod check;
mod run;
mod steps;

pub(crate) use check::{check, check_up_to_date, version};
pub(crate) use run::run;
pub(crate) use steps::{newest, statements_up_to};
