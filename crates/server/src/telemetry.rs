//! Logs: to stderr, as text or as JSON, one line an event.
//!
//! This program logs nothing that users send. Its libraries know no such rule: at debug, the
//! database driver writes whole rows. So the libraries log at info at most, unless the filter names
//! them.

mod libraries;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::panic;

use anyhow::{Context, Result, bail};
use tracing::Subscriber;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt, registry};

use libraries::Named;

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// For programs: an object a line.
    Json,
}

impl LogFormat {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            other => bail!("log-format must be text or json, not «{other}»"),
        }
    }
}

/// What is logged and how.
#[derive(Debug)]
pub(crate) struct Logging {
    filter: EnvFilter,
    named: Named,
    format: LogFormat,
}

impl Logging {
    /// Reads the filter.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) fn new(filter: &str, format: LogFormat) -> Result<Self> {
        let parsed =
            EnvFilter::try_new(filter).with_context(|| format!("log: «{filter}» is no filter"))?;
        Ok(Self {
            filter: parsed,
            named: Named::in_filter(filter),
            format,
        })
    }

    /// Begins to log. Panics are logged too, with their place; their words may contain parts of a
    /// request.
    pub(crate) fn start(self) {
        let talkative = self.named.talkative();
        // Only a second call could fail, and then the first call's settings apply.
        let _ = self.subscriber(std::io::stderr).try_init();
        for library in talkative {
            tracing::warn!(
                library,
                "--log names this library, whose events may contain what users send and receive"
            );
        }
        panic::set_hook(Box::new(|panic| {
            let place = panic
                .location()
                .map(ToString::to_string)
                .unwrap_or_default();
            let words = if cfg!(debug_assertions) {
                words_of(panic.payload())
            } else {
                ""
            };
            tracing::error!(place, words, "a task panicked");
        }));
    }
}

impl Logging {
    /// What turns events into lines.
    fn subscriber<W>(self, writer: W) -> Box<dyn Subscriber + Send + Sync>
    where
        W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
    {
        let named = self.named;
        let filtered = registry()
            .with(self.filter)
            .with(filter_fn(move |metadata| named.lets_through(metadata)));
        let lines = fmt::layer().with_writer(writer);
        match self.format {
            LogFormat::Text => Box::new(filtered.with(lines.with_ansi(false))),
            LogFormat::Json => Box::new(filtered.with(lines.json().flatten_event(true))),
        }
    }
}

/// What a panic said, for those who develop Cognate.
fn words_of(payload: &(dyn Any + Send)) -> &str {
    let formatted = || payload.downcast_ref::<String>().map(String::as_str);
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(formatted)
        .unwrap_or_default()
}
