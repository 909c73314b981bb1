//! `cargo xtask release`: what is given to users, below target/dist.
//!
//! It compiles the binary or takes one that is given, parts it from its symbols, and lays around it
//! a Debian package, a container, a bill of materials and the sums of all. What is packed is
//! checked on the spot: a release that lintian or systemd complains about is none. docs/release.md
//! tells what to do with it.

mod binary;
mod container;
mod contents;
mod debian;
mod sbom;
mod source;
mod third_party;
mod tools;
mod tree;
mod unit;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use cognate_crypto::digest::{hex_encode, sha256};

use crate::deny::Deny;
use crate::repository::say;
use contents::Contents;
use source::Source;

/// What to pack.
#[derive(Args)]
pub(crate) struct Wanted {
    /// Pack this binary instead of compiling one, into target/dist-trial: to try the packing
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

/// Builds, packs and checks. The folder is emptied first.
pub(crate) fn run(root: &Path, wanted: &Wanted) -> Result<()> {
    tools::check()?;
    let source = Source::read(root)?;
    let contents = read_contents(root)?;
    let target = root.join("target");
    let folder = target.join(match wanted.binary {
        None => "dist",
        Some(_) => "dist-trial",
    });
    let scratch = target.join("release-scratch");
    for folder in [&folder, &scratch] {
        empty(folder)?;
    }
    if source.is_changed {
        say("the working tree has changes that are in no commit: the release says so by -changed");
    }

    let compiled = match &wanted.binary {
        Some(path) => path.clone(),
        None => binary::compile(root, &source)?,
    };
    let name = format!("cognate-{}-{}", source.version, source.triple);
    let stripped = binary::part_from_symbols(&compiled, &folder, &name)?;
    let told = binary::version_line(&stripped)?;
    say(&told);
    if told.split_whitespace().nth(1) != Some(source.version.as_str()) {
        bail!("the binary is not of version {}", source.version);
    }

    let bill = sbom::document(&contents, &source)?;
    let third_parties = third_party::document(&contents)?;
    fs::write(folder.join(format!("{name}.cdx.json")), &bill)?;
    fs::write(folder.join(format!("{name}.THIRD-PARTY")), &third_parties)?;

    let files = debian::files(root, &source, &stripped, &scratch, &third_parties)?;
    debian::pack(&files, &source, &folder, &scratch)?;
    unit::check(&files, &stripped, &scratch)?;
    container::build(root, &source, &stripped, &folder, &scratch)?;
    write_sums(&folder)
}

/// The crates that are in the binary, all of them under licences that we may give away.
fn read_contents(root: &Path) -> Result<Contents> {
    let contents = Contents::read(root)?;
    let findings = Deny::read(root)?.findings(contents.packages(), contents.built());
    for finding in &findings {
        say(finding);
    }
    if !findings.is_empty() {
        bail!("this may not be given away");
    }
    Ok(contents)
}

fn empty(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("empty {}", folder.display()));
        }
        _ => {}
    }
    fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))
}

/// SHA256SUMS, as sha256sum reads it; and says what there is, with its size.
fn write_sums(folder: &Path) -> Result<()> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    let mut sums = String::new();
    for name in names {
        let bytes = fs::read(folder.join(&name))?;
        let sum = hex_encode(&sha256(&[&bytes]));
        sums.push_str(&format!("{sum}  {name}\n"));
        say(&format!("{:>8.1} MB  {name}", megabytes(bytes.len())));
    }
    fs::write(folder.join("SHA256SUMS"), sums)?;
    say(&folder.display().to_string());
    Ok(())
}

#[allow(clippy::cast_precision_loss, reason = "a size for people")]
fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn sums_are_those_that_sha256sum_computes_and_in_its_form() {
        let folder = std::env::temp_dir().join(format!("cognate-sums-{}", std::process::id()));
        empty(&folder).unwrap();
        fs::write(folder.join("b"), "abc").unwrap();
        fs::write(folder.join("a"), "").unwrap();
        write_sums(&folder).unwrap();
        let sums = fs::read_to_string(folder.join("SHA256SUMS")).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(
            sums,
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  a\n\
             ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  b\n"
        );
    }
}
