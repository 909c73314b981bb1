//! What the tables declare is so: in the schema that the migrations make, and in what a deletion
//! leaves.

use cognate_model::{
    Timestamp, UserPoolId,
    server_settings::{ClientServerSettings, PoolServerSettings},
};
use cognate_store::{
    Db, Error, Param, Tx, app_clients, backup, leases, server_settings,
    table::{Backup, Expiry, Goes, Owner, Table},
    tables::{self, TABLES},
    user_pools, users,
};

use crate::{
    catalog::{Catalog, Stands, catalog},
    fixtures::{app_client, user_pool, write},
    furnished::furnish,
    place::{everywhere, on_lasting_places, on_sqlite},
};

#[test]
fn every_table_of_the_schema_is_declared_as_it_is() {
    on_lasting_places(async |place| {
        place.open().await.close().await;
        let found = disagreements(TABLES, &catalog(place).await);
        assert!(found.is_empty(), "{}", found.join("\n"));
    });
}

/// What declarations say that the schema doesn't, and the other way round.
fn disagreements(tables: &[&Table], catalog: &Catalog) -> Vec<String> {
    let undeclared = catalog.keys().filter(|name| {
        let mut tables = tables.iter();
        !tables.any(|table| table.name == name.as_str())
    });
    let mut found: Vec<String> = undeclared
        .map(|name| format!("{name}: a migration makes it, and tables::TABLES doesn't have it"))
        .collect();
    for table in tables {
        match catalog.get(table.name) {
            Some(stands) => found.extend(
                wrong_columns(table, stands)
                    .into_iter()
                    .map(|words| format!("{}: {words}", table.name)),
            ),
            None => found.push(format!(
                "{}: declared, and no migration makes it",
                table.name
            )),
        }
    }
    found
}

fn wrong_columns(table: &Table, stands: &Stands) -> Vec<String> {
    let mut found = Vec::new();
    if stands.key != table.key {
        found.push(format!("its primary key is {:?}", stands.key));
    }
    let mut owned_by = Vec::new();
    for owner in table.owners {
        let (columns, goes) = match *owner {
            Owner::Installation | Owner::Nobody(_) => continue,
            Owner::Pool { pool, goes } => (vec![pool], goes),
            Owner::User { pool, user, goes } => (vec![pool, user], goes),
            Owner::Client { pool, client, goes } => (vec![pool, client], goes),
        };
        let mut indexes = stands.indexes.values();
        let leads = indexes.any(|index| {
            let first = index.get(..columns.len());
            first.is_some_and(|first| first == columns)
        });
        if !leads && goes != Goes::ByExpiry {
            found.push(format!(
                "no index begins with {columns:?}, by which rows are deleted"
            ));
        }
        owned_by.extend(columns);
    }
    for column in &owned_by {
        if !stands.columns.contains(*column) {
            found.push(format!("it has no column {column}"));
        }
    }
    let is_nobodys = table
        .owners
        .iter()
        .any(|owner| matches!(owner, Owner::Nobody(_)));
    for column in ["pool", "sub", "client"] {
        if stands.columns.contains(column) && !owned_by.contains(&column) && !is_nobodys {
            found.push(format!(
                "it has a column {column}, and no owner is found by it"
            ));
        }
    }
    match table.expiry {
        Expiry::At { column, index, .. } => match stands.indexes.get(index) {
            Some(columns) if columns.first().is_some_and(|first| first == column) => {}
            Some(columns) => found.push(format!("the index {index} is on {columns:?}")),
            None => found.push(format!("it has no index {index}")),
        },
        Expiry::Never if stands.columns.contains("expires_at") => {
            found.push("it has a column expires_at, and never expires".to_owned());
        }
        Expiry::Never | Expiry::OwnRule(_) => {}
    }
    found
}

const POOL: Owner = Owner::Pool {
    pool: "pool",
    goes: Goes::Afterwards,
};
const CLIENT: Owner = client("client");
const CLIENT_IN_DOC: Owner = client("doc");
const USER: Owner = user("sub");
const USER_IN_NO_COLUMN: Owner = user("user");

const fn client(client: &'static str) -> Owner {
    Owner::Client {
        pool: "pool",
        client,
        goes: Goes::Afterwards,
    }
}

const fn user(user: &'static str) -> Owner {
    Owner::User {
        pool: "pool",
        user,
        goes: Goes::AtOnce,
    }
}

const fn at(column: &'static str, index: &'static str) -> Expiry {
    let grace = std::time::Duration::ZERO;
    Expiry::At {
        column,
        index,
        grace,
    }
}

#[test]
fn a_declaration_that_is_missing_too_many_or_wrong_is_told_in_words() {
    on_lasting_places(async |place| {
        place.open().await.close().await;
        let catalog = catalog(place).await;
        let others = || {
            let tables = TABLES.iter().copied();
            tables.filter(|table| table.name != "sessions")
        };
        let without: Vec<&Table> = others().collect();
        let found = disagreements(&without, &catalog);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].contains("tables::TABLES doesn't have it"),
            "{found:?}"
        );

        let sessions = *tables::find("sessions").unwrap();
        let told = |changed: Table| {
            // Held for as long as the declarations that it stands beside.
            let changed: &'static Table = Box::leak(Box::new(changed));
            let all: Vec<&Table> = others().chain([changed]).collect();
            disagreements(&all, &catalog)
        };
        assert_eq!(told(sessions), [""; 0]);
        let owned_by = |owners| Table { owners, ..sessions };
        let ends = |expiry| Table { expiry, ..sessions };
        for (changed, words) in [
            (
                Table {
                    name: "later",
                    ..sessions
                },
                "no migration makes it",
            ),
            (
                Table {
                    key: &["id"],
                    ..sessions
                },
                "its primary key is",
            ),
            (owned_by(&[POOL, USER]), "a column client, and no owner"),
            (
                owned_by(&[POOL, USER_IN_NO_COLUMN, CLIENT]),
                "it has no column user",
            ),
            (
                owned_by(&[POOL, USER, CLIENT_IN_DOC]),
                "no index begins with",
            ),
            (ends(Expiry::Never), "never expires"),
            (ends(at("expires_at", "later")), "no index later"),
            (
                ends(at("created_at", "sessions_expiry")),
                "the index sessions_expiry is on",
            ),
        ] {
            let found = told(changed);
            assert!(
                found.iter().any(|told| told.contains(words)),
                "{words}: {found:?}"
            );
        }
    });
}

#[test]
fn a_backup_holds_the_tables_that_say_so() {
    on_sqlite(async |place| {
        let db = place.open().await;
        let sums = backup::sum_up(&db).await.unwrap();
        let mut held: Vec<&str> = sums.iter().map(|table| table.name.as_str()).collect();
        let mut declared: Vec<&str> = TABLES
            .iter()
            .filter(|table| !matches!(table.backup, Backup::LeftOut(_)))
            .map(|table| table.name)
            .collect();
        held.sort_unstable();
        declared.sort_unstable();
        assert_eq!(held, declared);
        let left_out = TABLES
            .iter()
            .map(|table| table.name)
            .filter(|name| !held.contains(name));
        let left_out: Vec<&str> = left_out.collect();
        assert_eq!(left_out, ["schema_migrations", "leases", "nodes"]);
    });
}

#[test]
fn what_a_node_of_an_earlier_version_did_not_know_goes_after_its_deletion() {
    on_lasting_places(async |place| {
        let db = place.open().await;
        let (pool, other) = (user_pool(1), user_pool(2));
        let client = app_client(&other.id);
        let left = write(&db, async move |tx| {
            let (now, of_pool) = (Timestamp(1), PoolServerSettings::default());
            for pool in [&pool, &other] {
                user_pools::insert(tx, pool).await?;
            }
            app_clients::insert(tx, &client, None).await?;
            user_pools::delete(tx, &pool.id, now).await?;
            app_clients::delete(tx, &other.id, &client.id, now).await?;
            // It would have left these.
            server_settings::put_of_pool(tx, &pool.id, &of_pool).await?;
            let of_client = ClientServerSettings::default();
            server_settings::put_of_client(tx, &other.id, &client.id, &of_client).await?;
            server_settings::put_of_pool(tx, &other.id, &of_pool).await?;
            user_pools::delete_leftovers(tx, now, 10).await?;
            app_clients::delete_leftovers(tx, now, 10).await?;
            let sql = "SELECT pool, client FROM server_settings";
            let rows = tx.query(sql, &[]).await?;
            let left = rows.iter().map(|row| row.text(0).map(str::to_owned));
            let left = left.collect::<Result<Vec<_>, _>>()?;
            Ok((left, other.id.to_string()))
        })
        .await;
        assert_eq!(left.0, [left.1]);
    });
}

/// The number of rows that a condition finds.
async fn count(tx: &mut Tx, table: &Table, condition: &str, params: &[&str]) -> i64 {
    let sql = format!("SELECT COUNT(*) FROM {} WHERE {condition}", table.name);
    let params: Vec<Param<'_>> = params.iter().map(|&param| param.into()).collect();
    let row = tx.query_one(sql.leak(), &params).await.unwrap();
    row.int(0).unwrap()
}

/// Every table, the rows that it has of a pool, and whether they must go with it.
async fn rows_of_pool(db: &Db, id: &UserPoolId) -> Vec<(&'static str, i64, bool)> {
    let mut reader = db.read().await.unwrap();
    let mut rows = Vec::new();
    for table in TABLES {
        for owner in table.owners {
            if let Owner::Pool { pool, goes } = owner {
                let condition = format!("{pool} = $1");
                let number = count(&mut reader, table, &condition, &[id.as_str()]).await;
                rows.push((table.name, number, *goes != Goes::ByExpiry));
            }
        }
    }
    rows
}

#[test]
fn nothing_that_belongs_to_a_deleted_pool_is_left_in_any_table() {
    everywhere(async |place| {
        let db = place.open().await;
        let id = furnish(&db).await;
        let before = rows_of_pool(&db, &id).await;
        assert!(before.iter().all(|(_, rows, _)| *rows > 0), "{before:?}");
        let pool = id.clone();
        write(&db, async move |tx| {
            assert!(user_pools::delete(tx, &pool, Timestamp(1)).await?);
            while user_pools::delete_leftovers(tx, Timestamp(1), 5_000).await? {}
            Ok(())
        })
        .await;
        for (table, rows, goes) in rows_of_pool(&db, &id).await {
            assert_eq!(rows == 0, goes, "{table}: {rows}");
        }
    });
}

/// Of a user who has rows in every table of a user's.
#[test]
fn nothing_that_belongs_to_a_deleted_user_or_app_client_is_left_in_any_table() {
    everywhere(async |place| {
        let db = place.open().await;
        let id = furnish(&db).await;
        let mut reader = db.read().await.unwrap();
        let sql = "SELECT sub FROM codes WHERE pool = $1";
        let row = reader.query_one(sql, &[id.as_str().into()]).await.unwrap();
        let sub = cognate_model::Sub::parse(row.text(0).unwrap()).unwrap();
        let sql = "SELECT client FROM sessions WHERE pool = $1 LIMIT 1";
        let row = reader.query_one(sql, &[id.as_str().into()]).await.unwrap();
        let client = cognate_model::ClientId::parse(row.text(0).unwrap()).unwrap();
        let (pool, user, app) = (id.clone(), sub.clone(), client.clone());
        write(&db, async move |tx| {
            assert!(users::delete(tx, &pool, &user).await?);
            assert!(app_clients::delete(tx, &pool, &app, Timestamp(1)).await?);
            while app_clients::delete_leftovers(tx, Timestamp(1), 5_000).await? {}
            Ok(())
        })
        .await;
        for table in TABLES {
            for owner in table.owners {
                let (column, value) = match owner {
                    Owner::User { user, .. } => (*user, sub.as_str()),
                    Owner::Client { client: column, .. } => (*column, client.as_str()),
                    _ => continue,
                };
                let condition = format!("{column} = $1");
                let rows = count(&mut reader, table, &condition, &[value]).await;
                assert_eq!(rows, 0, "{}: {column}", table.name);
            }
        }
    });
}

#[test]
fn a_table_under_a_lease_is_written_by_its_holder_only() {
    everywhere(async |place| {
        let db = place.open().await;
        let write_it = async |with_lease: bool| {
            db.write("note", async move |tx| {
                if with_lease {
                    assert!(leases::acquire(tx, "migrations", "me", 0, 1).await?);
                }
                let sql = "UPDATE schema_migrations SET applied_at = 0 WHERE number = 1";
                tx.execute(sql, &[]).await
            })
            .await
        };
        let refused = write_it(false).await.unwrap_err();
        let Error::Statement(words) = refused else {
            panic!("{refused:?}")
        };
        assert!(words.contains("without the lease migrations"), "{words}");
        assert!(write_it(true).await.unwrap() > 0);
        // The lease was that transaction's.
        assert!(write_it(false).await.is_err());
    });
}
