//! The confirmation of a sign-up: ConfirmSignUp, ResendConfirmationCode, AdminConfirmSignUp, and
//! the link of a mail.

use std::sync::Arc;

use cognate_api::Operation;
use cognate_api::idp::{
    AdminConfirmSignUpRequest, AdminConfirmSignUpResponse, ConfirmSignUpRequest,
    ConfirmSignUpResponse, ResendConfirmationCodeRequest, ResendConfirmationCodeResponse, op,
};
use cognate_crypto::digest::base64url_encode;
use cognate_model::app_client::AuthFlow;
use cognate_model::code::{CodePurpose, LimitedAction};
use cognate_model::sign_in::ConfirmedSignUp;
use cognate_model::user_pool::Tier;
use cognate_model::{Timestamp, User, UserStatus};
use cognate_store::{Tx, users as stored_users};

use super::code;
use crate::app_clients::public_call::{self, Named};
use crate::limits::sums::count_action;
use crate::limits::switched_off::check_enabled;
use crate::messages::codes::{Attempt, Guess, Through, send_code};
use crate::messages::{destinations, message};
use crate::outcome::write_settled;
use crate::sign_in::kept_step;
use crate::users::accounts::{
    PoolClient, find_named, normal_name, stand_in, sub_of, user_for_operator,
};
use crate::users::storing;
use crate::{Cx, Error, Result, failure};

pub(crate) async fn confirm_sign_up(
    cx: Cx,
    input: ConfirmSignUpRequest,
) -> Result<ConfirmSignUpResponse> {
    let named = Named {
        client_id: &input.client_id,
        username: &input.username,
        secret_hash: input.secret_hash.as_deref(),
        user_context_data: input.user_context_data.as_ref(),
    };
    let (cx, pool_client) = public_call::begin(&cx, named).await?;
    // SignUp gives none.
    if input.session.is_some() {
        return Err(Error::invalid_session());
    }
    let session = confirm(
        &cx,
        &pool_client,
        &input.username,
        &input.confirmation_code,
        Through::Call,
        input.force_alias_creation.unwrap_or(false),
    )
    .await?;
    Ok(ConfirmSignUpResponse { session })
}

/// Confirms a sign-up by the link of a mail. It takes only codes that went out as links, names the
/// client itself and asks for no secret hash.
///
/// # Errors
/// As ConfirmSignUp.
pub async fn confirm_by_link(
    cx: Cx,
    client_id: &str,
    user_name: &str,
    confirmation_code: &str,
) -> Result<()> {
    check_enabled(&cx.app, &op::ConfirmSignUp::INFO)?;
    let pool_client = PoolClient::of_client(&cx.app, client_id).await;
    let pool_client = pool_client.map_err(failure::for_callers)?;
    let (given, code) = (user_name, confirmation_code);
    let confirmed = confirm(&cx, &pool_client, given, code, Through::Link, false);
    confirmed.await.map(drop).map_err(failure::for_callers)
}

/// Confirms a sign-up, and gives the session that leads straight into the first sign-in, where the
/// app client has such sign-ins.
async fn confirm(
    cx: &Cx,
    pool_client: &PoolClient,
    given: &str,
    code: &str,
    through: Through,
    take_over: bool,
) -> Result<Option<String>> {
    let name = normal_name(&pool_client.pool, given)?;
    let taken = cx.app.limits.failures.take(&cx.origin, cx.now).await?;
    let (taken, found) = taken.through(find_named(cx, &pool_client.pool, &name).await)?;
    let hide = pool_client.hides_users();
    let status = found.as_ref().map(|user| user.status);
    match status {
        None if !hide => return Err(Error::username_client_id_not_found()),
        Some(status) if status != UserStatus::Unconfirmed && !hide => {
            return Err(Error::user_cannot_be_confirmed(status.as_str()));
        }
        _ => {}
    }
    let sub = sub_of(&cx.app, &pool_client.pool, found.as_ref(), &name);
    let attempt = Attempt::new(
        cx,
        &pool_client.pool.id,
        sub,
        CodePurpose::ConfirmSignUp,
        code,
        hide,
    );
    let (pool, now) = (Arc::clone(&pool_client.pool), cx.now);
    let session = session_of(cx, pool_client, through);
    let of_client = Arc::clone(&pool_client.entry);
    let settled = attempt.clone();
    let stands = async move |tx: &mut Tx| -> Result<Option<Option<Error>>> {
        Ok(settled.stands(tx).await?.then_some(None))
    };
    let confirm = async move |tx: &mut Tx| -> Result<Option<Error>> {
        let pending = match guess(tx, &attempt, through, now).await? {
            Guess::Right(pending) => pending,
            Guess::Refused(error) => return Ok(Some(error)),
        };
        let found = stored_users::find_with_credentials(tx, &pool.id, &attempt.sub).await?;
        let (mut user, credentials) = found.ok_or_else(Error::code_expired)?;
        // A code proves the address that it was sent to, and no other.
        let is_theirs = user.attribute(pending.contact.attribute()) == Some(&pending.address);
        if user.status != UserStatus::Unconfirmed || !is_theirs {
            return Ok(Some(Error::code_expired()));
        }
        user.mark_verified(pending.contact, true);
        user.status = UserStatus::Confirmed;
        user.modified_at = now;
        storing::store(tx, &pool, &user, take_over).await?;
        if let Some(session) = session {
            let (contact, address) = (pending.contact, pending.address.as_str());
            let client = &of_client.client;
            let of = (&user, credentials.as_ref());
            let step = ConfirmedSignUp::pending(client, of, contact, address, now);
            kept_step::put(tx, step, &session).await?;
        }
        Ok(None)
    };
    let confirmed = write_settled(&cx.app.db, "confirm_sign_up", stands, confirm).await;
    taken.settle_guess(confirmed)?;
    Ok(session.map(|session| base64url_encode(&session)))
}

/// The random of the session that leads straight into the first sign-in, where there is one.
fn session_of(cx: &Cx, pool_client: &PoolClient, through: Through) -> Option<[u8; 64]> {
    let signs_in = through == Through::Call
        && pool_client.pool.settings.tier != Tier::Lite
        && pool_client.entry.client.allows(AuthFlow::AllowUserAuth);
    signs_in.then(|| cx.random().bytes())
}

/// Tries the code, within the limits of its way.
async fn guess(tx: &mut Tx, attempt: &Attempt, through: Through, now: Timestamp) -> Result<Guess> {
    if through == Through::Link {
        return attempt.follow_link(tx).await;
    }
    let action = LimitedAction::ConfirmSignUp;
    let (whence, pool) = (&attempt.whence, &attempt.pool);
    match count_action(tx, whence, pool, &attempt.sub, action, now).await? {
        Some(limit) => Ok(Guess::Refused(limit)),
        None => attempt.guess(tx).await,
    }
}

pub(crate) async fn resend_confirmation_code(
    cx: Cx,
    input: ResendConfirmationCodeRequest,
) -> Result<ResendConfirmationCodeResponse> {
    let named = Named {
        client_id: &input.client_id,
        username: &input.username,
        secret_hash: input.secret_hash.as_deref(),
        user_context_data: input.user_context_data.as_ref(),
    };
    let (cx, pool_client) = public_call::begin(&cx, named).await?;
    let pool = Arc::clone(&pool_client.pool);
    if pool.settings.auto_verified.is_empty() {
        return Err(Error::auto_verification_not_turned_on());
    }
    let name = normal_name(&pool, &input.username)?;
    let found = stored_users::find_by_name(&mut cx.app.db.read().await?, &pool.id, &name).await?;
    let hide = pool_client.hides_users();
    let refusal = match &found {
        None => Some(Error::username_client_id_not_found()),
        Some(user) if user.status != UserStatus::Unconfirmed => {
            Some(Error::user_is_already_confirmed())
        }
        Some(_) => None,
    };
    if let Some(refusal) = refusal.filter(|_| !hide) {
        // It tells who is here, as a taken name does.
        cx.app.limits.failures.spend(&cx.origin, cx.now)?;
        return Err(refusal);
    }
    let user = stand_in(&cx, &pool, found.as_ref(), &name);
    let sent_to = found
        .as_ref()
        .filter(|user| user.status == UserStatus::Unconfirmed)
        .and_then(|user| code::contact_to_confirm(&pool, user));
    let is_sent = sent_to.is_some();
    let contacts = destinations::contacts(&cx, &pool, found.as_ref(), &name).await?;
    let shown = contacts.for_confirmation(&pool.settings.auto_verified);
    // Nobody, and somebody who is confirmed, is sent a code as it seems; guesses at it begin anew,
    // as everybody's do.
    let (contact, address) = sent_to
        .or_else(|| shown.map(|(contact, address)| (contact, address.to_owned())))
        .ok_or_else(Error::auto_verification_not_turned_on)?;
    if is_sent && !hide {
        message::check_destination(&cx.app, contact, &address)?;
    }
    let mut code = code::make(&cx, &pool_client, &user, contact, &address)?;
    if hide {
        code = code.quietly();
    }
    if !is_sent {
        code = code.addressed_to_nobody(&cx.app);
    }
    let details = code.details();
    send_code(
        &cx,
        "resend_confirmation_code",
        LimitedAction::ResendConfirmationCode,
        code,
    )
    .await?;
    Ok(ResendConfirmationCodeResponse {
        code_delivery_details: Some(details),
    })
}

pub(crate) async fn admin_confirm_sign_up(
    cx: Cx,
    input: AdminConfirmSignUpRequest,
) -> Result<AdminConfirmSignUpResponse> {
    let pool = cx.app.pool_named(&input.user_pool_id).await?;
    let sub = user_for_operator(&cx, &pool, &input.username).await?.sub;
    let now = cx.now;
    let (of_pool, of_sub) = (Arc::clone(&pool), sub.clone());
    let stands = async move |tx: &mut Tx| -> Result<Option<()>> {
        let user = stored_users::find(tx, &of_pool.id, &of_sub).await?;
        let is_confirmed = |user: &User| user.status == UserStatus::Confirmed;
        Ok(user
            .filter(|user| is_confirmed(user) && user.modified_at == now)
            .map(drop))
    };
    let confirm = async move |tx: &mut Tx| -> Result<()> {
        let mut user = stored_users::find(tx, &pool.id, &sub)
            .await?
            .ok_or_else(Error::user_does_not_exist)?;
        if user.status != UserStatus::Unconfirmed {
            return Err(Error::user_cannot_be_confirmed(user.status.as_str()));
        }
        user.status = UserStatus::Confirmed;
        user.modified_at = now;
        storing::store(tx, &pool, &user, false).await?;
        cognate_store::codes::delete(tx, &pool.id, &sub, CodePurpose::ConfirmSignUp).await?;
        Ok(())
    };
    write_settled(&cx.app.db, "admin_confirm_sign_up", stands, confirm).await?;
    Ok(AdminConfirmSignUpResponse {})
}
