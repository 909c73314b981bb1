//! The steps, and what they stand on.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;

use super::command::check;
use super::figures::Figures;
use super::{install, postgres, rust};
use crate::{monitoring, tidy};

/// One thing that must hold, in the order in which they are tried.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Step {
    /// The code is formatted
    Fmt,
    /// Crate edges, invariants of the text, generated files
    Tidy,
    /// Alert rules and the dashboard's queries
    Monitoring,
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
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Fmt => "cargo fmt --check",
            Self::Tidy => "cargo xtask tidy",
            Self::Monitoring => "promtool",
            Self::Clippy => "cargo clippy --workspace --all-targets",
            Self::Test => "cargo test --workspace",
            Self::Build => "cargo build --workspace --bin cognate",
            Self::E2e => "e2e/run",
        }
    }

    fn needs_postgres(self) -> bool {
        matches!(self, Self::Test | Self::E2e)
    }
}

/// What the steps stand on: the repository and what was installed and started for them.
pub(super) struct Bench {
    pub(super) root: PathBuf,
    postgres: Option<postgres::Server>,
    clients: Option<install::Clients>,
}

impl Bench {
    /// Installs and starts what the steps need, and nothing for steps that are not run.
    pub(super) fn prepare(root: &Path, steps: &[Step], figures: &mut Figures) -> Result<Self> {
        let mut postgres = None;
        if steps.iter().any(|step| step.needs_postgres()) {
            let programs = figures.step("PostgreSQL", install::postgres)?;
            postgres = Some(postgres::Server::start(&programs)?);
        }
        let mut clients = None;
        if steps.contains(&Step::E2e) {
            let folder = target(root).join("e2e");
            clients = Some(figures.step("clients of e2e/", || install::clients(root, &folder))?);
        }
        Ok(Self {
            root: root.to_path_buf(),
            postgres,
            clients,
        })
    }

    pub(super) fn run(&self, step: Step, figures: &mut Figures) -> Result<()> {
        let title = step.title();
        let mut cargo = self.cargo();
        match step {
            Step::Fmt => figures.step(title, || check(cargo.args(["fmt", "--all", "--check"]))),
            Step::Tidy => figures.step(title, || tidy::run(&self.root)),
            Step::Monitoring => figures.step(title, || {
                let folder = target(&self.root).join("monitoring");
                let promtool = install::promtool(&folder)?;
                monitoring::run(&self.root, &promtool, &folder)
            }),
            Step::Clippy => {
                cargo.args(["clippy", "--locked", "--workspace", "--all-targets"]);
                figures.step(title, || check(cargo.args(["--", "-D", "warnings"])))
            }
            Step::Test => self.test(figures),
            // With the features of the whole workspace, so that nothing that the tests are made of
            // is compiled again; and looked at once with its own features alone, as who builds the
            // server does, to see that it needs no other.
            Step::Build => {
                cargo.args(["build", "--locked", "--workspace", "--bin", "cognate"]);
                figures.step(title, || check(&mut cargo))?;
                let mut alone = self.cargo();
                alone.args(["check", "--locked", "--package", "cognate-server"]);
                figures.step("cargo check --package cognate-server", || check(&mut alone))
            }
            Step::E2e => self.run_end_to_end(figures),
        }
    }

    /// Compiles and runs the tests in Rust, and notes the time of each program.
    fn test(&self, figures: &mut Figures) -> Result<()> {
        let databases = self.postgres()?.url();
        let title = Step::Test.title();
        let compile = || rust::compile(&mut self.cargo());
        let programs = figures.step(&format!("{title}: compile"), compile)?;
        let mut times = Vec::new();
        let outcome = figures.step(&format!("{title}: run"), || {
            for program in &programs {
                times.push((&program.name, rust::run(program, databases)?));
            }
            anyhow::Ok(())
        });
        for (name, took) in times {
            figures.program(name, took);
        }
        outcome?;
        let docs = || rust::docs(&mut self.cargo());
        figures.step(&format!("{title}: docstrings"), docs)
    }

    /// Runs the suites of e2e/, and notes the time of each.
    fn run_end_to_end(&self, figures: &mut Figures) -> Result<()> {
        let run = || check(&mut self.end_to_end()?);
        let outcome = figures.step(Step::E2e.title(), run);
        let results = target(&self.root).join("e2e/results/seconds.json");
        if let Ok(text) = std::fs::read_to_string(results) {
            let seconds: std::collections::BTreeMap<String, f64> = serde_json::from_str(&text)?;
            for (suite, seconds) in seconds {
                figures.program(&format!("e2e {suite}"), Duration::from_secs_f64(seconds));
            }
        }
        outcome
    }

    /// The binary that the suites of e2e/ try.
    pub(super) fn binary(&self) -> Result<PathBuf> {
        let binary = target(&self.root).join("debug/cognate");
        if !binary.exists() {
            bail!(
                "{} is missing: run the step `build` first",
                binary.display()
            );
        }
        Ok(binary)
    }

    /// `e2e/run` with all that it needs.
    pub(super) fn end_to_end(&self) -> Result<Command> {
        let clients = self
            .clients
            .as_ref()
            .context("the clients are not installed")?;
        let postgres = self.postgres()?;
        // Debian keeps a version's own programs out of PATH; the suites call psql.
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders =
            std::iter::once(postgres.programs().to_path_buf()).chain(std::env::split_paths(&path));
        let mut run = Command::new(self.root.join("e2e/run"));
        run.current_dir(&self.root)
            .env("PATH", std::env::join_paths(folders)?)
            .env("COGNATE_BIN", self.binary()?)
            .env("COGNATE_E2E_PYTHON", &clients.python)
            .env("COGNATE_E2E_CLIENTS", &clients.node)
            .env("COGNATE_E2E_CHROMIUM", &clients.chromium)
            .env("COGNATE_E2E_POSTGRES", postgres.url());
        Ok(run)
    }

    pub(super) fn postgres(&self) -> Result<&postgres::Server> {
        self.postgres.as_ref().context("PostgreSQL is not started")
    }

    pub(super) fn cargo(&self) -> Command {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&self.root);
        cargo
    }
}

/// The folder that cargo builds into.
fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |path| root.join(path))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

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
