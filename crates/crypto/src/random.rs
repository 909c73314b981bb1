//! The random generator of operations: a ChaCha20 stream from a seed.
//!
//! The binary seeds the root from the operating system; a test seeds it with a constant. Each
//! request gets a child by [`Random::derive`], so that the draws of one request do not shift those
//! of another.

use rand_chacha::{
    ChaCha20Rng,
    rand_core::{RngCore, SeedableRng},
};
use zeroize::Zeroize;

use crate::digest;

/// A cryptographic random generator. It is not `Clone`: two copies would give the same "random"
/// values.
pub struct Random(ChaCha20Rng);

/// The characters of a random text: ASCII, between 2 and 128 of them, each once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alphabet(&'static [u8]);

impl Alphabet {
    /// `0-9`
    pub const DIGITS: Self = Self::new(b"0123456789");
    /// `a-z`
    pub const LOWERCASE: Self = Self::new(b"abcdefghijklmnopqrstuvwxyz");
    /// `A-Z`
    pub const UPPERCASE: Self = Self::new(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    /// `a-z0-9`, as in app client ids and session ids
    pub const LOWERCASE_AND_DIGITS: Self = Self::new(b"abcdefghijklmnopqrstuvwxyz0123456789");
    /// `A-Za-z0-9`
    pub const ALPHANUMERIC: Self =
        Self::new(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");

    /// Makes an alphabet. Meant for constants, where a wrong one does not compile; it panics at run
    /// time otherwise.
    pub const fn new(characters: &'static [u8]) -> Self {
        assert!(characters.len() >= 2, "an alphabet needs two characters");
        let mut seen = [false; 128];
        let mut at = 0;
        while at < characters.len() {
            let character = characters[at] as usize;
            assert!(
                character < 128 && !seen[character],
                "ASCII, each character once"
            );
            seen[character] = true;
            at += 1;
        }
        Self(characters)
    }

    /// The characters.
    pub const fn characters(&self) -> &'static [u8] {
        self.0
    }
}

impl Random {
    /// A generator whose whole output follows from the seed; the seed must be secret and used once.
    pub fn from_seed(mut seed: [u8; 32]) -> Self {
        let random = Self(ChaCha20Rng::from_seed(seed));
        seed.zeroize();
        random
    }

    /// Overwrites the buffer with random bytes.
    pub fn fill(&mut self, buffer: &mut [u8]) {
        self.0.fill_bytes(buffer);
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A child generator with a seed of its own. The parent moves to a fresh seed too, so that a
    /// later look at its state does not show earlier draws.
    pub fn derive(&mut self) -> Random {
        let (child, next) = (self.bytes::<32>(), self.bytes::<32>());
        *self = Self::from_seed(next);
        Self::from_seed(child)
    }

    /// A number in `0..bound`, each as likely as the others; 0 when the bound is 0.
    pub fn below(&mut self, bound: u32) -> u32 {
        if bound == 0 {
            return 0;
        }
        // Values beyond the last whole multiple of the bound would make small results likelier, so
        // they are drawn again.
        let excess = u32::MAX % bound + 1;
        let last = if excess == bound {
            u32::MAX
        } else {
            u32::MAX - excess
        };
        loop {
            let drawn = self.0.next_u32();
            if drawn <= last {
                return drawn % bound;
            }
        }
    }

    /// `n` decimal digits, each of the ten equally likely, leading zeros kept.
    pub fn digits(&mut self, n: usize) -> String {
        self.from_alphabet(n, Alphabet::DIGITS)
    }

    /// `n` characters of the alphabet, each equally likely.
    #[allow(
        clippy::wrong_self_convention,
        reason = "it draws from the alphabet; it converts nothing"
    )]
    pub fn from_alphabet(&mut self, n: usize, alphabet: Alphabet) -> String {
        (0..n)
            .filter_map(|_| self.pick(alphabet.0))
            .map(|character| char::from(*character))
            .collect()
    }

    /// One of the items, each equally likely; None when there are none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let bound = u32::try_from(items.len()).unwrap_or(u32::MAX);
        items.get(self.below(bound) as usize)
    }

    /// Puts the items in a random order, each order equally likely (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let bound = u32::try_from(last + 1).unwrap_or(u32::MAX);
            items.swap(last, self.below(bound) as usize);
        }
    }

    /// A random UUID in its text form (RFC 9562 §5.4).
    pub fn uuid_v4(&mut self) -> String {
        let mut bytes = self.bytes::<16>();
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let hex = digest::hex_encode(&bytes);
        // 32 hex digits, so every cut lies inside and on a character.
        [
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..],
        ]
        .join("-")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn random() -> Random {
        Random::from_seed([7; 32])
    }

    #[test]
    fn one_seed_gives_one_stream_and_two_seeds_give_two() {
        assert_eq!(random().bytes::<40>(), random().bytes::<40>());
        assert_ne!(
            random().bytes::<40>(),
            Random::from_seed([8; 32]).bytes::<40>()
        );
    }

    #[test]
    fn the_stream_is_chacha20_of_rfc_8439() {
        // RFC 8439 A.1, first vector: zero key, zero nonce, counter 0.
        let first = Random::from_seed([0; 32]).bytes::<8>();
        assert_eq!(digest::hex_encode(&first), "76b8e0ada0f13d90");
    }

    #[test]
    fn what_a_child_draws_does_not_move_its_siblings() {
        let (mut one, mut two) = (random(), random());
        let (mut first, _) = (one.derive(), two.derive());
        first.bytes::<1000>();
        assert_eq!(one.derive().bytes::<16>(), two.derive().bytes::<16>());
        assert_ne!(one.derive().bytes::<16>(), one.derive().bytes::<16>());
    }

    #[test]
    fn a_derivation_leaves_the_old_stream_behind() {
        let (mut kept, mut derived) = (random(), random());
        kept.bytes::<64>();
        derived.derive();
        assert_ne!(kept.bytes::<16>(), derived.bytes::<16>());
    }

    #[test]
    fn digits_are_all_equally_likely() {
        let mut counts = BTreeMap::new();
        for digit in random().digits(100_000).chars() {
            *counts.entry(digit).or_insert(0) += 1;
        }
        assert_eq!(counts.keys().collect::<String>(), "0123456789");
        // Ten standard deviations (95 each) around 10,000.
        assert!(
            counts.values().all(|count| (9_050..10_950).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn numbers_below_a_bound_are_not_biased_by_the_remainder() {
        // With plain remainder, 3/4 of 2^32 would fall in the lower half twice as often as in the
        // upper.
        let bound = 3 << 30;
        let mut random = random();
        let low = (0..30_000)
            .filter(|_| random.below(bound) < 1 << 30)
            .count();
        assert!((9_200..10_800).contains(&low), "{low}");
        assert_eq!(random.below(0), 0);
        assert_eq!(random.below(1), 0);
        assert!((0..1000).all(|_| random.below(1 << 31) < 1 << 31));
    }

    #[test]
    fn every_character_of_an_alphabet_turns_up_and_no_other() {
        let text = random().from_alphabet(5_000, Alphabet::ALPHANUMERIC);
        assert_eq!(text.len(), 5_000);
        let seen: BTreeSet<u8> = text.bytes().collect();
        assert_eq!(
            seen,
            Alphabet::ALPHANUMERIC
                .characters()
                .iter()
                .copied()
                .collect()
        );
    }

    #[test]
    fn a_shuffle_keeps_the_items_and_reaches_every_order() {
        let mut random = random();
        let orders: BTreeSet<[u8; 3]> = (0..500)
            .map(|_| {
                let mut items = [1, 2, 3];
                random.shuffle(&mut items);
                items
            })
            .collect();
        assert_eq!(orders.len(), 6);
        assert_eq!(random.pick::<u8>(&[]), None);
    }

    #[test]
    fn a_uuid_has_its_version_and_variant() {
        let mut random = random();
        for _ in 0..200 {
            let uuid = random.uuid_v4();
            let cuts: Vec<usize> = uuid.split('-').map(str::len).collect();
            assert_eq!(cuts, [8, 4, 4, 4, 12]);
            assert_eq!(uuid.as_bytes()[14], b'4');
            assert!(b"89ab".contains(&uuid.as_bytes()[19]), "{uuid}");
        }
    }
}
