//! What is counted, in the text form of OpenMetrics. docs/monitoring.md tells what each metric
//! means; a test compares the two.

mod collected;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cognate_service::MessageCount;
use cognate_service::Waiting;
use cognate_web::{Finished, InFlight, Observer};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::listener::Connections;
use crate::version;
use collected::Collected;
pub(crate) use collected::Source;

/// In seconds: from a cached document to a sign-in on a busy machine.
const BUCKETS: [f64; 12] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];

/// The labels of a call. The names come from the models and the doors, so that callers cannot make
/// the table grow.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Call {
    operation: &'static str,
    /// The error's name, or `ok`.
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Operation {
    operation: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Messages {
    /// Pools are made by operators, so that callers cannot make the table grow.
    user_pool_id: String,
    /// `mail` or `sms`.
    medium: &'static str,
}

/// Which build this is: its version, and the commit where a release names it to the compiler.
fn build() -> Info<[(&'static str, &'static str); 2]> {
    Info::new([("version", version::VERSION), ("commit", version::COMMIT)])
}

/// A server's counters.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    outbox_messages: Family<Kind, Gauge>,
    outbox_age: Family<Kind, Gauge<f64, AtomicU64>>,
    calls: Family<Call, Counter>,
    seconds: Family<Operation, Histogram, fn() -> Histogram>,
    messages: Family<Messages, Counter>,
    messages_refused: Family<Messages, Counter>,
    pub(crate) connections: Connections,
}

impl Metrics {
    /// Counters at zero; what is counted elsewhere is read from `source` at each scrape.
    #[must_use]
    pub(crate) fn new(source: Source, in_flight: InFlight) -> Arc<Self> {
        let seconds: fn() -> Histogram = || Histogram::new(BUCKETS);
        let mut metrics = Self {
            registry: Registry::with_prefix("cognate"),
            messages: Family::default(),
            messages_refused: Family::default(),
            outbox_messages: Family::default(),
            outbox_age: Family::default(),
            calls: Family::default(),
            seconds: Family::new_with_constructor(seconds),
            connections: Connections::default(),
        };
        metrics.register();
        let registry = &mut metrics.registry;
        registry.register("build", "What this binary is; always 1", build());
        registry.register_collector(Box::new(Collected { source, in_flight }));
        Arc::new(metrics)
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "calls",
            "Calls of operations and of pages, by operation and outcome",
            self.calls.clone(),
        );
        registry.register_with_unit(
            "call_duration",
            "From a call's head to the end of its work",
            Unit::Seconds,
            self.seconds.clone(),
        );
        registry.register(
            "connections",
            "Open connections of the public listener",
            self.connections.open.clone(),
        );
        registry.register(
            "connections_refused",
            "Connections that were closed at once because their address had its share",
            self.connections.refused.clone(),
        );
        registry.register(
            "outbox_messages",
            "Messages that wait in the outbox of all nodes, by kind, up to ten thousand",
            self.outbox_messages.clone(),
        );
        registry.register_with_unit(
            "outbox_age",
            "How long the oldest message of a kind has waited in the outbox",
            Unit::Seconds,
            self.outbox_age.clone(),
        );
        registry.register(
            "messages",
            "Messages that users and strangers have asked for, by user pool and medium",
            self.messages.clone(),
        );
        registry.register(
            "messages_refused",
            "Messages that were refused because their pool's sum of the hour was reached",
            self.messages_refused.clone(),
        );
    }

    /// Counts what the doors answer.
    #[must_use]
    pub(crate) fn observer(self: &Arc<Self>) -> Observer {
        let metrics = Arc::clone(self);
        Observer::new(move |finished| metrics.count(finished))
    }

    fn count(
        &self,
        Finished {
            name: operation,
            error,
            took,
        }: Finished,
    ) {
        let outcome = error.map_or("ok", |code| code.name());
        self.calls.get_or_create(&Call { operation, outcome }).inc();
        self.seconds
            .get_or_create(&Operation { operation })
            .observe(took.as_secs_f64());
    }

    /// Notes what waits in the outbox; with nothing known, nothing is told of it.
    pub(crate) fn note_outbox(&self, waiting: &[Waiting]) {
        self.outbox_messages.clear();
        self.outbox_age.clear();
        for Waiting {
            kind,
            messages,
            age,
        } in waiting
        {
            let kind = Kind { kind };
            self.outbox_messages.get_or_create(&kind).set(*messages);
            self.outbox_age.get_or_create(&kind).set(age.as_secs_f64());
        }
    }

    /// All of it as text.
    pub(crate) fn render(&self, messages: &[MessageCount]) -> String {
        for count in messages {
            let labels = Messages {
                user_pool_id: count.user_pool.clone(),
                medium: count.medium,
            };
            // The service counts, and tells its sums.
            let set = |family: &Family<Messages, Counter>, number| {
                let counter = family.get_or_create(&labels);
                counter.inner().store(number, Ordering::Relaxed);
            };
            set(&self.messages, count.sent);
            set(&self.messages_refused, count.refused);
        }
        let mut text = String::new();
        // Writing into a string cannot fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        text
    }
}

#[cfg(test)]
mod tests;
