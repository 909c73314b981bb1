//! Registrations and sign-ins with every step broken in turn, vectors that others made, and
//! readers that meet whatever bytes there are.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;
use serde_json::Value;

use super::authenticator::{Asked, Authenticator, attestation_object, bytes, integer, map, text};
use super::*;
use crate::digest::{base64url_decode, base64url_encode, hex_decode, hex_encode, sha256};

mod readers;
mod vectors;

const CHALLENGE: &[u8] = &[7; 32];

const EXPECTED: Expected<'static> = Expected {
    challenge: CHALLENGE,
    relying_party_id: "example.org",
    other_origins: &[],
    user_verification: true,
};

const ASKED: Asked<'static> = Asked {
    challenge: CHALLENGE,
    relying_party_id: "example.org",
    origin: "https://example.org",
};

fn authenticator() -> Authenticator {
    Authenticator::ed25519(&[3; 32]).unwrap()
}

fn register(authenticator: &Authenticator, asked: &Asked<'_>) -> Result<NewCredential, Refusal> {
    let made = authenticator.register(asked);
    let client_data = ClientData::read(&made.client_data)?;
    verify_registration(&EXPECTED, &client_data, &made.attestation_object)
}

/// A sign-in of an authenticator whose credential is known with a counter.
fn sign_in(
    authenticator: &mut Authenticator,
    asked: &Asked<'_>,
    counter: u32,
) -> Result<VerifiedAssertion, Refusal> {
    let public_key = authenticator.public_key.clone();
    let signed = authenticator.sign_in(asked);
    let known = KnownCredential {
        public_key: &public_key,
        counter,
        backup_eligible: true,
    };
    assert(&EXPECTED, &known, &signed)
}

fn assert(
    expected: &Expected<'_>,
    known: &KnownCredential<'_>,
    signed: &authenticator::SignedIn,
) -> Result<VerifiedAssertion, Refusal> {
    let client_data = ClientData::read(&signed.client_data)?;
    let assertion = Assertion {
        client_data: &client_data,
        authenticator_data: &signed.authenticator_data,
        signature: &signed.signature,
    };
    verify_assertion(expected, known, &assertion)
}

#[test]
fn a_registration_gives_the_credential_as_it_was_made() {
    let mut authenticator = authenticator();
    (authenticator.aaguid, authenticator.counter) = ([9; 16], 4);
    let credential = register(&authenticator, &ASKED).unwrap();
    let expected = NewCredential {
        id: authenticator.credential_id.clone(),
        public_key: authenticator.public_key.clone(),
        algorithm: Algorithm::EdDsa,
        counter: 4,
        aaguid: [9; 16],
        user_verified: true,
        backup_eligible: true,
        backed_up: true,
    };
    assert_eq!(credential, expected);
}

#[test]
fn a_response_to_another_challenge_relying_party_or_origin_is_refused() {
    let others = [
        (
            Asked {
                challenge: &[8; 32],
                ..ASKED
            },
            Refusal::OtherChallenge,
        ),
        (
            Asked {
                challenge: &[],
                ..ASKED
            },
            Refusal::OtherChallenge,
        ),
        (
            Asked {
                relying_party_id: "example.com",
                ..ASKED
            },
            Refusal::OtherRelyingParty,
        ),
        (
            Asked {
                relying_party_id: "login.example.org",
                ..ASKED
            },
            Refusal::OtherRelyingParty,
        ),
        (
            Asked {
                origin: "https://example.com",
                ..ASKED
            },
            Refusal::Origin,
        ),
        (
            Asked {
                origin: "http://example.org",
                ..ASKED
            },
            Refusal::Origin,
        ),
    ];
    for (asked, refusal) in others {
        assert_eq!(
            register(&authenticator(), &asked),
            Err(refusal),
            "{asked:?}"
        );
        assert_eq!(
            sign_in(&mut authenticator(), &asked, 0),
            Err(refusal),
            "{asked:?}"
        );
    }
}

#[test]
fn a_response_to_the_other_ceremony_is_refused() {
    let mut authenticator = authenticator();
    let made = authenticator.register(&ASKED);
    let signed = authenticator.sign_in(&ASKED);
    let of_sign_in = ClientData::read(&signed.client_data).unwrap();
    let outcome = verify_registration(&EXPECTED, &of_sign_in, &made.attestation_object);
    assert_eq!(outcome, Err(Refusal::OtherCeremony));
    let swapped = authenticator::SignedIn {
        client_data: made.client_data,
        ..signed
    };
    let known = KnownCredential {
        public_key: &authenticator.public_key,
        counter: 0,
        backup_eligible: true,
    };
    assert_eq!(
        assert(&EXPECTED, &known, &swapped),
        Err(Refusal::OtherCeremony)
    );
}

/// User present, user verified, eligible for backup, backed up.
const UP: u8 = 1;
const UV: u8 = 1 << 2;
const BE: u8 = 1 << 3;
const BS: u8 = 1 << 4;

#[test]
fn the_flags_of_presence_verification_and_backup_are_checked() {
    let flags = [
        (UP | UV, Ok(())),
        (UP | UV | BE, Ok(())),
        (UV | BE, Err(Refusal::UserNotPresent)),
        (UP | BE | BS, Err(Refusal::UserNotVerified)),
        (UP | UV | BS, Err(Refusal::BackupFlags)),
    ];
    for (flags, outcome) in flags {
        let mut authenticator = authenticator();
        authenticator.flags = flags;
        let registered = register(&authenticator, &ASKED);
        assert_eq!(registered.map(drop), outcome, "{flags:#x}");
        let public_key = authenticator.public_key.clone();
        let known = KnownCredential {
            public_key: &public_key,
            counter: 0,
            backup_eligible: flags & BE != 0,
        };
        let signed = authenticator.sign_in(&ASKED);
        assert_eq!(
            assert(&EXPECTED, &known, &signed).map(drop),
            outcome,
            "{flags:#x}"
        );
        let known = KnownCredential {
            backup_eligible: flags & BE == 0,
            ..known
        };
        let changed = outcome.and(Err(Refusal::BackupFlags));
        assert_eq!(
            assert(&EXPECTED, &known, &signed).map(drop),
            changed,
            "{flags:#x}"
        );
    }
}

#[test]
fn without_the_demand_for_verification_the_response_tells_whether_there_was_one() {
    let expected = Expected {
        user_verification: false,
        ..EXPECTED
    };
    for (flags, is_verified) in [(UP, false), (UP | UV, true)] {
        let mut authenticator = authenticator();
        authenticator.flags = flags;
        let made = authenticator.register(&ASKED);
        let client_data = ClientData::read(&made.client_data).unwrap();
        let credential = verify_registration(&expected, &client_data, &made.attestation_object);
        assert_eq!(credential.unwrap().user_verified, is_verified);
        let signed = authenticator.sign_in(&ASKED);
        let known = KnownCredential {
            public_key: &authenticator.public_key,
            counter: 0,
            backup_eligible: false,
        };
        assert_eq!(
            assert(&expected, &known, &signed).unwrap().user_verified,
            is_verified
        );
    }
}

#[test]
fn a_counter_that_has_not_grown_is_refused_unless_both_are_zero() {
    for (known, said, outcome) in [
        (0, 0, Ok(0)),
        (0, 1, Ok(1)),
        (4, 5, Ok(5)),
        (4, u32::MAX, Ok(u32::MAX)),
        (5, 5, Err(Refusal::Counter)),
        (6, 5, Err(Refusal::Counter)),
        (5, 0, Err(Refusal::Counter)),
        (u32::MAX, 1, Err(Refusal::Counter)),
    ] {
        let mut authenticator = authenticator();
        let data = authenticator.sign_in(&ASKED);
        // The authenticator's own counter would rise by itself.
        let mut authenticator_data = data.authenticator_data;
        authenticator_data[33..37].copy_from_slice(&u32::to_be_bytes(said));
        let message = [authenticator_data.as_slice(), &sha256(&[&data.client_data])].concat();
        let signed = authenticator::SignedIn {
            signature: authenticator.signature(&message),
            client_data: data.client_data,
            authenticator_data,
        };
        let known = KnownCredential {
            public_key: &authenticator.public_key,
            counter: known,
            backup_eligible: true,
        };
        let counter = assert(&EXPECTED, &known, &signed).map(|verified| verified.counter);
        assert_eq!(counter, outcome, "{known:?}");
    }
}

#[test]
fn a_wrong_signature_tells_nothing_of_the_counter() {
    let mut authenticator = authenticator();
    let public_key = authenticator.public_key.clone();
    let known = KnownCredential {
        public_key: &public_key,
        counter: 9,
        backup_eligible: true,
    };
    let mut signed = authenticator.sign_in(&ASKED);
    signed.signature[5] ^= 1;
    assert_eq!(assert(&EXPECTED, &known, &signed), Err(Refusal::Signature));
    let other = Authenticator::ed25519(&[4; 32]).unwrap();
    let of_other = KnownCredential {
        public_key: &other.public_key,
        ..known
    };
    let signed = authenticator.sign_in(&ASKED);
    assert_eq!(
        assert(&EXPECTED, &of_other, &signed),
        Err(Refusal::Signature)
    );
}

#[test]
fn frames_of_other_origins_are_refused() {
    let response = |more: &str| {
        let challenge = base64url_encode(CHALLENGE);
        let client_data = format!(
            r#"{{"type":"webauthn.create","challenge":"{challenge}","origin":"https://example.org"{more}}}"#
        );
        let made = authenticator().register(&ASKED);
        let client_data = ClientData::read(client_data.as_bytes())?;
        verify_registration(&EXPECTED, &client_data, &made.attestation_object).map(drop)
    };
    assert_eq!(response(""), Ok(()));
    assert_eq!(
        response(r#","crossOrigin":false,"other_keys_can_be_added_here":{"a":[1]}"#),
        Ok(())
    );
    assert_eq!(response(r#","crossOrigin":null,"topOrigin":null"#), Ok(()));
    for more in [
        r#","crossOrigin":true"#,
        r#","crossOrigin":true,"topOrigin":"https://evil.example""#,
        r#","topOrigin":"https://example.org""#,
    ] {
        assert_eq!(response(more), Err(Refusal::CrossOrigin), "{more}");
    }
    for more in [
        r#","crossOrigin":"true""#,
        r#","origin":"https://example.org""#,
        r#","crossOrigin":false,"crossOrigin":true"#,
        r#"}{"#,
    ] {
        assert_eq!(response(more), Err(Refusal::ClientData), "{more}");
    }
}

#[test]
fn origins_are_those_of_the_domain_and_what_is_listed() {
    let listed = ["android:apk-key-hash:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU".to_owned()];
    let allowed = |domain: &str, origin: &str| {
        let expected = Expected {
            relying_party_id: domain,
            other_origins: &listed,
            ..EXPECTED
        };
        origin::is_allowed(origin, &expected)
    };
    for (domain, origin) in [
        ("example.org", "https://example.org"),
        ("example.org", "https://a.b-1.example.org"),
        ("example.org", "https://example.org:8443"),
        ("xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("localhost", "http://localhost"),
        ("localhost", "http://localhost:5173"),
        ("localhost", "https://localhost:5173"),
        ("app.localhost", "http://app.localhost:3000"),
        ("example.org", &listed[0]),
    ] {
        assert!(allowed(domain, origin), "{domain} {origin}");
    }
    for (domain, origin) in [
        ("example.org", ""),
        ("example.org", "null"),
        ("example.org", "example.org"),
        ("example.org", "https://"),
        ("example.org", "http://example.org"),
        ("example.org", "http://localhost"),
        ("example.org", "https://evilexample.org"),
        ("example.org", "https://.example.org"),
        ("example.org", "https://a..example.org"),
        ("example.org", "https://example.org."),
        ("example.org", "https://example.org/"),
        ("example.org", "https://example.org:"),
        ("example.org", "https://example.org:+1"),
        ("example.org", "https://example.org:99999"),
        ("example.org", "https://example.org:443:443"),
        ("example.org", "https://EXAMPLE.org"),
        ("example.org", "https://evil.com/.example.org"),
        ("example.org", "https://evil.com?.example.org"),
        ("example.org", "https://evil.com#.example.org"),
        ("example.org", "https://user@a.example.org"),
        ("example.org", "https://evil.com\\.example.org"),
        ("example.org", "https://evil.com%2f.example.org"),
        ("example.org", "https://example.org.evil.com"),
        ("example.org", "https://org"),
        ("login.example.org", "https://example.org"),
        ("localhost", "http://localhost.evil.com"),
        ("localhost", "http://127.0.0.1"),
        ("example.org", "android:apk-key-hash:other"),
    ] {
        assert!(!allowed(domain, origin), "{domain} {origin}");
    }
}

#[test]
fn a_relying_party_id_is_a_domain_and_never_an_address() {
    let long = format!("{}.org", "a".repeat(64));
    for id in [
        "localhost",
        "example.org",
        "a.b-c.example.org",
        "xn--bcher-kva.example",
        "3.example",
    ] {
        assert!(is_valid_relying_party_id(id), "{id}");
    }
    for id in [
        "",
        ".",
        "example.org.",
        ".example.org",
        "Example.org",
        "example.org:443",
        "https://example.org",
        "a_b.org",
        "127.0.0.1",
        "[::1]",
        "::1",
        "-a.org",
        "a-.org",
        "bücher.example",
        "a b",
        &long,
    ] {
        assert!(!is_valid_relying_party_id(id), "{id}");
    }
}

#[test]
fn keys_of_other_algorithms_kinds_and_lengths_are_refused() {
    let x = bytes(&[1; 32]);
    let key = |kind: i32, algorithm: i32, curve: i32, x: &[u8]| {
        map([
            (integer(1), integer(kind)),
            (integer(3), integer(algorithm)),
            (integer(-1), integer(curve)),
            (integer(-2), x.to_vec()),
        ])
    };
    let refused = |cose: &[u8]| PublicKey::from_cose(cose).unwrap_err();
    // ES384, ES256K, RS1, ML-DSA-44.
    for algorithm in [-35, -47, -65535, -48] {
        assert_eq!(refused(&key(1, algorithm, 6, &x)), Refusal::Algorithm);
    }
    for (kind, algorithm, curve) in [(2, -8, 6), (1, -8, 1), (1, -7, 1), (3, -8, 6), (1, -257, 6)] {
        assert_eq!(
            refused(&key(kind, algorithm, curve, &x)),
            Refusal::PublicKey
        );
    }
    assert_eq!(
        refused(&key(1, -8, 6, &bytes(&[1; 31]))),
        Refusal::PublicKey
    );
    assert_eq!(refused(&key(1, -8, 6, &text("x"))), Refusal::PublicKey);
    assert_eq!(
        refused(&map([(integer(1), integer(1))])),
        Refusal::PublicKey
    );
    assert_eq!(
        refused(&[key(1, -8, 6, &x), vec![0]].concat()),
        Refusal::PublicKey
    );
}

#[test]
fn points_that_are_on_no_curve_and_weak_rsa_keys_are_refused() {
    let refused = |cose: &[u8]| PublicKey::from_cose(cose).unwrap_err();
    // A point that is not on the curve, and the short form of one.
    let point = |y: Vec<u8>| {
        map([
            (integer(1), integer(2)),
            (integer(3), integer(-7)),
            (integer(-1), integer(1)),
            (integer(-2), bytes(&[1; 32])),
            (integer(-3), y),
        ])
    };
    assert_eq!(refused(&point(bytes(&[2; 32]))), Refusal::PublicKey);
    assert_eq!(refused(&point(vec![0xf5])), Refusal::PublicKey);
    let rsa = |n: &[u8], e: &[u8]| {
        map([
            (integer(1), integer(3)),
            (integer(3), integer(-257)),
            (integer(-1), bytes(n)),
            (integer(-2), bytes(e)),
        ])
    };
    let modulus = |length: usize| vec![0xc1; length];
    assert!(PublicKey::from_cose(&rsa(&modulus(256), &[1, 0, 1])).is_ok());
    assert!(PublicKey::from_cose(&rsa(&modulus(512), &[3])).is_ok());
    for (n, e) in [
        (modulus(255), vec![3]),
        (modulus(513), vec![3]),
        ([vec![0], modulus(256)].concat(), vec![3]),
        (modulus(256), vec![]),
        (modulus(256), vec![0]),
        (modulus(256), vec![1]),
        (modulus(256), vec![2]),
        (modulus(256), vec![0, 3]),
        (modulus(256), vec![1, 0, 0, 0, 1]),
    ] {
        assert_eq!(
            refused(&rsa(&n, &e)),
            Refusal::PublicKey,
            "{} {e:?}",
            n.len()
        );
    }
}

#[test]
fn a_credential_id_has_1023_bytes_at_most_and_one_at_least() {
    for (length, outcome) in [
        (1023, Ok(())),
        (1, Ok(())),
        (1024, Err(Refusal::CredentialId)),
        (0, Err(Refusal::CredentialId)),
    ] {
        let mut authenticator = authenticator();
        authenticator.credential_id = vec![5; length];
        assert_eq!(
            register(&authenticator, &ASKED).map(drop),
            outcome,
            "{length}"
        );
    }
}

#[test]
fn a_registration_without_a_credential_is_refused() {
    let mut authenticator = authenticator();
    let made = authenticator.register(&ASKED);
    let client_data = ClientData::read(&made.client_data).unwrap();
    let data = authenticator.sign_in(&ASKED).authenticator_data;
    let outcome = verify_registration(&EXPECTED, &client_data, &attestation_object(&data));
    assert_eq!(outcome, Err(Refusal::AuthenticatorData));
}
