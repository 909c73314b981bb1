//! The bill of materials, as CycloneDX 1.5 writes it in JSON: every crate of others with its
//! licence, its sum in the registry and what it is built with, and the libraries in C that crates
//! bring along, whose vulnerabilities are known by their own names.

use anyhow::{Context as _, Result};
use cognate_crypto::digest::{hex_encode, sha256};
use serde_json::{Value, json};

use super::contents::Contents;
use super::source::Source;
use crate::packages::{Name, Package};

/// A library in C inside a crate.
struct Bundled {
    /// The crate that brings it.
    within: &'static str,
    name: &'static str,
    /// Where its version stands, as `#define MACRO "1.2.3"`.
    header: &'static str,
    macro_name: &'static str,
    /// Its name in the list of vulnerabilities, up to the version.
    cpe: &'static str,
}

const BUNDLED: &[Bundled] = &[
    Bundled {
        within: "libsqlite3-sys",
        name: "sqlite",
        header: "sqlite3/sqlite3.h",
        macro_name: "SQLITE_VERSION",
        cpe: "cpe:2.3:a:sqlite:sqlite",
    },
    Bundled {
        within: "aws-lc-sys",
        name: "aws-lc",
        header: "aws-lc/include/openssl/base.h",
        macro_name: "AWSLC_VERSION_NUMBER_STRING",
        cpe: "cpe:2.3:a:amazon:aws-lc",
    },
];

/// The document's text.
pub(super) fn document(contents: &Contents, source: &Source) -> Result<String> {
    let program = format!("pkg:generic/cognate@{}", encoded(&source.version));
    let mut components: Vec<Value> = contents
        .linked()
        .map(|package| component(package, "required"))
        .chain(
            contents
                .tools()
                .map(|package| component(package, "excluded")),
        )
        .collect();
    let mut dependencies = vec![json!({
        "ref": program,
        "dependsOn": references(contents, None),
    })];
    for package in contents.linked().chain(contents.tools()) {
        let mut depends_on = references(contents, Some(package));
        if let Some(library) = BUNDLED.iter().find(|b| b.within == package.name.name) {
            let (reference, component) = library.component(package)?;
            components.push(component);
            dependencies.push(json!({ "ref": reference, "dependsOn": [] }));
            depends_on.push(reference);
        }
        dependencies.push(json!({ "ref": purl(&package.name), "dependsOn": depends_on }));
    }
    let bill = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": serial_number(&source.commit, &components),
        "version": 1,
        "metadata": {
            "timestamp": source.time,
            "lifecycles": [{ "phase": "build" }],
            "tools": { "components": [{ "type": "application", "name": "cargo xtask release", "version": source.version }] },
            "component": {
                "type": "application",
                "bom-ref": program,
                "name": "cognate",
                "version": source.version,
                "purl": program,
                "licenses": [{ "license": { "id": "Apache-2.0" } }],
                "properties": [
                    { "name": "cognate:commit", "value": source.commit },
                    { "name": "cognate:target", "value": source.triple },
                ],
            },
        },
        "components": components,
        "dependencies": dependencies,
    });
    Ok(format!("{bill:#}\n"))
}

/// A crate. What is in the binary is required by it, and what only helped to make it is excluded.
fn component(package: &Package, scope: &str) -> Value {
    let Name { name, version } = &package.name;
    let mut component = json!({
        "type": "library",
        "bom-ref": purl(&package.name),
        "name": name,
        "version": version,
        "scope": scope,
        "purl": purl(&package.name),
    });
    if let Some(license) = &package.license {
        component["licenses"] = json!([{ "expression": expression(license) }]);
    }
    if let Some(checksum) = &package.checksum {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
    }
    if let Some(description) = &package.description {
        component["description"] = json!(description.trim());
    }
    if let Some(repository) = &package.repository {
        component["externalReferences"] = json!([{ "type": "vcs", "url": repository }]);
    }
    component
}

impl Bundled {
    /// Its reference and its entry.
    fn component(&self, within: &Package) -> Result<(String, Value)> {
        let header = within.folder.join(self.header);
        let text = std::fs::read_to_string(&header)
            .with_context(|| format!("{}: the version of {}", header.display(), self.name))?;
        let version = defined(&text, self.macro_name)
            .with_context(|| format!("{} has no {}", header.display(), self.macro_name))?;
        let reference = format!("pkg:generic/{}@{version}", self.name);
        let component = json!({
            "type": "library",
            "bom-ref": reference,
            "name": self.name,
            "version": version,
            "scope": "required",
            "purl": reference,
            "cpe": format!("{}:{version}:*:*:*:*:*:*:*", self.cpe),
        });
        Ok((reference, component))
    }
}

/// The text that a header defines a macro as.
fn defined<'a>(header: &'a str, macro_name: &str) -> Option<&'a str> {
    header.lines().find_map(|line| {
        let mut words = line.strip_prefix("#define ")?.split_whitespace();
        let is_it = words.next() == Some(macro_name);
        let value = words.next()?.strip_prefix('"')?.strip_suffix('"')?;
        is_it.then_some(value)
    })
}

fn references(contents: &Contents, of: Option<&Package>) -> Vec<String> {
    contents.dependencies(of).into_iter().map(purl).collect()
}

/// The name of a crate among all packages of the world.
fn purl(Name { name, version }: &Name) -> String {
    format!("pkg:cargo/{name}@{}", encoded(version))
}

/// A version has digits, letters, full stops and hyphens, and may have a plus.
fn encoded(version: &str) -> String {
    version.replace('+', "%2B")
}

/// What SPDX knows: older manifests write a slash for OR.
fn expression(license: &str) -> String {
    let parts: Vec<&str> = license.split('/').map(str::trim).collect();
    parts.join(" OR ")
}

/// A UUID of version 8, the same for the same contents, so that a repeated release is the same.
fn serial_number(commit: &str, components: &[Value]) -> String {
    let all = Value::from(components).to_string();
    let digits = hex_encode(&sha256(&[commit.as_bytes(), b"\0", all.as_bytes()]));
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    format!(
        "urn:uuid:{}-{}-8{}-8{}-{}",
        part(0, 8),
        part(8, 12),
        part(12, 15),
        part(15, 18),
        part(18, 30)
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use crate::release::contents::tests::contents;
    use crate::release::source::tests::source;

    use super::*;

    fn bill() -> Value {
        serde_json::from_str(&document(&contents(), &source("0.1.0")).unwrap()).unwrap()
    }

    #[test]
    fn each_crate_of_others_that_is_built_is_a_component_and_no_other() {
        let bill = bill();
        let components = bill["components"].as_array().unwrap();
        let told: Vec<_> = components
            .iter()
            .map(|c| (c["purl"].as_str().unwrap(), c["scope"].as_str().unwrap()))
            .collect();
        assert_eq!(
            told,
            [
                ("pkg:cargo/json@1.2.0%2Bspec", "required"),
                ("pkg:cargo/derive@3.0.0", "excluded")
            ]
        );
        let json = &components[0];
        assert_eq!(json["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(json["hashes"][0]["content"], "00".repeat(32));
    }

    #[test]
    fn the_graph_leads_from_the_program_to_all_components_and_names_nothing_else() {
        let bill = bill();
        let edges = bill["dependencies"].as_array().unwrap();
        let edge = |of: &str| {
            let found = edges.iter().find(|edge| edge["ref"] == of).unwrap();
            found["dependsOn"].clone()
        };
        let json = "pkg:cargo/json@1.2.0%2Bspec";
        let program = bill["metadata"]["component"]["bom-ref"].as_str().unwrap();
        assert_eq!(edge(program), json!(["pkg:cargo/derive@3.0.0", json]));
        assert_eq!(edge(json), json!(["pkg:cargo/derive@3.0.0"]));
        assert_eq!(edges.len(), 3);
    }

    #[test]
    fn the_serial_number_is_a_uuid_that_only_the_contents_decide() {
        let number = |commit: &str| serial_number(commit, &[json!({ "name": "a" })]);
        assert_eq!(number("1"), number("1"));
        assert_ne!(number("1"), number("2"));
        let one = number("1");
        let lengths = one.strip_prefix("urn:uuid:").unwrap().split('-');
        assert_eq!(lengths.map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
    }

    #[test]
    fn the_version_of_a_library_in_c_is_read_from_its_header() {
        let header = "/* X */\n#define SQLITE_VERSION_NUMBER 3054001\n#define SQLITE_VERSION        \"3.54.1\"\n";
        assert_eq!(defined(header, "SQLITE_VERSION"), Some("3.54.1"));
        assert_eq!(defined(header, "SQLITE_SOURCE_ID"), None);
    }
}
