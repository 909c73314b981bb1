//! A PostgreSQL that a test may stop.

use crate::keeper::{Keeper, free_port, postgres_programs};

/// A running cluster; it ends when this is dropped.
pub(crate) struct Cluster {
    pub(crate) url: String,
    pub(crate) port: u16,
    keeper: Keeper,
}

/// The superuser's password.
pub(crate) const PASSWORD: &str = "outage";

/// How a cluster is stopped, as pg_ctl calls it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stop {
    /// Sessions are ended, transactions rolled back.
    Fast,
    /// As a crash: it recovers at its start.
    Immediate,
}

impl Cluster {
    /// Makes and starts one. None, in words, where PostgreSQL's programs are not installed.
    pub(crate) fn start() -> Option<Self> {
        let programs = postgres_programs()?;
        let port = free_port();
        let arguments = [programs.to_str().unwrap(), &port.to_string(), PASSWORD];
        Some(Self {
            url: url_at(port),
            port,
            keeper: Keeper::start("cluster.sh", include_str!("cluster.sh"), &arguments),
        })
    }

    /// Stops it and waits until it has stopped.
    pub(crate) fn stop(&mut self, how: Stop) {
        let mode = match how {
            Stop::Fast => "fast",
            Stop::Immediate => "immediate",
        };
        self.keeper.order(&format!("stop {mode}"));
    }

    /// Starts it again and waits until it takes connections.
    pub(crate) fn start_again(&mut self) {
        self.keeper.order("start");
    }
}

/// Where the superuser reaches it.
pub(crate) fn url_at(port: u16) -> String {
    format!("postgres://cognate:{PASSWORD}@127.0.0.1:{port}/postgres?sslmode=disable")
}
