//! The sender of a mail: `address` or `Name <address>`.

use crate::email_address::{EmailAddress, NotAnEmailAddress};

/// The sender of a mail, or the addressee of its answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// What mail programs show.
    pub name: Option<String>,
    /// The address.
    pub address: EmailAddress,
}

impl Sender {
    /// Reads a sender.
    ///
    /// # Errors
    /// [`NotAnEmailAddress`], also for a name that cannot stand in a header.
    pub fn parse(text: &str) -> Result<Self, NotAnEmailAddress> {
        Self::read(text, EmailAddress::parse)
    }

    /// As [`Sender::parse`], but the address may be at a host without a dot, as operators name
    /// them.
    ///
    /// # Errors
    /// As [`Sender::parse`].
    pub fn parse_of_operator(text: &str) -> Result<Self, NotAnEmailAddress> {
        Self::read(text, EmailAddress::parse_of_operator)
    }

    fn read(
        text: &str,
        address: impl Fn(&str) -> Result<EmailAddress, NotAnEmailAddress>,
    ) -> Result<Self, NotAnEmailAddress> {
        let Some(before) = text.strip_suffix('>') else {
            return Ok(Self {
                name: None,
                address: address(text)?,
            });
        };
        let (name, bare) = before.rsplit_once('<').ok_or(NotAnEmailAddress)?;
        Ok(Self {
            name: display_name(name.trim_matches(' '))?,
            address: address(bare)?,
        })
    }
}

/// The name, its quotes undone (RFC 5322 §3.2.4); none where it is empty.
fn display_name(text: &str) -> Result<Option<String>, NotAnEmailAddress> {
    let name = match text.strip_prefix('"') {
        Some(quoted) => unquoted(quoted).ok_or(NotAnEmailAddress)?,
        None if text.contains(['"', '<', '>']) => return Err(NotAnEmailAddress),
        None => text.to_owned(),
    };
    if name
        .chars()
        .any(|c| c.is_control() || is_bidirectional_control(c))
    {
        return Err(NotAnEmailAddress);
    }
    Ok((!name.trim().is_empty()).then_some(name))
}

/// The text of a quoted string without its first quote; the last quote must end it.
fn unquoted(text: &str) -> Option<String> {
    let mut name = String::with_capacity(text.len());
    let mut rest = text.chars();
    loop {
        match rest.next()? {
            '"' => return rest.next().is_none().then_some(name),
            '\\' => name.push(rest.next()?),
            c => name.push(c),
        }
    }
}

/// Such a character would show the address behind the name in another order than it has.
fn is_bidirectional_control(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(Option<String>, String)> {
        let sender = Sender::parse(text).ok()?;
        Some((sender.name, sender.address.to_string()))
    }

    #[test]
    fn a_sender_is_an_address_with_or_without_a_name() {
        let address = "a@example.com".to_owned();
        for (text, name) in [
            ("a@example.com", None),
            ("<a@example.com>", None),
            ("Example, Inc. <a@example.com>", Some("Example, Inc.")),
            (
                "\"Say \\\"hi\\\" <x>\" <a@example.com>",
                Some("Say \"hi\" <x>"),
            ),
            ("Bücherei ❤️<a@example.com>", Some("Bücherei ❤️")),
            ("a@example.com <a@example.com>", Some("a@example.com")),
        ] {
            assert_eq!(
                read(text),
                Some((name.map(str::to_owned), address.clone())),
                "{text}"
            );
        }
    }

    #[test]
    fn what_cannot_stand_in_a_header_is_no_sender() {
        for text in [
            "",
            "A <>",
            "A <a@example.com",
            "a@example.com>",
            "A\r\nBcc: x <a@example.com>",
            "A\n <a@example.com>",
            "\tA <a@example.com>",
            "A \u{202e} <a@example.com>",
            "\"A <a@example.com>",
            "A \"B\" <a@example.com>",
            "A <b> <a@example.com>",
            "A < a@example.com>",
            "A <a@example.com> B",
            "A <a@localhost>",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
        assert!(Sender::parse_of_operator("A <a@localhost>").is_ok());
    }
}
