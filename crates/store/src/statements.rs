//! The SQL text on its way to a driver: `$n` becomes SQLite's `?n`, portable types become each
//! database's own, and a test can collect every statement that was run, to ask EXPLAIN about it.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

/// The texts that one SQLite connection has rewritten, by the address of the original: a `&'static
/// str` of one address and length has one content.
#[derive(Default)]
pub(crate) struct SqliteTexts(HashMap<(usize, usize), Box<str>>);

impl SqliteTexts {
    /// The statement with `?n` for `$n`. In SQLite `$1` would be a *named* parameter, numbered by
    /// its place in the text.
    pub(crate) fn translate(&mut self, sql: &'static str) -> &str {
        self.0
            .entry((sql.as_ptr() as usize, sql.len()))
            .or_insert_with(|| question_marks(sql).into_boxed_str())
    }
}

/// Rewrites `$n` to `?n` outside quoted texts and names.
pub(crate) fn question_marks(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    walk(sql, |character, number| {
        out.push(if number.is_some() { '?' } else { character });
    });
    out
}

/// How many values a statement takes: the highest n of its `$n`.
pub(crate) fn placeholders(sql: &str) -> usize {
    let mut highest = 0;
    walk(sql, |_, number| highest = highest.max(number.unwrap_or(0)));
    highest
}

/// Shows every character of a statement, and with the `$` of a `$n` outside quoted texts and names
/// its number.
fn walk(sql: &str, mut show: impl FnMut(char, Option<usize>)) {
    let mut quote = None;
    for (at, character) in sql.char_indices() {
        match quote {
            Some(open) if character == open => quote = None,
            None if matches!(character, '\'' | '"') => quote = Some(character),
            _ => {}
        }
        let number = match quote {
            None if character == '$' => leading_number(sql.get(at + 1..).unwrap_or_default()),
            _ => None,
        };
        show(character, number);
    }
}

fn leading_number(text: &str) -> Option<usize> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    text.get(..digits)?.parse().ok()
}

/// Whose names of types a definition is printed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// Ends the definition of a table of small rows that are found by their primary key. SQLite keeps
/// such rows in the index of that key itself, one search instead of two; elsewhere it means
/// nothing.
pub(crate) const WITHOUT_ROWID: &str = " WITHOUT ROWID";

/// Prints a statement of a migration for one database. The migrations say TEXT, BIGINT, BYTES and
/// BOOLEAN; on PostgreSQL TEXT gets the C collation, so that it compares and sorts by its bytes as
/// SQLite's does.
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

/// The one copy of a text that lives as long as the process, as the drivers want their statements.
/// There are a few for each
/// table.
pub(crate) fn interned(text: String) -> &'static str {
    static TEXTS: OnceLock<Mutex<HashSet<&'static str>>> = OnceLock::new();
    let texts = TEXTS.get_or_init(Mutex::default);
    let mut texts = texts.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = texts.get(text.as_str()) {
        return known;
    }
    let text: &'static str = Box::leak(text.into_boxed_str());
    texts.insert(text);
    text
}

/// Every statement text that was run on a database, each once: for the check that none scans a
/// large table.
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
    fn the_values_that_a_statement_takes_are_counted() {
        for (sql, values) in [
            ("SELECT 1", 0),
            ("SELECT '$9', $2 WHERE a = $10 AND b = $1", 10),
            ("SELECT \"$3\" WHERE a = $1 OR b = $1", 1),
        ] {
            assert_eq!(placeholders(sql), values, "{sql}");
        }
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
