//! Sealing of a whole file, as backups and exports are: frames under a key of the file's own, which
//! lies in its head, under the master key or a passphrase.
//!
//! ```text
//! file  = head ‖ frame ‖ frame ‖ … ‖ last frame
//! head  = "cognate backup\n" or "cognate export\n" ‖ version (1) ‖ lock ‖ salt (16) ‖ nonce (12)
//!         ‖ AES-256-GCM(lock key, file key) (32 + 16)
//! lock  = 1 ‖ master key id (8)
//!         lock key = HMAC-SHA256(master key, purpose ‖ salt)
//!       | 2 ‖ memory in KiB, passes, lanes (u32 BE each)
//!         lock key = Argon2id(passphrase, salt)
//! frame = AES-256-GCM(file key, nonce, up to 65,536 bytes) ‖ tag (16)
//! nonce = counter (u88 BE) ‖ is last (u8)
//! ```
//! The head before the nonce is authenticated with the file key. Counter and end mark are the
//! nonce, as in the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015): a frame that is
//! missing, doubled, moved, or comes from another file doesn't open, and neither does a file that
//! was cut. The file key is drawn for each file, so no nonce repeats under it. Reading and writing
//! is the caller's.

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce};
use zeroize::{Zeroize, Zeroizing};

use super::{MasterKey, NONCE, SALT, SealError, aes, decrypt, derived_key, encrypt};
use crate::{digest, random::Random, secret::SecretString};

/// Bytes of content in every frame but the last, which has as many or fewer.
pub const FRAME: usize = 65_536;
/// What sealing adds to a frame.
pub const FRAME_OVERHEAD: usize = 16;
/// The part of the head from which [`head_length`] tells the rest.
pub const HEAD_START: usize = MAGIC + 2;

/// Bytes by which a file begins that tell its kind.
const MAGIC: usize = 15;
const FORMAT: u8 = 1;
const UNDER_MASTER_KEY: u8 = 1;
const UNDER_PASSPHRASE: u8 = 2;
/// Salt, nonce, file key, tag.
const HEAD_END: usize = SALT + NONCE + 32 + FRAME_OVERHEAD;
const MASTER_FILE_KEY: &[u8] = b"cognate seal file v1\0";

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A whole database.
    Backup,
    /// One user pool.
    PoolExport,
}

impl FileKind {
    fn magic(self) -> &'static [u8; MAGIC] {
        match self {
            Self::Backup => b"cognate backup\n",
            Self::PoolExport => b"cognate export\n",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Backup => "this is no Cognate backup",
            Self::PoolExport => "this is no user pool that Cognate has exported",
        }
    }
}

/// Why a file doesn't open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// It doesn't begin as one of its kind does.
    #[error("{}", .0.words())]
    NotOfKind(FileKind),
    /// Made by a later version.
    #[error("the file has format {0}, made by a later version of Cognate; this one knows format 1")]
    NewerFormat(u8),
    /// Sealed under a master key, and a passphrase was given.
    #[error("the file is sealed under the master key {0}, not under a passphrase")]
    NeedsMasterKey(String),
    /// Sealed under a passphrase, and a master key was given.
    #[error("the file is sealed under a passphrase, and none is given")]
    NeedsPassphrase,
    /// Sealed under another master key.
    #[error("the file is sealed under the master key {needed}; the one given is {given}")]
    WrongMasterKey {
        /// The fingerprint in the head.
        needed: String,
        /// The fingerprint of the key at hand.
        given: String,
    },
    /// The passphrase is another one, or the head was changed: nobody can tell these apart.
    #[error("the passphrase is wrong, or the beginning of the file was damaged")]
    WrongPassphrase,
    /// The head names costs of Argon2id that are out of all proportion.
    #[error("the beginning of the file was damaged: it asks for absurd work on the passphrase")]
    AbsurdCost,
    /// The head doesn't open under the right key.
    #[error("the beginning of the file was damaged")]
    DamagedHead,
    /// A frame doesn't open: changed, missing, doubled, moved, or of another file.
    #[error("the file was damaged at its frame {0} (each is 64 KiB)")]
    Damaged(u64),
    /// The file ends where it should go on.
    #[error("the file was cut short: its end is missing")]
    Truncated,
    /// aws-lc or Argon2id refused to work, for want of memory.
    #[error("not enough memory to seal or open the file")]
    Memory,
}

/// What Argon2id costs (RFC 9106): whoever guesses at a passphrase pays it for each guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PassphraseCost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes; they are run one after the other.
    pub lanes: u32,
}

impl PassphraseCost {
    /// 128 MiB, three passes: about half a second, once a backup.
    pub const BACKUP: Self = Self {
        memory_kib: 128 * 1024,
        passes: 3,
        lanes: 1,
    };

    /// A head is read before anything proves it, so it must not be able to ask for all of the
    /// machine.
    fn is_absurd(self) -> bool {
        self.memory_kib > 1024 * 1024 || self.passes > 32 || self.lanes > 16
    }
}

/// Under what a file is sealed.
#[derive(Debug, Clone, Copy)]
pub enum Lock<'a> {
    /// The operator's master key.
    MasterKey(&'a MasterKey),
    /// A passphrase, at this cost.
    Passphrase(&'a SecretString, PassphraseCost),
}

/// With what a file is opened.
#[derive(Debug, Clone, Copy)]
pub enum Unlock<'a> {
    /// A master key.
    MasterKey(&'a MasterKey),
    /// A passphrase; its cost stands in the head.
    Passphrase(&'a SecretString),
}

/// Under what a file was sealed, as its head says; not yet proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SealedUnder {
    /// The master key of this fingerprint.
    MasterKey(String),
    /// A passphrase.
    Passphrase,
}

/// Seals the frames of one file, in order.
pub struct FileSealer(Frames);

/// Opens the frames of one file, in order.
pub struct FileOpener(Frames);

struct Frames {
    key: LessSafeKey,
    counter: u64,
}

impl FileSealer {
    /// Draws the key of a new file; gives the file's head too.
    ///
    /// # Errors
    /// [`FileError::Memory`], [`FileError::AbsurdCost`].
    pub fn new(
        kind: FileKind,
        lock: Lock<'_>,
        random: &mut Random,
    ) -> Result<(Vec<u8>, Self), FileError> {
        let mut head = kind.magic().to_vec();
        head.push(FORMAT);
        match lock {
            Lock::MasterKey(master) => {
                head.push(UNDER_MASTER_KEY);
                head.extend(master.id_bytes());
            }
            Lock::Passphrase(_, cost) => {
                head.push(UNDER_PASSPHRASE);
                for number in [cost.memory_kib, cost.passes, cost.lanes] {
                    head.extend(number.to_be_bytes());
                }
            }
        }
        head.extend(random.bytes::<SALT>());
        let key = match lock {
            Lock::MasterKey(master) => derived_key(&master.0, MASTER_FILE_KEY, &head),
            Lock::Passphrase(passphrase, cost) => {
                stretched(passphrase, cost, salt_at_end_of(&head))?
            }
        };
        let file_key = Zeroizing::new(random.bytes::<32>());
        let authenticated = head.clone();
        let head = encrypt(key, head, &authenticated, file_key.as_slice(), random)
            .map_err(|_| FileError::Memory)?;
        Ok((head, Self(Frames::new(&file_key)?)))
    }

    /// Seals a frame that isn't the last: [`FRAME`] bytes, by which the reader knows where it ends.
    /// It grows by [`FRAME_OVERHEAD`].
    ///
    /// # Errors
    /// [`FileError::Memory`].
    pub fn seal(&mut self, frame: &mut Vec<u8>) -> Result<(), FileError> {
        self.0.seal(frame, false)
    }

    /// Seals the last frame, of [`FRAME`] bytes at most.
    ///
    /// # Errors
    /// [`FileError::Memory`].
    pub fn finish(mut self, frame: &mut Vec<u8>) -> Result<(), FileError> {
        self.0.seal(frame, true)
    }
}

impl FileOpener {
    /// Opens the head, whose length [`head_length`] tells.
    ///
    /// # Errors
    /// [`FileError`]: of another kind, the wrong key or passphrase, or damaged.
    pub fn new(kind: FileKind, head: &[u8], unlock: Unlock<'_>) -> Result<Self, FileError> {
        let salt_end = head.len().saturating_sub(NONCE + 32 + FRAME_OVERHEAD);
        let (authenticated, rest) = head
            .split_at_checked(salt_end)
            .ok_or(FileError::Truncated)?;
        let (key, refusal) = match (lock_of(kind, head)?, unlock) {
            (LockBytes::MasterKey(id), Unlock::MasterKey(master)) => {
                if id != master.id_bytes() {
                    return Err(FileError::WrongMasterKey {
                        needed: digest::hex_encode(&id),
                        given: master.id(),
                    });
                }
                let key = derived_key(&master.0, MASTER_FILE_KEY, authenticated);
                (key, FileError::DamagedHead)
            }
            (LockBytes::Passphrase(cost), Unlock::Passphrase(passphrase)) => {
                let key = stretched(passphrase, cost, salt_at_end_of(authenticated))?;
                (key, FileError::WrongPassphrase)
            }
            (LockBytes::MasterKey(id), Unlock::Passphrase(_)) => {
                return Err(FileError::NeedsMasterKey(digest::hex_encode(&id)));
            }
            (LockBytes::Passphrase(_), Unlock::MasterKey(_)) => {
                return Err(FileError::NeedsPassphrase);
            }
        };
        let file_key = decrypt(key, authenticated, rest).map_err(|_| refusal)?;
        let file_key = file_key
            .expose()
            .try_into()
            .map_err(|_| FileError::DamagedHead)?;
        Ok(Self(Frames::new(file_key)?))
    }

    /// Opens the next frame in place; `is_last` says that the file ends with it.
    ///
    /// # Errors
    /// [`FileError::Damaged`]; [`FileError::Truncated`] when the frame is whole but isn't the last
    /// one.
    pub fn open(&mut self, frame: &mut Vec<u8>, is_last: bool) -> Result<(), FileError> {
        self.0.open(frame, is_last)
    }
}

/// The length of the head that begins so.
///
/// # Errors
/// [`FileError::NotOfKind`], [`FileError::NewerFormat`].
pub fn head_length(kind: FileKind, start: &[u8]) -> Result<usize, FileError> {
    let lock = match lock_kind(kind, start)? {
        UNDER_MASTER_KEY => 8,
        UNDER_PASSPHRASE => 12,
        _ => return Err(FileError::DamagedHead),
    };
    Ok(HEAD_START + lock + HEAD_END)
}

/// Under what the file with this head was sealed.
///
/// # Errors
/// As [`head_length`]; [`FileError::AbsurdCost`].
pub fn sealed_under(kind: FileKind, head: &[u8]) -> Result<SealedUnder, FileError> {
    Ok(match lock_of(kind, head)? {
        LockBytes::MasterKey(id) => SealedUnder::MasterKey(digest::hex_encode(&id)),
        LockBytes::Passphrase(_) => SealedUnder::Passphrase,
    })
}

enum LockBytes {
    MasterKey([u8; 8]),
    Passphrase(PassphraseCost),
}

fn lock_kind(kind: FileKind, head: &[u8]) -> Result<u8, FileError> {
    let rest = head.strip_prefix(kind.magic());
    match rest.ok_or(FileError::NotOfKind(kind))? {
        [FORMAT, lock, ..] => Ok(*lock),
        [format, _, ..] => Err(FileError::NewerFormat(*format)),
        _ => Err(FileError::Truncated),
    }
}

fn lock_of(kind: FileKind, head: &[u8]) -> Result<LockBytes, FileError> {
    if head.len() != head_length(kind, head)? {
        return Err(FileError::Truncated);
    }
    let mut numbers = head
        .get(HEAD_START..)
        .unwrap_or_default()
        .as_chunks::<4>()
        .0
        .iter()
        .map(|bytes| u32::from_be_bytes(*bytes));
    let mut next = || numbers.next().ok_or(FileError::Truncated);
    if lock_kind(kind, head)? == UNDER_MASTER_KEY {
        let mut id = [0; 8];
        let (high, low) = id.split_at_mut(4);
        high.copy_from_slice(&next()?.to_be_bytes());
        low.copy_from_slice(&next()?.to_be_bytes());
        return Ok(LockBytes::MasterKey(id));
    }
    let cost = PassphraseCost {
        memory_kib: next()?,
        passes: next()?,
        lanes: next()?,
    };
    if cost.is_absurd() {
        return Err(FileError::AbsurdCost);
    }
    Ok(LockBytes::Passphrase(cost))
}

fn salt_at_end_of(head: &[u8]) -> &[u8] {
    head.split_at(head.len().saturating_sub(SALT)).1
}

/// The key that a passphrase gives.
fn stretched(
    passphrase: &SecretString,
    cost: PassphraseCost,
    salt: &[u8],
) -> Result<Zeroizing<[u8; 32]>, FileError> {
    if cost.is_absurd() {
        return Err(FileError::AbsurdCost);
    }
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32))
        .map_err(|_| FileError::AbsurdCost)?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.expose().as_bytes(), salt, key.as_mut_slice())
        .map_err(|_| FileError::Memory)?;
    Ok(key)
}

impl Frames {
    fn new(key: &[u8; 32]) -> Result<Self, FileError> {
        let key = aes(key).map_err(|_: SealError| FileError::Memory)?;
        Ok(Self { key, counter: 0 })
    }

    fn nonce(&self, is_last: bool) -> Nonce {
        let mut nonce = [0; NONCE];
        let (_, low) = nonce.split_at_mut(NONCE - 9);
        for (place, byte) in low.iter_mut().zip(
            self.counter
                .to_be_bytes()
                .into_iter()
                .chain([u8::from(is_last)]),
        ) {
            *place = byte;
        }
        Nonce::assume_unique_for_key(nonce)
    }

    fn seal(&mut self, frame: &mut Vec<u8>, is_last: bool) -> Result<(), FileError> {
        let nonce = self.nonce(is_last);
        let sealed = self
            .key
            .seal_in_place_append_tag(nonce, Aad::empty(), frame);
        if sealed.is_err() {
            frame.zeroize();
            return Err(FileError::Memory);
        }
        self.counter += 1;
        Ok(())
    }

    fn open(&mut self, frame: &mut Vec<u8>, is_last: bool) -> Result<(), FileError> {
        let whole = frame.clone();
        let Some(length) = frame.len().checked_sub(AES_256_GCM.tag_len()) else {
            return Err(FileError::Truncated);
        };
        let opened = self
            .key
            .open_in_place(self.nonce(is_last), Aad::empty(), frame);
        if opened.is_ok() {
            frame.truncate(length);
            self.counter += 1;
            return Ok(());
        }
        frame.zeroize();
        // Whole, and not the last: then the file was cut behind it, which an operator meets more
        // often than a changed byte.
        let mut whole = Zeroizing::new(whole);
        let goes_on = self.nonce(false);
        if is_last
            && self
                .key
                .open_in_place(goes_on, Aad::empty(), &mut whole)
                .is_ok()
        {
            return Err(FileError::Truncated);
        }
        Err(FileError::Damaged(self.counter))
    }
}

#[cfg(test)]
mod tests;
