//! Vectors from an independent implementation, an oracle for the arithmetic, and the ways in which
//! SRP servers fall.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use crypto_bigint::{
    Encoding, NonZero, Odd, U3072,
    modular::{FixedMontyForm, FixedMontyParams},
};
use proptest::prelude::*;

use super::{client::ClientKey, *};

const POOL: &str = "AbCdEfGhI";
const USER: &str = "5d8a6d3c-0000-4000-8000-1234567890ab";
const TIME: &str = "Tue Sep 5 18:20:05 UTC 2017";

/// One line of tests/data/srp_vectors.py. `a` and `b` are one byte, 32 times; the numbers are given
/// by their SHA-256.
struct Vector {
    salt: &'static str,
    password: &'static str,
    a: u8,
    b: u8,
    verifier: &'static str,
    client: &'static str,
    server: &'static str,
    key: &'static str,
    signature: &'static str,
}

#[rustfmt::skip]
const VECTORS: [Vector; 6] = [
    Vector { salt: "4f0123456789abcdef0123456789abcd", password: "Passw0rd!", a: 0x11, b: 0x22,
        verifier: "9eaa9676c0007afc726a5aa78d00cd7e1553cfedddf6fc197982ec608b8ee5f6",
        client: "1009bb2b4e6bced1f46c7e20ca8ce583666a207f730888d5021930b52e848681",
        server: "7656860edf2bfadd7e5ab34dfb65e00ec9b03d9d5f2876f7a54c064fb84f1e2d",
        key: "8e07d0f78103e18b5234359ab4c51c58", // S is +(A * v^u)^b
        signature: "2b9c694960b953486d8e4b4eefc0276b1ff1a17cf4075bd2d69f83440df0ca34" },
    Vector { salt: "000123456789abcdef0123456789abcd", password: "Passw0rd!", a: 0x13, b: 0x24,
        verifier: "36a88e3a12ea1b413e8bd362b887c840eccf231515ca3709016c66f1a7028944",
        client: "b3e1fef03302ecab61937a28c54fa113abf8fb75d4937934ccb6cce0765710f1",
        server: "20d6917bebc98b7fd8bee10e2a23bb2133f4cf4dde22551bbfe86cc91b6cfab6",
        key: "64516202ff6398fb866f4a93630c63c0", // S is +(A * v^u)^b
        signature: "2b2dfc48ea4fdece06a1e2e148e999cb18ff62a79a7a7b71c047b3582fc2c4e1" },
    Vector { salt: "0000a23456789abcdef0123456789abc", password: "Passw0rd!", a: 0x7f, b: 0x81,
        verifier: "f0a2ea0a12d8990503043bff3dd3e4ce1ecee06725ad3e7e41383ecd63c088dc",
        client: "127282c7768b0b7f974fc5d41c8463ad7ea76ee7db3ab572ca1439a6a41c005b",
        server: "aae487af17ae5b8d427b05be686eda8960e7319b36d2c3c5aa2496f9cb92b832",
        key: "3c1af2fa689aecf962da92d686c3990d", // S is -(A * v^u)^b
        signature: "ce76801ab961630ab08d184d180a5ed597c9035afed686f6391ef9b3fad70f4f" },
    Vector { salt: "ff0123456789abcdef0123456789abcd", password: "pässwörd ✓", a: 0xf1, b: 0x23,
        verifier: "329b3d7293f68b96037e6f9144209bc346d54bf84514cd5b70f8405a4b4822a5",
        client: "b54041a705976044d2f304907377865bc15588ce20cd0b084492bafea412c068",
        server: "c210a48ccbf6dc1eefd6e536aec3bf84614b3dac74cecf0c7e38c609c75ab517",
        key: "ed252079ac3fb5b8e7a74907d20a4c49", // S is -(A * v^u)^b
        signature: "af7845ea15e7207cbef3bb5234f60b83ea7ca98de5979503a1a493f6e6ebda49" },
    Vector { salt: "800000000000000000000000000000ff", password: "", a: 0xff, b: 0xff,
        verifier: "aa7a073c9a18625d91d1dac230a1e61baf0cd40fcbd840f789d9f170374791d5",
        client: "4c46d27d2c80179666fa9a611015c1e1c307c44ef2a65e431cbe2302e3e2986b",
        server: "6338395c5abc9092acc4541df3602a8486b68a6890eab26cfbed87cdc474e0ce",
        key: "6b67ee031f42d4d99d25c575dc4bf649", // S is -(A * v^u)^b
        signature: "1d48f37d2367cb0f59e8a8fc22e4adae271d7e8a6a468f1a3458a57ccd79bb71" },
    Vector { salt: "00000000000000000000000000000000", password: " x ", a: 0x10, b: 0xf5,
        verifier: "a9001998bd96b8c91d28c2ccef6a295868e35416b4c003a5b9e6fefa429bfa49",
        client: "500627d158dd6a5a521dcc957c5a7e76140a6f10fddc659d57a5b653cb49e9e7",
        server: "000412686e73be4c8ab27a74e4a99210a23030e780794efaf09320ac80154e50",
        key: "c4301034b15d24a7d978c90c10d374f4", // S is +(A * v^u)^b
        signature: "554e88c49a7e3e188e7bcf3ec1841b6131a846a80a09304c5216f3dcef1d7d93" },
];

fn random() -> Random {
    Random::from_seed([5; 32])
}

fn sha(bytes: &[u8]) -> String {
    digest::hex_encode(&digest::sha256(&[bytes]))
}

fn password(text: &str) -> SecretString {
    text.into()
}

/// A whole exchange with the given salt, in which the client uses `typed`.
fn signs_in(salt: &[u8], real: &str, typed: &str, random: &mut Random) -> bool {
    let verifier = verifier(POOL, USER, &password(real), salt);
    let (client, server) = (ClientKey::generate(random), ServerKey::generate(random));
    let a = ClientPublic::parse(&client.public_value().to_hex()).unwrap();
    let b = server.public_value(&verifier).unwrap();
    let key = client
        .session_key(&number_hex(salt), &b.to_hex(), POOL, USER, &password(typed))
        .unwrap();
    let signature = claim_signature(&key, POOL, USER, b"block", TIME);
    session_keys(&a, &b, &server, &verifier)
        .unwrap()
        .accept(POOL, USER, b"block", TIME, &signature)
}

#[test]
fn both_sides_compute_what_python_computes() {
    for vector in &VECTORS {
        let salt = digest::hex_decode(vector.salt).unwrap();
        let password = password(vector.password);
        let verifier = verifier(POOL, USER, &password, &salt);
        assert_eq!(
            sha(verifier.expose()),
            vector.verifier,
            "salt {}",
            vector.salt
        );
        let client = ClientKey::from_bytes([vector.a; 32]);
        let a = client.public_value();
        assert_eq!(sha(&a.0), vector.client);
        let server = ServerKey::from_bytes(&[vector.b; 32]).unwrap();
        let b = server.public_value(&verifier).unwrap();
        assert_eq!(sha(&b.0), vector.server);
        let key = client
            .session_key(vector.salt, &b.to_hex(), POOL, USER, &password)
            .unwrap();
        assert_eq!(digest::hex_encode(&key), vector.key);
        let signature = claim_signature(&key, POOL, USER, b"block", TIME);
        assert_eq!(digest::hex_encode(&signature), vector.signature);
        let keys = session_keys(&a, &b, &server, &verifier).unwrap();
        assert!(keys.accept(POOL, USER, b"block", TIME, &signature));
    }
}

#[test]
fn the_right_password_signs_in_whatever_the_salt_begins_with() {
    let mut random = random();
    for first in [
        [0x4f, 1],
        [0, 0x7f],
        [0, 0x80],
        [0, 0],
        [0x80, 0],
        [0xff, 0xff],
    ] {
        let mut salt = random.bytes::<16>();
        salt[..2].copy_from_slice(&first);
        assert!(
            signs_in(&salt, "Passw0rd!", "Passw0rd!", &mut random),
            "{first:?}"
        );
    }
}

#[test]
fn a_wrong_password_does_not_sign_in() {
    let mut random = random();
    let salt = new_salt(&mut random);
    for typed in ["", "passw0rd!", "Passw0rd", "Passw0rd! "] {
        assert!(!signs_in(&salt, "Passw0rd!", typed, &mut random), "{typed}");
    }
}

#[test]
fn a_signature_for_another_pool_user_block_or_time_is_refused() {
    let mut random = random();
    let verifier = verifier(POOL, USER, &password("x"), b"salt");
    let (client, server) = (
        ClientKey::generate(&mut random),
        ServerKey::generate(&mut random),
    );
    let b = server.public_value(&verifier).unwrap();
    let key = client
        .session_key(
            &number_hex(b"salt"),
            &b.to_hex(),
            POOL,
            USER,
            &password("x"),
        )
        .unwrap();
    let keys = session_keys(&client.public_value(), &b, &server, &verifier).unwrap();
    let signature = claim_signature(&key, POOL, USER, b"block", TIME);
    assert!(keys.accept(POOL, USER, b"block", TIME, &signature));
    assert!(!keys.accept("Other", USER, b"block", TIME, &signature));
    assert!(!keys.accept(POOL, "other", b"block", TIME, &signature));
    assert!(!keys.accept(POOL, USER, b"other", TIME, &signature));
    assert!(!keys.accept(
        POOL,
        USER,
        b"block",
        "Tue Sep 5 18:20:06 UTC 2017",
        &signature
    ));
    assert!(!keys.accept(POOL, USER, b"block", TIME, &signature[..31]));
    assert!(!keys.accept(POOL, USER, b"block", TIME, b""));
}

#[test]
fn password_matches_only_with_its_own_salt_user_and_pool() {
    let kept = verifier(POOL, USER, &password("x"), b"salt");
    assert!(password_matches(POOL, USER, &password("x"), b"salt", &kept));
    assert!(!password_matches(
        POOL,
        USER,
        &password("y"),
        b"salt",
        &kept
    ));
    assert!(!password_matches(
        POOL,
        USER,
        &password("x"),
        b"tlas",
        &kept
    ));
    assert!(!password_matches(
        POOL,
        "other",
        &password("x"),
        b"salt",
        &kept
    ));
    assert!(!password_matches(
        "Other",
        USER,
        &password("x"),
        b"salt",
        &kept
    ));
}

#[test]
fn a_public_value_that_is_zero_modulo_n_is_refused() {
    let n = digest::hex_encode(&N);
    for zero in ["0", "00", &"0".repeat(770), &n, &format!("00{n}")] {
        assert_eq!(ClientPublic::parse(zero), Err(SrpError::Zero), "{zero}");
    }
    let twice = format!("1{}", "0".repeat(768));
    assert_eq!(ClientPublic::parse(&twice), Err(SrpError::TooLong));
}

#[test]
fn a_public_value_that_is_too_long_not_reduced_or_no_number_is_refused() {
    assert_eq!(
        ClientPublic::parse(&"0".repeat(771)),
        Err(SrpError::TooLong)
    );
    assert_eq!(
        ClientPublic::parse(&"f".repeat(1 << 20)),
        Err(SrpError::TooLong)
    );
    assert_eq!(
        ClientPublic::parse(&"f".repeat(768)),
        Err(SrpError::NotReduced)
    );
    // Length comes before content: nothing is decoded first.
    assert_eq!(
        ClientPublic::parse(&"g".repeat(771)),
        Err(SrpError::TooLong)
    );
    for wrong in ["", "-1", "0x1", "1 ", "g", "+f", "é"] {
        assert_eq!(ClientPublic::parse(wrong), Err(SrpError::NotHex), "{wrong}");
    }
}

#[test]
fn a_public_value_is_read_in_every_form_that_clients_send() {
    let minimal = ClientPublic::parse("abc").unwrap();
    for same in ["0abc", "ABC", "00abc", "0000abc"] {
        assert_eq!(ClientPublic::parse(same).unwrap(), minimal, "{same}");
    }
    assert_eq!(minimal.to_hex(), "abc");
    let mut highest = N;
    highest[LENGTH - 1] -= 1;
    let padded = format!("00{}", digest::hex_encode(&highest));
    assert_eq!(ClientPublic::parse(&padded).unwrap().0, highest);
}

#[test]
fn a_scramble_of_zero_is_refused() {
    assert_eq!(not_zero([0; 32]), Err(SrpError::Zero));
    let one = {
        let mut one = [0; 32];
        one[31] = 1;
        one
    };
    assert_eq!(not_zero(one), Ok(one));
}

#[test]
fn a_degenerate_or_damaged_verifier_is_refused() {
    let mut minus_one = N;
    minus_one[LENGTH - 1] -= 1;
    for degenerate in [&[][..], &[0], &[1], &[0; LENGTH], &minus_one] {
        assert_eq!(
            Verifier::from_bytes(degenerate).unwrap_err(),
            SrpError::DegenerateVerifier
        );
    }
    assert_eq!(Verifier::from_bytes(&N).unwrap_err(), SrpError::NotReduced);
    assert_eq!(
        Verifier::from_bytes(&[2; LENGTH + 1]).unwrap_err(),
        SrpError::TooLong
    );
    assert_eq!(
        Verifier::from_bytes(&[0; LENGTH + 2]).unwrap_err(),
        SrpError::TooLong
    );
    let real = verifier(POOL, USER, &password("x"), b"salt");
    assert_eq!(Verifier::from_bytes(real.expose()).unwrap().0, real.0);
    assert_eq!(
        Verifier::from_bytes(&padded(real.expose())).unwrap().0,
        real.0
    );
}

#[test]
fn challenges_do_not_tell_a_right_guess_from_a_wrong_one() {
    // B − k·v is the server's ephemeral when v is the right guess. Were it always a square, as 2^b
    // is, it would tell.
    let mut random = random();
    let verifier = verifier(POOL, USER, &password("x"), b"salt");
    let n = Odd::new(U3072::from_be_bytes(N.into())).unwrap();
    let squares = (0..24)
        .filter(|_| {
            let client = ClientKey::generate(&mut random).public_value();
            let (_, b) = ServerKey::for_challenge(&client, &verifier, &mut random).unwrap();
            let b = Residue::from_bytes(&b.0).unwrap();
            let ephemeral = b
                .minus(&MULTIPLIER.times(&verifier.residue().unwrap()))
                .to_bytes();
            jacobi(U3072::from_be_bytes((*ephemeral).into()), n.get()) == 1
        })
        .count();
    assert!((2..=22).contains(&squares), "{squares} of 24 are squares");
}

/// The Jacobi symbol by quadratic reciprocity: 1 for a square modulo a prime n, −1 for the rest.
fn jacobi(mut a: U3072, mut n: U3072) -> i8 {
    let low = |number: &U3072| number.to_be_bytes().as_ref()[LENGTH - 1];
    let mut sign = 1;
    while a != U3072::ZERO {
        while low(&a) & 1 == 0 {
            a = a.shr(1);
            if matches!(low(&n) & 7, 3 | 5) {
                sign = -sign;
            }
        }
        std::mem::swap(&mut a, &mut n);
        if low(&a) & 3 == 3 && low(&n) & 3 == 3 {
            sign = -sign;
        }
        a = a.rem_vartime(&NonZero::new(n).unwrap());
    }
    if n == U3072::ONE { sign } else { 0 }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_challenge_has_all_digits_of_b_and_no_zero_byte_before_u(seed: [u8; 32]) {
        let mut random = Random::from_seed(seed);
        let salt = new_salt(&mut random);
        let real = verifier(POOL, USER, &password("Passw0rd!"), &salt);
        let (_, made_up) = made_up(&seed, POOL, "nobody");
        for verifier in [real, made_up] {
            let client = ClientKey::generate(&mut random).public_value();
            let (key, b) = ServerKey::for_challenge(&client, &verifier, &mut random).unwrap();
            prop_assert_eq!(&b, &key.public_value(&verifier).unwrap());
            prop_assert_eq!(b.to_hex().len(), 768);
            prop_assert_ne!(scramble(&client, &b).unwrap()[0], 0);
        }
    }
}

#[test]
fn a_made_up_user_is_stable_and_has_the_shape_of_a_real_one() {
    let (salt, verifier) = made_up(&[1; 32], POOL, "nobody");
    let (again, same) = made_up(&[1; 32], POOL, "nobody");
    assert_eq!((salt, verifier.0), (again, same.0));
    for (secret, pool, name) in [
        ([2; 32], POOL, "nobody"),
        ([1; 32], "Other", "nobody"),
        ([1; 32], POOL, "somebody"),
    ] {
        let (other_salt, other) = made_up(&secret, pool, name);
        assert_ne!(salt, other_salt);
        assert_ne!(verifier.0, other.0);
    }
    assert!(
        ServerKey::generate(&mut random())
            .public_value(&verifier)
            .is_ok()
    );
    assert!(Verifier::from_bytes(verifier.expose()).is_ok());
}

#[test]
fn salts_real_and_made_up_have_one_form_in_hex_bytes_and_pad() {
    let mut random = random();
    for n in 0..100 {
        let (made_up, _) = made_up(&[1; 32], POOL, &format!("nobody{n}"));
        for salt in [new_salt(&mut random), made_up] {
            assert_eq!(number_hex(&salt).len(), 32);
            assert_eq!(*padded(&salt), salt);
        }
    }
}

#[test]
fn stored_values_come_back_and_do_not_print() {
    let key = ServerKey::generate(&mut random());
    assert_eq!(
        ServerKey::from_bytes(key.to_bytes().expose()).unwrap().0,
        key.0
    );
    assert_eq!(
        ServerKey::from_bytes(&[0; 31]).unwrap_err(),
        SrpError::Damaged
    );
    let verifier = verifier(POOL, USER, &password("x"), b"salt");
    let b = key.public_value(&verifier).unwrap();
    assert_eq!(ServerPublic::parse(&b.to_hex()).unwrap(), b);
    assert_eq!(format!("{key:?}{verifier:?}"), "……");
}

#[test]
fn numbers_print_without_leading_zeros_and_pad_with_one_when_negative() {
    assert_eq!(number_hex(&[0, 0x0a, 0xbc]), "abc");
    assert_eq!(number_hex(&[0, 0]), "0");
    assert_eq!(number_hex(&[]), "0");
    for (bytes, expected) in [
        (&[][..], &[0][..]),
        (&[0, 0], &[0]),
        (&[0, 0x7f], &[0x7f]),
        (&[0x80], &[0, 0x80]),
        (&[0, 0, 0xff, 0], &[0, 0xff, 0]),
    ] {
        assert_eq!(*padded(bytes), expected);
    }
}

/// crypto-bigint's idea of base^exponent modulo N.
fn oracle_power(base: &[u8; LENGTH], exponent: &[u8; 32]) -> [u8; LENGTH] {
    let params = FixedMontyParams::new_vartime(Odd::new(U3072::from_be_bytes(N.into())).unwrap());
    let base = FixedMontyForm::new(&U3072::from_be_bytes((*base).into()), &params);
    let power = base
        .pow(&crypto_bigint::U256::from_be_bytes((*exponent).into()))
        .retrieve();
    power.to_be_bytes().as_ref().try_into().unwrap()
}

fn below_n() -> impl Strategy<Value = [u8; LENGTH]> {
    let evenly = proptest::collection::vec(any::<u8>(), LENGTH).prop_map(|bytes| {
        let mut number: [u8; LENGTH] = bytes.try_into().unwrap();
        if number >= N {
            number[0] &= 0x7f;
        }
        number
    });
    let edge = (0..4u8, any::<bool>()).prop_map(|(distance, high)| {
        if high {
            let mut number = N;
            number[LENGTH - 1] -= distance + 1;
            number
        } else {
            let mut number = [0; LENGTH];
            number[LENGTH - 1] = distance;
            number
        }
    });
    let leading_zeros = (evenly.clone(), 1..LENGTH).prop_map(|(mut number, zeros)| {
        number[..zeros].fill(0);
        number
    });
    prop_oneof![evenly, edge, leading_zeros]
}

fn exponents() -> impl Strategy<Value = [u8; 32]> {
    prop_oneof![
        any::<[u8; 32]>(),
        Just([0; 32]),
        Just([0xff; 32]),
        (0..32usize, any::<u8>()).prop_map(|(at, byte)| {
            let mut exponent = [0; 32];
            exponent[at] = byte;
            exponent
        })
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn powers_agree_with_the_oracle(base in below_n(), exponent in exponents()) {
        let power = Residue::from_bytes(&base).unwrap().to_the(&exponent);
        prop_assert_eq!(*power.to_bytes(), oracle_power(&base, &exponent));
    }

    #[test]
    fn powers_of_g_agree_with_the_oracle(exponent in exponents()) {
        let mut g = [0; LENGTH];
        g[LENGTH - 1] = 2;
        prop_assert_eq!(*power_of_g(&exponent).to_bytes(), oracle_power(&g, &exponent));
    }
}

proptest! {
    #[test]
    fn sums_differences_and_products_agree_with_the_oracle(a in below_n(), b in below_n()) {
        let n = NonZero::new(U3072::from_be_bytes(N.into())).unwrap();
        let (x, y) = (U3072::from_be_bytes(a.into()), U3072::from_be_bytes(b.into()));
        let (ours_a, ours_b) = (Residue::from_bytes(&a).unwrap(), Residue::from_bytes(&b).unwrap());
        for (ours, expected) in [
            (ours_a.plus(&ours_b), x.add_mod(&y, &n)),
            (ours_a.minus(&ours_b), x.sub_mod(&y, &n)),
            (ours_a.times(&ours_b), x.mul_mod(&y, &n)),
        ] {
            let expected = expected.to_be_bytes();
            prop_assert_eq!(&ours.to_bytes()[..], expected.as_ref());
        }
    }

    #[test]
    fn bytes_at_or_above_n_are_no_residue(high in proptest::collection::vec(any::<u8>(), 8)) {
        // N begins and ends with 64 set bits.
        let mut bytes = N;
        prop_assert!(Residue::from_bytes(&bytes).is_none());
        bytes[8..16].copy_from_slice(&high);
        prop_assert_eq!(Residue::from_bytes(&bytes).is_some(), bytes < N);
    }

    #[test]
    fn no_text_makes_a_parser_panic(text: String, bytes: Vec<u8>) {
        let _ = ClientPublic::parse(&text);
        let _ = Verifier::from_bytes(&bytes);
        let _ = number_hex(&bytes);
    }
}
