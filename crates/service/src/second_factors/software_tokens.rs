//! Authenticator apps of users: AssociateSoftwareToken, VerifySoftwareToken and
//! AdminDeleteSoftwareToken (docs/protocol.md §15.1, §15.2).

use std::sync::Arc;

use cognate_api::idp::{
    AdminDeleteSoftwareTokenRequest, AdminDeleteSoftwareTokenResponse,
    AssociateSoftwareTokenRequest, AssociateSoftwareTokenResponse, VerifySoftwareTokenRequest,
    VerifySoftwareTokenResponse, VerifySoftwareTokenResponseType,
};
use cognate_crypto::totp;
use cognate_model::code::LimitedAction;
use cognate_model::second_factor::SecondFactor;
use cognate_model::software_token::RefusedToken;
use cognate_model::{SessionId, Sub, Timestamp, UserPool};
use cognate_store::{Tx, software_tokens, users};

use crate::limits::backends;
use crate::limits::sums::{Whence, count_action};
use crate::outcome::{Reached, write_settled};
use crate::recovery_codes::{ends as recovery_codes, switch};
use crate::sign_in::app_set_up;
use crate::tokens::access_token::{self, SessionBasis, SignedIn};
use crate::users::accounts::user_for_operator;
use crate::users::storing;
use crate::{Cx, Error, Result};

/// The longest name of an app that is kept, in bytes.
const LONGEST_NAME: usize = 256;

pub(crate) async fn associate_software_token(
    cx: Cx,
    input: AssociateSoftwareTokenRequest,
) -> Result<AssociateSoftwareTokenResponse> {
    let secret = totp::new_secret(&mut cx.random());
    let answer = |session| AssociateSoftwareTokenResponse {
        secret_code: Some(totp::base32(&secret).expose().to_owned()),
        session,
    };
    let signed_in = match caller(input.access_token, input.session)? {
        Calling::Token(token) => check_token(&cx, &token).await?,
        Calling::Session(session) => {
            let session = app_set_up::associate(&cx, &session, secret.clone()).await?;
            return Ok(answer(Some(session)));
        }
    };
    let drawn = secret.clone();
    let (basis, user) = (signed_in.basis(), signed_in.user);
    let associate = async move |tx: &mut Tx| -> Result<()> {
        basis.check(tx).await?;
        let found = software_tokens::find(tx, &user.pool, &user.sub).await?;
        let (mut token, last_step) = found.unwrap_or_default();
        token.associate(drawn);
        software_tokens::put(tx, &user.pool, &user.sub, &token, last_step).await?;
        Ok(())
    };
    cx.app
        .db
        .write("associate_software_token", associate)
        .await?;
    Ok(answer(None))
}

pub(crate) async fn verify_software_token(
    cx: Cx,
    input: VerifySoftwareTokenRequest,
) -> Result<VerifySoftwareTokenResponse> {
    let name = input.friendly_device_name.unwrap_or_default();
    if name.len() > LONGEST_NAME {
        return Err(Error::invalid_parameter("FriendlyDeviceName is too long."));
    }
    let session = match caller(input.access_token, input.session)? {
        Calling::Token(token) => {
            verify_by_token(&cx, &token, input.user_code, name).await?;
            None
        }
        Calling::Session(session) => {
            Some(app_set_up::verify(&cx, &session, &input.user_code, &name).await?)
        }
    };
    Ok(VerifySoftwareTokenResponse {
        status: Some(VerifySoftwareTokenResponseType::Success),
        session,
    })
}

async fn verify_by_token(cx: &Cx, token: &str, code: String, name: String) -> Result<()> {
    let signed_in = check_token(cx, token).await?;
    let basis = signed_in.basis();
    let SignedIn {
        pool_client,
        user,
        session,
    } = signed_in;
    let recovery_codes_are_on = switch::are_on(cx, &pool_client.pool).await?;
    let cx = backends::of_token(cx, &pool_client.entry, &user.sub);
    let taken = cx.app.limits.failures.take(&cx.origin, cx.now).await?;
    let try_code = Try {
        pool: pool_client.pool,
        sub: user.sub,
        basis,
        session: session.id,
        code,
        name,
        recovery_codes_are_on,
        whence: Whence::of(&cx),
        now: cx.now,
        was_right: Reached::default(),
    };
    let settled = try_code.clone();
    let stands = async move |tx: &mut Tx| settled.stands(tx).await;
    let verify = async move |tx: &mut Tx| try_code.verify(tx).await;
    let outcome = write_settled(&cx.app.db, "verify_software_token", stands, verify).await;
    taken.settle_guess(outcome)
}

/// What names the user of a call.
enum Calling {
    /// The access token of a user who is signed in.
    Token(String),
    /// The session of a sign-in that waits for the set-up.
    Session(String),
}

fn caller(access_token: Option<String>, session: Option<String>) -> Result<Calling> {
    match (access_token, session) {
        (Some(token), None) => Ok(Calling::Token(token)),
        (None, Some(session)) => Ok(Calling::Session(session)),
        (Some(_), Some(_)) | (None, None) => Err(Error::access_token_or_session()),
    }
}

/// A signed-in user whose pool offers authenticator apps.
async fn check_token(cx: &Cx, token: &str) -> Result<SignedIn> {
    let signed_in = access_token::check(cx, token).await?;
    let mfa = &signed_in.pool_client.pool.settings.mfa;
    if !mfa.offers(SecondFactor::SoftwareToken) {
        return Err(Error::software_token_not_offered());
    }
    Ok(signed_in)
}

/// A try at a code of the secret that was given out last.
#[derive(Clone)]
struct Try {
    pool: Arc<UserPool>,
    sub: Sub,
    basis: SessionBasis,
    session: SessionId,
    code: String,
    name: String,
    recovery_codes_are_on: bool,
    whence: Whence,
    now: Timestamp,
    /// Whether the last transaction found it right, be it committed or not.
    was_right: Reached,
}

impl Try {
    /// Whether the transaction stands that found it right: then the secret is in its place, and the
    /// step is the newest that was used.
    async fn stands(&self, tx: &mut Tx) -> Result<Option<Option<Error>>> {
        if !self.was_right.is_set() {
            return Ok(None);
        }
        let found = software_tokens::find(tx, &self.pool.id, &self.sub).await?;
        let is_in_place = found.is_some_and(|(token, last_step)| {
            token.pending.is_none() && token.check(&self.code, last_step - 1, self.now).is_ok()
        });
        Ok(is_in_place.then_some(None))
    }

    /// Tries it. `Some` holds the refusal, which is committed with the count of the try.
    async fn verify(self, tx: &mut Tx) -> Result<Option<Error>> {
        self.was_right.clear();
        self.basis.check(tx).await?;
        let action = LimitedAction::VerifySoftwareToken;
        let (pool, sub) = (&self.pool.id, &self.sub);
        if count_action(tx, &self.whence, pool, sub, action, self.now)
            .await?
            .is_some()
        {
            // It has no LimitExceededException of its own.
            return Ok(Some(Error::too_many_requests()));
        }
        let found = software_tokens::find(tx, pool, sub).await?;
        let (mut token, _) = found.unwrap_or_default();
        let had_app = token.verified.is_some();
        match token.verify(&self.code, &self.name, self.now) {
            Ok(step) => {
                self.was_right.set();
                software_tokens::put(tx, pool, sub, &token, step).await?;
                self.note(tx, had_app).await?;
                Ok(None)
            }
            Err(refusal) => Ok(Some(refused(refusal))),
        }
    }

    /// Notes that the user's factors have changed. The first second factor ends recovery codes of
    /// an earlier time, and lets others be made.
    async fn note(&self, tx: &mut Tx, had_app: bool) -> Result<()> {
        let mut user = users::find(tx, &self.pool.id, &self.sub)
            .await?
            .ok_or_else(Error::user_does_not_exist)?;
        user.factors_changed_at = Some(self.now);
        storing::store(tx, &self.pool, &user, false).await?;
        let of = (self.pool.as_ref(), &user, had_app);
        let are_on = self.recovery_codes_are_on;
        recovery_codes::app_is_set_up(tx, of, &self.session, are_on, self.now).await
    }
}

fn refused(refusal: RefusedToken) -> Error {
    match refusal {
        RefusedToken::NoSecret => Error::software_token_not_found(),
        RefusedToken::Mismatch | RefusedToken::Used => Error::software_token_mismatch(),
    }
}

pub(crate) async fn admin_delete_software_token(
    cx: Cx,
    input: AdminDeleteSoftwareTokenRequest,
) -> Result<AdminDeleteSoftwareTokenResponse> {
    let pool = cx.app.pool_named(&input.user_pool_id).await?;
    let sub = user_for_operator(&cx, &pool, &input.username).await?.sub;
    let now = cx.now;
    let delete = async move |tx: &mut Tx| -> Result<()> {
        let mut user = users::find(tx, &pool.id, &sub)
            .await?
            .ok_or_else(Error::user_does_not_exist)?;
        software_tokens::delete(tx, &pool.id, &sub).await?;
        let before = user.mfa.clone();
        user.mfa.lose(SecondFactor::SoftwareToken);
        if !pool.asks_for_second_factor(&user, false) {
            recovery_codes::end(tx, &pool.id, &sub).await?;
        }
        if user.mfa != before {
            user.modified_at = now;
            storing::store(tx, &pool, &user, false).await?;
        }
        Ok(())
    };
    cx.app
        .db
        .write("admin_delete_software_token", delete)
        .await?;
    Ok(AdminDeleteSoftwareTokenResponse {})
}
