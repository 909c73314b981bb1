#![allow(clippy::unwrap_used, clippy::expect_used)]

mod documents;

use std::time::Duration;

use cognate_service::{Counts, ErrorCode, Limit, SignInFlow, SignInOutcome};
use cognate_store::{Stats, TransactionStats, WriterStats};

use super::*;

/// Counters at zero on a source whose counts a test may move.
fn metrics() -> (Arc<Metrics>, Arc<Counts>) {
    let counts = Arc::<Counts>::default();
    let met_once = TransactionStats {
        conflicts: 3,
        retries: 2,
        given_up: 1,
    };
    let writer = WriterStats {
        waiting: 5,
        groups: 3,
        transactions: 7,
        group_sizes: [(1, 1), (2, 0), (4, 2), (8, 0), (16, 0), (32, 0), (64, 0)],
    };
    let source = Source {
        counts: Arc::clone(&counts),
        stats: Box::new(move || Stats {
            writer: Some(writer),
            transactions: vec![("sign_in", met_once)],
        }),
    };
    (Metrics::new(source, InFlight::new(10)), counts)
}

#[test]
fn calls_are_counted_by_operation_and_outcome() {
    let (metrics, _) = metrics();
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
    assert!(
        text.contains(
            r#"cognate_calls_total{operation="InitiateAuth",outcome="NotAuthorizedException"} 1"#
        ),
        "{text}"
    );
    assert!(
        text.contains(r#"cognate_call_duration_seconds_count{operation="InitiateAuth"} 3"#),
        "{text}"
    );
}

#[test]
fn the_outbox_is_told_by_kind_and_not_at_all_while_it_is_not_known() {
    let (metrics, _) = metrics();
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
    let (metrics, _) = metrics();
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

#[test]
fn limits_that_were_met_are_told_by_limit_and_those_that_were_not_at_zero() {
    let (metrics, counts) = metrics();
    counts.meet(Limit::RequestMemory);
    let text = metrics.render(&[]);
    for limit in Limit::ALL {
        let number = u64::from(limit == Limit::RequestMemory);
        let line = format!(
            "cognate_limits_met_total{{limit=\"{}\"}} {number}\n",
            limit.name()
        );
        assert!(text.contains(&line), "{text}");
    }
    for flow in SignInFlow::ALL {
        for outcome in SignInOutcome::ALL {
            let (flow, outcome) = (flow.name(), outcome.name());
            let line =
                format!("cognate_sign_ins_total{{flow=\"{flow}\",outcome=\"{outcome}\"}} 0\n");
            assert!(text.contains(&line), "{text}");
        }
    }
    assert!(text.contains("cognate_lockouts_total 0\n"), "{text}");
}

#[test]
fn the_store_is_told_by_its_queue_its_groups_and_the_names_of_transactions() {
    let (metrics, _) = metrics();
    let text = metrics.render(&[]);
    for line in [
        "cognate_writer_waiting 5",
        "cognate_writer_group_transactions_sum 7.0",
        "cognate_writer_group_transactions_count 3",
        r#"cognate_writer_group_transactions_bucket{le="2.0"} 1"#,
        r#"cognate_writer_group_transactions_bucket{le="4.0"} 3"#,
        r#"cognate_writer_group_transactions_bucket{le="+Inf"} 3"#,
        r#"cognate_transaction_conflicts_total{transaction="sign_in"} 3"#,
        r#"cognate_transaction_retries_total{transaction="sign_in"} 2"#,
        r#"cognate_transactions_given_up_total{transaction="sign_in"} 1"#,
    ] {
        assert!(text.contains(&format!("{line}\n")), "{text}");
    }
}

#[test]
fn the_binary_says_its_version_and_its_commit() {
    let text = metrics().0.render(&[]);
    let (version, commit) = (version::VERSION, version::COMMIT);
    let line = format!("cognate_build_info{{version=\"{version}\",commit=\"{commit}\"}} 1\n");
    assert!(text.contains(&line), "{text}");
}
