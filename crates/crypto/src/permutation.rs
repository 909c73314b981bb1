//! A keyed permutation of small numbers. Without the key its values look like random numbers; with
//! the key each leads back to its original.
//!
//! A balanced Feistel network with HMAC-SHA256 as its round function (Luby and Rackoff, 1988). Four
//! rounds are enough in theory for a strong pseudo-random permutation; there are ten.

use crate::digest::hmac_sha256;

/// The bits of a number: those of a random UUID (RFC 9562 §5.4) without version and variant.
pub const BITS: u32 = 122;

const HALF: u32 = BITS / 2;
const HALF_MASK: u64 = (1 << HALF) - 1;
const ROUNDS: u8 = 10;

/// Enciphers a number. Bits above [`BITS`] are ignored.
pub fn encipher(key: &[u8; 32], number: u128) -> u128 {
    let (left, right) = (0..ROUNDS).fold(halves(number), |(left, right), round| {
        (right, left ^ mix(key, round, right))
    });
    join(left, right)
}

/// The number that became this one.
pub fn decipher(key: &[u8; 32], number: u128) -> u128 {
    let (left, right) = (0..ROUNDS)
        .rev()
        .fold(halves(number), |(left, right), round| {
            (right ^ mix(key, round, left), left)
        });
    join(left, right)
}

fn halves(number: u128) -> (u64, u64) {
    (low_bits(number >> HALF), low_bits(number))
}

fn low_bits(number: u128) -> u64 {
    // What `as` cuts off is cut off by the mask as well.
    number as u64 & HALF_MASK
}

fn join(left: u64, right: u64) -> u128 {
    (u128::from(left) << HALF) | u128::from(right)
}

fn mix(key: &[u8; 32], round: u8, half: u64) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = hmac_sha256(key, &[&[round], &half.to_be_bytes()]);
    u64::from_be_bytes([a, b, c, d, e, f, g, h]) & HALF_MASK
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: u128 = (1 << BITS) - 1;

    proptest::proptest! {
        #[test]
        fn each_number_leads_back_to_the_one_it_was_made_of(number: u128, key: [u8; 32]) {
            let number = number & ALL;
            let other = encipher(&key, number);
            proptest::prop_assert!(other <= ALL);
            proptest::prop_assert_eq!(decipher(&key, other), number);
            proptest::prop_assert_eq!(encipher(&key, decipher(&key, number)), number);
        }
    }

    #[test]
    fn another_key_leads_elsewhere() {
        assert_ne!(decipher(&[2; 32], encipher(&[1; 32], 7)), 7);
    }

    #[test]
    fn one_bit_more_changes_about_half_of_all_bits() {
        let changed: u32 = (0..100)
            .map(|n| (encipher(&[1; 32], n << 1) ^ encipher(&[1; 32], (n << 1) | 1)).count_ones())
            .sum();
        let mean = changed / 100;
        assert!((BITS / 2 - 6..=BITS / 2 + 6).contains(&mean), "{mean}");
    }
}
