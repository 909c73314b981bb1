//! SECRET_HASH: an app client's proof that it knows its secret (docs/protocol.md §4.1).

use crate::{digest, secret::SecretString};

/// base64(HMAC-SHA256(client secret, user name ‖ client id)).
pub fn secret_hash(secret: &SecretString, username: &str, client_id: &str) -> String {
    let sum = digest::hmac_sha256(
        secret.expose().as_bytes(),
        &[username.as_bytes(), client_id.as_bytes()],
    );
    digest::base64_encode(&sum)
}

/// Whether `claimed` is the hash for this user name and client, compared in constant time.
///
/// User name and client id follow one another without a mark between them, as the protocol wants;
/// the client id has been looked up before, so that its length is fixed and nothing can slide.
pub fn is_valid(claimed: &str, secret: &SecretString, username: &str, client_id: &str) -> bool {
    let expected = secret_hash(secret, username, client_id);
    digest::ct_eq(claimed.as_bytes(), expected.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made with Python: base64.b64encode(hmac.new(b"s3cret+", "anañ41u2v".encode(),
    // "sha256").digest())
    const EXPECTED: &str = "k2obXbfoLZmIIn9nIzefcnhFg9LfX759nu5VQtij710=";

    #[test]
    fn the_hash_is_the_one_python_makes() {
        assert_eq!(secret_hash(&"s3cret+".into(), "anañ", "41u2v"), EXPECTED);
    }

    #[test]
    fn a_hash_for_another_user_client_or_secret_is_refused() {
        assert!(is_valid(EXPECTED, &"s3cret+".into(), "anañ", "41u2v"));
        assert!(!is_valid(EXPECTED, &"s3cret+".into(), "ana", "41u2v"));
        assert!(!is_valid(EXPECTED, &"s3cret+".into(), "anañ", "41u2w"));
        assert!(!is_valid(EXPECTED, &"s3cret".into(), "anañ", "41u2v"));
        assert!(!is_valid("", &"s3cret+".into(), "anañ", "41u2v"));
    }
}
