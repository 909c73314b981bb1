//! What is counted elsewhere (by the service, the store and the doors) and read at each scrape.

use std::fmt;
use std::sync::Arc;

use cognate_service::{Counts, Limit, SignInFlow, SignInOutcome};
use cognate_store::{Stats, TransactionStats, WriterStats};
use cognate_web::InFlight;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, NoLabelSet};
use prometheus_client::metrics::MetricType;

/// Where the service's and the store's numbers come from.
pub(crate) struct Source {
    /// The service's.
    pub(crate) counts: Arc<Counts>,
    /// The database's.
    pub(crate) stats: Box<dyn Fn() -> Stats + Send + Sync>,
}

/// Renders them.
pub(super) struct Collected {
    pub(super) source: Source,
    pub(super) in_flight: InFlight,
}

impl fmt::Debug for Collected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Collected")
    }
}

impl Collector for Collected {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let encoder = &mut encoder;
        gauge(
            encoder,
            "calls_running",
            "Calls that run now, those among them whose clients have hung up",
            self.in_flight.running().into(),
        )?;
        service(encoder, &self.source.counts)?;
        let stats = (self.source.stats)();
        // On PostgreSQL there is no such queue, and these stay at zero.
        writer(encoder, &stats.writer.unwrap_or_default())?;
        transactions(encoder, &stats.transactions)
    }
}

fn service(encoder: &mut DescriptorEncoder<'_>, counts: &Counts) -> fmt::Result {
    let sign_ins = SignInFlow::ALL.into_iter().flat_map(|flow| {
        SignInOutcome::ALL.map(|outcome| {
            let labels = [("flow", flow.name()), ("outcome", outcome.name())];
            (labels, counts.sign_ins(flow, outcome))
        })
    });
    counters(
        encoder,
        "sign_ins",
        "Requests of sign-ins, by flow and outcome",
        sign_ins,
    )?;
    encoder
        .encode_descriptor(
            "lockouts",
            "Locks of a user name that began after wrong passwords",
            None,
            MetricType::Counter,
        )?
        .encode_counter::<NoLabelSet, _, u64>(&counts.locks(), None)?;
    counters(
        encoder,
        "limits_met",
        "Requests that have met a limit, by limit",
        Limit::ALL.map(|limit| ([("limit", limit.name())], counts.limits(limit))),
    )
}

fn writer(encoder: &mut DescriptorEncoder<'_>, stats: &WriterStats) -> fmt::Result {
    gauge(
        encoder,
        "writer_waiting",
        "Transactions that wait for SQLite's writer now",
        stats.waiting,
    )?;
    let sizes = stats.group_sizes.iter();
    // No group is larger than the largest size.
    let buckets: Vec<_> = sizes
        .map(|(largest, groups)| (*largest as f64, *groups))
        .chain([(f64::INFINITY, 0)])
        .collect();
    encoder
        .encode_descriptor(
            "writer_group_transactions",
            "How many transactions shared a commit of SQLite's writer",
            None,
            MetricType::Histogram,
        )?
        .encode_histogram::<NoLabelSet>(stats.transactions as f64, stats.groups, &buckets, None)
}

fn transactions(
    encoder: &mut DescriptorEncoder<'_>,
    stats: &[(&'static str, TransactionStats)],
) -> fmt::Result {
    let of = |number: fn(&TransactionStats) -> u64| {
        stats
            .iter()
            .map(move |(name, stats)| ([("transaction", *name)], number(stats)))
    };
    counters(
        encoder,
        "transaction_conflicts",
        "Runs of a transaction that another one made fail, by its name",
        of(|stats| stats.conflicts),
    )?;
    counters(
        encoder,
        "transaction_retries",
        "Further runs of a transaction, by its name",
        of(|stats| stats.retries),
    )?;
    counters(
        encoder,
        "transactions_given_up",
        "Transactions that failed because their last run did too, by their name",
        of(|stats| stats.given_up),
    )
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    encoder
        .encode_descriptor(name, help, None, MetricType::Gauge)?
        .encode_gauge(&value)
}

fn counters<L: EncodeLabelSet>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = (L, u64)>,
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (labels, value) in values {
        family
            .encode_family(&labels)?
            .encode_counter::<NoLabelSet, _, u64>(&value, None)?;
    }
    Ok(())
}
