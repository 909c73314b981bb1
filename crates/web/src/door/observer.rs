//! Who is told of each call, so that the server can count and time them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cognate_api::ErrorCode;

/// A call that has been answered.
#[derive(Clone, Copy, Debug)]
pub struct Finished {
    /// The operation, or `-` where the request named none that the models know: callers must not be
    /// able to make up names.
    pub operation: &'static str,
    /// The error that was answered, if one was.
    pub error: Option<ErrorCode>,
    /// From the request's head to its answer.
    pub took: Duration,
}

/// Is told of every call of an operation; a clone tells the same listener.
#[derive(Clone)]
pub struct Observer(Arc<dyn Fn(Finished) + Send + Sync>);

impl Observer {
    /// Tells `listener`, which must not block: it runs before the answer goes out.
    pub fn new(listener: impl Fn(Finished) + Send + Sync + 'static) -> Self {
        Self(Arc::new(listener))
    }

    /// Tells nobody.
    #[must_use]
    pub fn none() -> Self {
        Self::new(|_| {})
    }

    pub(crate) fn tell(&self, finished: Finished) {
        (self.0)(finished);
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
