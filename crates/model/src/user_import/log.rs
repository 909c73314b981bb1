//! What became of each row. The log names rows by their lines and holds nothing of what stands
//! there: it may be kept, sent and opened in a spreadsheet.

use std::fmt::Write;

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is a user now.
    Succeeded,
    /// The user was there already.
    Skipped,
    /// It could not be, for this reason.
    Failed(String),
}

/// A piece of a log as it is stored: an entry a line. Users that follow one another are one entry,
/// for most are imported, and there may be half a million.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogPiece(String);

/// The longest reason that is kept, in characters.
const LONGEST_REASON: usize = 500;

impl LogPiece {
    /// A piece of what became of rows, each with the number of its line.
    #[must_use]
    pub fn of(rows: &[(u64, Outcome)]) -> Self {
        let mut piece = String::new();
        let mut rows = rows.iter().peekable();
        while let Some((line, outcome)) = rows.next() {
            // A String takes what is written into it.
            let _ = match outcome {
                Outcome::Succeeded => {
                    let mut last = *line;
                    let follows = |last: u64| {
                        move |next: &&(u64, Outcome)| *next == &(last + 1, Outcome::Succeeded)
                    };
                    while rows.next_if(follows(last)).is_some() {
                        last += 1;
                    }
                    writeln!(piece, "S {line} {last}")
                }
                Outcome::Skipped => writeln!(piece, "D {line}"),
                Outcome::Failed(reason) => writeln!(piece, "F {line} {}", in_one_line(reason)),
            };
        }
        Self(piece)
    }

    /// A piece as it was stored.
    #[must_use]
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// What is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The lines of the log, as Cognito writes them (docs/protocol.md §19.6).
    pub fn lines(&self) -> impl Iterator<Item = String> + '_ {
        self.0.lines().flat_map(told)
    }
}

fn in_one_line(reason: &str) -> String {
    let line = reason.trim().replace(['\n', '\r'], " ");
    line.chars().take(LONGEST_REASON).collect()
}

fn told(entry: &str) -> Vec<String> {
    let mut parts = entry.splitn(3, ' ');
    let (kind, line, rest) = (parts.next(), parts.next(), parts.next());
    let number = |text: Option<&str>| text.and_then(|text| text.parse::<u64>().ok());
    let Some(line) = number(line) else {
        return Vec::new();
    };
    match kind {
        Some("S") => (line..=number(rest).unwrap_or(line))
            .map(|line| format!("[SUCCEEDED] Line Number {line} - The import succeeded."))
            .collect(),
        Some("D") => vec![format!(
            "[SKIPPED] Line Number {line} - The user already exists."
        )],
        _ => vec![format!(
            "[FAILED] Line Number {line} - {}",
            rest.unwrap_or_default()
        )],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_that_follow_one_another_are_one_entry_and_a_line_each() {
        let failed = |reason: &str| Outcome::Failed(reason.to_owned());
        let piece = LogPiece::of(&[
            (2, Outcome::Succeeded),
            (3, Outcome::Succeeded),
            (5, Outcome::Succeeded),
            (6, Outcome::Skipped),
            (7, failed("Invalid\nattributes: a\n")),
            (8, Outcome::Succeeded),
        ]);
        assert_eq!(
            piece.as_str(),
            "S 2 3\nS 5 5\nD 6\nF 7 Invalid attributes: a\nS 8 8\n"
        );
        let lines: Vec<_> = LogPiece::stored(piece.as_str().to_owned())
            .lines()
            .collect();
        assert_eq!(
            lines,
            [
                "[SUCCEEDED] Line Number 2 - The import succeeded.",
                "[SUCCEEDED] Line Number 3 - The import succeeded.",
                "[SUCCEEDED] Line Number 5 - The import succeeded.",
                "[SKIPPED] Line Number 6 - The user already exists.",
                "[FAILED] Line Number 7 - Invalid attributes: a",
                "[SUCCEEDED] Line Number 8 - The import succeeded.",
            ]
        );
    }

    #[test]
    fn a_reason_is_short() {
        let piece = LogPiece::of(&[(2, Outcome::Failed("€".repeat(2 * LONGEST_REASON)))]);
        assert_eq!(
            piece.as_str().chars().count(),
            "F 2 \n".len() + LONGEST_REASON
        );
    }
}
