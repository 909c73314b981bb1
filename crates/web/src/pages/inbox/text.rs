//! Plain text of a message in pieces: links that can be followed, codes that can be picked up, and
//! the rest.

/// A piece of text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Segment<'a> {
    /// To be shown as it is.
    Words(&'a str),
    /// An http or https address.
    Link(&'a str),
    /// Six or eight digits that stand alone, as codes do: eight begin a sign-in.
    Code(&'a str),
}

/// Cuts `text` into pieces; put together again they are `text`.
pub(super) fn segments(text: &str) -> Vec<Segment<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, link, after)) = cut_link(rest) {
        push_words(&mut pieces, before);
        pieces.push(Segment::Link(link));
        rest = after;
    }
    push_words(&mut pieces, rest);
    pieces
}

/// The addresses that the links of an HTML mail lead to, each once. The mail is our own templates'
/// and the pool's, so attributes in quotes are all that is looked for; what this overlooks can
/// still be read in the page's source.
pub(super) fn links_of_html(html: &str) -> Vec<String> {
    let mut links = Vec::new();
    for quote in ['"', '\''] {
        for piece in html.split(&format!("href={quote}")).skip(1) {
            let address = piece
                .split(quote)
                .next()
                .unwrap_or("")
                .replace("&amp;", "&");
            if is_web_address(&address) && !links.contains(&address) {
                links.push(address);
            }
        }
    }
    links
}

/// Only these schemes become links: `javascript:` and its kin must stay text.
fn is_web_address(address: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| {
        address
            .strip_prefix(scheme)
            .is_some_and(|rest| !rest.is_empty())
    })
}

fn cut_link(text: &str) -> Option<(&str, &str, &str)> {
    let start = match (text.find("http://"), text.find("https://")) {
        (Some(plain), Some(secure)) => plain.min(secure),
        (found, None) | (None, found) => found?,
    };
    let (before, from_link) = text.split_at(start);
    let end = from_link
        .find(|c: char| c.is_whitespace() || "<>\"'`".contains(c))
        .unwrap_or(from_link.len());
    // What ends a sentence after an address is not part of it.
    let link = from_link
        .split_at(end)
        .0
        .trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']']);
    Some((before, link, from_link.split_at(link.len()).1))
}

fn push_words<'a>(pieces: &mut Vec<Segment<'a>>, text: &'a str) {
    let mut rest = text;
    while let Some((before, code, after)) = cut_code(rest) {
        if !before.is_empty() {
            pieces.push(Segment::Words(before));
        }
        pieces.push(Segment::Code(code));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Segment::Words(rest));
    }
}

fn cut_code(text: &str) -> Option<(&str, &str, &str)> {
    let mut offset = 0;
    // Runs of letters and digits; a code is a whole run, so a part of a longer number or of a word
    // is none.
    for run in text.split(|c: char| !c.is_alphanumeric()) {
        if matches!(run.len(), 6 | 8) && run.bytes().all(|byte| byte.is_ascii_digit()) {
            let (before, from_code) = text.split_at(offset);
            let (code, after) = from_code.split_at(run.len());
            return Some((before, code, after));
        }
        offset += run.len();
        offset += text
            .split_at(offset)
            .1
            .chars()
            .next()
            .map_or(0, char::len_utf8);
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::{
        Segment::{Code, Link, Words},
        links_of_html, segments,
    };

    #[test]
    fn a_code_is_six_or_eight_digits_that_stand_alone() {
        assert_eq!(
            segments("52146581 is your sign-in code"),
            [Code("52146581"), Words(" is your sign-in code")]
        );
        assert_eq!(
            segments("Your code is 123456."),
            [Words("Your code is "), Code("123456"), Words(".")]
        );
        assert_eq!(
            segments("«654321»"),
            [Words("«"), Code("654321"), Words("»")]
        );
        for text in [
            "1234567",
            "12345",
            "a123456",
            "123456b",
            "é123456",
            "+4179123456",
            "",
        ] {
            assert!(
                !segments(text).iter().any(|piece| matches!(piece, Code(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn a_link_ends_where_the_address_does() {
        assert_eq!(
            segments("Open http://localhost/confirmUser?code=123456&x=1. Thanks"),
            [
                Words("Open "),
                Link("http://localhost/confirmUser?code=123456&x=1"),
                Words(". Thanks")
            ]
        );
        assert_eq!(
            segments("<https://a.example/>https://b.example"),
            [
                Words("<"),
                Link("https://a.example/"),
                Words(">"),
                Link("https://b.example")
            ]
        );
    }

    #[test]
    fn no_piece_of_the_text_is_lost() {
        for text in [
            "http://",
            "https://...",
            "a http://b 123456 c",
            "☃123456☃ 000000",
            "http://http://x 111111",
        ] {
            let whole: String = segments(text)
                .iter()
                .map(|piece| match piece {
                    Words(part) | Link(part) | Code(part) => *part,
                })
                .collect();
            assert_eq!(whole, text);
        }
    }

    #[test]
    fn only_web_addresses_become_links() {
        let html = r#"<a href="https://a.example/?x=1&amp;y=2">A</a><a href='http://b.example'>B</a>
            <a href="javascript:alert(1)">C</a><a href="data:text/html,x">D</a><a href="https://a.example/?x=1&amp;y=2">E</a>"#;
        assert_eq!(
            links_of_html(html),
            ["https://a.example/?x=1&y=2", "http://b.example"]
        );
        assert_eq!(
            segments("javascript:alert(1)"),
            [Words("javascript:alert(1)")]
        );
    }
}
