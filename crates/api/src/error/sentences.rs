//! The sentences that AWS answers with, each by a name of its own.

use super::{Error, ErrorCode};

impl Error {
    /// An unforeseen failure; what it was is for the log alone.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(ErrorCode::InternalError, "Internal error.")
    }
}
