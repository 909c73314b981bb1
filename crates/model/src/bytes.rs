//! Bytes as base64 text in documents: for `#[serde(with = "crate::bytes")]`.

use cognate_crypto::digest::{base64_decode, base64_encode};
use serde::{Deserialize, Deserializer, Serializer, de::Error};

pub(crate) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&base64_encode(bytes))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(from)?;
    base64_decode(&text).map_err(|_| D::Error::custom("not base64"))
}
