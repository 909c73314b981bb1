#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;

use super::*;

fn random() -> Random {
    Random::from_seed([3; 32])
}

fn master(byte: u8) -> MasterKey {
    MasterKey::from_bytes([byte; 32])
}

#[test]
fn a_master_key_is_read_as_hex_and_as_every_kind_of_base64() {
    let bytes: Vec<u8> = (0..32).map(|n| (n * 7) ^ 0xfb).collect();
    let hex = digest::hex_encode(&bytes);
    let (standard, url) = (
        digest::base64_encode(&bytes),
        digest::base64url_encode(&bytes),
    );
    assert!(
        standard.contains(['+', '/']),
        "the vector should tell the alphabets apart"
    );
    let padded = format!(" {url}=\n");
    let key = MasterKey::parse(&hex).unwrap();
    for text in [
        hex.to_uppercase(),
        format!("{hex}\r\n"),
        standard,
        url,
        padded,
    ] {
        assert_eq!(MasterKey::parse(&text).unwrap().id(), key.id(), "{text}");
    }
    assert_eq!(
        MasterKey::parse(key.to_text().expose()).unwrap().id(),
        key.id()
    );
    assert_eq!(key.id().len(), 16);
}

#[test]
fn what_is_no_master_key_is_refused_without_repeating_it() {
    let short = digest::base64_encode(&[1, 2, 3]);
    for text in ["", "password", &short, &"0g".repeat(32), &"01".repeat(31)] {
        let error = MasterKey::parse(text).unwrap_err();
        assert_eq!(error, MasterKeyError::NotAKey);
        assert!(text.is_empty() || !error.to_string().contains(text));
    }
    assert_eq!(
        MasterKey::parse(&"00".repeat(32)).unwrap_err(),
        MasterKeyError::Placeholder
    );
}

#[test]
fn a_wrapped_data_key_opens_only_under_its_master_key_and_id() {
    let mut random = random();
    let key = DataKey::generate(7, &mut random);
    let wrapped = key.wrap(&master(1), &mut random).unwrap();
    let back = DataKey::unwrap(7, &wrapped, &master(1)).unwrap();
    assert_eq!(back.key, key.key);
    assert_eq!(
        DataKey::unwrap(7, &wrapped, &master(2)).unwrap_err(),
        SealError::WrongMasterKey
    );
    assert_eq!(
        DataKey::unwrap(8, &wrapped, &master(1)).unwrap_err(),
        SealError::Tampered
    );
}

#[test]
fn every_changed_bit_of_a_wrapped_key_is_noticed() {
    let wrapped = DataKey::generate(7, &mut random())
        .wrap(&master(1), &mut random())
        .unwrap();
    for at in 0..wrapped.len() * 8 {
        let mut changed = wrapped.clone();
        changed[at / 8] ^= 1 << (at % 8);
        assert!(
            DataKey::unwrap(7, &changed, &master(1)).is_err(),
            "bit {at}"
        );
    }
    for length in 0..wrapped.len() {
        assert!(
            DataKey::unwrap(7, &wrapped[..length], &master(1)).is_err(),
            "{length}"
        );
    }
}

#[test]
fn every_changed_bit_of_a_sealed_message_is_noticed() {
    let key = DataKey::generate(1, &mut random());
    let sealed = seal(&key, &[b"users"], b"hello", &mut random()).unwrap();
    assert_eq!(open(&key, &[b"users"], &sealed).unwrap().expose(), b"hello");
    for at in 0..sealed.len() * 8 {
        let mut changed = sealed.clone();
        changed[at / 8] ^= 1 << (at % 8);
        assert!(open(&key, &[b"users"], &changed).is_err(), "bit {at}");
    }
    for length in 0..sealed.len() {
        assert!(
            open(&key, &[b"users"], &sealed[..length]).is_err(),
            "{length}"
        );
    }
}

#[test]
fn a_sealed_message_does_not_open_elsewhere() {
    let key = DataKey::generate(1, &mut random());
    let sealed = seal(&key, &[b"ab", b"c"], b"x", &mut random()).unwrap();
    for elsewhere in [
        &[b"a".as_slice(), b"bc"][..],
        &[b"abc"],
        &[b"ab", b"c", b""],
        &[],
    ] {
        assert_eq!(
            open(&key, elsewhere, &sealed).unwrap_err(),
            SealError::Tampered
        );
    }
}

#[test]
fn one_message_sealed_twice_looks_different_and_shows_nothing() {
    let key = DataKey::generate(1, &mut random());
    let mut random = random();
    let plain = [b'p'; 64];
    let one = seal(&key, &[], &plain, &mut random).unwrap();
    let two = seal(&key, &[], &plain, &mut random).unwrap();
    assert_ne!(one[5..], two[5..]);
    assert!(!one.windows(8).any(|window| window == &plain[..8]));
}

#[test]
fn the_newest_key_seals_and_the_old_ones_still_open() {
    let mut random = random();
    let mut ring = Keyring::new(DataKey::generate(2, &mut random));
    let old = ring.seal(&[b"c"], b"old", &mut random).unwrap();
    assert!(!ring.is_stale(&old));
    ring.add(DataKey::generate(9, &mut random));
    ring.add(DataKey::generate(5, &mut random));
    assert_eq!(ring.ids().collect::<Vec<_>>(), [2, 5, 9]);
    let new = ring.seal(&[b"c"], b"new", &mut random).unwrap();
    assert_eq!(data_key_id(&new), Ok(9));
    assert!(ring.is_stale(&old) && !ring.is_stale(&new));
    assert_eq!(ring.open(&[b"c"], &old).unwrap().expose(), b"old");
    assert_eq!(ring.open(&[b"c"], &new).unwrap().expose(), b"new");
    let other = Keyring::new(DataKey::generate(1, &mut random));
    assert_eq!(
        other.open(&[b"c"], &new).unwrap_err(),
        SealError::UnknownDataKey(9)
    );
}

#[test]
fn the_format_does_not_change_under_stored_data() {
    // Made by the independent Python of this test's comment, with the cryptography package:
    //   k = bytes(range(32)); h = b"\x01\x00\x00\x00\x05" + b"s"*16
    //   mk = hmac.digest(k, b"cognate seal message v1\0" + b"s"*16, "sha256")
    //   aad = h + (5).to_bytes(8,"big") + b"users" + (2).to_bytes(8,"big") + b"42"
    //   (h + b"n"*12 + AESGCM(mk).encrypt(b"n"*12, b"verifier", aad)).hex()
    let sealed = digest::hex_decode("0100000005737373737373737373737373737373736e6e6e6e6e6e6e6e6e6e6e6e2f28330801b7d056d4f704666c243a78d4561537bc153e18").unwrap();
    let mut key = [0; 32];
    for (at, byte) in (0..).zip(&mut key) {
        *byte = at;
    }
    let opened = open(&DataKey { id: 5, key }, &[b"users", b"42"], &sealed).unwrap();
    assert_eq!(opened.expose(), b"verifier");
}

proptest! {
    #[test]
    fn what_is_sealed_opens(plain: Vec<u8>, context: Vec<Vec<u8>>, seed: [u8; 32]) {
        let mut random = Random::from_seed(seed);
        let key = DataKey::generate(1, &mut random);
        let context: Vec<&[u8]> = context.iter().map(Vec::as_slice).collect();
        let sealed = seal(&key, &context, &plain, &mut random).unwrap();
        let opened = open(&key, &context, &sealed).unwrap();
        prop_assert_eq!(opened.expose(), plain);
    }

    #[test]
    fn no_bytes_make_open_panic(bytes: Vec<u8>) {
        let key = DataKey::generate(1, &mut random());
        prop_assert!(open(&key, &[], &bytes).is_err());
        prop_assert!(DataKey::unwrap(1, &bytes, &master(1)).is_err());
    }
}
