//! SHA-256, HMAC and HKDF, and the text forms of bytes (hex, base64).

use aws_lc_rs::{digest as lc_digest, hmac};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// Text that is not the encoding it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid encoding")]
pub struct DecodeError;

/// SHA-256 of the concatenated parts. If parts of variable length follow each other, the caller
/// must make the boundary unambiguous.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = lc_digest::Context::new(&lc_digest::SHA256);
    for part in parts {
        context.update(part);
    }
    array(context.finish().as_ref())
}

/// SHA-256 of what comes bit by bit.
pub struct Sha256(lc_digest::Context);

impl Sha256 {
    /// Of nothing yet.
    pub fn new() -> Self {
        Self(lc_digest::Context::new(&lc_digest::SHA256))
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all that was added.
    pub fn finish(self) -> [u8; 32] {
        array(self.0.finish().as_ref())
    }
}

impl Default for Sha256 {
    fn default() -> Self {
        Self::new()
    }
}

/// HMAC-SHA256 (RFC 2104) of the concatenated parts.
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    for part in parts {
        context.update(part);
    }
    array(context.sign().as_ref())
}

/// HKDF-SHA256, extract and expand (RFC 5869 §2), for up to 255 blocks of output; more does not
/// compile.
pub fn hkdf_sha256<const N: usize>(ikm: &[u8], salt: &[u8], info: &[u8]) -> [u8; N] {
    const { assert!(N <= 255 * 32, "RFC 5869 §2.3 ends at 255 blocks") }
    let mut prk = hmac_sha256(salt, &[ikm]);
    let mut out = [0; N];
    let mut block: [u8; 32] = [0; 32];
    let mut previous: &[u8] = &[];
    for (counter, chunk) in (1..=255u8).zip(out.chunks_mut(32)) {
        block = hmac_sha256(&prk, &[previous, info, &[counter]]);
        chunk.copy_from_slice(block.split_at(chunk.len()).0);
        previous = &block;
    }
    prk.zeroize();
    block.zeroize();
    out
}

/// Whether two byte strings are the same, in a time that depends on their lengths only.
pub fn ct_eq(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// Lower-case hex.
pub fn hex_encode(bytes: &[u8]) -> String {
    let digit = |nibble: u8| {
        char::from(if nibble < 10 {
            b'0' + nibble
        } else {
            b'a' + nibble - 10
        })
    };
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// Reads hex of either case, two digits a byte.
pub fn hex_decode(text: &str) -> Result<Vec<u8>, DecodeError> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return Err(DecodeError);
    }
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|value| u8::try_from(value).ok())
    };
    pairs
        .iter()
        .map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?))
        .collect::<Option<_>>()
        .ok_or(DecodeError)
}

/// Base64 with the standard alphabet and padding (RFC 4648 §4).
pub fn base64_encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Reads standard base64. Padding must be there and no bits may be left over, so that a value has
/// one text.
pub fn base64_decode(text: &str) -> Result<Vec<u8>, DecodeError> {
    STANDARD.decode(text).map_err(|_| DecodeError)
}

/// Base64 with the URL alphabet, without padding (RFC 4648 §5, as RFC 7515 §2 uses it).
pub fn base64url_encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads URL base64. Padding is refused and no bits may be left over, so that a value has one text.
pub fn base64url_decode(text: &str) -> Result<Vec<u8>, DecodeError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| DecodeError)
}

/// A SHA-256 output as an array. aws-lc gives it as a slice that is 32 bytes long by the
/// algorithm's definition.
fn array(output: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(output);
    bytes
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn sha256_of_abc_is_the_value_of_fips_180() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hex_encode(&sha256(&[b"a", b"", b"bc"])), expected);
        let mut bit_by_bit = Sha256::new();
        for part in [b"ab".as_slice(), b"", b"c"] {
            bit_by_bit.update(part);
        }
        assert_eq!(hex_encode(&bit_by_bit.finish()), expected);
    }

    #[test]
    fn hmac_is_the_value_of_rfc_4231_case_2() {
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let sum = hmac_sha256(b"Jefe", &[b"what do ya want ", b"for nothing?"]);
        assert_eq!(hex_encode(&sum), expected);
    }

    #[test]
    fn hkdf_is_the_value_of_rfc_5869_case_1() {
        let salt = hex_decode("000102030405060708090a0b0c").unwrap();
        let info = hex_decode("f0f1f2f3f4f5f6f7f8f9").unwrap();
        let expected =
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865";
        assert_eq!(
            hex_encode(&hkdf_sha256::<42>(&[11; 22], &salt, &info)),
            expected
        );
    }

    #[test]
    fn hex_goes_there_and_back_and_refuses_the_rest() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(hex_decode(&hex_encode(&all)).unwrap(), all);
        assert_eq!(hex_decode("AbfF").unwrap(), [0xab, 0xff]);
        for wrong in ["a", "0g", "0x", " 00", "+1", "é0"] {
            assert_eq!(hex_decode(wrong), Err(DecodeError), "{wrong}");
        }
    }

    #[test]
    fn base64_refuses_a_second_text_for_one_value() {
        assert_eq!(base64_decode("AAE=").unwrap(), [0, 1]);
        assert_eq!(base64url_decode("AAE").unwrap(), [0, 1]);
        for wrong in ["AAE", "AAF=", "AA E=", "AAE=\n", "-_A="] {
            assert_eq!(base64_decode(wrong), Err(DecodeError), "{wrong}");
        }
        for wrong in ["AAE=", "AAF", "+/A", "A"] {
            assert_eq!(base64url_decode(wrong), Err(DecodeError), "{wrong}");
        }
    }

    #[test]
    fn constant_time_equality_is_equality() {
        assert!(ct_eq(b"", b"") && ct_eq(b"ab", b"ab"));
        assert!(!ct_eq(b"ab", b"ac") && !ct_eq(b"ab", b"abc") && !ct_eq(b"ab", b""));
    }
}
