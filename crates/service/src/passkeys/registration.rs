//! A new passkey: StartWebAuthnRegistration, CompleteWebAuthnRegistration. What waits between the
//! two lies in the database, so that they may meet different nodes.

use std::sync::Arc;

use cognate_api::idp::{
    CompleteWebAuthnRegistrationRequest, CompleteWebAuthnRegistrationResponse,
    StartWebAuthnRegistrationRequest, StartWebAuthnRegistrationResponse,
};
use cognate_crypto::digest::base64url_encode;
use cognate_crypto::webauthn::{ClientData, Expected, NewCredential, verify_registration};
use cognate_model::passkey::{
    CredentialId, Hints, MOST_OF_A_USER, REGISTRATION_VALIDITY, Registration, challenge,
};
use cognate_model::{Passkey, Timestamp, UserPool};
use cognate_store::{Tx, challenges, passkeys, users};

use super::relying_party::{self, other_origins};
use super::{credential, options, refused};
use crate::limits::backends;
use crate::outcome::{Reached, write_settled};
use crate::tokens::access_token::{self, SessionBasis, SignedIn};
use crate::users::storing;
use crate::{Cx, Error, Result};

pub(crate) async fn start_web_authn_registration(
    cx: Cx,
    input: StartWebAuthnRegistrationRequest,
) -> Result<StartWebAuthnRegistrationResponse> {
    let SignedIn {
        pool_client,
        user,
        session,
    } = access_token::check(&cx, &input.access_token).await?;
    let pool = &pool_client.pool;
    let relying_party_id = relying_party::id_of(pool)?.to_owned();
    let mut reader = cx.app.db.read().await?;
    let has_already = passkeys::of_user(&mut reader, &pool.id, &user.sub).await?;
    drop(reader);
    check_number(&has_already)?;
    // Each is a row until its time is over, as a challenge of a sign-in is.
    let counted = backends::of_token(&cx, &pool_client.entry, &user.sub);
    let limit = &cx.app.limits.open_challenges;
    limit.spend(&counted.origin, cx.now)?;
    let registration = Registration {
        pool: pool.id.clone(),
        client: session.client,
        sub: user.sub.clone(),
        challenge: challenge(&mut cx.random()),
        relying_party_id,
        user_verification: pool.settings.mfa.passkeys.requires_user_verification(),
        expires_at: cx.now.plus(REGISTRATION_VALIDITY),
    };
    let options = options::of_registration(pool, &user, &registration, &has_already);
    keep(&cx, registration).await?;
    Ok(StartWebAuthnRegistrationResponse {
        credential_creation_options: options,
    })
}

/// Keeps a registration until its end.
async fn keep(cx: &Cx, registration: Registration) -> Result<()> {
    let row = Registration::row(&base64url_encode(&registration.challenge));
    let kept = serde_json::to_vec(&registration)?;
    let stands = async move |tx: &mut Tx| -> Result<Option<()>> {
        Ok(challenges::find(tx, &row).await?.map(drop))
    };
    let keep = async move |tx: &mut Tx| -> Result<()> {
        let Registration {
            pool, expires_at, ..
        } = &registration;
        Ok(challenges::insert(tx, &row, pool, &kept, *expires_at).await?)
    };
    write_settled(&cx.app.db, "start_passkey_registration", stands, keep).await
}

pub(crate) async fn complete_web_authn_registration(
    cx: Cx,
    input: CompleteWebAuthnRegistrationRequest,
) -> Result<CompleteWebAuthnRegistrationResponse> {
    let signed_in = access_token::check(&cx, &input.access_token).await?;
    let basis = signed_in.basis();
    let SignedIn {
        pool_client,
        user,
        session,
    } = signed_in;
    let pool = &pool_client.pool;
    if !pool.has_passkeys() {
        return Err(Error::passkeys_not_enabled());
    }
    let response = credential::registered(input.credential)?;
    let client_data = ClientData::read(&response.client_data).map_err(refused::registration)?;
    let row = Registration::row(client_data.challenge());
    let registration = find(&cx, &row).await?;
    let is_own = registration.pool == pool.id && registration.sub == user.sub;
    if !is_own || registration.expires_at <= cx.now {
        return Err(Error::registration_not_found());
    }
    if registration.client != session.client {
        return Err(Error::registration_of_another_client());
    }
    let settings = &pool.settings.mfa.passkeys;
    if settings.relying_party_id.as_deref() != Some(&registration.relying_party_id) {
        return Err(Error::relying_party_mismatch());
    }
    let other_origins = other_origins(&cx, pool).await?;
    let expected = Expected {
        challenge: &registration.challenge,
        relying_party_id: &registration.relying_party_id,
        other_origins: &other_origins,
        user_verification: registration.user_verification,
    };
    let verified = verify_registration(&expected, &client_data, &response.attestation_object);
    let credential = verified.map_err(refused::registration)?;
    if CredentialId::of_bytes(&credential.id) != response.id {
        return Err(Error::passkey_response_malformed());
    }
    let end = End {
        row,
        pool: Arc::clone(pool),
        registration,
        basis,
        credential,
        hints: response.hints,
        now: cx.now,
    };
    store(&cx, end).await?;
    let counted = backends::of_token(&cx, &pool_client.entry, &user.sub);
    let limit = &cx.app.limits.open_challenges;
    limit.return_spent(&counted.origin, cx.now);
    Ok(CompleteWebAuthnRegistrationResponse {})
}

/// The registration of a row.
async fn find(cx: &Cx, row: &[u8; 32]) -> Result<Registration> {
    let kept = challenges::find(&mut cx.app.db.read().await?, row).await?;
    let kept = kept.ok_or_else(Error::registration_not_found)?;
    Ok(serde_json::from_slice(kept.expose())?)
}

/// A registration whose response was right.
#[derive(Clone)]
struct End {
    row: [u8; 32],
    pool: Arc<UserPool>,
    registration: Registration,
    basis: SessionBasis,
    credential: NewCredential,
    hints: Hints,
    now: Timestamp,
}

impl End {
    /// Uses the registration up and stores the passkey. What may have changed since it was looked
    /// at is checked in the same transaction: that its user is still there and signed in, and has
    /// not got too many passkeys meanwhile.
    async fn apply(self, tx: &mut Tx) -> Result<()> {
        let Registration { pool, sub, .. } = &self.registration;
        if challenges::consume(tx, &self.row).await?.is_none() {
            return Err(Error::registration_not_found());
        }
        self.basis.check(tx).await?;
        let others = passkeys::of_user(tx, pool, sub).await?;
        check_number(&others)?;
        let mut user = users::find(tx, pool, sub)
            .await?
            .ok_or_else(Error::user_does_not_exist)?;
        user.factors_changed_at = Some(self.now);
        storing::store(tx, &self.pool, &user, false).await?;
        let Self {
            registration,
            credential,
            hints,
            now,
            ..
        } = self;
        let passkey = Passkey::new(&registration, credential, hints, &others, now);
        // Who knows the id and the public key of another's passkey could offer them as their own
        // (Web Authentication Level 3, §7.1 step 26).
        if passkeys::insert(tx, &passkey).await? {
            Ok(())
        } else {
            Err(Error::passkey_exists())
        }
    }
}

async fn store(cx: &Cx, end: End) -> Result<()> {
    let reached = Reached::default();
    let (was_reached, registration) = (reached.clone(), end.registration.clone());
    let id = CredentialId::of_bytes(&end.credential.id);
    let stands = async move |tx: &mut Tx| -> Result<Option<()>> {
        let Registration { pool, sub, .. } = &registration;
        let stored = passkeys::find(tx, pool, sub, &id).await?;
        Ok(stored.filter(|_| was_reached.is_set()).map(drop))
    };
    let apply = async move |tx: &mut Tx| -> Result<()> {
        reached.clear();
        end.apply(tx).await?;
        reached.set();
        Ok(())
    };
    write_settled(&cx.app.db, "complete_passkey_registration", stands, apply).await
}

fn check_number(passkeys: &[Passkey]) -> Result<()> {
    if passkeys.len() < MOST_OF_A_USER {
        Ok(())
    } else {
        Err(Error::limit_exceeded(format!(
            "{MOST_OF_A_USER} passkeys of a user"
        )))
    }
}
