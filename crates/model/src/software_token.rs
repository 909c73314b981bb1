//! The authenticator app of a user.

use cognate_crypto::secret::{SecretBytes, sealed_bytes};
use cognate_crypto::totp;
use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// What is kept of a user's authenticator app; sealed where it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SoftwareToken {
    /// The app that has shown a right code, and serves until another has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<VerifiedToken>,
    /// The secret that was given out last and that no code has come back for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending: Option<PendingToken>,
}

/// An app that has shown a right code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifiedToken {
    /// Its secret.
    #[serde(with = "sealed_bytes")]
    pub secret: SecretBytes,
    /// What the user calls it; empty where they call it nothing.
    #[serde(default)]
    pub name: String,
}

/// A secret that was given out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingToken {
    /// The secret.
    #[serde(with = "sealed_bytes")]
    pub secret: SecretBytes,
}

/// Why a code of an app is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedToken {
    /// There is no secret that it could be a code of.
    NoSecret,
    /// It is no code of these minutes.
    Mismatch,
    /// It is, or an earlier one than that which was used last.
    Used,
}

impl SoftwareToken {
    /// Takes a new secret, which serves once a code of it has come back. The app before serves
    /// until then.
    pub fn associate(&mut self, secret: SecretBytes) {
        self.pending = Some(PendingToken { secret });
    }

    /// Puts the pending secret into its place, for a code of it; gives the code's step, which is
    /// used up.
    ///
    /// # Errors
    /// [`RefusedToken::NoSecret`] and [`RefusedToken::Mismatch`].
    pub fn verify(&mut self, code: &str, name: &str, now: Timestamp) -> Result<i64, RefusedToken> {
        let pending = self.pending.as_ref().ok_or(RefusedToken::NoSecret)?;
        let step = totp::matching_step(&pending.secret, code, now.seconds())
            .ok_or(RefusedToken::Mismatch)?;
        self.verified = Some(VerifiedToken {
            secret: pending.secret.clone(),
            name: name.to_owned(),
        });
        self.pending = None;
        Ok(step)
    }

    /// The step of a code of the verified app. `last_step` is the newest that was used.
    ///
    /// # Errors
    /// Each [`RefusedToken`].
    pub fn check(&self, code: &str, last_step: i64, now: Timestamp) -> Result<i64, RefusedToken> {
        let verified = self.verified.as_ref().ok_or(RefusedToken::NoSecret)?;
        let step = totp::matching_step(&verified.secret, code, now.seconds())
            .ok_or(RefusedToken::Mismatch)?;
        if step > last_step {
            Ok(step)
        } else {
            Err(RefusedToken::Used)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const NOON: Timestamp = Timestamp(1_782_907_200_000);

    fn secret(byte: u8) -> SecretBytes {
        SecretBytes::new(vec![byte; totp::SECRET_LENGTH])
    }

    /// A token with a secret that was given out.
    fn associated() -> (SoftwareToken, SecretBytes) {
        let mut token = SoftwareToken::default();
        token.associate(secret(1));
        (token, secret(1))
    }

    fn code_at(secret: &SecretBytes, now: Timestamp) -> String {
        let step = totp::step_of(now.seconds());
        totp::code(secret, step).expose().to_owned()
    }

    #[test]
    fn an_app_serves_once_it_has_shown_a_code() {
        let mut token = SoftwareToken::default();
        assert_eq!(
            token.verify("123456", "", NOON),
            Err(RefusedToken::NoSecret)
        );
        token.associate(secret(1));
        let code = code_at(&secret(1), NOON);
        assert_eq!(token.check(&code, 0, NOON), Err(RefusedToken::NoSecret));
        let step = token.verify(&code, "phone", NOON).unwrap();
        assert_eq!(step, totp::step_of(NOON.seconds()));
        assert_eq!(token.verified.as_ref().unwrap().name, "phone");
        assert_eq!(token.pending, None);
        assert_eq!(token.check(&code, step - 1, NOON), Ok(step));
    }

    #[test]
    fn a_wrong_code_changes_nothing() {
        let (mut token, secret) = associated();
        let before = token.clone();
        let late = Timestamp(NOON.0 + 300_000);
        let refused = token.verify(&code_at(&secret, late), "", NOON);
        assert_eq!(refused, Err(RefusedToken::Mismatch));
        assert_eq!(token, before);
    }

    #[test]
    fn a_code_serves_once_and_no_older_one_after_it() {
        let (mut token, secret) = associated();
        let step = token.verify(&code_at(&secret, NOON), "", NOON).unwrap();
        let used = Err(RefusedToken::Used);
        assert_eq!(token.check(&code_at(&secret, NOON), step, NOON), used);
        let before = Timestamp(NOON.0 - 30_000);
        assert_eq!(token.check(&code_at(&secret, before), step, NOON), used);
        let after = Timestamp(NOON.0 + 30_000);
        let next = token.check(&code_at(&secret, after), step, NOON);
        assert_eq!(next, Ok(step + 1));
    }

    #[test]
    fn the_app_before_serves_until_the_new_one_has_shown_a_code() {
        let (mut token, old) = associated();
        token.verify(&code_at(&old, NOON), "", NOON).unwrap();
        let new = secret(2);
        token.associate(new.clone());
        assert!(token.check(&code_at(&old, NOON), 0, NOON).is_ok());
        assert!(token.check(&code_at(&new, NOON), 0, NOON).is_err());
        token.verify(&code_at(&new, NOON), "", NOON).unwrap();
        assert!(token.check(&code_at(&old, NOON), 0, NOON).is_err());
        assert!(token.check(&code_at(&new, NOON), 0, NOON).is_ok());
    }
}
