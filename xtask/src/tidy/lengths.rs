//! What is too long to be read in one glance: comments beyond 100 columns, functions beyond 70
//! lines.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

const COLUMNS: usize = 100;
const LINES: usize = 70;

/// Functions that are longer and stand: file and name. The list only gets shorter.
const STANDING: &[(&str, &str)] = &[
    (
        "crates/crypto/src/sigv4/tests.rs",
        "an_authorization_header_that_is_not_whole_is_refused",
    ),
    ("crates/server/src/node.rs", "serve"),
];

/// All findings.
pub(super) fn check(root: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for folder in ["crates", "xtask"] {
        collect(&root.join(folder), &mut files)?;
    }
    files.sort();
    let (mut findings, mut long) = (Vec::new(), Vec::new());
    for path in files {
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let shown = path.strip_prefix(root).unwrap_or(&path);
        let shown = shown.display().to_string();
        findings.extend(
            long_comments(&text)
                .into_iter()
                .map(|line| format!("{shown}:{line}: a comment is longer than {COLUMNS} columns")),
        );
        if is_generated(&text) {
            continue;
        }
        for (name, lines) in long_functions(&text) {
            if !STANDING.contains(&(shown.as_str(), name.as_str())) {
                findings.push(format!(
                    "{shown}: {name} has {lines} lines, {LINES} at most"
                ));
            }
            long.push((shown.clone(), name));
        }
    }
    for (file, name) in STANDING {
        if !long.iter().any(|(of, other)| of == file && other == name) {
            findings.push(format!(
                "{file}: {name} is not too long any more: take it out of the list in tidy"
            ));
        }
    }
    Ok(findings)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

fn is_generated(text: &str) -> bool {
    text.lines().take(5).any(|line| line.contains("@generated"))
}

/// The numbers of the lines that are comments beyond the last column.
fn long_comments(text: &str) -> Vec<usize> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| line.trim_start().starts_with("//") && line.chars().count() > COLUMNS)
        .map(|(number, _)| number + 1)
        .collect()
}

/// The functions that are too long, with their lines. The text is as rustfmt leaves it: a function
/// ends with a brace under its first letter.
fn long_functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut long = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let Some(name) = function(line) else {
            continue;
        };
        let indent = line.len() - line.trim_start().len();
        let closes = |line: &&str| {
            line.len() > indent
                && line.trim_start().len() + indent == line.len()
                && line.trim_start().starts_with('}')
        };
        let rest = lines.get(start..).unwrap_or_default();
        let length = rest.iter().position(closes).map_or(0, |end| end + 1);
        // A function without a body, in a trait, has no brace of its own.
        let has_body = rest.iter().take(length).any(|line| line.ends_with('{'));
        if has_body && length > LINES {
            long.push((name.to_owned(), length));
        }
    }
    long
}

/// The name of the function that begins on a line.
fn function(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace();
    let before = [
        "pub",
        "pub(crate)",
        "pub(super)",
        "const",
        "async",
        "unsafe",
    ];
    let first = words.find(|word| !before.contains(word))?;
    let rest = words.next().filter(|_| first == "fn")?;
    let end = rest.find(['(', '<']).unwrap_or(rest.len());
    rest.get(..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_measured_in_characters() {
        let fits = format!("// {}", "ä".repeat(97));
        let long = format!("    /// {}", "a".repeat(93));
        let code = format!("let text = \"{}\";", "a".repeat(120));
        assert_eq!(long_comments(&format!("{fits}\n{long}\n{code}\n")), [2]);
    }

    #[test]
    fn a_function_of_71_lines_is_found_with_its_name() {
        let body = |lines: usize| "        a();\n".repeat(lines);
        for (lines, found) in [(68, 0), (69, 1)] {
            let text = format!(
                "impl A {{\n    pub(crate) async fn long<T>(a: T) {{\n{}    }}\n\n    fn short() {{}}\n}}\n",
                body(lines)
            );
            let long = long_functions(&text);
            assert_eq!(long.len(), found, "{lines}");
            assert!(
                long.iter()
                    .all(|(name, lines)| name == "long" && *lines == 71)
            );
        }
    }

    #[test]
    fn what_is_generated_is_told_by_its_head() {
        assert!(is_generated("// @generated by cargo xtask codegen\n"));
        assert!(!is_generated("//! A page.\n"));
    }
}
