//! One request and its answer: what is needed to log, count and render how it ends.

use std::time::Instant;

use cognate_api::{Error, ErrorCode};
use cognate_service::Arrival;
use tracing::Span;
use tracing::field::Empty;

use super::observer::{Finished, Observer};
use crate::answer::status_of;

/// A request on its way through a door.
#[derive(Clone)]
pub struct Exchange<S> {
    /// What it asks for; none when that is nothing that there is.
    pub subject: Option<S>,
    /// The id under which operators find it in the log, a UUID.
    pub request_id: String,
    pub(super) span: Span,
    name: &'static str,
    is_of_operators: bool,
    started: Instant,
    observer: Observer,
}

/// Why a request came to no good end.
pub(super) enum Failure {
    /// It was not let in.
    AtTheDoor(Error),
    /// Its work refused it, failed or panicked.
    AtWork(Error),
}

impl Failure {
    fn error(&self) -> &Error {
        match self {
            Self::AtTheDoor(error) | Self::AtWork(error) => error,
        }
    }
}

impl<S: Copy> Exchange<S> {
    /// One that begins. `name` is none where the subject is.
    pub(super) fn new(
        (subject, name): (Option<S>, Option<&'static str>),
        is_of_operators: bool,
        arrival: &Arrival,
        observer: Observer,
        started: Instant,
    ) -> Self {
        // Callers must not be able to make up names.
        let name = name.unwrap_or("-");
        let address = arrival.address.map(tracing::field::display);
        let span = tracing::info_span!(
            "call",
            operation = name,
            request_id = arrival.request_id,
            address,
            // Of signed calls, once they are known: whose key is named, whose it is proved to be,
            // and what it is used on.
            key_id = Empty,
            key = Empty,
            resource = Empty
        );
        Self {
            subject,
            request_id: arrival.request_id.clone(),
            span,
            name,
            is_of_operators,
            started,
            observer,
        }
    }

    /// Logs and counts how it ended, once, in its span. Neither input nor output is ever logged.
    pub(super) fn end<T>(&self, outcome: &Result<T, Failure>) {
        let took = self.started.elapsed();
        let error = outcome.as_ref().err().map(Failure::error);
        match error {
            None => self.log_answer("ok", took.as_millis()),
            Some(error) => self.log(error, took.as_millis()),
        }
        self.observer.tell(Finished {
            name: self.name,
            error: error.map(|error| error.code),
            took,
        });
    }

    /// A caller's mistake is told by its code alone, since sentences may repeat what the caller
    /// sent. Our own failures are told with all that lies behind them, which comes from below and
    /// never holds input.
    fn log(&self, error: &Error, milliseconds: u128) {
        let outcome = error.code.name();
        if status_of(error.code).is_server_error() {
            let cause = error.cause();
            match error.unavailable {
                None => tracing::error!(outcome, milliseconds, cause, "failed"),
                Some(why) => tracing::error!(outcome, ?why, milliseconds, cause, "failed"),
            }
        } else if is_refusal(error.code) {
            tracing::info!(outcome, milliseconds, "refused");
        } else {
            self.log_answer(outcome, milliseconds);
        }
    }

    /// What operators do is told to operators, one line a call; the span has whose key did it to
    /// what. What users do is not: their calls are many, and counted.
    fn log_answer(&self, outcome: &'static str, milliseconds: u128) {
        if self.is_of_operators {
            tracing::info!(outcome, milliseconds, "answered");
        } else {
            tracing::debug!(outcome, milliseconds, "answered");
        }
    }
}

/// Whether an error says that a signature or an access key was not good enough, which operators
/// want to see.
fn is_refusal(code: ErrorCode) -> bool {
    use ErrorCode as Code;
    matches!(
        code,
        Code::AccessDenied
            | Code::ExpiredToken
            | Code::IncompleteSignature
            | Code::InvalidSignature
            | Code::UnrecognizedClient
    )
}
