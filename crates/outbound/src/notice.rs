//! The notice to an old address after a change: its words, and the link of the way back. Pools have
//! no template for it. Pure.

use crate::html_text::text_from_html;
use crate::layout;
use crate::templates::{Rendered, escape};

/// A change of an address.
#[derive(Clone, Copy)]
pub struct AddressChange<'a> {
    /// What has changed.
    pub address: ChangedAddress,
    /// When, in words.
    pub at: &'a str,
    /// The visible part of the new address; None if the address was removed.
    pub to: Option<&'a str>,
    /// Where the change is undone.
    pub link: &'a str,
}

/// Which address has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangedAddress {
    /// The mail address, which is told by mail.
    Email,
    /// The phone number, which is told by text message.
    PhoneNumber,
}

impl AddressChange<'_> {
    fn noun(&self) -> &'static str {
        match self.address {
            ChangedAddress::Email => "email address",
            ChangedAddress::PhoneNumber => "phone number",
        }
    }

    fn deed(&self) -> String {
        match self.to {
            Some(to) => format!("was changed to {to}"),
            None => "was removed".to_owned(),
        }
    }
}

/// The mail to the old address.
#[must_use]
pub fn address_changed_email(change: &AddressChange<'_>) -> Rendered {
    let noun = change.noun();
    let subject = match change.to {
        Some(_) => format!("Your {noun} was changed"),
        None => format!("Your {noun} was removed"),
    };
    let body = [
        layout::paragraph(&format!(
            "The {noun} of your account {} on {}.",
            escape(&change.deed()),
            escape(change.at)
        )),
        layout::paragraph("If you did this, there is nothing to do."),
        layout::paragraph(&format!(
            "If it was not you, somebody else may be using your account. This link brings back the {noun} that you are \
             reading this at, signs the account out everywhere and makes sure that a new password is chosen:"
        )),
        layout::paragraph(&format!(
            "<a href=\"{}\" style=\"{}\">It was not me</a>",
            escape(change.link),
            escape(layout::LINK_STYLE)
        )),
    ]
    .concat();
    let closing = "The link works for 24 hours, once, and needs no password. Do not pass it on.";
    let html = layout::frame(&subject, &body, closing);
    Rendered {
        subject,
        text: text_from_html(&html),
        html,
    }
}

/// The text message to the old number.
#[must_use]
pub fn address_changed_sms(change: &AddressChange<'_>) -> String {
    format!(
        "The {} of your account {} on {}. Not you? Undo it within 24 hours: {}",
        change.noun(),
        change.deed(),
        change.at,
        change.link
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &str = "https://id.example.com/restoreAddress?token=abc";

    fn change(to: Option<&str>) -> AddressChange<'_> {
        AddressChange {
            address: ChangedAddress::Email,
            at: "1 July 2026 at 12:00 UTC",
            to,
            link: LINK,
        }
    }

    #[test]
    fn the_mail_tells_what_when_and_the_way_back() {
        let mail = address_changed_email(&change(Some("n***@e***")));
        assert_eq!(mail.subject, "Your email address was changed");
        for text in [&mail.text, &mail.html] {
            for part in [
                "was changed to n***@e*** on 1 July 2026 at 12:00 UTC",
                LINK,
                "24 hours",
            ] {
                assert!(text.contains(part), "{part} in {text}");
            }
        }
        let removed = address_changed_email(&change(None));
        assert_eq!(removed.subject, "Your email address was removed");
        assert!(removed.text.contains("was removed on 1 July"));
    }

    #[test]
    fn the_first_letter_of_a_hostile_address_is_no_markup() {
        let mail = address_changed_email(&change(Some("<***@&***")));
        assert!(mail.html.contains("&lt;***@&amp;***"), "{}", mail.html);
        assert!(mail.text.contains("<***@&***"), "{}", mail.text);
    }

    #[test]
    fn a_text_message_is_one_line() {
        let message = address_changed_sms(&AddressChange {
            address: ChangedAddress::PhoneNumber,
            ..change(Some("+*******4567"))
        });
        assert_eq!(
            message,
            format!(
                "The phone number of your account was changed to +*******4567 on 1 July 2026 at 12:00 UTC. \
                 Not you? Undo it within 24 hours: {LINK}"
            )
        );
    }
}
