//! The rooms of the service: no operation imports another. What two of them need is a file of its
//! own in the room that it belongs to.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;

use super::uses::{self, Uses};

const PACKAGE: &str = "crates/service";
/// The file that lists of operations are made with.
const REGISTRY: &str = "registry.rs";

/// All findings.
pub(super) fn check(root: &Path) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for (package, uses) in uses::of_all(root)? {
        if package == PACKAGE {
            let found = findings_in(&uses).into_iter();
            findings.extend(found.map(|finding| format!("{package}/src: {finding}")));
        }
    }
    Ok(findings)
}

fn findings_in(uses: &Uses) -> Vec<String> {
    // A room's own file uses others for its list of operations, and for nothing else.
    let rooms = uses
        .iter()
        .filter(|(file, others)| file.ends_with("/mod.rs") && others.contains_key(REGISTRY));
    let operations: BTreeSet<&String> = rooms
        .flat_map(|(_, others)| others.keys())
        .filter(|file| *file != REGISTRY)
        .collect();
    let mut findings = Vec::new();
    if operations.is_empty() {
        findings.push("no room lists an operation in a form that is understood here".to_owned());
    }
    for file in &operations {
        let others = uses.get(*file).into_iter().flatten();
        for (other, path) in others.filter(|(other, _)| operations.contains(other)) {
            findings.push(format!(
                "{file} uses {other} ({path}): an operation imports no other"
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_that_imports_another_is_found() {
        let pairs = [
            ("users/mod.rs", "registry.rs"),
            ("users/mod.rs", "users/one.rs"),
            ("tokens/mod.rs", "registry.rs"),
            ("tokens/mod.rs", "tokens/two.rs"),
            ("users/one.rs", "users/rules.rs"),
            ("users/rules.rs", "tokens/two.rs"),
            ("tokens/two.rs", "users/one.rs"),
        ];
        let mut uses = Uses::new();
        for (user, used) in pairs {
            let others = uses.entry(user.to_owned()).or_default();
            others.insert(used.to_owned(), "crate::x".to_owned());
        }
        let told = "tokens/two.rs uses users/one.rs (crate::x): an operation imports no other";
        assert_eq!(findings_in(&uses), [told]);
    }

    #[test]
    fn a_service_without_rooms_is_a_finding() {
        assert_eq!(findings_in(&Uses::new()).len(), 1);
    }
}
