//! The normal form of sign-in names. Two spellings of one name must meet in the same row, or an
//! attacker sprays passwords over the variants and registers look-alikes of a victim's name.

use crate::normal_form::normal_form;

/// A sign-in name (user name, e-mail address, phone number or preferred user name) in the one form
/// that is looked up and kept unique: NFKC, and lower case unless the pool's names are
/// case-sensitive.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NormalName(String);

impl NormalName {
    /// The normal form under a case rule.
    #[must_use]
    pub fn with_case_rule(name: &str, case_sensitive: bool) -> Self {
        Self(normal_form(name, case_sensitive))
    }

    /// The normal form as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the name is written like an e-mail address.
    #[must_use]
    pub fn is_email(&self) -> bool {
        is_email(&self.0)
    }

    /// Whether the name is written like a phone number.
    #[must_use]
    pub fn is_phone_number(&self) -> bool {
        is_phone_number(&self.0)
    }
}

/// Whether a text is an e-mail address that mail can be sent to. A code proves that somebody reads
/// the mail.
#[must_use]
pub fn is_email(text: &str) -> bool {
    crate::EmailAddress::parse(text).is_ok()
}

/// Whether a text is a phone number in E.164 form: `+`, a first digit that is not zero, at most
/// fifteen digits.
#[must_use]
pub fn is_phone_number(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (2..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|b| b.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_alike_spellings_meet_in_one_name() {
        let plain = NormalName::with_case_rule("ana@example.com", false);
        for variant in ["Ana@Example.COM", "ａｎａ@example.com", "ANA@EXAMPLE.COM"] {
            assert_eq!(
                NormalName::with_case_rule(variant, false),
                plain,
                "{variant}"
            );
        }
    }

    #[test]
    fn a_normal_form_is_its_own_normal_form() {
        // The last has no composed form before it is lower-cased, and one after.
        for name in ["İstanbul", "ﬁ", "Å", "ß", "ǅ", "Ω", "J\u{30c}"] {
            let once = NormalName::with_case_rule(name, false);
            assert_eq!(
                NormalName::with_case_rule(once.as_str(), false),
                once,
                "{name}"
            );
        }
    }

    #[test]
    fn every_character_has_one_normal_form() {
        // All planes that have characters; the form without a case rule is Unicode's own promise.
        for character in ('\0'..='\u{3ffff}').chain('\u{e0000}'..='\u{e0fff}') {
            let once = NormalName::with_case_rule(&character.to_string(), false);
            let twice = NormalName::with_case_rule(once.as_str(), false);
            assert_eq!(twice, once, "{character:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_name_and_its_normal_form_are_one_name(name in "\\PC{0,12}") {
            for case_sensitive in [false, true] {
                let once = NormalName::with_case_rule(&name, case_sensitive);
                proptest::prop_assert_eq!(&NormalName::with_case_rule(once.as_str(), case_sensitive), &once);
            }
        }

        #[test]
        fn what_is_no_address_is_told_so_and_nothing_worse(text in proptest::prelude::any::<String>()) {
            if is_email(&text) {
                proptest::prop_assert!(!text.chars().any(char::is_control) && text.matches('@').count() == 1);
            }
            if is_phone_number(&text) {
                proptest::prop_assert!(text.is_ascii() && text.len() <= 16);
            }
        }
    }

    #[test]
    fn case_stays_where_the_pool_is_case_sensitive() {
        assert_ne!(
            NormalName::with_case_rule("Ana", true),
            NormalName::with_case_rule("ana", true)
        );
    }

    #[test]
    fn addresses_that_would_break_a_mail_header_are_no_addresses() {
        for text in [
            "a@b",
            "@b.c",
            "a@b..c",
            "a b@c.d",
            "a@c.d\r\nBcc: x@y.z",
            "a\0@c.d",
            "a@c\u{7f}.d",
            "a@\u{9f}c.d",
            "a@b@c.d",
            "<a@c.d>",
            "a,b@c.d",
        ] {
            assert!(!is_email(text), "{text:?}");
        }
        assert!(is_email("ana+tag@mail.example.com"));
    }

    #[test]
    fn phone_numbers_are_e164() {
        assert!(is_phone_number("+14155550123"));
        for text in [
            "14155550123",
            "+04155550123",
            "+1415555012345678",
            "+1 415",
            "+",
        ] {
            assert!(!is_phone_number(text), "{text}");
        }
    }
}
