//! Several nodes on one database, as processes on different machines are: each with connections,
//! caches and randomness of its own. What they share is the database, the clock, and the inbox that
//! stands for the mail server.

use cognate_store::{Db, DbOptions, FaultPlan, OpenError};

use crate::databases::{Schema, urls};
use crate::{ServerBuilder, TestClient, TestServer, TestUser, inbox_outbound, master_key};

/// A database that any number of nodes can open.
pub struct Shared {
    /// Where it is.
    pub url: String,
}

impl Shared {
    /// So many nodes on it, in the order of their starts.
    pub async fn nodes<const N: usize>(&self) -> [TestServer; N] {
        self.nodes_like(TestServer::builder()).await
    }

    /// So many nodes on it, the first of them built so, and all with its triggers.
    pub async fn nodes_like<const N: usize>(&self, first: ServerBuilder) -> [TestServer; N] {
        let first = first.on(&self.url).start().await;
        let mut nodes = vec![first.clone()];
        while nodes.len() < N {
            nodes.push(
                first
                    .join(&self.url)
                    .await
                    .expect("a node opens the database of another"),
            );
        }
        nodes
            .try_into()
            .unwrap_or_else(|_| panic!("a test with nodes"))
    }
}

/// Runs a test on a file of SQLite's and on every database of TEST_DATABASES, each empty.
pub async fn for_each_shared_database(test: impl AsyncFn(Shared)) {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let url = format!("sqlite:{}", folder.path().join("cognate.db").display());
    test(Shared { url }).await;
    for_each_server(test).await;
}

/// Runs a test on the databases of TEST_DATABASES, which are reached through a network, each empty.
pub async fn for_each_server(test: impl AsyncFn(Shared)) {
    for server in urls() {
        let schema = Schema::create(server).await;
        test(Shared { url: schema.url() }).await;
        schema.remove().await;
    }
}

impl TestServer {
    /// Another node on the database at a URL, which is this server's own, or a way to it.
    ///
    /// # Errors
    /// Why the database was not opened.
    pub async fn join(&self, url: &str) -> Result<Self, OpenError> {
        let faults = FaultPlan::armable();
        let mut options = DbOptions::new(url, master_key(), self.random());
        options.faults = faults.clone();
        let db = Db::open(options).await?;
        let mut outbound = inbox_outbound(self.inbox());
        outbound.triggers = self.app().outbound.triggers.clone();
        Ok(self.beside(db, outbound, faults))
    }
}

impl TestClient {
    /// The same app client, through another node.
    #[must_use]
    pub fn on(&self, node: &TestServer) -> Self {
        let mut client = self.clone();
        client.pool.server = node.clone();
        client
    }
}

impl TestUser {
    /// The same user, who is led to another node.
    #[must_use]
    pub fn on(&self, node: &TestServer) -> Self {
        self.at(&self.client.on(node))
    }
}
