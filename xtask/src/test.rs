//! `cargo xtask test`: everything that must hold before a change lands, in the order that fails
//! fastest.
//!
//! It needs Rust, Node, Python and the package registries, and installs the rest: PostgreSQL and
//! Chromium from Debian, the clients of e2e/ below target/e2e. Nothing is left running and nothing
//! outside target/ is written, the Debian packages apart. The end-to-end part closes with a line `N
//! passed, N failed`.

mod install;
mod postgres;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};

use crate::repository::say;
use crate::tidy;

/// Which steps to run; all of them when none is named.
#[derive(Args)]
pub(crate) struct Wanted {
    /// Run this step only; may be given several times
    #[arg(long, value_name = "STEP", value_enum)]
    only: Vec<Step>,
    /// Name the steps and end
    #[arg(long)]
    list: bool,
}

/// One thing that must hold, in the order in which they are tried.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Step {
    /// The code is formatted
    Fmt,
    /// Crate edges, invariants of the text, generated files
    Tidy,
    /// No lint complains
    Clippy,
    /// The tests in Rust, on SQLite and on PostgreSQL
    Test,
    /// The binary builds
    Build,
    /// Clients that others wrote, against that binary
    E2e,
}

impl Step {
    /// What the step is called where a person reads it: the command that it stands for.
    fn title(self) -> &'static str {
        match self {
            Self::Fmt => "cargo fmt --check",
            Self::Tidy => "cargo xtask tidy",
            Self::Clippy => "cargo clippy --workspace --all-targets",
            Self::Test => "cargo test --workspace",
            Self::Build => "cargo build --bin cognate",
            Self::E2e => "e2e/run",
        }
    }

    fn needs_postgres(self) -> bool {
        matches!(self, Self::Test | Self::E2e)
    }
}

/// Runs the wanted steps and stops at the first that fails.
pub(crate) fn run(root: &Path, wanted: &Wanted) -> Result<()> {
    let steps: Vec<Step> = Step::value_variants()
        .iter()
        .copied()
        .filter(|step| wanted.only.is_empty() || wanted.only.contains(step))
        .collect();
    if wanted.list {
        for step in steps {
            let name = step.to_possible_value();
            let name = name
                .as_ref()
                .map_or("", clap::builder::PossibleValue::get_name);
            say(&format!("{name:<8} {}", step.title()));
        }
        return Ok(());
    }

    let bench = Bench::prepare(root, &steps)?;
    for (number, step) in steps.iter().enumerate() {
        let title = format!("[{}/{}] {}", number + 1, steps.len(), step.title());
        timed(&title, || bench.run(*step))?;
    }
    Ok(())
}

/// What the steps stand on: the repository and what was installed and started for them.
struct Bench {
    root: PathBuf,
    postgres: Option<postgres::Server>,
    clients: Option<install::Clients>,
}

impl Bench {
    /// Installs and starts what the steps need, and nothing for steps that are not run.
    fn prepare(root: &Path, steps: &[Step]) -> Result<Self> {
        let mut postgres = None;
        if steps.iter().any(|step| step.needs_postgres()) {
            let programs = timed("PostgreSQL", install::postgres)?;
            postgres = Some(postgres::Server::start(&programs)?);
        }
        let mut clients = None;
        if steps.contains(&Step::E2e) {
            let folder = target(root).join("e2e");
            clients = Some(timed("clients of e2e/", || {
                install::clients(root, &folder)
            })?);
        }
        Ok(Self {
            root: root.to_path_buf(),
            postgres,
            clients,
        })
    }

    fn run(&self, step: Step) -> Result<()> {
        match step {
            Step::Fmt => check(self.cargo().args(["fmt", "--all", "--check"])),
            Step::Tidy => tidy::run(&self.root),
            Step::Clippy => check(self.cargo().args([
                "clippy",
                "--locked",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ])),
            Step::Test => check(
                self.cargo()
                    .args(["test", "--locked", "--workspace"])
                    .env("TEST_DATABASES", self.postgres()?.url()),
            ),
            // Named by package as well, so that no other package's features change how it is built.
            Step::Build => check(self.cargo().args([
                "build",
                "--locked",
                "--package",
                "cognate-server",
                "--bin",
                "cognate",
            ])),
            Step::E2e => self.end_to_end(),
        }
    }

    fn end_to_end(&self) -> Result<()> {
        let clients = self
            .clients
            .as_ref()
            .context("the clients are not installed")?;
        let postgres = self.postgres()?;
        let binary = target(&self.root).join("debug/cognate");
        if !binary.exists() {
            bail!(
                "{} is missing: run the step `build` first",
                binary.display()
            );
        }
        // Debian keeps a version's own programs out of PATH; the suites call psql.
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders =
            std::iter::once(postgres.programs().to_path_buf()).chain(std::env::split_paths(&path));
        check(
            Command::new(self.root.join("e2e/run"))
                .current_dir(&self.root)
                .env("PATH", std::env::join_paths(folders)?)
                .env("COGNATE_BIN", binary)
                .env("COGNATE_E2E_PYTHON", &clients.python)
                .env("COGNATE_E2E_CLIENTS", &clients.node)
                .env("COGNATE_E2E_CHROMIUM", &clients.chromium)
                .env("COGNATE_E2E_POSTGRES", postgres.url()),
        )
    }

    fn postgres(&self) -> Result<&postgres::Server> {
        self.postgres.as_ref().context("PostgreSQL is not started")
    }

    fn cargo(&self) -> Command {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&self.root);
        cargo
    }
}

/// The folder that cargo builds into.
fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |path| root.join(path))
}

/// Announces a piece of work, does it and says how long it took, whichever way it went.
fn timed<T>(title: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    say(&format!("=== {title}"));
    let began = Instant::now();
    let outcome = work();
    let verdict = if outcome.is_ok() { "done" } else { "FAILED" };
    say(&format!(
        "=== {title}: {verdict} in {:.1} s",
        began.elapsed().as_secs_f64()
    ));
    outcome
}

/// Runs a command with this program's own terminal; an exit code other than 0 is an error.
fn check(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("start {name}"))?;
    if !status.success() {
        bail!("{name} ended with {status}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn a_command_that_fails_fails_its_step() {
        assert!(check(&mut Command::new("true")).is_ok());
        let error = check(&mut Command::new("false")).unwrap_err().to_string();
        assert!(error.contains("exit status: 1"), "{error}");
    }

    #[test]
    fn steps_that_speak_to_a_database_are_given_postgresql() {
        let given: Vec<&str> = Step::value_variants()
            .iter()
            .filter(|step| step.needs_postgres())
            .map(|step| step.title())
            .collect();
        assert_eq!(given, ["cargo test --workspace", "e2e/run"]);
    }
}
