//! What a step of a sign-in changes, applied in the transaction that ends the step.

use cognate_model::password::Credentials;
use cognate_model::sign_in::{DeviceUse, Effect, PasswordChange};
use cognate_model::{Device, SessionId, Sub, Timestamp, User, UserPool, UserPoolId, UserStatus};
use cognate_store::{Tx, devices, sessions, users};

use super::proved;
use crate::passkeys::use_of::use_passkey;
use crate::recovery_codes::use_of::use_up as use_recovery_code;
use crate::users::accounts::Found;
use crate::users::storing;
use crate::{Error, Result};

/// Stores what the machine has changed. `address` is the user's, as far as it is known. `Some` is a
/// refusal, to be committed with the end of the step; then nothing of the changes is stored.
///
/// # Errors
/// What the operation answers.
pub(super) async fn apply(
    tx: &mut Tx,
    pool: &UserPool,
    sub: &Sub,
    effects: &[Effect],
    address: Option<&str>,
    now: Timestamp,
) -> Result<Option<Error>> {
    let refusal = use_passkey(tx, &pool.id, sub, effects, now).await?;
    if refusal.is_some() {
        return Ok(refusal);
    }
    for effect in effects {
        match effect {
            Effect::SetPassword(change) => {
                let PasswordChange { user, credentials } = change.as_ref();
                storing::store(tx, pool, user, false).await?;
                storing::set_password(tx, pool, sub, credentials, now).await?;
            }
            // The same password: neither the history nor a reset code has anything to do with it.
            // The proof's basis, its salt, still stands.
            Effect::SettlePassword(credentials) => {
                users::set_credentials(tx, &pool.id, sub, Some(credentials)).await?;
            }
            Effect::UseToken(used) => proved::use_token(tx, pool, sub, used).await?,
            Effect::SetUpToken(new) => proved::set_up_token(tx, pool, new).await?,
            Effect::ProveAddress(proved) => proved::prove_address(tx, pool, proved, now).await?,
            Effect::UseDevice(used) => use_device(tx, pool, sub, used, address, now).await?,
            Effect::UseRecoveryCode(code) => use_recovery_code(tx, pool, sub, code).await?,
            // Stored before all else: it may refuse.
            Effect::UsePasskey(_) => {}
        }
    }
    Ok(None)
}

/// Notes the use of a device, which may have been forgotten since it was looked at.
async fn use_device(
    tx: &mut Tx,
    pool: &UserPool,
    sub: &Sub,
    used: &DeviceUse,
    address: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    let use_now = |device: &mut Device| {
        device.last_ip = address.map(str::to_owned);
        device.after_second_factor |= used.after_second_factor;
        device.authenticated_at = now;
        device.modified_at = now;
    };
    if devices::change(tx, &pool.id, sub, &used.key, use_now).await? {
        Ok(())
    } else {
        Err(Error::device_does_not_exist())
    }
}

/// What a proof rests on besides the password, and the password itself, told by its salt, which no
/// other password has.
#[derive(Clone, PartialEq)]
pub(super) struct Basis {
    enabled: bool,
    status: Option<UserStatus>,
    salt: Option<Vec<u8>>,
    /// The session whose proofs count, which is to stand.
    session: Option<SessionId>,
    /// Since when such proofs count; compared only where there are any.
    factors_changed_at: Option<Timestamp>,
}

impl Basis {
    /// As the facts were read.
    pub(super) fn of_found(found: &Found) -> Self {
        Self::of(found.user(), found.credentials())
    }

    /// And a session whose proofs count.
    pub(super) fn and_session(self, session: Option<SessionId>) -> Self {
        Self { session, ..self }
    }

    /// Whether the user is still as the facts were read, and the session stands.
    ///
    /// # Errors
    /// Only what the database gives.
    pub(super) async fn stands(&self, tx: &mut Tx, pool: &UserPoolId, sub: &Sub) -> Result<bool> {
        if let Some(session) = &self.session {
            let found = sessions::find(tx, pool, session).await?;
            if found.is_none_or(|session| session.sub != *sub) {
                return Ok(false);
            }
        }
        let found = users::find_with_credentials(tx, pool, sub).await?;
        let (user, credentials) = found.unzip();
        let mut now = Self::of(user.as_ref(), credentials.flatten().as_ref());
        if self.session.is_none() {
            now.factors_changed_at = self.factors_changed_at;
        }
        Ok(now.and_session(self.session.clone()) == *self)
    }

    fn of(user: Option<&User>, credentials: Option<&Credentials>) -> Self {
        Self {
            enabled: user.is_some_and(|user| user.enabled),
            status: user.map(|user| user.status),
            salt: credentials.map(|credentials| credentials.salt.clone()),
            session: None,
            factors_changed_at: user.and_then(|user| user.factors_changed_at),
        }
    }
}
