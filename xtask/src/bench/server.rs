//! The servers under measurement: their database, their start and their end.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use cognate_crypto::secret::SecretString;
use tokio::runtime::Runtime;

use super::api::{self, AccessKey, REGION};
use super::cores::{self, Cores, Resident};
use super::http::Connection;
use super::pool::{Kept, Pool};

/// How long a first answer may take before the server counts as broken.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the pool of a kept folder is written down in.
const KEPT_POOL: &str = "bench-pool.json";

/// Where a run keeps its data: a folder, and the database.
pub(super) struct Database {
    folder: PathBuf,
    url: Option<String>,
    /// The folder stays for a later run.
    kept: bool,
}

impl Database {
    /// A folder of the run's own in `data`, which goes with it; or the one to keep.
    pub(super) fn prepare(data: &Path, kept: Option<&Path>, url: Option<String>) -> Result<Self> {
        let own = || data.join(std::process::id().to_string());
        let folder = kept.map_or_else(own, Path::to_path_buf);
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        Ok(Self {
            folder: folder.canonicalize()?,
            url,
            kept: kept.is_some(),
        })
    }

    /// The pool that an earlier run left in the folder.
    pub(super) fn kept_pool(&self) -> Result<Option<Kept>> {
        let file = self.folder.join(KEPT_POOL);
        if !file.exists() {
            return Ok(None);
        }
        let text = fs::read(&file).with_context(|| file.display().to_string())?;
        serde_json::from_slice(&text).with_context(|| file.display().to_string())
    }

    /// Writes down what a later run needs to know of the pool.
    pub(super) fn keep(&self, pool: &Pool) -> Result<()> {
        if self.kept {
            let text = serde_json::to_vec(&pool.kept())?;
            fs::write(self.folder.join(KEPT_POOL), text)?;
        }
        Ok(())
    }

    /// A command on this database.
    fn arguments<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.arg("--data-dir").arg(&self.folder);
        if let Some(url) = &self.url {
            command.args(["--database-url", url]);
        }
        // What the developer's own environment sets is not what is measured.
        let names: Vec<_> = std::env::vars_os()
            .map(|(name, _)| name)
            .filter(|name| name.to_string_lossy().starts_with("COGNATE_"))
            .collect();
        for name in names {
            command.env_remove(name);
        }
        command.current_dir(&self.folder)
    }

    /// The kind of database, without the password that a URL may hold.
    pub(super) fn describe(&self) -> String {
        match self.is_postgres() {
            true => "PostgreSQL".to_owned(),
            false => "SQLite".to_owned(),
        }
    }

    fn is_postgres(&self) -> bool {
        let url = self.url.as_deref().unwrap_or_default();
        url.starts_with("postgres")
    }

    /// Processor time so far of a database server on this machine: of every process that is called
    /// postgres.
    pub(super) fn processor_time(&self) -> Result<Option<Duration>> {
        match self.is_postgres() {
            true => cores::processor_time_of_all("postgres"),
            false => Ok(None),
        }
    }

    /// How large an SQLite database of this run is, with its log.
    pub(super) fn bytes(&self) -> Option<u64> {
        if self.url.is_some() {
            return None;
        }
        let sizes = ["cognate.db", "cognate.db-wal"]
            .map(|name| fs::metadata(self.folder.join(name)).map_or(0, |metadata| metadata.len()));
        Some(sizes.iter().sum())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if !self.kept {
            // Left behind it harms nobody: it lies below target/.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// Makes an access key with `cognate access-key create`.
pub(super) fn create_access_key(program: &Path, database: &Database) -> Result<AccessKey> {
    let mut command = Command::new(program);
    command.args(["access-key", "create", "--name"]);
    command.arg(format!("bench-{}", std::process::id()));
    let output = database
        .arguments(&mut command)
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| program.display().to_string())?;
    if !output.status.success() {
        bail!("cognate access-key create failed; its words stand above");
    }
    let text = String::from_utf8(output.stdout)?;
    let value = |label: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(label));
        line.map(str::trim)
            .with_context(|| format!("cognate access-key create prints no {label}"))
    };
    Ok(AccessKey {
        id: value("access key id")?.to_owned(),
        secret: SecretString::from(value("secret access key")?),
    })
}

/// Some servers on one database. They are killed when this is dropped; [`Nodes::stop`] ends them in
/// order.
pub(super) struct Nodes(Vec<Node>);

struct Node {
    process: Child,
    address: SocketAddr,
    started: Instant,
}

impl Nodes {
    /// Starts them one after the other and waits until each listens.
    pub(super) fn start(
        program: &Path,
        database: &Database,
        cores: &Cores,
        count: usize,
    ) -> Result<Self> {
        let mut nodes = Self(Vec::new());
        for _ in 0..count {
            let mut command = cores.command(program);
            command.args(["serve", "--listen", "127.0.0.1:0", "--admin-listen", "none"]);
            command.args(["--public-url", "http://cognate.test", "--region", REGION]);
            let command = database.arguments(&mut command);
            let log = fs::File::create(database.folder.join(format!("log-{}", nodes.0.len())))?;
            let started = Instant::now();
            let mut process = command
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(log)
                .spawn()
                .with_context(|| program.display().to_string())?;
            let line = first_line(&mut process)?;
            let address = line
                .rsplit_once("http://")
                .and_then(|(_, address)| address.parse().ok());
            let Some(address) = address else {
                let _ = process.kill();
                let _ = process.wait();
                let log =
                    fs::read_to_string(database.folder.join(format!("log-{}", nodes.0.len())));
                bail!("the server did not start: {}", log.unwrap_or_default());
            };
            nodes.0.push(Node {
                process,
                address,
                started,
            });
        }
        Ok(nodes)
    }

    /// Where they listen.
    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        self.0.iter().map(|node| node.address).collect()
    }

    /// The time from the start of the last one to its first answer that needs the database: a
    /// pool's public keys.
    pub(super) fn first_answer(&self, pool: &Pool, runtime: &Runtime) -> Result<Duration> {
        let node = self.0.last().context("no server")?;
        let request = api::jwks(&pool.id);
        let answered = runtime.block_on(async {
            let call = async {
                let mut connection = Connection::open(node.address).await?;
                connection.call(&request).await?.success()?;
                Ok::<_, anyhow::Error>(node.started.elapsed())
            };
            tokio::time::timeout(PATIENCE, call).await
        });
        answered.context("no answer in half a minute")?
    }

    /// Processor time of all of them so far.
    pub(super) fn processor_time(&self) -> Result<Duration> {
        self.0
            .iter()
            .map(|node| cores::processor_time(node.process.id()))
            .sum()
    }

    /// Resident memory of the largest.
    pub(super) fn memory(&self) -> Result<Resident> {
        let each = self.0.iter().map(|node| cores::resident(node.process.id()));
        let each: Vec<Resident> = each.collect::<Result<_>>()?;
        Ok(each.into_iter().max().unwrap_or_default())
    }

    /// Ends them as an operator does, and waits.
    pub(super) fn stop(mut self) -> Result<()> {
        for node in &mut self.0 {
            let pid = node.process.id().to_string();
            if !Command::new("kill")
                .args(["-TERM", &pid])
                .status()?
                .success()
            {
                bail!("a server was gone before it was stopped");
            }
        }
        for node in &mut self.0 {
            let status = node.process.wait()?;
            if !status.success() {
                bail!("a server ended with {status}");
            }
        }
        self.0.clear();
        Ok(())
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        for node in &mut self.0 {
            let _ = node.process.kill();
            let _ = node.process.wait();
        }
    }
}

/// The line in which the server says where it listens; empty when it ended without.
fn first_line(process: &mut Child) -> Result<String> {
    let output = process.stdout.take().context("a process without output")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    Ok(line.trim().to_owned())
}
