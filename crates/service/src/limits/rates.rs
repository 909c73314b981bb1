//! How much may be done in a while, as the server's configuration says it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The limits that a server's operator may set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Sign-ups from one network address, on each node.
    pub sign_ups_per_address: Rate,
    /// Failed guesses of one network address, on each node.
    pub failures_per_address: Rate,
    /// Messages that one network address asks for, on each node.
    pub messages_per_address: Rate,
    /// Mails that strangers and users are sent from one pool in an hour, by all nodes together;
    /// None for any number.
    pub mail_per_pool_and_hour: Option<u32>,
    /// Text messages, likewise: each costs money.
    pub sms_per_pool_and_hour: Option<u32>,
    /// User pools of the server; None for any number.
    pub user_pools: Option<u32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // An office or a school behind one address signs up by the hundred, and an attack by
            // the thousand.
            sign_ups_per_address: Rate::of(100, 10 * 60),
            failures_per_address: Rate::of(100, 5 * 60),
            messages_per_address: Rate::of(30, 10 * 60),
            mail_per_pool_and_hour: Some(10_000),
            sms_per_pool_and_hour: Some(1_000),
            user_pools: Some(1_000),
        }
    }
}

/// So many in such a time, or any number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many; None for any number.
    pub(crate) number: Option<u32>,
    /// In how long.
    pub(crate) window: Duration,
}

impl Rate {
    /// So many in so many seconds.
    pub(crate) const fn of(number: u32, seconds: u64) -> Self {
        Self {
            number: Some(number),
            window: Duration::from_secs(seconds),
        }
    }
}

/// A text that is no rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateError(String);

impl fmt::Display for RateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "«{}» must be NUMBER/TIME, as 100/10m, with a time of 1s to 24h, or none",
            self.0
        )
    }
}

impl std::error::Error for RateError {}

impl FromStr for Rate {
    type Err = RateError;

    /// Reads `100/10m`: a number from 1 on, and a time in seconds, minutes or hours, a day at most.
    /// `none` is any number.
    fn from_str(text: &str) -> Result<Self, RateError> {
        if text == "none" {
            return Ok(Self {
                number: None,
                window: Duration::from_secs(1),
            });
        }
        read(text).ok_or_else(|| RateError(text.to_owned()))
    }
}

fn read(text: &str) -> Option<Rate> {
    let (number, time) = text.split_once('/')?;
    let digits = time.trim_end_matches(|last: char| last.is_ascii_lowercase());
    let unit = match time.get(digits.len()..)? {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    let seconds = whole(digits)?.checked_mul(unit)?;
    let number = whole(number)?;
    let is_served = (1..=24 * 3600).contains(&seconds) && number >= 1;
    is_served.then(|| Rate::of(number, u64::from(seconds)))
}

/// Digits and nothing else: no sign, no spaces.
fn whole(text: &str) -> Option<u32> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_rate_is_a_number_and_a_time() {
        for (text, rate) in [
            ("100/10m", Rate::of(100, 600)),
            ("1/1s", Rate::of(1, 1)),
            ("4294967295/24h", Rate::of(u32::MAX, 86_400)),
        ] {
            assert_eq!(text.parse(), Ok(rate), "{text}");
        }
        assert_eq!("none".parse::<Rate>().unwrap().number, None);
    }

    #[test]
    fn what_is_no_rate_is_refused_in_words() {
        for text in [
            "",
            "100",
            "100/",
            "/10m",
            "0/10m",
            "100/0m",
            "100/25h",
            "100/1441m",
            "100/10",
            "100/10d",
            "100/10mm",
            "-1/10m",
            "+1/10m",
            "1 /10m",
            "1/ 10m",
            "1/10M",
            "1e3/10m",
            "4294967296/1h",
            "1/99999999999h",
            "NONE",
            "100/10m/1",
        ] {
            let error = text.parse::<Rate>().unwrap_err().to_string();
            assert!(error.contains("NUMBER/TIME"), "{text}: {error}");
        }
    }
}
