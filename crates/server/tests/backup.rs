//! Backups, restores and the change of the master key, as an operator does them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

const WORDS: &str = "correct horse battery staple";

/// A folder in which the program runs.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
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

    fn does(&self, arguments: &[&str]) -> String {
        done(self.command(arguments).output().unwrap())
    }

    fn refuses(&self, arguments: &[&str]) -> String {
        refusal(self.command(arguments).output().unwrap())
    }

    fn does_with(&self, variable: (&str, &str), arguments: &[&str]) -> String {
        done(
            self.command(arguments)
                .env(variable.0, variable.1)
                .output()
                .unwrap(),
        )
    }

    fn refuses_with(&self, variable: (&str, &str), arguments: &[&str]) -> String {
        refusal(
            self.command(arguments)
                .env(variable.0, variable.1)
                .output()
                .unwrap(),
        )
    }

    /// The names of the files in a folder, sorted.
    fn files(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.starts_with("cognate.db-"))
            .collect();
        names.sort();
        names
    }
}

fn done(output: Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
}

fn refusal(output: Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// A server that runs until the test is over.
struct Running(Child);

impl Running {
    fn start(desk: &Desk, arguments: &[&str]) -> Self {
        let mut command = desk.command(arguments);
        command.args(["--listen", "127.0.0.1:0", "--admin-listen", "none"]);
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().starts_with("listening on")));
        Self(process)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn write_private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_running_server_is_backed_up_and_its_data_moves_to_another_database_and_master_key() {
    let desk = Desk::new();
    let _server = Running::start(&desk, &["serve"]);
    desk.does(&["access-key", "create", "--name", "robot"]);
    let listed = desk.does(&["access-key", "list"]);
    write_private(&desk.path("words"), &format!("{WORDS}\n"));
    let made = desk.does(&["backup", "all.backup", "--passphrase-file", "words"]);
    assert!(
        made.contains("access_keys: 1 rows") && made.contains("the backup is made"),
        "{made}"
    );
    let mode = fs::metadata(desk.path("all.backup"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(desk.files("."), ["all.backup", "cognate-data", "words"]);
    let checked = desk.does(&[
        "backup",
        "all.backup",
        "--verify",
        "--passphrase-file",
        "words",
    ]);
    assert!(checked.contains("the backup is whole"), "{checked}");
    let words = ("COGNATE_BACKUP_PASSPHRASE", WORDS);
    let restored = desk.does_with(
        words,
        &["restore", "all.backup", "--verify", "--data-dir", "new"],
    );
    assert!(restored.contains("the backup is restored"), "{restored}");
    assert!(
        restored.contains("a new master key was made: new/master.key"),
        "{restored}"
    );
    assert_ne!(
        fs::read(desk.path("new/master.key")).unwrap(),
        fs::read(desk.path("cognate-data/master.key")).unwrap()
    );
    assert_eq!(
        desk.does(&["access-key", "list", "--data-dir", "new"]),
        listed
    );
    let _other = Running::start(&desk, &["serve", "--data-dir", "new"]);
    let again = desk.refuses_with(words, &["restore", "all.backup", "--data-dir", "new"]);
    assert!(again.contains("goes into an empty database"), "{again}");
}

#[test]
fn a_backup_is_a_stream_too() {
    let desk = Desk::new();
    desk.does(&["access-key", "create", "--name", "robot"]);
    let output = desk.command(&["backup", "-"]).output().unwrap();
    assert!(output.status.success());
    assert!(output.stdout.starts_with(b"cognate backup\n"));
    write_private(&desk.path("piped"), "");
    fs::write(desk.path("piped"), output.stdout).unwrap();
    desk.does(&["backup", "piped", "--verify"]);
}

#[test]
fn what_does_not_open_the_backup_or_is_none_makes_no_database() {
    let desk = Desk::new();
    desk.does(&["access-key", "create", "--name", "robot"]);
    desk.does_with(
        ("COGNATE_BACKUP_PASSPHRASE", WORDS),
        &["backup", "words.backup"],
    );
    desk.does(&["backup", "key.backup"]);
    let into = |file| ["restore", file, "--data-dir", "new"];
    let told = desk.refuses_with(
        ("COGNATE_BACKUP_PASSPHRASE", "not these at all"),
        &into("words.backup"),
    );
    assert!(told.contains("the passphrase is wrong"), "{told}");
    let told = desk.refuses(&into("words.backup"));
    assert!(told.contains("--passphrase-file"), "{told}");
    let told = desk.refuses(&into("key.backup"));
    assert!(told.contains("--backup-master-key-file"), "{told}");
    let other = ("COGNATE_MASTER_KEY", "0123456789abcdef".repeat(4));
    let told = desk.refuses_with((other.0, &other.1), &into("key.backup"));
    assert!(told.contains("is sealed under the master key"), "{told}");
    let whole = fs::read(desk.path("key.backup")).unwrap();
    fs::write(desk.path("cut.backup"), &whole[..whole.len() - 1]).unwrap();
    let key = ["--backup-master-key-file", "cognate-data/master.key"];
    let told = desk.refuses(&[&into("cut.backup")[..], &key].concat());
    assert!(told.contains("damaged at its frame 0"), "{told}");
    assert!(
        desk.refuses(&into("cognate-data/master.key"))
            .contains("this is no Cognate backup")
    );
    assert!(!desk.path("new").exists());
    desk.does(&[&into("key.backup")[..], &key].concat());
}

/// The key that a restore makes goes only where the database is under another one; else somebody
/// may have begun to use it.
#[test]
fn a_restore_that_is_refused_leaves_no_key_that_is_not_the_databases() {
    let desk = Desk::new();
    desk.does(&["access-key", "create", "--name", "robot"]);
    let words = ("COGNATE_BACKUP_PASSPHRASE", WORDS);
    desk.does_with(words, &["backup", "all.backup"]);
    fs::rename(desk.path("cognate-data/master.key"), desk.path("away")).unwrap();
    let told = desk.refuses_with(words, &["restore", "all.backup"]);
    assert!(told.contains("goes into an empty database"), "{told}");
    assert!(!desk.path("cognate-data/master.key").exists());
    let told = desk.refuses(&["access-key", "list"]);
    assert!(told.contains("put it back"), "{told}");
}

#[test]
fn a_backup_of_nothing_makes_nothing() {
    let desk = Desk::new();
    assert!(
        desk.refuses(&["backup", "all.backup"])
            .contains("there is no master key")
    );
    let key = ("COGNATE_MASTER_KEY", "0123456789abcdef".repeat(4));
    let told = desk.refuses_with((key.0, &key.1), &["backup", "all.backup"]);
    assert!(told.contains("there is no database of Cognate"), "{told}");
    assert_eq!(desk.files("."), Vec::<String>::new());
}

#[test]
fn a_short_passphrase_or_one_that_others_can_read_is_refused() {
    let desk = Desk::new();
    desk.does(&["access-key", "create", "--name", "robot"]);
    let told = desk.refuses_with(("COGNATE_BACKUP_PASSPHRASE", "hunter2"), &["backup", "x"]);
    assert!(
        told.contains("12 characters") && !told.contains("hunter2"),
        "{told}"
    );
    fs::write(desk.path("words"), WORDS).unwrap();
    fs::set_permissions(desk.path("words"), fs::Permissions::from_mode(0o644)).unwrap();
    let told = desk.refuses(&["backup", "x", "--passphrase-file", "words"]);
    assert!(told.contains("chmod 600"), "{told}");
    assert!(!desk.path("x").exists());
}

#[test]
fn a_rotated_master_key_takes_the_place_of_the_old_one_while_the_server_runs() {
    let desk = Desk::new();
    let server = Running::start(&desk, &["serve"]);
    desk.does(&["access-key", "create", "--name", "robot"]);
    desk.does(&["backup", "before.backup"]);
    let old = fs::read_to_string(desk.path("cognate-data/master.key")).unwrap();
    let told = desk.does(&["master-key", "rotate"]);
    assert!(
        told.contains("the master key is ") && told.contains("1 data keys"),
        "{told}"
    );
    let files = desk.files("cognate-data");
    assert!(
        files.len() == 3 && files[2].starts_with("master.key."),
        "{files:?}"
    );
    assert_ne!(
        fs::read_to_string(desk.path("cognate-data/master.key")).unwrap(),
        old
    );
    // Beside the running server, and after its restart.
    desk.does(&["access-key", "create", "--name", "other"]);
    drop(server);
    drop(Running::start(&desk, &["serve"]));
    let told = desk.refuses_with(("COGNATE_MASTER_KEY", old.trim()), &["access-key", "list"]);
    assert!(
        told.contains("the master key does not open this database"),
        "{told}"
    );
    // The backup from before needs the key from before.
    let told = desk.refuses(&["backup", "before.backup", "--verify"]);
    assert!(told.contains("sealed under the master key"), "{told}");
    let kept = format!("cognate-data/{}", files[2]);
    desk.does(&[
        "backup",
        "before.backup",
        "--verify",
        "--backup-master-key-file",
        &kept,
    ]);
    desk.does(&["backup", "after.backup"]);
    desk.does(&["backup", "after.backup", "--verify"]);
}

/// The named file is where a rotation leaves its new key until the database is under it; so this is
/// how it stands when it is cut there.
#[test]
fn a_rotation_that_was_cut_between_database_and_file_is_finished_by_the_next_start() {
    let cut = |desk: &Desk| {
        desk.does(&["access-key", "create", "--name", "robot"]);
        let waiting = "cognate-data/master.key.new";
        desk.does(&["master-key", "rotate", "--new-master-key-file", waiting]);
        fs::read(desk.path(waiting)).unwrap()
    };
    let desk = Desk::new();
    let new = cut(&desk);
    drop(Running::start(&desk, &["serve"]));
    assert_eq!(fs::read(desk.path("cognate-data/master.key")).unwrap(), new);
    assert!(!desk.path("cognate-data/master.key.new").exists());

    let desk = Desk::new();
    let new = cut(&desk);
    let told = desk.does(&["master-key", "rotate"]);
    assert!(
        told.contains("a rotation that was cut is finished"),
        "{told}"
    );
    assert_eq!(fs::read(desk.path("cognate-data/master.key")).unwrap(), new);
    desk.does(&["backup", "x"]);
}

#[test]
fn a_rotation_that_was_cut_before_the_database_goes_on_with_the_key_that_was_made() {
    let desk = Desk::new();
    desk.does(&["access-key", "create", "--name", "robot"]);
    let new = "0123456789abcdef".repeat(4);
    write_private(&desk.path("cognate-data/master.key.new"), &new);
    // Until then the old one holds.
    desk.does(&["access-key", "list"]);
    desk.does(&["master-key", "rotate"]);
    assert_eq!(
        fs::read_to_string(desk.path("cognate-data/master.key")).unwrap(),
        new
    );
    desk.does_with(("COGNATE_MASTER_KEY", &new), &["access-key", "list"]);
}

#[test]
fn a_master_key_from_the_environment_is_rotated_into_a_file() {
    let desk = Desk::new();
    let old = "0123456789abcdef".repeat(4);
    let with_old = ("COGNATE_MASTER_KEY", old.as_str());
    desk.does_with(with_old, &["access-key", "create", "--name", "robot"]);
    let told = desk.does_with(with_old, &["master-key", "rotate"]);
    assert!(told.contains("cognate-data/master.key.new"), "{told}");
    let told = desk.refuses_with(with_old, &["access-key", "list"]);
    assert!(
        told.contains("the new one is in cognate-data/master.key.new"),
        "{told}"
    );
    let new = fs::read_to_string(desk.path("cognate-data/master.key.new")).unwrap();
    desk.does_with(("COGNATE_MASTER_KEY", new.trim()), &["access-key", "list"]);
    // The one that is there already is no new one.
    let told = desk.refuses_with(
        ("COGNATE_MASTER_KEY", new.trim()),
        &["master-key", "rotate"],
    );
    assert!(told.contains("is under already"), "{told}");
}
