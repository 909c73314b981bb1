//! The made-up account behind a name that no user has. From outside it must look like a user under
//! each of its names.
//!
//! A real user has one sub, and so one salt, one lock, and one set of counters and codes, under
//! each of their names. So a made-up account begins with a made-up sub, and everything else is
//! derived from it. A challenge can show the sub as the user id, which can then be used as a name:
//! a name in the form of a sub stands for itself. For that case the sub contains, enciphered, the
//! little of the original name that answers show of an address.

use cognate_crypto::digest::hmac_sha256;
use cognate_crypto::permutation;

use crate::ids::{Sub, UserPoolId};
use crate::name::NormalName;

/// Who a name belongs to that no user has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nobody {
    /// The made-up sub: the one canonical form of all their names.
    pub sub: Sub,
    /// What the sub says of the name that it was made from.
    pub trace: Trace,
}

/// What a made-up sub says, to the holder of the key, of the name that it was made from. Letters
/// are in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trace {
    /// An e-mail address, by the first characters of its two halves.
    Email {
        /// Of what stands before the `@`.
        local: char,
        /// Of the domain.
        domain: char,
    },
    /// A phone number.
    PhoneNumber {
        /// How many digits it has.
        digits: u8,
        /// The last four, as a number.
        last: u16,
    },
    /// Another name, by its first character.
    Name(char),
    /// Nothing: the name was a sub that was not made up here.
    Nothing,
}

// A made-up sub before it is enciphered: kind and field of the trace, a hash of the name, and
// zeros, which distinguish it from other UUIDs.
const HASH_AT: u32 = 14;
const FIELD_AT: u32 = HASH_AT + 64;
const KIND_AT: u32 = FIELD_AT + 42;
const CHAR_BITS: u32 = 21;
const LAST_BITS: u32 = 14;

const NAME: u128 = 0;
const EMAIL: u128 = 1;
const PHONE_NUMBER: u128 = 2;

impl Nobody {
    /// The made-up account of a name in a pool. `secret` is the server's own, for this purpose
    /// only.
    #[must_use]
    pub fn of_name(secret: &[u8; 32], pool: &UserPoolId, name: &NormalName) -> Self {
        let pool = pool.as_str().as_bytes();
        let key = hmac_sha256(secret, &[b"permutation\0", pool]);
        if let Ok(sub) = Sub::parse(name.as_str()) {
            let bits = sub.free_bits();
            let trace = bits.and_then(|bits| Trace::read(permutation::decipher(&key, bits)));
            return Self {
                sub,
                trace: trace.unwrap_or(Trace::Nothing),
            };
        }
        let trace = Trace::of(name);
        let [a, b, c, d, e, f, g, h, ..] =
            hmac_sha256(secret, &[b"name\0", pool, b"\0", name.as_str().as_bytes()]);
        let hash = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
        let number = trace.written() | (u128::from(hash) << HASH_AT);
        Self {
            sub: Sub::of_free_bits(permutation::encipher(&key, number)),
            trace,
        }
    }
}

impl Trace {
    /// The trace of a name.
    #[must_use]
    pub fn of(name: &NormalName) -> Self {
        let name = NormalName::with_case_rule(name.as_str(), false);
        let text = name.as_str();
        let first = |text: &str| text.chars().next();
        if name.is_phone_number() {
            let digits = text.trim_start_matches('+');
            let last = digits.get(digits.len().saturating_sub(4)..);
            if let (Ok(count), Some(Ok(last))) = (u8::try_from(digits.len()), last.map(str::parse))
            {
                return Self::PhoneNumber {
                    digits: count,
                    last,
                };
            }
        }
        if name.is_email()
            && let Some((local, domain)) = text.rsplit_once('@')
            && let (Some(local), Some(domain)) = (first(local), first(domain))
        {
            return Self::Email { local, domain };
        }
        first(text).map_or(Self::Nothing, Self::Name)
    }

    fn written(self) -> u128 {
        let (kind, field) = match self {
            Self::Email { local, domain } => (
                EMAIL,
                (u128::from(u32::from(local)) << CHAR_BITS) | u128::from(u32::from(domain)),
            ),
            Self::PhoneNumber { digits, last } => (
                PHONE_NUMBER,
                (u128::from(digits) << LAST_BITS) | u128::from(last),
            ),
            Self::Name(initial) => (NAME, u128::from(u32::from(initial))),
            Self::Nothing => (NAME, 0),
        };
        (kind << KIND_AT) | (field << FIELD_AT)
    }

    /// None for a number that [`Trace::written`] has not made.
    fn read(number: u128) -> Option<Self> {
        let take = |at: u32, count: u32| (number >> at) & ((1 << count) - 1);
        if take(0, HASH_AT) != 0 {
            return None;
        }
        let field = take(FIELD_AT, KIND_AT - FIELD_AT);
        let character = |field: u128| u32::try_from(field).ok().and_then(char::from_u32);
        let trace = match take(KIND_AT, 2) {
            NAME => Self::Name(character(field)?),
            EMAIL => Self::Email {
                local: character(field >> CHAR_BITS)?,
                domain: character(field & ((1 << CHAR_BITS) - 1))?,
            },
            PHONE_NUMBER => Self::PhoneNumber {
                digits: u8::try_from(field >> LAST_BITS)
                    .ok()
                    .filter(|count| *count <= 15)?,
                last: u16::try_from(field & ((1 << LAST_BITS) - 1))
                    .ok()
                    .filter(|last| *last < 10_000)?,
            },
            _ => return None,
        };
        Some(trace)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SECRET: [u8; 32] = [3; 32];

    fn of(name: &str) -> Nobody {
        of_pool("us-east-1_Home", name)
    }

    fn of_pool(pool: &str, name: &str) -> Nobody {
        let name = NormalName::with_case_rule(name, false);
        Nobody::of_name(&SECRET, &UserPoolId::parse(pool).unwrap(), &name)
    }

    #[test]
    fn a_name_and_the_sub_that_was_made_up_for_it_are_one() {
        for name in [
            "ana",
            "Ana@Example.com",
            "østen@écran.example",
            "+14155550123",
            "+12",
            "\u{1f600}",
        ] {
            let nobody = of(name);
            assert_eq!(of(nobody.sub.as_str()), nobody, "{name}");
            assert!(nobody.sub.free_bits().is_some());
        }
    }

    #[test]
    fn what_an_answer_shows_of_an_address_is_remembered() {
        assert_eq!(
            of("Ana@Example.com").trace,
            Trace::Email {
                local: 'a',
                domain: 'e'
            }
        );
        assert_eq!(
            of("+14155550123").trace,
            Trace::PhoneNumber {
                digits: 11,
                last: 123
            }
        );
        assert_eq!(of("Bob").trace, Trace::Name('b'));
    }

    #[test]
    fn a_sub_stands_for_itself_and_tells_nothing_of_a_name() {
        for text in [
            "6f6f6f6f-1111-4222-8333-444444444444",
            "6f9619ff-8b86-1d01-b42d-00cf4fc964ff",
        ] {
            let nobody = of(text);
            assert_eq!(nobody.sub.as_str(), text);
            assert_eq!(nobody.trace, Trace::Nothing);
        }
    }

    #[test]
    fn other_names_pools_and_secrets_have_other_subs() {
        assert_ne!(of("ana").sub, of("anb").sub);
        assert_ne!(of("ana").sub, of_pool("us-east-1_Away", "ana").sub);
        let name = NormalName::with_case_rule("ana", false);
        let pool = UserPoolId::parse("us-east-1_Home").unwrap();
        assert_ne!(of("ana").sub, Nobody::of_name(&[4; 32], &pool, &name).sub);
        let away = of_pool("us-east-1_Away", of("ana@example.com").sub.as_str());
        assert_eq!(away.trace, Trace::Nothing);
    }

    #[test]
    fn made_up_subs_take_every_form_that_random_ones_take() {
        let variants: std::collections::BTreeSet<char> = (0..200)
            .filter_map(|n| {
                of(&format!("n{n}@example.com"))
                    .sub
                    .as_str()
                    .chars()
                    .nth(19)
            })
            .collect();
        assert_eq!(variants, ['8', '9', 'a', 'b'].into());
    }

    proptest::proptest! {
        #[test]
        fn every_name_is_one_with_its_sub(name in "\\PC{1,20}") {
            let nobody = of(&name);
            proptest::prop_assert_eq!(of(nobody.sub.as_str()), nobody);
        }
    }
}
