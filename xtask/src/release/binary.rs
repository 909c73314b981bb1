//! The binary: compiled so that it names its commit and no path of this machine, and parted from
//! its symbols.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::source::Source;
use super::tools::{output, run};
use crate::repository::say;

/// Compiles it, under the profile `release`, which the bench measures too. Its folder is its own,
/// because the compiler's flags are, and cargo compiles all anew when they change.
pub(super) fn compile(root: &Path, source: &Source) -> Result<PathBuf> {
    say("compiling, which takes ten minutes on two cores at first");
    let folder = root.join("target/shipped");
    let renamed = renamed_paths(root);
    let of_rust: Vec<String> = renamed
        .iter()
        .map(|(path, name)| format!("--remap-path-prefix={path}={name}"))
        .collect();
    let of_c: Vec<String> = renamed
        .iter()
        .map(|(path, name)| format!("-ffile-prefix-map={path}={name}"))
        .collect();
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["build", "--release", "--locked"])
        .args(["--package", "cognate-server", "--bin", "cognate"])
        .arg("--target-dir")
        .arg(&folder)
        .current_dir(root)
        .env("COGNATE_COMMIT", &source.commit)
        .env("CARGO_ENCODED_RUSTFLAGS", of_rust.join("\u{1f}"))
        .env("CFLAGS", of_c.join(" "));
    run(&mut cargo)?;
    Ok(folder.join("release/cognate"))
}

/// Folders of this machine that panics and C's assertions would name, and what they name instead.
fn renamed_paths(root: &Path) -> Vec<(String, &'static str)> {
    let home = std::env::var_os("HOME").unwrap_or_default();
    let cargo = std::env::var_os("CARGO_HOME")
        .map_or_else(|| Path::new(&home).join(".cargo"), PathBuf::from);
    vec![
        (
            cargo.join("registry/src").display().to_string(),
            "/registry",
        ),
        (root.display().to_string(), "/cognate"),
    ]
}

/// Writes the binary without symbols into a folder, and beside it the symbols, which it names.
/// Gives the path of the binary.
pub(super) fn part_from_symbols(compiled: &Path, folder: &Path, name: &str) -> Result<PathBuf> {
    let stripped = folder.join(name);
    let symbols = format!("{name}.debug");
    run(Command::new("objcopy")
        .args(["--only-keep-debug", "--compress-debug-sections"])
        .arg(compiled)
        .arg(folder.join(&symbols)))?;
    // The link is the file's bare name, so the command runs where it is.
    run(Command::new("objcopy")
        .args(["--strip-all", "--remove-section=.comment"])
        .arg(format!("--add-gnu-debuglink={symbols}"))
        .arg(compiled.canonicalize().context("the binary")?)
        .arg(&stripped)
        .current_dir(folder))?;
    Ok(stripped)
}

/// What the binary says of itself.
pub(super) fn version_line(binary: &Path) -> Result<String> {
    output(Command::new(binary).arg("--version"))
}

/// The oldest glibc that has all that a binary asks for, as 2.34.
pub(super) fn glibc(binary: &Path) -> Result<String> {
    let symbols = output(Command::new("objdump").arg("-T").arg(binary))?;
    newest_glibc(&symbols).context("the binary asks for no version of glibc")
}

fn newest_glibc(symbols: &str) -> Option<String> {
    let versions = symbols.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')'));
    let versions = versions.filter_map(|word| word.strip_prefix("GLIBC_"));
    let newest = versions.max_by_key(|version| {
        let numbers = version.split('.').map(|part| part.parse().unwrap_or(0));
        numbers.collect::<Vec<u32>>()
    });
    newest.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_glibc_are_compared_as_numbers() {
        let symbols = "\
            0000 DF *UND* 0000 (GLIBC_2.2.5) read\n\
            0000 DF *UND* 0000 (GLIBC_2.34) dlsym\n\
            0000 DF *UND* 0000 (GLIBC_2.9) pipe2\n\
            0000 DF *UND* 0000 (GCC_3.0) _Unwind_Resume\n";
        assert_eq!(newest_glibc(symbols).as_deref(), Some("2.34"));
        assert_eq!(newest_glibc("0000 g DF .text 0000 main"), None);
    }
}
