//! Who is told of each request, so that the server can count and time them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cognate_api::ErrorCode;

/// A request that has come to its end.
#[derive(Clone, Copy, Debug)]
pub struct Finished {
    /// What its door calls it: an operation's name, or a path; `-` where it asked for nothing that
    /// there is, because callers must not be able to make up names.
    pub name: &'static str,
    /// The error that was answered, if one was.
    pub error: Option<ErrorCode>,
    /// From its head to the end of its work.
    pub took: Duration,
}

/// Is told of every request that came to a door; a clone tells the same listener.
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
