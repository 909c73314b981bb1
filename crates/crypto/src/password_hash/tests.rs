//! Hashes that others have made: Python's hashlib and the packages bcrypt, argon2-cffi and passlib,
//! all of [`PASSWORD`] where no other is named.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;

use super::*;

const PASSWORD: &str = "Right-pass1";

const MADE: [(Algorithm, &str); 10] = [
    (
        Algorithm::Bcrypt,
        "$2b$04$abcdefghijklmnopqrstuupVKIpEAe09wo00BwuMXW.uWF4O32eLG",
    ),
    // The same by PHP, and with the unused bits of the salt set.
    (
        Algorithm::Bcrypt,
        "$2y$04$abcdefghijklmnopqrstuvpVKIpEAe09wo00BwuMXW.uWF4O32eLG",
    ),
    (
        Algorithm::Scrypt,
        "$scrypt$ln=4,r=8,p=2$c2l4dGVlbiBieXRlcyBvaw$bONd1RZJrw1Jxs5J1e+RGheyzVL4cysatI9J9p0z+8I",
    ),
    // The same in the form that Cognito takes.
    (
        Algorithm::Scrypt,
        "16$8$2$7369787465656e206279746573206f6b$6ce35dd51649af0d49c6ce49d5ef911a17b2cd52f8732b1ab48f49f69d33fbc2",
    ),
    (
        Algorithm::Argon2id,
        "$argon2id$v=19$m=64,t=2,p=2$c2l4dGVlbiBieXRlcyBvaw$Dea7HsORsUpyLWTTdfhtbjgCB9Cnnf+9mIUIRf75Wpc",
    ),
    (
        Algorithm::Argon2id,
        "$argon2id$v=16$m=8,t=1,p=1$c2l4dGVlbiBieXRlcyBvaw$DWWV8HSOyLZESQUEOEWRKw",
    ),
    (
        Algorithm::Argon2id,
        "$argon2id$m=8,t=1,p=1$c2l4dGVlbiBieXRlcyBvaw$DWWV8HSOyLZESQUEOEWRKw",
    ),
    (
        Algorithm::Pbkdf2Sha256,
        "$pbkdf2-sha256$i=2,l=32$c2l4dGVlbiBieXRlcyBvaw$WrD3QlvGqrD1U6SFov1QXfZjqWxLW5quVjhGPQNDKNo",
    ),
    (
        Algorithm::Pbkdf2Sha256,
        "$pbkdf2-sha256$2$././YWJjZGVmZ2hpamtsbQ$OZwK5GPjhpWcMosLgoKC3LZWGKPdQTbAFP9Zk4X12ks",
    ),
    (
        Algorithm::Pbkdf2Sha256,
        "pbkdf2_sha256$2$saltOfDjango$YjuFnTuKkFNkQDyoW+Y+zEk56d9VYjGvCTtN0R1RnCc=",
    ),
];

fn matches(hash: &str, password: &str) -> bool {
    let hash = PasswordHash::parse(hash).unwrap();
    hash.matches(&SecretString::from(password))
}

#[test]
fn hashes_of_others_match_their_password_and_no_other() {
    for (algorithm, text) in MADE {
        let hash = PasswordHash::parse(text).unwrap();
        assert_eq!(hash.algorithm(), algorithm, "{text}");
        assert!(hash.matches(&SecretString::from(PASSWORD)), "{text}");
        for wrong in [
            "",
            "right-pass1",
            "Right-pass1 ",
            "Right-pass1\0",
            "Right-pass",
        ] {
            assert!(!hash.matches(&SecretString::from(wrong)), "{text} {wrong}");
        }
        assert_eq!(format!("{hash:?}"), "…");
    }
}

#[test]
fn bcrypt_reads_72_bytes_of_any_script_and_nothing_of_what_has_a_nul() {
    let of_umlauts = "$2a$04$abcdefghijklmnopqrstuu0g2vrJcOesPoPsFCbs9BDCdMHDvQiLe";
    assert!(matches(of_umlauts, "Pässwörd-é1"));
    let of_72 = "$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i";
    assert!(matches(of_72, &"x".repeat(72)));
    assert!(matches(of_72, &"x".repeat(80)));
    assert!(!matches(of_72, &"x".repeat(71)));
    // bcrypt's key goes round: to its algorithm "a\0a" is the same as "a".
    let text = MADE[0].1;
    assert!(!matches(text, &format!("{PASSWORD}\0{PASSWORD}")));
}

#[test]
fn a_hash_that_would_cost_too_much_is_refused_and_one_at_the_bound_is_not() {
    let salt_and_hash = "c2l4dGVlbiBieXRlcyBvaw$DWWV8HSOyLZESQUEOEWRKw";
    let of_bcrypt = "abcdefghijklmnopqrstuupVKIpEAe09wo00BwuMXW.uWF4O32eLG";
    let read = |text: &str| PasswordHash::parse(text).map(|hash| hash.memory());
    for (at_the_bound, memory) in [
        (format!("$2b$14${of_bcrypt}"), 0),
        (format!("$scrypt$ln=18,r=8,p=2${salt_and_hash}"), 256 << 20),
        (format!("$scrypt$ln=14,r=8,p=32${salt_and_hash}"), 16 << 20),
        (
            format!("$argon2id$v=19$m=262144,t=4,p=16${salt_and_hash}"),
            256 << 20,
        ),
        (
            format!("$argon2id$v=19$m=65536,t=16,p=4${salt_and_hash}"),
            64 << 20,
        ),
        (format!("$pbkdf2-sha256$i=2000000${salt_and_hash}"), 0),
    ] {
        assert_eq!(read(&at_the_bound), Ok(memory), "{at_the_bound}");
    }
    for beyond in [
        format!("$2b$15${of_bcrypt}"),
        format!("$2b$31${of_bcrypt}"),
        format!("$2b$99${of_bcrypt}"),
        format!("$scrypt$ln=19,r=8,p=1${salt_and_hash}"),
        format!("$scrypt$ln=18,r=8,p=3${salt_and_hash}"),
        format!("$scrypt$ln=1,r=4294967295,p=4294967295${salt_and_hash}"),
        format!("$scrypt$ln=64,r=1,p=1${salt_and_hash}"),
        format!("$scrypt$ln=255,r=8,p=1${salt_and_hash}"),
        format!("$scrypt$ln=256,r=8,p=1${salt_and_hash}"),
        format!("$argon2id$v=19$m=262145,t=1,p=1${salt_and_hash}"),
        format!("$argon2id$v=19$m=262144,t=5,p=1${salt_and_hash}"),
        format!("$argon2id$v=19$m=1024,t=1,p=17${salt_and_hash}"),
        format!("$argon2id$v=19$m=4294967295,t=4294967295,p=4294967295${salt_and_hash}"),
        format!("$argon2id$v=19$m=99999999999,t=1,p=1${salt_and_hash}"),
        format!("$pbkdf2-sha256$i=2000001${salt_and_hash}"),
        format!("pbkdf2_sha256$99999999999${salt_and_hash}"),
    ] {
        assert_eq!(read(&beyond), Err(HashError::TooCostly), "{beyond}");
    }
}

#[test]
fn what_is_no_hash_is_refused() {
    let refused = |text: &str| PasswordHash::parse(text).err();
    for unknown in [
        "",
        "Right-pass1",
        "$1$salt$hash",
        "$2x$04$abcdefghijklmnopqrstuupVKIpEAe09wo00BwuMXW.uWF4O32eLG",
        "$argon2i$v=19$m=8,t=1,p=1$c2l4dGVlbiBieXRlcyBvaw$jBL/d1GoBSgVFC4ywv0jqLeq3FSfaDaomZNJGcARltc",
        "$pbkdf2-sha512$i=2$c2l4dGVlbiBieXRlcyBvaw$DWWV8HSOyLZESQUEOEWRKw",
        &format!("$2b${}", "0".repeat(600)),
    ] {
        assert_eq!(refused(unknown), Some(HashError::Unknown), "{unknown}");
    }
    for malformed in [
        "$2b$",
        "$2b$04$abc",
        "$2b$4$abcdefghijklmnopqrstuupVKIpEAe09wo00BwuMXW.uWF4O32eLG",
        "$2b$03$abcdefghijklmnopqrstuupVKIpEAe09wo00BwuMXW.uWF4O32eLG",
        "$2b$04$abcdefghijklmnopqrstuupVKIpEAe09wo00BwuMXW.uWF4O32eLG$",
        "$2b$04$abcdefghijklmnopqrstuupVKIpEAe09wo00BwuMXW.uWF4O32e",
        "$2b$04$abcdefghijklmnopqrstüüpVKIpEAe09wo00BwuMXW.uWF4O32eLG",
        "$scrypt$ln=4,r=8$c2l4dGVlbiBieXRlcyBvaw$DWWV8HSOyLZESQUEOEWRKw",
        "$scrypt$ln=4,r=8,p=0$c2l4dGVlbiBieXRlcyBvaw$DWWV8HSOyLZESQUEOEWRKw",
        "$scrypt$ln=4,r=8,p=1,p=1$c2l4dGVlbiBieXRlcyBvaw$DWWV8HSOyLZESQUEOEWRKw",
        "$scrypt$ln=+4,r=8,p=1$c2l4dGVlbiBieXRlcyBvaw$DWWV8HSOyLZESQUEOEWRKw",
        "$argon2id$v=18$m=8,t=1,p=1$c2l4dGVlbiBieXRlcyBvaw$DWWV8HSOyLZESQUEOEWRKw",
        "$argon2id$v=19$m=7,t=1,p=1$c2l4dGVlbiBieXRlcyBvaw$DWWV8HSOyLZESQUEOEWRKw",
        "$argon2id$v=19$m=8,t=0,p=1$c2l4dGVlbiBieXRlcyBvaw$DWWV8HSOyLZESQUEOEWRKw",
        "$argon2id$v=19$m=8,t=1,p=1,data=AA$c2l4dGVlbiBieXRlcyBvaw$DWWV8HSOyLZESQUEOEWRKw",
        "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$DWWV8HSOyLZESQUEOEWRKw",
        "$pbkdf2-sha256$i=0$c2l4dGVlbiBieXRlcyBvaw$DWWV8HSOyLZESQUEOEWRKw",
        "$pbkdf2-sha256$i=2,l=31$c2l4dGVlbiBieXRlcyBvaw$DWWV8HSOyLZESQUEOEWRKw",
        "$pbkdf2-sha256$i=2$*$DWWV8HSOyLZESQUEOEWRKw",
        "pbkdf2_sha256$2$$DWWV8HSOyLZESQUEOEWRKw",
    ] {
        assert_eq!(
            refused(malformed),
            Some(HashError::Malformed),
            "{malformed}"
        );
    }
    for length in [
        "$pbkdf2-sha256$i=2$c2l4dGVlbiBieXRlcyBvaw$",
        "$scrypt$ln=4,r=8,p=1$c2l4dGVlbiBieXRlcyBvaw$DWWV8HSOyLZESQUEOEWR",
        &format!("$pbkdf2-sha256$i=2$c2FsdA${}", "A".repeat(88)),
    ] {
        assert_eq!(refused(length), Some(HashError::Length), "{length}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic_and_what_it_reads_is_bounded(
        form in 0usize..5,
        numbers in "[0-9=,a-z]{0,24}",
        rest in "\\PC{0,80}",
    ) {
        let begin = ["$2b$", "$scrypt$", "$argon2id$v=19$", "$pbkdf2-sha256$", "pbkdf2_sha256$"][form];
        for text in [format!("{begin}{numbers}${rest}"), rest] {
            if let Ok(hash) = PasswordHash::parse(&text) {
                prop_assert!(hash.memory() <= MOST_MEMORY);
            }
        }
    }
}
