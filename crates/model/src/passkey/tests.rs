#![allow(clippy::unwrap_used)]

use cognate_crypto::webauthn::Algorithm;

use super::*;

fn registration() -> Registration {
    Registration {
        pool: UserPoolId::parse("us-east-1_abc").unwrap(),
        client: ClientId::parse("client").unwrap(),
        sub: Sub::parse("11111111-2222-4333-8444-555555555555").unwrap(),
        challenge: vec![1; 32],
        relying_party_id: "example.com".to_owned(),
        user_verification: false,
        expires_at: Timestamp(9),
    }
}

fn passkey(aaguid: u128, hints: Hints, others: &[Passkey]) -> Passkey {
    let credential = NewCredential {
        id: vec![1, 2],
        public_key: vec![3],
        algorithm: Algorithm::Es256,
        counter: 4,
        aaguid: aaguid.to_be_bytes(),
        user_verified: true,
        backup_eligible: true,
        backed_up: false,
    };
    Passkey::new(&registration(), credential, hints, others, Timestamp(5))
}

fn hints(transports: &[&str], attachment: Option<&str>) -> Option<Hints> {
    let transports: Vec<String> = transports.iter().map(|&text| text.to_owned()).collect();
    Hints::of(&transports, attachment)
}

#[test]
fn a_passkey_is_named_after_its_make_or_kind_and_no_two_alike() {
    let icloud = 0xfbfc3007_154e_4ecc_8c0b_6e020557d7bd;
    let key = hints(&["usb", "nfc"], Some("cross-platform")).unwrap();
    let mut all: Vec<Passkey> = Vec::new();
    for (aaguid, hints, name) in [
        (icloud, Hints::default(), "iCloud Keychain"),
        (0, Hints::default(), "Passkey"),
        (icloud, Hints::default(), "iCloud Keychain 2"),
        (7, key.clone(), "Security key"),
        (7, key, "Security key 2"),
        (icloud, Hints::default(), "iCloud Keychain 3"),
        (
            0,
            hints(&["internal"], Some("platform")).unwrap(),
            "Passkey 2",
        ),
    ] {
        let passkey = passkey(aaguid, hints, &all);
        assert_eq!(passkey.name, name);
        all.push(passkey);
    }
}

#[test]
fn hints_are_few_and_short_words() {
    let transports = |list: &[&str]| hints(list, None).map(|hints| hints.transports);
    assert_eq!(
        transports(&["usb", "internal", "usb"]).unwrap(),
        ["internal", "usb"]
    );
    assert_eq!(
        transports(&["from-the-future"]).unwrap(),
        ["from-the-future"]
    );
    assert_eq!(transports(&["usb"; 9]), None);
    for wrong in ["", "USB", "a b", "\0", &"x".repeat(33)] {
        assert_eq!(transports(&[wrong]), None, "{wrong:?}");
    }
    let attachment = |name: &str| hints(&[], Some(name)).unwrap().attachment;
    assert_eq!(attachment("platform"), Some(Attachment::Platform));
    assert_eq!(attachment("in-the-future"), None);
}

#[test]
fn a_use_is_taken_once_and_only_forwards() {
    let verified = |counter: u32| VerifiedAssertion {
        counter,
        user_verified: true,
        backed_up: true,
    };
    let mut one = passkey(0, Hints::default(), &[]);
    assert!(one.used(verified(5)) && one.counter == 5 && one.backed_up);
    assert!(!one.used(verified(5)) && !one.used(verified(4)) && !one.used(verified(0)));
    assert_eq!(one.counter, 5);
    one.distrusted_at = Some(Timestamp(7));
    assert!(!one.used(verified(6)) && !one.is_usable_for("example.com"));
    let mut without = passkey(0, Hints::default(), &[]);
    without.counter = 0;
    assert!(without.used(verified(0)) && without.used(verified(0)));
    assert!(without.is_usable_for("example.com") && !without.is_usable_for("example.org"));
}

#[test]
fn an_id_is_base64url_of_1023_bytes_at_most() {
    let longest = CredentialId::of_bytes(&[255; 1023]);
    assert_eq!(CredentialId::parse(longest.as_str()), Some(longest));
    let too_long = base64url_encode(&[0; 1024]);
    for wrong in ["", "A", "AAE=", "A+/A", "é", &too_long] {
        assert_eq!(CredentialId::parse(wrong), None, "{wrong}");
    }
}
