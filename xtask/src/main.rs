//! The project's own chores, as one program: `cargo xtask <chore>`.
//!
//! It reads the repository and writes into it; it must not depend on a crate that it generates, so
//! that a broken generated file can always be generated anew.

mod bench;
mod codegen;
mod coverage;
mod deny;
mod monitoring;
mod packages;
mod release;
mod repository;
mod test;
mod tidy;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own chores")]
struct CommandLine {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Measure what operations cost, beside the bare cryptography that they cannot do without
    Bench(bench::Wanted),
    /// Generate the wire types in crates/api from aws/*.json, and tell what the models have changed
    /// since the last commit
    Codegen(codegen::Wanted),
    /// Generate docs/coverage.md: which operations are built
    Coverage {
        /// Write nothing; fail when the page is stale
        #[arg(long)]
        check: bool,
    },
    /// Build what is given to users: binary, Debian package, container, bill of materials
    Release(release::Wanted),
    /// Run everything that must hold before a change lands, end-to-end tests with real clients
    /// among it
    Test(test::Wanted),
    /// Check crate edges, banned crates, invariants of the source text and what is generated from
    /// the models
    Tidy,
}

fn run(chore: &Chore) -> Result<()> {
    let root = repository::root();
    match chore {
        Chore::Bench(wanted) => bench::run(&root, wanted),
        Chore::Codegen(wanted) => codegen::chore(&root, wanted),
        Chore::Coverage { check } => coverage::run(&root, *check),
        Chore::Release(wanted) => release::run(&root, wanted),
        Chore::Test(wanted) => test::run(&root, wanted),
        Chore::Tidy => tidy::run(&root),
    }
}

fn main() -> ExitCode {
    match run(&CommandLine::parse().chore) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            repository::say(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}
