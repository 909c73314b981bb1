//! Who may know whom among our crates, who alone may use some crates of others, and which nobody
//! may, by name or by licence (deny.toml).

use std::path::Path;

use anyhow::Result;
use serde::Deserialize;

use crate::deny::Deny;
use crate::packages;

/// The edges of the house: each crate with all that it may know. `server` wires, so it knows
/// everything below it.
const EDGES: &[(&str, &[&str])] = &[
    ("cognate-api", &[]),
    ("cognate-crypto", &[]),
    ("cognate-model", &["cognate-crypto"]),
    ("cognate-store", &["cognate-model", "cognate-crypto"]),
    ("cognate-outbound", &["cognate-model", "cognate-crypto"]),
    (
        "cognate-service",
        &[
            "cognate-store",
            "cognate-outbound",
            "cognate-api",
            "cognate-model",
            "cognate-crypto",
        ],
    ),
    (
        "cognate-web",
        &["cognate-service", "cognate-api", "cognate-model"],
    ),
    (
        "cognate-server",
        &[
            "cognate-web",
            "cognate-service",
            "cognate-store",
            "cognate-outbound",
            "cognate-api",
            "cognate-model",
            "cognate-crypto",
        ],
    ),
    (
        "cognate-testkit",
        &[
            "cognate-server",
            "cognate-web",
            "cognate-service",
            "cognate-store",
            "cognate-outbound",
            "cognate-api",
            "cognate-model",
            "cognate-crypto",
        ],
    ),
    // Not api, nor what knows api: xtask generates it, and must build when it is broken.
    ("xtask", &["cognate-crypto"]),
];

/// Crates of others that only these of ours may use outside tests: only outbound opens connections,
/// only store has a database, only web and server speak HTTP, and what is pure has no runtime.
const RESERVED: &[(&str, &[&str])] = &[
    (
        "axum",
        &["cognate-web", "cognate-server", "cognate-testkit"],
    ),
    ("deadpool", &["cognate-store"]),
    (
        "hyper",
        &["cognate-web", "cognate-server", "cognate-testkit", "xtask"],
    ),
    ("lettre", &["cognate-outbound"]),
    ("reqwest", &["cognate-outbound", "cognate-testkit", "xtask"]),
    ("rusqlite", &["cognate-store"]),
    (
        "tokio",
        &[
            "cognate-store",
            "cognate-outbound",
            "cognate-service",
            "cognate-web",
            "cognate-server",
            "cognate-testkit",
            "xtask",
        ],
    ),
    ("tokio-postgres", &["cognate-store", "cognate-testkit"]),
];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

/// All findings.
pub(super) fn check(root: &Path) -> Result<Vec<String>> {
    let metadata = packages::cargo(root, &["metadata", "--format-version=1", "--no-deps"])?;
    let Metadata { packages } = serde_json::from_str(&metadata)?;
    let mut findings = edges(&packages);
    findings.extend(reserved(&packages));
    let built = packages::built(root, &["--workspace", "--edges=normal,build"])?;
    findings.extend(Deny::read(root)?.findings(&packages::read(root)?, &built));
    Ok(findings)
}

fn is_ours(name: &str) -> bool {
    name.starts_with("cognate-") || name == "xtask"
}

fn edges(packages: &[Package]) -> Vec<String> {
    let mut findings = Vec::new();
    for package in packages {
        let Some((_, allowed)) = EDGES.iter().find(|(name, _)| *name == package.name) else {
            findings.push(format!(
                "{} has no place in xtask/src/tidy/dependencies.rs",
                package.name
            ));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|d| is_ours(&d.name)) {
            let for_tests = dependency.kind.as_deref() == Some("dev");
            let fine = match for_tests {
                true => dependency.name == "cognate-testkit",
                false => allowed.contains(&dependency.name.as_str()),
            };
            if !fine {
                let how = if for_tests { " in its tests" } else { "" };
                findings.push(format!(
                    "{} must not know {}{how}",
                    package.name, dependency.name
                ));
            }
        }
    }
    findings
}

fn reserved(packages: &[Package]) -> Vec<String> {
    let mut findings = Vec::new();
    for package in packages {
        for dependency in package.dependencies.iter().filter(|d| d.kind.is_none()) {
            let rule = RESERVED.iter().find(|(name, _)| *name == dependency.name);
            if let Some((name, users)) = rule
                && !users.contains(&package.name.as_str())
            {
                findings.push(format!(
                    "{} must not use {name}; {} may",
                    package.name,
                    users.join(", ")
                ));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Package {
        let dependencies = dependencies.iter().map(|(name, kind)| Dependency {
            name: (*name).to_owned(),
            kind: kind.map(str::to_owned),
        });
        Package {
            name: name.to_owned(),
            dependencies: dependencies.collect(),
        }
    }

    #[test]
    fn an_edge_that_the_house_does_not_have_is_found() {
        let web = package(
            "cognate-web",
            &[("cognate-service", None), ("cognate-store", None)],
        );
        assert_eq!(edges(&[web]), ["cognate-web must not know cognate-store"]);
        let model = package(
            "cognate-model",
            &[("cognate-testkit", Some("dev")), ("serde", None)],
        );
        assert!(edges(&[model]).is_empty());
        let api = package("cognate-api", &[("cognate-model", Some("dev"))]);
        assert_eq!(
            edges(&[api]),
            ["cognate-api must not know cognate-model in its tests"]
        );
        let testkit = package("cognate-store", &[("cognate-testkit", None)]);
        assert_eq!(edges(&[testkit]).len(), 1);
    }

    #[test]
    fn a_crate_without_a_place_is_found() {
        assert_eq!(edges(&[package("cognate-utils", &[])]).len(), 1);
    }

    #[test]
    fn a_database_outside_store_is_found_unless_only_tests_use_it() {
        let service = package("cognate-service", &[("rusqlite", None)]);
        assert_eq!(
            reserved(&[service]),
            ["cognate-service must not use rusqlite; cognate-store may"]
        );
        let service = package("cognate-service", &[("rusqlite", Some("dev"))]);
        assert!(reserved(&[service]).is_empty());
    }
}
