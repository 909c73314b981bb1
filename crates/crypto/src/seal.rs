//! Sealing of secrets at rest: envelope encryption with AES-256-GCM.
//!
//! The operator keeps the [`MasterKey`] outside the database. It wraps [`DataKey`]s, which the
//! database stores wrapped; a [`Keyring`] of them seals and opens everything else. Every message
//! has a key of its own, derived from the data key and a random salt. So a data key can seal any
//! number of messages without coming near the point where random 96-bit nonces repeat (NIST SP
//! 800-38D §8.3).
//!
//! ```text
//! sealed  = 0x01 ‖ data key id (u32 BE) ‖ salt (16) ‖ nonce (12) ‖ ciphertext ‖ tag (16)
//! wrapped = 0x81 ‖ master key id (8)    ‖ salt (16) ‖ nonce (12) ‖ ciphertext (32) ‖ tag (16)
//! key     = HMAC-SHA256(data or master key, purpose ‖ salt)
//! ```
//! Everything before the nonce is authenticated, together with the context: the message's place
//! (table, row, column), so that a sealed value that was moved to another row does not open.
//!
//! The first byte is the format. Whole files, as backups are, are sealed in [`file`].

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{digest, random::Random, secret::SecretBytes};

pub mod file;

const SEALED: u8 = 1;
const WRAPPED: u8 = 0x81;
const SALT: usize = 16;
const NONCE: usize = 12;

/// Domain separation of the derived keys and the fingerprint; the last byte keeps one from being a
/// prefix of another.
const MESSAGE_KEY: &[u8] = b"cognate seal message v1\0";
const WRAPPING_KEY: &[u8] = b"cognate seal wrap v1\0";
const FINGERPRINT: &[u8] = b"cognate seal master key id v1\0";

/// Why something does not seal or open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The bytes are too short, or of a format that this version does not know.
    #[error("not a sealed value of a known format")]
    Malformed,
    /// Sealed under a data key that the keyring does not hold.
    #[error("sealed under data key {0}, which is not in the keyring")]
    UnknownDataKey(u32),
    /// The data key was wrapped by another master key.
    #[error("the data key was wrapped by another master key")]
    WrongMasterKey,
    /// The value was changed since it was sealed, or belongs elsewhere, or the key is another one
    /// under the same id.
    #[error("a sealed value does not open: it was changed, moved, or sealed under another key")]
    Tampered,
    /// Larger than AES-GCM may encrypt at once (64 GiB).
    #[error("too large to seal")]
    TooLarge,
}

/// Why a text is not a master key, in words for the operator. The words never repeat the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MasterKeyError {
    /// Neither 64 hex digits nor base64 of 32 bytes.
    #[error("a master key is 32 bytes, written as 64 hex digits or as base64 (44 characters)")]
    NotAKey,
    /// Every byte is the same: a placeholder that nobody replaced.
    #[error("this master key is a placeholder: all its bytes are the same; make a random one")]
    Placeholder,
}

/// The operator's key, 32 bytes, under which data keys are wrapped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct MasterKey([u8; 32]);

impl MasterKey {
    /// Takes over 32 random bytes.
    pub fn from_bytes(mut bytes: [u8; 32]) -> Self {
        let key = Self(bytes);
        bytes.zeroize();
        key
    }

    /// Reads the text of a key file: 64 hex digits, or base64 of either alphabet with or without
    /// padding. White space around it is ignored.
    pub fn parse(text: &str) -> Result<Self, MasterKeyError> {
        const LENIENT: GeneralPurposeConfig =
            GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let text = text.trim();
        let bytes = Zeroizing::new(if text.len() == 64 {
            digest::hex_decode(text).map_err(|_| MasterKeyError::NotAKey)?
        } else {
            GeneralPurpose::new(&alphabet::STANDARD, LENIENT)
                .decode(text)
                .or_else(|_| GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT).decode(text))
                .map_err(|_| MasterKeyError::NotAKey)?
        });
        let key: [u8; 32] = bytes
            .as_slice()
            .try_into()
            .map_err(|_| MasterKeyError::NotAKey)?;
        if key.iter().all(|byte| *byte == key[0]) {
            return Err(MasterKeyError::Placeholder);
        }
        Ok(Self::from_bytes(key))
    }

    /// The text of a key file, as [`MasterKey::parse`] reads it: base64.
    pub fn to_text(&self) -> crate::secret::SecretString {
        digest::base64_encode(&self.0).into()
    }

    /// A short fingerprint, 16 hex digits, that may be logged and stored: it distinguishes keys and
    /// shows nothing of them.
    pub fn id(&self) -> String {
        digest::hex_encode(&self.id_bytes())
    }

    fn id_bytes(&self) -> [u8; 8] {
        let mut id = [0; 8];
        id.copy_from_slice(&digest::hmac_sha256(&self.0, &[FINGERPRINT])[..8]);
        id
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MasterKey({})", self.id())
    }
}

/// A key that seals messages. Its id goes into every message and is never used for two keys of one
/// keyring.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct DataKey {
    /// Which key this is: the keyring's newest has the highest.
    pub id: u32,
    key: [u8; 32],
}

impl DataKey {
    /// Draws a new key.
    pub fn generate(id: u32, random: &mut Random) -> Self {
        Self {
            id,
            key: random.bytes(),
        }
    }

    /// A key that is known already: one that comes out of a backup.
    pub fn from_bytes(id: u32, mut bytes: [u8; 32]) -> Self {
        let key = Self { id, key: bytes };
        bytes.zeroize();
        key
    }

    /// The key itself, for a backup, which is sealed as a whole.
    pub fn expose(&self) -> &[u8; 32] {
        &self.key
    }

    /// Wraps this key under the master key, for storage.
    pub fn wrap(&self, master: &MasterKey, random: &mut Random) -> Result<Vec<u8>, SealError> {
        let mut header = vec![WRAPPED];
        header.extend(master.id_bytes());
        header.extend(random.bytes::<SALT>());
        let key = derived_key(&master.0, WRAPPING_KEY, &header);
        let aad = authenticated(&header, &[&self.id.to_be_bytes()]);
        encrypt(key, header, &aad, &self.key, random)
    }

    /// Opens a wrapped data key of this id. [`SealError::WrongMasterKey`] tells a wrong master key
    /// from a damaged row.
    pub fn unwrap(id: u32, wrapped: &[u8], master: &MasterKey) -> Result<Self, SealError> {
        let (header, rest) = wrapped
            .split_at_checked(1 + 8 + SALT)
            .ok_or(SealError::Malformed)?;
        if header.first() != Some(&WRAPPED) {
            return Err(SealError::Malformed);
        }
        if !header[1..].starts_with(&master.id_bytes()) {
            return Err(SealError::WrongMasterKey);
        }
        let key = derived_key(&master.0, WRAPPING_KEY, header);
        let aad = authenticated(header, &[&id.to_be_bytes()]);
        let opened = decrypt(key, &aad, rest)?;
        let key = opened
            .expose()
            .try_into()
            .map_err(|_| SealError::Malformed)?;
        Ok(Self { id, key })
    }
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DataKey({})", self.id)
    }
}

/// Seals a message under one data key. `context` says where it belongs; its parts can't slide into
/// one another.
pub fn seal(
    data_key: &DataKey,
    context: &[&[u8]],
    plaintext: &[u8],
    random: &mut Random,
) -> Result<Vec<u8>, SealError> {
    let mut header =
        Vec::with_capacity(1 + 4 + SALT + NONCE + plaintext.len() + AES_256_GCM.tag_len());
    header.push(SEALED);
    header.extend(data_key.id.to_be_bytes());
    header.extend(random.bytes::<SALT>());
    let key = derived_key(&data_key.key, MESSAGE_KEY, &header);
    let aad = authenticated(&header, context);
    encrypt(key, header, &aad, plaintext, random)
}

/// Opens what [`seal`] made under the same key and with the same context.
pub fn open(
    data_key: &DataKey,
    context: &[&[u8]],
    sealed: &[u8],
) -> Result<SecretBytes, SealError> {
    if data_key_id(sealed)? != data_key.id {
        return Err(SealError::UnknownDataKey(data_key_id(sealed)?));
    }
    let (header, rest) = sealed
        .split_at_checked(1 + 4 + SALT)
        .ok_or(SealError::Malformed)?;
    let key = derived_key(&data_key.key, MESSAGE_KEY, header);
    decrypt(key, &authenticated(header, context), rest)
}

/// The id of the data key that a sealed message names, not yet proved.
pub fn data_key_id(sealed: &[u8]) -> Result<u32, SealError> {
    let Some(([SEALED, id @ ..], _)) = sealed.split_first_chunk::<5>() else {
        return Err(SealError::Malformed);
    };
    Ok(u32::from_be_bytes(*id))
}

/// The data keys of a store: the newest seals, any of them opens.
#[derive(Clone, Debug)]
pub struct Keyring {
    /// By rising id; never empty.
    keys: Vec<DataKey>,
}

impl Keyring {
    /// A keyring that begins with one key.
    pub fn new(key: DataKey) -> Self {
        Self { keys: vec![key] }
    }

    /// Adds a key; one with the same id is replaced.
    pub fn add(&mut self, key: DataKey) {
        match self.keys.binary_search_by_key(&key.id, |held| held.id) {
            Ok(at) => self.keys[at] = key,
            Err(at) => self.keys.insert(at, key),
        }
    }

    /// The ids of the keys, rising.
    pub fn ids(&self) -> impl Iterator<Item = u32> + '_ {
        self.keys.iter().map(|key| key.id)
    }

    /// The key of an id.
    pub fn find(&self, id: u32) -> Option<&DataKey> {
        self.keys.iter().find(|key| key.id == id)
    }

    /// Seals under the newest key.
    pub fn seal(
        &self,
        context: &[&[u8]],
        plaintext: &[u8],
        random: &mut Random,
    ) -> Result<Vec<u8>, SealError> {
        let newest = self.keys.last().ok_or(SealError::UnknownDataKey(0))?;
        seal(newest, context, plaintext, random)
    }

    /// Opens with the key that the message names.
    pub fn open(&self, context: &[&[u8]], sealed: &[u8]) -> Result<SecretBytes, SealError> {
        let id = data_key_id(sealed)?;
        let key = self.find(id).ok_or(SealError::UnknownDataKey(id))?;
        open(key, context, sealed)
    }

    /// Whether the message was sealed under an older key than the newest, so that it should be
    /// sealed anew.
    pub fn is_stale(&self, sealed: &[u8]) -> bool {
        data_key_id(sealed).ok() != self.keys.last().map(|key| key.id)
    }
}

/// The key of one message. The header ends with the message's salt.
fn derived_key(key: &[u8; 32], purpose: &[u8], header: &[u8]) -> Zeroizing<[u8; 32]> {
    let salt = header.len().saturating_sub(SALT);
    Zeroizing::new(digest::hmac_sha256(key, &[purpose, &header[salt..]]))
}

/// What is authenticated but not encrypted: the header, and each part of the context behind its
/// length.
fn authenticated(header: &[u8], context: &[&[u8]]) -> Vec<u8> {
    let mut aad = header.to_vec();
    for part in context {
        aad.extend((part.len() as u64).to_be_bytes());
        aad.extend_from_slice(part);
    }
    aad
}

/// Gives header ‖ nonce ‖ ciphertext ‖ tag.
fn encrypt(
    key: Zeroizing<[u8; 32]>,
    header: Vec<u8>,
    aad: &[u8],
    plaintext: &[u8],
    random: &mut Random,
) -> Result<Vec<u8>, SealError> {
    let nonce = random.bytes::<NONCE>();
    let mut out = header;
    out.extend(nonce);
    let body = out.len();
    // Grown before the plaintext goes in, so that no copy of it is left behind by a reallocation.
    out.reserve(plaintext.len() + AES_256_GCM.tag_len());
    out.extend_from_slice(plaintext);
    let tag = aes(&key)?.seal_in_place_separate_tag(
        Nonce::assume_unique_for_key(nonce),
        Aad::from(aad),
        &mut out[body..],
    );
    match tag {
        Ok(tag) => {
            out.extend_from_slice(tag.as_ref());
            Ok(out)
        }
        Err(_) => {
            out.zeroize();
            Err(SealError::TooLarge)
        }
    }
}

/// Opens nonce ‖ ciphertext ‖ tag.
fn decrypt(key: Zeroizing<[u8; 32]>, aad: &[u8], sealed: &[u8]) -> Result<SecretBytes, SealError> {
    let (nonce, rest) = sealed
        .split_first_chunk::<NONCE>()
        .ok_or(SealError::Malformed)?;
    let length = rest
        .len()
        .checked_sub(AES_256_GCM.tag_len())
        .ok_or(SealError::Malformed)?;
    let mut buffer = rest.to_vec();
    let opened = aes(&key)?
        .open_in_place(
            Nonce::assume_unique_for_key(*nonce),
            Aad::from(aad),
            &mut buffer,
        )
        .is_ok();
    buffer.truncate(length);
    let plaintext = SecretBytes::new(buffer);
    if opened {
        Ok(plaintext)
    } else {
        Err(SealError::Tampered)
    }
}

/// aws-lc refuses a key only for its length, which the type fixes, or for want of memory.
fn aes(key: &[u8; 32]) -> Result<LessSafeKey, SealError> {
    UnboundKey::new(&AES_256_GCM, key)
        .map(LessSafeKey::new)
        .map_err(|_| SealError::Malformed)
}

#[cfg(test)]
mod tests;
