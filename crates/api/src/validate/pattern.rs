//! Translates Java's regular expressions, the language of the models, into the syntax of the
//! `regex` crate.
//!
//! The two are close. This file bridges the differences: Java's `\w`, `\d` and `\s` match ASCII
//! only, its `.` stops at five kinds of line end, it writes code points as `\u0041`, and it looks
//! behind, which a linear-time engine cannot.

use regex::{Regex, RegexBuilder};

/// Patterns that look around, and patterns for the same language without it. The test below fails
/// on a new one in a model.
const REWORDED: &[(&str, &str)] = &[(
    r"^[0-9A-Za-z\.\-_]*(?<!\.)$",
    r"([0-9A-Za-z.\-_]*[0-9A-Za-z\-_])?",
)];

/// A bound far above the needs of any pattern of the models.
const SIZE_LIMIT: usize = 4 << 20;

/// The pattern, compiled so that it matches whole strings only, as Java's `matches` does.
pub(crate) fn compile(java: &str) -> Result<Regex, regex::Error> {
    let reworded = REWORDED.iter().find(|(from, _)| *from == java);
    let pattern = reworded.map_or_else(|| translate(java), |(_, to)| (*to).to_owned());
    RegexBuilder::new(&format!(r"\A(?:{pattern})\z"))
        .size_limit(SIZE_LIMIT)
        .build()
}

fn translate(java: &str) -> String {
    let dot_matches_all = java.starts_with("(?s)");
    let mut out = String::new();
    let mut letters = java.chars().peekable();
    let mut in_class = false;
    while let Some(letter) = letters.next() {
        match letter {
            '[' => in_class = true,
            ']' => in_class = false,
            '.' if !in_class && !dot_matches_all => {
                out.push_str(r"[^\n\r\u{85}\u{2028}\u{2029}]");
                continue;
            }
            '\\' => {
                let Some(escaped) = letters.next() else {
                    out.push('\\');
                    break;
                };
                escape(&mut out, escaped, &mut letters);
                continue;
            }
            _ => {}
        }
        out.push(letter);
    }
    out
}

fn escape(out: &mut String, escaped: char, letters: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match escaped {
        'w' => out.push_str("[0-9A-Za-z_]"),
        'd' => out.push_str("[0-9]"),
        's' => out.push_str(r"[ \t\n\x0B\f\r]"),
        'S' => out.push_str(r"[^ \t\n\x0B\f\r]"),
        // Java reads four digits; the models mean all of them in \u10FFFF.
        'u' => {
            let mut digits = String::new();
            while digits.len() < 6
                && let Some(digit) = letters.next_if(char::is_ascii_hexdigit)
            {
                digits.push(digit);
            }
            out.push_str(r"\u{");
            out.push_str(&digits);
            out.push('}');
        }
        other => {
            out.push('\\');
            out.push(other);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn matches(java: &str, text: &str) -> bool {
        compile(java).unwrap().is_match(text)
    }

    #[test]
    fn the_whole_string_has_to_match() {
        assert!(matches(r"[\w-]+_[0-9a-zA-Z]+", "us-east-1_Abc123"));
        assert!(!matches(r"[\w-]+_[0-9a-zA-Z]+", "us-east-1_Abc123\n"));
        assert!(!matches("a|b", "ab"));
        assert!(!matches("^(x|y)$", "x\n"));
    }

    #[test]
    fn word_digit_and_space_know_ascii_alone() {
        assert!(!matches(r"[\w]+", "é"));
        assert!(!matches(r"\d+", "٣"));
        assert!(matches(r"[\S]+", "\u{2003}"));
        assert!(!matches(r"[\S]+", "a b"));
        assert!(matches(r"[\w\s+=,.@-]+", "a b\t+=,.@-"));
    }

    #[test]
    fn a_dot_stops_at_every_line_end_unless_told_otherwise() {
        assert!(matches(r".*\{####\}.*", "code {####} here"));
        assert!(!matches(r".*\{####\}.*", "code\r{####}"));
        assert!(matches("(?s).*", "a\nb"));
    }

    #[test]
    fn a_bucket_does_not_end_with_a_dot() {
        let bucket = r"^[0-9A-Za-z\.\-_]*(?<!\.)$";
        assert!(matches(bucket, "my.bucket-1") && matches(bucket, ""));
        assert!(!matches(bucket, "my.bucket.") && !matches(bucket, "my bucket"));
    }

    #[test]
    fn code_points_beyond_the_first_plane_are_read() {
        let text = r"[\u0009\u0020-\u007E\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+";
        assert!(matches(text, "a\u{1F600}b"));
        assert!(!matches(text, "a\u{7}b"));
    }
}
