//! The databases that a test runs on: SQLite always, and each one that TEST_DATABASES names, fresh.

use cognate_crypto::random::{Alphabet, Random};

use crate::TestServer;

/// Runs a test on SQLite and on every database of TEST_DATABASES (URLs, separated by spaces), each
/// with a server and a schema of its own.
pub async fn for_each_database(test: impl AsyncFn(TestServer)) {
    test(TestServer::start().await).await;
    for url in urls() {
        let schema = Schema::create(url).await;
        let server = TestServer::builder().on(&schema.url()).start().await;
        let db = server.app().db.clone();
        test(server).await;
        db.close().await;
        schema.remove().await;
    }
}

/// Runs a test with the URL of an empty schema on every database of TEST_DATABASES.
pub async fn for_each_empty_schema(test: impl AsyncFn(&str)) {
    for url in urls() {
        let schema = Schema::create(url).await;
        test(&schema.url()).await;
        schema.remove().await;
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "cargo xtask test names the databases there"
)]
pub(crate) fn urls() -> Vec<String> {
    std::env::var("TEST_DATABASES")
        .unwrap_or_default()
        .split_whitespace()
        .map(str::to_owned)
        .collect()
}

/// A schema of one test in a database that others use too.
pub(crate) struct Schema {
    server: String,
    name: String,
}

impl Schema {
    pub(crate) async fn create(server: String) -> Self {
        let name = format!("it{}", unrepeated().from_alphabet(20, Alphabet::LOWERCASE));
        say(&server, &format!("CREATE SCHEMA {name}")).await;
        Self { server, name }
    }

    pub(crate) fn url(&self) -> String {
        let separator = if self.server.contains('?') { '&' } else { '?' };
        format!(
            "{}{separator}options=-c%20search_path%3D{}",
            self.server, self.name
        )
    }

    pub(crate) async fn remove(self) {
        say(&self.server, &format!("DROP SCHEMA {} CASCADE", self.name)).await;
    }
}

async fn say(url: &str, statement: &str) {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .expect("a database of TEST_DATABASES takes connections");
    let task = tokio::spawn(connection);
    client
        .batch_execute(statement)
        .await
        .expect("the user of TEST_DATABASES may make schemas");
    drop(client);
    let ended = task.await.expect("the connection's task does not panic");
    ended.expect("the connection ends in order");
}

/// Not seeded: runs side by side must not choose the same name.
fn unrepeated() -> Random {
    use std::hash::{BuildHasher, RandomState};
    let mut seed = [0; 32];
    for chunk in seed.chunks_mut(8) {
        chunk.copy_from_slice(&RandomState::new().hash_one(0).to_le_bytes());
    }
    Random::from_seed(seed)
}
