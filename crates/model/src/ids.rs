//! Typed ids. The edge parses each once, and one kind cannot be taken for another.

use std::fmt;

use cognate_crypto::digest::sha256;
use cognate_crypto::random::{Alphabet, Random};
use serde::{Deserialize, Serialize};

/// A text that is not an id of the kind asked for.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a valid {0}")]
pub struct InvalidId(&'static str);

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Reads the id from text.
            ///
            /// # Errors
            /// [`InvalidId`] when the text is not of this kind's form.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) { Ok(Self(text.to_owned())) } else { Err(InvalidId($what)) }
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// A user pool: `{region}_{nine letters or digits}`, as `us-east-1_Ab1Cd2Ef3`.
    UserPoolId,
    "user pool id",
    |text| {
        text.len() <= 55
            && text.split_once('_').is_some_and(|(region, rest)| {
                !region.is_empty()
                    && !rest.is_empty()
                    && region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                    && rest.bytes().all(|b| b.is_ascii_alphanumeric())
            })
    }
);
id!(
    /// An app client: 26 lower-case letters and digits when made here; up to 128 when brought from
    /// elsewhere.
    ClientId,
    "app client id",
    |text| (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'+')
);
id!(
    /// A user's `sub`: a random UUID, never used again.
    Sub,
    "sub",
    is_uuid
);
id!(
    /// A token session: the UUID that its tokens carry as `origin_jti`.
    SessionId,
    "token session id",
    is_uuid
);
id!(
    /// A token session as session management names it: `tkn`, and 25 lower-case letters and digits.
    ListedSessionId,
    "session id",
    |text| {
        text.len() == LISTED_PREFIX.len() + LISTED_DIGITS
            && text.strip_prefix(LISTED_PREFIX).is_some_and(|rest| {
                rest.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
            })
    }
);
id!(
    /// A device that a user signed in on: `{region}_{UUID}` (docs/protocol.md §14.1), never used
    /// again.
    DeviceKey,
    "device key",
    |text| {
        text.len() <= 55
            && text.rsplit_once('_').is_some_and(|(region, uuid)| {
                !region.is_empty()
                    && region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                    && is_uuid(uuid)
            })
    }
);
id!(
    /// A group of users, which nobody outside is told: 16 lower-case letters and digits, never used
    /// again.
    GroupId,
    "group id",
    |text| {
        text.len() == GROUP_ID_LENGTH
            && text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
    }
);

/// 82 bits of randomness.
const GROUP_ID_LENGTH: usize = 16;

impl GroupId {
    /// A new id.
    #[must_use]
    pub fn random(random: &mut Random) -> Self {
        Self(random.from_alphabet(GROUP_ID_LENGTH, Alphabet::LOWERCASE_AND_DIGITS))
    }
}

id!(
    /// A job that imports users: `import-` and ten letters and digits when made here.
    ImportJobId,
    "import job id",
    |text| {
        text.len() <= 55
            && text.strip_prefix("import-").is_some_and(|rest| {
                !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            })
    }
);

impl ImportJobId {
    pub(crate) fn of_digits(digits: &str) -> Self {
        Self(format!("import-{digits}"))
    }
}

impl UserPoolId {
    /// A new id in a region.
    #[must_use]
    pub fn random(region: &str, random: &mut Random) -> Self {
        Self(format!(
            "{region}_{}",
            random.from_alphabet(9, Alphabet::ALPHANUMERIC)
        ))
    }

    /// The part before the underscore: the region that the pool was made in.
    #[must_use]
    pub fn region(&self) -> &str {
        self.0.split_once('_').map_or("", |(region, _)| region)
    }

    /// The part behind the underscore: the pool's name in the SRP computation (docs/protocol.md
    /// §3.4).
    #[must_use]
    pub(crate) fn srp_name(&self) -> &str {
        self.0
            .split_once('_')
            .map_or(self.0.as_str(), |(_, name)| name)
    }
}

impl ClientId {
    /// A new id.
    #[must_use]
    pub fn random(random: &mut Random) -> Self {
        Self(random.from_alphabet(26, Alphabet::LOWERCASE_AND_DIGITS))
    }
}

impl Sub {
    /// A new user's `sub`.
    #[must_use]
    pub fn random(random: &mut Random) -> Self {
        Self(random.uuid_v4())
    }
}

/// The bits of a random UUID that are not fixed, from the top: 48, then 12 behind the version, then
/// 62 behind the variant.
const HIGH: u32 = 48;
const MIDDLE: u32 = 12;
const LOW: u32 = 62;

impl Sub {
    /// The sub with these 122 free bits: a UUID of version 4 and its variant (RFC 9562 §5.4). From
    /// bits that look random it takes every form that a random sub can take.
    #[must_use]
    pub(crate) fn of_free_bits(bits: u128) -> Self {
        let take = |at: u32, count: u32| (bits >> at) & ((1 << count) - 1);
        let (high, middle, low) = (
            take(MIDDLE + LOW, HIGH),
            take(LOW, MIDDLE),
            take(0, LOW) | (0b10 << LOW),
        );
        Self(format!(
            "{:08x}-{:04x}-4{middle:03x}-{:04x}-{:012x}",
            high >> 16,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        ))
    }

    /// The 122 free bits; None for a UUID that is not of the random form.
    #[must_use]
    pub(crate) fn free_bits(&self) -> Option<u128> {
        let number = u128::from_str_radix(&self.0.replace('-', ""), 16).ok()?;
        let take = |at: u32, count: u32| (number >> at) & ((1 << count) - 1);
        let is_random = take(76, 4) == 4 && take(LOW, 2) == 0b10;
        is_random
            .then(|| (take(80, HIGH) << (MIDDLE + LOW)) | (take(64, MIDDLE) << LOW) | take(0, LOW))
    }
}

impl SessionId {
    /// A new token session's id.
    #[must_use]
    pub fn random(random: &mut Random) -> Self {
        Self(random.uuid_v4())
    }
}

/// What the id of a token session begins with (docs/protocol.md §6.20).
const LISTED_PREFIX: &str = "tkn";
/// How many digits of base 36 follow.
const LISTED_DIGITS: usize = 25;

impl ListedSessionId {
    /// The id under which a session is listed. It follows from the session's own by a hash, so that
    /// every session has one, whichever version began it, and no column holds it. Nobody finds
    /// another's: the session's own id is random, and stands in its owner's tokens only.
    #[must_use]
    pub fn of(pool: &UserPoolId, session: &SessionId) -> Self {
        let mut number = sha256(&[
            b"listed session\0",
            pool.as_str().as_bytes(),
            b"\0",
            session.as_str().as_bytes(),
        ]);
        let digits = (0..LISTED_DIGITS).map(|_| digit(&mut number));
        Self(LISTED_PREFIX.chars().chain(digits).collect())
    }
}

/// Takes the last digit of base 36 from a number, big-endian: divides it and gives the remainder.
fn digit(number: &mut [u8]) -> char {
    let remainder = number.iter_mut().fold(0_u32, |remainder, byte| {
        let value = remainder << 8 | u32::from(*byte);
        // Less than 256, because the remainder is less than 36.
        *byte = (value / 36) as u8;
        value % 36
    });
    char::from_digit(remainder, 36).unwrap_or('0')
}

impl DeviceKey {
    /// A new device's key, of the pool's region.
    #[must_use]
    pub fn random(pool: &UserPoolId, random: &mut Random) -> Self {
        Self(format!("{}_{}", pool.region(), random.uuid_v4()))
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_pool_id_with_a_path_or_a_quote_in_it_is_refused() {
        for text in [
            "",
            "_",
            "us-east-1",
            "us-east-1_",
            "../x_y",
            "us-east-1_a/b",
            "us-east-1_a'b",
            "us-east-1_a_b",
        ] {
            assert_eq!(
                UserPoolId::parse(text),
                Err(InvalidId("user pool id")),
                "{text}"
            );
        }
        assert_eq!(
            UserPoolId::parse("us-east-1_Ab1Cd2Ef3").unwrap().srp_name(),
            "Ab1Cd2Ef3"
        );
    }

    #[test]
    fn random_ids_are_of_their_own_form() {
        let mut random = Random::from_seed([7; 32]);
        assert!(UserPoolId::parse(UserPoolId::random("eu-west-1", &mut random).as_str()).is_ok());
        assert!(ClientId::parse(ClientId::random(&mut random).as_str()).is_ok());
        assert!(Sub::parse(Sub::random(&mut random).as_str()).is_ok());
        let pool = UserPoolId::random("eu-west-1", &mut random);
        let device = DeviceKey::random(&pool, &mut random);
        assert!(DeviceKey::parse(device.as_str()).is_ok());
        assert!(device.as_str().starts_with("eu-west-1_"));
        assert!(GroupId::parse(GroupId::random(&mut random).as_str()).is_ok());
    }

    #[test]
    fn a_device_key_is_a_region_and_a_uuid() {
        let uuid = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff";
        for text in ["us-east-1", "us-east-1_", "us-east-1_6f9619ff", uuid] {
            assert_eq!(
                DeviceKey::parse(text),
                Err(InvalidId("device key")),
                "{text}"
            );
        }
        for region in ["", "a_b", "a/b", "a region that is far too long"] {
            assert!(DeviceKey::parse(&format!("{region}_{uuid}")).is_err());
        }
        assert!(DeviceKey::parse(&format!("us-east-1_{uuid}")).is_ok());
    }

    #[test]
    fn a_session_is_listed_under_one_id_of_28_characters_which_its_pool_is_part_of() {
        let pool = UserPoolId::parse("us-east-1_AbCdEfGhI").unwrap();
        let session = SessionId::parse("11111111-2222-4333-8444-555555555555").unwrap();
        let listed = ListedSessionId::of(&pool, &session);
        // For ever: what an operator has noted down must still name it.
        assert_eq!(listed.as_str(), "tkn4iknxauwdlpercai9gw84wrpk");
        assert_eq!(ListedSessionId::parse(listed.as_str()), Ok(listed.clone()));
        let other = UserPoolId::parse("us-east-1_Other").unwrap();
        assert_ne!(ListedSessionId::of(&other, &session), listed);
        for text in [
            "tkn",
            "sso0123456789abcdefghijklmno",
            "tkn0123456789abcdefghijklmnO",
        ] {
            assert!(ListedSessionId::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_random_sub_is_what_its_free_bits_make() {
        let mut random = Random::from_seed([7; 32]);
        for _ in 0..200 {
            let sub = Sub::random(&mut random);
            assert_eq!(Sub::of_free_bits(sub.free_bits().unwrap()), sub);
        }
        let ones = Sub::of_free_bits(u128::MAX);
        assert_eq!(ones.as_str(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(ones.free_bits(), Some((1 << 122) - 1));
    }

    #[test]
    fn a_uuid_of_another_kind_has_no_free_bits() {
        for text in [
            "6f9619ff-8b86-1d01-b42d-00cf4fc964ff",
            "6f9619ff-8b86-4d01-c42d-00cf4fc964ff",
        ] {
            assert_eq!(Sub::parse(text).unwrap().free_bits(), None, "{text}");
        }
    }
}
