//! A point in time as AWS JSON carries it.

use std::fmt;

use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The last millisecond of the year 9999, and as far before 1970; nobody means a date beyond.
const FARTHEST_MS: f64 = 253_402_300_799_999.0;

/// Milliseconds since 1970 in UTC. On the wire a JSON number of seconds, with up to three decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Reads seconds, rounded to the millisecond; `None` when that is no date.
    #[must_use]
    pub fn from_seconds(seconds: f64) -> Option<Self> {
        let ms = (seconds * 1000.0).round();
        // NaN fails the comparison too. Within the bound every whole f64 is an i64.
        #[allow(clippy::cast_possible_truncation)]
        (ms.abs() <= FARTHEST_MS).then_some(Self(ms as i64))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 % 1000 == 0 {
            return serializer.serialize_i64(self.0 / 1000);
        }
        // Exact enough: an f64 has 53 bits, and the farthest date needs 48.
        #[allow(clippy::cast_precision_loss)]
        serializer.serialize_f64(self.0 as f64 / 1000.0)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seconds;
        impl Visitor<'_> for Seconds {
            type Value = f64;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of seconds")
            }
            #[allow(clippy::cast_precision_loss)]
            fn visit_i64<E>(self, seconds: i64) -> Result<f64, E> {
                Ok(seconds as f64)
            }
            #[allow(clippy::cast_precision_loss)]
            fn visit_u64<E>(self, seconds: u64) -> Result<f64, E> {
                Ok(seconds as f64)
            }
            fn visit_f64<E>(self, seconds: f64) -> Result<f64, E> {
                Ok(seconds)
            }
        }
        let seconds = deserializer.deserialize_any(Seconds)?;
        Self::from_seconds(seconds).ok_or_else(|| D::Error::custom("no date of this era"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn milliseconds_travel_as_decimals_of_a_second() {
        for (ms, wire) in [
            (1_700_000_000_123, "1700000000.123"),
            (1_700_000_000_000, "1700000000"),
            (-1, "-0.001"),
        ] {
            assert_eq!(serde_json::to_string(&Timestamp(ms)).unwrap(), wire);
            assert_eq!(
                serde_json::from_str::<Timestamp>(wire).unwrap(),
                Timestamp(ms)
            );
        }
        assert_eq!(
            serde_json::from_str::<Timestamp>("1.700000000123E9").unwrap(),
            Timestamp(1_700_000_000_123)
        );
    }

    #[test]
    fn a_number_that_is_no_date_is_refused() {
        for wire in ["1e300", "-1e20", "18446744073709551615", "\"2026\""] {
            assert!(serde_json::from_str::<Timestamp>(wire).is_err(), "{wire}");
        }
        assert_eq!(Timestamp::from_seconds(f64::NAN), None);
    }
}
