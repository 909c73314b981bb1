//! The plain-text half of a mail, made from its HTML: tags stripped, entities decoded, links
//! written out.
//!
//! It accepts any HTML of mail templates: tags that it does not understand are left out, and
//! entities stay as they are. It is no sanitizer, and nothing relies on it for safety, since its
//! output is plain text.

/// Turns HTML into plain text.
pub(crate) fn text_from_html(html: &str) -> String {
    let mut writer = Writer::default();
    let mut rest = html;
    while !rest.is_empty() {
        let (text, markup) = rest.split_at(next_markup(rest).unwrap_or(rest.len()));
        writer.text(text);
        rest = writer.markup(markup);
    }
    writer.finish()
}

/// Where the next tag, comment or declaration begins. A `<` before anything else is text.
fn next_markup(html: &str) -> Option<usize> {
    html.match_indices('<').map(|(at, _)| at).find(|at| {
        let after = html.get(at + 1..).unwrap_or_default();
        after.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'))
    })
}

#[derive(Default)]
struct Writer {
    out: String,
    /// The address of the link that is open, and where its text begins in `out`.
    link: Option<(String, usize)>,
    /// Pending line breaks before the next text: block elements ask for them, and the largest
    /// number counts.
    breaks: usize,
    /// Whether white space was seen since the last text.
    space: bool,
}

impl Writer {
    fn text(&mut self, text: &str) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if c.is_ascii_whitespace() {
                self.space = true;
                rest = rest.get(1..).unwrap_or_default();
            } else if let Some((decoded, length)) = entity(rest) {
                self.push(&decoded);
                rest = rest.get(length..).unwrap_or_default();
            } else {
                self.push(c.encode_utf8(&mut [0; 4]));
                rest = rest.get(c.len_utf8()..).unwrap_or_default();
            }
        }
    }

    /// Writes text as it is, after the pending breaks and space.
    fn push(&mut self, text: &str) {
        if self.breaks > 0 && !self.out.is_empty() {
            self.out.push_str(&"\n".repeat(self.breaks));
        } else if self.space && !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push(' ');
        }
        (self.breaks, self.space) = (0, false);
        self.out.push_str(text);
    }

    /// Reads what starts at `<` and gives what follows it.
    fn markup<'a>(&mut self, html: &'a str) -> &'a str {
        if html.starts_with("<!--") {
            return html.split_once("-->").map_or("", |(_, rest)| rest);
        }
        let (tag, rest) = html.split_at(tag_end(html));
        let name = tag_name(tag);
        match name.as_str() {
            "br" => self.breaks += 1,
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "ul" | "ol" | "table"
            | "blockquote" | "pre" | "hr" | "/p" | "/h1" | "/h2" | "/h3" | "/h4" | "/h5"
            | "/h6" | "/ul" | "/ol" | "/table" | "/blockquote" | "/pre" => {
                self.breaks = self.breaks.max(2);
            }
            "div" | "tr" | "section" | "article" | "header" | "footer" | "main" | "center"
            | "body" | "/div" | "/tr" | "/li" | "/section" | "/article" | "/header" | "/footer"
            | "/main" | "/center" | "/body" => self.breaks = self.breaks.max(1),
            "li" => {
                self.breaks = self.breaks.max(1);
                self.push("- ");
            }
            "td" | "th" | "/td" | "/th" => self.space = true,
            "img" => {
                if let Some(alt) = attribute(tag, "alt") {
                    self.push(&alt);
                }
            }
            "a" => {
                self.close_link();
                // The space before a link is written now, so that it is no part of the link's text.
                if self.space || self.breaks > 0 {
                    self.push("");
                }
                self.link = attribute(tag, "href").map(|href| (href, self.out.len()));
            }
            "/a" => self.close_link(),
            "head" | "style" | "script" | "title" | "template" => {
                return after_element(rest, &name);
            }
            _ => {}
        }
        rest
    }

    /// Writes a link's address after its text, unless the text already says it. White space
    /// surrounds the address, because mail programs, and people who copy it, would take a bracket
    /// or a full stop as part of it.
    fn close_link(&mut self) {
        let Some((href, start)) = self.link.take() else {
            return;
        };
        let text = self.out.get(start..).unwrap_or_default().trim();
        if text.is_empty() {
            self.push(&href);
        } else if text != href
            && href.strip_prefix("mailto:") != Some(text)
            && !href.starts_with('#')
        {
            self.space = true;
            self.push(&href);
            self.space = true;
        }
    }

    fn finish(mut self) -> String {
        self.close_link();
        self.out
    }
}

/// Where the tag at the start of `html` ends; a `>` inside a quoted value does not end it. An
/// unfinished tag takes all.
fn tag_end(html: &str) -> usize {
    let mut quote = None;
    for (at, c) in html.char_indices() {
        match (quote, c) {
            (None, '>') => return at + 1,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
    }
    html.len()
}

/// The name of a tag in small letters, with a leading `/` for an end tag.
fn tag_name(tag: &str) -> String {
    let inner = tag.strip_prefix('<').unwrap_or(tag);
    let (slash, inner) = match inner.strip_prefix('/') {
        Some(inner) => ("/", inner),
        None => ("", inner),
    };
    let name: String = inner
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect();
    format!("{slash}{}", name.to_ascii_lowercase())
}

/// What follows the end tag of the element `name`, or nothing when it is never closed.
fn after_element<'a>(html: &'a str, name: &str) -> &'a str {
    // ASCII lower-casing keeps every byte's place.
    let lower = html.to_ascii_lowercase();
    let Some(at) = lower.find(&format!("</{name}")) else {
        return "";
    };
    let end = html.get(at..).unwrap_or_default();
    end.get(tag_end(end)..).unwrap_or_default()
}

/// The value of an attribute, entities decoded.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let mut rest = tag
        .trim_start_matches('<')
        .trim_start_matches(|c: char| c.is_ascii_alphanumeric());
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        let end = rest.find(|c: char| c.is_ascii_whitespace() || matches!(c, '=' | '>' | '/'))?;
        let (key, after) = rest.split_at(end);
        let (value, after) = match after.trim_start().strip_prefix('=') {
            Some(after) => attribute_value(after.trim_start()),
            None => ("", after),
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(decode(value));
        }
        if after.len() >= rest.len() {
            return None;
        }
        rest = after;
    }
}

fn attribute_value(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote) {
            return inner.split_once(quote).unwrap_or((inner, ""));
        }
    }
    text.split_at(
        text.find(|c: char| c.is_ascii_whitespace() || c == '>')
            .unwrap_or(text.len()),
    )
}

fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = if let Some((decoded, length)) = entity(rest) {
            out.push_str(&decoded);
            length
        } else {
            out.push(c);
            c.len_utf8()
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    out
}

/// The character that the entity at the start of `text` stands for, and the entity's length.
fn entity(text: &str) -> Option<(String, usize)> {
    let inner = text.strip_prefix('&')?;
    // No entity known here is longer than ten characters.
    let end = inner.bytes().take(11).position(|byte| byte == b';')?;
    let name = inner.get(..end)?;
    let decoded = match name.strip_prefix('#') {
        Some(number) => {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            match char::from_u32(code)? {
                c if c.is_control() => " ".to_owned(),
                c => c.to_string(),
            }
        }
        None => named(name)?.to_owned(),
    };
    Some((decoded, end + 2))
}

/// The named entities that occur in mail; others are left as they stand.
fn named(name: &str) -> Option<&'static str> {
    Some(match name {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        "nbsp" | "ensp" | "emsp" | "thinsp" => " ",
        "shy" | "zwnj" | "zwj" => "",
        "copy" => "©",
        "reg" => "®",
        "trade" => "™",
        "hellip" => "…",
        "mdash" => "—",
        "ndash" => "–",
        "lsquo" => "‘",
        "rsquo" => "’",
        "ldquo" => "“",
        "rdquo" => "”",
        "laquo" => "«",
        "raquo" => "»",
        "bull" => "•",
        "middot" => "·",
        "rarr" => "→",
        "larr" => "←",
        "euro" => "€",
        "pound" => "£",
        "yen" => "¥",
        "sect" => "§",
        "deg" => "°",
        "auml" => "ä",
        "ouml" => "ö",
        "uuml" => "ü",
        "Auml" => "Ä",
        "Ouml" => "Ö",
        "Uuml" => "Ü",
        "szlig" => "ß",
        "agrave" => "à",
        "acirc" => "â",
        "aacute" => "á",
        "aring" => "å",
        "atilde" => "ã",
        "aelig" => "æ",
        "ccedil" => "ç",
        "egrave" => "è",
        "eacute" => "é",
        "ecirc" => "ê",
        "euml" => "ë",
        "iacute" => "í",
        "icirc" => "î",
        "iuml" => "ï",
        "ntilde" => "ñ",
        "oacute" => "ó",
        "ocirc" => "ô",
        "otilde" => "õ",
        "oslash" => "ø",
        "oelig" => "œ",
        "uacute" => "ú",
        "ugrave" => "ù",
        "ucirc" => "û",
        "Eacute" => "É",
        "Agrave" => "À",
        "Ccedil" => "Ç",
        "iexcl" => "¡",
        "iquest" => "¿",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::text_from_html as text;

    #[test]
    fn tags_are_stripped_and_white_space_is_collapsed() {
        assert_eq!(text("<p>Hello,\n  <b>Ana</b>!</p>"), "Hello, Ana!");
    }

    #[test]
    fn blocks_become_lines() {
        assert_eq!(
            text("<h1>Hi</h1> <p>One<br>two<br/>three</p>\n<p>Four</p>"),
            "Hi\n\nOne\ntwo\nthree\n\nFour"
        );
        assert_eq!(
            text("<ul><li>a</li><li>b</li></ul>after"),
            "- a\n- b\n\nafter"
        );
        assert_eq!(
            text("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>"),
            "a b\nc"
        );
    }

    #[test]
    fn entities_are_decoded_once() {
        assert_eq!(
            text("a&amp;lt;b &lt;i&gt; &#123;&#x7D; &eacute;"),
            "a&lt;b <i> {} é"
        );
        assert_eq!(
            text("AT&T &unknown; & &#xD800; &#99999999999;"),
            "AT&T &unknown; & &#xD800; &#99999999999;"
        );
    }

    #[test]
    fn spaces_written_as_entities_are_kept() {
        assert_eq!(text("a&#32;&#32;b"), "a  b");
    }

    #[test]
    fn an_entity_brings_no_control_character() {
        assert_eq!(text("a&#13;&#10;b&#0;c"), "a  b c");
    }

    #[test]
    fn links_are_written_out() {
        assert_eq!(
            text("Please <a class=x href='https://e.example/?a=1&amp;b=2'>click here</a>."),
            "Please click here https://e.example/?a=1&b=2 ."
        );
        assert_eq!(
            text("<a href=https://e.example/>https://e.example/</a>"),
            "https://e.example/"
        );
        assert_eq!(
            text("<a href='mailto:a@e.example'>a@e.example</a>"),
            "a@e.example"
        );
        assert_eq!(
            text("See <a href='https://e.example'><img src=x></a>"),
            "See https://e.example"
        );
    }

    #[test]
    fn style_script_and_comments_leave_nothing() {
        assert_eq!(
            text(
                "<!doctype html><html><head><title>T</title></head><STYLE>p{a>b}</style><!-- <p>no</p> --><body>yes<script>1<2</script></body>"
            ),
            "yes"
        );
    }

    #[test]
    fn a_quoted_bracket_does_not_end_a_tag() {
        assert_eq!(
            text("<a title='a>b' href=\"https://e.example/\">x</a>"),
            "x https://e.example/"
        );
    }

    #[test]
    fn a_bracket_that_starts_no_tag_is_text() {
        assert_eq!(text("1 < 2, <3, <{####}>"), "1 < 2, <3, <{####}>");
    }

    #[test]
    fn broken_html_ends_somewhere() {
        for html in [
            "<a href",
            "<a href=",
            "<a href='x",
            "<",
            "</",
            "<!--",
            "<style>",
            "&",
            "&#",
            "&#x;",
            "<img alt",
            "<a =b>c",
        ] {
            let _ = text(html);
        }
        assert_eq!(text("before <p unfinished"), "before");
    }
}
