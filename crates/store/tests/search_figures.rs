//! What filters of ListUsers cost, and their index, printed: `cargo test --release -p cognate-store
//! --test search_figures -- --ignored --nocapture`. `FIGURE_USERS` says at which numbers of users
//! (1000,100000,1000000), `FIGURE_SEARCH=on` that the pool has searches beyond Cognito too,
//! `FIGURE_INDEX=off` that the indexes of filters are taken away before the filling, and then
//! nothing is asked, and `FIGURE_DATABASE` which empty PostgreSQL is used instead of an SQLite
//! file, which lies in the folder that TMPDIR names.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "tests"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "what is measured comes from the environment"
)]

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use cognate_crypto::{random::Random, seal::MasterKey};
use cognate_model::{
    NormalName, Sub, Timestamp, User, UserPoolId, UserStatus, password::Credentials,
    server_settings::PoolServerSettings, user::NameKind, user_filter::UserFilter,
    user_query::UserQuery,
};
use cognate_store::{
    Db, DbOptions, Error, server_settings,
    user_search::{self, After},
    user_terms, users,
};

/// Users in one transaction of the filling.
const BATCH: usize = 500;
/// How often each filter is asked.
const RUNS: usize = 2000;
/// Given names are shared by so many users that each page is full.
const NAMESAKES: usize = 100;

fn options(url: &str) -> DbOptions {
    let key = MasterKey::from_bytes(std::array::from_fn(|at| u8::try_from(at).unwrap()));
    DbOptions::new(url, key, Random::from_seed([3; 32]))
}

fn pool() -> UserPoolId {
    UserPoolId::parse("us-east-1_AbCdEfGhI").unwrap()
}

fn user(number: usize, random: &mut Random) -> User {
    let attributes = [
        ("email", format!("user{number}@example.com")),
        ("email_verified", "true".to_owned()),
        ("phone_number", format!("+1555{number:08}")),
        ("name", format!("Ana{} Smith{number}", number / NAMESAKES)),
        ("given_name", format!("Ana{}", number / NAMESAKES)),
        ("family_name", format!("Smith{number}")),
        ("preferred_username", format!("anasmith{number}")),
        ("custom:team", format!("Team {}", number / NAMESAKES)),
    ];
    User {
        pool: pool(),
        sub: Sub::random(random),
        username: format!("user{number}"),
        attributes: attributes
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        kept_names: BTreeMap::new(),
        recover_by: None,
        factors_changed_at: None,
        mfa: Default::default(),
        status: UserStatus::Confirmed,
        enabled: true,
        created_at: Timestamp(1_700_000_000_000 + i64::try_from(number).unwrap()),
        modified_at: Timestamp(1_700_000_000_000),
        revision: 1,
    }
}

/// Adds users in an order that is not that of their names.
async fn fill(db: &Db, from: usize, to: usize) -> Vec<String> {
    let mut random = Random::from_seed([u8::try_from(from % 251).unwrap(); 32]);
    let mut numbers: Vec<usize> = (from..to).collect();
    random.shuffle(&mut numbers);
    let mut subs = Vec::new();
    for batch in numbers.chunks(BATCH) {
        let batch: Vec<User> = batch
            .iter()
            .map(|number| user(*number, &mut random))
            .collect();
        subs.extend(batch.iter().map(|user| user.sub.as_str().to_owned()));
        db.write("fill", async move |tx| {
            let credentials = Credentials {
                salt: vec![1; 16],
                verifier: vec![1; 384],
                user_id: "id".to_owned(),
                temporary_until: None,
                imported: None,
            };
            for user in &batch {
                let names = [
                    (NameKind::Username, &user.username),
                    (NameKind::Email, &user.attributes["email"]),
                ];
                let names =
                    names.map(|(kind, name)| (kind, NormalName::with_case_rule(name, false)));
                users::insert(tx, user, &names, Some(&credentials))
                    .await?
                    .unwrap();
            }
            Ok::<_, Error>(())
        })
        .await
        .unwrap();
    }
    subs
}

#[test]
#[ignore = "prints figures; proves nothing"]
fn print_what_filters_cost() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let asked = |name: &str| std::env::var(name).ok();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("figures.db");
        let url = asked("FIGURE_DATABASE").unwrap_or_else(|| format!("sqlite:{}", file.display()));
        let sizes = asked("FIGURE_USERS").unwrap_or_else(|| "1000,100000,1000000".to_owned());
        let search = asked("FIGURE_SEARCH").is_some();
        let is_indexed = asked("FIGURE_INDEX").is_none();
        let mut db = Db::open(options(&url)).await.unwrap();
        if search {
            let settings = PoolServerSettings {
                search: Some(true),
                ..PoolServerSettings::default()
            };
            let on = async move |tx: &mut cognate_store::Tx| -> Result<(), Error> {
                server_settings::put_of_pool(tx, &pool(), &settings).await?;
                while user_terms::step(tx, 1, 1).await? {}
                Ok(())
            };
            db.write("on", on).await.unwrap();
        }
        if !is_indexed {
            let off = async |tx: &mut cognate_store::Tx| -> Result<(), Error> {
                for sql in INDEXES {
                    tx.execute(sql, &[]).await?;
                }
                Ok(())
            };
            db.write("off", off).await.unwrap();
        }
        let (mut before, mut subs) = (0, Vec::new());
        for size in sizes.split(',').map(|size| size.parse::<usize>().unwrap()) {
            let start = Instant::now();
            subs.extend(fill(&db, before, size).await);
            let rate = (size - before) as f64 / start.elapsed().as_secs_f64();
            before = size;
            // Readers map a file that was large when they opened it.
            db.close().await;
            let bytes = std::fs::metadata(&file).map_or(0, |file| file.len());
            db = Db::open(options(&url)).await.unwrap();
            println!(
                "{size} users, added at {rate:.0}/s, {} bytes a user",
                bytes / size as u64
            );
            if !is_indexed {
                continue;
            }
            for name in FILTERS {
                figures_of(&db, name, size, &subs).await;
            }
            if search {
                for name in SEARCHES {
                    figures_of_search(&db, name, size).await;
                }
            }
        }
    });
}

/// What takes the indexes away that filters are answered from.
const INDEXES: [&str; 10] = [
    "DROP INDEX users_search_username",
    "DROP INDEX users_search_email",
    "DROP INDEX users_search_phone_number",
    "DROP INDEX users_search_name",
    "DROP INDEX users_search_given_name",
    "DROP INDEX users_search_family_name",
    "DROP INDEX users_search_preferred_username",
    "DROP INDEX users_status",
    "DROP INDEX users_enabled",
    "DROP INDEX users_unsearched",
];

/// `{n}` is the number of a user, `{g}` that of namesakes, `{sub}` a sub.
const FILTERS: [&str; 12] = [
    "",
    "username = \"user{n}\"",
    "email = \"user{n}@example.com\"",
    "email ^= \"user{n}@\"",
    "phone_number = \"+1555{n8}\"",
    "name ^= \"Ana{g} \"",
    "given_name = \"Ana{g}\"",
    "family_name = \"Smith{n}\"",
    "preferred_username ^= \"anasmith{n}\"",
    "cognito:user_status = \"CONFIRMED\"",
    "status = \"Enabled\"",
    "sub = \"{sub}\"",
];

const SEARCHES: [&str; 4] = [
    "custom:team = \"Team {g}\"",
    "email contains \"ser{n}@ex\"",
    "custom:team = \"Team {g}\" and not username = \"user{n}\" sort created desc",
    "sort modified desc",
];

fn filled_in(text: &str, number: usize, sub: &str) -> String {
    text.replace("{n}", &number.to_string())
        .replace("{n8}", &format!("{number:08}"))
        .replace("{g}", &(number / NAMESAKES).to_string())
        .replace("{sub}", sub)
}

fn tell(name: &str, mut times: Vec<Duration>, rows: usize) {
    times.sort_unstable();
    let micros = |at: usize| times[at].as_secs_f64() * 1e6;
    let mean = times.iter().sum::<Duration>().as_secs_f64() * 1e6 / times.len() as f64;
    println!(
        "  {name:72} {:5.1} rows, mean {mean:7.1} µs, p50 {:7.1}, p99 {:7.1}",
        rows as f64 / times.len() as f64,
        micros(times.len() / 2),
        micros(times.len() * 99 / 100),
    );
}

async fn figures_of(db: &Db, name: &str, size: usize, subs: &[String]) {
    let mut random = Random::from_seed([9; 32]);
    let mut reader = db.read().await.unwrap();
    let (mut times, mut rows) = (Vec::new(), 0);
    // The first half warms up what a server in use has warm.
    for run in 0..RUNS * 2 {
        let number = random.below(u32::try_from(size).unwrap()) as usize;
        let sub = random.pick(subs).unwrap();
        let filter = UserFilter::parse(&filled_in(name, number, sub)).unwrap();
        let lookup = filter.as_ref().map_or(
            cognate_model::user_filter::Lookup::Everyone,
            UserFilter::lookup,
        );
        // A page anywhere, where the order is that of subs.
        let place = random.uuid_v4();
        let far = !name.contains('{');
        let key = if name.contains("user_status") {
            "CONFIRMED"
        } else {
            ""
        };
        let after = far.then_some(After { key, sub: &place });
        let start = Instant::now();
        if filter.is_some() {
            assert!(!user_search::is_behind(&mut reader, &pool()).await.unwrap());
        }
        let page = user_search::page(&mut reader, &pool(), &lookup, after, 61)
            .await
            .unwrap();
        let took = start.elapsed();
        if run >= RUNS {
            times.push(took);
            rows += page.len();
        }
    }
    tell(name, times, rows);
}

async fn figures_of_search(db: &Db, name: &str, size: usize) {
    let mut random = Random::from_seed([9; 32]);
    let mut reader = db.read().await.unwrap();
    let (mut times, mut rows) = (Vec::new(), 0);
    for run in 0..RUNS * 2 {
        let number = random.below(u32::try_from(size).unwrap()) as usize;
        let text = filled_in(name, number, "");
        let query = UserQuery::parse(&text, |_| true).unwrap();
        let start = Instant::now();
        let found = match query.source().unwrap() {
            None => {
                let order = query.order.unwrap();
                user_terms::ordered(&mut reader, &pool(), order, None, 61)
                    .await
                    .unwrap()
            }
            Some(source) => {
                let mut lists = BTreeMap::new();
                for term in source.terms() {
                    let list = user_terms::list(&mut reader, &pool(), term, -1, 256)
                        .await
                        .unwrap();
                    lists.insert(term, list);
                }
                let places = source.candidates(&lists).places;
                let users = user_terms::users_at(&mut reader, &pool(), &places)
                    .await
                    .unwrap();
                users
                    .into_iter()
                    .filter(|user| query.matches(user))
                    .collect()
            }
        };
        let took = start.elapsed();
        if run >= RUNS {
            times.push(took);
            rows += found.len();
        }
    }
    tell(name, times, rows);
}
