#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate().unwrap());

fn claims() -> Value {
    json!({"sub": "5d8a6d3c", "token_use": "access", "exp": 1_504_635_605})
}

fn token() -> String {
    KEY.sign(&claims()).unwrap()
}

fn verified(token: &str) -> Result<Value, JwtError> {
    KEY.public().verify(&peek(token)?)
}

/// The good token with another header. The signature is wrong then too, but the header must be
/// refused before it is looked at.
fn with_header(header: &str) -> Result<Value, JwtError> {
    let good = token();
    let rest = good.split_once('.').unwrap().1;
    verified(&format!(
        "{}.{rest}",
        digest::base64url_encode(header.as_bytes())
    ))
}

/// A token with this header that is truly signed by our key.
fn signed_with_header(header: &str) -> String {
    let mut signed = format!(
        "{}.{}",
        digest::base64url_encode(header.as_bytes()),
        digest::base64url_encode(claims().to_string().as_bytes())
    );
    let hash = lc_digest::digest(&lc_digest::SHA256, signed.as_bytes());
    let mut signature = vec![0; KEY.pair.public_modulus_len()];
    KEY.pair
        .sign_digest(&RSA_PKCS1_SHA256, &hash, &mut signature)
        .unwrap();
    signed.push('.');
    signed + &digest::base64url_encode(&signature)
}

#[test]
fn a_signed_token_verifies_and_has_cognitos_header() {
    let token = token();
    assert_eq!(verified(&token).unwrap(), claims());
    let header = digest::base64url_decode(token.split('.').next().unwrap()).unwrap();
    let expected = format!(r#"{{"kid":"{}","alg":"RS256"}}"#, KEY.kid());
    assert_eq!(String::from_utf8(header).unwrap(), expected);
    assert_eq!(KEY.kid().len(), 44);
}

#[test]
fn a_token_signed_by_openssl_verifies() {
    // Key and token made with Python's cryptography package (OpenSSL): see
    // tests/data/jwt_vector.py.
    let vector: Value =
        serde_json::from_str(include_str!("../../tests/data/jwt_vector.json")).unwrap();
    let pkcs8 = digest::base64_decode(vector["pkcs8"].as_str().unwrap()).unwrap();
    let key = SigningKey::from_pkcs8(&pkcs8).unwrap();
    assert_eq!(key.kid(), vector["kid"]);
    assert_eq!(key.public().jwk().n, vector["n"]);
    let theirs = vector["token"].as_str().unwrap();
    let claims: Value = key.public().verify(&peek(theirs).unwrap()).unwrap();
    // PKCS #1 v1.5 signatures have no randomness, so ours is the same, byte for byte.
    assert_eq!(key.sign(&claims).unwrap(), theirs);
}

#[test]
fn a_key_comes_back_from_pkcs8_and_from_its_jwk() {
    let back = SigningKey::from_pkcs8(KEY.to_pkcs8().unwrap().expose()).unwrap();
    assert_eq!(back.kid(), KEY.kid());
    let public = VerifyingKey::from_jwk(KEY.public().jwk()).unwrap();
    assert_eq!(
        public
            .verify::<Value>(&peek(&back.sign(&claims()).unwrap()).unwrap())
            .unwrap(),
        claims()
    );
    assert_eq!(
        SigningKey::from_pkcs8(b"rubbish").unwrap_err(),
        KeyError::Rejected
    );
}

#[test]
fn a_jwk_whose_kid_is_not_its_own_is_refused() {
    let mut jwk = KEY.public().jwk().clone();
    jwk.kid = "NzbLsXh8uDCcd+6MNwXF4W/7noWXFZAfHkxZsRGC9Xs=".into();
    assert_eq!(
        VerifyingKey::from_jwk(&jwk).unwrap_err(),
        KeyError::Rejected
    );
}

#[test]
fn a_key_that_is_too_short_is_refused() {
    assert_eq!(
        VerifyingKey::from_components(&[0xc1; 128], &[1, 0, 1]).unwrap_err(),
        KeyError::Rejected
    );
    assert_eq!(
        VerifyingKey::from_components(&[0xc1; 1025], &[1, 0, 1]).unwrap_err(),
        KeyError::Rejected
    );
}

#[test]
fn keys_do_not_print_their_content() {
    assert_eq!(format!("{:?}", *KEY), format!("SigningKey({})", KEY.kid()));
}

#[test]
fn algorithm_none_is_refused() {
    let kid = KEY.kid();
    for alg in [
        "none", "None", "NONE", "rs256", "RS256 ", "", "RS512", "PS256", "ES256",
    ] {
        assert_eq!(
            with_header(&format!(r#"{{"kid":"{kid}","alg":"{alg}"}}"#)),
            Err(JwtError::RefusedHeader),
            "{alg}"
        );
    }
    let unsigned = token().rsplit_once('.').unwrap().0.to_owned() + ".";
    assert_eq!(verified(&unsigned), Err(JwtError::Malformed));
}

#[test]
fn hs256_with_the_public_key_as_secret_is_refused() {
    let header = format!(r#"{{"kid":"{}","alg":"HS256"}}"#, KEY.kid());
    let signed = format!(
        "{}.{}",
        digest::base64url_encode(header.as_bytes()),
        digest::base64url_encode(claims().to_string().as_bytes())
    );
    let public = KEY.public().key.as_ref();
    let mac = digest::base64url_encode(&digest::hmac_sha256(public, &[signed.as_bytes()]));
    assert_eq!(
        verified(&format!("{signed}.{mac}")),
        Err(JwtError::RefusedHeader)
    );
}

#[test]
fn a_header_that_brings_or_names_a_key_is_refused_even_when_signed_by_ours() {
    let kid = KEY.kid();
    for member in [
        r#""jwk":{"kty":"RSA"}"#,
        r#""jku":"https://evil.example/jwks""#,
        r#""x5u":"https://evil.example/c""#,
        r#""x5c":["AA"]"#,
        r#""crit":["exp"]"#,
        r#""b64":false"#,
        r#""zip":"DEF""#,
        r#""enc":"A256GCM""#,
        r#""typ":"JWT""#,
    ] {
        let token = signed_with_header(&format!(r#"{{"kid":"{kid}","alg":"RS256",{member}}}"#));
        assert_eq!(verified(&token), Err(JwtError::RefusedHeader), "{member}");
    }
    let plain = signed_with_header(&format!(r#"{{"alg":"RS256","kid":"{kid}"}}"#));
    assert_eq!(
        verified(&plain),
        Ok(claims()),
        "the test's own signing works"
    );
}

#[test]
fn a_header_with_a_member_twice_or_missing_is_refused() {
    let kid = KEY.kid();
    for header in [
        format!(r#"{{"kid":"{kid}","alg":"RS256","alg":"RS256"}}"#),
        format!(r#"{{"kid":"{kid}","alg":"none","alg":"RS256"}}"#),
        format!(r#"{{"kid":"other","kid":"{kid}","alg":"RS256"}}"#),
        format!(r#"{{"kid":"{kid}"}}"#),
        r#"{"alg":"RS256"}"#.into(),
        r#"{"alg":"RS256","kid":1}"#.into(),
        r#"{"alg":["RS256"],"kid":"x"}"#.into(),
        "{}".into(),
        "null".into(),
        format!(r#"["{kid}","RS256"]"#),
    ] {
        assert_eq!(
            verified(&signed_with_header(&header)),
            Err(JwtError::RefusedHeader),
            "{header}"
        );
    }
    for header in ["", "{", r#"{"kid":"a","alg":"RS256"}{}"#, "\u{0}"] {
        assert_eq!(with_header(header), Err(JwtError::Malformed), "{header}");
    }
}

#[test]
fn a_token_that_names_another_key_or_is_signed_by_another_is_refused() {
    let other = SigningKey::generate().unwrap();
    assert_eq!(
        verified(&other.sign(&claims()).unwrap()),
        Err(JwtError::OtherKey)
    );
    // Signed by the other key under our kid.
    let header = token().split_once('.').unwrap().0.to_owned();
    let forger = SigningKey { header, ..other };
    assert_eq!(
        verified(&forger.sign(&claims()).unwrap()),
        Err(JwtError::BadSignature)
    );
}

#[test]
fn every_cut_of_a_token_is_refused() {
    let token = token();
    for length in 0..token.len() {
        assert!(verified(&token[..length]).is_err(), "{length}");
    }
}

#[test]
fn a_changed_payload_is_refused() {
    let token = token();
    let parts: Vec<&str> = token.split('.').collect();
    let other = digest::base64url_encode(br#"{"sub":"admin"}"#);
    assert_eq!(
        verified(&format!("{}.{other}.{}", parts[0], parts[2])),
        Err(JwtError::BadSignature)
    );
}

#[test]
fn parts_that_are_not_three_or_not_plain_base64url_are_refused() {
    let token = token();
    let parts: Vec<&str> = token.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    for wrong in [
        String::new(),
        "..".into(),
        format!("{header}.{payload}"),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        format!("{token}."),
        format!("{token}.{signature}"),
        format!("{token}="),
        format!("{header}=.{payload}.{signature}"),
        format!("{header}.{payload}==.{signature}"),
        format!(" {token}"),
        format!("{token}\n"),
        format!("{header}.{payload}.é{signature}"),
        format!("{header}.{payload}.+{signature}"),
    ] {
        assert_eq!(verified(&wrong), Err(JwtError::Malformed), "{wrong}");
    }
}

#[test]
fn a_signature_of_another_length_is_refused() {
    let token = token();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut longer = vec![0];
    longer.extend(digest::base64url_decode(signature).unwrap());
    assert_eq!(
        verified(&format!("{signed}.{}", digest::base64url_encode(&longer))),
        Err(JwtError::BadSignature)
    );
}

#[test]
fn claims_that_are_not_utf8_or_not_the_wanted_shape_are_refused() {
    #[derive(Deserialize, Debug)]
    #[allow(dead_code, reason = "only its shape matters")]
    struct Wanted {
        client_id: String,
    }
    let read = KEY.public().verify::<Wanted>(&peek(&token()).unwrap());
    assert_eq!(read.unwrap_err(), JwtError::Claims);
    let header = token().split_once('.').unwrap().0.to_owned();
    let signed = format!(
        "{header}.{}.AAAA",
        digest::base64url_encode(b"{\"sub\":\"\xff\"}")
    );
    assert_eq!(
        peek(&signed).unwrap().unverified_claims::<Value>(),
        Err(JwtError::Claims)
    );
}

#[test]
fn a_giant_token_is_refused_before_it_is_read() {
    let giant = KEY
        .sign(&json!({"filler": "x".repeat(MAX_LENGTH)}))
        .unwrap();
    assert_eq!(verified(&giant), Err(JwtError::TooLong));
    let large = json!({"cognito:groups": vec!["g".repeat(128); 100]});
    assert_eq!(verified(&KEY.sign(&large).unwrap()), Ok(large));
}

proptest! {
    #[test]
    fn no_text_makes_peek_panic(text: String, header: String) {
        let _ = peek(&text);
        let _ = peek(&format!("{}.e30.AA", digest::base64url_encode(header.as_bytes())));
    }
}
