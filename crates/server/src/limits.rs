//! The limits of a listener: how much it serves, and how long it waits.

use std::time::Duration;

use anyhow::{Result, bail};

/// The limits of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once; more wait in the system's queue.
    pub connections: usize,
    /// For the TLS handshake and the first request's head: a client that connects has something to
    /// ask.
    pub first_request: Duration,
    /// For the head of each further request, and so for an idle connection. It is longer than the
    /// minute of usual load balancers; otherwise they would send a request into a connection that
    /// is just closing.
    pub next_request: Duration,
    /// For a write of which the client takes nothing.
    pub stalled_write: Duration,
    /// For the answers that are on their way when the server ends an idle connection.
    pub farewell: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            first_request: Duration::from_secs(30),
            next_request: Duration::from_secs(75),
            stalled_write: Duration::from_secs(30),
            farewell: Duration::from_secs(120),
        }
    }
}

impl Limits {
    /// Reads the number of connections.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) fn parse(connections: &str) -> Result<Self> {
        match connections.parse() {
            Ok(connections @ 1..=1_000_000) => Ok(Self {
                connections,
                ..Self::default()
            }),
            _ => bail!("max-connections must be a number from 1 to 1000000, not «{connections}»"),
        }
    }
}
