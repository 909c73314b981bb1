//! The one error of operations: a code, a sentence for the caller, and a cause for the log.

mod codes;
mod sentences;

use std::fmt;

pub use codes::ErrorCode;

/// Why a call cannot be answered now, and can be a little later. Nothing of the call was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// The database is not to be had.
    Database,
    /// Other calls changed the same rows at the same time, repeatedly.
    Conflict,
    /// More is asked for than there is room for.
    Overload,
    /// An index is still being built.
    Index,
}

impl Unavailable {
    /// After how many seconds to try again.
    #[must_use]
    pub const fn retry_after(self) -> u8 {
        match self {
            Self::Database => 3,
            Self::Index => 5,
            Self::Conflict | Self::Overload => 1,
        }
    }
}

/// Why an operation failed, in the form that its caller sees.
///
/// It is not a [`std::error::Error`] itself, so that `?` turns any such error into one: an
/// unforeseen failure becomes an `InternalErrorException` whose cause goes to the log and is never
/// sent.
#[derive(Debug)]
pub struct Error {
    /// What kind of failure.
    pub code: ErrorCode,
    /// What the caller reads.
    pub message: String,
    /// The member `reasonCode` of an `InvalidParameterException`.
    pub reason_code: Option<&'static str>,
    /// Of a `ServiceUnavailableException`, why.
    pub unavailable: Option<Unavailable>,
    /// What lies behind it, for the log.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error with this code and message. Prefer a named constructor, one for each sentence.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            reason_code: None,
            unavailable: None,
            source: None,
        }
    }

    /// `ServiceUnavailable`. The sentence is always the same; the reason goes to the log and
    /// decides how soon the client may try again.
    #[must_use]
    pub fn unavailable(why: Unavailable) -> Self {
        Self {
            unavailable: Some(why),
            ..Self::service_unavailable()
        }
    }

    /// What was asked for is answered from an index that is still being built.
    #[must_use]
    pub fn index_is_being_built() -> Self {
        Self {
            unavailable: Some(Unavailable::Index),
            ..Self::index_not_ready()
        }
    }

    /// The server has too many requests at the moment.
    #[must_use]
    pub fn overloaded() -> Self {
        Self::unavailable(Unavailable::Overload)
    }

    /// The chain of causes in one line; empty when there is none.
    #[must_use]
    pub fn cause(&self) -> String {
        let Some(source) = self.source.as_deref() else {
            return String::new();
        };
        let mut text = source.to_string();
        let mut next = source.source();
        while let Some(cause) = next {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            next = cause.source();
        }
        text
    }

    /// The same error with a cause for the log.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same, with a reason that a program can read.
    #[must_use]
    pub fn with_reason_code(mut self, reason_code: &'static str) -> Self {
        self.reason_code = Some(reason_code);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.name(), self.message)
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Error {
    fn from(source: E) -> Self {
        Self::internal().with_source(source)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn an_unforeseen_failure_is_internal_and_tells_its_cause_to_the_log_alone() {
        fn fails() -> Result<(), Error> {
            Err(std::io::Error::other("disk on fire at /var/lib"))?;
            Ok(())
        }
        let error = fails().unwrap_err();
        assert_eq!(error.code, ErrorCode::InternalError);
        assert!(!error.to_string().contains("fire"));
        assert!(error.source.unwrap().to_string().contains("fire"));
    }

    #[test]
    fn codes_have_the_names_and_statuses_of_the_wire() {
        for (code, name, status) in [
            (ErrorCode::NotAuthorized, "NotAuthorizedException", 400),
            (ErrorCode::InternalError, "InternalErrorException", 500),
            (ErrorCode::Forbidden, "ForbiddenException", 403),
            (ErrorCode::TooManyRequests, "TooManyRequestsException", 400),
            (ErrorCode::IDPRejectedClaim, "IDPRejectedClaim", 403),
            (
                ErrorCode::RequestEntityTooLarge,
                "RequestEntityTooLargeException",
                413,
            ),
        ] {
            assert_eq!((code.name(), code.status()), (name, status));
        }
    }
}
