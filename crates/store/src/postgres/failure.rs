//! PostgreSQL's errors in our words.

use tokio_postgres::error::SqlState;

use crate::Error;

/// An error of a statement. Only the message and the constraint are taken: the detail holds values
/// of the row.
pub(super) fn failure(error: &tokio_postgres::Error) -> Error {
    let Some(server) = error.as_db_error() else {
        // Without an answer of the server: a broken path, or a value that could not be bound or
        // read.
        let broken = error.is_closed() || has_io_source(error);
        return if broken {
            Error::Disconnected(described(error))
        } else {
            Error::Statement(described(error))
        };
    };
    let text = described(error);
    match server.code() {
        code if *code == SqlState::UNIQUE_VIOLATION => {
            Error::UniqueViolation(server.constraint().unwrap_or(server.message()).to_owned())
        }
        code if *code == SqlState::T_R_SERIALIZATION_FAILURE
            || *code == SqlState::T_R_DEADLOCK_DETECTED =>
        {
            Error::Conflict
        }
        code if code.code() == "40003" => Error::OutcomeUnknown(text),
        // Nothing was written, and another connection may lead to a server that writes.
        code if *code == SqlState::READ_ONLY_SQL_TRANSACTION => Error::ReadOnly(text),
        // The server ends the connection: it stops, starts, or was told to. A pooler that reaches
        // no server says 08P01 too.
        code if code.code().starts_with("57P") || code.code().starts_with("08") => {
            Error::Disconnected(text)
        }
        // The connection is not what it was: somebody else's, or its statements are gone.
        _ if is_of_a_pooler(error) => Error::Disconnected(text),
        // Out of disk, memory or connections; cancelled by a time limit.
        code if matches!(code.code().get(..2), Some("53" | "57" | "58")) => {
            Error::Unavailable(text)
        }
        _ => Error::Statement(text),
    }
}

/// An error of BEGIN: a standby doesn't begin serializable transactions at all.
pub(super) fn begin_failure(error: &tokio_postgres::Error) -> Error {
    match error.code() {
        Some(code) if *code == SqlState::FEATURE_NOT_SUPPORTED => Error::ReadOnly(described(error)),
        _ => failure(error),
    }
}

/// Whether a prepared statement is gone, stands already under its name, or is another one: then
/// connections are shared behind a pooler.
pub(super) fn is_of_a_pooler(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| {
        *code == SqlState::INVALID_SQL_STATEMENT_NAME || *code == SqlState::DUPLICATE_PSTATEMENT
    }) || breaks_the_protocol(error)
}

/// Whether PostgreSQL found a message that doesn't fit, as one with too few values. A pooler uses
/// the code for other things, and names no function of PostgreSQL's.
fn breaks_the_protocol(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_some_and(|server| {
        *server.code() == SqlState::PROTOCOL_VIOLATION && server.routine().is_some()
    })
}

/// The error and its causes in one line.
pub(super) fn described(error: &tokio_postgres::Error) -> String {
    if let Some(server) = error.as_db_error() {
        return format!("{} ({})", server.message(), server.code().code());
    }
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

fn has_io_source(error: &tokio_postgres::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if cause.is::<std::io::Error>() {
            return true;
        }
        source = cause.source();
    }
    false
}
