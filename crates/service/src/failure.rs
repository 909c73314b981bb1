//! What a caller is told when the database fails.
//!
//! Inside, a failure of the database is an unforeseen one with its cause, as any other. Where it
//! leaves this crate it is told apart what may be tried again: a database that is not to be had and
//! a conflict without end have done nothing, and pass. What stays an `InternalErrorException` is a
//! fault of ours, or an outcome that nobody can tell.

use cognate_api::Unavailable;
use cognate_store::Error as StoreError;

use crate::{Error, ErrorCode};

/// The same error, or `ServiceUnavailableException` for what passes.
pub(crate) fn for_callers(error: Error) -> Error {
    if error.code != ErrorCode::InternalError {
        return error;
    }
    let source = error.source.as_deref();
    let why = match source.and_then(|source| source.downcast_ref::<StoreError>()) {
        Some(
            StoreError::Unavailable(_)
            | StoreError::ReadOnly(_)
            | StoreError::Disconnected(_)
            | StoreError::Closed,
        ) => Unavailable::Database,
        Some(StoreError::Conflict) => Unavailable::Conflict,
        _ => return error,
    };
    Error {
        source: error.source,
        ..Error::unavailable(why)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn of(failure: StoreError) -> (ErrorCode, Option<Unavailable>, String) {
        let error = for_callers(Error::from(failure));
        (error.code, error.unavailable, error.cause())
    }

    #[test]
    fn what_passes_is_told_apart_from_what_nobody_can_tell() {
        let broken = || "broken".to_owned();
        for failure in [
            StoreError::Unavailable(broken()),
            StoreError::ReadOnly(broken()),
            StoreError::Disconnected(broken()),
            StoreError::Closed,
        ] {
            let cause = failure.to_string();
            let told = (
                ErrorCode::ServiceUnavailable,
                Some(Unavailable::Database),
                cause,
            );
            assert_eq!(of(failure), told);
        }
        let (code, why, _) = of(StoreError::Conflict);
        assert_eq!(code, ErrorCode::ServiceUnavailable);
        assert_eq!(why, Some(Unavailable::Conflict));
        for failure in [
            StoreError::OutcomeUnknown(broken()),
            StoreError::Statement(broken()),
            StoreError::TransactionFailed,
            StoreError::Panicked,
            StoreError::Sealed,
        ] {
            let (code, why, _) = of(failure);
            assert_eq!((code, why), (ErrorCode::InternalError, None));
        }
        let refused = for_callers(Error::user_does_not_exist().with_source(StoreError::Conflict));
        assert_eq!(refused.code, ErrorCode::UserNotFound);
    }
}
