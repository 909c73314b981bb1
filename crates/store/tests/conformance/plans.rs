//! No statement scans a large table: every statement that the product's functions run is shown to
//! the database's own EXPLAIN.

use std::collections::BTreeSet;

use cognate_crypto::secret::SecretBytes;
use cognate_model::{SessionId, Timestamp, claims::TokenUse, code::CodePurpose, lockout::Lockout};
use cognate_store::{
    Tx, access_keys, app_clients, attempts, challenges, codes, expiry, outbox, sessions,
    signing_keys::{self, NewSigningKey},
    user_pools, users, ways_back,
};

use crate::{
    fixtures::{app_client, code, name, names, random, session, user, user_pool, way_back, write},
    place::{Place, ask_server, everywhere},
};

/// The tables that grow with the users, and the keys of all pools. The rest hold as much as
/// operators make.
const LARGE: [&str; 9] = [
    "users",
    "aliases",
    "sessions",
    "challenges",
    "codes",
    "attempts",
    "outbox",
    "signing_keys",
    "ways_back",
];

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
        db.close().await;
        let statements: BTreeSet<&str> = place
            .log
            .seen()
            .into_iter()
            .filter(|sql| is_asked(sql))
            .collect();
        assert_every_statement_in_the_source_was_run(&statements);
        let mut scans = Vec::new();
        for sql in statements {
            let plan = if place.is_sqlite() {
                sqlite_plan(place, sql)
            } else {
                postgres_plan(place, sql).await
            };
            scans.extend(
                scans_in(sql, &plan)
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
            assert!(!scans_in(sql, &plan).is_empty(), "{sql}: {plan:?}");
        }
    });
}

#[test]
fn a_search_by_the_pool_alone_would_be_noticed() {
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

/// Runs what reads and writes.
pub(crate) async fn run_everything(tx: &mut Tx) -> Result<(), cognate_store::Error> {
    let pool = user_pool(1);
    let (id, client) = (pool.id.clone(), app_client(&pool.id));
    user_pools::insert(tx, &pool).await?;
    user_pools::update(tx, &pool).await?;
    user_pools::find(tx, &id).await?;
    user_pools::page(tx, None, 1).await?;
    let key = NewSigningKey {
        pool: id.clone(),
        kid: "k".to_owned(),
        token_use: TokenUse::Id,
        private: SecretBytes::default(),
        public: String::new(),
        created_at: Timestamp(1),
    };
    signing_keys::insert(tx, &key).await?;
    signing_keys::retire(tx, &id, Timestamp(2)).await?;
    signing_keys::find(tx, &id, "k").await?;
    signing_keys::all(tx, &id).await?;
    app_clients::insert(tx, &client, None).await?;
    app_clients::find(tx, &client.id).await?;
    app_clients::update(tx, &client).await?;
    app_clients::page(tx, &id, None, 1).await?;
    let (ana, bea) = (user(&id, "ana"), user(&id, "bea"));
    users::insert(tx, &ana, &names("ana"), None).await?.unwrap();
    users::insert(tx, &bea, &names("ana"), None)
        .await?
        .unwrap_err();
    users::find(tx, &id, &ana.sub).await?;
    users::find_by_name(tx, &id, &name("ana")).await?;
    users::find_with_credentials_by_name(tx, &id, &name("ana")).await?;
    users::holder_of(tx, &id, &name("ana")).await?;
    users::credentials(tx, &id, &ana.sub).await?;
    users::update(tx, &ana, &names("new")).await?.unwrap();
    users::set_credentials(tx, &id, &ana.sub, None).await?;
    users::release_name(tx, &id, &name("new")).await?;
    users::page(tx, &id, None, 1).await?;
    users::estimated_number(tx, &id).await?;
    users::unconfirmed(tx, &id, Timestamp(1), None, 1).await?;
    let session = session(&ana, &client.id, 10);
    sessions::insert(tx, &session, &[0; 32]).await?;
    sessions::find(tx, &id, &session.id).await?;
    sessions::find_with_user(tx, &id, &session.id).await?;
    sessions::find_with_hash(tx, &id, &session.id).await?;
    sessions::find_for_refresh(tx, &id, &session.id).await?;
    sessions::rotate(tx, &session, &[0; 32], 0).await?;
    challenges::insert(tx, &[0; 32], &id, b"", Timestamp(1)).await?;
    challenges::find(tx, &[0; 32]).await?;
    codes::put(
        tx,
        &id,
        &ana.sub,
        CodePurpose::VerifyEmail,
        &code(1),
        Timestamp(1),
    )
    .await?;
    codes::change(tx, &id, &ana.sub, CodePurpose::VerifyEmail, &code(1)).await?;
    codes::count_attempt(tx, &id, &ana.sub, CodePurpose::VerifyEmail).await?;
    codes::end(tx, &id, &ana.sub, CodePurpose::VerifyEmail, Timestamp(0)).await?;
    ways_back::insert(tx, &[0; 32], &way_back(&ana)).await?;
    ways_back::find(tx, &[0; 32]).await?;
    ways_back::open_of_user(tx, &id, &ana.sub, Timestamp(0)).await?;
    ways_back::is_kept_for_another(tx, &id, &name("ana"), &bea.sub, Timestamp(0)).await?;
    attempts::put_lockout(tx, &id, "s", &Lockout::default(), Timestamp(1)).await?;
    attempts::find_lockout(tx, &id, "s").await?;
    attempts::count(
        tx,
        &id,
        "s",
        "k",
        Timestamp(1),
        std::time::Duration::from_secs(1),
    )
    .await?;
    let hour = std::time::Duration::from_secs(3600);
    attempts::reserve(tx, &id, "mail", Timestamp(1), hour, 1, 1).await?;
    let (created_at, next_at) = (Timestamp(1), Timestamp(1));
    outbox::enqueue(
        tx,
        &outbox::NewMessage {
            id: "m".to_owned(),
            kind: "k",
            payload: b"",
            created_at,
            next_at,
        },
    )
    .await?;
    outbox::take_due(tx, "k", Timestamp(1), Timestamp(2), 1).await?;
    outbox::next_due(tx, "k").await?;
    outbox::waiting(tx, "k", 1).await?;
    outbox::drop_due_since(tx, "k", Timestamp(0), 1).await?;
    outbox::retry(tx, "m", Timestamp(3)).await?;
    access_keys::list(tx).await?;
    access_keys::find(tx, "k").await?;
    Ok(())
}

/// Runs what deletes.
pub(crate) async fn run_deletions(tx: &mut Tx) -> Result<(), cognate_store::Error> {
    let pool = user_pool(1);
    user_pools::insert(tx, &pool).await?;
    let pool = pool.id;
    let (ana, client) = (user(&pool, "ana"), app_client(&pool));
    app_clients::insert(tx, &client, None).await?;
    app_clients::delete(tx, &pool, &client.id, Timestamp(1)).await?;
    challenges::consume(tx, &[0; 32]).await?;
    codes::put(
        tx,
        &pool,
        &ana.sub,
        CodePurpose::VerifyEmail,
        &code(1),
        Timestamp(1),
    )
    .await?;
    codes::consume(tx, &pool, &ana.sub, CodePurpose::VerifyEmail, &[1; 32]).await?;
    ways_back::take(tx, &[0; 32]).await?;
    attempts::clear_lockout(tx, &pool, "s").await?;
    sessions::end(tx, &pool, &SessionId::random(&mut random())).await?;
    sessions::end_all_of_user(tx, &pool, &ana.sub).await?;
    sessions::end_others_of_user(tx, &pool, &ana.sub, &SessionId::random(&mut random())).await?;
    outbox::done(tx, "m").await?;
    expiry::delete_expired(tx, Timestamp(1), 1).await?;
    access_keys::delete_by_name_or_id(tx, "k").await?;
    users::delete(tx, &pool, &ana.sub).await?;
    user_pools::delete(tx, &pool, Timestamp(1)).await?;
    while user_pools::delete_leftovers(tx, Timestamp(i64::MAX), 1).await? {}
    app_clients::delete_leftovers(tx, Timestamp(1), 1).await?;
    while app_clients::delete_leftovers(tx, Timestamp(i64::MAX), 1).await? {}
    Ok(())
}

/// A statement on a large table that stands in the source and was not run here would escape the
/// check.
fn assert_every_statement_in_the_source_was_run(run: &BTreeSet<&str>) {
    let folded = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let run: BTreeSet<String> = run.iter().map(|sql| folded(sql)).collect();
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in std::fs::read_dir(source).unwrap() {
        let path = file.unwrap().path();
        let Some("rs") = path.extension().and_then(|name| name.to_str()) else {
            continue;
        };
        let text = std::fs::read_to_string(&path).unwrap();
        for literal in text.split('"').skip(1).step_by(2) {
            let sql = folded(literal);
            let is_statement = ["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM "]
                .iter()
                .any(|verb| sql.starts_with(verb));
            if is_statement && words(&sql).any(|word| LARGE.contains(&word)) {
                assert!(
                    run.contains(&sql),
                    "{}: not run by the check of plans: {sql}",
                    path.display()
                );
            }
        }
    }
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
/// alone reads the whole pool, which only a statement may that says no more; a pool's signing keys
/// are few. PostgreSQL chooses by its statistics, and of the empty tables here it may well read all
/// that a pool has.
fn scans_in(sql: &str, plan: &[String]) -> Vec<String> {
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
        let begins_with: &[&str] = match table {
            "challenges" => &["id", "expires_at"],
            "outbox" => &["id", "kind"],
            "signing_keys" => &["pool", "retires_at"],
            "ways_back" => &["id", "pool", "expires_at"],
            _ => &["pool", "expires_at"],
        };
        let condition = sqlite_search.or(postgres_search);
        let is_scan = match condition {
            Some(condition) => !words(condition).any(|word| begins_with.contains(&word)),
            // A heap scan is made of the index scans below it.
            None => step.starts_with("SCAN") || step.contains("Seq Scan on"),
        };
        if is_scan {
            scans.push(step.clone());
        } else if table != "signing_keys" && sqlite_search.is_some_and(is_pool_alone) {
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
fn large_table_of(step: &str) -> Option<&'static str> {
    let is_of = |word: &str, table: &str| {
        word == table
            || word
                .strip_prefix(table)
                .is_some_and(|rest| rest.starts_with('_'))
    };
    LARGE
        .into_iter()
        .find(|table| words(step).any(|word| is_of(word, table)))
}
