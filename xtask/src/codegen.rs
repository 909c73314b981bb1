//! `cargo xtask codegen`: prints the Rust of crates/api from the models in aws/.
//!
//! `model` reads a service's JSON, `names` turns AWS's names into Rust's, and one module prints
//! each kind of file. `changes` tells in words what differs from the models of the last commit, and
//! `intake` copies newer models into aws/.

mod changes;
mod constraints;
mod enums;
mod errors;
mod intake;
mod model;
mod names;
mod operations;
mod resource;
mod shapes;
mod targets;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

pub(crate) use model::Model;

use targets::TARGETS;

use crate::repository::{Generated, say, write_or_check};

/// What `cargo xtask codegen` is asked for.
#[derive(clap::Args)]
pub(crate) struct Wanted {
    /// Write nothing; fail when a generated file is stale
    #[arg(long, conflicts_with = "from")]
    check: bool,
    /// First copy the models of this folder into aws/, under the names that they have there
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
}

/// Does what is asked for, and tells what the models have changed since the last commit.
pub(crate) fn chore(root: &Path, wanted: &Wanted) -> Result<()> {
    if let Some(folder) = &wanted.from {
        intake::copy(root, folder)?;
    }
    run(root, wanted.check)?;
    if !wanted.check {
        tell_changes(root)?;
    }
    Ok(())
}

/// Compares the models with those of the last commit, which are the ones that everybody builds on,
/// so that a run which is repeated tells the same until its outcome is committed.
fn tell_changes(root: &Path) -> Result<()> {
    let mut any = false;
    for (target, model) in TARGETS.iter().zip(&load(root)?) {
        let path = format!("aws/{}.json", target.file);
        let Some(committed) = committed(root, &path)? else {
            say(&format!(
                "no commit holds {path}: nothing to compare it with"
            ));
            any = true;
            continue;
        };
        let before = Model::parse(&committed).with_context(|| format!("{path} as committed"))?;
        let changes = changes::between(&before, model);
        if changes.is_empty() {
            continue;
        }
        any = true;
        let (now, then) = (model.operations.len(), before.operations.len());
        say(&format!("{}: {now} operations, {then} before", target.file));
        for change in changes {
            say(&format!("  {change}"));
        }
    }
    if !any {
        say("the models are those of the last commit");
    }
    Ok(())
}

/// A file as the last commit holds it; `None` when it does not, or when this is no checkout.
fn committed(root: &Path, path: &str) -> Result<Option<String>> {
    let output = Command::new("git")
        .current_dir(root)
        .args(["show", &format!("HEAD:{path}")])
        .output()
        .context("start git")?;
    if !output.status.success() {
        return Ok(None);
    }
    Ok(Some(String::from_utf8(output.stdout)?))
}

/// Generates everything, and writes it or, with `check`, compares it with what is checked in.
pub(crate) fn run(root: &Path, check: bool) -> Result<()> {
    write_or_check(root, &generate(root)?, check, "codegen")
}

/// The models of all services, in the order of [`TARGETS`].
pub(crate) fn load(root: &Path) -> Result<Vec<Model>> {
    TARGETS
        .iter()
        .map(|target| Model::read(&root.join(format!("aws/{}.json", target.file))))
        .collect()
}

fn generate(root: &Path) -> Result<Vec<Generated>> {
    let models = load(root)?;
    let mut files = Vec::new();
    for (target, model) in TARGETS.iter().zip(&models) {
        let from = format!("aws/{}.json", target.file);
        let folder = Path::new("crates/api/src").join(target.module);
        let parts = [
            ("mod.rs", operations::module(model)),
            ("requests.rs", shapes::print(model, shapes::Part::Requests)),
            (
                "responses.rs",
                shapes::print(model, shapes::Part::Responses),
            ),
            ("types.rs", shapes::print(model, shapes::Part::Types)),
            ("enums.rs", enums::print(model)),
            ("operations.rs", operations::print(target, model)?),
            ("constraints.rs", constraints::print(model)?),
        ];
        for (name, text) in parts {
            if text.is_empty() {
                continue;
            }
            files.push(Generated {
                path: folder.join(name),
                text: finish(&text, &from)?,
            });
        }
    }
    files.push(Generated {
        path: "crates/api/src/model_date.rs".into(),
        text: finish(&intake::print_date(root)?, intake::DATES)?,
    });
    files.push(Generated {
        path: "crates/api/src/error/codes.rs".into(),
        text: finish(&errors::print(&models)?, "aws/*.json")?,
    });
    Ok(files)
}

/// Puts the mark of a generated file on top and formats it.
fn finish(text: &str, from: &str) -> Result<String> {
    let marked =
        format!("// @generated by cargo xtask codegen from {from}; do not edit.\n\n{text}");
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024", "--config", "newline_style=Unix"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("start rustfmt")?;
    let Some(mut input) = rustfmt.stdin.take() else {
        bail!("rustfmt has no standard input");
    };
    // rustfmt reads all of its input before it prints, so writing first cannot deadlock.
    input.write_all(marked.as_bytes())?;
    drop(input);
    let output = rustfmt.wait_with_output()?;
    if !output.status.success() {
        bail!("rustfmt refused what was generated from {from}");
    }
    Ok(String::from_utf8(output.stdout)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn what_is_checked_in_is_what_the_models_say() {
        run(&crate::repository::root(), true).unwrap();
    }
}
