//! The fixtures: what a release has left, and the manifest that tells what that is.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use cognate_crypto::seal::MasterKey;
use cognate_crypto::secret::SecretString;
use cognate_model::Timestamp;
use cognate_testkit::{Key, ServerBuilder, TestClient, TestPool, TestServer, TestUser};
use flate2::read::GzDecoder;
use serde_json::Value;

/// So long after the release's server was stopped the new one begins, in milliseconds: within the
/// three minutes that an answer to a challenge has.
const PAUSE_MS: i64 = 10_000;

/// What one release has left.
pub(crate) struct Release {
    folder: PathBuf,
    manifest: Value,
}

impl Release {
    /// All of them; there is one at least.
    pub(crate) fn all() -> Vec<Self> {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/upgrade/fixtures");
        let folders = fs::read_dir(fixtures).unwrap();
        let folders = folders.map(|entry| entry.unwrap().path());
        let mut folders: Vec<_> = folders.filter(|path| path.is_dir()).collect();
        folders.sort();
        assert!(!folders.is_empty());
        let read = |folder: PathBuf| Self {
            manifest: serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap())
                .unwrap(),
            folder,
        };
        folders.into_iter().map(read).collect()
    }

    /// A text of the manifest, as `/users/ana/sub`.
    pub(crate) fn text(&self, pointer: &str) -> &str {
        let found = self.manifest.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_else(|| panic!("{pointer} is no text of the manifest"))
    }

    /// An object or a number of the manifest.
    pub(crate) fn value(&self, pointer: &str) -> &Value {
        self.manifest.pointer(pointer).expect(pointer)
    }

    pub(crate) fn version(&self) -> &str {
        self.text("/version")
    }

    pub(crate) fn backup(&self) -> PathBuf {
        self.folder.join("cognate.backup")
    }

    pub(crate) fn master_key(&self) -> MasterKey {
        let text = fs::read_to_string(self.folder.join("master.key")).unwrap();
        MasterKey::parse(text.trim()).unwrap()
    }

    /// Unpacks the database into a folder; gives its URL.
    pub(crate) fn unpack(&self, folder: &Path) -> String {
        let packed = File::open(self.folder.join("cognate.db.gz")).unwrap();
        let path = folder.join("cognate.db");
        let mut file = File::create(&path).unwrap();
        io::copy(&mut GzDecoder::new(packed), &mut file).unwrap();
        format!("sqlite:{}", path.display())
    }

    /// A server that goes on where the release's stopped.
    pub(crate) fn server(&self) -> ServerBuilder {
        let stopped_at = self.value("/made_at").as_i64().unwrap();
        TestServer::builder()
            .public_url(self.text("/public_url"))
            .at(Timestamp(stopped_at + PAUSE_MS))
    }

    pub(crate) fn pool(&self, server: &TestServer) -> TestPool {
        TestPool {
            server: server.clone(),
            id: self.text("/pool/id").to_owned(),
        }
    }

    /// An app client by its name: `open` has no secret, `guarded` has one.
    pub(crate) fn client(&self, server: &TestServer, name: &str) -> TestClient {
        let client = self.value(&format!("/client_{name}"));
        TestClient {
            pool: self.pool(server),
            id: client["id"].as_str().unwrap().to_owned(),
            secret: client["secret"].as_str().map(str::to_owned),
        }
    }

    /// A user at the app client through which they came.
    pub(crate) fn user(&self, server: &TestServer, name: &str) -> TestUser {
        let client = if name == "dan" { "guarded" } else { "open" };
        let text = |member: &str| self.text(&format!("/users/{name}/{member}")).to_owned();
        TestUser {
            client: self.client(server, client),
            name: name.to_owned(),
            password: text("password"),
            sub: text("sub"),
            address: text("email"),
        }
    }

    /// The access key with a policy.
    pub(crate) fn key(&self) -> Key {
        Key {
            id: self.text("/access_key/id").to_owned(),
            secret: SecretString::from(self.text("/access_key/secret")),
            region: "us-east-1".to_owned(),
            service: "cognito-idp".to_owned(),
        }
    }
}
