//! An operator's folder, the program run in it, and what doctor has told there.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// A folder in which an operator works, with an environment of its own.
pub(crate) struct Desk(pub(crate) tempfile::TempDir);

/// What doctor has told.
pub(crate) struct Told {
    pub(crate) status: i32,
    pub(crate) all: String,
    findings: Vec<Value>,
}

impl Desk {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// One with a data folder and an access key.
    pub(crate) fn with_data() -> Self {
        let desk = Self::new();
        desk.does(&["access-key", "create", "--name", "robot"]);
        desk
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn set_mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cognate"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("COGNATE_")) {
            command.env_remove(name);
        }
        command
            .args(arguments)
            .current_dir(self.0.path())
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn does(&self, arguments: &[&str]) {
        let output = self.command(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    pub(crate) fn doctor(&self, arguments: &[&str]) -> Told {
        told(self.command(&[&["doctor", "--json"], arguments].concat()))
    }

    /// Starts a server; gives it and its address.
    pub(crate) fn serve(&self, arguments: &[&str]) -> (Running, String) {
        let mut command = self.command(&["serve"]);
        command.args(["--listen", "127.0.0.1:0", "--admin-listen", "none"]);
        let mut process = command
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = lines.next().unwrap().unwrap();
        let address = line.rsplit('/').next().unwrap().to_owned();
        (Running(process), address)
    }
}

pub(crate) fn told(mut command: Command) -> Told {
    let output = command.output().unwrap();
    let all = String::from_utf8(output.stdout).unwrap();
    let report: Value = serde_json::from_str(&all).unwrap_or_else(|_| panic!("{all}"));
    let findings = report["findings"].as_array().unwrap().clone();
    let status = output.status.code().unwrap();
    assert_eq!(status == 1, report["errors"] != 0, "{all}");
    Told {
        status,
        all,
        findings,
    }
}

impl Told {
    /// Checks that a finding is there, of this level, that says this.
    #[track_caller]
    pub(crate) fn says(&self, level: &str, what: &str) -> &Value {
        let found = self.findings.iter().find(|finding| {
            finding["level"] == level && finding["what"].as_str().unwrap().contains(what)
        });
        let found = found.unwrap_or_else(|| panic!("no {level} «{what}» in {}", self.all));
        assert_eq!(level == "ok", found.get("mend").is_none(), "{found}");
        found
    }

    /// Checks that nothing is said of this.
    #[track_caller]
    pub(crate) fn is_silent_about(&self, what: &str) {
        assert!(!self.all.contains(what), "{}", self.all);
    }
}

/// A server that runs until the test is over.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
