//! The part of an address that CodeDeliveryDetails shows (docs/protocol.md §9.3): enough for its
//! owner to recognise it, too little for a stranger to learn it.

/// Masks a mail address as Cognito does: `f***@e***` for `fixture@example.com`, whatever the
/// lengths.
#[must_use]
pub fn mask_email(address: &str) -> String {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    format!("{}***@{}***", first(local), first(domain))
}

/// Masks a phone number as Cognito does: `+*******4567` for `+15551234567`, one star for each
/// hidden digit.
///
/// A number of four digits or fewer, which is none in E.164, is hidden whole.
#[must_use]
pub fn mask_phone_number(number: &str) -> String {
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    let hidden = if digits.len() > 4 {
        digits.len() - 4
    } else {
        digits.len()
    };
    let shown: String = digits.iter().skip(hidden).collect();
    format!("+{}{shown}", "*".repeat(hidden))
}

fn first(text: &str) -> String {
    text.chars().take(1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_address_shows_one_letter_of_each_half() {
        assert_eq!(mask_email("fixture@example.com"), "f***@e***");
        assert_eq!(mask_email("f@e"), "f***@e***");
    }

    #[test]
    fn a_quoted_at_sign_does_not_reveal_the_local_part() {
        assert_eq!(mask_email("\"a@secret\"@example.com"), "\"***@e***");
    }

    #[test]
    fn letters_of_more_than_one_byte_are_not_cut() {
        assert_eq!(mask_email("østen@écran.example"), "ø***@é***");
    }

    #[test]
    fn what_is_no_mail_address_stays_hidden() {
        assert_eq!(mask_email("nonsense"), "n***@***");
        assert_eq!(mask_email(""), "***@***");
    }

    #[test]
    fn a_phone_number_shows_its_last_four_digits() {
        assert_eq!(mask_phone_number("+15551231234"), "+*******1234");
        assert_eq!(mask_phone_number("+4915112345678"), "+*********5678");
    }

    #[test]
    fn a_number_too_short_to_mask_shows_nothing() {
        assert_eq!(mask_phone_number("+1234"), "+****");
        assert_eq!(mask_phone_number(""), "+");
    }
}
