//! The databases that a test runs on, each fresh.

use cognate_crypto::{random::Random, seal::MasterKey};
use cognate_store::{Db, DbOptions, Error, FaultPlan, StatementLog};

/// One empty database.
pub(crate) struct Place {
    pub(crate) url: String,
    pub(crate) faults: FaultPlan,
    pub(crate) log: StatementLog,
    _folder: Option<tempfile::TempDir>,
    own: Option<Own>,
}

/// What a place on a server has made for itself there.
struct Own {
    server: String,
    making: String,
    removal: String,
}

/// Runs a test on every database, one after the other.
pub(crate) fn everywhere(test: impl AsyncFn(&Place)) {
    run(places(), test);
}

/// Runs a test on those that outlive a `Db`.
pub(crate) fn on_lasting_places(test: impl AsyncFn(&Place)) {
    run(
        places()
            .into_iter()
            .filter(|place| !place.is_memory())
            .collect(),
        test,
    );
}

/// Runs a test on SQLite as a file.
pub(crate) fn on_sqlite(test: impl AsyncFn(&Place)) {
    run(vec![Place::sqlite_file()], test);
}

/// Runs a test on the databases that are reached through a network.
pub(crate) fn on_servers(test: impl AsyncFn(&Place)) {
    run(servers(), test);
}

/// Runs a test with every lasting database as its source and, for each, every other one and a
/// second of its own kind as its target.
pub(crate) fn on_each_pair(test: impl AsyncFn(&Place, &Place)) {
    let lasting = || places().into_iter().filter(|place| !place.is_memory());
    run(lasting().collect(), async |source| {
        for target in lasting() {
            eprintln!("  into {}", target.url);
            target.prepare().await;
            source.empty().await;
            test(source, &target).await;
            target.clean_up().await;
        }
    });
}

fn run(places: Vec<Place>, test: impl AsyncFn(&Place)) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        for place in places {
            eprintln!("on {}", place.url);
            place.prepare().await;
            test(&place).await;
            place.clean_up().await;
        }
    });
}

fn places() -> Vec<Place> {
    let mut places = vec![
        Place::sqlite_file(),
        Place::new("sqlite::memory:".to_owned()),
    ];
    places.extend(servers());
    places
}

#[allow(
    clippy::disallowed_methods,
    reason = "cargo xtask test names the databases there"
)]
fn servers() -> Vec<Place> {
    let urls = std::env::var("TEST_DATABASES").unwrap_or_default();
    urls.split_whitespace().map(Place::server).collect()
}

impl Place {
    fn new(url: String) -> Self {
        Self {
            url,
            faults: FaultPlan::armable(),
            log: StatementLog::default(),
            _folder: None,
            own: None,
        }
    }

    fn sqlite_file() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("cognate.db").display());
        Self {
            _folder: Some(folder),
            ..Self::new(url)
        }
    }

    /// A schema of its own, or behind a pooler, where a URL chooses no schema, a database.
    fn server(url: &str) -> Self {
        let name = format!(
            "t{}",
            fresh_random().from_alphabet(20, cognate_crypto::random::Alphabet::LOWERCASE)
        );
        if url.contains("pooler=transaction") {
            let (server, rest) = url.rsplit_once('/').unwrap();
            let (_, query) = rest.split_once('?').unwrap();
            let own = Own {
                server: url.to_owned(),
                making: format!("CREATE DATABASE {name}"),
                removal: format!("DROP DATABASE {name} WITH (FORCE)"),
            };
            return Self {
                own: Some(own),
                ..Self::new(format!("{server}/{name}?{query}"))
            };
        }
        let separator = if url.contains('?') { '&' } else { '?' };
        let own = Own {
            server: url.to_owned(),
            making: format!("CREATE SCHEMA {name}"),
            removal: format!("DROP SCHEMA {name} CASCADE"),
        };
        Self {
            own: Some(own),
            ..Self::new(format!("{url}{separator}options=-c%20search_path%3D{name}"))
        }
    }

    pub(crate) fn is_memory(&self) -> bool {
        self.url == "sqlite::memory:"
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite:")
    }

    pub(crate) fn options(&self) -> DbOptions {
        self.options_at(&self.url)
    }

    pub(crate) fn options_at(&self, url: &str) -> DbOptions {
        let mut options = DbOptions::new(url, master_key(1), fresh_random());
        options.faults = self.faults.clone();
        options.statements = Some(self.log.clone());
        options
    }

    pub(crate) async fn open(&self) -> Db {
        Db::open(self.options()).await.unwrap()
    }

    async fn prepare(&self) {
        if let Some(own) = &self.own {
            ask_server(&own.server, &own.making).await;
        }
    }

    /// Makes it as fresh as it was; nobody has it open.
    pub(crate) async fn empty(&self) {
        self.clean_up().await;
        self.prepare().await;
        if let Some(path) = self.url.strip_prefix("sqlite:") {
            for suffix in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(format!("{path}{suffix}"));
            }
        }
    }

    async fn clean_up(&self) {
        if let Some(own) = &self.own {
            ask_server(&own.server, &own.removal).await;
        }
    }
}

/// Says something to a server past the store.
pub(crate) async fn ask_server(url: &str, sql: &str) -> Vec<String> {
    // The parameter is ours.
    let url = url.replace("&pooler=transaction", "");
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
        .await
        .unwrap();
    let task = tokio::spawn(connection);
    let answer = client.simple_query(sql).await.unwrap();
    drop(client);
    task.await.unwrap().unwrap();
    let rows = answer.into_iter().filter_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    rows.collect()
}

pub(crate) fn master_key(byte: u8) -> MasterKey {
    MasterKey::from_bytes(std::array::from_fn(|at| {
        byte.wrapping_add(u8::try_from(at).unwrap())
    }))
}

/// Different each time: two `Db` of one test must not draw the same nonces.
pub(crate) fn fresh_random() -> Random {
    use std::hash::{BuildHasher, RandomState};
    let mut seed = [0; 32];
    for chunk in seed.chunks_mut(8) {
        chunk.copy_from_slice(&RandomState::new().hash_one(0).to_le_bytes());
    }
    Random::from_seed(seed)
}

/// Puts a value under a name; the table `meta` serves as the test's own.
pub(crate) async fn put(db: &Db, name: &str, value: &[u8]) -> Result<(), Error> {
    let (name, value) = (name.to_owned(), value.to_vec());
    db.write("put", async move |tx| {
        tx.execute(
            "INSERT INTO meta(name, value) VALUES ($1, $2)",
            &[(&name).into(), (&value).into()],
        )
        .await
        .map(drop)
    })
    .await
}

/// The committed value under a name.
pub(crate) async fn value_of(db: &Db, name: &str) -> Option<Vec<u8>> {
    let mut reader = db.read().await.unwrap();
    let row = reader
        .query_optional("SELECT value FROM meta WHERE name = $1", &[name.into()])
        .await
        .unwrap();
    row.map(|row| row.bytes(0).unwrap().to_vec())
}
