//! Points in time, in the form of the database and the tokens.

use std::time::Duration;

use jiff::{civil, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// Milliseconds since the Unix epoch. Never read from a clock here: a request reads its clock once
/// and passes the value on.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Whole seconds since the epoch, as JWT's NumericDate has them (RFC 7519 §2).
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This time and a span later; stays at the end of time instead of wrapping.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// This time and a span earlier.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// The minute in words, as in a letter: `1 July 2026 at 12:00 UTC`.
    #[must_use]
    pub fn in_words(self) -> String {
        let at = jiff::Timestamp::from_millisecond(self.0).unwrap_or_default();
        at.strftime("%-d %B %Y at %H:%M UTC").to_string()
    }

    /// The time since `earlier`; zero when this is not after it, so a clock that is set back
    /// revives nothing.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Reads the TIMESTAMP of a PASSWORD_VERIFIER answer, such as `Tue Sep 5 18:20:05 UTC 2017`
/// (docs/protocol.md §3.8).
///
/// A day with a leading zero or space passes: the signature covers the text itself, byte for byte,
/// so the form need not be checked for its own sake. A weekday that is not the date's is refused,
/// as Cognito refuses it: the clock or the program that wrote it is wrong.
#[must_use]
pub(crate) fn parse_claim_timestamp(text: &str) -> Option<Timestamp> {
    if text.len() > 40 {
        return None;
    }
    let mut words = text.split_ascii_whitespace();
    let weekday = position(&WEEKDAYS, words.next()?)?;
    let month = position(&MONTHS, words.next()?)? + 1;
    let day = number(words.next()?, 1..=2)?;
    let mut clock = words.next()?.split(':').map(|part| number(part, 1..=2));
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let zone = words.next()?;
    let year = number(words.next()?, 4..=4)?;
    if words.next().is_some() || clock.next().is_some() || zone != "UTC" {
        return None;
    }
    let small = |number: i16| i8::try_from(number).ok();
    let civil = civil::DateTime::new(
        year,
        month,
        small(day)?,
        small(hour)?,
        small(minute)?,
        small(second)?,
        0,
    )
    .ok()?;
    if civil.weekday().to_monday_zero_offset() != weekday {
        return None;
    }
    let instant = civil.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some(Timestamp(instant.as_millisecond()))
}

fn position(names: &[&str], word: &str) -> Option<i8> {
    let at = names.iter().position(|name| *name == word)?;
    i8::try_from(at).ok()
}

/// That many digits and nothing else: no sign, which `parse` would accept.
fn number(word: &str, digits: std::ops::RangeInclusive<usize>) -> Option<i16> {
    let is_number = digits.contains(&word.len()) && word.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| word.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_timestamp_is_read_with_and_without_a_leading_zero() {
        let at = Some(Timestamp(1_504_635_605_000));
        assert_eq!(parse_claim_timestamp("Tue Sep 5 18:20:05 UTC 2017"), at);
        assert_eq!(parse_claim_timestamp("Tue Sep 05 18:20:05 UTC 2017"), at);
    }

    #[test]
    fn a_claim_timestamp_of_another_form_is_refused() {
        for text in [
            "",
            "Tue Sep 5 18:20:05 CET 2017",
            "Tue Sep 31 18:20:05 UTC 2017",
            "2017-09-05T18:20:05Z",
            "Tue Sep 5 18:20:05 UTC 2017 x",
            "Tue Sep 5 18:20 UTC 2017",
            "Mon Sep 5 18:20:05 UTC 2017",
            "tue Sep 5 18:20:05 UTC 2017",
            "Tue Sep +5 18:20:05 UTC 2017",
            "Tue Sep 5 +18:20:05 UTC 2017",
            "Tue Sep 5 18:20:05:00 UTC 2017",
            "Tue Sep 5 24:20:05 UTC 2017",
            "Tue Sep 5 18:20:05 UTC 17",
            "Dienstag Sep 5 18:20:05 UTC 2017",
        ] {
            assert_eq!(parse_claim_timestamp(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_in_words_is_a_minute_in_utc() {
        let words = Timestamp(1_782_907_261_000).in_words();
        assert_eq!(words, "1 July 2026 at 12:01 UTC");
        assert_eq!(Timestamp(i64::MAX).in_words(), Timestamp(0).in_words());
    }

    #[test]
    fn time_that_runs_backwards_counts_as_no_time() {
        assert_eq!(Timestamp(5).since(Timestamp(9)), Duration::ZERO);
    }
}
