//! What a merge leaves behind: the marks around a place that two sides changed, in any file that
//! git tracks.

use std::path::Path;

use anyhow::Result;

use super::tracked::tracked_texts;

/// The marks that stand at the beginning of a line. The one between the two sides is a heading's
/// line in some texts, so it is not asked for.
const MARKS: [&str; 2] = ["<<<<<<< ", ">>>>>>> "];

/// Finds the marks.
pub(super) fn check(root: &Path) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for (name, text) in tracked_texts(root)? {
        findings
            .extend(marked(&text).map(|line| format!("{name}:{line}: a merge is not finished")));
    }
    Ok(findings)
}

/// The numbers of the lines that begin with a mark.
fn marked(text: &str) -> impl Iterator<Item = usize> {
    let is_marked = |line: &str| MARKS.iter().any(|mark| line.starts_with(mark));
    text.lines()
        .enumerate()
        .filter(move |(_, line)| is_marked(line))
        .map(|(number, _)| number + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marks_of_a_merge_are_found_at_the_beginning_of_a_line_only() {
        let text =
            "a\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> d\n let mark = \"<<<<<<< \";\n<<<<<<<\n";
        assert_eq!(marked(text).collect::<Vec<_>>(), [2, 6]);
    }
}
