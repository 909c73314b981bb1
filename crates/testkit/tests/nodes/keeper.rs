//! Programs that a test starts beside itself: each is kept by a shell script for as long as its
//! standard input is open, and so no longer than this process lives. The script takes orders as
//! lines and answers each by `done`.

use std::io::{BufRead, BufReader, Lines, Write};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

/// A running script; what it keeps ends when this is dropped.
pub(crate) struct Keeper {
    script: Child,
    orders: Option<ChildStdin>,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Keeper {
    /// Starts a script and waits for its first `done`.
    pub(crate) fn start(name: &str, script: &str, arguments: &[&str]) -> Self {
        let mut script = as_ordinary_user()
            .args(["sh", "-c", script, name])
            .args(arguments)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let answers = BufReader::new(script.stdout.take().unwrap()).lines();
        let orders = script.stdin.take();
        let mut keeper = Self {
            script,
            orders,
            answers,
        };
        keeper.wait();
        keeper
    }

    /// Gives an order and waits until it is done.
    pub(crate) fn order(&mut self, words: &str) {
        writeln!(self.orders.as_mut().unwrap(), "{words}").unwrap();
        self.wait();
    }

    fn wait(&mut self) {
        let answer = self.answers.next().and_then(Result::ok);
        assert_eq!(
            answer.as_deref(),
            Some("done"),
            "a keeper has failed; its words stand above"
        );
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.orders.take());
        let _ = self.script.wait();
    }
}

/// A port that is free now and that no outgoing connection is given: it lies below the range which
/// systems draw those from, so that nobody takes it before its server listens. No other test of
/// this run is given it.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    const FIRST: u16 = 20_000;
    const PORTS: u16 = 10_000;
    // Runs beside each other begin at different ones.
    let start = u16::try_from(std::process::id() % u32::from(PORTS)).unwrap();
    loop {
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + (start + next % PORTS) % PORTS;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// The folder with PostgreSQL's programs, which Debian keeps out of PATH. None, in words, where
/// they are not installed; where TEST_DATABASES is set they must be.
pub(crate) fn postgres_programs() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|versions| {
            versions
                .filter_map(Result::ok)
                .map(|version| version.path().join("bin"))
                .collect()
        })
        .unwrap_or_default();
    folders.sort();
    folders.reverse();
    folders.extend(path());
    let found = folders
        .into_iter()
        .find(|folder| folder.join("initdb").exists() && folder.join("pg_ctl").exists());
    if found.is_none() {
        #[allow(clippy::disallowed_methods, reason = "cargo xtask test sets it")]
        let must_be = std::env::var_os("TEST_DATABASES").is_some();
        assert!(!must_be, "PostgreSQL's initdb is not installed");
        eprintln!("SKIPPED: PostgreSQL's initdb is not installed, so no cluster can be stopped");
    }
    found
}

/// A program on PATH, or where Debian keeps servers. None, in words, where it is not installed.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let found = path()
        .into_iter()
        .chain(["/usr/sbin".into()])
        .map(|folder| folder.join(name))
        .find(|program| program.exists());
    if found.is_none() {
        eprintln!("SKIPPED: {name} is not installed");
    }
    found
}

fn path() -> Vec<PathBuf> {
    #[allow(
        clippy::disallowed_methods,
        reason = "where the system says that programs are"
    )]
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).collect()
}

/// PostgreSQL and PgBouncer refuse to run as root; Debian's package makes a user for it.
fn as_ordinary_user() -> Command {
    let uid = Command::new("id").arg("-u").output().unwrap().stdout;
    if uid.trim_ascii() != b"0" {
        return Command::new("env");
    }
    let mut runuser = Command::new("runuser");
    runuser.args(["-u", "postgres", "--"]);
    runuser
}
