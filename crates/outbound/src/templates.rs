//! From a pool's message template to the message: placeholders, escaping, and the plain-text half
//! of a mail. Pure.
//!
//! Placeholders are Cognito's (docs/protocol.md §9.4): `{####}` is the code or temporary password,
//! `{username}` the user name, and `{##text##}` a link with that text. A mail template is HTML, so
//! each value is escaped for its place in it; the plain half is made from the finished HTML. A text
//! message is plain. The template is read once, from left to right, so a value that looks like a
//! placeholder stays as it is.

use crate::purpose::Purpose;
use crate::{html_text::text_from_html, layout};

/// What placeholders stand for. A placeholder whose value is absent stays in the message as it is
/// written.
#[derive(Clone, Copy, Default)]
pub struct Values<'a> {
    /// For `{####}`.
    pub code: Option<&'a str>,
    /// For `{username}`.
    pub username: Option<&'a str>,
    /// The address for `{##text##}`.
    pub link: Option<&'a str>,
}

/// The placeholders of a template, by which a setting is judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Placeholders {
    /// `{####}`.
    pub code: bool,
    /// `{username}`.
    pub username: bool,
    /// `{##text##}` with a text to click on.
    pub link: bool,
}

impl Placeholders {
    /// Those of a template.
    #[must_use]
    pub fn of(template: &str) -> Self {
        let mut found = Self::default();
        for piece in pieces(template) {
            match piece.kind {
                Kind::Text => {}
                Kind::Code => found.code = true,
                Kind::Username => found.username = true,
                Kind::Link(text) => found.link |= !text.trim().is_empty(),
            }
        }
        found
    }
}

/// A mail, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The subject, on one line.
    pub subject: String,
    /// The plain-text half.
    pub text: String,
    /// The HTML half.
    pub html: String,
}

/// Renders a mail from the pool's template and subject, or from our own where they are absent or
/// blank.
///
/// A subject takes no placeholders: it shows on locked screens and in the logs of mail servers.
#[must_use]
pub fn render_email(
    purpose: Purpose,
    template: Option<&str>,
    subject: Option<&str>,
    values: &Values<'_>,
) -> Rendered {
    let (own_subject, own_template) = layout::email(purpose);
    let html = match given(template) {
        Some(template) => expand_html(template, values, ""),
        None => expand_html(&own_template, values, layout::LINK_STYLE),
    };
    Rendered {
        subject: one_line(given(subject).unwrap_or(own_subject)),
        text: text_from_html(&html),
        html,
    }
}

/// Renders a text message from the pool's template, or from our own where it is absent or blank.
#[must_use]
pub fn render_sms(purpose: Purpose, template: Option<&str>, values: &Values<'_>) -> String {
    let template = given(template).unwrap_or_else(|| layout::sms(purpose));
    pieces(template)
        .map(|piece| match piece.kind {
            Kind::Code => values.code.unwrap_or(piece.source),
            Kind::Username => values.username.unwrap_or(piece.source),
            Kind::Text | Kind::Link(_) => piece.source,
        })
        .collect()
}

fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.trim().is_empty())
}

/// A subject may hold line breaks by the pool's constraints; a mail header may not.
fn one_line(subject: &str) -> String {
    subject
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A part of a template: its source text, where that starts, and what it is.
struct Piece<'a> {
    start: usize,
    source: &'a str,
    kind: Kind<'a>,
}

enum Kind<'a> {
    Text,
    Code,
    Username,
    /// A link and its text.
    Link(&'a str),
}

/// Splits a template; the sources of the pieces, joined, are the template again.
fn pieces(template: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = template.get(start..).filter(|rest| !rest.is_empty())?;
        let (length, kind) = placeholder(rest).unwrap_or_else(|| {
            // Text up to the next placeholder, or to the end.
            let length = rest
                .match_indices('{')
                .map(|(at, _)| at)
                .find(|at| rest.get(*at..).and_then(placeholder).is_some());
            (length.unwrap_or(rest.len()), Kind::Text)
        });
        let piece = Piece {
            start,
            source: rest.get(..length)?,
            kind,
        };
        start += length;
        Some(piece)
    })
}

/// The placeholder at the start of `text`, and its length.
fn placeholder(text: &str) -> Option<(usize, Kind<'_>)> {
    const CODE: &str = "{####}";
    const USERNAME: &str = "{username}";
    if text.starts_with(CODE) {
        return Some((CODE.len(), Kind::Code));
    }
    if text.starts_with(USERNAME) {
        return Some((USERNAME.len(), Kind::Username));
    }
    let inner = text.strip_prefix("{##")?;
    let end = inner.find("##}")?;
    Some((
        end + "{##".len() + "##}".len(),
        Kind::Link(inner.get(..end)?),
    ))
}

fn expand_html(template: &str, values: &Values<'_>, link_style: &str) -> String {
    let mut html = String::with_capacity(template.len() + 256);
    for piece in pieces(template) {
        // The template alone decides the place: values that were inserted before are escaped and
        // change no place.
        let place = || Place::after(template.get(..piece.start).unwrap_or_default());
        let value = match piece.kind {
            Kind::Text => None,
            Kind::Code => values.code.map(|code| place().escape(code)),
            Kind::Username => values.username.map(|username| place().escape(username)),
            Kind::Link(text) => values.link.map(|link| match place() {
                Place::Text => anchor(link, text, link_style),
                Place::Attribute | Place::Url => escape(link),
            }),
        };
        html.push_str(value.as_deref().unwrap_or(piece.source));
    }
    html
}

fn anchor(link: &str, text: &str, style: &str) -> String {
    let style = if style.is_empty() {
        String::new()
    } else {
        format!(" style=\"{}\"", escape(style))
    };
    format!("<a href=\"{}\"{style}>{text}</a>", escape(link))
}

/// Where in HTML a value is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Between tags.
    Text,
    /// In a tag.
    Attribute,
    /// In an attribute that is an address, such as `href`.
    Url,
}

impl Place {
    /// The place that follows `html`.
    fn after(html: &str) -> Self {
        let Some(tag) = html.rfind('<').and_then(|at| html.get(at..)) else {
            return Self::Text;
        };
        if tag.contains('>') || !tag.chars().nth(1).is_some_and(|c| c.is_ascii_alphabetic()) {
            return Self::Text;
        }
        // The name before the last `=`: a value that is still open belongs to it.
        let before = tag.rsplit_once("=\"").or_else(|| tag.rsplit_once("='"));
        let name = before
            .or_else(|| tag.rsplit_once('='))
            .and_then(|(before, _)| before.split_ascii_whitespace().last());
        match name {
            Some(name)
                if ["href", "src", "action"]
                    .iter()
                    .any(|url| name.eq_ignore_ascii_case(url)) =>
            {
                Self::Url
            }
            _ => Self::Attribute,
        }
    }

    fn escape(self, value: &str) -> String {
        match self {
            Self::Text => keep_spaces(value),
            Self::Attribute => escape(value),
            // `&` and `#` in a user name must not add parameters to the operator's link.
            Self::Url => percent_encode(value),
        }
    }
}

/// Escapes a value for HTML. If it has spaces that HTML would collapse, as a temporary password
/// may, it is marked to keep them.
fn keep_spaces(value: &str) -> String {
    let collapses = value.contains("  ") || value.starts_with(' ') || value.ends_with(' ');
    if collapses {
        // As entities, the spaces reach the plain text too.
        let escaped = escape(value).replace(' ', "&#32;");
        format!("<span style=\"white-space:pre-wrap\">{escaped}</span>")
    } else {
        escape(value)
    }
}

/// Escapes a value for HTML.
pub(crate) fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

fn percent_encode(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests;
