//! Recovery codes: a list of ten that a user keeps for the day on which the second factor is lost,
//! each good once in its place. Cognito has none. Only keyed hashes of them are kept, so nobody
//! reads them after they were shown.

use std::time::Duration;

use cognate_crypto::digest::{ct_eq, hmac_sha256};
use cognate_crypto::random::Random;
use cognate_crypto::secret::{SecretBytes, SecretString, sealed_bytes};
use serde::{Deserialize, Serialize};

use crate::ids::{SessionId, Sub, UserPoolId};
use crate::time::Timestamp;

/// How many codes a list has.
pub const CODES: usize = 10;
/// Digits of a code. No code that is sent or that an app shows has as many, so the length tells
/// what was typed.
pub const DIGITS: usize = 10;
/// So long after a second factor was proved its session may have a list made.
pub const PROOF_LASTS: Duration = Duration::from_secs(600);

/// A text that can be a recovery code: ten digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryCode(SecretString);

impl RecoveryCode {
    /// What a user has typed, if it can be a code. Spaces and hyphens, by which a code is easier to
    /// read on paper, do not count.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let is_between = |letter: &char| letter.is_whitespace() || *letter == '-';
        let code: String = typed.chars().filter(|letter| !is_between(letter)).collect();
        let is_code = code.len() == DIGITS && code.bytes().all(|byte| byte.is_ascii_digit());
        is_code.then(|| Self(code.into()))
    }

    /// The digits, for the one answer that shows them.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// What hashes the codes of one user: the hash of a code is worth nothing at another user, pool or
/// place of the list.
#[derive(Clone, Copy)]
pub struct CodeHasher<'a> {
    /// The server's own secret, for this purpose only: without it ten digits are found from their
    /// hash by trying them all.
    pub secret: &'a [u8; 32],
    /// The pool.
    pub pool: &'a UserPoolId,
    /// The user.
    pub sub: &'a Sub,
}

impl CodeHasher<'_> {
    fn hash(&self, place: usize, code: &RecoveryCode) -> CodeHash {
        let parts = [self.pool.as_str(), self.sub.as_str(), code.expose()];
        let lengths = parts.map(|part| (part.len() as u64).to_be_bytes());
        let place = (place as u64).to_be_bytes();
        let mut bytes = vec![place.as_slice()];
        for (length, part) in lengths.iter().zip(&parts) {
            bytes.extend([length.as_slice(), part.as_bytes()]);
        }
        CodeHash(hmac_sha256(self.secret, &bytes).to_vec())
    }
}

/// A code as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
struct CodeHash(#[serde(with = "crate::bytes")] Vec<u8>);

/// What is kept of a user's codes; sealed where it is stored. Which of them are used is kept beside
/// it ([`UsedCodes`]).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RecoveryCodes {
    /// The codes in the order in which they were shown; none before a list was made.
    hashes: Vec<CodeHash>,
    /// When the list was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made_at: Option<Timestamp>,
    /// The set-up of the user's first second factor, after which a list may be made.
    #[serde(skip_serializing_if = "Option::is_none")]
    enrolled: Option<Enrolment>,
    /// Whether the user's second factors were switched off since: setting one up again earns no
    /// leave then, or a stolen access token would do both. A proof at sign-in ends it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    barred: bool,
    /// What the hashes are keyed by instead of the server's secret: the list was made at another
    /// server, and its pool has moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    keyed_by: Option<ListKey>,
}

/// The secret of the server that has made a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
struct ListKey(#[serde(with = "sealed_bytes")] SecretBytes);

/// An authenticator app that was set up while the user was asked for no second factor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Enrolment {
    /// The session that has set it up, and may have a list made: its sign-in could not prove what
    /// was not there.
    session: SessionId,
    /// When the app has shown its code.
    at: Timestamp,
}

/// Which codes of a list are used, one bit for each place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsedCodes(pub i64);

impl UsedCodes {
    /// The same, and the code as well.
    #[must_use]
    pub fn and(self, code: &GoodCode) -> Self {
        Self(self.0 | 1 << code.place)
    }

    fn has(self, place: usize) -> bool {
        self.0 >> place & 1 == 1
    }
}

/// A code that was typed and is one of the user's that are not used yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoodCode {
    place: usize,
    hash: CodeHash,
}

impl RecoveryCodes {
    /// What is kept once a user's first second factor was set up by a session.
    #[must_use]
    pub fn of_enrolment(session: SessionId, at: Timestamp) -> Self {
        Self {
            enrolled: Some(Enrolment { session, at }),
            ..Self::default()
        }
    }

    /// Draws a list: what is kept of it, and the codes, to be shown once.
    #[must_use]
    pub fn draw(
        hasher: CodeHasher<'_>,
        random: &mut Random,
        now: Timestamp,
    ) -> (Self, Vec<RecoveryCode>) {
        let mut codes: Vec<RecoveryCode> = Vec::with_capacity(CODES);
        while codes.len() < CODES {
            let code = RecoveryCode(random.digits(DIGITS).into());
            // One that is there twice would be good twice.
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        let hash = |(place, code)| hasher.hash(place, code);
        let list = Self {
            hashes: codes.iter().enumerate().map(hash).collect(),
            made_at: Some(now),
            enrolled: None,
            barred: false,
            keyed_by: None,
        };
        (list, codes)
    }

    /// The list, for a server that has another secret than this one, under which it was made.
    #[must_use]
    pub fn hashed_under(self, secret: [u8; 32]) -> Self {
        if self.hashes.is_empty() || self.keyed_by.is_some() {
            return self;
        }
        Self {
            keyed_by: Some(ListKey(secret.into())),
            ..self
        }
    }

    /// This list in the place of another: the session that may have had that one made may have
    /// another made after it, should the answer be lost.
    #[must_use]
    pub fn after(self, before: Self) -> Self {
        Self {
            enrolled: before.enrolled,
            ..self
        }
    }

    /// What is kept once the user's second factors were switched off.
    #[must_use]
    pub fn barred() -> Self {
        Self {
            barred: true,
            ..Self::default()
        }
    }

    /// Whether setting up a factor earns no leave.
    #[must_use]
    pub fn is_barred(&self) -> bool {
        self.barred
    }

    /// The same without its codes; None where nothing is left.
    #[must_use]
    pub fn without_codes(self) -> Option<Self> {
        if self.barred {
            return Some(Self::barred());
        }
        let enrolled = self.enrolled?;
        Some(Self::of_enrolment(enrolled.session, enrolled.at))
    }

    /// The code that was typed, if it is one of these and not used. It is compared with each of
    /// them, so that the time does not tell the place.
    #[must_use]
    pub fn find(
        &self,
        used: UsedCodes,
        hasher: CodeHasher<'_>,
        typed: &RecoveryCode,
    ) -> Option<GoodCode> {
        let own = self.keyed_by.as_ref().map(|key| key.0.expose());
        let own = own.and_then(|key| <&[u8; 32]>::try_from(key).ok());
        let hasher = CodeHasher {
            secret: own.unwrap_or(hasher.secret),
            ..hasher
        };
        let mut found = None;
        for (place, kept) in self.hashes.iter().enumerate() {
            let hash = hasher.hash(place, typed);
            if ct_eq(&hash.0, &kept.0) && !used.has(place) {
                found = Some(GoodCode { place, hash });
            }
        }
        found
    }

    /// Whether a code that was found earlier is still one of these and not used.
    #[must_use]
    pub fn takes(&self, used: UsedCodes, code: &GoodCode) -> bool {
        self.hashes.get(code.place) == Some(&code.hash) && !used.has(code.place)
    }

    /// How many are not used yet.
    #[must_use]
    pub fn left(&self, used: UsedCodes) -> usize {
        let places = 0..self.hashes.len();
        places.filter(|place| !used.has(*place)).count()
    }

    /// Whether a session may have a list made: a second factor was proved in it within the last
    /// minutes, by its sign-in (`proved_at`), or in setting up the user's first one. Else who
    /// steals an access token would have a way around the second factor.
    #[must_use]
    pub fn may_be_made_by(
        &self,
        session: &SessionId,
        proved_at: Option<Timestamp>,
        now: Timestamp,
    ) -> bool {
        let enrolled = self.enrolled.as_ref();
        let enrolled = enrolled.filter(|enrolled| enrolled.session == *session);
        let proved = [proved_at, enrolled.map(|enrolled| enrolled.at)];
        let mut proved = proved.into_iter().flatten();
        proved.any(|at| now.since(at) <= PROOF_LASTS)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const NOW: Timestamp = Timestamp(1_782_907_200_000);
    const SECRET: [u8; 32] = [3; 32];

    struct Ana {
        pool: UserPoolId,
        sub: Sub,
        random: Random,
    }

    impl Ana {
        fn new() -> Self {
            let mut random = Random::from_seed([9; 32]);
            Self {
                pool: UserPoolId::random("eu-west-1", &mut random),
                sub: Sub::random(&mut random),
                random,
            }
        }

        fn hasher(&self) -> CodeHasher<'_> {
            CodeHasher {
                secret: &SECRET,
                pool: &self.pool,
                sub: &self.sub,
            }
        }

        fn list(&mut self) -> (RecoveryCodes, Vec<RecoveryCode>) {
            let mut random = self.random.derive();
            RecoveryCodes::draw(self.hasher(), &mut random, NOW)
        }
    }

    #[test]
    fn a_list_has_ten_codes_of_ten_digits_each_another() {
        let mut ana = Ana::new();
        let (list, codes) = ana.list();
        assert_eq!((codes.len(), list.hashes.len()), (10, 10));
        let texts: std::collections::BTreeSet<&str> =
            codes.iter().map(RecoveryCode::expose).collect();
        assert_eq!(texts.len(), 10);
        for text in texts {
            assert!(text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit()));
        }
        let kept = serde_json::to_string(&list).unwrap();
        for code in codes {
            assert!(!kept.contains(code.expose()), "only hashes are kept");
        }
    }

    #[test]
    fn ten_digits_can_be_a_code_however_they_are_written() {
        for typed in [
            "0123456789",
            " 01234 56789 ",
            "01234-56789",
            "0123 4567 89\n",
        ] {
            let code = RecoveryCode::parse(typed).unwrap();
            assert_eq!(code.expose(), "0123456789");
        }
        for typed in [
            "",
            "123456",
            "12345678",
            "012345678",
            "01234567890",
            "012345678a",
            "٠١٢٣٤٥٦٧٨٩",
        ] {
            assert!(RecoveryCode::parse(typed).is_none(), "{typed}");
        }
    }

    #[test]
    fn a_list_that_has_moved_is_hashed_under_the_secret_that_it_was_made_under() {
        let mut ana = Ana::new();
        let (list, codes) = ana.list();
        let hasher = CodeHasher {
            secret: &[4; 32],
            ..ana.hasher()
        };
        assert_eq!(list.find(UsedCodes(0), hasher, &codes[0]), None);
        let moved = list.hashed_under(SECRET);
        let stored = serde_json::to_vec(&moved).unwrap();
        let moved: RecoveryCodes = serde_json::from_slice(&stored).unwrap();
        assert!(moved.find(UsedCodes(0), hasher, &codes[0]).is_some());
        // It moves on with the same secret, and an empty list needs none.
        assert_eq!(moved.clone().hashed_under([5; 32]), moved);
        let barred = RecoveryCodes::barred();
        assert_eq!(barred.clone().hashed_under(SECRET), barred);
    }

    #[test]
    fn each_code_is_good_once() {
        let mut ana = Ana::new();
        let (list, codes) = ana.list();
        let mut used = UsedCodes::default();
        for (number, code) in codes.iter().enumerate() {
            assert_eq!(list.left(used), 10 - number);
            let found = list.find(used, ana.hasher(), code).unwrap();
            assert!(list.takes(used, &found));
            used = used.and(&found);
            assert!(!list.takes(used, &found));
            assert_eq!(list.find(used, ana.hasher(), code), None);
        }
        assert_eq!(list.left(used), 0);
    }

    #[test]
    fn a_code_is_worth_nothing_to_another_user_pool_server_or_list() {
        let mut ana = Ana::new();
        let (list, codes) = ana.list();
        let (newer, _) = ana.list();
        let mut random = ana.random.derive();
        let pool = UserPoolId::random("eu-west-1", &mut random);
        let sub = Sub::random(&mut random);
        let own = ana.hasher();
        let used = UsedCodes::default();
        for hasher in [
            CodeHasher { pool: &pool, ..own },
            CodeHasher { sub: &sub, ..own },
            CodeHasher {
                secret: &[4; 32],
                ..own
            },
        ] {
            assert_eq!(list.find(used, hasher, &codes[0]), None);
        }
        assert_eq!(newer.find(used, own, &codes[0]), None);
        let found = list.find(used, own, &codes[0]).unwrap();
        assert!(!newer.takes(used, &found));
    }

    #[test]
    fn the_hash_of_a_code_is_bound_to_its_place() {
        let mut ana = Ana::new();
        let (mut list, codes) = ana.list();
        list.hashes.swap(0, 1);
        let found = list.find(UsedCodes::default(), ana.hasher(), &codes[0]);
        assert_eq!(found, None);
    }

    #[test]
    fn a_session_has_a_list_made_for_ten_minutes_after_it_has_proved_a_second_factor() {
        let session = SessionId::random(&mut Ana::new().random);
        let none = RecoveryCodes::default();
        let may = |proved_at, now| none.may_be_made_by(&session, proved_at, now);
        let last = NOW.plus(PROOF_LASTS);
        assert!(may(Some(NOW), NOW) && may(Some(NOW), last));
        assert!(!may(Some(NOW), Timestamp(last.0 + 1)));
        assert!(!may(None, NOW));
    }

    #[test]
    fn the_session_that_has_set_up_the_first_second_factor_has_a_list_made_as_well() {
        let mut ana = Ana::new();
        let own = SessionId::random(&mut ana.random);
        let other = SessionId::random(&mut ana.random);
        let enrolled = RecoveryCodes::of_enrolment(own.clone(), NOW);
        assert!(enrolled.may_be_made_by(&own, None, NOW.plus(PROOF_LASTS)));
        assert!(!enrolled.may_be_made_by(&own, None, NOW.plus(PROOF_LASTS * 2)));
        assert!(!enrolled.may_be_made_by(&other, None, NOW));
        let (list, _) = ana.list();
        let list = list.after(enrolled.clone());
        assert!(list.may_be_made_by(&own, None, NOW));
        assert_eq!(list.without_codes(), Some(enrolled));
        let (list, _) = ana.list();
        assert!(!list.may_be_made_by(&own, None, NOW));
        assert_eq!(list.without_codes(), None);
    }
}
