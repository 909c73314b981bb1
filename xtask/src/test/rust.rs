//! The tests in Rust. `cargo test` compiles them and tells which programs they are; each is run
//! from its package's folder, as cargo would, and by itself, so that its time is known.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::command::check;
use crate::repository::say;

/// A compiled program of tests.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Program {
    /// Its package and target.
    pub(super) name: String,
    executable: PathBuf,
    /// The folder that it is run in.
    package: PathBuf,
}

/// Compiles all tests; gives their programs in the order in which cargo names them.
pub(super) fn compile(cargo: &mut Command) -> Result<Vec<Program>> {
    cargo.args(["test", "--locked", "--workspace", "--no-run"]);
    cargo.arg("--message-format=json-render-diagnostics");
    let output = cargo
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .output()
        .context("start cargo")?;
    if !output.status.success() {
        bail!("cargo test --no-run ended with {}", output.status);
    }
    let messages = String::from_utf8(output.stdout)?;
    let programs: Vec<Program> = messages.lines().filter_map(program_of).collect();
    if programs.is_empty() {
        bail!("cargo has named no program of tests");
    }
    Ok(programs)
}

/// The program that one of cargo's messages is about, if it is about one.
fn program_of(message: &str) -> Option<Program> {
    let message: Value = serde_json::from_str(message).ok()?;
    if !message["profile"]["test"].as_bool()? {
        return None;
    }
    let package = Path::new(message["manifest_path"].as_str()?).parent()?;
    let folder = package.file_name()?.to_string_lossy();
    let target = message["target"]["name"].as_str()?;
    let is_own = message["target"]["kind"][0].as_str()? == "test";
    Some(Program {
        name: if is_own {
            format!("{folder} tests/{target}")
        } else {
            format!("{folder} src")
        },
        executable: message["executable"].as_str()?.into(),
        package: package.to_path_buf(),
    })
}

/// Runs a program of tests and gives how long it took.
pub(super) fn run(program: &Program, databases: &str) -> Result<Duration> {
    say(&format!("--- {}", program.name));
    let began = Instant::now();
    let mut command = Command::new(&program.executable);
    command
        .current_dir(&program.package)
        .env("TEST_DATABASES", databases);
    if std::env::var_os("RUST_TEST_THREADS").is_none() {
        command.env("RUST_TEST_THREADS", threads().to_string());
    }
    check(&mut command).with_context(|| program.name.clone())?;
    Ok(began.elapsed())
}

/// How many tests run side by side. Many wait for a database, a mail or a span of time: with one
/// for each core, cores would wait too.
fn threads() -> usize {
    2 * std::thread::available_parallelism().map_or(2, std::num::NonZero::get)
}

/// Compiles and runs the examples in docstrings.
pub(super) fn docs(cargo: &mut Command) -> Result<()> {
    check(cargo.args(["test", "--locked", "--workspace", "--doc", "--quiet"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_about_a_program_of_tests_names_it_and_others_name_none() {
        let message = |kind: &str, test: bool, executable: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","manifest_path":"/w/crates/store/Cargo.toml","target":{{"kind":["{kind}"],"name":"golden"}},"profile":{{"test":{test}}},"executable":{executable}}}"#
            )
        };
        let named = |kind: &str| Program {
            name: match kind {
                "test" => "store tests/golden".to_owned(),
                _ => "store src".to_owned(),
            },
            executable: "/t/golden-1".into(),
            package: "/w/crates/store".into(),
        };
        for kind in ["test", "lib", "bin"] {
            let message = message(kind, true, "\"/t/golden-1\"");
            assert_eq!(program_of(&message), Some(named(kind)));
        }
        assert_eq!(program_of(&message("lib", false, "null")), None);
        assert_eq!(program_of(&message("bin", false, "\"/t/cognate\"")), None);
        assert_eq!(
            program_of(r#"{"reason":"build-finished","success":true}"#),
            None
        );
    }
}
