//! Files that use each other in a circle. Such a circle hides a thing that wants a place of its
//! own, and nobody can read one of its files without the others.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use anyhow::Result;

use super::uses::{self, Uses};

/// Packages whose files may go in circles.
const EXEMPT: &[&str] = &[
    // A server makes pools that hold the server, and so on down to a user's tokens: it is the story
    // that tests tell.
    "crates/testkit",
];

/// All findings.
pub(super) fn check(root: &Path) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for (package, uses) in uses::of_all(root)? {
        if EXEMPT.contains(&package.as_str()) {
            if circles(&uses).is_empty() {
                findings.push(format!(
                    "{package}/src has no circle any more: take it out of the list in tidy"
                ));
            }
            continue;
        }
        let found = circles(&uses).into_iter();
        findings.extend(found.map(|circle| format!("{package}/src: {circle}")));
    }
    Ok(findings)
}

/// The circles, each in words: its files, and one chain of imports that leads round.
fn circles(uses: &Uses) -> Vec<String> {
    let reached: BTreeMap<&str, BTreeSet<&str>> = uses
        .keys()
        .map(|file| (file.as_str(), reached_from(uses, file)))
        .collect();
    let mut told = BTreeSet::new();
    let mut circles = Vec::new();
    for (file, others) in &reached {
        if !others.contains(file) || told.contains(file) {
            continue;
        }
        let comes_back = |other: &&&str| reached.get(**other).is_some_and(|of| of.contains(file));
        let members: Vec<&str> = others.iter().filter(comes_back).copied().collect();
        told.extend(members.iter().copied());
        circles.push(format!(
            "{} use each other in a circle: {}",
            members.join(", "),
            chain(uses, file).join("; "),
        ));
    }
    circles
}

/// The files that a file uses, and those that they use.
fn reached_from<'a>(uses: &'a Uses, file: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&str> = vec![file];
    while let Some(next) = open.pop() {
        for other in uses.get(next).into_iter().flat_map(BTreeMap::keys) {
            if reached.insert(other.as_str()) {
                open.push(other);
            }
        }
    }
    reached
}

/// The shortest way from a file back to itself, a sentence for each step.
fn chain(uses: &Uses, file: &str) -> Vec<String> {
    // Each file that was come to, with the one that it was come to from.
    let mut from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut open = VecDeque::from([file]);
    while let Some(next) = open.pop_front() {
        for other in uses.get(next).into_iter().flat_map(BTreeMap::keys) {
            if !from.contains_key(other.as_str()) {
                from.insert(other, next);
                open.push_back(other);
            }
        }
        if from.contains_key(file) {
            break;
        }
    }
    let mut steps = Vec::new();
    let mut at = file;
    while let Some(before) = from.get(at).copied() {
        let path = uses.get(before).and_then(|others| others.get(at));
        let path = path.map_or("", String::as_str);
        steps.push(format!("{before} uses {at} ({path})"));
        at = before;
        if at == file {
            break;
        }
    }
    steps.reverse();
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    /// These files use those.
    fn uses(pairs: &[(&str, &str)]) -> Uses {
        let mut uses = Uses::new();
        for (user, used) in pairs {
            let others = uses.entry((*user).to_owned()).or_default();
            others.insert((*used).to_owned(), format!("crate::{used}"));
        }
        uses
    }

    #[test]
    fn a_circle_is_told_with_its_files_and_the_imports_that_lead_round() {
        let uses = uses(&[("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("e", "a")]);
        let told = "a, b, c use each other in a circle: a uses b (crate::b); \
                    b uses c (crate::c); c uses a (crate::a)";
        assert_eq!(circles(&uses), [told]);
    }

    #[test]
    fn two_circles_are_two_findings_and_a_line_is_none() {
        let line = uses(&[("a", "b"), ("b", "c"), ("a", "c")]);
        assert!(circles(&line).is_empty());
        let two = uses(&[("a", "b"), ("b", "a"), ("c", "d"), ("d", "c"), ("b", "c")]);
        assert_eq!(circles(&two).len(), 2);
    }
}
