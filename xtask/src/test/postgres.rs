//! A PostgreSQL of the tests' own: a fresh cluster in a temporary folder on a free port, gone when
//! the tests are.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// Keeps the cluster for as long as its standard input is open.
const KEEPER: &str = include_str!("postgres.sh");

/// A running PostgreSQL. It ends when this is dropped, and also when this process ends without a
/// chance to drop anything: the keeper reads a pipe that only this process holds, and takes the
/// pipe's end as the order to stop.
pub(super) struct Server {
    keeper: Child,
    programs: PathBuf,
    url: String,
}

impl Server {
    /// Makes and starts a cluster with the programs in the folder `programs`; answers when it takes
    /// connections.
    pub(super) fn start(programs: &Path) -> Result<Self> {
        let port = free_port()?;
        let password = std::fs::read_to_string("/proc/sys/kernel/random/uuid")?;
        let password = password.trim();
        let mut keeper = as_ordinary_user()?;
        keeper
            .args(["sh", "-c", KEEPER, "postgres.sh"])
            .arg(programs)
            .args([&port.to_string(), password])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Out of the terminal's reach: Ctrl-C ends the tests, their end closes the pipe, and
            // that ends the cluster.
            .process_group(0);
        let mut keeper = keeper.spawn().context("start PostgreSQL")?;
        let mut words = String::new();
        if let Some(output) = keeper.stdout.take() {
            BufReader::new(output).read_line(&mut words)?;
        }
        if words.trim() != "ready" {
            let status = keeper.wait()?;
            bail!("PostgreSQL did not start ({status}); its words stand above");
        }
        Ok(Self {
            keeper,
            programs: programs.to_path_buf(),
            url: format!("postgres://cognate:{password}@127.0.0.1:{port}/postgres?sslmode=disable"),
        })
    }

    /// Where a superuser may connect and make databases.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The folder with psql and its kind.
    pub(super) fn programs(&self) -> &Path {
        &self.programs
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // A keeper that ended by itself has nothing left to stop.
        let _ = self.keeper.wait();
    }
}

/// PostgreSQL refuses to run as root; Debian's package makes a user for it.
fn as_ordinary_user() -> Result<Command> {
    let uid = Command::new("id").arg("-u").output()?.stdout;
    if uid.trim_ascii() != b"0" {
        return Ok(Command::new("env"));
    }
    let mut runuser = Command::new("runuser");
    runuser.args(["-u", "postgres", "--"]);
    Ok(runuser)
}

/// A port that nobody listens on at the moment of asking.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
