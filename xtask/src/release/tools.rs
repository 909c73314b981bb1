//! The programs of others that a release is made with.

use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// A program and the Debian package that it comes in.
const NEEDED: &[(&str, &str)] = &[
    ("dpkg-deb", "dpkg"),
    ("git", "git"),
    ("gzip", "gzip"),
    ("ldd", "libc-bin"),
    ("lintian", "lintian"),
    ("md5sum", "coreutils"),
    ("objcopy", "binutils"),
    ("objdump", "binutils"),
    ("systemd-analyze", "systemd"),
    ("unshare", "util-linux"),
];

/// Says all that is missing, and how it is got.
pub(super) fn check() -> Result<()> {
    let missing = missing(NEEDED, is_there);
    if !missing.is_empty() {
        bail!(
            "a release needs programs that this machine lacks: apt-get install {}",
            missing.join(" ")
        );
    }
    Ok(())
}

/// Whether a program is on PATH.
pub(super) fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// The packages of the programs that are not there, each once.
fn missing(
    needed: &[(&'static str, &'static str)],
    is_there: impl Fn(&str) -> bool,
) -> Vec<&'static str> {
    let absent = needed.iter().filter(|(program, _)| !is_there(program));
    let mut packages: Vec<&str> = absent.map(|(_, package)| *package).collect();
    packages.sort_unstable();
    packages.dedup();
    packages
}

/// Runs a command to its end with this program's own terminal.
pub(super) fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("start {name}"))?;
    if !status.success() {
        bail!("{name} ended with {status}");
    }
    Ok(())
}

/// What a command prints, without white space at its end.
pub(super) fn output(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("start {name}"))?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr);
        bail!("{name} ended with {}: {}", output.status, told.trim_end());
    }
    let text = String::from_utf8(output.stdout).with_context(|| format!("{name}: not UTF-8"))?;
    Ok(text.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packages_of_all_missing_programs_are_named_at_once_and_each_once() {
        let needed = [
            ("objdump", "binutils"),
            ("sh", "dash"),
            ("objcopy", "binutils"),
            ("a", "a"),
        ];
        assert_eq!(
            missing(&needed, |program| program == "sh"),
            ["a", "binutils"]
        );
        assert!(is_there("sh") && !is_there("no-such-program"));
    }
}
