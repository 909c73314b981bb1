//! The crates that the binary is made of, and those that only helped to make it.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;

use crate::packages::{self, Name, Package, Packages};

/// The crate whose binary is released.
const PROGRAM: &str = "--package=cognate-server";

/// What the binary holds of others, and what is known of it.
pub(super) struct Contents {
    packages: Packages,
    linked: BTreeSet<Name>,
    built: BTreeSet<Name>,
}

impl Contents {
    /// Asks cargo.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let packages = packages::read(root)?;
        let linked = packages::built(root, &[PROGRAM, "--edges=normal,no-proc-macro"])?;
        let built = packages::built(root, &[PROGRAM, "--edges=normal,build"])?;
        Ok(Self::new(packages, linked, built))
    }

    pub(super) fn new(packages: Packages, linked: BTreeSet<Name>, built: BTreeSet<Name>) -> Self {
        Self {
            packages,
            linked,
            built,
        }
    }

    /// All that cargo knows of.
    pub(super) fn packages(&self) -> &Packages {
        &self.packages
    }

    /// All that is compiled on the way to the binary, ours among it.
    pub(super) fn built(&self) -> &BTreeSet<Name> {
        &self.built
    }

    /// Crates of others whose code is in the binary.
    pub(super) fn linked(&self) -> impl Iterator<Item = &Package> {
        self.others(&self.linked)
    }

    /// Crates of others that ran when it was compiled: procedural macros, build scripts, and what
    /// those are made of.
    pub(super) fn tools(&self) -> impl Iterator<Item = &Package> {
        self.others(&self.built)
            .filter(|package| !self.linked.contains(&package.name))
    }

    /// What is built for one of them, or, with `None`, for the program itself: what crates of ours
    /// depend on.
    pub(super) fn dependencies<'a>(&'a self, of: Option<&'a Package>) -> BTreeSet<&'a Name> {
        let ours = self.packages.values().filter(|package| package.is_ours);
        let dependents: Vec<&Package> = match of {
            Some(package) => vec![package],
            None => ours.filter(|p| self.built.contains(&p.name)).collect(),
        };
        let dependencies = dependents.iter().flat_map(|package| &package.dependencies);
        dependencies
            .filter(|name| self.built.contains(name))
            .filter(|name| self.packages.get(name).is_some_and(|p| !p.is_ours))
            .collect()
    }

    fn others<'a>(&'a self, names: &'a BTreeSet<Name>) -> impl Iterator<Item = &'a Package> {
        let packages = names.iter().filter_map(|name| self.packages.get(name));
        packages.filter(|package| !package.is_ours)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use crate::packages::tests::{name, package};

    use super::*;

    /// A program of two crates of ours, made of `json`, by the help of `derive`; `idle` is known
    /// and not built.
    pub(in crate::release) fn contents() -> Contents {
        let [server, store, json, derive, idle] = [
            name("cognate-server", "0.1.0"),
            name("cognate-store", "0.1.0"),
            name("json", "1.2.0+spec"),
            name("derive", "3.0.0"),
            name("idle", "9.0.0"),
        ];
        let packages = [
            package(&server, None, &[&store, &json]),
            package(&store, None, &[&json, &derive]),
            package(&json, Some("MIT/Apache-2.0"), &[&derive, &idle]),
            package(&derive, Some("ISC"), &[]),
            package(&idle, Some("GPL-3.0-only"), &[]),
        ];
        let packages = packages.map(|package| (package.name.clone(), package));
        let linked = BTreeSet::from([server, store, json]);
        let built = linked.iter().cloned().chain([derive]).collect();
        Contents::new(packages.into(), linked, built)
    }

    fn names<'a>(packages: impl Iterator<Item = &'a Package>) -> Vec<String> {
        packages.map(|package| package.name.to_string()).collect()
    }

    #[test]
    fn what_is_linked_is_told_from_what_only_helped_and_from_what_is_not_built() {
        let contents = contents();
        assert_eq!(names(contents.linked()), ["json 1.2.0+spec"]);
        assert_eq!(names(contents.tools()), ["derive 3.0.0"]);
    }

    #[test]
    fn crates_of_ours_are_one_program_that_depends_on_what_any_of_them_does() {
        let contents = contents();
        let told = contents.dependencies(None);
        assert_eq!(
            told.iter()
                .map(|name| name.name.as_str())
                .collect::<Vec<_>>(),
            ["derive", "json"]
        );
    }
}
