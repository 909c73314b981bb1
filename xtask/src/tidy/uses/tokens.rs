//! Rust as words and signs, without comments, strings, attributes and what only tests have.

use std::iter::Peekable;
use std::str::CharIndices;

/// A piece of source text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A name, a keyword or a number.
    Word(&'a str),
    /// `::`
    Colons,
    /// Any other sign.
    Sign(char),
}

/// The tokens of a file that count.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    without_tests(&read(text))
}

/// All tokens.
fn read(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, next)) = chars.next() {
        let rest = &text[at..];
        match next {
            '/' if rest.starts_with("//") => {
                while chars.next_if(|(_, it)| *it != '\n').is_some() {}
            }
            '/' if rest.starts_with("/*") => skip(&mut chars, block_comment(rest) - 1),
            '"' => skip(&mut chars, string(rest) - 1),
            '\'' => skip(&mut chars, quoted(rest) - 1),
            ':' if rest.starts_with("::") => {
                chars.next();
                tokens.push(Token::Colons);
            }
            _ if next.is_alphanumeric() || next == '_' => {
                let length = raw_string(rest);
                if length > 0 {
                    skip(&mut chars, length - 1);
                    continue;
                }
                let is_part = |it: char| it.is_alphanumeric() || it == '_';
                let end = rest.find(|it| !is_part(it)).unwrap_or(rest.len());
                let word = &rest[..end];
                skip(&mut chars, word.chars().count() - 1);
                tokens.push(Token::Word(word));
            }
            _ if next.is_whitespace() => {}
            _ => tokens.push(Token::Sign(next)),
        }
    }
    tokens
}

fn skip(chars: &mut Peekable<CharIndices<'_>>, count: usize) {
    for _ in 0..count {
        chars.next();
    }
}

/// How many characters a block comment has; they nest.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let chars: Vec<char> = rest.chars().collect();
    let mut at = 0;
    while at < chars.len() {
        match (chars.get(at), chars.get(at + 1)) {
            (Some('/'), Some('*')) => (depth, at) = (depth + 1, at + 2),
            (Some('*'), Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// How many characters a string has, with its quotation marks.
fn string(rest: &str) -> usize {
    let mut is_escaped = false;
    for (count, next) in rest.chars().enumerate().skip(1) {
        match next {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return count + 1,
            _ => {}
        }
    }
    rest.chars().count()
}

/// How many characters a character literal or a lifetime has.
fn quoted(rest: &str) -> usize {
    let mut chars = rest.chars().skip(1);
    match (chars.next(), chars.next()) {
        (Some('\\'), Some(_)) => {
            let end = chars.position(|next| next == '\'');
            end.map_or(3, |count| count + 4)
        }
        (Some(_), Some('\'')) => 3,
        // A lifetime's name follows as a word, which harms nobody.
        _ => 1,
    }
}

/// How many characters a raw string, or one of bytes, has; none for anything else.
fn raw_string(rest: &str) -> usize {
    let prefix = ["br", "cr", "r", "b", "c"]
        .into_iter()
        .find(|prefix| rest.starts_with(prefix));
    let Some(prefix) = prefix else { return 0 };
    let body = &rest[prefix.len()..];
    if body.starts_with('"') && !prefix.ends_with('r') {
        return prefix.len() + string(body);
    }
    let hashes = body.len() - body.trim_start_matches('#').len();
    let Some(inner) = body[hashes..].strip_prefix('"') else {
        return 0;
    };
    if !prefix.ends_with('r') {
        return 0;
    }
    let close = format!("\"{}", "#".repeat(hashes));
    let end = inner.find(&close).unwrap_or(inner.len());
    prefix.len() + hashes + 1 + inner[..end].chars().count() + close.len()
}

/// Leaves out attributes, and the items that an attribute gives to tests alone.
fn without_tests<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut kept = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let Some(end) = end_of_attribute(tokens, at) else {
            kept.push(*token);
            at += 1;
            continue;
        };
        let is_test = tokens.get(at + 2..end) == Some(&CFG_TEST);
        at = end + 1;
        if is_test {
            while let Some(end) = end_of_attribute(tokens, at) {
                at = end + 1;
            }
            at = end_of_item(tokens, at);
        }
    }
    kept
}

const CFG_TEST: [Token<'static>; 4] = [
    Token::Word("cfg"),
    Token::Sign('('),
    Token::Word("test"),
    Token::Sign(')'),
];

/// Where the attribute that begins here ends; None where none begins.
fn end_of_attribute(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    if tokens.get(at) != Some(&Token::Sign('#')) {
        return None;
    }
    let open = match tokens.get(at + 1) {
        Some(Token::Sign('!')) => at + 2,
        _ => at + 1,
    };
    let mut depth = 0_usize;
    for (offset, token) in tokens.get(open..)?.iter().enumerate() {
        match token {
            Token::Sign('[') => depth += 1,
            Token::Sign(']') if depth == 1 => return Some(open + offset),
            Token::Sign(']') => depth -= 1,
            _ if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// What follows the item that begins here: behind its semicolon or its braces; of a field or an
/// arm, behind its comma.
fn end_of_item(tokens: &[Token<'_>], start: usize) -> usize {
    const ITEMS: [&str; 15] = [
        "pub",
        "fn",
        "mod",
        "use",
        "impl",
        "struct",
        "enum",
        "const",
        "static",
        "type",
        "trait",
        "async",
        "unsafe",
        "extern",
        "macro_rules",
    ];
    let is_item = matches!(tokens.get(start), Some(Token::Word(word)) if ITEMS.contains(word));
    let mut depth = 0_usize;
    let mut at = start;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            Token::Sign('{' | '(' | '[') => depth += 1,
            Token::Sign('}') if depth == 1 => return at,
            // The end of what it stands in.
            Token::Sign('}' | ')' | ']') if depth == 0 => return at - 1,
            Token::Sign('}' | ')' | ']') => depth -= 1,
            Token::Sign(';') if depth == 0 => return at,
            Token::Sign(',') if depth == 0 && !is_item => return at,
            _ => {}
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        let word = |token| match token {
            Token::Word(word) => Some(word),
            Token::Colons | Token::Sign(_) => None,
        };
        tokens(text).into_iter().filter_map(word).collect()
    }

    #[test]
    fn comments_strings_and_characters_say_nothing() {
        let text = r####"
            a // crate::no
            /* crate::no /* and */ no */ b
            "crate::no \" no" c 'x' d '\'' e '\u{1F600}' f b"no\"no" g r"no" h r#"no "no"# i
            br##"no "# no"## j "é" k
        "####;
        let expected = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"];
        assert_eq!(words(text), expected);
    }

    #[test]
    fn lifetimes_and_names_like_prefixes_are_no_literals() {
        assert_eq!(
            words("fn f<'a>(r: &'a str) { b }"),
            ["fn", "f", "a", "r", "a", "str", "b"]
        );
    }

    #[test]
    fn what_tests_alone_have_is_left_out() {
        assert_eq!(
            words("a #[cfg(test)] mod tests { fn no() {} } b"),
            ["a", "b"]
        );
        assert_eq!(words("a #[cfg(test)] mod tests; b"), ["a", "b"]);
        assert_eq!(words("a #[cfg(test)] use no::{no, no}; b"), ["a", "b"]);
        let function = "a #[cfg(test)] #[must_use] pub fn no<A, B>(no: A) -> B { no } b";
        assert_eq!(words(function), ["a", "b"]);
        assert_eq!(
            words("struct A { #[cfg(test)] no: no::No, b: B }"),
            ["struct", "A", "b", "B"]
        );
        assert_eq!(words("#![allow(no)] a #[cfg(not(test))] b"), ["a", "b"]);
    }
}
