#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConnection};

use super::*;
use crate::local_tls::time_of;

const AWS: &str = "cognito-idp.us-east-1.amazonaws.com";

/// The client's library reads the clock itself.
fn now() -> SystemTime {
    time_of(cognate_service::Clock::system().now())
}

fn open(folder: &Path, names: &[&str]) -> LocalAuthority {
    LocalAuthority::open(folder, names, now()).unwrap()
}

/// Whether a client that trusts a file's certificates alone takes a certificate for a name.
fn is_trusted(trusted: &Path, certificate: &Certificate, name: &str) -> Result<(), rustls::Error> {
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_file_iter(trusted).unwrap() {
        // A system's own may be of a kind that this library does not read.
        let _ = roots.add(root.unwrap());
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = ClientConnection::new(Arc::new(config), name)?;
    let mut server = ServerConnection::new(Arc::new(certificate.server_config().unwrap()))?;
    while client.is_handshaking() {
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).unwrap();
        server.read_tls(&mut bytes.as_slice()).unwrap();
        server.process_new_packets()?;
        let mut bytes = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut bytes).unwrap();
        }
        let mut bytes = bytes.as_slice();
        while !bytes.is_empty() {
            client.read_tls(&mut bytes).unwrap();
            client.process_new_packets()?;
        }
    }
    client.writer().write_all(b"hello").unwrap();
    assert!(client.reader().read(&mut [0; 1]).is_err());
    Ok(())
}

#[test]
fn who_trusts_the_authority_or_the_bundle_trusts_its_names_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let authority = open(folder.path(), &[AWS]);
    let certificate = authority.issue(&[AWS], now()).unwrap();
    for trusted in [authority.certificate_file(), authority.bundle_file()] {
        for name in [AWS, "localhost", "127.0.0.1", "::1"] {
            is_trusted(&trusted, &certificate, name).unwrap();
        }
        assert!(is_trusted(&trusted, &certificate, "example.com").is_err());
    }
}

#[test]
fn a_thief_of_the_key_signs_for_no_other_name() {
    let folder = tempfile::tempdir().unwrap();
    let authority = open(folder.path(), &[AWS]);
    for name in ["example.com", "s3.us-east-1.amazonaws.com", "10.0.0.1"] {
        let forged = authority.issue(&[name], now()).unwrap();
        let refused = is_trusted(&authority.certificate_file(), &forged, name).unwrap_err();
        assert!(refused.to_string().contains("NameConstraint"), "{refused}");
    }
}

#[test]
fn the_key_is_its_owners_alone_and_a_key_that_others_can_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path(), &[]);
    let key = folder.path().join(KEY);
    assert_eq!(fs::metadata(&key).unwrap().mode() & 0o777, 0o600);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let Err(error) = LocalAuthority::open(folder.path(), &[], now()) else {
        panic!("a key that others can read is used");
    };
    assert!(error.to_string().contains("chmod 600"), "{error}");
}

#[test]
fn the_authority_of_before_stays_and_its_trust_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path(), &[AWS]);
    let trusted = fs::read(first.certificate_file()).unwrap();
    let again = open(folder.path(), &[AWS]);
    assert!(first.is_new() && !again.is_new());
    assert_eq!(fs::read(again.certificate_file()).unwrap(), trusted);
    is_trusted(
        &again.certificate_file(),
        &again.issue(&[AWS], now()).unwrap(),
        AWS,
    )
    .unwrap();
    assert!(!open(folder.path(), &[]).is_new());
}

#[test]
fn another_region_asks_for_a_new_authority_that_serves_for_both() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path(), &[AWS]);
    let other = "cognito-idp.eu-west-1.amazonaws.com";
    assert!(open(folder.path(), &[other]).is_new());
    assert!(!open(folder.path(), &[AWS]).is_new());
    assert!(!open(folder.path(), &[other]).is_new());
}

#[test]
fn an_authority_near_its_end_or_half_made_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let then = now() - DAY * (AUTHORITY_DAYS - LEAST_DAYS + 1);
    LocalAuthority::open(folder.path(), &[AWS], then).unwrap();
    assert!(open(folder.path(), &[AWS]).is_new());
    for file in [KEY, CERTIFICATE, RECORD] {
        fs::remove_file(folder.path().join(file)).unwrap();
        assert!(open(folder.path(), &[AWS]).is_new(), "{file}");
    }
    for file in [KEY, RECORD] {
        fs::write(folder.path().join(file), "cut sho").unwrap();
        assert!(open(folder.path(), &[AWS]).is_new(), "{file}");
    }
}
