//! Values that a spreadsheet would run as a formula: files for spreadsheets have an apostrophe
//! before them, which shows nothing there, and an import takes it off.
//!
//! A value that has apostrophes before such a beginning gets one more, so that every value comes
//! back as it was. A plain number is no formula, so telephone numbers stay as they are.

use std::borrow::Cow;

/// The value with a guard, if it needs one.
#[must_use]
pub fn guarded(value: &str) -> Cow<'_, str> {
    if begins_formula(value.trim_start_matches('\'')) {
        Cow::Owned(format!("'{value}"))
    } else {
        Cow::Borrowed(value)
    }
}

/// The value without its guard, if it has one.
#[must_use]
pub fn unguarded(value: &str) -> &str {
    match value.strip_prefix('\'') {
        Some(rest) if begins_formula(rest.trim_start_matches('\'')) => rest,
        _ => value,
    }
}

fn begins_formula(value: &str) -> bool {
    // Spreadsheets pass over white space before a formula.
    let value = value.trim_start();
    let Some(rest) = value.strip_prefix(['=', '+', '-', '@']) else {
        return false;
    };
    let is_number = value.starts_with(['+', '-'])
        && rest.starts_with(|it: char| it.is_ascii_digit())
        && rest.bytes().all(|it| it.is_ascii_digit() || it == b'.');
    !is_number
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_begins_a_formula_is_guarded_and_what_does_not_is_left_alone() {
        for (value, written) in [
            ("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"),
            ("+1-2", "'+1-2"),
            ("-cmd|x", "'-cmd|x"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("'=1", "''=1"),
            ("-", "'-"),
            ("+15551234567", "+15551234567"),
            ("-12.5", "-12.5"),
            ("'t Hooft", "'t Hooft"),
            ("", ""),
            ("ana", "ana"),
        ] {
            assert_eq!(guarded(value), written);
            assert_eq!(unguarded(written), value);
        }
    }

    proptest! {
        #[test]
        fn every_value_comes_back(value in "['=+@0-9. \t-]{0,6}|\\PC{0,6}") {
            let written = guarded(&value);
            prop_assert_eq!(unguarded(&written), value.as_str());
            prop_assert!(!begins_formula(&written));
        }
    }
}
