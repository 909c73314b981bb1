//! The SQL text on its way to a driver: `$n` becomes SQLite's `?n`, portable types become each database's own, and a test
//! can collect every statement that was run, to ask EXPLAIN about it.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

/// The texts that one SQLite connection has rewritten, by the address of the original: a `&'static str` of one address and length
/// has one content.
#[derive(Default)]
pub(crate) struct SqliteTexts(HashMap<(usize, usize), Box<str>>);

impl SqliteTexts {
    /// The statement with `?n` for `$n`. In SQLite `$1` would be a *named* parameter, numbered by its place in the text.
    pub(crate) fn translate(&mut self, sql: &'static str) -> &str {
        self.0
            .entry((sql.as_ptr() as usize, sql.len()))
            .or_insert_with(|| question_marks(sql).into_boxed_str())
    }
}

/// Rewrites `$n` to `?n` outside quoted texts and names.
pub(crate) fn question_marks(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut quote = None;
    let mut characters = sql.chars().peekable();
    while let Some(character) = characters.next() {
        match quote {
            Some(open) if character == open => quote = None,
            None if matches!(character, '\'' | '"') => quote = Some(character),
            _ => {}
        }
        let is_number = character == '$'
            && quote.is_none()
            && characters.peek().is_some_and(char::is_ascii_digit);
        out.push(if is_number { '?' } else { character });
    }
    out
}

/// Whose names of types a definition is printed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// Ends the definition of a table of small rows that are found by their primary key. SQLite keeps such rows in the index of that key
/// itself, one search instead of two; elsewhere it means nothing.
pub(crate) const WITHOUT_ROWID: &str = " WITHOUT ROWID";

/// Prints a statement of a migration for one database. The migrations say TEXT, BIGINT, BYTES and BOOLEAN; on PostgreSQL TEXT gets the
/// C collation, so that it compares and sorts by its bytes as SQLite's does.
pub(crate) fn define(dialect: Dialect, statement: &str) -> String {
    let statement = match dialect {
        Dialect::Sqlite => statement,
        Dialect::Postgres => statement.strip_suffix(WITHOUT_ROWID).unwrap_or(statement),
    };
    let mut out = String::with_capacity(statement.len() + 64);
    let mut word = String::new();
    for character in statement.chars().chain(std::iter::once('\n')) {
        if character.is_ascii_alphanumeric() || character == '_' {
            word.push(character);
            continue;
        }
        out.push_str(match (dialect, word.as_str()) {
            (Dialect::Sqlite, "BYTES") => "BLOB",
            (Dialect::Postgres, "BYTES") => "BYTEA",
            (Dialect::Postgres, "TEXT") => "TEXT COLLATE \"C\"",
            (_, other) => other,
        });
        word.clear();
        out.push(character);
    }
    out.truncate(out.trim_end().len());
    out
}

/// Every statement text that was run on a database, each once: for the check that none scans a large table.
#[derive(Debug, Clone, Default)]
pub struct StatementLog(Arc<Mutex<BTreeSet<&'static str>>>);

impl StatementLog {
    /// The statements so far, in the order of their texts.
    #[must_use]
    pub fn seen(&self) -> Vec<&'static str> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .copied()
            .collect()
    }

    pub(crate) fn note(&self, sql: &'static str) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(sql);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn placeholders_are_numbered_for_sqlite_and_quoted_text_is_left_alone() {
        assert_eq!(
            question_marks(
                "SELECT '$1', \"$2\", $2 FROM t WHERE a = $10 AND b = '''$3' AND c = $1"
            ),
            "SELECT '$1', \"$2\", ?2 FROM t WHERE a = ?10 AND b = '''$3' AND c = ?1"
        );
    }

    #[test]
    fn small_rows_lie_in_the_index_of_their_key_on_sqlite() {
        let statement = "CREATE TABLE t(a BIGINT NOT NULL, PRIMARY KEY (a)) WITHOUT ROWID";
        assert_eq!(define(Dialect::Sqlite, statement), statement);
        assert_eq!(
            define(Dialect::Postgres, statement),
            "CREATE TABLE t(a BIGINT NOT NULL, PRIMARY KEY (a))"
        );
    }

    #[test]
    fn a_text_column_compares_by_its_bytes_on_postgresql() {
        let statement = "CREATE TABLE t(a TEXT NOT NULL, b BYTES, PRIMARY KEY (a))";
        assert_eq!(
            define(Dialect::Sqlite, statement),
            "CREATE TABLE t(a TEXT NOT NULL, b BLOB, PRIMARY KEY (a))"
        );
        assert_eq!(
            define(Dialect::Postgres, statement),
            "CREATE TABLE t(a TEXT COLLATE \"C\" NOT NULL, b BYTEA, PRIMARY KEY (a))"
        );
    }
}
