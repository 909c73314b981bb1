//! What the tests need and the machine may lack: Debian's packages, and the clients of e2e/ from
//! PyPI and npm.
//!
//! Debian's packages are asked for only when they are missing. The clients are pinned by lock files
//! with checksums, stand below target/e2e and are made anew when a lock file or the interpreter
//! differs from what they were made with.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use super::command::check;
use crate::repository::say;

/// Where the clients of e2e/ were installed.
pub(super) struct Clients {
    /// A Python interpreter that has the packages of e2e/python/requirements.txt.
    pub(super) python: PathBuf,
    /// A folder with node_modules as e2e/node/package-lock.json says.
    pub(super) node: PathBuf,
    /// The browser's executable.
    pub(super) chromium: PathBuf,
}

/// The folder with PostgreSQL's own programs, initdb among them; installs the package when there is
/// none, and the pooler beside it.
pub(super) fn postgres() -> Result<PathBuf> {
    let programs = postgres_programs()?;
    // Its tests say so when they are skipped.
    if on_path("pgbouncer").is_none()
        && !Path::new("/usr/sbin/pgbouncer").is_file()
        && let Err(error) = debian(&["pgbouncer"])
    {
        say(&format!("PgBouncer's tests are skipped: {error:#}"));
    }
    Ok(programs)
}

fn postgres_programs() -> Result<PathBuf> {
    if let Some(found) = find_postgres() {
        return Ok(found);
    }
    debian(&["postgresql"])?;
    find_postgres().context("Debian's package postgresql brought no initdb")
}

/// Debian keeps each major version in a folder of its own; elsewhere the programs are on PATH.
fn find_postgres() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let newest = versions
        .filter(|version| version.path().join("bin/initdb").exists())
        .max_by_key(|version| version.file_name().to_string_lossy().parse::<u32>().ok());
    if let Some(version) = newest {
        return Some(version.path().join("bin"));
    }
    on_path("initdb").and_then(|initdb| Some(initdb.parent()?.to_path_buf()))
}

/// Installs the browser and the clients from PyPI and npm, where they are not installed yet.
pub(super) fn clients(root: &Path, folder: &Path) -> Result<Clients> {
    fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    let chromium = match on_path("chromium") {
        Some(found) => found,
        None => {
            debian(&["chromium"])?;
            on_path("chromium").context("Debian's package chromium brought no chromium")?
        }
    };
    Ok(Clients {
        python: python_clients(
            &root.join("e2e/python/requirements.txt"),
            &folder.join("venv"),
        )?,
        node: node_clients(&root.join("e2e/node"), &folder.join("node"))?,
        chromium,
    })
}

/// Prometheus's own checker of rules. Debian has it in one package with the server, which would
/// start and listen; so the package is unpacked into `folder`, and not installed.
pub(super) fn promtool(folder: &Path) -> Result<PathBuf> {
    if let Some(found) = on_path("promtool") {
        return Ok(found);
    }
    let promtool = folder.join("promtool");
    if promtool.is_file() {
        return Ok(promtool);
    }
    fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    let download = || {
        let mut apt_get = Command::new("apt-get");
        apt_get.args(["-qq", "download", "prometheus"]);
        // What it says of its sandbox, and of lists that are missing the first time, is no news.
        apt_get.current_dir(folder).stderr(Stdio::null());
        check(&mut apt_get)
    };
    if download().is_err() {
        apt_get_update()?;
        download().context("download Debian's package prometheus")?;
    }
    let files = fs::read_dir(folder)?.flatten().map(|file| file.path());
    let package = files
        .filter(|file| file.extension() == Some(OsStr::new("deb")))
        .max()
        .context("apt-get downloaded no package")?;
    let unpacked = folder.join("unpacked");
    check(
        Command::new("dpkg-deb")
            .arg("--extract")
            .arg(&package)
            .arg(&unpacked),
    )?;
    // At its place once it is whole.
    fs::rename(unpacked.join("usr/bin/promtool"), &promtool)
        .context("Debian's package prometheus brought no promtool")?;
    fs::remove_dir_all(&unpacked)?;
    fs::remove_file(&package)?;
    Ok(promtool)
}

fn python_clients(requirements: &Path, venv: &Path) -> Result<PathBuf> {
    let version = version_of("python3", "Python 3.11 or newer")?;
    let python = venv.join("bin/python");
    let recipe = format!("{version}\n{}", read(requirements)?);
    if is_made_from(venv, &recipe) {
        return Ok(python);
    }
    if quiet("python3", &["-c", "import ensurepip, venv"]).is_err() {
        debian(&["python3-venv"])?;
    }
    check(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(venv),
    )?;
    check(
        Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--require-hashes"])
            .args(["--disable-pip-version-check", "--no-input", "--requirement"])
            .arg(requirements),
    )?;
    remember(venv, &recipe)?;
    Ok(python)
}

fn node_clients(locked: &Path, folder: &Path) -> Result<PathBuf> {
    let version = version_of("node", "Node.js 20.11 or newer")?;
    let manifest = read(&locked.join("package.json"))?;
    let lock = read(&locked.join("package-lock.json"))?;
    let recipe = format!("{version}\n{manifest}{lock}");
    if is_made_from(folder, &recipe) {
        return Ok(folder.to_path_buf());
    }
    fs::create_dir_all(folder)?;
    fs::write(folder.join("package.json"), manifest)?;
    fs::write(folder.join("package-lock.json"), lock)?;
    // No package runs a script of its own on the machine of whoever tests Cognate.
    check(
        Command::new("npm")
            .args([
                "ci",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--loglevel=error",
            ])
            .current_dir(folder),
    )?;
    remember(folder, &recipe)?;
    Ok(folder.to_path_buf())
}

/// The file that says what a folder was made from. It is written last, so a folder half made counts
/// as not made.
const RECIPE: &str = "made-from.txt";

fn is_made_from(folder: &Path, recipe: &str) -> bool {
    fs::read_to_string(folder.join(RECIPE)).is_ok_and(|made| made == recipe)
}

fn remember(folder: &Path, recipe: &str) -> Result<()> {
    fs::write(folder.join(RECIPE), recipe).with_context(|| format!("write in {}", folder.display()))
}

/// Installs packages of Debian's: as root, or by sudo.
fn debian(packages: &[&str]) -> Result<()> {
    let names = packages.join(" ");
    if on_path("apt-get").is_none() {
        bail!("{names} is missing, and this machine has no apt-get: install it and try again");
    }
    let as_root = quiet("id", &["-u"])?.trim() == "0";
    if !as_root && on_path("sudo").is_none() {
        bail!(
            "{names} is missing, and this is neither root nor is there a sudo: \
             run `apt-get install {names}` as root and try again"
        );
    }
    say(&format!("installing Debian's {names}"));
    apt_get_update()?;
    check(
        apt_get(as_root)
            .args(["install", "--yes", "--no-install-recommends"])
            .args(packages)
            // The words of a package's set-up are no news in a test's log.
            .stdout(Stdio::null()),
    )
    .with_context(|| format!("install {names}"))
}

fn apt_get_update() -> Result<()> {
    let as_root = quiet("id", &["-u"])?.trim() == "0";
    check(apt_get(as_root).arg("update"))
}

fn apt_get(as_root: bool) -> Command {
    let mut command = if as_root {
        Command::new("env")
    } else {
        let mut sudo = Command::new("sudo");
        sudo.arg("env");
        sudo
    };
    // Somebody else's apt-get is waited for rather than failed on.
    command.args([
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "--option=DPkg::Lock::Timeout=300",
        "-qq",
    ]);
    command
}

fn version_of(program: &str, wanted: &str) -> Result<String> {
    quiet(program, &["--version"])
        .with_context(|| format!("{program} does not answer: the tests need {wanted}"))
}

/// Runs a command and gives what it printed.
fn quiet(program: impl AsRef<OsStr>, arguments: &[&str]) -> Result<String> {
    let name = program.as_ref().to_string_lossy().into_owned();
    let done = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("start {name}"))?;
    if !done.status.success() {
        bail!("{name} ended with {}", done.status);
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

/// Where a program is that the shell would find.
pub(super) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("read {}", file.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn a_folder_is_made_anew_when_its_recipe_changes_or_it_was_left_half_made() {
        let folder = std::env::temp_dir().join(format!("cognate-recipe-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        assert!(!is_made_from(&folder, "boto3 1"));
        remember(&folder, "boto3 1").unwrap();
        assert!(is_made_from(&folder, "boto3 1"));
        assert!(!is_made_from(&folder, "boto3 2"));
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_program_that_is_not_there_is_named_with_what_is_needed() {
        let error = version_of("no-such-program", "Node.js 20.11 or newer").unwrap_err();
        let words = format!("{error:#}");
        assert!(
            words.contains("no-such-program") && words.contains("Node.js 20.11"),
            "{words}"
        );
    }
}
