//! A certificate authority of the development folder's own, for `cognate dev --https` and
//! `--as-aws`.
//!
//! Whoever trusts the authority trusts the holder of its key, so it can do little. Its certificate
//! is constrained (RFC 5280 §4.2.1.10) to this machine's own names and to the requested names; it
//! signs no further authority; it ends after a year; and its key is in the development folder
//! alone. The listeners use certificates for some days, whose keys are in no file.

use std::fs::{self, DirBuilder};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use cognate_crypto::digest::{base64_encode, sha256};
use cognate_crypto::secret::SecretString;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, PublicKeyData as _,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde::{Deserialize, Serialize};

use crate::private_file::{Draft, read_secret};
use crate::tls::Certificate;

/// The authority's certificate.
const CERTIFICATE: &str = "authority.pem";
/// Its private key.
const KEY: &str = "authority.key";
/// What it was made for, and when.
const RECORD: &str = "authority.json";
/// The system's authorities and this one, for programs that accept one file only.
const BUNDLE: &str = "bundle.pem";

const DAY: Duration = Duration::from_secs(24 * 3600);
/// How long an authority serves.
const AUTHORITY_DAYS: u32 = 365;
/// One with fewer days left is replaced at the next start.
const LEAST_DAYS: u32 = 60;
/// How long the certificate of a listener serves: a development server is started anew before.
const LISTENER_DAYS: u32 = 30;
/// Clocks of containers and of the machine below differ.
const CLOCKS_DIFFER: Duration = DAY;

/// The names of this machine itself, which every authority may sign for.
const OWN_NAME: &str = "localhost";

/// An authority that is made, with its key.
pub(crate) struct LocalAuthority {
    folder: PathBuf,
    key: KeyPair,
    record: Record,
    is_new: bool,
}

/// What is remembered of an authority beside its certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    /// The certificate's common name, by which its issues name it.
    common_name: String,
    /// The domain names that it may sign for.
    names: Vec<String>,
    /// Seconds since the epoch.
    made_at: u64,
}

impl LocalAuthority {
    /// The authority of a folder: the one that is there, if it serves for all of `names` and for a
    /// while longer, or a new one, which has to be trusted anew.
    ///
    /// # Errors
    /// When the folder cannot be written, or others than its owner can read the key.
    pub(crate) fn open(folder: &Path, names: &[&str], now: SystemTime) -> Result<Self> {
        let folder = std::path::absolute(folder)
            .with_context(|| format!("the folder {} cannot be named", folder.display()))?;
        let cannot = || format!("the local authority in {} cannot be made", folder.display());
        let found = find(&folder)?;
        if let Some((key, record)) = &found
            && record.serves(names, now)
        {
            let (key, record) = (KeyPair::from_pem(key.expose())?, record.clone());
            let authority = Self {
                folder,
                key,
                record,
                is_new: false,
            };
            authority.write_bundle()?;
            return Ok(authority);
        }
        // Earlier names stay: a person who switches from one region to another and back trusts once
        // more, not twice.
        let before = found.map(|(_, record)| record.names).unwrap_or_default();
        let authority = Self::make(folder.clone(), names, &before, now).with_context(cannot)?;
        authority.write_bundle()?;
        Ok(authority)
    }

    fn make(folder: PathBuf, names: &[&str], before: &[String], now: SystemTime) -> Result<Self> {
        let mut all: Vec<String> = [OWN_NAME]
            .iter()
            .chain(names)
            .map(|name| (*name).to_owned())
            .chain(before.iter().cloned())
            .collect();
        all.sort();
        all.dedup();
        let key = KeyPair::generate()?;
        let made_at = now.duration_since(UNIX_EPOCH)?.as_secs();
        let record = Record {
            // Browsers would confuse two authorities of one name.
            common_name: format!("Cognate development authority {}", number(&key)),
            names: all,
            made_at,
        };
        let certificate = record.certificate(now)?.self_signed(&key)?;
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)?;
        // The record is removed first and written last: without it the other files do not count.
        match fs::remove_file(folder.join(RECORD)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        write_private(&folder.join(KEY), key.serialize_pem().as_bytes())?;
        write_public(&folder.join(CERTIFICATE), certificate.pem().as_bytes())?;
        write_private(&folder.join(RECORD), &serde_json::to_vec_pretty(&record)?)?;
        Ok(Self {
            folder,
            key,
            record,
            is_new: true,
        })
    }

    /// A certificate for a listener, for some of the authority's names and for this machine's own,
    /// with a key that is in no file.
    ///
    /// # Errors
    /// When a name is none.
    pub(crate) fn issue(&self, names: &[&str], now: SystemTime) -> Result<Certificate> {
        let all: Vec<String> = names
            .iter()
            .copied()
            .chain([OWN_NAME, "127.0.0.1", "::1"])
            .map(str::to_owned)
            .collect();
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(all)?;
        let first = names.first().copied().unwrap_or(OWN_NAME);
        params.distinguished_name.remove(DnType::CommonName);
        params.distinguished_name.push(DnType::CommonName, first);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.not_before = (now - CLOCKS_DIFFER).into();
        params.not_after = (now + DAY * LISTENER_DAYS).into();
        let own = self.record.certificate(now)?;
        let issued = params.signed_by(&key, &Issuer::from_params(&own, &self.key))?;
        let authority = CertificateDer::from_pem_file(self.certificate_file())
            .map_err(|error| anyhow::anyhow!("{error}"))
            .with_context(|| format!("{} cannot be read", self.certificate_file().display()))?;
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Certificate::made(vec![issued.der().clone(), authority], private)
    }

    /// The file to trust, in PEM.
    pub(crate) fn certificate_file(&self) -> PathBuf {
        self.folder.join(CERTIFICATE)
    }

    /// The system's authorities and this one, in one file.
    pub(crate) fn bundle_file(&self) -> PathBuf {
        self.folder.join(BUNDLE)
    }

    /// Whether it is new, so that nobody trusts it yet.
    pub(crate) fn is_new(&self) -> bool {
        self.is_new
    }

    /// The system's authorities change, so the file is made anew at each start.
    fn write_bundle(&self) -> Result<()> {
        let mut text = fs::read(self.certificate_file())?;
        for certificate in rustls_native_certs::load_native_certs().certs {
            text.extend_from_slice(pem_of(&certificate).as_bytes());
        }
        write_public(&self.bundle_file(), &text)
            .with_context(|| format!("{} cannot be written", self.bundle_file().display()))
    }
}

impl Record {
    /// Whether the authority may sign for all these names and does so for a while yet.
    fn serves(&self, names: &[&str], now: SystemTime) -> bool {
        let made_at = UNIX_EPOCH + Duration::from_secs(self.made_at);
        let age = now.duration_since(made_at).unwrap_or_default();
        let has = |name: &&str| self.names.iter().any(|own| own == name);
        age < DAY * (AUTHORITY_DAYS - LEAST_DAYS) && names.iter().all(has)
    }

    /// The contents of the authority's certificate. Issued certificates take the name and the key's
    /// identifier from it.
    fn certificate(&self, now: SystemTime) -> Result<CertificateParams> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name.remove(DnType::CommonName);
        params
            .distinguished_name
            .push(DnType::CommonName, self.common_name.as_str());
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let addresses = [
            CidrSubnet::V4([127, 0, 0, 0], [255, 0, 0, 0]),
            CidrSubnet::V6(std::net::Ipv6Addr::LOCALHOST.octets(), [255; 16]),
        ];
        let names = self.names.iter().cloned().map(GeneralSubtree::DnsName);
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: names
                .chain(addresses.map(GeneralSubtree::IpAddress))
                .collect(),
            excluded_subtrees: Vec::new(),
        });
        params.not_before = (now - CLOCKS_DIFFER).into();
        params.not_after = (now + DAY * AUTHORITY_DAYS).into();
        Ok(params)
    }
}

/// The authority of a folder, if its files are whole.
fn find(folder: &Path) -> Result<Option<(SecretString, Record)>> {
    let Ok(record) = fs::read(folder.join(RECORD)) else {
        return Ok(None);
    };
    let Ok(record) = serde_json::from_slice(&record) else {
        return Ok(None);
    };
    if !folder.join(CERTIFICATE).is_file() {
        return Ok(None);
    }
    let key = read_secret(&folder.join(KEY), "key of the local authority")?;
    Ok(key
        .filter(|key| KeyPair::from_pem(key.expose()).is_ok())
        .map(|key| (key, record)))
}

fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut draft = Draft::create(path)?;
    draft.write_all(bytes)?;
    draft.replace()?;
    Ok(())
}

/// A certificate is no secret, and containers that get the file run as other users.
fn write_public(path: &Path, bytes: &[u8]) -> Result<()> {
    write_private(path, bytes)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644))?;
    Ok(())
}

/// A number of its own for each key.
fn number(key: &KeyPair) -> String {
    let hash = sha256(&[&key.subject_public_key_info()]);
    let [a, b, c, d, ..] = hash;
    format!("{:08x}", u32::from_be_bytes([a, b, c, d]))
}

fn pem_of(certificate: &CertificateDer<'_>) -> String {
    let encoded = base64_encode(certificate);
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in encoded.as_bytes().chunks(64) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text.push_str("-----END CERTIFICATE-----\n");
    text
}

#[cfg(test)]
mod tests;
