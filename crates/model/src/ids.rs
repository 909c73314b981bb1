//! Typed ids. Each is parsed once at the edge; two kinds can never be taken for one another.

use std::fmt;

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
    /// An app client: 26 lower-case letters and digits when made here; up to 128 when brought from elsewhere.
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

impl UserPoolId {
    /// A new id in a region.
    #[must_use]
    pub fn random(region: &str, random: &mut Random) -> Self {
        Self(format!(
            "{region}_{}",
            random.from_alphabet(9, Alphabet::ALPHANUMERIC)
        ))
    }

    /// What stands before the underscore: the region that the pool was made in.
    #[must_use]
    pub fn region(&self) -> &str {
        self.0.split_once('_').map_or("", |(region, _)| region)
    }

    /// What follows the underscore: the pool's name in the SRP computation.
    #[must_use]
    pub fn srp_name(&self) -> &str {
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

impl Sub {
    /// A sub that no user has, made of bytes that were derived from a name: it stands in for the sub of a user who does not exist, and
    /// takes each form that a random one can take.
    #[must_use]
    pub fn made_up(bytes: &[u8; 32]) -> Self {
        let hex = cognate_crypto::digest::hex_encode(bytes);
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        // Two free bits in the variant (RFC 9562 §4.1): a fixed digit would tell three in four real subs from made-up ones.
        let variant = match bytes[8] >> 6 {
            0 => '8',
            1 => '9',
            2 => 'a',
            _ => 'b',
        };
        Self(format!(
            "{}-{}-4{}-{variant}{}-{}",
            part(0, 8),
            part(8, 12),
            part(13, 16),
            part(17, 20),
            part(20, 32)
        ))
    }
}

impl SessionId {
    /// A new token session's id.
    #[must_use]
    pub fn random(random: &mut Random) -> Self {
        Self(random.uuid_v4())
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
    }
}
