//! Text with wildcards and policy variables, and whether another text matches it.
//!
//! What a variable stands for is taken literally: a star in a user's name is a star. Matching costs
//! at most the length of the pattern times that of the text, whatever the wildcards.

use super::context::Context;
use super::error::Problem;

/// How many variables a pattern may hold, so that its length with their values stays bounded.
const MAX_VARIABLES: usize = 8;

/// A pattern as its author wrote it: `*` stands for any run of characters, `?` for any one, and
/// `${key}` for what the request has under that condition key. `${*}`, `${?}` and `${$}` are these
/// characters themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    text: String,
    /// Whether the text holds `${`. Most patterns do not, and are matched as they are.
    has_variables: bool,
}

/// Whether `*` and `?` in a pattern are wildcards or themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wildcards {
    Meant,
    Literal,
}

/// Whether `a` and `A` are the same. Only ASCII letters have a case here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Counts,
    Ignored,
}

#[derive(Clone, Copy)]
enum Token {
    Byte(u8),
    AnyCharacter,
    AnyRun,
}

/// A part of a pattern, on the way to its tokens.
enum Part<'a> {
    /// Text in which stars may be wildcards.
    Text(&'a str),
    /// What stands in `${}`.
    Variable(&'a str),
}

impl Pattern {
    /// A pattern without variables: `${` is text like any other.
    pub(super) const fn plain(text: String) -> Self {
        Self {
            text,
            has_variables: false,
        }
    }

    pub(super) fn new(text: String) -> Result<Self, Problem> {
        let has_variables = text.contains("${");
        if has_variables {
            let mut count = 0;
            for part in parts(&text) {
                if let Part::Variable(_) = part? {
                    count += 1;
                }
            }
            if count > MAX_VARIABLES {
                return Err(Problem::TooLong("8 variables"));
            }
        }
        Ok(Self {
            text,
            has_variables,
        })
    }

    /// As its author wrote it.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The condition keys that its variables name.
    pub(super) fn keys(&self) -> Vec<&str> {
        let variables = parts(&self.text).filter_map(|part| match part {
            Ok(Part::Variable(name)) if literal(name).is_none() => Some(name),
            _ => None,
        });
        variables.collect()
    }

    /// Whether a text matches. A variable without exactly one value matches nothing.
    pub(super) fn matches(
        &self,
        text: &str,
        case: Case,
        wildcards: Wildcards,
        context: &Context,
    ) -> bool {
        if !self.has_variables {
            let bytes = self.text.as_bytes();
            let token_at = |at: usize| bytes.get(at).map(|byte| token(*byte, wildcards));
            return matches(token_at, text.as_bytes(), case);
        }
        let Some(tokens) = self.resolve(wildcards, context) else {
            return false;
        };
        matches(|at| tokens.get(at).copied(), text.as_bytes(), case)
    }

    /// The tokens, with the values of the request in place of the variables.
    fn resolve(&self, wildcards: Wildcards, context: &Context) -> Option<Vec<Token>> {
        let mut tokens = Vec::new();
        for part in parts(&self.text) {
            match part.ok()? {
                Part::Text(text) => tokens.extend(text.bytes().map(|byte| token(byte, wildcards))),
                Part::Variable(name) => {
                    let value = match literal(name) {
                        Some(character) => character,
                        None => context.value(&name.to_ascii_lowercase())?,
                    };
                    tokens.extend(value.bytes().map(Token::Byte));
                }
            }
        }
        Some(tokens)
    }
}

/// The character that `${*}`, `${?}` or `${$}` stands for.
fn literal(name: &str) -> Option<&str> {
    ["*", "?", "$"].contains(&name).then_some(name)
}

/// Text and variables in turns; the error for a variable that does not end.
fn parts(text: &str) -> impl Iterator<Item = Result<Part<'_>, Problem>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some(inside) = rest.strip_prefix("${") else {
            let (text, after) = rest.split_at(rest.find("${").unwrap_or(rest.len()));
            rest = after;
            return Some(Ok(Part::Text(text)));
        };
        let Some((name, after)) = inside.split_once('}') else {
            rest = "";
            return Some(Err(Problem::Unclosed));
        };
        rest = after;
        Some(Ok(Part::Variable(name)))
    })
}

fn token(byte: u8, wildcards: Wildcards) -> Token {
    match (byte, wildcards) {
        (b'*', Wildcards::Meant) => Token::AnyRun,
        (b'?', Wildcards::Meant) => Token::AnyCharacter,
        _ => Token::Byte(byte),
    }
}

/// Goes through pattern and text once, and back to the last star only: what an earlier star took
/// need not be tried again, because the last one can take whatever it would have.
fn matches(token_at: impl Fn(usize) -> Option<Token>, text: &[u8], case: Case) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut last_star: Option<(usize, usize)> = None;
    while let Some(&byte) = text.get(t) {
        let step = match token_at(p) {
            Some(Token::AnyRun) => {
                last_star = Some((p, t));
                p += 1;
                continue;
            }
            Some(Token::AnyCharacter) => Some(character_length(byte)),
            Some(Token::Byte(wanted)) if is_same(wanted, byte, case) => Some(1),
            _ => None,
        };
        match (step, last_star) {
            (Some(step), _) => {
                p += 1;
                t += step;
            }
            // The star takes one character more, and all is tried again from behind it.
            (None, Some((star, from))) => {
                t = from + text.get(from).map_or(1, |byte| character_length(*byte));
                p = star + 1;
                last_star = Some((star, t));
            }
            (None, None) => return false,
        }
    }
    while let Some(Token::AnyRun) = token_at(p) {
        p += 1;
    }
    token_at(p).is_none()
}

/// How many bytes the character has that begins with this byte, in UTF-8.
fn character_length(first: u8) -> usize {
    match first {
        0xF0.. => 4,
        0xE0.. => 3,
        0xC0.. => 2,
        _ => 1,
    }
}

fn is_same(one: u8, other: u8, case: Case) -> bool {
    one == other || case == Case::Ignored && one.eq_ignore_ascii_case(&other)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::new(text.to_owned()).unwrap()
    }

    fn is_match(wanted: &str, text: &str) -> bool {
        pattern(wanted).matches(text, Case::Counts, Wildcards::Meant, &Context::new())
    }

    #[test]
    fn wildcards_match_runs_and_single_characters() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abb", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*b*b*", "abab", true),
            ("**", "x", true),
            ("", "x", false),
            ("", "", true),
            ("a*", "ba", false),
            ("a?", "aé", true),
            ("*??", "€", false),
            ("?*", "€", true),
            ("*??b*", "€ba", false),
            ("*??b*", "€aba", true),
        ] {
            assert_eq!(is_match(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_pattern_full_of_stars_is_matched_in_good_time() {
        let pattern = "a*".repeat(5_000) + "b";
        assert!(!is_match(&pattern, &"a".repeat(20_000)));
    }

    #[test]
    fn what_a_variable_stands_for_is_no_wildcard() {
        let own = pattern("arn:aws:s3:::b/${app:sub}/*");
        let is_match = |sub: &str, text: &str| {
            let context = Context::new().with("App:Sub", [sub]);
            own.matches(text, Case::Counts, Wildcards::Meant, &context)
        };
        assert!(is_match("ana", "arn:aws:s3:::b/ana/x"));
        assert!(!is_match("ana", "arn:aws:s3:::b/ben/x"));
        assert!(!is_match("*", "arn:aws:s3:::b/ben/x"));
        assert!(is_match("*", "arn:aws:s3:::b/*/x"));
        assert!(!is_match("a?", "arn:aws:s3:::b/ab/x"));
    }

    #[test]
    fn a_variable_without_one_value_matches_nothing() {
        let own = pattern("*${app:sub}*");
        for context in [
            Context::new(),
            Context::new().with("app:sub", ["ana", "ben"]),
            Context::new().with::<String>("app:sub", []),
        ] {
            assert!(!own.matches("ana", Case::Counts, Wildcards::Meant, &context));
        }
    }

    #[test]
    fn wildcards_and_the_dollar_can_be_meant_literally() {
        assert!(is_match("a${*}b${?}${$}", "a*b?$"));
        assert!(!is_match("a${*}", "ab"));
        let literal =
            pattern("a*").matches("ab", Case::Counts, Wildcards::Literal, &Context::new());
        assert!(!literal);
    }

    #[test]
    fn a_variable_that_does_not_end_and_too_many_are_refused() {
        let refused = |text: &str| Pattern::new(text.to_owned()).unwrap_err();
        assert_eq!(refused("a${b"), Problem::Unclosed);
        assert_eq!(refused(&"${b}".repeat(9)), Problem::TooLong("8 variables"));
        assert_eq!(pattern("${a:b}x${*}${c}").keys(), ["a:b", "c"]);
    }

    /// The meaning of wildcards, plain and slow.
    fn plain(pattern: &[char], text: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            ['*', rest @ ..] => (0..=text.len()).any(|taken| plain(rest, &text[taken..])),
            ['?', rest @ ..] => !text.is_empty() && plain(rest, &text[1..]),
            [one, rest @ ..] => text.first() == Some(one) && plain(rest, &text[1..]),
        }
    }

    proptest! {
        #[test]
        fn matching_means_what_the_plain_rule_means(
            pattern in "[ab€*?]{0,8}",
            text in "[ab€]{0,10}",
        ) {
            let characters = |text: &str| text.chars().collect::<Vec<_>>();
            let expected = plain(&characters(&pattern), &characters(&text));
            prop_assert_eq!(is_match(&pattern, &text), expected);
        }

        #[test]
        fn without_wildcards_a_pattern_matches_itself_alone(
            wanted in "[a-z${}:é]{0,12}",
            text in "[a-z${}:é]{0,12}",
        ) {
            prop_assume!(!wanted.contains("${"));
            prop_assert!(is_match(&wanted, &wanted));
            prop_assert_eq!(is_match(&wanted, &text), wanted == text);
        }

        #[test]
        fn a_value_in_a_variable_matches_itself_alone(value in ".{0,12}", text in ".{0,12}") {
            let context = Context::new().with("k", [value.as_str()]);
            let wanted = pattern("${k}");
            for wildcards in [Wildcards::Meant, Wildcards::Literal] {
                prop_assert!(wanted.matches(&value, Case::Counts, wildcards, &context));
                let other = wanted.matches(&text, Case::Counts, wildcards, &context);
                prop_assert_eq!(other, value == text);
            }
        }
    }
}
