//! Commands that a step runs.

use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// Runs a command with this program's own terminal; an exit code other than 0 is an error.
pub(super) fn check(command: &mut Command) -> Result<()> {
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
}
