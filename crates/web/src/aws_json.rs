//! `POST /`: AWS JSON 1.1, the one door of all operations.
//!
//! From the target header to the operation, its caller, its checked input, and back.

use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use axum::routing::MethodFilter;
use bytes::Bytes;
use cognate_api::{Auth, Error, OperationInfo, json};
use cognate_service::{App, Caller, Operations, admit, resource_of};
use http::StatusCode;
use http::request::Parts;
use tracing::Span;

use crate::authenticate::{self, Access};
use crate::door::{Admitted, Door, Doorkeeper, Exchange};
use crate::{answer, cors, target};

/// What a browser, or a person with a mistyped command, is told of the API's address.
const BY_POST: &str = "Cognate answers here. This address takes the calls of AWS SDKs and of the \
     AWS CLI, by POST, and has no page of its own";

/// The door of all operations.
pub(crate) struct AwsJson {
    pub(crate) app: Arc<App>,
    pub(crate) operations: Arc<Operations>,
    pub(crate) access: Access,
}

/// The door, and the answer to all paths that are none.
pub(crate) fn routes(keeper: &Doorkeeper, door: AwsJson) -> Router {
    let methods = keeper
        .on(MethodFilter::POST, door)
        .options(cors::preflight)
        .fallback(|| async { answer::sentence(StatusCode::METHOD_NOT_ALLOWED, BY_POST) });
    Router::new()
        .route("/", methods)
        .fallback(async || answer::nothing_here())
}

impl Door for AwsJson {
    type Subject = &'static OperationInfo;
    /// The output's JSON.
    type Output = Vec<u8>;

    const MAX_BODY: usize = 1 << 20;

    fn subject(&self, head: &Parts, _: Option<&Bytes>) -> Result<Self::Subject, Error> {
        target::named(&head.headers).ok_or_else(Error::unknown_operation)
    }

    fn name(&self, operation: Self::Subject) -> &'static str {
        operation.name
    }

    fn is_of_operators(&self, operation: Self::Subject) -> bool {
        operation.auth != Auth::Public
    }

    async fn work(
        self: Arc<Self>,
        operation: Self::Subject,
        mut request: Admitted,
    ) -> Result<Vec<u8>, Error> {
        let (app, now) = (&self.app, request.arrival.now);
        let (head, body) = (&request.head, &request.body);
        let caller = authenticate::caller(app, self.access, operation, now, head, body).await?;
        Span::current().record("key", key_of(&caller));
        let entry = self
            .operations
            .find(operation.service, operation.name)
            .ok_or_else(|| Error::not_built(operation.name))?;
        let input = json::parse_input(operation.input, &request.unpack()?)?;
        if !matches!(caller, Caller::Public) {
            let resource = resource_of(app, operation, &input).await?;
            let resource = resource.as_deref();
            Span::current().record("resource", resource);
            caller.authorize(operation, resource, &app.config)?;
        }
        admit(app, operation, &input, now).await?;
        entry.call(request.arrival.called_by(caller), input).await
    }

    fn success(&self, exchange: &Exchange<Self::Subject>, output: Vec<u8>) -> Response {
        answer::success(&exchange.request_id, output)
    }

    fn failure(&self, exchange: &Exchange<Self::Subject>, error: &Error) -> Response {
        debug_assert!(
            exchange
                .subject
                .is_none_or(|operation| operation.may_answer(error.code)),
            "{:?} has no error {:?} in its model",
            exchange.subject.map(|operation| operation.name),
            error.code
        );
        answer::failure(&exchange.request_id, error)
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
