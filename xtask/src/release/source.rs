//! What a release is made from: the version, the commit and its time, the machine.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use super::tools::output;

/// The state of the repository, and for what machine it is compiled.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// The workspace's, as 0.1.0.
    pub(super) version: String,
    /// Twelve digits, with `-changed` behind where files differ from it.
    pub(super) commit: String,
    /// Whether files differ from the commit.
    pub(super) is_changed: bool,
    /// When it was committed, in seconds since 1970: the time that all files of the release bear.
    pub(super) epoch: String,
    /// The same as RFC 3339 writes it, in UTC.
    pub(super) time: String,
    /// The same as RFC 5322 writes it.
    pub(super) mail_date: String,
    /// Who answers for the package, as mail names them: who made the commit, unless DEBFULLNAME and
    /// DEBEMAIL say otherwise, as for Debian's own tools.
    pub(super) maintainer: String,
    /// The target, as Rust names it.
    pub(super) triple: String,
    /// The target, as Debian names it.
    pub(super) architecture: String,
}

impl Source {
    /// Asks git, rustc and dpkg.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let git = |arguments: &[&str]| {
            let mut git = Command::new("git");
            output(git.args(arguments).current_dir(root).env("TZ", "UTC"))
        };
        let shown = |format: &str| {
            let date = "--date=format-local:%Y-%m-%dT%H:%M:%SZ";
            git(&["show", "--no-patch", date, &format!("--format={format}")])
        };
        let is_changed = !git(&["status", "--porcelain"])?.is_empty();
        let mark = if is_changed { "-changed" } else { "" };
        let rustc = output(Command::new("rustc").arg("-vV"))?;
        let host = rustc.lines().find_map(|line| line.strip_prefix("host: "));
        let person = |variable: &str, format: &str| match std::env::var(variable) {
            Ok(told) if !told.is_empty() => Ok(told),
            _ => shown(format),
        };
        let (name, address) = (person("DEBFULLNAME", "%cn")?, person("DEBEMAIL", "%ce")?);
        // They stand in files of fields, one a line, and in templates.
        let is_plain = |c: char| !c.is_control() && !"{}<>".contains(c);
        ensure!(
            name.chars().chain(address.chars()).all(is_plain),
            "the maintainer's name or address has a character that a package cannot hold"
        );
        Ok(Self {
            maintainer: format!("{name} <{address}>"),
            version: workspace_version(&std::fs::read_to_string(root.join("Cargo.toml"))?)?,
            commit: format!("{}{mark}", git(&["rev-parse", "--short=12", "HEAD"])?),
            is_changed,
            epoch: shown("%ct")?,
            time: shown("%cd")?,
            mail_date: shown("%cD")?,
            triple: host.context("rustc names no host")?.to_owned(),
            architecture: output(Command::new("dpkg").arg("--print-architecture"))?,
        })
    }

    /// The version of the Debian package.
    pub(super) fn debian_version(&self) -> String {
        // In Debian's order a tilde comes before the end: 1.0.0-rc.1 before 1.0.0.
        format!("{}-1", self.version.replacen('-', "~", 1))
    }
}

fn workspace_version(manifest: &str) -> Result<String> {
    let manifest: toml::Table = toml::from_str(manifest).context("Cargo.toml")?;
    let package = manifest.get("workspace").and_then(|w| w.get("package"));
    let version = package.and_then(|package| package.get("version"));
    match version.and_then(toml::Value::as_str) {
        Some(version) => Ok(version.to_owned()),
        None => bail!("Cargo.toml has no workspace.package.version"),
    }
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    /// Some commit's.
    pub(in crate::release) fn source(version: &str) -> Source {
        Source {
            version: version.to_owned(),
            commit: "0123456789ab".to_owned(),
            is_changed: false,
            epoch: "1700000000".to_owned(),
            time: "2023-11-14T22:13:20Z".to_owned(),
            mail_date: "Tue, 14 Nov 2023 22:13:20 +0000".to_owned(),
            maintainer: "Ana <ana@example.com>".to_owned(),
            triple: "x86_64-unknown-linux-gnu".to_owned(),
            architecture: "amd64".to_owned(),
        }
    }

    #[test]
    fn a_release_candidate_comes_before_the_release_in_debian_s_order() {
        assert_eq!(source("1.0.0").debian_version(), "1.0.0-1");
        assert_eq!(source("1.0.0-rc.1").debian_version(), "1.0.0~rc.1-1");
    }

    #[test]
    fn the_version_is_the_workspace_s() {
        let manifest = "[workspace.package]\nversion = \"0.2.0\"\n";
        assert_eq!(workspace_version(manifest).unwrap(), "0.2.0");
        assert!(workspace_version("[package]\nversion = \"0.2.0\"\n").is_err());
    }
}
