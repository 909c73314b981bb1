//! `POST /`: AWS JSON 1.1, the one door of all operations.
//!
//! From the target header to the operation, its caller, its checked input, and back. Whatever
//! happens is logged and counted once, in [`Exchange::finish`]; neither input nor output is ever
//! logged.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use bytes::Bytes;
use cognate_api::{Auth, Error, ErrorCode, OperationInfo, json};
use cognate_service::{App, Arrival, Caller, Operations, resource_of};
use http::StatusCode;
use http::request::Parts;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::authenticate::{self, Access};
use crate::budget::{Budget, Room, head_size};
use crate::in_flight::InFlight;
use crate::observer::{Finished, Observer};
use crate::peer::{self, Network};
use crate::{answer, body, cors, target};

/// What the door needs.
pub(crate) struct Door {
    pub(crate) app: Arc<App>,
    pub(crate) operations: Arc<Operations>,
    pub(crate) access: Access,
    pub(crate) proxies: Arc<[Network]>,
    pub(crate) observer: Observer,
    pub(crate) in_flight: InFlight,
    pub(crate) budget: Budget,
}

/// The door, and the answer to all paths that are none.
pub(crate) fn routes(door: Door) -> Router {
    Router::new()
        .route("/", post(call).options(cors::preflight))
        .fallback(|| async {
            answer::sentence(StatusCode::NOT_FOUND, "There is nothing at this address")
        })
        .with_state(Arc::new(door))
}

/// One request. The call is a task of its own, which runs on to its end when the client hangs up: a
/// future that is dropped half way would leave undone what has begun.
async fn call(State(door): State<Arc<Door>>, request: Request) -> Response {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let operation = target::named(&parts.headers);
    let address = peer::client_address(&parts.extensions, &parts.headers, &door.proxies);
    let arrival = Arrival::new(&door.app, address);
    let exchange = Exchange::new(&door, operation, &arrival, started);
    let mut head = door.budget.room(&parts.extensions);
    let body = match head.take(head_size(&parts.headers)) {
        Ok(()) => body::read(&parts.headers, body, door.budget.room(&parts.extensions)).await,
        // Nothing is read: to wait for a body would be to hold the head.
        Err(error) => Err(error),
    };
    let task = {
        let exchange = exchange.clone();
        let span = exchange.span.clone();
        let call = async move {
            // A call that its client has left holds its memory until it ends.
            let _head = head;
            let outcome = match (operation, body) {
                (None, _) => Err(Error::unknown_operation()),
                (_, Err(error)) => Err(error),
                (Some(operation), Ok(body)) => door.perform(operation, &parts, body, arrival).await,
            };
            exchange.finish(outcome)
        };
        tokio::spawn(call.instrument(span))
    };
    match task.await {
        Ok(response) => response,
        // It panicked. The panic was rolled back where it happened; here it is an error like any
        // other.
        Err(error) => exchange
            .span
            .in_scope(|| exchange.finish(Err(error.into()))),
    }
}

impl Door {
    async fn perform(
        &self,
        operation: &'static OperationInfo,
        parts: &Parts,
        (body, mut room): (Bytes, Room),
        arrival: Arrival,
    ) -> Result<Vec<u8>, Error> {
        let _place = self.in_flight.enter(arrival.address)?;
        let caller =
            authenticate::caller(&self.app, self.access, operation, arrival.now, parts, &body)
                .await?;
        Span::current().record("key", key_of(&caller));
        let entry = self
            .operations
            .find(operation.service, operation.name)
            .ok_or_else(|| Error::not_built(operation.name))?;
        let body = body::unpack(&parts.headers, body, &mut room)?;
        let input = json::parse_input(operation.input, &body)?;
        if !matches!(caller, Caller::Public) {
            let resource = resource_of(&self.app, operation, &input).await?;
            let resource = resource.as_deref();
            Span::current().record("resource", resource);
            caller.authorize(operation, resource, &self.app.config)?;
        }
        entry.call(arrival.called_by(caller), input).await
    }
}

/// One request and its answer: what is needed to log, count and render how it ended.
#[derive(Clone)]
struct Exchange {
    operation: Option<&'static OperationInfo>,
    request_id: String,
    started: Instant,
    observer: Observer,
    span: Span,
}

impl Exchange {
    fn new(
        door: &Door,
        operation: Option<&'static OperationInfo>,
        arrival: &Arrival,
        started: Instant,
    ) -> Self {
        let name = operation.map_or("-", |operation| operation.name);
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
            operation,
            request_id: arrival.request_id.clone(),
            started,
            observer: door.observer.clone(),
            span,
        }
    }

    fn finish(&self, outcome: Result<Vec<u8>, Error>) -> Response {
        let took = self.started.elapsed();
        let operation = self.operation.map_or("-", |operation| operation.name);
        let milliseconds = took.as_millis();
        let (error, response) = match outcome {
            Ok(body) => {
                self.log_answer("ok", milliseconds);
                (None, answer::success(&self.request_id, body))
            }
            Err(error) => {
                self.log(&error, milliseconds);
                (Some(error.code), answer::failure(&self.request_id, &error))
            }
        };
        self.observer.tell(Finished {
            operation,
            error,
            took,
        });
        debug_assert!(
            self.operation
                .zip(error)
                .is_none_or(|(operation, code)| operation.may_answer(code)),
            "{operation} has no error {error:?} in its model"
        );
        response
    }

    /// A caller's mistake is told by its code alone, since sentences may repeat what the caller
    /// sent. Our own failures are told with all that lies behind them, which comes from below and
    /// never holds input.
    fn log(&self, error: &Error, milliseconds: u128) {
        let outcome = error.code.name();
        if answer::status_of(error.code).is_server_error() {
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
        match self.operation.map(|operation| operation.auth) {
            Some(Auth::Signed) => tracing::info!(outcome, milliseconds, "answered"),
            _ => tracing::debug!(outcome, milliseconds, "answered"),
        }
    }
}

/// Whose key a caller was proved to have, for the log.
fn key_of(caller: &Caller) -> Option<&str> {
    match caller {
        Caller::AccessKey { name, .. } => Some(name),
        Caller::Development => Some("any (development)"),
        Caller::Public => None,
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
