//! Drives an operation: some connections, each with the next request as soon as the last is
//! answered, for a while.
//!
//! Every answer must be a success, or the run fails: a figure of refusals tells nothing.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use anyhow::Result;
use futures_util::future::try_join_all;

use super::http::Connection;
use super::operation::Work;
use super::pool::Pool;
use super::server::{Database, Nodes};

/// How often it is looked whether the warm-up is over.
const POLL: Duration = Duration::from_millis(20);

/// How to drive.
pub(super) struct Load {
    pub(super) connections: usize,
    /// Before counting begins, at least: it waits too until each request that was made ahead has
    /// been answered once, so that what is counted finds its data in memory, in a small pool and in
    /// a large one.
    pub(super) warm_up: Duration,
    /// How long is counted.
    pub(super) span: Duration,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Outcome {
    /// How long was counted indeed.
    pub(super) span: Duration,
    /// Processor time of the servers in that span.
    pub(super) processor_time: Duration,
    /// Processor time of a database server on this machine in that span.
    pub(super) database_time: Option<Duration>,
    /// How long each operation took, in ascending order.
    pub(super) latencies: Vec<Duration>,
}

/// What the connections know of the time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    WarmUp,
    Counted,
    Over,
}

impl Load {
    /// Drives the pool's servers.
    pub(super) async fn drive(
        &self,
        pool: &Pool,
        work: &Work<'_>,
        nodes: &Nodes,
        database: &Database,
    ) -> Result<Outcome> {
        let phase = Cell::new(Phase::WarmUp);
        let turn = Cell::new(0);
        let turn = &turn;
        let latencies = RefCell::new(Vec::new());
        let (phase, latencies) = (&phase, &latencies);
        let mut connections = Vec::new();
        for number in 0..self.connections {
            let address = Work::address(&pool.addresses, number)?;
            connections.push(Connection::open(address).await?);
        }
        let busy = connections.into_iter().map(|mut connection| async move {
            while phase.get() != Phase::Over {
                let started = Instant::now();
                // The connections go through the requests together, so that no two ask for the same
                // user at the same time.
                work.once(&mut connection, turn.replace(turn.get() + 1))
                    .await?;
                if phase.get() == Phase::Counted {
                    latencies.borrow_mut().push(started.elapsed());
                }
            }
            Ok::<_, anyhow::Error>(())
        });
        let clock = async {
            tokio::time::sleep(self.warm_up).await;
            while turn.get() < work.prepared() + self.connections {
                tokio::time::sleep(POLL).await;
            }
            let (before, database_before) = (nodes.processor_time()?, database.processor_time()?);
            let started = Instant::now();
            phase.set(Phase::Counted);
            tokio::time::sleep(self.span).await;
            phase.set(Phase::Over);
            let span = started.elapsed();
            let used = nodes.processor_time()?.saturating_sub(before);
            let database_used = database_before.zip(database.processor_time()?);
            let database_used = database_used.map(|(before, after)| after.saturating_sub(before));
            Ok::<_, anyhow::Error>((span, used, database_used))
        };
        let ((span, processor_time, database_time), _) =
            tokio::try_join!(clock, try_join_all(busy))?;
        let mut latencies = latencies.take();
        latencies.sort_unstable();
        Ok(Outcome {
            span,
            processor_time,
            database_time,
            latencies,
        })
    }
}

impl Outcome {
    /// The latency that this part of the operations stayed within; `part` is 0 to 1.
    pub(super) fn quantile(&self, part: f64) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        let at = (last as f64 * part).round() as usize;
        self.latencies.get(at).copied().unwrap_or_default()
    }

    /// Operations a second.
    pub(super) fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.span.as_secs_f64()
    }

    /// Processor time of the servers for one operation.
    pub(super) fn cost(&self) -> Duration {
        self.for_one(self.processor_time)
    }

    /// Processor time of the database server for one operation.
    pub(super) fn database_cost(&self) -> Option<Duration> {
        self.database_time.map(|time| self.for_one(time))
    }

    fn for_one(&self, time: Duration) -> Duration {
        time.div_f64(self.latencies.len().max(1) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_rates_and_costs_are_those_of_what_was_counted() {
        let outcome = Outcome {
            span: Duration::from_secs(2),
            processor_time: Duration::from_secs(1),
            database_time: None,
            latencies: (0..=100).map(Duration::from_millis).collect(),
        };
        assert_eq!(outcome.quantile(0.5), Duration::from_millis(50));
        assert_eq!(outcome.quantile(0.99), Duration::from_millis(99));
        assert!((outcome.rate() - 50.5).abs() < 1e-9);
        assert_eq!(outcome.cost().as_micros(), 9900);
    }
}
