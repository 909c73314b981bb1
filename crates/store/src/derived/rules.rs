//! What declarations must not say, though it compiles.

use super::{Kind, owned};
use crate::table::{Backup, Expiry, Export, Goes, History, Owner, Table};

/// What is wrong with declarations that compile, in words.
pub(crate) fn contradictions(tables: &[&'static Table]) -> Vec<String> {
    let mut found = Vec::new();
    for table in tables {
        let told = rules(tables, table)
            .into_iter()
            .filter(|(is_kept, _)| !is_kept)
            .map(|(_, words)| format!("{}: {words}", table.name));
        found.extend(told);
    }
    for (kind, what) in [
        (Kind::Pool, "user pool"),
        (Kind::User, "user"),
        (Kind::Client, "app client"),
    ] {
        let itself = tables
            .iter()
            .flat_map(|table| table.owners)
            .filter_map(|owner| owned(owner, kind))
            .filter(|(_, goes)| *goes == Goes::Itself);
        if itself.count() != 1 {
            found.push(format!("not exactly one table has the {what} itself"));
        }
    }
    found
}

/// The rules for one table: whether it keeps them, and what to say if not.
fn rules(tables: &[&'static Table], table: &Table) -> Vec<(bool, &'static str)> {
    let owners = table.owners;
    let is_free = |owner: &Owner| matches!(owner, Owner::Installation | Owner::Nobody(_));
    let pool_of = |owner: &Owner| match *owner {
        Owner::User { pool, .. } | Owner::Client { pool, .. } => Some(pool),
        _ => None,
    };
    let belongs_to = |wanted: &str| {
        let mut owners = owners.iter();
        owners.any(|owner| matches!(owner, Owner::Pool { pool, .. } if *pool == wanted))
    };
    let goes: Vec<Goes> = [Kind::Pool, Kind::User, Kind::Client]
        .into_iter()
        .flat_map(|kind| owners.iter().filter_map(move |owner| owned(owner, kind)))
        .map(|(_, goes)| goes)
        .collect();
    let namesakes = tables.iter().filter(|other| other.name == table.name);
    vec![
        (namesakes.count() == 1, "it is declared twice"),
        (!table.key.is_empty(), "it has no primary key"),
        (
            !owners.is_empty(),
            "it has no owner; say Installation or Nobody",
        ),
        (
            owners.len() == 1 || !owners.iter().any(is_free),
            "who has a table besides Installation or Nobody",
        ),
        (
            owners.iter().filter_map(pool_of).all(belongs_to),
            "rows of a user or an app client are their pool's too: it lacks Owner::Pool",
        ),
        (
            !owners.iter().any(|owner| {
                matches!(
                    owner,
                    Owner::User {
                        goes: Goes::Afterwards,
                        ..
                    }
                )
            }),
            "nothing looks for rows of a deleted user afterwards: they go at once",
        ),
        (
            !goes.contains(&Goes::ByExpiry) || matches!(table.expiry, Expiry::At { .. }),
            "rows that go by their expiry have none",
        ),
        (
            table.history != History::Recorded || !matches!(table.backup, Backup::LeftOut(_)),
            "a history begins with a backup, and that leaves it out",
        ),
        (
            matches!(table.export, Export::LeftOut(_))
                || owners.iter().any(|owner| {
                    matches!(owner, Owner::Pool { pool, .. } if table.key.first() == Some(pool))
                }),
            "an export finds a pool's rows by the first column of the key",
        ),
        (
            reasons(table).all(|why| !why.trim().is_empty()),
            "a reason without words",
        ),
    ]
}

/// What the declaration says in words.
fn reasons(table: &Table) -> impl Iterator<Item = &'static str> {
    let owners = table.owners;
    owners
        .iter()
        .filter_map(|owner| match owner {
            Owner::Nobody(why) => Some(*why),
            _ => None,
        })
        .chain(match table.expiry {
            Expiry::OwnRule(rule) => Some(rule),
            _ => None,
        })
        .chain(match table.backup {
            Backup::LeftOut(why) => Some(why),
            _ => None,
        })
        .chain(match table.export {
            Export::LeftOut(why) => Some(why),
            Export::OfPool(_) | Export::OnDemand(_) => None,
        })
        .chain(match table.history {
            History::NotRecorded(why) => Some(why),
            History::Recorded => None,
        })
}
