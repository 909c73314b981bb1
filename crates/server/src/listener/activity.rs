//! Tracks the activity of a connection: requests and answers. Other traffic (HTTP/2 PINGs,
//! settings, windows) keeps no connection open.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::time::Instant;

/// The activity of one connection; a clone is the same connection's.
#[derive(Clone)]
pub(super) struct Activity(Arc<Mutex<State>>);

struct State {
    /// The number of requests that were read and not yet answered.
    running: usize,
    /// When anything last happened.
    since: Instant,
    has_asked: bool,
}

/// A request that is being answered.
pub(super) struct Running(Activity);

impl Activity {
    /// Of a connection that has just been made.
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            running: 0,
            since: Instant::now(),
            has_asked: false,
        })))
    }

    /// A request has come.
    pub(super) fn begin(&self) -> Running {
        let mut state = self.state();
        state.running += 1;
        state.has_asked = true;
        Running(self.clone())
    }

    /// Whether there ever was a request.
    pub(super) fn has_asked(&self) -> bool {
        self.state().has_asked
    }

    /// Waits until nothing has gone on for so long.
    pub(super) async fn idle(&self, span: Duration) {
        loop {
            let now = Instant::now();
            let until = {
                let state = self.state();
                let since = if state.running > 0 { now } else { state.since };
                since + span
            };
            if until <= now {
                return;
            }
            tokio::time::sleep_until(until).await;
        }
    }

    fn touch(&self) {
        self.state().since = Instant::now();
    }

    /// Each change is one step, so a panic elsewhere leaves it intact.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    /// The answer is ready, and it is the client's turn. While the client takes any of the body,
    /// the connection is active.
    pub(super) fn answered(self, body: Body) -> Body {
        Body::new(Answer {
            body,
            activity: self.0.clone(),
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.running = state.running.saturating_sub(1);
        state.since = Instant::now();
    }
}

/// The body of an answer.
struct Answer {
    body: Body,
    activity: Activity,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.activity.touch();
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.activity.touch();
    }
}
