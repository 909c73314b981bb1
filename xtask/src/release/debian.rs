//! The Debian package: its files, its control information, and the package that dpkg-deb makes of
//! them, the same whoever makes it and however often.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::binary::glibc;
use super::source::Source;
use super::tools::{output, run};
use super::tree::{Tree, gzipped};
use crate::repository::say;

/// Where the unit lies.
pub(super) const UNIT: &str = "usr/lib/systemd/system/cognate.service";

/// All files of the package, the control information among them.
pub(super) fn files(
    root: &Path,
    source: &Source,
    binary: &Path,
    scratch: &Path,
    third_parties: &str,
) -> Result<Tree> {
    let packaging = |name: &str| {
        let path = root.join("packaging").join(name);
        fs::read(&path).with_context(|| path.display().to_string())
    };
    let mut tree = Tree::default();
    tree.add_with_mode("usr/bin/cognate", 0o755, fs::read(binary)?);
    tree.add(UNIT, packaging("systemd/cognate.service")?);
    tree.add(
        "usr/lib/sysusers.d/cognate.conf",
        packaging("systemd/sysusers.conf")?,
    );
    tree.add("etc/cognate/cognate.toml", packaging("cognate.toml")?);
    tree.add_with_mode("etc/cognate/environment", 0o600, packaging("environment")?);
    let documents = "usr/share/doc/cognate";
    tree.add(
        format!("{documents}/examples/low-port.conf"),
        packaging("examples/low-port.conf")?,
    );
    tree.add(
        format!("{documents}/copyright"),
        packaging("debian/copyright")?,
    );
    tree.add(
        format!("{documents}/THIRD-PARTY.gz"),
        gzipped(third_parties.as_bytes())?,
    );
    tree.add(
        format!("{documents}/changelog.gz"),
        gzipped(&fs::read(root.join("CHANGELOG.md"))?)?,
    );
    let changelog = Facts::of(source).fill(&String::from_utf8(packaging("debian/changelog")?)?);
    tree.add(
        format!("{documents}/changelog.Debian.gz"),
        gzipped(changelog.as_bytes())?,
    );
    tree.add(
        "usr/share/lintian/overrides/cognate",
        packaging("debian/lintian-overrides")?,
    );
    add_generated(&mut tree, binary, scratch)?;
    add_control(&mut tree, source, binary, &packaging)?;
    Ok(tree)
}

/// Manual pages and completions, which the binary itself writes.
fn add_generated(tree: &mut Tree, binary: &Path, scratch: &Path) -> Result<()> {
    let pages = scratch.join("man");
    fs::create_dir(&pages)?;
    run(Command::new(binary).args(["generate", "man"]).arg(&pages))?;
    for entry in fs::read_dir(&pages)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let page = gzipped(&fs::read(entry.path())?)?;
        tree.add(format!("usr/share/man/man1/{name}.gz"), page);
    }
    for (shell, path) in [
        ("bash", "usr/share/bash-completion/completions/cognate"),
        ("fish", "usr/share/fish/vendor_completions.d/cognate.fish"),
        ("zsh", "usr/share/zsh/vendor-completions/_cognate"),
    ] {
        let completions = output(Command::new(binary).args(["generate", "completions", shell]))?;
        tree.add(path, format!("{completions}\n"));
    }
    Ok(())
}

fn add_control(
    tree: &mut Tree,
    source: &Source,
    binary: &Path,
    packaging: &impl Fn(&str) -> Result<Vec<u8>>,
) -> Result<()> {
    let mut facts = Facts::of(source);
    facts.0.push(("glibc", glibc(binary)?));
    facts.0.push(("installed_size", installed_size(tree)));
    let control = facts.fill(&String::from_utf8(packaging("debian/control")?)?);
    tree.add("DEBIAN/conffiles", conffiles(tree));
    tree.add("DEBIAN/control", control);
    for script in ["postinst", "prerm", "postrm"] {
        let text = packaging(&format!("debian/{script}"))?;
        tree.add_with_mode(format!("DEBIAN/{script}"), 0o755, text);
    }
    Ok(())
}

/// What stands in braces in the texts of packaging/debian, and what it becomes.
struct Facts(Vec<(&'static str, String)>);

impl Facts {
    fn of(source: &Source) -> Self {
        Self(vec![
            ("version", source.debian_version()),
            ("upstream", source.version.clone()),
            ("architecture", source.architecture.clone()),
            ("maintainer", source.maintainer.clone()),
            ("date", source.mail_date.clone()),
        ])
    }

    fn fill(&self, text: &str) -> String {
        let filled = self.0.iter();
        filled.fold(text.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), value)
        })
    }
}

/// What belongs to the operator once it is installed: everything in /etc.
fn conffiles(tree: &Tree) -> String {
    let paths = tree.iter().map(|(path, _)| path);
    paths
        .filter(|path| path.starts_with("etc/"))
        .map(|path| format!("/{path}\n"))
        .collect()
}

/// In KiB, each file rounded up, as Debian counts.
fn installed_size(tree: &Tree) -> String {
    let sizes = tree.iter().map(|(_, file)| file.contents.len());
    let total: usize = sizes.map(|size| size.div_ceil(1024)).sum();
    total.to_string()
}

/// Makes the package, twice, to see that both are the same, and asks lintian.
pub(super) fn pack(tree: &Tree, source: &Source, folder: &Path, scratch: &Path) -> Result<()> {
    let name = format!(
        "cognate_{}_{}.deb",
        source.debian_version(),
        source.architecture
    );
    let first = pack_once(tree, source, &scratch.join("first"), &name)?;
    let second = pack_once(tree, source, &scratch.join("second"), &name)?;
    if fs::read(&first)? != fs::read(&second)? {
        bail!(
            "{} and {} differ: the package is not the same each time",
            first.display(),
            second.display()
        );
    }
    let package = folder.join(&name);
    fs::copy(&first, &package)?;
    say("lintian");
    run(Command::new("lintian")
        .args(["--fail-on", "error,warning", "--tag-display-limit", "0"])
        .arg(&package))
}

fn pack_once(tree: &Tree, source: &Source, folder: &Path, name: &str) -> Result<PathBuf> {
    let staged = folder.join("cognate");
    fs::create_dir(folder)?;
    tree.write(&staged)?;
    let sums = md5sums(tree, &staged)?;
    fs::write(staged.join("DEBIAN/md5sums"), sums)?;
    let package = folder.join(name);
    run(Command::new("dpkg-deb")
        .args(["--root-owner-group", "--threads-max=1", "-Zxz", "--build"])
        .arg(&staged)
        .arg(&package)
        .env("SOURCE_DATE_EPOCH", &source.epoch)
        .stdout(std::process::Stdio::null()))?;
    Ok(package)
}

/// The sums by which dpkg --verify sees what was changed; of settings it keeps its own.
fn md5sums(tree: &Tree, staged: &Path) -> Result<String> {
    let paths = tree.iter().map(|(path, _)| path);
    let summed = paths.filter(|path| !path.starts_with("DEBIAN/") && !path.starts_with("etc/"));
    let sums = output(Command::new("md5sum").args(summed).current_dir(staged))?;
    Ok(format!("{sums}\n"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use crate::release::source::tests::source;

    use super::*;

    fn tree() -> Tree {
        let mut tree = Tree::default();
        tree.add("etc/cognate/cognate.toml", "a = 1\n");
        tree.add("usr/bin/cognate", vec![0; 1025]);
        tree
    }

    #[test]
    fn settings_are_conffiles_and_nothing_else_is() {
        assert_eq!(conffiles(&tree()), "/etc/cognate/cognate.toml\n");
    }

    #[test]
    fn the_size_is_in_kib_each_file_rounded_up() {
        assert_eq!(installed_size(&tree()), "3");
    }

    #[test]
    fn no_brace_stays_in_what_is_filled_in() {
        let mut facts = Facts::of(&source("0.1.0"));
        facts.0.push(("glibc", "2.34".to_owned()));
        facts.0.push(("installed_size", "3".to_owned()));
        for text in [
            include_str!("../../../packaging/debian/control"),
            include_str!("../../../packaging/debian/changelog"),
        ] {
            let filled = facts.fill(text);
            assert!(filled.contains("0.1.0-1"), "{filled}");
            assert!(!filled.contains(['{', '}']), "{filled}");
        }
    }

    #[test]
    fn the_settings_that_are_installed_name_the_data_folder_of_the_unit() {
        let settings = include_str!("../../../packaging/cognate.toml");
        let settings: toml::Table = toml::from_str(settings).unwrap();
        let unit = include_str!("../../../packaging/systemd/cognate.service");
        let folder = settings["data-dir"].as_str().unwrap();
        assert!(unit.contains(&format!("\nWorkingDirectory={folder}\n")));
        assert_eq!(folder, "/var/lib/cognate");
        assert!(unit.contains("\nStateDirectory=cognate\n"));
    }
}
