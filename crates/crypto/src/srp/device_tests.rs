//! Devices: the secrets that amazon-cognito-identity-js makes, and the exchange with its key.

#![allow(clippy::unwrap_used)]

use super::{client::ClientKey, *};

const GROUP: &str = "-S9HeWXEz";
const DEVICE: &str = "us-east-1_77777777-8888-4999-8aaa-bbbbbbbbbbbb";
const TIME: &str = "Tue Sep 5 18:20:05 UTC 2017";

/// Secret, Salt and PasswordVerifier, as generateHashDevice of amazon-cognito-identity-js 6.3.21
/// made them and ConfirmDevice sends them: with a zero byte before a number whose top bit is set.
#[rustfmt::skip]
const OF_IDENTITY_JS: [[&str; 3]; 4] = [
    [
        "5KIxxqeRFVjz4AZ7YUgox0LbPTv3WZ3o2VhLV4ZaQkhLpt9IiLfvFw==",
        "FhgjmPt7aNfiz1KT5tueRQ==",
        "TL2ZkcwIMDaAbQA3jaWQKJmF6F8ZGnXJgo6U9lwgQQne0B2ZXfe3XeyeGeRaQY06endfCE08cmr0hx/e+NenQTB/VkvkZyC9ZabSCpx9JpeG7dssnV7xi1RAEjDGs6tv7sRFQTIHkD+U0BuNlZ+K0UP7QEfaFkeAj9880HRcoAhg5b/77iHDD8NHNdgn3nmk9rP29x8XnNxjocmanKLqNB2SP8BnSTfekb/eAiFiPRFhTPFBsN1QubLfO8ba/sY6CTmNcjv6Tt9eeeShrxgn5sNb62JKtlup30+xVlZXkh6ucdcsJx/HXNJhLOITeDQdxbgRoHiqFq6rKkLHnPAJJPNUZtYqhxWeHLfV3iUMhqh6oN6ExB7b3CH6DLufgtLCqfXm+QUwWQ6xOSIM/pnE5WwIEGPpHJRLAHUnODdeVrXF/vOE5557fzd6YR2KGXMlU65nv5lgJlpfCn9PaJjERVfInskuvSziGhtM0p6eOCZCgGJnDr+lheFkuz0lSRZL",
    ], // 16 and 384 bytes
    [
        "GkmkO+zGLaRqfSGkH+G2Zui6n1K2EgSbBoHOEuPISR/yY0QZBtxyBw==",
        "QV7FFHZhQhaeHZ4OQVTdAQ==",
        "AOaMFXyOq5gUDyFvI99RJ2mpp7r8HnMlfbIKUj52HGufP4L848g+wUSZSYW15trnJLVq7AfSIY4GY1BBqfw92Qd3Ly6x0sCF0G5eccP7Rze4vUrOgJdA/J9S58gFHss50BLKrHXRMGpQY/UFdLGRcmVzGIp417QJB9ZRXoRCHgQmdRstQRL+Q+G0KBNYoKUuy3iEDMO5SoRaCPzEKhercuT7aEGehqSTYd3e417X7isxXIJfascS+ae1IAwXcbdli+uoiJTRTqKaMxDQirS5KpjMLmyGklEat83hdwUB0hf78GJuI7h4iK6MRVQmHWqqAKBtDDJj/HK6KpRPzvq9n4cyd0uegLBCRA15DzL3UZmMAbXrSwNifGo4S7MPdvI4soQ7WW5z88Kuyd2D9XPBT7+AYoA85VV9LaX9/Av9aFR1AQ6ZcuQmTrsTxtIUrOdQR71Y99ipILKSZya9vMHqpS3rVhaSZP07wWa0VcI+xQoyiEOHJxZWtNjnZpTdcC1sqQ==",
    ], // 16 and 385 bytes
    [
        "kJqQ5xJftHd7JswkeauOHQBw1OrWnKkfpqMcR8pKhb1EllqRTG+PjA==",
        "AP5GsXkHEQb0DhfYNye9Ji8=",
        "NMXehzXfEsYrMuSDimyXg5DMOZYmcv5NRH8IaQzpCgCRVOB5IXB0+TY5SfNn/bWjZVhitAHk3QVsuYRFFnvLzpPAKFdYtVSpBdJLIVkKLnVXM3BfCkbmCWFUxj2/oJxin0qjXfsjg/9ijAZmIYkLSZ5faQ9tLJEKoAS9Z3pEY0NsQNDn+U70Q6/7860MYHymDLW8I6c1t4P+JGG4ZPnYiBFkdMbkP9oDoRb2zdFq1QvCdqLecZEzRLffuzgjLVKZM8BGqROwA1nLybd/l+k0ZiCmS9FKyGK09xfDs9wYAS67cj7NZqJKpXucUBU7prJumljrYz5BV0abab1dYkTwKHGBLllYzaoDGhhR2L1qnSXnbWPPHf8ZKgum/wHScfT52ZeQneQgjMIEV5PBvZfFWDl3LsHDmLgArSnhZAkOh8PbIGBP81SMb/Nu7t2DTVpbdVAEvqLOVM+yhPGPVSwfsv3r6Den4zD0xpAFuGJgeXpa0tWZLDFh0Q+kGNUtMWjS",
    ], // 17 and 384 bytes
    [
        "0I/eLeGBera5NuPZ60VQBKYTnGBi9fK9XilUzsMGq28etJLXFD9mgw==",
        "AOBWDaUP2gwFqcnrZanPP6I=",
        "ANO1nCmGcYHl8wa1IkS3zE60foRQNJoQJluHaX99hsn6TB6Tv/zYoHbdtmcDJ77vy6889MNiOHbPTpw4CxG47x/b7PjElC+GqJMb65TYiZSBs/KWHD+FnEeHm8K8bwo5NA3FpKXYKCrIsHuXzVcWXN1vpCPieEaxhJC1DiZnvZSkJczRtrD5VkRC618BLviKedvfr7J1l7RWkMwoUSIWWSIt53+GGJ3FFAZorZKa2BF+NOmOUsgI2Wch1rZBGkL27UER+ufdohdsnPQ6/1oYl9LL/ayS5XKF+Ah/N8N8dOmDVXERWrgEOFKOTig46LYHk8u5TsWaycCaNW+rj+RROre1n2n0QZX9pb5AxLABfKMzHhKaG5oTJnJi5X93mer31r00FZe/HrhvM8Wc15GXEAYpPi9qaZe6IQ02BhI+olwOZUHvTHY6nMZybV8LJhJL/HVb23smxNaxrVMbRX9GvctomDnIXuiYn5SHPkdZhAdF0L1qOpy+MXILdd1d+tULqQ==",
    ], // 17 and 385 bytes
];

fn decoded(text: &str) -> Vec<u8> {
    digest::base64_decode(text).unwrap()
}

#[test]
fn a_verifier_of_identity_js_is_the_one_of_its_secret() {
    for [secret, salt, sent] in OF_IDENTITY_JS {
        let ours = verifier(GROUP, DEVICE, &secret.into(), &decoded(salt));
        assert_eq!(
            Verifier::from_bytes(&decoded(sent)).unwrap().expose(),
            ours.expose()
        );
    }
}

/// The exchange of DEVICE_SRP_AUTH and DEVICE_PASSWORD_VERIFIER.
fn signs_in(secret: &str, [_, salt, sent]: [&str; 3], device: &str) -> bool {
    let mut random = Random::from_seed([9; 32]);
    let verifier = Verifier::from_bytes(&decoded(sent)).unwrap();
    let client = ClientKey::generate(&mut random);
    let a = ClientPublic::parse(&client.public_value().to_hex()).unwrap();
    let (server, b) = ServerKey::for_challenge(&a, &verifier, &mut random).unwrap();
    let salt = number_hex(&decoded(salt));
    let key = client.session_key(&salt, &b.to_hex(), GROUP, DEVICE, &secret.into());
    let signature = claim_signature(&key.unwrap(), GROUP, DEVICE, b"block", TIME);
    session_keys(&a, &b, &server, &verifier)
        .unwrap()
        .accept(GROUP, device, b"block", TIME, &signature)
}

#[test]
fn a_device_signs_in_with_its_secret_and_its_own_key_only() {
    let [one, other, ..] = OF_IDENTITY_JS;
    for vector in OF_IDENTITY_JS {
        assert!(signs_in(vector[0], vector, DEVICE));
    }
    assert!(!signs_in(other[0], one, DEVICE));
    assert!(!signs_in(
        one[0],
        one,
        "us-east-1_77777777-8888-4999-8aaa-cccccccccccc"
    ));
}
