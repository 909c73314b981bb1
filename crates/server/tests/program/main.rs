//! The program as an operator meets it: started, asked, stopped, and refusing in words.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod beside_a_server;
mod demo;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// The program with an environment of its own, in a folder without a settings file.
fn cognate(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cognate"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("COGNATE_")) {
        command.env_remove(name);
    }
    command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null());
    command
}

/// A server that runs until it is stopped, or the test fails.
struct Running {
    process: Child,
    address: String,
    /// What it printed before it listened.
    printed: String,
}

impl Running {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut command = cognate(folder, arguments);
        command
            .args(["--listen", "127.0.0.1:0", "--admin-listen", "none"])
            .stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap);
        let mut printed = String::new();
        let address = loop {
            let line = lines.next().expect("it listens");
            match line.strip_prefix("listening on http://") {
                Some(address) => break address.to_owned(),
                None => printed.push_str(&(line + "\n")),
            }
        };
        Self {
            process,
            address,
            printed,
        }
    }

    fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn get(&self, path: &str) -> String {
        self.ask(&format!(
            "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        ))
    }

    fn call(&self, operation: &str, headers: &str, body: &str) -> String {
        self.ask(&format!(
            "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-amz-target: AWSCognitoIdentityProviderService.{operation}\r\n{headers}content-length: {}\r\n\r\n{body}",
            body.len()
        ))
    }

    fn signal(&self, name: &str) {
        assert!(
            Command::new("kill")
                .args([name, &self.process.id().to_string()])
                .status()
                .unwrap()
                .success()
        );
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a start that is refused says: one line.
fn refusal(output: Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(words.lines().count(), 1, "{words}");
    words
}

fn refused(folder: &Path, arguments: &[&str]) -> String {
    refusal(
        cognate(folder, arguments)
            .args(["--listen", "127.0.0.1:0", "--admin-listen", "none"])
            .output()
            .unwrap(),
    )
}

/// A text in an answer, by the name of its member.
fn member(answer: &str, name: &str) -> String {
    let (_, rest) = answer.split_once(&format!("\"{name}\":\"")).unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

#[test]
fn a_signal_ends_the_server_in_order() {
    for signal in ["-TERM", "-INT"] {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Running::start(folder.path(), &["serve"]);
        assert!(server.get("/readyz").starts_with("HTTP/1.1 200"));
        server.signal(signal);
        assert_eq!(server.process.wait().unwrap().code(), Some(0));
        assert!(folder.path().join("cognate-data/master.key").exists());
    }
}

#[test]
fn serve_asks_for_a_signature() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(folder.path(), &["serve"]);
    let answer = server.call("ListUserPools", "", r#"{"MaxResults":1}"#);
    assert!(
        answer.starts_with("HTTP/1.1 400")
            && answer.contains("MissingAuthenticationTokenException"),
        "{answer}"
    );
    assert!(server.get("/demo/").starts_with("HTTP/1.1 404"));
    assert!(server.get("/dev/inbox").starts_with("HTTP/1.1 404"));
}

#[test]
fn dev_asks_nobody_but_pages_of_other_machines_get_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(folder.path(), &["dev", "--no-demo"]);
    let ours = server.call(
        "ListUserPools",
        "origin: http://localhost:3000\r\n",
        r#"{"MaxResults":1}"#,
    );
    assert!(
        ours.starts_with("HTTP/1.1 200") && ours.ends_with(r#"{"UserPools":[]}"#),
        "{ours}"
    );
    let theirs = server.call(
        "ListUserPools",
        "origin: https://evil.example\r\n",
        r#"{"MaxResults":1}"#,
    );
    assert!(theirs.contains("AccessDeniedException"), "{theirs}");
}

#[test]
fn dev_and_serve_refuse_each_others_data() {
    let folder = tempfile::tempdir().unwrap();
    drop(Running::start(
        folder.path(),
        &["dev", "--no-demo", "--data-dir", "dev"],
    ));
    drop(Running::start(
        folder.path(),
        &["serve", "--data-dir", "serve"],
    ));
    assert!(
        refused(folder.path(), &["serve", "--data-dir", "dev"]).contains("made by cognate dev")
    );
    assert!(
        refused(folder.path(), &["dev", "--data-dir", "serve"]).contains("made by cognate serve")
    );
    let key = cognate(folder.path(), &["access-key", "list", "--data-dir", "dev"])
        .output()
        .unwrap();
    assert!(refusal(key).contains("made by cognate dev"));
}

#[test]
fn dev_listens_on_loopback_unless_more_is_meant() {
    let folder = tempfile::tempdir().unwrap();
    let output = cognate(
        folder.path(),
        &["dev", "--listen", "0.0.0.0:0", "--admin-listen", "none"],
    )
    .output()
    .unwrap();
    assert!(refusal(output).contains("--allow-remote"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_port_in_use_is_told_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(folder.path(), &["serve"]);
    let output = cognate(
        folder.path(),
        &[
            "serve",
            "--data-dir",
            "other",
            "--admin-listen",
            "none",
            "--listen",
            &server.address,
        ],
    )
    .output()
    .unwrap();
    let words = refusal(output);
    assert!(
        words.starts_with("cognate: port ") && words.contains("is in use"),
        "{words}"
    );
    assert!(!folder.path().join("other").exists());
}

#[test]
fn a_wrong_master_key_is_told_in_words() {
    let folder = tempfile::tempdir().unwrap();
    drop(Running::start(folder.path(), &["serve"]));
    let output = cognate(folder.path(), &["access-key", "list"])
        .env("COGNATE_MASTER_KEY", "0123456789abcdef".repeat(4))
        .output()
        .unwrap();
    assert!(refusal(output).contains("the master key does not open this database"));
}

#[test]
fn an_access_key_is_shown_once_and_listed_without_its_secret() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = cognate(folder.path(), &[&["access-key"], arguments].concat())
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    let (_, made) = run(&["create", "--name", "robot"]);
    let lines: Vec<_> = made
        .lines()
        .map(|line| line.split_whitespace().last().unwrap())
        .collect();
    let [id, secret] = lines[..] else {
        panic!("{made}")
    };
    assert!(id.starts_with("AKIA") && secret.len() == 40 && made.contains("secret"));
    let (_, listed) = run(&["list"]);
    assert!(listed.contains(id) && listed.contains("robot") && !listed.contains(secret));
    let (_, listed) = run(&["list", "--json"]);
    let member = |name, value| format!("\"{name}\":\"{value}\"");
    assert!(listed.contains(&member("access_key_id", id)) && listed.lines().count() == 1);
    assert!(listed.contains(&member("name", "robot")) && listed.contains("\"made_at\":\"20"));
    assert_eq!(run(&["delete", "robot"]).0, Some(0));
    assert_eq!(run(&["delete", "robot"]).0, Some(1));
    assert_eq!(run(&["list"]).1, "");
}

#[test]
fn a_mistyped_data_folder_is_refused_by_what_only_reads_and_told_by_what_makes_it() {
    let folder = tempfile::tempdir().unwrap();
    for action in [&["list"][..], &["delete", "robot"]] {
        let arguments = [&["access-key"], action, &["--data-dir", "typo"]].concat();
        let words = refusal(cognate(folder.path(), &arguments).output().unwrap());
        assert!(
            words.contains("typo is no data folder of Cognate"),
            "{words}"
        );
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let create = |name| {
        let arguments = ["access-key", "create", "--name", name, "--data-dir", "typo"];
        let output = cognate(folder.path(), &arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(
        create("a"),
        "made the data folder typo, with a new database\n"
    );
    assert_eq!(create("b"), "");
    std::fs::remove_file(folder.path().join("typo/master.key")).unwrap();
    let list = ["access-key", "list", "--data-dir", "typo"];
    let words = refusal(cognate(folder.path(), &list).output().unwrap());
    assert!(words.contains("put it back"), "{words}");
}

#[test]
fn a_server_without_an_access_key_says_so_with_the_command_that_makes_one() {
    let folder = tempfile::tempdir().unwrap();
    let log_of_a_start = || {
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut command = cognate(folder.path(), &["serve", "--data-dir", "data"]);
        command.args(["--listen", "127.0.0.1:0", "--admin-listen", "none"]);
        let mut process = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let listening = lines
            .map(Result::unwrap)
            .any(|line| line.starts_with("listening on"));
        process.kill().unwrap();
        process.wait().unwrap();
        assert!(listening);
        std::fs::read_to_string(folder.path().join("log")).unwrap()
    };
    let command = "cognate access-key create --name admin --data-dir data";
    assert!(log_of_a_start().contains(command));
    let words: Vec<_> = command.split(' ').skip(1).collect();
    assert!(
        cognate(folder.path(), &words)
            .output()
            .unwrap()
            .status
            .success()
    );
    assert!(!log_of_a_start().contains("access key"));
}

#[test]
fn a_policy_with_a_condition_is_refused_and_no_key_made() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("policy.json"),
        r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{}}}"#,
    )
    .unwrap();
    let output = cognate(
        folder.path(),
        &[
            "access-key",
            "create",
            "--name",
            "x",
            "--policy",
            "policy.json",
        ],
    )
    .output()
    .unwrap();
    let refusal = refusal(output);
    let why = "policy.json cannot be taken: Statement.Condition is empty, and would never match";
    assert_eq!(refusal.matches(why).count(), 1, "{refusal}");
    assert_eq!(refusal.matches("Condition").count(), 1, "{refusal}");
    assert!(!folder.path().join("cognate-data").exists());
}

#[test]
fn flags_come_before_the_environment_and_that_before_the_file() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("cognate.toml"),
        "lambda-endpoint = \"http://127.0.0.1:1\"\nregion = \"not a region\"",
    )
    .unwrap();
    assert!(refused(folder.path(), &["serve"]).contains("triggers are not built"));
    std::fs::write(
        folder.path().join("cognate.toml"),
        "region = \"from the file\"",
    )
    .unwrap();
    assert!(refused(folder.path(), &["serve"]).contains("from the file"));
    let with_environment = |arguments: &[&str]| {
        let mut command = cognate(folder.path(), arguments);
        refusal(
            command
                .env("COGNATE_REGION", "from the environment")
                .args(["--listen", "127.0.0.1:0", "--admin-listen", "none"])
                .output()
                .unwrap(),
        )
    };
    assert!(with_environment(&["serve"]).contains("from the environment"));
    assert!(with_environment(&["serve", "--region", "from the flag"]).contains("from the flag"));
}

#[test]
fn help_shows_no_secret_of_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = cognate(folder.path(), &["serve", "--help"]);
    for name in [
        "SMTP_URL",
        "SMS_URL",
        "DATABASE_URL",
        "MASTER_KEY",
        "LAMBDA_ENDPOINT",
    ] {
        command.env(format!("COGNATE_{name}"), "hunter2");
    }
    let output = command.output().unwrap();
    assert!(output.status.success());
    assert!(
        !String::from_utf8(output.stdout)
            .unwrap()
            .contains("hunter2")
    );
}
