//! THIRD-PARTY: whose code the binary holds, under which licences, and the texts of those, which
//! most of them ask for wherever the code goes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::contents::Contents;

/// How the names of files with a licence's text begin.
const BEGINNINGS: [&str; 5] = ["licen", "copying", "notice", "unlicense", "copyright"];

/// Folders whose contents are not compiled.
const PASSED_OVER: [&str; 4] = ["tests", "examples", "benches", "fuzz"];

/// The document's text.
pub(super) fn document(contents: &Contents) -> Result<String> {
    let mut text = String::from(
        "Cognate holds code of others. Each library is named with its version and its licence, and\n\
         with the numbers of the texts below that its authors ship with it.\n\n",
    );
    let mut texts = Texts::default();
    for package in contents.linked() {
        let license = package.license.as_deref().unwrap_or("no licence named");
        let mut numbers = Vec::new();
        for path in licence_files(&package.folder)? {
            let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
            numbers.push(texts.number(&String::from_utf8_lossy(&bytes)).to_string());
        }
        numbers.dedup();
        let numbers = match numbers.as_slice() {
            [] => "no text".to_owned(),
            numbers => numbers.join(", "),
        };
        text.push_str(&format!("{}: {license} [{numbers}]\n", package.name));
    }
    for (number, licence) in texts.in_order() {
        let line = "-".repeat(80);
        text.push_str(&format!("\n{line}\n[{number}]\n\n{licence}\n"));
    }
    Ok(text)
}

/// Texts, each once, numbered as they come.
#[derive(Default)]
struct Texts(BTreeMap<String, usize>);

impl Texts {
    fn number(&mut self, text: &str) -> usize {
        // The same text with other line ends or spaces at a line's end is the same.
        let lines: Vec<&str> = text.trim().lines().map(str::trim_end).collect();
        let next = self.0.len() + 1;
        *self.0.entry(lines.join("\n")).or_insert(next)
    }

    fn in_order(&self) -> Vec<(usize, &str)> {
        let mut texts: Vec<_> = self.0.iter().map(|(text, n)| (*n, text.as_str())).collect();
        texts.sort_unstable();
        texts
    }
}

/// The files of a crate that look like licences, in order.
fn licence_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if folder.is_dir() {
        collect(folder, &mut found)?;
    }
    found.sort();
    Ok(found)
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().to_lowercase();
        if entry.file_type()?.is_dir() {
            if !PASSED_OVER.contains(&name.as_str()) {
                collect(&path, found)?;
            }
        } else if is_licence(&name) {
            found.push(path);
        }
    }
    Ok(())
}

/// Whether a file's name, in lower case, is that of a licence and not of code about licences.
fn is_licence(name: &str) -> bool {
    let is_text = match name.rsplit_once('.') {
        None => true,
        Some((_, ending)) => !matches!(ending, "rs" | "c" | "h" | "toml" | "json" | "py"),
    };
    is_text && BEGINNINGS.iter().any(|begin| name.starts_with(begin))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use crate::release::contents::tests::contents;

    use super::*;

    #[test]
    fn what_is_in_the_binary_is_named_with_its_licence_and_nothing_else_is() {
        let text = document(&contents()).unwrap();
        assert!(
            text.contains("\njson 1.2.0+spec: MIT/Apache-2.0 [no text]\n"),
            "{text}"
        );
        assert!(!text.contains("derive") && !text.contains("cognate-store"));
    }

    #[test]
    fn a_text_that_several_libraries_share_stands_once() {
        let mut texts = Texts::default();
        let numbers = ["MIT\nas is", "ISC", "MIT  \r\nas is\n"].map(|text| texts.number(text));
        assert_eq!(numbers, [1, 2, 1]);
        assert_eq!(texts.in_order(), [(1, "MIT\nas is"), (2, "ISC")]);
    }

    #[test]
    fn licences_are_known_by_their_files_names() {
        for (name, expected) in [
            ("license-mit", true),
            ("licence.md", true),
            ("copying", true),
            ("unlicense", true),
            ("license.rs", false),
            ("readme.md", false),
        ] {
            assert_eq!(is_licence(name), expected, "{name}");
        }
    }
}
