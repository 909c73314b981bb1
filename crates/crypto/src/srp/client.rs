//! The client's side of SRP, as amazon-cognito-identity-js and its kin compute it. For tests, the bench and the demo; the
//! server never needs it.

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{
    ClientPublic, MULTIPLIER, ServerPublic, SrpError, derived_key, modular::Residue, parse_number,
    password_exponent, power_of_g, scramble,
};
use crate::{digest, random::Random, secret::SecretString};

/// a: the client's secret for one exchange.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct ClientKey([u8; 32]);

impl ClientKey {
    /// Draws a new one.
    pub fn generate(random: &mut Random) -> Self {
        Self(random.bytes())
    }

    /// A known one, for test vectors.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A = g^a.
    pub fn public_value(&self) -> ClientPublic {
        ClientPublic(*power_of_g(&self.0).to_bytes())
    }

    /// The session key, from SALT and SRP_B as the server sent them: S = (B − k·g^x)^(a + u·x).
    pub fn session_key(
        &self,
        salt_hex: &str,
        server_hex: &str,
        pool_name: &str,
        user_id: &str,
        password: &SecretString,
    ) -> Result<[u8; 16], SrpError> {
        let server = ServerPublic(parse_number(server_hex)?);
        let u = scramble(&self.public_value(), &server)?;
        let even = if salt_hex.len().is_multiple_of(2) {
            salt_hex.to_owned()
        } else {
            format!("0{salt_hex}")
        };
        let salt = digest::hex_decode(&even).map_err(|_| SrpError::NotHex)?;
        let x = password_exponent(pool_name, user_id, password, &salt);
        let b = Residue::from_bytes(&server.0).ok_or(SrpError::NotReduced)?;
        let base = b.minus(&MULTIPLIER.times(&power_of_g(&x)));
        // In two steps, as the exponents here are always 32 bytes: base^a · (base^u)^x.
        let secret = base.to_the(&self.0).times(&base.to_the(&u).to_the(&x));
        Ok(derived_key(&secret, &u))
    }
}
