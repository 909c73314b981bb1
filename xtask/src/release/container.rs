//! The container: the binary of the package, with the few libraries that it is linked with, and
//! nothing else.
//!
//! It is the same binary, so what was tested is what runs, and not one for musl, which would be a
//! second one to test. The libraries are those of the machine that compiled it: whoever makes a
//! release has its security updates.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::source::Source;
use super::tools::{is_there, output, run};
use super::tree::Tree;
use crate::repository::say;

/// The authorities that the server trusts when it speaks to mail servers and databases.
const AUTHORITIES: &str = "etc/ssl/certs/ca-certificates.crt";

/// Lays out the container's files below the scratch folder, and builds it where buildah runs; else
/// says that it is not built.
pub(super) fn build(
    root: &Path,
    source: &Source,
    binary: &Path,
    folder: &Path,
    scratch: &Path,
) -> Result<()> {
    let context = scratch.join("container");
    let files = files(root, binary)?;
    fs::create_dir(&context)?;
    files.write(&context.join("root"))?;
    // What becomes the volume: an empty folder is no file, so it stands apart.
    fs::create_dir(context.join("data"))?;
    let containerfile = root.join("packaging/container/Containerfile");
    fs::copy(&containerfile, context.join("Containerfile")).context("the Containerfile")?;
    if may_unshare() {
        check_starts(&context.join("root"))?;
    } else {
        say(
            "NOT CHECKED whether the binary starts with the container's files alone: this machine refuses user namespaces",
        );
    }

    let archive = folder.join(format!(
        "cognate-{}-{}.container.tar",
        source.version, source.architecture
    ));
    if !is_there("buildah") {
        say("the container is NOT BUILT: apt-get install buildah");
        return Ok(());
    }
    if let Err(error) = build_image(source, &context, &archive, scratch) {
        // Not every machine lets a process make containers, and the rest of a release is good
        // without one.
        let _ = fs::remove_file(&archive);
        say(&format!("the container is NOT BUILT: {error:#}"));
    }
    Ok(())
}

/// Whether a process may have a user namespace of its own here, which many machines refuse.
fn may_unshare() -> bool {
    let mut unshare = Command::new("unshare");
    unshare.args(["--map-root-user", "true"]);
    unshare.output().is_ok_and(|output| output.status.success())
}

fn build_image(source: &Source, context: &Path, archive: &Path, scratch: &Path) -> Result<()> {
    let storage = scratch.join("images");
    let buildah = || {
        let mut buildah = Command::new("buildah");
        buildah
            .arg("--root")
            .arg(storage.join("root"))
            .arg("--runroot")
            .arg(storage.join("run"))
            .arg("--storage-driver=vfs");
        buildah
    };
    let image = format!("localhost/cognate:{}", source.version);
    // Docker's form: OCI's has no health check.
    run(buildah()
        .args(["build", "--quiet", "--format=docker", "--isolation=chroot"])
        .arg(format!("--timestamp={}", source.epoch))
        .arg(format!(
            "--label=org.opencontainers.image.version={}",
            source.version
        ))
        .arg(format!(
            "--label=org.opencontainers.image.revision={}",
            source.commit
        ))
        .arg("--label=org.opencontainers.image.licenses=Apache-2.0")
        .arg(format!("--tag={image}"))
        .arg(context))?;
    run(buildah()
        .args(["push", "--quiet"])
        .arg(&image)
        .arg(format!("docker-archive:{}:{image}", archive.display())))
}

/// The container's files, but for the data.
fn files(root: &Path, binary: &Path) -> Result<Tree> {
    let mut tree = Tree::default();
    tree.add_with_mode("usr/bin/cognate", 0o755, fs::read(binary)?);
    for library in libraries(&output(Command::new("ldd").arg(binary))?)? {
        let contents = fs::read(&library).with_context(|| library.clone())?;
        tree.add_with_mode(library.trim_start_matches('/'), 0o755, contents);
    }
    for name in ["passwd", "group", "nsswitch.conf"] {
        let contents = fs::read(root.join("packaging/container").join(name))?;
        tree.add(format!("etc/{name}"), contents);
    }
    let authorities = fs::read(Path::new("/").join(AUTHORITIES))
        .context("the trusted authorities: apt-get install ca-certificates")?;
    tree.add(AUTHORITIES, authorities);
    for package in ["libc6", "libgcc-s1", "ca-certificates"] {
        let path = format!("usr/share/doc/{package}/copyright");
        if let Ok(copyright) = fs::read(Path::new("/").join(&path)) {
            tree.add(path, copyright);
        }
    }
    Ok(tree)
}

/// The paths of the libraries that ldd names, the one that loads the others among them.
fn libraries(told: &str) -> Result<Vec<String>> {
    let mut paths = Vec::new();
    for line in told.lines() {
        if line.contains("not found") {
            bail!("a library is missing: {}", line.trim());
        }
        // The kernel's own has no file.
        paths.extend(line.split_whitespace().find(|word| word.starts_with('/')));
    }
    if paths.is_empty() {
        bail!("ldd names no library: {told}");
    }
    Ok(paths.into_iter().map(str::to_owned).collect())
}

/// Fails when the binary does not start where the container's files are all that there is.
fn check_starts(root: &Path) -> Result<()> {
    let mut alone = Command::new("unshare");
    alone.arg("--map-root-user");
    alone.arg(format!("--root={}", root.display()));
    alone.args(["/usr/bin/cognate", "--version"]);
    output(&mut alone).context("the binary does not start among the container's files alone")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn libraries_are_those_with_a_file_and_a_missing_one_is_an_error() {
        let told = "\tlinux-vdso.so.1 (0x00007ffc)\n\
            \tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f)\n\
            \t/lib64/ld-linux-x86-64.so.2 (0x00007f)\n";
        assert_eq!(
            libraries(told).unwrap(),
            [
                "/lib/x86_64-linux-gnu/libc.so.6",
                "/lib64/ld-linux-x86-64.so.2"
            ]
        );
        assert!(libraries("\tlibx.so.1 => not found\n").is_err());
        assert!(libraries("\tstatically linked\n").is_err());
    }
}
