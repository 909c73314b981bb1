//! The tables of a schema version that a backup holds: which they are the declarations say, and
//! what columns and keys they have is read from the migrations themselves. With the statements that
//! page through them and fill them.

use crate::{
    Error, migrations,
    statements::{WITHOUT_ROWID, interned},
    table::Backup,
    tables,
    value::Value,
};

/// Rows in one page of a table.
pub(crate) const PAGE: usize = 500;
/// Rows in one statement that inserts many; times the columns of any table it stays below the
/// databases' limits (32,766 and 65,535).
pub(crate) const ROWS_AT_ONCE: usize = 64;

/// What one table holds.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) name: &'static str,
    pub(crate) columns: Vec<Column>,
    /// The places of the columns of the primary key.
    pub(crate) key: Vec<usize>,
    /// Whether it holds the data keys, which a backup has unwrapped and a restore brings last.
    pub(crate) holds_data_keys: bool,
}

/// One column.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

/// The portable types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Int,
    Bytes,
    Bool,
}

/// The tables that the migrations up to a version make and a backup holds, in their order.
pub(crate) fn at_version(version: i64) -> Result<Vec<Layout>, Error> {
    let made = made_by(migrations::statements_up_to(version))?;
    let mut held = Vec::with_capacity(made.len());
    for mut table in made {
        let declared = tables::find(table.name)
            .ok_or_else(|| Error::Statement(format!("{} is not declared", table.name)))?;
        table.holds_data_keys = match declared.backup {
            Backup::Whole => false,
            Backup::DataKeysUnwrapped => true,
            Backup::LeftOut(_) => continue,
        };
        held.push(table);
    }
    Ok(held)
}

fn made_by(statements: impl Iterator<Item = &'static str>) -> Result<Vec<Layout>, Error> {
    let mut tables = Vec::new();
    for statement in statements {
        apply(&mut tables, statement).ok_or_else(|| {
            Error::Statement(format!(
                "a migration that backups don't understand: {statement}"
            ))
        })?;
    }
    Ok(tables)
}

/// What a statement of a migration does to the tables; None when it is of no known form.
fn apply(tables: &mut Vec<Layout>, statement: &'static str) -> Option<()> {
    let (first, rest) = word(statement)?;
    let (second, rest) = word(rest)?;
    match (first, second) {
        ("CREATE", "TABLE") => {
            let rest = rest.trim_start();
            let rest = rest.strip_prefix("IF NOT EXISTS").unwrap_or(rest);
            tables.push(table(rest)?);
        }
        ("DROP", "TABLE") => {
            let rest = rest.trim_start();
            let name = rest.strip_prefix("IF EXISTS").unwrap_or(rest).trim();
            tables.retain(|table| table.name != name);
        }
        ("ALTER", "TABLE") => {
            let (name, rest) = word(rest)?;
            let table = tables.iter_mut().find(|table| table.name == name)?;
            let (verb, rest) = word(rest)?;
            let ("COLUMN", rest) = word(rest)? else {
                return None;
            };
            let is_of_key = |at: usize, table: &Layout| table.key.contains(&at);
            match verb {
                "ADD" => table.columns.push(column(rest)?),
                "DROP" => {
                    let (name, _) = word(rest)?;
                    let at = table
                        .columns
                        .iter()
                        .position(|column| column.name == name)?;
                    if is_of_key(at, table) {
                        return None;
                    }
                    table.columns.remove(at);
                    for place in table.key.iter_mut().filter(|place| **place > at) {
                        *place -= 1;
                    }
                }
                _ => return None,
            }
        }
        ("CREATE", "INDEX" | "UNIQUE")
        | ("DROP", "INDEX")
        | ("INSERT", "INTO")
        | ("DELETE", "FROM")
        | ("UPDATE", _) => {}
        _ => return None,
    }
    Some(())
}

/// `name(column TYPE …, …, PRIMARY KEY (a, b))`, and perhaps how SQLite keeps the rows
fn table(text: &'static str) -> Option<Layout> {
    let (name, body) = text.split_once('(')?;
    let body = body.trim_end();
    let (columns, key) = body
        .strip_suffix(WITHOUT_ROWID)
        .unwrap_or(body)
        .trim_end()
        .strip_suffix(')')?
        .split_once("PRIMARY KEY (")?;
    let columns = columns
        .trim_end()
        .strip_suffix(',')?
        .split(',')
        .map(column)
        .collect::<Option<Vec<_>>>()?;
    let place = |name: &str| columns.iter().position(|column| column.name == name.trim());
    let key = key
        .trim_end()
        .strip_suffix(')')?
        .split(',')
        .map(place)
        .collect::<Option<Vec<_>>>()?;
    Some(Layout {
        name: name.trim(),
        columns,
        key,
        holds_data_keys: false,
    })
}

/// `name TYPE …`
fn column(text: &'static str) -> Option<Column> {
    let (name, rest) = word(text)?;
    let kind = match word(rest)?.0 {
        "TEXT" => Kind::Text,
        "BIGINT" => Kind::Int,
        "BYTES" => Kind::Bytes,
        "BOOLEAN" => Kind::Bool,
        _ => return None,
    };
    Some(Column { name, kind })
}

/// The first word and what follows it.
fn word(text: &'static str) -> Option<(&'static str, &'static str)> {
    let text = text.trim_start();
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(end)?;
    (!word.is_empty()).then_some((word, rest))
}

impl Layout {
    /// Any one row.
    pub(crate) fn any_row(&self) -> &'static str {
        interned(format!(
            "SELECT {} FROM {} LIMIT 1",
            self.key_list(),
            self.name
        ))
    }

    /// Deletes some rows; `$1` is how many at most.
    pub(crate) fn delete_some(&self) -> &'static str {
        let (name, key) = (self.name, self.key_list());
        interned(format!(
            "DELETE FROM {name} WHERE ({key}) IN (SELECT {key} FROM {name} LIMIT $1)"
        ))
    }

    /// The first page, in the order of the key.
    pub(crate) fn first_page(&self) -> &'static str {
        let (columns, name, key) = (self.column_list(), self.name, self.key_list());
        interned(format!(
            "SELECT {columns} FROM {name} ORDER BY {key} LIMIT {PAGE}"
        ))
    }

    /// The page behind a key, whose values are the parameters.
    pub(crate) fn next_page(&self) -> &'static str {
        let (columns, name, key) = (self.column_list(), self.name, self.key_list());
        let after = placeholders(1, self.key.len());
        interned(format!(
            "SELECT {columns} FROM {name} WHERE ({key}) > {after} ORDER BY {key} LIMIT {PAGE}"
        ))
    }

    /// The first page of the rows of one pool, whose id is in the first column of the key and `$1`;
    /// from where on is told by the rest of the key ([`Layout::least`]).
    pub(crate) fn first_page_of_pool(&self) -> &'static str {
        self.page_of_pool(">=")
    }

    /// The page behind a key, whose values are the parameters.
    pub(crate) fn next_page_of_pool(&self) -> &'static str {
        self.page_of_pool(">")
    }

    fn page_of_pool(&self, than: &str) -> &'static str {
        let (columns, name, key) = (self.column_list(), self.name, self.key_list());
        let Some((pool, rest)) = key.split_once(", ") else {
            return interned(format!("SELECT {columns} FROM {name} WHERE {key} = $1"));
        };
        let after = placeholders(2, self.key.len() - 1);
        interned(format!(
            "SELECT {columns} FROM {name} WHERE {pool} = $1 AND ({rest}) {than} {after}
             ORDER BY {rest} LIMIT {PAGE}"
        ))
    }

    /// The least values of the columns of the key behind the first.
    pub(crate) fn least(&self) -> Vec<Value> {
        let rest = self.key.iter().skip(1);
        let columns = rest.filter_map(|place| self.columns.get(*place));
        let least = |column: &Column| match column.kind {
            Kind::Text => Value::Text(String::new()),
            Kind::Int => Value::Int(i64::MIN),
            Kind::Bytes => Value::Bytes(Vec::new()),
            Kind::Bool => Value::Bool(false),
        };
        columns.map(least).collect()
    }

    /// Inserts a number of rows.
    pub(crate) fn insert(&self, rows: usize) -> &'static str {
        let (columns, name, width) = (self.column_list(), self.name, self.columns.len());
        let values: Vec<String> = (0..rows)
            .map(|row| placeholders(row * width + 1, width))
            .collect();
        interned(format!(
            "INSERT INTO {name}({columns}) VALUES {}",
            values.join(", ")
        ))
    }

    /// The place of a column.
    pub(crate) fn place(&self, column: &str) -> Result<usize, Error> {
        let found = self.columns.iter().position(|known| known.name == column);
        found.ok_or_else(|| Error::Statement(format!("{} has no column {column}", self.name)))
    }

    fn column_list(&self) -> String {
        let names: Vec<_> = self.columns.iter().map(|column| column.name).collect();
        names.join(", ")
    }

    fn key_list(&self) -> String {
        let names: Vec<_> = self
            .key
            .iter()
            .filter_map(|place| self.columns.get(*place))
            .map(|column| column.name)
            .collect();
        names.join(", ")
    }
}

/// `($4, $5, $6)`
fn placeholders(first: usize, number: usize) -> String {
    let numbers: Vec<String> = (first..first + number)
        .map(|number| format!("${number}"))
        .collect();
    format!("({})", numbers.join(", "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    const STATEMENTS: [&str; 8] = [
        "CREATE TABLE IF NOT EXISTS a(\n  x TEXT NOT NULL, y BIGINT,\n  z BYTES NOT NULL, PRIMARY KEY (z, x))",
        "CREATE TABLE b(k TEXT NOT NULL, PRIMARY KEY (k))",
        "CREATE UNIQUE INDEX IF NOT EXISTS a_y ON a(y)",
        "ALTER TABLE a ADD COLUMN w BOOLEAN NOT NULL DEFAULT FALSE",
        "UPDATE a SET w = TRUE",
        "ALTER TABLE a DROP COLUMN y",
        "DROP TABLE b",
        "CREATE TABLE c(k TEXT NOT NULL, PRIMARY KEY (k))",
    ];

    #[test]
    fn tables_are_what_the_migrations_have_made_of_them() {
        let tables = made_by(STATEMENTS.into_iter()).unwrap();
        let names: Vec<_> = tables.iter().map(|table| table.name).collect();
        assert_eq!(names, ["a", "c"]);
        let kinds: Vec<_> = tables[0]
            .columns
            .iter()
            .map(|it| (it.name, it.kind))
            .collect();
        assert_eq!(
            kinds,
            [("x", Kind::Text), ("z", Kind::Bytes), ("w", Kind::Bool)]
        );
        assert_eq!(
            tables[0].next_page(),
            "SELECT x, z, w FROM a WHERE (z, x) > ($1, $2) ORDER BY z, x LIMIT 500"
        );
        assert_eq!(
            tables[0].insert(2),
            "INSERT INTO a(x, z, w) VALUES ($1, $2, $3), ($4, $5, $6)"
        );
        assert!(std::ptr::eq(tables[0].insert(2), tables[0].insert(2)));
    }

    #[test]
    fn a_migration_of_unknown_form_is_refused_rather_than_passed_over() {
        for statement in [
            "ALTER TABLE a RENAME TO b",
            "ALTER TABLE a DROP COLUMN x",
            "CREATE TABLE d AS SELECT 1",
            "CREATE TABLE d(k TEXT PRIMARY KEY)",
            "CREATE VIEW v AS SELECT 1",
        ] {
            let statements = STATEMENTS.into_iter().chain([statement]);
            assert!(made_by(statements).is_err(), "{statement}");
        }
    }

    #[test]
    fn every_migration_is_understood() {
        let tables = at_version(i64::MAX).unwrap();
        let widest = tables.iter().map(|table| table.columns.len()).max();
        assert!(widest.unwrap() * ROWS_AT_ONCE < 32_766);
        assert!(tables.iter().any(|table| table.holds_data_keys));
        assert!(tables.iter().all(|table| !table.key.is_empty()));
    }
}
