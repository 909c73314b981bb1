//! The systemd unit, as systemd itself judges it.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::debian::UNIT;
use super::tools::output;
use super::tree::Tree;
use crate::repository::say;

/// The exposure that `systemd-analyze security` may find, in tenths: 0 is shut off from everything,
/// 100 is not guarded at all. What remains is what a network server is for: sockets to anywhere
/// (IPv4, IPv6, the one of a local PostgreSQL).
const HIGHEST_EXPOSURE: u32 = 11;

/// Fails when systemd finds fault with the unit, or finds it less guarded than it was.
pub(super) fn check(files: &Tree, binary: &Path, scratch: &Path) -> Result<()> {
    let unit = files.find(UNIT).context("the package has no unit")?;
    let text = String::from_utf8(unit.contents.clone()).context("the unit")?;
    check_text(&text, binary, scratch)
}

fn check_text(text: &str, binary: &Path, scratch: &Path) -> Result<()> {
    // systemd looks whether the program is there, which it is not before the package is installed.
    let installed = "ExecStart=/usr/bin/cognate ";
    if !text.contains(installed) {
        bail!("the unit does not start /usr/bin/cognate");
    }
    let present = format!("ExecStart={} ", binary.canonicalize()?.display());
    let unit = scratch.join("cognate.service");
    fs::write(&unit, text.replace(installed, &present))?;
    let verified = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .arg(&unit)
        .output()
        .context("start systemd-analyze")?;
    let faults = String::from_utf8_lossy(&verified.stderr);
    let faults = of_unit(&faults);
    if !verified.status.success() || !faults.is_empty() {
        bail!("systemd finds fault with the unit:\n{}", faults.join("\n"));
    }
    let judged = output(
        Command::new("systemd-analyze")
            .args(["security", "--offline=true", "--no-pager"])
            .arg(format!("--threshold={HIGHEST_EXPOSURE}"))
            .arg(&unit),
    )
    .context("the unit is less guarded than it should be")?;
    let verdict = judged.lines().last().unwrap_or_default();
    say(verdict.trim_start_matches(['→', ' ']));
    Ok(())
}

/// What systemd-analyze tells of the unit, and not of others on this machine. Of a key that it does
/// not know it only warns; here that fails.
fn of_unit(told: &str) -> Vec<&str> {
    let lines = told.lines();
    lines
        .filter(|line| line.contains("cognate.service"))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn faults_of_the_unit_are_told_from_those_of_others() {
        let told = "/a/cognate.service:3: Unknown key 'Restrat' in section [Service], ignoring.\n\
            /lib/systemd/system/plymouth-start.service:15: Unit uses KillMode=none.\n";
        assert_eq!(of_unit(told), [told.lines().next().unwrap()]);
    }
}
