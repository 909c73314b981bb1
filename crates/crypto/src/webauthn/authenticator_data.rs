//! What an authenticator says of itself and signs (§6.1).

use super::cbor::Reader;
use super::{Expected, LONGEST_CREDENTIAL_ID, PublicKey, Refusal};
use crate::digest::{ct_eq, sha256};

/// The longest authenticator data that is read. An RSA key of 4096 bits and the longest credential
/// id make 1,700 bytes.
const LONGEST: usize = 8 * 1024;

/// Authenticator data, taken apart.
pub(super) struct AuthenticatorData<'a> {
    pub(super) flags: Flags,
    /// The signature counter; 0 where the authenticator has none.
    pub(super) counter: u32,
    /// Whom it is for: the hash of a relying party's id.
    relying_party: &'a [u8; 32],
    /// The credential that was made; only a registration has one.
    pub(super) credential: Option<Attested<'a>>,
}

/// A credential that was made (§6.5.1).
pub(super) struct Attested<'a> {
    /// The make of the authenticator, if it tells.
    pub(super) aaguid: [u8; 16],
    pub(super) id: &'a [u8],
    pub(super) key: PublicKey,
    /// The key's COSE form, as it came.
    pub(super) cose: &'a [u8],
}

/// The bits of the flags.
#[derive(Clone, Copy)]
pub(super) struct Flags(u8);

impl Flags {
    const USER_PRESENT: u8 = 1;
    const USER_VERIFIED: u8 = 1 << 2;
    const BACKUP_ELIGIBLE: u8 = 1 << 3;
    const BACKED_UP: u8 = 1 << 4;
    const CREDENTIAL: u8 = 1 << 6;
    const EXTENSIONS: u8 = 1 << 7;

    fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }

    pub(super) fn user_verified(self) -> bool {
        self.has(Self::USER_VERIFIED)
    }

    pub(super) fn backup_eligible(self) -> bool {
        self.has(Self::BACKUP_ELIGIBLE)
    }

    pub(super) fn backed_up(self) -> bool {
        self.has(Self::BACKED_UP)
    }
}

impl<'a> AuthenticatorData<'a> {
    /// Takes authenticator data apart, to its last byte.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Refusal> {
        if bytes.len() > LONGEST {
            return Err(Refusal::AuthenticatorData);
        }
        let (relying_party, rest) = chunk::<32>(bytes)?;
        let (flags, rest) = chunk::<1>(rest)?;
        let (counter, mut rest) = chunk::<4>(rest)?;
        let flags = Flags(flags[0]);
        let mut credential = None;
        if flags.has(Flags::CREDENTIAL) {
            let (attested, behind) = Attested::read(rest)?;
            credential = Some(attested);
            rest = behind;
        }
        if flags.has(Flags::EXTENSIONS) {
            // None was asked for. What an authenticator says unasked is read and not looked at
            // (§7.1 step 21, §7.2 step 20).
            let mut reader = Reader::new(rest);
            reader.map().map_err(|_| Refusal::AuthenticatorData)?;
            rest = reader.rest();
        }
        if !rest.is_empty() {
            return Err(Refusal::AuthenticatorData);
        }
        Ok(Self {
            flags,
            counter: u32::from_be_bytes(*counter),
            relying_party,
            credential,
        })
    }

    /// What both ceremonies check (§7.1 steps 14 to 17, §7.2 steps 15 to 18).
    pub(super) fn check(&self, expected: &Expected<'_>) -> Result<(), Refusal> {
        let id = sha256(&[expected.relying_party_id.as_bytes()]);
        if !ct_eq(self.relying_party, &id) {
            return Err(Refusal::OtherRelyingParty);
        }
        if !self.flags.has(Flags::USER_PRESENT) {
            return Err(Refusal::UserNotPresent);
        }
        if expected.user_verification && !self.flags.user_verified() {
            return Err(Refusal::UserNotVerified);
        }
        if self.flags.backed_up() && !self.flags.backup_eligible() {
            return Err(Refusal::BackupFlags);
        }
        Ok(())
    }
}

impl<'a> Attested<'a> {
    /// Reads a credential, and gives what is behind it: the length of its key shows only when the
    /// key is read.
    fn read(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), Refusal> {
        let (aaguid, rest) = chunk::<16>(bytes)?;
        let (length, rest) = chunk::<2>(rest)?;
        let length = usize::from(u16::from_be_bytes(*length));
        if !(1..=LONGEST_CREDENTIAL_ID).contains(&length) {
            return Err(Refusal::CredentialId);
        }
        let (id, rest) = rest
            .split_at_checked(length)
            .ok_or(Refusal::AuthenticatorData)?;
        let mut reader = Reader::new(rest);
        let key = reader.map().map_err(|_| Refusal::PublicKey)?;
        let behind = reader.rest();
        let cose = rest.strip_suffix(behind).unwrap_or(rest);
        let attested = Self {
            aaguid: *aaguid,
            id,
            key: PublicKey::from_map(&key)?,
            cose,
        };
        Ok((attested, behind))
    }
}

fn chunk<const N: usize>(bytes: &[u8]) -> Result<(&[u8; N], &[u8]), Refusal> {
    bytes.split_first_chunk().ok_or(Refusal::AuthenticatorData)
}
