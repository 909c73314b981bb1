//! What is counted, in the text form of Prometheus.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cognate_service::MessageCount;
use cognate_service::Waiting;
use cognate_web::{Finished, Observer};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// In seconds: from a cached document to a sign-in on a busy machine.
const BUCKETS: [f64; 12] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];

/// The labels of a call. The names come from the models, so that callers cannot make the table
/// grow.
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

/// A server's counters.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    outbox_messages: Family<Kind, Gauge>,
    outbox_age: Family<Kind, Gauge<f64, AtomicU64>>,
    calls: Family<Call, Counter>,
    seconds: Family<Operation, Histogram, fn() -> Histogram>,
    messages: Family<Messages, Counter>,
    messages_refused: Family<Messages, Counter>,
    pub(crate) connections: Gauge,
}

impl Metrics {
    /// Counters at zero.
    #[must_use]
    pub fn new() -> Arc<Self> {
        let mut registry = Registry::with_prefix("cognate");
        let calls = Family::<Call, Counter>::default();
        let seconds: Family<Operation, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(BUCKETS));
        let connections = Gauge::default();
        let (messages, messages_refused) = (Family::default(), Family::default());
        registry.register(
            "calls",
            "Calls of operations, by operation and outcome",
            calls.clone(),
        );
        registry.register_with_unit(
            "call_duration",
            "From a call's head to its answer",
            Unit::Seconds,
            seconds.clone(),
        );
        registry.register(
            "connections",
            "Open connections of the public listener",
            connections.clone(),
        );
        let outbox_messages = Family::<Kind, Gauge>::default();
        let outbox_age = Family::<Kind, Gauge<f64, AtomicU64>>::default();
        registry.register(
            "outbox_messages",
            "Messages that wait in the outbox of all nodes, by kind, up to ten thousand",
            outbox_messages.clone(),
        );
        registry.register_with_unit(
            "outbox_age",
            "How long the oldest message of a kind has waited in the outbox",
            Unit::Seconds,
            outbox_age.clone(),
        );
        registry.register(
            "messages",
            "Messages that users and strangers have asked for, by user pool and medium",
            messages.clone(),
        );
        registry.register(
            "messages_refused",
            "Messages that were refused because their pool's sum of the hour was reached",
            messages_refused.clone(),
        );
        Arc::new(Self {
            registry,
            messages,
            messages_refused,
            outbox_messages,
            outbox_age,
            calls,
            seconds,
            connections,
        })
    }

    /// Counts what the doors answer.
    #[must_use]
    pub fn observer(self: &Arc<Self>) -> Observer {
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
mod tests {
    use std::time::Duration;

    use cognate_service::ErrorCode;

    use super::*;

    #[test]
    fn calls_are_counted_by_operation_and_outcome() {
        let metrics = Metrics::new();
        for error in [None, None, Some(ErrorCode::NotAuthorized)] {
            metrics.count(Finished {
                name: "InitiateAuth",
                error,
                took: Duration::from_millis(2),
            });
        }
        let text = metrics.render(&[]);
        assert!(
            text.contains(r#"cognate_calls_total{operation="InitiateAuth",outcome="ok"} 2"#),
            "{text}"
        );
        assert!(text.contains(r#"cognate_calls_total{operation="InitiateAuth",outcome="NotAuthorizedException"} 1"#), "{text}");
        assert!(
            text.contains(r#"cognate_call_duration_seconds_count{operation="InitiateAuth"} 3"#),
            "{text}"
        );
    }

    #[test]
    fn the_outbox_is_told_by_kind_and_not_at_all_while_it_is_not_known() {
        let metrics = Metrics::new();
        let waiting = Waiting {
            kind: "sms",
            messages: 3,
            age: Duration::from_millis(1500),
        };
        metrics.note_outbox(&[waiting]);
        let text = metrics.render(&[]);
        assert!(
            text.contains(r#"cognate_outbox_messages{kind="sms"} 3"#),
            "{text}"
        );
        assert!(
            text.contains(r#"cognate_outbox_age_seconds{kind="sms"} 1.5"#),
            "{text}"
        );
        metrics.note_outbox(&[]);
        assert!(!metrics.render(&[]).contains("kind="));
    }

    #[test]
    fn messages_are_told_by_pool_and_medium() {
        let metrics = Metrics::new();
        let count = MessageCount {
            user_pool: "us-east-1_a".to_owned(),
            medium: "sms",
            sent: 7,
            refused: 2,
        };
        metrics.render(std::slice::from_ref(&count));
        let text = metrics.render(&[count]);
        for line in [
            r#"cognate_messages_total{user_pool_id="us-east-1_a",medium="sms"} 7"#,
            r#"cognate_messages_refused_total{user_pool_id="us-east-1_a",medium="sms"} 2"#,
        ] {
            assert!(text.contains(line), "{text}");
        }
    }
}
