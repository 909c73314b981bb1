//! `cargo xtask test --long`: what is run before an issue is closed and would be too long for CI.
//! All that can run here is run, also after a failure; what cannot says SKIPPED and why.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};
use clap::ValueEnum;

use super::bench::{Bench, Step};
use super::command::check;
use super::figures::Figures;
use super::install;
use crate::repository::say;

/// One of the long steps.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Long {
    /// Property tests with 100 times the cases
    Properties,
    /// kill -9 of nodes, ten times as often
    Kills,
    /// PostgreSQL fails over under Patroni
    Failover,
    /// The build before and this one run side by side; COGNATE_OLD_BIN names the build before
    Upgrade,
    /// The packages of a release are built and checked
    Release,
}

/// Names the binary of the build before.
const OLD_BINARY: &str = "COGNATE_OLD_BIN";

/// What came of a step.
enum Outcome {
    Passed,
    Failed(anyhow::Error),
    Skipped(String),
}

impl Long {
    /// What the step is called where a person reads it: the command that it stands for.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Properties => "PROPTEST_CASES=25600 cargo test --workspace --lib",
            Self::Kills => "COGNATE_FAULT_ROUNDS=200 e2e/run faults-sqlite faults-postgres",
            Self::Failover => "e2e/failover/run",
            Self::Upgrade => "e2e/upgrade/run",
            Self::Release => "cargo xtask release",
        }
    }

    /// Why the step cannot run here, if it can't.
    fn missing_here(self, root: &Path) -> Option<String> {
        let programs: &[&str] = match self {
            Self::Properties | Self::Kills => return None,
            Self::Failover => &["etcd", "patroni", "haproxy"],
            Self::Upgrade if std::env::var_os(OLD_BINARY).is_none() => {
                return Some(format!("{OLD_BINARY} names no binary of the build before"));
            }
            Self::Upgrade => &["psql"],
            // A chore of this program, which knows by itself what it needs.
            Self::Release => {
                let help = own_program().arg("release").arg("--help").output();
                let is_there = help.is_ok_and(|help| help.status.success());
                return (!is_there).then(|| "there is no such chore".to_owned());
            }
        };
        if !root.join(self.title()).is_file() {
            return Some(format!("there is no {}", self.title()));
        }
        let missing: Vec<&str> = programs
            .iter()
            .copied()
            .filter(|program| install::on_path(program).is_none())
            .collect();
        (!missing.is_empty()).then(|| format!("{} missing", missing.join(", ")))
    }

    fn run(self, bench: &Bench) -> Result<()> {
        match self {
            Self::Properties => check(
                bench
                    .cargo()
                    .args(["test", "--locked", "--workspace", "--lib"])
                    .env("PROPTEST_CASES", "25600"),
            ),
            Self::Kills => check(
                bench
                    .end_to_end()?
                    .args(["faults-sqlite", "faults-postgres"])
                    .env("COGNATE_E2E_SUITE_SECONDS", "7200")
                    .env("COGNATE_FAULT_ROUNDS", "200"),
            ),
            Self::Failover => check(
                Command::new(bench.root.join(self.title()))
                    .current_dir(&bench.root)
                    .env("COGNATE_BIN", bench.binary()?),
            ),
            Self::Upgrade => check(
                Command::new(bench.root.join(self.title()))
                    .current_dir(&bench.root)
                    .arg(std::env::var_os(OLD_BINARY).unwrap_or_default())
                    .arg(bench.binary()?)
                    .env("COGNATE_E2E_POSTGRES", bench.postgres()?.url()),
            ),
            Self::Release => check(own_program().arg("release").current_dir(&bench.root)),
        }
    }
}

fn own_program() -> Command {
    Command::new(std::env::current_exe().unwrap_or_else(|_| "xtask".into()))
}

/// Runs the long steps and tells what came of each.
pub(super) fn run(root: &Path, steps: &[Long], figures: &mut Figures) -> Result<()> {
    let wants_binary = |step: &Long| matches!(step, Long::Kills | Long::Failover | Long::Upgrade);
    let needs: &[Step] = if steps.contains(&Long::Kills) || steps.contains(&Long::Upgrade) {
        &[Step::E2e]
    } else {
        &[]
    };
    let bench = Bench::prepare(root, needs, figures)?;
    if steps.iter().any(wants_binary) {
        bench.run(Step::Build, figures)?;
    }
    let mut outcomes = Vec::new();
    for step in steps {
        let outcome = match step.missing_here(root) {
            Some(why) => Outcome::Skipped(why),
            None => match figures.step(step.title(), || step.run(&bench)) {
                Ok(()) => Outcome::Passed,
                Err(error) => Outcome::Failed(error),
            },
        };
        outcomes.push((step, outcome));
    }
    let mut failed = 0;
    for (step, outcome) in &outcomes {
        let what = match outcome {
            Outcome::Passed => "passed".to_owned(),
            Outcome::Skipped(why) => format!("SKIPPED: {why}"),
            Outcome::Failed(error) => {
                failed += 1;
                format!("FAILED: {error:#}")
            }
        };
        say(&format!("{}: {what}", step.title()));
    }
    if failed > 0 {
        bail!("{failed} of {} long steps failed", outcomes.len());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_whose_script_is_not_there_says_so() {
        let nowhere = Path::new("/nonexistent");
        assert_eq!(
            Long::Failover.missing_here(nowhere).as_deref(),
            Some("there is no e2e/failover/run")
        );
        assert_eq!(Long::Kills.missing_here(nowhere), None);
    }
}
