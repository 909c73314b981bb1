//! The crates that the workspace is built of, as cargo tells them: what each is from `cargo
//! metadata`, which of them are really built from `cargo tree`. Metadata alone lists optional
//! crates that no feature switches on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

/// A crate in one of its versions.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) name: String,
    pub(crate) version: String,
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

/// What a crate is.
#[derive(Clone, Debug)]
pub(crate) struct Package {
    pub(crate) name: Name,
    /// As its manifest words it, mostly an SPDX expression.
    pub(crate) license: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) repository: Option<String>,
    /// SHA-256 of its archive in the registry, in hex; ours have none.
    pub(crate) checksum: Option<String>,
    /// The folder of its source.
    pub(crate) folder: PathBuf,
    /// What it is built with, in whatever way.
    pub(crate) dependencies: BTreeSet<Name>,
    /// Whether it is of this workspace.
    pub(crate) is_ours: bool,
}

/// Every crate that cargo knows of here, whether it is built or not.
pub(crate) type Packages = BTreeMap<Name, Package>;

/// Reads `cargo metadata` and Cargo.lock.
pub(crate) fn read(root: &Path) -> Result<Packages> {
    let metadata = cargo(root, &["metadata", "--locked", "--format-version=1"])?;
    let lock = std::fs::read_to_string(root.join("Cargo.lock")).context("read Cargo.lock")?;
    parse(&metadata, &lock)
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Described>,
    resolve: Resolve,
    workspace_members: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Described {
    id: String,
    #[serde(flatten)]
    name: Name,
    license: Option<String>,
    description: Option<String>,
    repository: Option<String>,
    manifest_path: PathBuf,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    dependencies: Vec<String>,
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    #[serde(flatten)]
    name: Name,
    checksum: Option<String>,
}

fn parse(metadata: &str, lock: &str) -> Result<Packages> {
    let metadata: Metadata = serde_json::from_str(metadata).context("cargo metadata")?;
    let lock: Lock = toml::from_str(lock).context("Cargo.lock")?;
    let mut checksums: BTreeMap<Name, String> = lock
        .package
        .into_iter()
        .filter_map(|locked| Some((locked.name, locked.checksum?)))
        .collect();
    let names: BTreeMap<String, Name> = metadata
        .packages
        .iter()
        .map(|package| (package.id.clone(), package.name.clone()))
        .collect();
    let mut edges: BTreeMap<String, BTreeSet<Name>> = BTreeMap::new();
    for node in metadata.resolve.nodes {
        let known = node.dependencies.iter().filter_map(|id| names.get(id));
        edges.insert(node.id, known.cloned().collect());
    }
    let packages = metadata.packages.into_iter().map(|described| {
        let package = Package {
            checksum: checksums.remove(&described.name),
            folder: described
                .manifest_path
                .parent()
                .map(Path::to_path_buf)
                .unwrap_or_default(),
            dependencies: edges.remove(&described.id).unwrap_or_default(),
            is_ours: metadata.workspace_members.contains(&described.id),
            name: described.name,
            license: described.license,
            description: described.description,
            repository: described.repository,
        };
        (package.name.clone(), package)
    });
    Ok(packages.collect())
}

/// The crates that are built: `cargo tree` with these arguments, which say of what and for what.
pub(crate) fn built(root: &Path, arguments: &[&str]) -> Result<BTreeSet<Name>> {
    let tree = ["tree", "--locked", "--prefix=none", "--format={p}"];
    let tree = cargo(root, &[&tree, arguments].concat())?;
    Ok(tree.lines().filter_map(parse_line).collect())
}

/// A line of the tree: `name v1.2.3`, and more.
fn parse_line(line: &str) -> Option<Name> {
    let mut words = line.split_whitespace();
    Some(Name {
        name: words.next()?.to_owned(),
        version: words.next()?.strip_prefix('v')?.to_owned(),
    })
}

/// What cargo prints.
pub(crate) fn cargo(root: &Path, arguments: &[&str]) -> Result<String> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root)
        .output()
        .context("start cargo")?;
    if !output.status.success() {
        bail!(
            "cargo {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8(output.stdout)?)
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    pub(crate) fn name(name: &str, version: &str) -> Name {
        Name {
            name: name.to_owned(),
            version: version.to_owned(),
        }
    }

    /// A crate of somebody else's, or, without a licence, one of ours.
    pub(crate) fn package(of: &Name, license: Option<&str>, dependencies: &[&Name]) -> Package {
        Package {
            name: of.clone(),
            license: license.map(str::to_owned),
            description: None,
            repository: None,
            checksum: license.map(|_| "00".repeat(32)),
            folder: PathBuf::from("/nonexistent"),
            dependencies: dependencies.iter().map(|name| (*name).clone()).collect(),
            is_ours: license.is_none(),
        }
    }

    #[test]
    fn metadata_and_lock_are_read_as_one() {
        let metadata = r#"{
            "workspace_members": ["path#a"],
            "packages": [
                {"id": "path#a", "name": "a", "version": "0.1.0", "license": "Apache-2.0", "description": null, "repository": null, "manifest_path": "/w/a/Cargo.toml"},
                {"id": "reg#b", "name": "b", "version": "2.0.0", "license": "MIT", "description": "B.", "repository": null, "manifest_path": "/r/b/Cargo.toml"}
            ],
            "resolve": {"nodes": [{"id": "path#a", "dependencies": ["reg#b"]}, {"id": "reg#b", "dependencies": []}]}
        }"#;
        let lock = "version = 4\n[[package]]\nname = \"a\"\nversion = \"0.1.0\"\n[[package]]\nname = \"b\"\nversion = \"2.0.0\"\nchecksum = \"abcd\"\n";
        let packages = parse(metadata, lock).unwrap();
        let (a, b) = (name("a", "0.1.0"), name("b", "2.0.0"));
        assert!(packages[&a].is_ours && !packages[&b].is_ours);
        assert_eq!(packages[&a].dependencies, BTreeSet::from([b.clone()]));
        assert_eq!(packages[&b].checksum.as_deref(), Some("abcd"));
        assert_eq!(packages[&b].folder, Path::new("/r/b"));
    }

    #[test]
    fn a_line_of_the_tree_names_a_crate_and_its_version() {
        for (line, version) in [
            ("ring v0.17.1 (*)", "0.17.1"),
            ("ring v0.17.1 (/a/path)", "0.17.1"),
        ] {
            assert_eq!(parse_line(line), Some(name("ring", version)));
        }
        assert_eq!(parse_line(""), None);
    }
}
