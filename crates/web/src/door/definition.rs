//! What a door says of itself; the doorkeeper does the rest.

use std::sync::Arc;

use axum::response::Response;
use bytes::Bytes;
use cognate_api::Error;
use http::request::Parts;

use super::admitted::Admitted;
use super::exchange::Exchange;

/// A way in for one kind of request.
pub trait Door: Send + Sync + 'static {
    /// What a request asks for: an operation, a page.
    type Subject: Copy + Send + Sync + 'static;
    /// What the work gives. It is rendered on the request's own task, so it holds no place.
    type Output: Send + 'static;

    /// The largest body that is taken, in bytes, as it comes and unpacked.
    const MAX_BODY: usize;

    /// Whether the body is a file, which the work itself reads by its [`Pieces`]: it is never held
    /// whole, and [`Admitted::body`] is empty.
    ///
    /// [`Pieces`]: super::Pieces
    const IN_PIECES: bool = false;

    /// What a request asks for. `body` is none where it could not be read; most doors look at the
    /// head alone.
    ///
    /// # Errors
    /// When it asks for nothing that there is.
    fn subject(&self, head: &Parts, body: Option<&Bytes>) -> Result<Self::Subject, Error>;

    /// What the request is called in the log and in metrics: an operation's name, or a path. It is
    /// one of a closed set, so that callers cannot make a table grow.
    fn name(&self, subject: Self::Subject) -> &'static str;

    /// Whether operators see each such request in the log, and not failures alone.
    fn is_of_operators(&self, _: Self::Subject) -> bool {
        false
    }

    /// Does what the request asks for. Only here it may be known who calls.
    fn work(
        self: Arc<Self>,
        subject: Self::Subject,
        request: Admitted,
    ) -> impl Future<Output = Result<Self::Output, Error>> + Send;

    /// The answer to work that was done.
    fn success(&self, exchange: &Exchange<Self::Subject>, output: Self::Output) -> Response;

    /// The answer to work that was refused, failed or panicked. What lies behind the error is in
    /// the log already.
    fn failure(&self, exchange: &Exchange<Self::Subject>, error: &Error) -> Response;

    /// The answer to a request that came to no work: its subject is unknown, its body could not be
    /// read, or there was no room for it.
    fn turned_away(&self, exchange: &Exchange<Self::Subject>, error: &Error) -> Response {
        self.failure(exchange, error)
    }
}
