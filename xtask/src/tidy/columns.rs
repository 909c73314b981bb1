//! Comments and pages keep to 100 columns, so that two files fit side by side.

use std::path::Path;

use anyhow::Result;

use super::tracked::tracked_texts;

const COLUMNS: usize = 100;

/// Finds lines that are longer.
pub(super) fn check(root: &Path) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for (name, text) in tracked_texts(root)? {
        let extension = kind_of(&name, &text);
        if text.lines().take(3).any(|line| line.contains("@generated")) {
            continue;
        }
        findings.extend(
            too_long(extension, &text)
                .map(|line| format!("{name}:{line}: more than {COLUMNS} columns")),
        );
    }
    Ok(findings)
}

/// What a file is, by the end of its name; a script without one by its first line.
fn kind_of<'a>(name: &'a str, text: &str) -> &'a str {
    let file = name.rsplit('/').next().unwrap_or(name);
    match file.rsplit_once('.') {
        Some((_, extension)) => extension,
        None if text.starts_with("#!") => "sh",
        None => "",
    }
}

/// The numbers of the lines of prose that are too long: comments in source, and everything in a
/// page but tables and examples.
fn too_long(extension: &str, text: &str) -> impl Iterator<Item = usize> {
    let mark: &[&str] = match extension {
        "rs" | "js" | "mjs" => &["//", "/*", "* "],
        "py" | "sh" | "toml" | "yml" | "service" => &["#"],
        "md" => &[""],
        _ => &[],
    };
    let is_page = extension == "md";
    let mut in_example = false;
    text.lines().enumerate().filter_map(move |(at, line)| {
        let words = line.trim_start();
        if is_page && words.starts_with("```") {
            in_example = !in_example;
        }
        let is_prose = mark.iter().any(|mark| words.starts_with(mark))
            && !in_example
            && !(is_page && words.starts_with('|'));
        // An address cannot be broken.
        let can_break = words.split_whitespace().count() > 2;
        (is_prose && can_break && line.chars().count() > COLUMNS).then_some(at + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(extension: &str, text: &str) -> Vec<usize> {
        too_long(extension, text).collect()
    }

    #[test]
    fn a_comment_that_is_too_long_is_found_and_code_is_left_to_rustfmt() {
        let words = "word ".repeat(25);
        let text = format!("/// {words}\nlet text = \"{words}\";\n    // {words}\n// short\n");
        assert_eq!(found("rs", &text), [1, 3]);
        assert_eq!(found("py", &format!("# {words}\nprint('{words}')\n")), [1]);
        assert!(found("json", &words).is_empty());
    }

    #[test]
    fn a_page_may_have_long_rows_examples_and_addresses() {
        let words = "word ".repeat(25);
        let address = format!("See https://example.com/{}", "a".repeat(100));
        let page = format!("{words}\n| {words} |\n```sh\n{words}\n```\n{address}\n- {words}\n");
        assert_eq!(found("md", &page), [1, 7]);
    }

    #[test]
    fn a_script_is_known_by_its_first_line_where_its_name_has_no_end() {
        assert_eq!(kind_of("e2e/run", "#!/usr/bin/env python3\n"), "sh");
        assert_eq!(kind_of(".ci/run", "#!/usr/bin/env bash\n"), "sh");
        assert_eq!(kind_of("LICENSE", "Apache\n"), "");
        assert_eq!(kind_of("a.b/page.md", ""), "md");
    }

    #[test]
    fn columns_are_characters_and_not_bytes() {
        assert!(found("rs", &format!("// a b {}", "é".repeat(90))).is_empty());
    }
}
