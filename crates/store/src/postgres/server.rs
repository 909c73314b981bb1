//! Which server a connection leads to: the one that takes writes, a standby, or an old primary that
//! nobody has told yet.
//!
//! PostgreSQL starts a new timeline at each promotion. So of two servers of one cluster the one on
//! the higher timeline is the primary, and what the other one acknowledges is lost.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio_postgres::{Client, SimpleQueryMessage, SimpleQueryRow, error::SqlState};

/// What a server says of itself. What it doesn't know or doesn't tell is None.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Server {
    /// The number of the process that serves the connection.
    pub(super) process: Option<i32>,
    /// It follows another one.
    pub(super) is_standby: bool,
    /// Transactions are read-only unless they say otherwise; so they are on every standby.
    pub(super) is_read_only: bool,
    pub(super) history: Option<History>,
}

/// Whose data it is, and at which promotion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct History {
    /// The number that the cluster was given when it was made; its standbys have the same. None
    /// where it may not be read.
    pub(super) system: Option<String>,
    pub(super) timeline: u32,
}

/// The questions, the fullest first. A database that lacks a function, or a role that may not call
/// it, is asked the next. The name of the current segment of the log begins with the timeline.
/// (What pg_control_checkpoint tells is that of the last checkpoint, and a promotion waits for
/// none.) A standby has no current segment.
const QUESTIONS: [&str; 5] = [
    "SELECT pg_backend_pid(), pg_is_in_recovery(), current_setting('transaction_read_only'),
     CASE WHEN pg_is_in_recovery() THEN NULL ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END,
     (SELECT system_identifier FROM pg_control_system())",
    "SELECT pg_backend_pid(), pg_is_in_recovery(), current_setting('transaction_read_only'),
     CASE WHEN pg_is_in_recovery() THEN NULL ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END",
    "SELECT pg_backend_pid(), pg_is_in_recovery(), current_setting('transaction_read_only')",
    "SELECT NULL, NULL, current_setting('transaction_read_only')",
    "SELECT 1",
];

/// The fullest question that the database answers.
#[derive(Debug, Default)]
pub(super) struct Question(AtomicUsize);

impl Question {
    /// The question itself, once it was found.
    pub(super) fn text(&self) -> &'static str {
        let at = self.0.load(Ordering::Relaxed);
        QUESTIONS.get(at).copied().unwrap_or("SELECT 1")
    }

    /// Asks a server what it is.
    pub(super) async fn ask(&self, client: &Client) -> Result<Server, tokio_postgres::Error> {
        loop {
            let at = self.0.load(Ordering::Relaxed);
            match client.simple_query(self.text()).await {
                Err(error) if at + 1 < QUESTIONS.len() && is_not_known(&error) => {
                    tracing::debug!(%error, "the database does not tell all of which server it is");
                    self.0.fetch_max(at + 1, Ordering::Relaxed);
                }
                Err(error) => return Err(error),
                Ok(answer) => return Ok(Server::told(&answer)),
            }
        }
    }
}

/// Whether the database doesn't have what was asked for, or doesn't let us have it. Any other
/// failure is one of the moment.
fn is_not_known(error: &tokio_postgres::Error) -> bool {
    let code = error.code().map_or("", SqlState::code);
    matches!(code.get(..2), Some("0A" | "42" | "55" | "22"))
}

impl Server {
    /// Reads the answer to a question; the last row counts.
    pub(super) fn told(answer: &[SimpleQueryMessage]) -> Self {
        let row = answer.iter().rev().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let text = |column: usize| row.and_then(|row| text(row, column));
        let timeline = text(3).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        Self {
            process: text(0).and_then(|number| number.parse().ok()),
            is_standby: text(1) == Some("t"),
            is_read_only: text(2) == Some("on"),
            history: timeline.map(|timeline| History {
                system: text(4).map(str::to_owned),
                timeline,
            }),
        }
    }
}

fn text(row: &SimpleQueryRow, column: usize) -> Option<&str> {
    if column < row.len() {
        row.try_get(column).ok().flatten()
    } else {
        None
    }
}

impl History {
    /// Whether this is another cluster: what its timelines are called says nothing about ours.
    pub(super) fn is_of_another_cluster(&self, other: &Self) -> bool {
        matches!((&self.system, &other.system), (Some(ours), Some(theirs)) if ours != theirs)
    }
}
