//! Which server is the primary, as far as this node knows, and how long that is believed.
//!
//! A connection stays with the server to which it was made, also when the address in front has long
//! led to another one. What an old primary then acknowledges is lost. So a connection is used for
//! some seconds only after the address was last seen to lead to the same server; then a new one is
//! made to look. If that finds a later primary, the older connections are dropped. If it finds
//! nobody, nothing is read or written: whoever manages the servers takes the address away before a
//! standby is promoted.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::server::{History, Server};
use crate::Error;

/// How long connections are used without a look at where the address leads now. Managers of
/// failover wait several times as long between taking the address from a primary and promoting
/// another (Patroni: 30 seconds of `ttl`).
const BELIEVED_FOR: Duration = Duration::from_secs(5);

/// What one pool knows.
#[derive(Default)]
pub(super) struct Trust {
    state: Mutex<State>,
    /// Held by who looks where the address leads.
    look: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    /// The latest primary seen.
    newest: Option<History>,
    /// When the address last led to it.
    proven: Option<Instant>,
    /// Raised when a server turns out to have changed: connections that were cleared before are
    /// asked before they are used.
    doubts: u64,
    /// Looks so far, and what the last one found.
    looks: u64,
    found: Option<Error>,
}

impl Trust {
    /// Judges the server to which the address leads now: by a new connection, or behind a pooler by
    /// a new transaction.
    ///
    /// # Errors
    /// [`Error::ReadOnly`] for a standby, [`Error::Disconnected`] for an old primary.
    pub(super) fn admit(&self, server: &Server) -> Result<(), Error> {
        if server.is_standby {
            return Err(Error::ReadOnly(
                "the server is a standby, or becomes a primary just now".to_owned(),
            ));
        }
        let mut state = self.state();
        match (&state.newest, &server.history) {
            (Some(newest), Some(found)) if found.is_of_another_cluster(newest) => {
                tracing::warn!("the address of the database leads to another cluster than before");
                state.follow(found);
            }
            (Some(newest), Some(found)) if found.timeline < newest.timeline => {
                return Err(Error::Disconnected(format!(
                    "the address leads to an old primary on timeline {}, though one on timeline {} was seen",
                    found.timeline, newest.timeline
                )));
            }
            (Some(newest), Some(found)) if found.timeline > newest.timeline => {
                tracing::warn!(
                    from = newest.timeline,
                    to = found.timeline,
                    "the database has failed over: connections to the old primary are dropped"
                );
                state.follow(found);
            }
            (None, Some(found)) => state.newest = Some(found.clone()),
            _ => {}
        }
        state.proven = Some(Instant::now());
        Ok(())
    }

    /// Whether the server of a connection is still the latest primary.
    pub(super) fn is_current(&self, server: &Server) -> bool {
        match (&self.state().newest, &server.history) {
            (Some(newest), Some(own)) => {
                own.timeline >= newest.timeline && !own.is_of_another_cluster(newest)
            }
            _ => true,
        }
    }

    /// A server has changed under its connections: it refuses writes now.
    pub(super) fn doubt(&self) {
        let mut state = self.state();
        state.doubts += 1;
        state.proven = None;
    }

    /// How often there was doubt so far.
    pub(super) fn doubts(&self) -> u64 {
        self.state().doubts
    }

    /// Looks where the address leads, if the last look is too old. Of many that want to know one
    /// looks and all learn.
    ///
    /// # Errors
    /// What the look found, and as [`Trust::admit`].
    pub(super) async fn prove(
        &self,
        look: impl Future<Output = Result<Option<Server>, Error>>,
    ) -> Result<(), Error> {
        if self.is_proven() {
            return Ok(());
        }
        let before = self.state().looks;
        let _turn = self.look.lock().await;
        if self.is_proven() {
            return Ok(());
        }
        if self.state().looks != before
            && let Some(found) = self.state().found.clone()
        {
            return Err(found);
        }
        let outcome = match look.await {
            Ok(Some(server)) => self.admit(&server),
            // It is there, and tells nothing for now.
            Ok(None) => {
                self.state().proven = Some(Instant::now());
                Ok(())
            }
            Err(error) => Err(error),
        };
        let mut state = self.state();
        state.looks += 1;
        state.found = outcome.clone().err();
        outcome
    }

    fn is_proven(&self) -> bool {
        self.state()
            .proven
            .is_some_and(|proven| proven.elapsed() < BELIEVED_FOR)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn follow(&mut self, found: &History) {
        self.newest = Some(found.clone());
        self.doubts += 1;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn primary(system: &str, timeline: u32) -> Server {
        Server {
            process: None,
            is_standby: false,
            is_read_only: false,
            history: Some(History {
                system: Some(system.to_owned()),
                timeline,
            }),
        }
    }

    #[test]
    fn a_connection_to_a_primary_before_the_last_promotion_is_not_current_and_no_new_one_is_admitted()
     {
        let trust = Trust::default();
        let old = primary("1", 1);
        trust.admit(&old).unwrap();
        assert!(trust.is_current(&old));
        trust.admit(&primary("1", 2)).unwrap();
        assert!(!trust.is_current(&old));
        assert!(matches!(trust.admit(&old), Err(Error::Disconnected(_))));
        assert!(trust.is_current(&primary("1", 2)));
    }

    #[test]
    fn another_cluster_is_followed_though_its_timelines_are_lower() {
        let trust = Trust::default();
        trust.admit(&primary("1", 7)).unwrap();
        trust.admit(&primary("2", 1)).unwrap();
        assert!(!trust.is_current(&primary("1", 7)));
        assert!(trust.is_current(&primary("2", 1)));
    }

    #[test]
    fn a_standby_is_not_admitted() {
        let trust = Trust::default();
        let standby = Server {
            is_standby: true,
            is_read_only: true,
            history: None,
            ..primary("1", 1)
        };
        assert!(matches!(trust.admit(&standby), Err(Error::ReadOnly(_))));
    }

    #[test]
    fn a_database_that_tells_nothing_is_believed() {
        let trust = Trust::default();
        let silent = Server {
            history: None,
            ..primary("", 0)
        };
        trust.admit(&silent).unwrap();
        trust.admit(&primary("1", 3)).unwrap();
        assert!(trust.is_current(&silent));
    }

    #[tokio::test]
    async fn of_many_who_wait_for_a_look_one_looks_and_all_learn() {
        let trust = Trust::default();
        let looks = std::sync::atomic::AtomicU32::new(0);
        let look = async || {
            looks.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            tokio::task::yield_now().await;
            Err(Error::Unavailable("nobody".to_owned()))
        };
        let (one, two) = tokio::join!(trust.prove(look()), trust.prove(look()));
        assert!(one.is_err() && two.is_err());
        assert_eq!(looks.load(std::sync::atomic::Ordering::SeqCst), 1);
        trust
            .prove(async { Ok(Some(primary("1", 1))) })
            .await
            .unwrap();
        trust.prove(look()).await.unwrap();
        assert_eq!(looks.load(std::sync::atomic::Ordering::SeqCst), 1);
    }
}
