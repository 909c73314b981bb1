//! Drives an operation: some connections, each with the next request as soon as the last is answered, for a while.
//!
//! Every answer must be a success, or the run fails: a figure of refusals tells nothing.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use anyhow::Result;
use futures_util::future::try_join_all;

use super::http::Connection;
use super::operation::Work;
use super::pool::Pool;
use super::server::Nodes;

/// How to drive.
pub(super) struct Load {
    pub(super) connections: usize,
    /// Before counting begins.
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
    ) -> Result<Outcome> {
        let phase = Cell::new(Phase::WarmUp);
        let latencies = RefCell::new(Vec::new());
        let (phase, latencies) = (&phase, &latencies);
        let mut connections = Vec::new();
        for number in 0..self.connections {
            let address = Work::address(&pool.addresses, number)?;
            connections.push((number, Connection::open(address).await?));
        }
        let busy = connections
            .into_iter()
            .map(|(number, mut connection)| async move {
                // Far apart, so that no two ask for the same user at the same time.
                let mut turn = number * 7919;
                while phase.get() != Phase::Over {
                    let started = Instant::now();
                    work.once(&mut connection, turn).await?;
                    turn += 1;
                    if phase.get() == Phase::Counted {
                        latencies.borrow_mut().push(started.elapsed());
                    }
                }
                Ok::<_, anyhow::Error>(())
            });
        let clock = async {
            tokio::time::sleep(self.warm_up).await;
            let before = nodes.processor_time()?;
            let started = Instant::now();
            phase.set(Phase::Counted);
            tokio::time::sleep(self.span).await;
            phase.set(Phase::Over);
            let span = started.elapsed();
            Ok::<_, anyhow::Error>((span, nodes.processor_time()?.saturating_sub(before)))
        };
        let ((span, processor_time), _) = tokio::try_join!(clock, try_join_all(busy))?;
        let mut latencies = latencies.take();
        latencies.sort_unstable();
        Ok(Outcome {
            span,
            processor_time,
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
        self.processor_time
            .div_f64(self.latencies.len().max(1) as f64)
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
            latencies: (0..=100).map(Duration::from_millis).collect(),
        };
        assert_eq!(outcome.quantile(0.5), Duration::from_millis(50));
        assert_eq!(outcome.quantile(0.99), Duration::from_millis(99));
        assert!((outcome.rate() - 50.5).abs() < 1e-9);
        assert_eq!(outcome.cost().as_micros(), 9900);
    }
}
