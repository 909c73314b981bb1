//! deny.toml: which licences a crate of others may have, and which crates may not come in at all.
//! It is the one list, for cargo-deny and for us.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::packages::{Name, Package, Packages};

mod expression;

/// What of deny.toml we hold ourselves.
#[derive(Debug, Deserialize)]
pub(crate) struct Deny {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Debug, Deserialize)]
struct Licenses {
    allow: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Debug, Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

impl Deny {
    /// Reads the file.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(root.join("deny.toml")).context("read deny.toml")?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self> {
        toml::from_str(text).context("deny.toml")
    }

    /// A sentence for each crate among those that are built that is banned, or whose licence we may
    /// not take.
    pub(crate) fn findings(&self, packages: &Packages, built: &BTreeSet<Name>) -> Vec<String> {
        let mut findings = Vec::new();
        for name in built {
            let ban = self.bans.deny.iter().find(|ban| ban.name == name.name);
            findings.extend(ban.map(|ban| format!("{name} is banned: {}", ban.reason)));
            match packages.get(name) {
                None => findings.push(format!("{name} is built and not in cargo metadata")),
                Some(package) => findings.extend(self.licence_finding(package)),
            }
        }
        findings
    }

    fn licence_finding(&self, package: &Package) -> Option<String> {
        if package.is_ours {
            return None;
        }
        let name = &package.name;
        let Some(license) = &package.license else {
            return Some(format!("{name} names no licence"));
        };
        match expression::is_satisfied(license, &self.licenses.allow) {
            Ok(true) => None,
            Ok(false) => Some(format!(
                "{name} is under {license}, which deny.toml does not allow"
            )),
            Err(error) => Some(format!("{name} is under «{license}»: {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use crate::packages::tests::{name, package};

    use super::*;

    fn deny() -> Deny {
        Deny::parse(
            "[licenses]\nallow = [\"MIT\"]\n[bans]\ndeny = [{ crate = \"ring\", reason = \"two libraries\" }]",
        )
        .unwrap()
    }

    fn findings(of: &str, license: Option<&str>) -> Vec<String> {
        let name = name(of, "1.0.0");
        let packages = Packages::from([(name.clone(), package(&name, license, &[]))]);
        deny().findings(&packages, &BTreeSet::from([name]))
    }

    #[test]
    fn a_licence_that_is_not_allowed_is_found_and_ours_is_not_asked_for() {
        assert!(findings("fine", Some("MIT OR GPL-3.0-only")).is_empty());
        assert!(findings("ours", None).is_empty());
        assert_eq!(
            findings("copyleft", Some("GPL-3.0-only")),
            ["copyleft 1.0.0 is under GPL-3.0-only, which deny.toml does not allow"]
        );
        assert_eq!(findings("odd", Some("MIT OR")).len(), 1);
    }

    #[test]
    fn a_crate_of_others_without_a_licence_is_found() {
        let name = name("nameless", "1.0.0");
        let mut nameless = package(&name, Some("MIT"), &[]);
        nameless.license = None;
        let packages = Packages::from([(name.clone(), nameless)]);
        assert_eq!(
            deny().findings(&packages, &BTreeSet::from([name])),
            ["nameless 1.0.0 names no licence"]
        );
    }

    #[test]
    fn a_banned_crate_is_found_by_its_whole_name_where_it_is_built() {
        assert_eq!(
            findings("ring", Some("MIT")),
            ["ring 1.0.0 is banned: two libraries"]
        );
        assert!(findings("string", Some("MIT")).is_empty());
        // In the metadata, as an optional crate that no feature switches on.
        let name = name("ring", "1.0.0");
        let packages = Packages::from([(name.clone(), package(&name, Some("MIT"), &[]))]);
        assert!(deny().findings(&packages, &BTreeSet::new()).is_empty());
    }

    #[test]
    fn the_file_of_this_repository_bans_every_aws_sdk_by_what_they_all_stand_on() {
        let text = include_str!("../../deny.toml");
        let deny = Deny::parse(text).unwrap();
        assert!(deny.bans.deny.iter().any(|ban| ban.name == "aws-runtime"));
    }
}
