//! A PostgreSQL that a test may stop.

use std::io::{BufRead, BufReader, Lines, Write};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Keeps the cluster for as long as its standard input is open, and so no longer than this process lives.
const KEEPER: &str = include_str!("cluster.sh");

/// A running cluster; it ends when this is dropped.
pub(crate) struct Cluster {
    pub(crate) url: String,
    keeper: Child,
    orders: Option<ChildStdin>,
    answers: Lines<BufReader<ChildStdout>>,
}

/// How a cluster is stopped, as pg_ctl calls it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stop {
    /// Sessions are ended, transactions rolled back.
    Fast,
    /// As a crash: it recovers at its start.
    Immediate,
}

impl Cluster {
    /// Makes and starts one. None, in words, where PostgreSQL's programs are not installed; where TEST_DATABASES is set they must be.
    pub(crate) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            #[allow(clippy::disallowed_methods, reason = "cargo xtask test sets it")]
            let must_be = std::env::var_os("TEST_DATABASES").is_some();
            assert!(!must_be, "PostgreSQL's initdb is not installed");
            eprintln!(
                "SKIPPED: PostgreSQL's initdb is not installed, so no cluster can be stopped"
            );
            return None;
        };
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let password = "outage";
        let mut keeper = as_ordinary_user()
            .args(["sh", "-c", KEEPER, "cluster.sh"])
            .arg(programs)
            .args([&port.to_string(), password])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let answers = BufReader::new(keeper.stdout.take().unwrap()).lines();
        let orders = keeper.stdin.take();
        let url =
            format!("postgres://cognate:{password}@127.0.0.1:{port}/postgres?sslmode=disable");
        let mut cluster = Self {
            url,
            keeper,
            orders,
            answers,
        };
        cluster.wait();
        Some(cluster)
    }

    /// Stops it and waits until it has stopped.
    pub(crate) fn stop(&mut self, how: Stop) {
        let mode = match how {
            Stop::Fast => "fast",
            Stop::Immediate => "immediate",
        };
        self.order(&format!("stop {mode}"));
    }

    /// Starts it again and waits until it takes connections.
    pub(crate) fn start_again(&mut self) {
        self.order("start");
    }

    fn order(&mut self, words: &str) {
        writeln!(self.orders.as_mut().unwrap(), "{words}").unwrap();
        self.wait();
    }

    fn wait(&mut self) {
        let answer = self.answers.next().and_then(Result::ok);
        assert_eq!(
            answer.as_deref(),
            Some("done"),
            "the cluster's keeper has failed; its words stand above"
        );
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.orders.take());
        let _ = self.keeper.wait();
    }
}

/// Debian keeps them out of PATH.
fn programs() -> Option<PathBuf> {
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
    #[allow(
        clippy::disallowed_methods,
        reason = "where the system says that programs are"
    )]
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders.extend(std::env::split_paths(&path));
    folders
        .into_iter()
        .find(|folder| folder.join("initdb").exists() && folder.join("pg_ctl").exists())
}

/// PostgreSQL refuses to run as root; Debian's package makes a user for it.
fn as_ordinary_user() -> Command {
    let uid = Command::new("id").arg("-u").output().unwrap().stdout;
    if uid.trim_ascii() != b"0" {
        return Command::new("env");
    }
    let mut runuser = Command::new("runuser");
    runuser.args(["-u", "postgres", "--"]);
    runuser
}
