//! The inside of the binary: command line and configuration, wiring, listeners, telemetry.
//!
//! Only this crate reads configuration and environment. [`run`] is the program; [`Listening`]
//! serves tests too, which start a server in their own process.

mod admin;
mod backup_key;
mod command_line;
mod commands;
mod config_file;
mod configuration;
mod database;
mod demo;
mod inbox;
mod limits;
mod listener;
mod local_authority;
mod local_tls;
mod master_key;
mod metrics;
mod node;
mod options;
mod private_file;
mod rotation;
mod signals;
mod telemetry;
mod terminal;
mod tls;
mod version;

pub use command_line::{cli, run};
pub use limits::Limits;
pub use listener::{Connections, Listening};
pub use tls::Certificate;
