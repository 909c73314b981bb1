//! The readers of CBOR, authenticator data, client data and keys, and what strangers may send them.

use super::cbor::{Key, whole_map};
use super::*;

#[test]
fn cbor_of_other_forms_than_authenticators_write_is_refused() {
    let hex = |text: &str| hex_decode(text).unwrap();
    for (text, why) in [
        ("", "nothing"),
        ("a1", "a member is missing"),
        ("a101", "a value is missing"),
        ("a0a0", "something is behind it"),
        ("80", "a list"),
        ("bf0102ff", "of indefinite length"),
        ("a1015f4101ff", "bytes of indefinite length"),
        ("a101ff", "a break"),
        ("a101c001", "a tag"),
        ("a101f8ff", "a simple value"),
        ("a1011c", "reserved"),
        ("a2010a010b", "a key twice"),
        ("a20163616263180101", "a key twice, in two lengths"),
        ("a1f501", "a key of another kind"),
        ("a1410101", "a key of bytes"),
        ("a10162c328", "no UTF-8"),
        ("a1015bffffffffffffffff", "longer than there is"),
        ("bbffffffffffffffff0101", "more members than there are"),
        ("a1019bffffffffffffffff", "more elements than there are"),
    ] {
        assert!(whole_map(&hex(text)).is_err(), "{why}");
    }
    let map = hex("a5011903e8203902ff6161f90000626262824101f6036161");
    let map = whole_map(&map).unwrap();
    assert_eq!(map.integer(Key::Integer(1)), Some(1000));
    assert_eq!(map.integer(Key::Integer(-1)), Some(-768));
    assert!(map.get(Key::Text("a")).is_some() && map.get(Key::Text("bb")).is_some());
    assert!(map.has_text(Key::Integer(3)) && map.get(Key::Integer(4)).is_none());
    let extremes = hex("a2011bffffffffffffffff023bffffffffffffffff");
    let extremes = whole_map(&extremes).unwrap();
    assert_eq!(extremes.integer(Key::Integer(1)), Some(u64::MAX.into()));
    assert_eq!(
        extremes.integer(Key::Integer(2)),
        Some(-i128::from(u64::MAX) - 1)
    );
}

#[test]
fn depth_and_number_of_values_have_an_end() {
    let nested = |levels: usize| [[0xa1, 1].repeat(levels), vec![0xa0]].concat();
    assert!(whole_map(&nested(7)).is_ok());
    assert!(whole_map(&nested(8)).is_err());
    assert!(whole_map(&nested(100_000)).is_err());
    // The map, its key, the list and its elements.
    let listed =
        |elements: u8| [&[0xa1, 1, 0x98, elements][..], &vec![0; elements.into()]].concat();
    assert!(whole_map(&listed(253)).is_ok());
    assert!(whole_map(&listed(254)).is_err());
}

#[test]
fn each_part_has_its_greatest_length() {
    let made = authenticator().register(&ASKED);
    let client_data = ClientData::read(&made.client_data).unwrap();
    let verify = |object: &[u8]| verify_registration(&EXPECTED, &client_data, object).map(drop);
    let data = authenticator().sign_in(&ASKED).authenticator_data;
    let with_statement = |length: usize| {
        map([
            (text("fmt"), text("packed")),
            (
                text("attStmt"),
                map([(text("sig"), bytes(&vec![0; length]))]),
            ),
            (text("authData"), bytes(&data)),
        ])
    };
    // Without a credential it ends there, having been read.
    assert_eq!(
        verify(&with_statement(60_000)),
        Err(Refusal::AuthenticatorData)
    );
    assert_eq!(verify(&with_statement(70_000)), Err(Refusal::Attestation));
    let long = [data.as_slice(), &[0; 9000]].concat();
    assert_eq!(
        verify(&attestation_object(&long)),
        Err(Refusal::AuthenticatorData)
    );
    let spaces = [made.client_data.as_slice(), &[b' '; 8192]].concat();
    assert_eq!(ClientData::read(&spaces), Err(Refusal::ClientData));
    let deep = format!("{{\"a\":{}", "[".repeat(8000));
    assert_eq!(ClientData::read(deep.as_bytes()), Err(Refusal::ClientData));
}

#[test]
fn what_is_no_attestation_object_is_refused() {
    let made = authenticator().register(&ASKED);
    let client_data = ClientData::read(&made.client_data).unwrap();
    let (fmt, statement) = ((text("fmt"), text("none")), (text("attStmt"), map([])));
    let data = (text("authData"), bytes(&[0; 37]));
    for object in [
        map([fmt.clone(), statement.clone()]),
        map([fmt.clone(), data.clone()]),
        map([statement.clone(), data.clone()]),
        map([(text("fmt"), integer(1)), statement.clone(), data.clone()]),
        map([fmt.clone(), (text("attStmt"), text("")), data]),
        map([fmt, statement, (text("authData"), text(""))]),
    ] {
        let outcome = verify_registration(&EXPECTED, &client_data, &object);
        assert_eq!(outcome, Err(Refusal::Attestation));
    }
}

type Change = dyn Fn(&mut Vec<u8>);

#[test]
fn authenticator_data_ends_where_its_flags_say() {
    let mut authenticator = authenticator();
    let public_key = authenticator.public_key.clone();
    let known = KnownCredential {
        public_key: &public_key,
        counter: 0,
        backup_eligible: true,
    };
    let signed = authenticator.sign_in(&ASKED);
    let with_data = |change: &Change| {
        let mut data = signed.authenticator_data.clone();
        change(&mut data);
        let message = [data.as_slice(), &sha256(&[&signed.client_data])].concat();
        let signed = authenticator::SignedIn {
            signature: authenticator.signature(&message),
            client_data: signed.client_data.clone(),
            authenticator_data: data,
        };
        assert(&EXPECTED, &known, &signed).map(drop)
    };
    assert_eq!(with_data(&|_| ()), Ok(()));
    let extended = with_data(&|data| {
        data[32] |= 0x80;
        data.extend(map([(text("uvm"), vec![0x81, 0x83, 2, 4, 2])]));
    });
    assert_eq!(extended, Ok(()));
    // Reserved bits say nothing.
    assert_eq!(with_data(&|data| data[32] |= 0x22), Ok(()));
    let wrong: [&Change; 6] = [
        &|data| data.truncate(36),
        &|data| data.push(0),
        &|data| data[32] |= 0x80,
        &|data| data[32] |= 0x40,
        &|data| {
            data[32] |= 0x80;
            data.push(0x80);
        },
        &|data| data.extend(map([])),
    ];
    for change in wrong {
        assert_eq!(with_data(change), Err(Refusal::AuthenticatorData));
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(bytes: Vec<u8>, signature: Vec<u8>) {
        let made = authenticator().register(&ASKED);
        let client_data = ClientData::read(&made.client_data).unwrap();
        let _ = ClientData::read(&bytes);
        let _ = PublicKey::from_cose(&bytes);
        prop_assert!(verify_registration(&EXPECTED, &client_data, &bytes).is_err());
        prop_assert!(verify_registration(&EXPECTED, &client_data, &attestation_object(&bytes)).is_err());
        let known = KnownCredential { public_key: &bytes, counter: 0, backup_eligible: true };
        let assertion = Assertion { client_data: &client_data, authenticator_data: &bytes, signature: &signature };
        prop_assert!(verify_assertion(&EXPECTED, &known, &assertion).is_err());
    }

    #[test]
    fn a_changed_registration_makes_no_reader_panic(at: prop::sample::Index, by in 1u8..) {
        let made = authenticator().register(&ASKED);
        let client_data = ClientData::read(&made.client_data).unwrap();
        let mut object = made.attestation_object;
        let at = at.index(object.len());
        object[at] ^= by;
        // Nothing is signed at a registration: what an authenticator says of itself may be changed,
        // but not for whom it is.
        let outcome = verify_registration(&EXPECTED, &client_data, &object);
        let hash = sha256(&[b"example.org"]);
        let is_for_us = object.windows(32).any(|window| window == hash);
        prop_assert!(is_for_us || outcome.is_err());
    }

    #[test]
    fn a_changed_sign_in_is_refused(part in 0..3usize, at: prop::sample::Index, by in 1u8..) {
        let mut authenticator = authenticator();
        let public_key = authenticator.public_key.clone();
        let mut signed = authenticator.sign_in(&ASKED);
        let parts = [&mut signed.client_data, &mut signed.authenticator_data, &mut signed.signature];
        for (number, part_of_it) in parts.into_iter().enumerate() {
            if number == part {
                let at = at.index(part_of_it.len());
                part_of_it[at] ^= by;
            }
        }
        let known = KnownCredential { public_key: &public_key, counter: 0, backup_eligible: true };
        prop_assert!(assert(&EXPECTED, &known, &signed).is_err());
    }
}
