//! Password policy, the password's verifier, and temporary passwords.

use std::time::Duration;

use cognate_crypto::random::{Alphabet, Random};
use cognate_crypto::secret::SecretString;
use cognate_crypto::srp;
use serde::{Deserialize, Serialize};

use crate::ids::UserPoolId;
use crate::imported_hash::ImportedHash;
use crate::name::NormalName;
use crate::time::Timestamp;

/// What a pool requires of passwords (docs/protocol.md §8.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PasswordPolicy {
    /// Least length, in characters: 6 to 99.
    pub minimum_length: u32,
    /// Whether an upper-case letter is needed.
    pub require_uppercase: bool,
    /// Whether a lower-case letter is needed.
    pub require_lowercase: bool,
    /// Whether a digit is needed.
    pub require_numbers: bool,
    /// Whether a symbol is needed.
    pub require_symbols: bool,
    /// How long a temporary password can be used, in days: 1 to 365.
    pub temporary_validity_days: u32,
    /// How many of a user's passwords, the present one among them, the next may not equal: 0 to 24.
    pub history_size: u32,
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self {
            minimum_length: 8,
            require_uppercase: true,
            require_lowercase: true,
            require_numbers: true,
            require_symbols: true,
            temporary_validity_days: 7,
            history_size: 0,
        }
    }
}

/// The rule that a password breaks, in the words that clients show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyViolation {
    /// Too short.
    #[error("Password not long enough")]
    Length,
    /// No upper-case letter.
    #[error("Password must have uppercase characters")]
    Uppercase,
    /// No lower-case letter.
    #[error("Password must have lowercase characters")]
    Lowercase,
    /// No digit.
    #[error("Password must have numeric characters")]
    Number,
    /// No symbol.
    #[error("Password must have symbol characters")]
    Symbol,
    /// A space at an end, where nobody sees it; the words are ours.
    #[error("Password must not begin or end with a space")]
    Edge,
}

/// The symbols that count (docs/protocol.md §8.2). A space counts too, except at either end.
const SYMBOLS: &str = "^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+-";

impl PasswordPolicy {
    /// Checks a password.
    ///
    /// # Errors
    /// The first part of the policy that it does not meet.
    pub fn check(&self, password: &str) -> Result<(), PolicyViolation> {
        // Most operations refuse these by the model's pattern, which covers ASCII spaces;
        // NEW_PASSWORD has no pattern.
        let is_space = |c: char| c.is_ascii_whitespace() || c == '\x0B';
        if password.starts_with(is_space) || password.ends_with(is_space) {
            return Err(PolicyViolation::Edge);
        }
        if password.chars().count() < self.minimum_length as usize {
            return Err(PolicyViolation::Length);
        }
        if self.require_uppercase && !password.chars().any(|c| c.is_ascii_uppercase()) {
            return Err(PolicyViolation::Uppercase);
        }
        if self.require_lowercase && !password.chars().any(|c| c.is_ascii_lowercase()) {
            return Err(PolicyViolation::Lowercase);
        }
        if self.require_numbers && !password.chars().any(|c| c.is_ascii_digit()) {
            return Err(PolicyViolation::Number);
        }
        if self.require_symbols
            && !password.chars().any(|c| SYMBOLS.contains(c))
            && !password.contains(' ')
        {
            return Err(PolicyViolation::Symbol);
        }
        Ok(())
    }

    /// How long a temporary password can be used.
    #[must_use]
    pub fn temporary_validity(&self) -> Duration {
        Duration::from_secs(u64::from(self.temporary_validity_days) * 86_400)
    }

    /// A temporary password that meets the policy: one character of each kind and random ones up to
    /// the least length or twelve, shuffled. Letters and digits that look alike are left out,
    /// because people type it from a mail.
    #[must_use]
    pub fn temporary_password(&self, random: &mut Random) -> String {
        const KINDS: [Alphabet; 4] = [
            Alphabet::new(b"ABCDEFGHJKLMNPQRSTUVWXYZ"),
            Alphabet::new(b"abcdefghijkmnpqrstuvwxyz"),
            Alphabet::new(b"23456789"),
            Alphabet::new(b"!@#%*+-_?=:"),
        ];
        const ANY: Alphabet =
            Alphabet::new(b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789");
        let length = (self.minimum_length as usize).max(12);
        let mut password: Vec<char> = KINDS
            .iter()
            .flat_map(|kind| random.from_alphabet(1, *kind).chars().collect::<Vec<_>>())
            .collect();
        password.extend(random.from_alphabet(length - password.len(), ANY).chars());
        // The shuffle hides the place of each kind.
        random.shuffle(&mut password);
        password.into_iter().collect()
    }
}

/// The stored form of a password: SRP salt and verifier, never the password (ARCHITECTURE.md, "What
/// always holds"). Sealed at rest.
///
/// Of a user who was imported with a hash of their password, nobody can make the verifier before
/// the password is there. Until then the hash waits in `imported`, and the verifier is a random
/// number, of which no password is known: SRP goes as with a wrong password, on nodes that know
/// nothing of the hash too. The salt is that of the verifier to come, so it tells which password
/// this is from the beginning.
#[derive(Clone, Serialize, Deserialize)]
pub struct Credentials {
    /// The SRP salt: 16 random bytes.
    #[serde(with = "crate::bytes")]
    pub salt: Vec<u8>,
    /// The SRP verifier g^x mod N: 384 bytes, big-endian.
    #[serde(with = "crate::bytes")]
    pub verifier: Vec<u8>,
    /// The user id that went into x (`USER_ID_FOR_SRP`): the user name in its normal form. So a
    /// challenge does not show the spelling at sign-up, and an unknown name gets the same form of
    /// answer.
    pub user_id: String,
    /// When a temporary password runs out; none for the user's own password.
    pub temporary_until: Option<Timestamp>,
    /// The hash that is verified in the verifier's place, until a password has met it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<ImportedHash>,
}

impl Credentials {
    /// The credentials of a new password: a fresh salt and its verifier. Costs a power of g (about
    /// 0.1 ms).
    #[must_use]
    pub fn new(
        pool: &UserPoolId,
        username: &NormalName,
        password: &SecretString,
        temporary_until: Option<Timestamp>,
        random: &mut Random,
    ) -> Self {
        let salt = srp::new_salt(random);
        let verifier = srp::verifier(pool.srp_name(), username.as_str(), password, &salt);
        Self {
            salt: salt.to_vec(),
            verifier: verifier.expose().to_vec(),
            user_id: username.as_str().to_owned(),
            temporary_until,
            imported: None,
        }
    }

    /// The credentials of a user of whose password there is only a hash.
    #[must_use]
    pub fn of_hash(username: &NormalName, hash: ImportedHash, random: &mut Random) -> Self {
        let mut verifier = random.bytes::<{ srp::VERIFIER_LENGTH }>();
        // Below 2^3071, hence below N.
        verifier[0] &= 0x7f;
        Self {
            salt: srp::new_salt(random).to_vec(),
            verifier: verifier.to_vec(),
            user_id: username.as_str().to_owned(),
            temporary_until: None,
            imported: Some(hash),
        }
    }

    /// The same password, once it is known and its hash needed no more: its verifier, with the salt
    /// that was kept for it.
    #[must_use]
    pub fn settled(
        &self,
        pool: &UserPoolId,
        username: &NormalName,
        password: &SecretString,
    ) -> Self {
        let verifier = srp::verifier(pool.srp_name(), username.as_str(), password, &self.salt);
        Self {
            salt: self.salt.clone(),
            verifier: verifier.expose().to_vec(),
            user_id: username.as_str().to_owned(),
            temporary_until: self.temporary_until,
            imported: None,
        }
    }

    /// If a hash waits, the memory that [`Credentials::match_password`] takes, in bytes.
    #[must_use]
    pub fn hashing_memory(&self) -> Option<usize> {
        self.imported.as_ref().map(ImportedHash::memory)
    }

    /// Whether a password is the one that these were made of; constant-time. Costs a power of g, or
    /// what the hash costs that waits.
    #[must_use]
    pub fn match_password(&self, pool: &UserPoolId, password: &SecretString) -> bool {
        if let Some(hash) = &self.imported {
            return hash.matches(password);
        }
        srp::Verifier::from_bytes(&self.verifier).is_ok_and(|verifier| {
            srp::password_matches(
                pool.srp_name(),
                &self.user_id,
                password,
                &self.salt,
                &verifier,
            )
        })
    }
}

/// The passwords that a user had before the present one, the newest first. Sealed at rest.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct PasswordHistory {
    /// What is kept of each.
    #[serde(default)]
    pub past: Vec<Credentials>,
}

impl PasswordHistory {
    /// Adds the password that another takes the place of, and forgets those that `size` does not
    /// reach: the present password is one of them.
    pub fn push(&mut self, replaced: Credentials, size: u32) {
        self.past.insert(0, replaced);
        self.past.truncate((size as usize).saturating_sub(1));
    }

    /// If a hash is among them, the memory that [`PasswordHistory::permits`] takes, in bytes: they
    /// are compared one after the other.
    #[must_use]
    pub fn hashing_memory(&self, size: u32, current: Option<&Credentials>) -> Option<usize> {
        let known = self.known(size, current);
        known.filter_map(Credentials::hashing_memory).max()
    }

    fn known<'a>(
        &'a self,
        size: u32,
        current: Option<&'a Credentials>,
    ) -> impl Iterator<Item = &'a Credentials> {
        current.into_iter().chain(&self.past).take(size as usize)
    }

    /// Whether a new password may be used: it is none of the last `size`, of which the present one
    /// is the first (docs/protocol.md §8.7). Each of them costs a power of g (about 0.1 ms) or what
    /// an imported hash costs, so this belongs on a blocking thread. All are compared, in constant
    /// time, whichever is the same.
    #[must_use]
    pub fn permits(
        &self,
        size: u32,
        current: Option<&Credentials>,
        pool: &UserPoolId,
        new: &SecretString,
    ) -> bool {
        let known = self.known(size, current);
        let equal = known.filter(|known| known.match_password(pool, new));
        equal.count() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_missing_kind_is_named() {
        let policy = PasswordPolicy::default();
        assert_eq!(policy.check("Aa1!"), Err(PolicyViolation::Length));
        assert_eq!(policy.check("aaaaaa1!"), Err(PolicyViolation::Uppercase));
        assert_eq!(policy.check("AAAAAA1!"), Err(PolicyViolation::Lowercase));
        assert_eq!(policy.check("AAAAaaa!"), Err(PolicyViolation::Number));
        assert_eq!(policy.check("AAAAaaa1"), Err(PolicyViolation::Symbol));
        assert_eq!(policy.check("AAAaaa1!"), Ok(()));
    }

    #[test]
    fn temporary_passwords_meet_the_policy_and_differ() {
        let mut random = Random::from_seed([3; 32]);
        let policy = PasswordPolicy {
            minimum_length: 20,
            ..PasswordPolicy::default()
        };
        let first = policy.temporary_password(&mut random);
        for _ in 0..200 {
            let password = policy.temporary_password(&mut random);
            assert_eq!(policy.check(&password), Ok(()), "{password}");
            assert_ne!(password, first);
        }
    }

    #[test]
    fn a_space_is_a_symbol_inside_but_not_at_an_end() {
        let policy = PasswordPolicy::default();
        assert_eq!(policy.check("AAAA aaa1"), Ok(()));
        for at_an_end in [" AAAA!aaa1", "AAAA!aaa1 ", "AAAA!aaa1\t", "\x0BAAAA!aaa1"] {
            assert_eq!(policy.check(at_an_end), Err(PolicyViolation::Edge));
        }
        // Other scripts' spaces are letters like any other, as the model's pattern has it.
        assert_eq!(policy.check("\u{2003}AAAA!aaa1"), Ok(()));
    }

    #[test]
    fn letters_and_digits_of_other_scripts_meet_no_rule_but_count_as_characters() {
        let policy = PasswordPolicy::default();
        assert_eq!(policy.check("ÀÀÀÀaaa1!"), Err(PolicyViolation::Uppercase));
        assert_eq!(policy.check("AAAAàà1!"), Err(PolicyViolation::Lowercase));
        assert_eq!(policy.check("AAAAaa٣!"), Err(PolicyViolation::Number));
        assert_eq!(policy.check("Aa1!éé"), Err(PolicyViolation::Length));
    }

    #[test]
    fn a_rule_that_is_off_asks_nothing() {
        let policy = PasswordPolicy {
            minimum_length: 6,
            require_uppercase: false,
            require_lowercase: false,
            require_numbers: false,
            require_symbols: false,
            temporary_validity_days: 1,
            history_size: 0,
        };
        assert_eq!(policy.check("éééééé"), Ok(()));
        assert_eq!(policy.check("ééééé"), Err(PolicyViolation::Length));
    }

    #[test]
    fn the_last_passwords_may_not_come_back_and_older_ones_may() {
        let Ok(pool) = UserPoolId::parse("us-east-1_Home") else {
            unreachable!()
        };
        let mut random = Random::from_seed([3; 32]);
        let name = NormalName::with_case_rule("ana", false);
        let mut made = |password: &str| {
            let password = SecretString::from(password);
            Credentials::new(&pool, &name, &password, None, &mut random)
        };
        let mut history = PasswordHistory::default();
        for old in ["first", "second", "third"] {
            history.push(made(old), 3);
        }
        let current = made("fourth");
        assert_eq!(history.past.len(), 2, "with the present one three");
        let permits = |size: u32, new: &str| {
            let new = SecretString::from(new);
            history.permits(size, Some(&current), &pool, &new)
        };
        for (size, refused) in [
            (0, &[][..]),
            (1, &["fourth"]),
            (2, &["fourth", "third"]),
            (3, &["fourth", "third", "second"]),
            (24, &["fourth", "third", "second"]),
        ] {
            for password in ["fourth", "third", "second", "first", "fifth"] {
                let is_refused = refused.contains(&password);
                assert_eq!(permits(size, password), !is_refused, "{size} {password}");
            }
        }
        history.push(made("fifth"), 0);
        assert!(history.past.is_empty());
    }

    #[test]
    fn two_users_with_one_password_have_nothing_in_common() {
        let pool = UserPoolId::parse("us-east-1_Home").ok();
        let password = SecretString::from("Right-pass1");
        let mut random = Random::from_seed([3; 32]);
        let name = NormalName::with_case_rule("ana", false);
        let made = pool.map(|pool| {
            [(); 2].map(|()| Credentials::new(&pool, &name, &password, None, &mut random))
        });
        assert!(
            made.is_some_and(
                |[one, other]| one.salt != other.salt && one.verifier != other.verifier
            )
        );
    }
}
