//! No statement scans a large table: every statement that the product's functions run is shown to
//! the database's own EXPLAIN.

use std::collections::{BTreeMap, BTreeSet};

use cognate_store::{
    table::{Rows, Table},
    tables::TABLES,
};

use crate::{
    all_statements::{run_deletions, run_everything},
    catalog::{Stands, catalog},
    fixtures::write,
    place::{Place, ask_server, everywhere},
};

/// The tables that no statement may scan.
fn large() -> impl Iterator<Item = &'static Table> {
    let tables = TABLES.iter().copied();
    tables.filter(|table| table.rows != Rows::Few)
}

/// By the table: the columns of which an index has the first.
type Entrances = BTreeMap<String, BTreeSet<String>>;

async fn entrances(place: &Place) -> Entrances {
    let tables = catalog(place).await.into_iter();
    let first = |table: Stands| {
        let indexes = table.indexes.into_values();
        indexes.filter_map(|columns| columns.into_iter().next())
    };
    tables
        .map(|(name, table)| (name, first(table).collect()))
        .collect()
}

/// What the engine says to itself, and what is not a statement of rows.
fn is_asked(sql: &str) -> bool {
    !sql.contains("sqlite_schema") && !sql.contains("information_schema")
}

#[test]
fn no_statement_scans_a_large_table() {
    everywhere(async |place: &Place| {
        if place.is_memory() {
            return;
        }
        let db = place.open().await;
        write(&db, run_everything).await;
        write(&db, run_deletions).await;
        crate::export::run_everything(&db).await;
        db.close().await;
        let statements: BTreeSet<&str> = place
            .log
            .seen()
            .into_iter()
            .filter(|sql| is_asked(sql))
            .collect();
        assert_every_statement_in_the_source_was_run(&statements);
        let entrances = entrances(place).await;
        let mut scans = Vec::new();
        for sql in statements {
            let plan = if place.is_sqlite() {
                sqlite_plan(place, sql)
            } else {
                postgres_plan(place, sql).await
            };
            scans.extend(
                scans_in(sql, &plan, &entrances)
                    .into_iter()
                    .map(|step| format!("{step}\n    in {sql}")),
            );
        }
        assert!(scans.is_empty(), "{}", scans.join("\n"));
    });
}

#[test]
fn a_scan_would_be_noticed() {
    everywhere(async |place: &Place| {
        if place.is_memory() {
            return;
        }
        place.open().await.close().await;
        let entrances = entrances(place).await;
        for sql in [
            "SELECT doc FROM users WHERE username = $1",
            "DELETE FROM sessions WHERE client = $1",
            "SELECT users.doc FROM users ORDER BY created_at LIMIT 1",
            "SELECT COUNT(*) FROM outbox",
            "SELECT aliases.name FROM user_pools JOIN aliases ON aliases.sub = user_pools.doc WHERE user_pools.id = $1",
        ] {
            let plan = if place.is_sqlite() {
                sqlite_plan(place, sql)
            } else {
                postgres_plan(place, sql).await
            };
            assert!(
                !scans_in(sql, &plan, &entrances).is_empty(),
                "{sql}: {plan:?}"
            );
        }
    });
}

#[test]
fn a_search_by_the_pool_alone_would_be_noticed() {
    let entrances = Entrances::from([("aliases".to_owned(), BTreeSet::from(["pool".to_owned()]))]);
    let scans_in = |sql: &str, plan: &[String]| scans_in(sql, plan, &entrances);
    let sql = "SELECT kind FROM aliases WHERE pool = $1 AND sub = $2";
    for plan in [
        &["SEARCH aliases USING PRIMARY KEY (pool=?)"][..],
        &["SEARCH aliases USING INDEX aliases_kind (pool=?)"],
    ] {
        let plan: Vec<String> = plan.iter().map(|&step| step.to_owned()).collect();
        assert_eq!(scans_in(sql, &plan).len(), 1, "{plan:?}");
        // Not even the part that a subquery has chosen.
        let chosen = "DELETE FROM aliases WHERE (pool, name) IN (SELECT pool, name FROM aliases WHERE pool = $1 ORDER BY name LIMIT $2)";
        let twice = [plan.clone(), plan.clone()].concat();
        assert_eq!(scans_in(chosen, &twice).len(), 2, "{plan:?}");
        // Who wants all of a pool may read all of it.
        let all = "DELETE FROM aliases WHERE pool = $1";
        assert!(scans_in(all, &plan).is_empty(), "{plan:?}");
    }
}

/// A statement on a large table that stands in the source and was not run here would escape the
/// check.
fn assert_every_statement_in_the_source_was_run(run: &BTreeSet<&str>) {
    let folded = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let run: BTreeSet<String> = run.iter().map(|sql| folded(sql)).collect();
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for path in rust_files(&source) {
        let text = std::fs::read_to_string(&path).unwrap();
        let (text, _) = text
            .split_once("#[cfg(test)]\nmod tests {")
            .unwrap_or((&text, ""));
        for literal in text.split('"').skip(1).step_by(2) {
            let sql = folded(literal);
            let is_statement = ["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM "]
                .iter()
                .any(|verb| sql.starts_with(verb));
            let is_on_large = || words(&sql).any(|word| large().any(|table| table.name == word));
            if is_statement && is_on_large() {
                assert!(
                    run.contains(&sql),
                    "{}: not run by the check of plans: {sql}",
                    path.display()
                );
            }
        }
    }
}

/// The files of the product below a folder, without those of tests.
fn rust_files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|name| name == "rs") && !path.ends_with("tests.rs") {
            files.push(path);
        }
    }
    files
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| !character.is_ascii_alphanumeric() && character != '_')
}

fn sqlite_plan(place: &Place, sql: &str) -> Vec<String> {
    let connection =
        rusqlite::Connection::open(place.url.strip_prefix("sqlite:").unwrap()).unwrap();
    let mut statement = connection
        .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
        .unwrap();
    let mut rows = statement.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        steps.push(row.get::<_, String>(3).unwrap());
    }
    steps
}

/// The generic plan, as the store's connections use it, with sequential scans as the last resort.
async fn postgres_plan(place: &Place, sql: &str) -> Vec<String> {
    let highest = (1..20)
        .rev()
        .find(|number| sql.contains(&format!("${number}")))
        .unwrap_or(0);
    let nulls = vec!["NULL"; highest].join(", ");
    let arguments = if highest == 0 {
        String::new()
    } else {
        format!("({nulls})")
    };
    let script = format!(
        "BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL plan_cache_mode = force_generic_plan;
         PREPARE asked AS {sql}; EXPLAIN (COSTS OFF) EXECUTE asked{arguments}; DEALLOCATE asked; ROLLBACK"
    );
    ask_server(&place.url, &script).await
}

/// The steps of a plan that read a large table without a condition on the first column of an index.
/// An index read from end to end is a scan too, and PostgreSQL calls a condition on a later column
/// an index condition. On SQLite, whose plan depends on the text alone, a condition on the pool
/// alone reads the whole pool, which only a statement may that says no more, unless each pool has a
/// few rows. PostgreSQL chooses by its statistics, and of the empty tables here it may well read
/// all that a pool has.
fn scans_in(sql: &str, plan: &[String], entrances: &Entrances) -> Vec<String> {
    let (mut scans, mut of_the_pool) = (Vec::new(), Vec::new());
    for (at, step) in plan.iter().enumerate() {
        let Some(table) = large_table_of(step) else {
            continue;
        };
        let sqlite_search = step
            .starts_with("SEARCH")
            .then(|| step.split_once('(').map_or("", |(_, condition)| condition));
        let postgres_search = (step.contains("Index") && step.contains("Scan")).then(|| {
            plan.get(at + 1)
                .filter(|next| next.contains("Index Cond"))
                .map_or("", String::as_str)
        });
        let first = entrances.get(table.name);
        let begins_an_index = |word: &str| first.is_some_and(|first| first.contains(word));
        let condition = sqlite_search.or(postgres_search);
        let is_scan = match condition {
            Some(condition) => !words(condition).any(begins_an_index),
            // A heap scan is made of the index scans below it.
            None => step.starts_with("SCAN") || step.contains("Seq Scan on"),
        };
        if is_scan {
            scans.push(step.clone());
        } else if table.rows == Rows::Many && sqlite_search.is_some_and(is_pool_alone) {
            of_the_pool.push(step.clone());
        }
    }
    // A statement that says no more than the pool reads it once, and finds by more what it then
    // does to the rows.
    if sql.contains(" AND ") || of_the_pool.len() > 1 {
        scans.extend(of_the_pool);
    }
    scans
}

/// Whether a condition names no column but `pool`.
fn is_pool_alone(condition: &str) -> bool {
    let columns: BTreeSet<&str> = words(condition)
        .filter(|word| word.starts_with(|first: char| first.is_ascii_lowercase()))
        .collect();
    columns == BTreeSet::from(["pool"])
}

/// The large table that a step reads, by its own name or by that of an index (`sessions_expiry`).
fn large_table_of(step: &str) -> Option<&'static Table> {
    let is_of = |word: &str, table: &Table| {
        word == table.name
            || word
                .strip_prefix(table.name)
                .is_some_and(|rest| rest.starts_with('_'))
    };
    large().find(|table| words(step).any(|word| is_of(word, table)))
}
