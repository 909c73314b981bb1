//! The client's side of SRP, as amazon-cognito-identity-js and similar clients compute it. For
//! tests, the bench and the demo; the server never needs it.

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

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
        let secret = base.to_the(&*exponent(&self.0, &u, &x));
        Ok(derived_key(&secret, &u))
    }
}

/// a + u·x as an integer, big endian: school arithmetic on bytes.
fn exponent(a: &[u8; 32], u: &[u8; 32], x: &[u8; 32]) -> Zeroizing<[u8; 65]> {
    let mut columns = Zeroizing::new([0u32; 65]);
    for (at, byte) in a.iter().rev().enumerate() {
        columns[at] += u32::from(*byte);
    }
    for (i, u) in u.iter().rev().enumerate() {
        for (j, x) in x.iter().rev().enumerate() {
            // At most 32 such products meet in a column.
            columns[i + j] += u32::from(*u) * u32::from(*x);
        }
    }
    let mut sum = Zeroizing::new([0; 65]);
    let mut carry = 0;
    for (column, out) in columns.iter().zip(sum.iter_mut().rev()) {
        carry += column;
        *out = (carry & 0xff) as u8;
        carry >>= 8;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponent_carries_into_its_last_byte() {
        // (2^256 − 1) + (2^256 − 1)² = 2^512 − 2^256
        let mut expected = [0; 65];
        expected[1..33].fill(0xff);
        assert_eq!(*exponent(&[0xff; 32], &[0xff; 32], &[0xff; 32]), expected);
        let mut two = [0; 32];
        two[31] = 2;
        expected = [0; 65];
        expected[64] = 6;
        assert_eq!(*exponent(&two, &two, &two), expected);
    }
}
