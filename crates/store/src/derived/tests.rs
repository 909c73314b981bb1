use super::{rules::contradictions, *};
use crate::table::{Backup, Export, History, Rows};

const POOLS: Table = Table {
    name: "pools",
    key: &["id"],
    rows: Rows::FewOfEachPool,
    owners: &[Owner::Pool {
        pool: "id",
        goes: Goes::Itself,
    }],
    expiry: Expiry::Never,
    backup: Backup::Whole,
    export: Export::OF_NO_POOL,
    writers: Writers::AnyNode,
    history: History::Recorded,
};
const USERS: Table = Table {
    name: "users",
    key: &["pool", "sub"],
    rows: Rows::Many,
    owners: &[
        Owner::Pool {
            pool: "pool",
            goes: Goes::Afterwards,
        },
        Owner::User {
            pool: "pool",
            user: "sub",
            goes: Goes::Itself,
        },
    ],
    ..POOLS
};
const CLIENTS: Table = Table {
    name: "clients",
    key: &["pool", "id"],
    owners: &[
        Owner::Pool {
            pool: "pool",
            goes: Goes::AtOnce,
        },
        Owner::Client {
            pool: "pool",
            client: "id",
            goes: Goes::Itself,
        },
    ],
    ..POOLS
};
const SESSIONS: Table = Table {
    name: "sessions",
    key: &["id"],
    owners: &[
        Owner::Pool {
            pool: "pool",
            goes: Goes::Afterwards,
        },
        Owner::User {
            pool: "pool",
            user: "sub",
            goes: Goes::AtOnce,
        },
        Owner::Client {
            pool: "pool",
            client: "client",
            goes: Goes::Afterwards,
        },
    ],
    expiry: Expiry::At {
        column: "ends_at",
        index: "sessions_end",
        grace: Duration::from_secs(5),
    },
    writers: Writers::HolderOf("sessions"),
    ..POOLS
};

#[test]
fn the_statements_of_deletion_and_expiry_follow_and_the_thing_itself_goes_last() {
    let derived = Derived::of(&[&USERS, &POOLS, &CLIENTS, &SESSIONS]);
    let some = |table: &str, key: &str, rest: &str| {
        format!("DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {rest})")
    };
    let pool = &derived.pool;
    assert_eq!(
        pool.at_once,
        [
            "DELETE FROM clients WHERE pool = $1",
            "DELETE FROM pools WHERE id = $1"
        ]
    );
    assert_eq!(
        pool.afterwards,
        [
            some("users", "pool, sub", "pool = $1 ORDER BY sub LIMIT $2"),
            some("sessions", "id", "pool = $1 LIMIT $2"),
        ]
    );
    assert_eq!(
        derived.user.at_once,
        [
            "DELETE FROM sessions WHERE pool = $1 AND sub = $2",
            "DELETE FROM users WHERE pool = $1 AND sub = $2"
        ]
    );
    assert_eq!(
        derived.client.at_once,
        ["DELETE FROM clients WHERE pool = $1 AND id = $2"]
    );
    let of_client = some("sessions", "id", "pool = $1 AND client = $2 LIMIT $3");
    assert_eq!(derived.client.afterwards, [of_client]);
    let ended = some("sessions", "id", "ends_at <= $1 ORDER BY ends_at LIMIT $2");
    let seconds = Duration::from_secs(5);
    assert_eq!(derived.expiries, [(interned(ended), seconds)]);
}

#[test]
fn a_table_under_a_lease_is_known_by_the_statements_that_write_it() {
    let derived = Derived::of(&[&POOLS, &SESSIONS]);
    for sql in [
        "INSERT INTO sessions(id) VALUES ($1)",
        "UPDATE sessions SET doc = $1",
        "DELETE FROM sessions WHERE id = $1",
    ] {
        assert_eq!(derived.lease_for(sql), Some("sessions"), "{sql}");
    }
    for sql in [
        "SELECT id FROM sessions",
        "UPDATE pools SET doc = $1",
        "INSERT INTO sessions_too(id) VALUES ($1)",
    ] {
        assert_eq!(derived.lease_for(sql), None, "{sql}");
    }
}

const POOL: Owner = Owner::Pool {
    pool: "pool",
    goes: Goes::AtOnce,
};
const CLIENT: Owner = Owner::Client {
    pool: "pool",
    client: "client",
    goes: Goes::AtOnce,
};
const LATE_USER: Owner = Owner::User {
    pool: "pool",
    user: "sub",
    goes: Goes::Afterwards,
};
const BY_EXPIRY: Owner = Owner::Pool {
    pool: "pool",
    goes: Goes::ByExpiry,
};
const ANOTHER: Table = Table {
    name: "another",
    owners: &[Owner::Installation],
    ..POOLS
};

#[test]
fn declarations_that_contradict_themselves_or_one_another_are_told_in_words() {
    let whole: [&Table; 3] = [&POOLS, &USERS, &CLIENTS];
    assert!(contradictions(&whole).is_empty());
    let owned_by = |owners| Table { owners, ..ANOTHER };
    let named = |name| Table { name, ..ANOTHER };
    let left_out = Table {
        backup: Backup::LeftOut("why"),
        ..ANOTHER
    };
    for (table, words) in [
        (named("users"), "declared twice"),
        (
            Table {
                key: &[],
                ..ANOTHER
            },
            "no primary key",
        ),
        (owned_by(&[]), "no owner"),
        (
            owned_by(&[POOL, Owner::Installation]),
            "besides Installation",
        ),
        (owned_by(&[CLIENT]), "lacks Owner::Pool"),
        (owned_by(&[POOL, LATE_USER]), "they go at once"),
        (owned_by(&[BY_EXPIRY]), "go by their expiry have none"),
        (left_out, "a history begins with a backup"),
        (
            Table {
                export: Export::OfPool(&[]),
                ..ANOTHER
            },
            "finds a pool's rows by the first column",
        ),
        (owned_by(&[Owner::Nobody("")]), "without words"),
        (
            owned_by(POOLS.owners),
            "not exactly one table has the user pool itself",
        ),
    ] {
        let table: &'static Table = Box::leak(Box::new(table));
        let found = contradictions(&[&whole[..], &[table]].concat());
        assert!(
            found.iter().any(|told| told.contains(words)),
            "{words}: {found:?}"
        );
    }
}
