//! What the subscriber of the program prints of events of many libraries.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::Write;
use std::sync::{Arc, Mutex};

use super::*;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Each library says something at debug, each of our crates too, and both at info.
fn printed(filter: &str, format: LogFormat) -> String {
    let lines = Lines::default();
    let made = lines.clone();
    let subscriber = Logging::new(filter, format)
        .unwrap()
        .subscriber(move || made.clone());
    tracing::subscriber::with_default(subscriber, || {
        tracing::debug!(target: "tokio_postgres::query", "executing with ana@example.com");
        tracing::debug!(target: "tokio_postgres", "driver");
        tracing::trace!(target: "h2::codec", "frame");
        tracing::debug!(target: "hyper::proto", "header");
        tracing::debug!(target: "rustls::server", "handshake");
        tracing::debug!(target: "lettre::transport", "mail");
        tracing::debug!(target: "reqwest::connect", "request");
        tracing::debug!(target: "cognatelike", "imposter");
        tracing::info!(target: "tokio_postgres", "notice");
        tracing::debug!(target: "cognate_store::postgres", "ours");
        tracing::info!(target: "cognate", "start");
    });
    String::from_utf8(lines.0.lock().unwrap().clone()).unwrap()
}

#[test]
fn debug_is_what_this_program_says_and_no_library() {
    for filter in [
        "debug",
        "trace",
        "debug,cognate_web=trace",
        "debug,tokio=trace",
        "info,[call]=trace,cognate_store=debug",
        "cognate=debug,cognate_store=debug,tokio_postgres=info",
    ] {
        for format in [LogFormat::Text, LogFormat::Json] {
            let printed = printed(filter, format);
            for theirs in [
                "ana@example.com",
                "driver",
                "frame",
                "header",
                "handshake",
                "mail",
                "request",
                "imposter",
            ] {
                assert!(!printed.contains(theirs), "{filter}: {printed}");
            }
            for told in ["notice", "ours", "start"] {
                assert!(printed.contains(told), "{filter}: {printed}");
            }
        }
    }
}

#[test]
fn a_library_that_is_named_says_what_it_is_asked_for() {
    let printed = |filter| printed(filter, LogFormat::Text);
    let named = printed("info,tokio_postgres=debug");
    assert!(named.contains("ana@example.com") && named.contains("driver"));
    assert!(!named.contains("handshake") && !named.contains("ours"));
    let part = printed("info,tokio_postgres::query=debug");
    assert!(part.contains("ana@example.com") && !part.contains("driver"));
    let all = printed("warn,h2");
    assert!(all.contains("frame") && !all.contains("ana@example.com"));
}

#[test]
fn a_library_that_is_asked_for_more_than_info_is_warned_of() {
    for (filter, libraries) in [
        ("debug", &[] as &[&str]),
        ("trace,cognate_web=trace,cognate=debug", &[]),
        ("info,tokio_postgres=info,hyper=warn", &[]),
        ("[call{operation=\"SignUp\"}]=debug", &[]),
        (
            "info,tokio_postgres=debug,hyper::proto=trace",
            &["tokio_postgres", "hyper::proto"],
        ),
        ("warn,h2", &["h2"]),
        ("rustls[handshake]=debug", &["rustls"]),
    ] {
        let logging = Logging::new(filter, LogFormat::Text).unwrap();
        assert_eq!(logging.named.talkative(), libraries, "{filter}");
    }
}
