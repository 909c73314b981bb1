//! The RSA key pairs that pools of tests sign with. To find the primes of one takes a tenth of a
//! second, and was three quarters of the time of all tests.
//!
//! They lie open in the repository and protect nothing. Each is PKCS #8 in DER, made by
//! `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 | openssl pkcs8 -topk8 -nocrypt
//! -outform DER`.

use cognate_service::KeyStock;

/// A server's stock: its first eight pools have two pairs each that no other of its pools has, and
/// those that come later search for primes.
pub(crate) fn stock() -> KeyStock {
    KeyStock::of(&PAIRS)
}

static PAIRS: [&[u8]; 16] = [
    include_bytes!("../signing_keys/01.der"),
    include_bytes!("../signing_keys/02.der"),
    include_bytes!("../signing_keys/03.der"),
    include_bytes!("../signing_keys/04.der"),
    include_bytes!("../signing_keys/05.der"),
    include_bytes!("../signing_keys/06.der"),
    include_bytes!("../signing_keys/07.der"),
    include_bytes!("../signing_keys/08.der"),
    include_bytes!("../signing_keys/09.der"),
    include_bytes!("../signing_keys/10.der"),
    include_bytes!("../signing_keys/11.der"),
    include_bytes!("../signing_keys/12.der"),
    include_bytes!("../signing_keys/13.der"),
    include_bytes!("../signing_keys/14.der"),
    include_bytes!("../signing_keys/15.der"),
    include_bytes!("../signing_keys/16.der"),
];
