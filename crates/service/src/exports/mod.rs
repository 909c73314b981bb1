//! Moving a user pool from one server to another, and showing its users to programs and
//! spreadsheets; for `cognate export` and `cognate import-pool`.

mod csv;
mod moving;
mod plain;

pub use moving::{export, import};
pub use plain::{Format, PlainError, write as write_plain};
