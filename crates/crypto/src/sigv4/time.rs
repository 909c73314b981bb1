//! The two forms of date that a signed request may carry, as text and as milliseconds.

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// When a request says it was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moment {
    /// YYYYMMDDTHHMMSSZ
    pub(super) text: String,
    /// Milliseconds since 1970.
    pub(super) ms: i64,
}

impl Moment {
    /// Reads YYYYMMDDTHHMMSSZ.
    pub(super) fn from_iso(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 16 || bytes[8] != b'T' || bytes[15] != b'Z' {
            return None;
        }
        // The length was checked, and digits are ASCII, so these cuts exist.
        let number = |from: usize, to: usize| text.get(from..to).and_then(digits);
        let ms = milliseconds(
            [number(0, 4)?, number(4, 6)?, number(6, 8)?],
            [number(9, 11)?, number(11, 13)?, number(13, 15)?],
        )?;
        Some(Self {
            text: text.to_owned(),
            ms,
        })
    }

    /// Reads an HTTP date in its one modern form (RFC 9110 §5.6.7): `Sun, 06 Nov 1994 08:49:37
    /// GMT`.
    pub(super) fn from_http(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split(' ').collect();
        let [_, day, month, year, time, "GMT"] = words[..] else {
            return None;
        };
        let month = MONTHS.iter().position(|name| *name == month)?;
        let clock: Vec<i64> = time.split(':').map(digits).collect::<Option<_>>()?;
        let [hour, minute, second] = clock[..] else {
            return None;
        };
        let ms = milliseconds(
            [digits(year)?, i64::try_from(month).ok()? + 1, digits(day)?],
            [hour, minute, second],
        )?;
        Some(Self {
            text: timestamp(ms),
            ms,
        })
    }

    /// YYYYMMDD
    pub(super) fn day(&self) -> &str {
        self.text.get(..8).unwrap_or_default()
    }
}

/// A time in milliseconds since 1970 as X-Amz-Date writes it: YYYYMMDDTHHMMSSZ.
pub fn timestamp(ms: i64) -> String {
    let (days, rest) = (ms.div_euclid(DAY_MS), ms.rem_euclid(DAY_MS) / 1000);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

/// The moment of a Date header (RFC 9110 §5.6.7), in milliseconds since 1970.
#[must_use]
pub fn parse_http_date(text: &str) -> Option<i64> {
    Moment::from_http(text).map(|moment| moment.ms)
}

fn digits(text: &str) -> Option<i64> {
    if text.is_empty() || text.len() > 4 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

fn milliseconds([year, month, day]: [i64; 3], [hour, minute, second]: [i64; 3]) -> Option<i64> {
    let days = days(year, month, day);
    // A day that does not exist comes back as another one.
    if civil(days) != (year, month, day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(days * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000)
}

/// Days from 1 January 1970 in the Gregorian calendar. Years are counted from March, so that the
/// leap day is the last one.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // Months from March alternate 31, 30, 31, 30, 31 days: 153 in each five.
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + leap_days + day_of_year - 719_468
}

/// The inverse of [`days`].
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn known_moments_are_read_and_written() {
        for (text, ms) in [
            ("19700101T000000Z", 0),
            ("20000229T235959Z", 951_868_799_000),
            ("20150830T123600Z", 1_440_938_160_000),
            ("21000301T000000Z", 4_107_542_400_000),
            ("19691231T235959Z", -1_000),
        ] {
            assert_eq!(Moment::from_iso(text).unwrap().ms, ms, "{text}");
            assert_eq!(timestamp(ms), text);
        }
        let http = Moment::from_http("Sun, 30 Aug 2015 12:36:00 GMT").unwrap();
        assert_eq!(http, Moment::from_iso("20150830T123600Z").unwrap());
        assert_eq!(http.day(), "20150830");
    }

    #[test]
    fn every_day_of_eight_centuries_comes_back() {
        for day in -146_097..2 * 146_097 {
            let (year, month, of_month) = civil(day);
            assert_eq!(days(year, month, of_month), day);
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "20150830",
            "20150830T123600",
            "20150830T123600z",
            "20150830 123600Z",
            "20150230T000000Z",
            "20150830T240000Z",
            "20150830T126000Z",
            "20150830T123660Z",
            "20150001T000000Z",
            "20151301T000000Z",
            "2015083\u{e9}T12360Z",
            "+0150830T123600Z",
        ] {
            assert_eq!(Moment::from_iso(text), None, "{text}");
        }
        for text in [
            "",
            "Sun, 30 Aug 2015 12:36:00 CET",
            "Sun, 30 aug 2015 12:36:00 GMT",
            "Sun, 30 Aug 2015 12:36 GMT",
            "Sun, 31 Feb 2015 12:36:00 GMT",
        ] {
            assert_eq!(Moment::from_http(text), None, "{text}");
        }
    }
}
