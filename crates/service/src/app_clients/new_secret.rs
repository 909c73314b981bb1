//! Secrets of app clients that are made here.

use cognate_crypto::random::{Alphabet, Random};
use cognate_crypto::secret::SecretString;

/// How many characters such a secret has: 268 bits of randomness.
const LENGTH: usize = 52;

/// A secret that nobody has guessed.
pub(super) fn new_secret(random: &mut Random) -> SecretString {
    SecretString::new(random.from_alphabet(LENGTH, Alphabet::LOWERCASE_AND_DIGITS))
}
