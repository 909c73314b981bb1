//! Whole numbers of any length, as attributes of the type Number may have them.

use std::cmp::Ordering;

/// The most digits of a limit: those of 2^1023 (docs/protocol.md §7.8).
const MOST_DIGITS_OF_A_LIMIT: usize = 308;

/// A whole number in decimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WholeNumber<'a> {
    /// Never of zero.
    is_negative: bool,
    /// Without leading zeros, and so empty for zero.
    digits: &'a str,
}

impl<'a> WholeNumber<'a> {
    /// Reads digits with a sign or without.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        if unsigned.is_empty() || !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let digits = unsigned.trim_start_matches('0');
        Some(Self {
            is_negative: text.starts_with('-') && !digits.is_empty(),
            digits,
        })
    }

    /// Reads a limit, which is bounded itself.
    pub(super) fn parse_limit(text: &'a str) -> Option<Self> {
        Self::parse(text).filter(|number| number.digits.len() <= MOST_DIGITS_OF_A_LIMIT)
    }
}

impl Ord for WholeNumber<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let size = |number: &Self| (number.digits.len(), number.digits.to_owned());
        match (self.is_negative, other.is_negative) {
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => size(self).cmp(&size(other)),
            (true, true) => size(other).cmp(&size(self)),
        }
    }
}

impl PartialOrd for WholeNumber<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn numbers_compare_as_numbers_do() {
        let numbers = [
            i128::MIN,
            i64::MIN.into(),
            -100,
            -99,
            -10,
            -9,
            -1,
            0,
            1,
            9,
            10,
            99,
            100,
            i64::MAX.into(),
            i128::MAX,
        ];
        for one in numbers {
            for other in numbers {
                let (a, b) = (one.to_string(), other.to_string());
                let compared = WholeNumber::parse(&a).cmp(&WholeNumber::parse(&b));
                assert_eq!(compared, one.cmp(&other), "{one} {other}");
            }
        }
        for (one, other) in [("-0", "0"), ("+7", "7"), ("007", "7"), ("-007", "-7")] {
            assert_eq!(WholeNumber::parse(one), WholeNumber::parse(other), "{one}");
        }
    }

    #[test]
    fn what_is_no_whole_number_is_refused() {
        for text in ["", "-", "+", "+-1", "1.0", "1e3", " 1", "1 ", "0x1", "٣"] {
            assert_eq!(WholeNumber::parse(text), None, "{text}");
        }
        let longest = "9".repeat(MOST_DIGITS_OF_A_LIMIT);
        assert!(WholeNumber::parse_limit(&longest).is_some());
        assert_eq!(WholeNumber::parse_limit(&format!("1{longest}")), None);
    }
}
