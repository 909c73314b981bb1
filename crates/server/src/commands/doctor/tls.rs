//! The certificate of the listener: whether it is one for the public URL, whom it convinces, for
//! how long, and who can read its key.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use cognate_crypto::sigv4::timestamp;
use cognate_model::Timestamp;
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error, RootCertStore};

use super::finding::Finding;
use super::patient::Patient;
use crate::node::host_of;
use crate::tls::{Certificate, read_chain};

const TLS: &str = "tls";
/// A certificate that ends sooner than this should have been renewed already: those who renew by
/// themselves do so thirty days before.
const SOON: Duration = Duration::from_secs(21 * 24 * 3600);

pub(super) fn check(patient: &Patient) -> Vec<Finding> {
    let Some(files) = &patient.configuration.tls else {
        return Vec::new();
    };
    let mut findings: Vec<_> = key_file(&files.key).into_iter().collect();
    if let Err(error) = Certificate::load(&files.certificate, &files.key) {
        findings.push(Finding::error(
            TLS,
            format!("{error:#}"),
            "give --tls-cert the chain, the server's own certificate first, and --tls-key its key, both in PEM",
        ));
        return findings;
    }
    let Ok(chain) = read_chain(&files.certificate) else {
        return findings;
    };
    let host = host_of(&patient.config.public_url).unwrap_or_default();
    findings.extend(judge(&chain, host, patient.now, &system_roots()));
    findings
}

fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

fn key_file(key: &Path) -> Option<Finding> {
    let mode = fs::metadata(key).ok()?.mode() & 0o777;
    let (key, right) = (
        key.display(),
        "chmod 600, owned by the user that the server runs as",
    );
    if mode & 0o007 != 0 {
        let what = format!("everybody on this machine can read the key {key} (mode {mode:03o})");
        return Some(Finding::error(
            TLS,
            what,
            format!("{right}; then have a new certificate made, with a new key"),
        ));
    }
    (mode & 0o070 != 0).then(|| {
        let what = format!("a group can read the key {key} (mode {mode:03o})");
        Finding::warning(TLS, what, format!("{right}, unless the group is meant"))
    })
}

/// What is to be said of a chain, the server's own certificate first, for a host.
fn judge(
    chain: &[CertificateDer<'_>],
    host: &str,
    now: Timestamp,
    roots: &RootCertStore,
) -> Vec<Finding> {
    let Some((own, between)) = chain.split_first() else {
        return Vec::new();
    };
    let Ok(parsed) = ParsedCertificate::try_from(own) else {
        return vec![Finding::error(
            TLS,
            "the first certificate of --tls-cert cannot be read",
            "put the server's own certificate first, then those that lead to the authority",
        )];
    };
    let mut findings = Vec::new();
    findings.extend(of_another_name(&parsed, host));
    findings.extend(validity(own, between, now, roots));
    if findings.is_empty() {
        findings.push(Finding::ok(
            TLS,
            format!("the certificate is good for {host}"),
        ));
    }
    findings
}

fn of_another_name(parsed: &ParsedCertificate<'_>, host: &str) -> Option<Finding> {
    let name = ServerName::try_from(host.trim_matches(['[', ']'])).ok()?;
    let names = match verify_server_name(parsed, &name) {
        Ok(()) => return None,
        Err(Error::InvalidCertificate(CertificateError::NotValidForNameContext {
            presented,
            ..
        })) => presented.join(", "),
        Err(_) => "others".to_owned(),
    };
    Some(Finding::error(
        TLS,
        format!("the certificate is not for {host}, the public URL's host, but for {names}"),
        "have one made for that host, or set --public-url to a host that it names",
    ))
}

/// Expiry, and whether an authority stands behind it.
fn validity(
    own: &CertificateDer<'_>,
    between: &[CertificateDer<'_>],
    now: Timestamp,
    roots: &RootCertStore,
) -> Option<Finding> {
    let renew = "renew it; the files are read again by themselves when they change";
    let outcome = verify(own, between, now, roots);
    match &outcome {
        Err(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            let what = format!(
                "the certificate, or one that leads to its authority, has expired{}",
                end_of(&outcome)
            );
            return Some(Finding::error(TLS, what, renew));
        }
        Err(CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }) => {
            let what = "the certificate is not valid yet";
            return Some(Finding::error(
                TLS,
                what,
                "see whether this machine's clock is right",
            ));
        }
        _ => {}
    }
    if let Some(soon) = expiring(own, between, now, roots) {
        return Some(soon);
    }
    match outcome {
        Ok(()) => None,
        Err(CertificateError::UnknownIssuer) => Some(Finding::warning(
            TLS,
            "this machine trusts no authority that signed the certificate, or the file lacks the certificates between",
            "put the whole chain into --tls-cert, as your authority gives it; with an authority of your own, clients must be told to trust it",
        )),
        Err(error) => Some(Finding::error(
            TLS,
            format!("clients will refuse the certificate: {error:?}"),
            "have another one made, for server authentication",
        )),
    }
}

fn expiring(
    own: &CertificateDer<'_>,
    between: &[CertificateDer<'_>],
    now: Timestamp,
    roots: &RootCertStore,
) -> Option<Finding> {
    let outcome = verify(own, between, now.plus(SOON), roots);
    let is_soon = matches!(
        outcome,
        Err(CertificateError::Expired | CertificateError::ExpiredContext { .. })
    );
    is_soon.then(|| {
        let days = SOON.as_secs() / (24 * 3600);
        let what = format!(
            "the certificate expires within {days} days{}",
            end_of(&outcome)
        );
        Finding::warning(
            TLS,
            what,
            "see why it was not renewed; the files are read again by themselves when they change",
        )
    })
}

/// Of the certificate that the other side of the public URL has shown, whoever that is: when it
/// ends. That it is trusted was seen by the connection.
pub(super) fn of_public_url(certificate: Vec<u8>, now: Timestamp) -> Option<Finding> {
    let own = CertificateDer::from(certificate);
    expiring(&own, &[], now, &RootCertStore::empty())
}

fn verify(
    own: &CertificateDer<'_>,
    between: &[CertificateDer<'_>],
    at: Timestamp,
    roots: &RootCertStore,
) -> Result<(), CertificateError> {
    let parsed = ParsedCertificate::try_from(own).map_err(|_| CertificateError::BadEncoding)?;
    let at = Duration::from_millis(u64::try_from(at.0).unwrap_or_default());
    let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
    // The dates are looked at before the issuer, so that they are told of one that is not trusted.
    let verified = verify_server_cert_signed_by_trust_anchor(
        &parsed,
        roots,
        between,
        UnixTime::since_unix_epoch(at),
        algorithms.all,
    );
    verified.map_err(|error| match error {
        Error::InvalidCertificate(error) => error,
        _ => CertificateError::BadEncoding,
    })
}

/// When it ends, where that is known.
fn end_of(outcome: &Result<(), CertificateError>) -> String {
    match outcome {
        Err(CertificateError::ExpiredContext { not_after, .. }) => {
            let ms = i64::try_from(not_after.as_secs())
                .unwrap_or_default()
                .saturating_mul(1000);
            format!(", on {}", timestamp(ms))
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use std::os::unix::fs::PermissionsExt;
    use std::time::{SystemTime, UNIX_EPOCH};

    use rcgen::{CertificateParams, KeyPair};

    use super::super::finding::Level;
    use super::*;

    const NOW: Timestamp = Timestamp(1_782_907_200_000);

    /// A certificate for a host that signs itself, valid from two days ago for some days, and a
    /// store that trusts it.
    fn certificate(
        host: &str,
        from_day: i64,
        to_day: i64,
    ) -> (CertificateDer<'static>, RootCertStore) {
        let at = |day: i64| -> SystemTime {
            let ms = NOW.0 + day * 86_400_000;
            UNIX_EPOCH + Duration::from_millis(u64::try_from(ms).unwrap())
        };
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.not_before = at(from_day).into();
        params.not_after = at(to_day).into();
        let made = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(made.der().clone()).unwrap();
        (made.der().clone(), roots)
    }

    fn told(host: &str, from_day: i64, to_day: i64) -> Vec<(Level, String)> {
        let (own, roots) = certificate("id.example.com", from_day, to_day);
        let found = judge(&[own], host, NOW, &roots);
        found
            .into_iter()
            .map(|found| (found.level, found.what))
            .collect()
    }

    fn only(found: Vec<(Level, String)>) -> (Level, String) {
        assert_eq!(found.len(), 1, "{found:?}");
        found.into_iter().next().unwrap()
    }

    #[test]
    fn a_good_certificate_is_good() {
        assert_eq!(only(told("id.example.com", -2, 90)).0, Level::Ok);
    }

    #[test]
    fn another_name_is_an_error_that_tells_both() {
        let (level, what) = only(told("login.example.com", -2, 90));
        assert_eq!(level, Level::Error);
        assert!(
            what.contains("not for login.example.com") && what.contains("id.example.com"),
            "{what}"
        );
    }

    #[test]
    fn the_dates_count() {
        let (level, what) = only(told("id.example.com", -90, -2));
        assert_eq!(level, Level::Error);
        assert!(what.contains("has expired, on 2026"), "{what}");
        let (level, what) = only(told("id.example.com", -90, 10));
        assert_eq!(level, Level::Warning);
        assert!(what.contains("within 21 days, on 2026"), "{what}");
        let (level, what) = only(told("id.example.com", 2, 90));
        assert_eq!(level, Level::Error);
        assert!(what.contains("not valid yet"), "{what}");
    }

    #[test]
    fn one_that_nobody_vouches_for_is_a_warning_and_its_dates_are_told_too() {
        let (own, _) = certificate("id.example.com", -2, 90);
        let strangers = RootCertStore::empty();
        let found = judge(
            std::slice::from_ref(&own),
            "id.example.com",
            NOW,
            &strangers,
        );
        assert!(
            found.len() == 1 && found[0].what.contains("trusts no authority"),
            "{found:?}"
        );
        let later = NOW.plus(Duration::from_secs(80 * 86_400));
        let found = judge(
            std::slice::from_ref(&own),
            "id.example.com",
            later,
            &strangers,
        );
        assert!(
            found.len() == 1 && found[0].what.contains("expires within"),
            "{found:?}"
        );
        assert!(
            of_public_url(own.to_vec(), later).is_some()
                && of_public_url(own.to_vec(), NOW).is_none()
        );
    }

    #[test]
    fn a_key_that_others_can_read_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key.pem");
        fs::write(&key, "").unwrap();
        for (mode, level) in [
            (0o644, Some(Level::Error)),
            (0o640, Some(Level::Warning)),
            (0o600, None),
        ] {
            fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(key_file(&key).map(|found| found.level), level, "{mode:o}");
        }
    }
}
