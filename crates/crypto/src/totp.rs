//! Codes of authenticator apps: TOTP (RFC 6238) with HMAC-SHA1, steps of 30 seconds and six digits,
//! which is what every app takes and all that Cognito takes (docs/protocol.md §15.1).
//!
//! HMAC-SHA1 is sound where collisions of SHA-1 are no concern (RFC 6194 §3.3), as here.

use aws_lc_rs::hmac;
use subtle::{ConditionallySelectable, ConstantTimeEq};

use crate::{
    random::Random,
    secret::{SecretBytes, SecretString},
};

/// Bytes of a secret: as many as SHA-1 gives (RFC 4226 §4).
pub const SECRET_LENGTH: usize = 20;
/// Seconds of a step.
const STEP: i64 = 30;
/// How many steps a clock may be ahead or behind.
const DRIFT: i64 = 1;
/// Six digits.
const MODULUS: u32 = 1_000_000;

/// A new secret.
pub fn new_secret(random: &mut Random) -> SecretBytes {
    SecretBytes::from(random.bytes::<SECRET_LENGTH>())
}

/// Base32 without padding (RFC 4648 §6): how apps take a secret. 20 bytes are 32 letters, so no
/// bits are left over.
pub fn base32(secret: &SecretBytes) -> SecretString {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bytes = secret.expose();
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for chunk in bytes.chunks(5) {
        let mut block = [0; 8];
        for (place, byte) in block.iter_mut().skip(3).zip(chunk) {
            *place = *byte;
        }
        let bits = u64::from_be_bytes(block);
        for index in 0..(chunk.len() * 8).div_ceil(5) {
            let place = (bits >> (35 - 5 * index)) & 31;
            let letter = LETTERS.iter().zip(0u64..).find(|(_, at)| *at == place);
            text.extend(letter.map(|(letter, _)| char::from(*letter)));
        }
    }
    SecretString::new(text)
}

/// The secret that an app reads in base32, as [`base32`] writes it: for tests and the bench. None
/// for letters that base32 has not.
pub fn from_base32(text: &str) -> Option<SecretBytes> {
    let mut secret = Vec::with_capacity(text.len() * 5 / 8);
    let (mut bits, mut value) = (0, 0u32);
    for letter in text.bytes() {
        let digit = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'2'..=b'7' => letter - b'2' + 26,
            _ => return None,
        };
        value = value << 5 | u32::from(digit);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            secret.push((value >> bits & 0xff) as u8);
        }
    }
    Some(SecretBytes::new(secret))
}

/// The step of a time, in seconds since 1970.
pub fn step_of(seconds: i64) -> i64 {
    seconds.div_euclid(STEP)
}

/// The code of a step.
pub fn code(secret: &SecretBytes, step: i64) -> SecretString {
    SecretString::new(format!("{:06}", number(secret, step)))
}

/// The step whose code this is, at a time in seconds since 1970: the newest of the current one, the
/// one before and the one after. The time that it takes tells nothing of the code.
pub fn matching_step(secret: &SecretBytes, code: &str, seconds: i64) -> Option<i64> {
    let now = step_of(seconds);
    // No step is before 1970, so -1 is none.
    let mut found: i64 = -1;
    for step in now - DRIFT..=now + DRIFT {
        let right = self::code(secret, step);
        let is_it = right.expose().as_bytes().ct_eq(code.as_bytes());
        found.conditional_assign(&step, is_it);
    }
    (found >= 0).then_some(found)
}

/// RFC 4226 §5.3, with the step as the counter.
fn number(secret: &SecretBytes, step: i64) -> u32 {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.expose());
    let sum = hmac::sign(&key, &step.to_be_bytes());
    let bytes = sum.as_ref();
    let offset = usize::from(bytes.last().copied().unwrap_or_default() & 15);
    let word = bytes.iter().skip(offset).take(4);
    let word = word.fold(0u32, |word, byte| word << 8 | u32::from(*byte));
    (word & 0x7fff_ffff) % MODULUS
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    /// The secret of RFC 6238, appendix B.
    fn of_rfc() -> SecretBytes {
        SecretBytes::new(b"12345678901234567890".to_vec())
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // The RFC's have eight digits; six are their end.
        for (seconds, eight) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            let made = code(&of_rfc(), step_of(seconds));
            assert!(eight.ends_with(made.expose()), "{seconds}");
            assert_eq!(made.expose().len(), 6);
        }
    }

    #[test]
    fn codes_are_those_of_rfc_4226() {
        let expected = ["755224", "287082", "359152", "969429", "338314"];
        for (step, expected) in (0..).zip(expected) {
            assert_eq!(code(&of_rfc(), step).expose(), expected);
        }
    }

    #[test]
    fn a_code_is_good_one_step_early_and_one_step_late() {
        let (secret, now) = (of_rfc(), 1_111_111_111);
        let current = step_of(now);
        for step in current - 4..=current + 4 {
            let found = matching_step(&secret, code(&secret, step).expose(), now);
            let is_near = (current - 1..=current + 1).contains(&step);
            assert_eq!(found, is_near.then_some(step), "{}", step - current);
        }
    }

    #[test]
    fn what_is_no_code_matches_nothing() {
        let (secret, now) = (of_rfc(), 59);
        for wrong in [
            "",
            "28708",
            "2870820",
            "287083",
            " 28708",
            "２８７０８２",
            "94287082",
        ] {
            assert_eq!(matching_step(&secret, wrong, now), None, "{wrong}");
        }
        assert_eq!(matching_step(&SecretBytes::default(), "287082", now), None);
        // Before 1970 there is no step.
        let early = code(&secret, -1);
        assert_eq!(matching_step(&secret, early.expose(), -31), None);
    }

    #[test]
    fn base32_is_that_of_rfc_4648() {
        for (plain, letters) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            let secret = SecretBytes::new(plain.as_bytes().to_vec());
            assert_eq!(base32(&secret).expose(), letters);
            assert_eq!(from_base32(letters).unwrap().expose(), secret.expose());
        }
        assert_eq!(
            base32(&of_rfc()).expose(),
            "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        );
    }

    #[test]
    fn what_is_not_base32_is_no_secret() {
        for text in ["MZXW6===", "mzxw6", "MZXW1", "MZ W6", "é"] {
            assert!(from_base32(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_new_secret_has_twenty_bytes_of_its_own() {
        let mut random = Random::from_seed([1; 32]);
        let (one, two) = (new_secret(&mut random), new_secret(&mut random));
        assert_eq!((one.len(), base32(&one).expose().len()), (20, 32));
        assert_ne!(one, two);
    }
}
