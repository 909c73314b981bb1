//! Logs: to stderr, as text or as JSON, one line an event.

use std::any::Any;
use std::panic;

use anyhow::{Context, Result, bail};
use tracing_subscriber::EnvFilter;

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
            format,
        })
    }

    /// Begins to log. Panics are logged too, by their place: their words may hold what a request held.
    pub(crate) fn start(self) {
        let lines = tracing_subscriber::fmt()
            .with_env_filter(self.filter)
            .with_writer(std::io::stderr);
        // Only a second call could fail, and then the first one's settings hold.
        let _ = match self.format {
            LogFormat::Text => lines.with_ansi(false).try_init(),
            LogFormat::Json => lines.json().flatten_event(true).try_init(),
        };
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

/// What a panic said, for those who develop Cognate.
fn words_of(payload: &(dyn Any + Send)) -> &str {
    let formatted = || payload.downcast_ref::<String>().map(String::as_str);
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(formatted)
        .unwrap_or_default()
}
