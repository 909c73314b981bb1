//! What cites docs/protocol.md: each number is a heading there, and nothing cites notes that the
//! repository does not have.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::tracked::tracked_texts;

const PAGE: &str = "docs/protocol.md";

/// Citations of notes outside the repository, cut in two so that this file cites none.
const OUTSIDE: [&str; 2] = [concat!("facts", " §"), concat!("../", "shared")];

/// Words before a `§` of another document, as in `OpenID Connect Core §5.1`. `RFC 5054 §2.5` is
/// known by its second word.
const OTHER_DOCUMENTS: [&str; 2] = ["Core", "Discovery"];

/// Finds citations that lead nowhere.
pub(super) fn check(root: &Path) -> Result<Vec<String>> {
    let page = std::fs::read_to_string(root.join(PAGE)).context(PAGE)?;
    let (numbers, mut findings) = headings(&page);
    for (name, text) in tracked_texts(root)? {
        findings.extend(findings_in(&name, &text, &numbers));
    }
    Ok(findings)
}

/// The numbers that the page's headings have, and a finding for each that two headings have.
fn headings(page: &str) -> (BTreeSet<String>, Vec<String>) {
    let mut numbers = BTreeSet::new();
    let mut findings = Vec::new();
    for (at, line) in page.lines().enumerate() {
        let Some(heading) = line
            .strip_prefix("## ")
            .or_else(|| line.strip_prefix("### §"))
        else {
            continue;
        };
        let number = number_at(heading);
        if !number.is_empty() && !numbers.insert(number.to_owned()) {
            findings.push(format!("{PAGE}:{}: §{number} is there twice", at + 1));
        }
    }
    (numbers, findings)
}

fn findings_in(name: &str, text: &str, numbers: &BTreeSet<String>) -> Vec<String> {
    let mut findings = Vec::new();
    let page = Flat::of(text);
    for outside in OUTSIDE {
        for (at, _) in page.text.match_indices(outside) {
            let line = page.line_of(at);
            findings.push(format!("{name}:{line}: cites notes outside the repository"));
        }
    }
    let cited = if name == PAGE {
        own_references(&page.text)
    } else {
        citations(&page.text)
    };
    for (at, number) in cited {
        if !numbers.contains(number) {
            let line = page.line_of(at);
            findings.push(format!("{name}:{line}: {PAGE} has no §{number}"));
        }
    }
    findings
}

/// The numbers behind `protocol.md`: one, or several as in `protocol.md §3.2, §3.4 and §3.5`.
fn citations(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (at, word) in text.match_indices("protocol.md") {
        let mut rest = text.get(at + word.len()..).unwrap_or_default();
        while let Some(cited) = [" §", ", §", " and §"]
            .iter()
            .find_map(|between| rest.strip_prefix(between))
        {
            let number = number_at(cited);
            found.push((at, number));
            rest = cited.get(number.len()..).unwrap_or_default();
        }
    }
    found
}

/// The numbers that the page itself refers to.
fn own_references(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (at, sign) in text.match_indices('§') {
        let before = text.get(..at).unwrap_or_default();
        let mut words = before.split_whitespace().rev();
        let (last, one_before) = (words.next(), words.next());
        let is_others = one_before.is_some_and(|word| word.trim_start_matches('(') == "RFC")
            || last.is_some_and(|word| OTHER_DOCUMENTS.contains(&word));
        if !is_others {
            found.push((
                at,
                number_at(text.get(at + sign.len()..).unwrap_or_default()),
            ));
        }
    }
    found
}

/// The number that a text begins with, as `3` or `3.4`; a full stop that ends a sentence is no part
/// of it.
fn number_at(text: &str) -> &str {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    text.get(..end).unwrap_or_default().trim_end_matches('.')
}

/// A text in one line, without what opens a comment's lines, so that a citation may be broken
/// anywhere.
struct Flat {
    text: String,
    /// Where each line begins in `text`.
    starts: Vec<usize>,
}

impl Flat {
    fn of(text: &str) -> Self {
        let mut flat = Self {
            text: String::with_capacity(text.len()),
            starts: Vec::new(),
        };
        for line in text.lines() {
            flat.starts.push(flat.text.len());
            let line = line.trim_start();
            let line = ["//!", "///", "//", "#", "*", "--"]
                .iter()
                .find_map(|opening| line.strip_prefix(opening))
                .unwrap_or(line);
            flat.text.push_str(line.trim());
            flat.text.push(' ');
        }
        flat
    }

    fn line_of(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str =
        "# Page\n## 3 SRP\n### §3.1 Group\nSee §3.2 (RFC 5054 §9.9).\n### §3.2 PAD\n";

    fn found(name: &str, text: &str) -> Vec<String> {
        findings_in(name, text, &headings(SMALL).0)
    }

    #[test]
    fn a_number_that_the_page_lacks_is_found_with_its_line() {
        assert_eq!(
            found("a.rs", "//! x\n// docs/protocol.md §3.3\n"),
            ["a.rs:2: docs/protocol.md has no §3.3"]
        );
        assert_eq!(
            found("a.rs", "// (docs/protocol.md §3.1, §3.2 and §4)").len(),
            1
        );
    }

    #[test]
    fn numbers_that_the_page_has_pass_wherever_a_line_is_broken() {
        let text =
            "/// PAD (docs/protocol.md\n/// §3.2). See docs/protocol.md §3.1, §3.2 and §3.\n";
        assert!(found("a.rs", text).is_empty());
        assert_eq!(found("a.rs", "/// docs/protocol.md\n    /// §3.9").len(), 1);
        assert!(found("a.rs", "// RFC 5054 §9.9; docs/protocol.md").is_empty());
    }

    #[test]
    fn the_page_refers_to_itself_and_to_other_documents() {
        assert!(found(PAGE, SMALL).is_empty());
        let wrong = format!("{SMALL}As in §3.7, and in OpenID Connect Core §5.1.\n");
        assert_eq!(
            found(PAGE, &wrong),
            ["docs/protocol.md:6: docs/protocol.md has no §3.7"]
        );
    }

    #[test]
    fn a_number_is_given_once() {
        let (numbers, findings) = headings(&format!("{SMALL}### §3.1 Again\n"));
        assert_eq!(numbers.len(), 3);
        assert_eq!(findings, ["docs/protocol.md:6: §3.1 is there twice"]);
    }

    #[test]
    fn notes_outside_the_repository_are_not_cited() {
        for outside in OUTSIDE {
            let text = format!("// seen in {outside}9");
            assert_eq!(
                found("a.rs", &text),
                ["a.rs:1: cites notes outside the repository"]
            );
        }
    }
}
