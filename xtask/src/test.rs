//! `cargo xtask test`: everything that must hold before a change lands, in the order that fails
//! fastest.
//!
//! It needs Rust, Node, Python and the package registries, and installs the rest: PostgreSQL and
//! Chromium from Debian, promtool and the clients of e2e/ below target/. Nothing is left running,
//! and nothing outside target/ is written, the Debian packages apart. The end-to-end part closes
//! with a line `N passed, N failed`; the last words are what the time went into.

mod bench;
mod command;
mod figures;
mod install;
mod long;
mod postgres;
mod rust;

use std::path::Path;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::repository::say;
use bench::{Bench, Step};
use figures::Figures;
use long::Long;

/// Which steps to run; all of them when none is named.
#[derive(Args)]
pub(crate) struct Wanted {
    /// Run this step only; may be given several times
    #[arg(long, value_name = "STEP", value_enum)]
    only: Vec<Step>,
    /// Run what is run before an issue is closed and is too long for CI, in place of the steps;
    /// with names, these only
    #[arg(long, value_name = "LONG STEP", value_enum, num_args = 0.., conflicts_with = "only")]
    long: Option<Vec<Long>>,
    /// Name the steps and end
    #[arg(long)]
    list: bool,
}

/// Runs the wanted steps and stops at the first that fails; tells what the time went into.
pub(crate) fn run(root: &Path, wanted: &Wanted) -> Result<()> {
    if wanted.list {
        list(wanted);
        return Ok(());
    }
    let mut figures = Figures::default();
    let outcome = match &wanted.long {
        Some(named) => long::run(root, &chosen(named), &mut figures),
        None => run_steps(root, &chosen(&wanted.only), &mut figures),
    };
    say("");
    for line in figures.tables() {
        say(&line);
    }
    outcome
}

fn run_steps(root: &Path, steps: &[Step], figures: &mut Figures) -> Result<()> {
    let bench = Bench::prepare(root, steps, figures)?;
    steps.iter().try_for_each(|step| bench.run(*step, figures))
}

/// Those that were named, or all, in their order.
fn chosen<T: ValueEnum + Copy + PartialEq>(named: &[T]) -> Vec<T> {
    let is_chosen = |one: &&T| named.is_empty() || named.contains(*one);
    T::value_variants()
        .iter()
        .filter(is_chosen)
        .copied()
        .collect()
}

fn list(wanted: &Wanted) {
    let tell = |value: Option<clap::builder::PossibleValue>, title: &str| {
        let name = value.map_or_else(String::new, |value| value.get_name().to_owned());
        say(&format!("{name:<11} {title}"));
    };
    match &wanted.long {
        Some(named) => chosen(named)
            .iter()
            .for_each(|step| tell(step.to_possible_value(), step.title())),
        None => chosen(&wanted.only)
            .iter()
            .for_each(|step| tell(step.to_possible_value(), step.title())),
    }
}
