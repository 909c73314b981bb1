//! Secrets as types: they can't be printed, compare in constant time and are wiped when dropped.
//!
//! The content is reached only through `expose`, so that a search for that word lists every place
//! where a secret is used. They do not implement serde's traits; a document that is sealed before
//! it is stored opts in field by field, with `#[serde(with =
//! "cognate_crypto::secret::sealed_string")]` or `sealed_bytes`.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::digest;

/// Secret bytes: a key, a derived value, an opened plaintext.
#[derive(Clone, Default, Zeroize, ZeroizeOnDrop)]
pub struct SecretBytes(Vec<u8>);

impl SecretBytes {
    /// Takes over the bytes; the vector's own allocation is the one that is wiped later.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The content.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Number of bytes, which is not secret.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Compares in a time that depends on the lengths only.
    pub fn ct_eq(&self, other: &[u8]) -> bool {
        digest::ct_eq(&self.0, other)
    }
}

impl From<Vec<u8>> for SecretBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl<const N: usize> From<[u8; N]> for SecretBytes {
    fn from(mut bytes: [u8; N]) -> Self {
        let secret = Self(bytes.to_vec());
        bytes.zeroize();
        secret
    }
}

impl PartialEq for SecretBytes {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(&other.0)
    }
}

impl Eq for SecretBytes {}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Secret text: a password, a client secret, a token.
#[derive(Clone, Default, Zeroize, ZeroizeOnDrop)]
pub struct SecretString(String);

impl SecretString {
    /// Takes over the text; the string's own allocation is the one that is wiped later.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The content.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether the text is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Compares in a time that depends on the lengths only.
    pub fn ct_eq(&self, other: &str) -> bool {
        digest::ct_eq(self.0.as_bytes(), other.as_bytes())
    }
}

impl From<String> for SecretString {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for SecretString {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl PartialEq for SecretString {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(&other.0)
    }
}

impl Eq for SecretString {}

impl fmt::Debug for SecretString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Writes a [`SecretBytes`] field as base64 into a document that is about to be sealed, and reads
/// it back.
pub mod sealed_bytes {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::SecretBytes;
    use crate::digest;

    /// For serde's `with`: only in a type that is sealed before it is stored.
    pub fn serialize<S: Serializer>(secret: &SecretBytes, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&zeroize::Zeroizing::new(digest::base64_encode(
            secret.expose(),
        )))
    }

    /// For serde's `with`; fails on what is not base64.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SecretBytes, D::Error> {
        let text = zeroize::Zeroizing::new(String::deserialize(from)?);
        digest::base64_decode(&text)
            .map(SecretBytes::new)
            .map_err(|_| D::Error::custom("a secret is not base64"))
    }
}

/// Writes a [`SecretString`] field as it is into a document that is about to be sealed, and reads
/// it back.
pub mod sealed_string {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::SecretString;

    /// For serde's `with`: only in a type that is sealed before it is stored.
    pub fn serialize<S: Serializer>(secret: &SecretString, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(secret.expose())
    }

    /// For serde's `with`.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SecretString, D::Error> {
        String::deserialize(from).map(SecretString::new)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Document {
        #[serde(with = "sealed_bytes")]
        key: SecretBytes,
        #[serde(with = "sealed_string")]
        word: SecretString,
    }

    #[test]
    fn debug_output_does_not_show_the_secret() {
        #[derive(Debug)]
        #[allow(dead_code, reason = "the fields are read by Debug")]
        struct Holder(SecretString, SecretBytes);
        let holder = Holder("hunter2".into(), b"hunter2".to_vec().into());
        let shown = format!("{holder:?} {holder:#?}");
        assert!(
            !shown.contains("hunter2") && !shown.contains("104"),
            "{shown}"
        );
    }

    #[test]
    fn equality_sees_content_and_length() {
        assert_eq!(SecretString::from("a"), SecretString::from("a"));
        assert_ne!(SecretString::from("a"), SecretString::from("b"));
        assert_ne!(SecretString::from("a"), SecretString::from("aa"));
        assert_ne!(SecretBytes::new(vec![0]), SecretBytes::new(vec![0, 0]));
    }

    #[test]
    fn a_document_to_be_sealed_keeps_its_secrets() {
        let document = Document {
            key: vec![0, 255, 7].into(),
            word: "ü\"".into(),
        };
        let text = serde_json::to_string(&document).unwrap();
        let back: Document = serde_json::from_str(&text).unwrap();
        assert_eq!(back.key, document.key);
        assert_eq!(back.word, document.word);
        assert!(serde_json::from_str::<Document>(r#"{"key":"*","word":""}"#).is_err());
    }
}
