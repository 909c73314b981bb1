//! What follows from the declarations of the tables: the statements of a deletion and of expiry.
//! They are built once, at the start, and run like any other, so that the check of plans sees them.

use std::time::Duration;

use crate::{
    statements::interned,
    table::{Expiry, Goes, Owner, Table, Writers},
};

/// Everything that follows.
#[derive(Debug)]
pub(crate) struct Derived {
    /// `$1` is the pool's id.
    pub(crate) pool: Deletion,
    /// `$1` is the pool's id, `$2` the user's sub. Nothing is deleted afterwards.
    pub(crate) user: Deletion,
    /// `$1` is the pool's id, `$2` the client's.
    pub(crate) client: Deletion,
    /// `$1` is the time until which rows have run out, `$2` how many to delete at most.
    pub(crate) expiries: Vec<(&'static str, Duration)>,
    /// The tables that only the holder of a lease may write, with its name.
    under_lease: Vec<(&'static str, &'static str)>,
}

/// What is deleted with a pool, a user or an app client.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Deletion {
    /// In the transaction of the deletion; the last statement deletes the thing itself.
    pub(crate) at_once: Vec<&'static str>,
    /// A few rows at a time: the last parameter is how many at most.
    pub(crate) afterwards: Vec<&'static str>,
    /// Those of `at_once` but the thing itself: said once more afterwards, for tables that a node
    /// of an earlier version has not known when it deleted the thing.
    pub(crate) once_more: Vec<&'static str>,
}

/// What can be deleted with all that it owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Pool,
    User,
    Client,
}

impl Derived {
    /// Builds the statements.
    pub(crate) fn of(tables: &[&'static Table]) -> Self {
        let expiries = tables.iter().filter_map(|table| match table.expiry {
            Expiry::At { column, grace, .. } => Some((delete_expired(table, column), grace)),
            Expiry::Never | Expiry::OwnRule(_) => None,
        });
        let under_lease = tables.iter().filter_map(|table| match table.writers {
            Writers::HolderOf(lease) => Some((table.name, lease)),
            Writers::AnyNode => None,
        });
        Self {
            pool: Deletion::of(tables, Kind::Pool),
            user: Deletion::of(tables, Kind::User),
            client: Deletion::of(tables, Kind::Client),
            expiries: expiries.collect(),
            under_lease: under_lease.collect(),
        }
    }

    /// The lease without which a statement may not be run; None when anybody may run it.
    pub(crate) fn lease_for(&self, sql: &str) -> Option<&'static str> {
        let written = written_table(sql)?;
        let found = self.under_lease.iter().find(|(table, _)| *table == written);
        found.map(|(_, lease)| *lease)
    }
}

impl Deletion {
    fn of(tables: &[&'static Table], kind: Kind) -> Self {
        let mut deletion = Self::default();
        let mut itself = None;
        for table in tables {
            for (columns, goes) in table.owners.iter().filter_map(|owner| owned(owner, kind)) {
                match goes {
                    Goes::Itself => itself = Some(delete_all(table, &columns)),
                    Goes::AtOnce => deletion.at_once.push(delete_all(table, &columns)),
                    Goes::Afterwards => deletion.afterwards.push(delete_some(table, &columns)),
                    Goes::ByExpiry => {}
                }
            }
        }
        deletion.once_more.clone_from(&deletion.at_once);
        deletion.at_once.extend(itself);
        deletion
    }
}

/// The columns that tell what a row belongs to, if that is of this kind, and when it goes.
pub(crate) fn owned(owner: &Owner, kind: Kind) -> Option<(Vec<&'static str>, Goes)> {
    match (kind, *owner) {
        (Kind::Pool, Owner::Pool { pool, goes }) => Some((vec![pool], goes)),
        (Kind::User, Owner::User { pool, user, goes }) => Some((vec![pool, user], goes)),
        (Kind::Client, Owner::Client { pool, client, goes }) => Some((vec![pool, client], goes)),
        _ => None,
    }
}

fn delete_all(table: &Table, columns: &[&str]) -> &'static str {
    interned(format!("DELETE FROM {} WHERE {}", table.name, are(columns)))
}

/// In the order of the key where the columns lead to it.
fn delete_some(table: &Table, columns: &[&str]) -> &'static str {
    let (name, key) = (table.name, table.key.join(", "));
    let order = match table.key.strip_prefix(columns) {
        Some(rest) if !rest.is_empty() => format!(" ORDER BY {}", rest.join(", ")),
        _ => String::new(),
    };
    let (condition, limit) = (are(columns), columns.len() + 1);
    interned(format!(
        "DELETE FROM {name} WHERE ({key}) IN (SELECT {key} FROM {name} WHERE {condition}{order} LIMIT ${limit})"
    ))
}

fn delete_expired(table: &Table, column: &str) -> &'static str {
    let (name, key) = (table.name, table.key.join(", "));
    interned(format!(
        "DELETE FROM {name} WHERE ({key}) IN (SELECT {key} FROM {name} WHERE {column} <= $1 ORDER BY {column} LIMIT $2)"
    ))
}

/// `a = $1 AND b = $2`
fn are(columns: &[&str]) -> String {
    let conditions: Vec<String> = (1..)
        .zip(columns)
        .map(|(number, column)| format!("{column} = ${number}"))
        .collect();
    conditions.join(" AND ")
}

/// The table that a statement writes.
fn written_table(sql: &str) -> Option<&str> {
    let mut words = sql.split(|character: char| character.is_whitespace() || character == '(');
    match (words.next()?, words.next()?) {
        ("INSERT", "INTO") | ("DELETE", "FROM") => words.next(),
        ("UPDATE", table) => Some(table),
        _ => None,
    }
}

#[cfg(test)]
pub(crate) mod rules;
#[cfg(test)]
mod tests;
