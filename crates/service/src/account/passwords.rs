//! Passwords of users: ForgotPassword, ConfirmForgotPassword, ChangePassword.

use std::sync::Arc;

use cognate_api::idp::{
    ChangePasswordRequest, ChangePasswordResponse, ConfirmForgotPasswordRequest,
    ConfirmForgotPasswordResponse, ForgotPasswordRequest, ForgotPasswordResponse,
};
use cognate_crypto::secret::SecretString;
use cognate_model::code::{CodePurpose, LimitedAction, PendingCode};
use cognate_model::lockout::Lockout;
use cognate_model::password::Credentials;
use cognate_model::{Sub, Timestamp, User, UserPool, UserStatus};
use cognate_outbound::Purpose;
use cognate_store::{Tx, attempts, sessions, users as stored_users};

use super::recovery::{recovery_contact, recovery_order};
use crate::app_clients::public_call::{self, Named};
use crate::limits::backends;
use crate::limits::sums::{Whence, count_action};
use crate::messages::codes::{Attempt, Form, Guess, NewCode, send_code};
use crate::messages::{destinations, message};
use crate::outcome::write_settled;
use crate::sign_in::lockout::{Lock, count_failure};
use crate::tokens::access_token;
use crate::users::accounts::{find_named, normal_name, stand_in};
use crate::users::new_user::new_credentials;
use crate::users::password_history::{self, Compared};
use crate::users::storing;
use crate::{Cx, Error, ErrorCode, Result};

pub(crate) async fn forgot_password(
    cx: Cx,
    input: ForgotPasswordRequest,
) -> Result<ForgotPasswordResponse> {
    let named = Named {
        client_id: &input.client_id,
        username: &input.username,
        secret_hash: input.secret_hash.as_deref(),
        user_context_data: input.user_context_data.as_ref(),
    };
    let (cx, pool_client) = public_call::begin(&cx, named).await?;
    let pool = Arc::clone(&pool_client.pool);
    if pool.recovery_order().is_empty() {
        return Err(Error::recovery_by_operators_only());
    }
    let name = normal_name(&pool, &input.username)?;
    let found = stored_users::find_by_name(&mut cx.app.db.read().await?, &pool.id, &name).await?;
    let hide = pool_client.hides_users();
    let sent_to = match &found {
        None => Err(Error::username_client_id_not_found()),
        Some(user) => recovery_contact(&pool, user),
    };
    let is_sent = sent_to.is_ok();
    let (contact, address) = if hide {
        // A user who gets no code and nobody at all are sent one, as it seems.
        let contacts = destinations::contacts(&cx, &pool, found.as_ref(), &name).await?;
        let shown = contacts
            .for_reset(&recovery_order(&pool, found.as_ref()))
            // Who has no way left, because their second factor takes all, is told of one like
            // anybody.
            .or_else(|| contacts.for_reset(&pool.recovery_order()));
        let (contact, address) = shown.ok_or_else(Error::recovery_by_operators_only)?;
        (contact, address.to_owned())
    } else {
        if !is_sent {
            // It tells who is here, as a taken name does.
            cx.app.limits.failures.spend(&cx.origin, cx.now)?;
        }
        let (contact, address) = sent_to?;
        message::check_destination(&cx.app, contact, &address)?;
        (contact, address)
    };
    let user = stand_in(&cx, &pool, found.as_ref(), &name);
    let mut code = NewCode::make(
        &cx,
        &pool,
        &user,
        CodePurpose::ResetPassword,
        contact,
        &address,
        &Form::Digits(Purpose::ForgotPassword),
    )?;
    if hide {
        code = code.quietly();
    }
    if !is_sent {
        code = code.addressed_to_nobody(&cx.app);
    }
    let details = code.details();
    send_code(&cx, "forgot_password", LimitedAction::ForgotPassword, code).await?;
    Ok(ForgotPasswordResponse {
        code_delivery_details: Some(details),
    })
}

pub(crate) async fn confirm_forgot_password(
    cx: Cx,
    input: ConfirmForgotPasswordRequest,
) -> Result<ConfirmForgotPasswordResponse> {
    let named = Named {
        client_id: &input.client_id,
        username: &input.username,
        secret_hash: input.secret_hash.as_deref(),
        user_context_data: input.user_context_data.as_ref(),
    };
    let (cx, pool_client) = public_call::begin(&cx, named).await?;
    let pool = Arc::clone(&pool_client.pool);
    // The policy is everybody's to know: checked before the code, so that a password that is too
    // short costs no guess.
    pool.settings
        .password_policy
        .check(&input.password)
        .map_err(Error::password_does_not_conform)?;
    let name = normal_name(&pool, &input.username)?;
    let taken = cx.app.limits.failures.take(&cx.origin, cx.now).await?;
    let (taken, found) = taken.through(find_named(&cx, &pool, &name).await)?;
    let hide = pool_client.hides_users();
    if found.is_none() && !hide {
        return Err(Error::username_client_id_not_found());
    }
    let user = stand_in(&cx, &pool, found.as_ref(), &name);
    let password = SecretString::from(input.password);
    let credentials = new_credentials(&cx, &pool, &user, password.clone(), None).await;
    let (taken, credentials) = taken.through(credentials)?;
    let attempt = Attempt::new(
        &cx,
        &pool.id,
        user.sub,
        CodePurpose::ResetPassword,
        &input.confirmation_code,
        hide,
    );
    let proved = if pool.settings.password_policy.history_size > 0 {
        match compare_for_the_right_code(&cx, &pool, &attempt, &password).await {
            Ok(proved) => Some(proved),
            Err(error) => return taken.settle(Err(error)),
        }
    } else {
        None
    };
    let (now, stands) = (
        cx.now,
        storing::has_password(&pool, &attempt.sub, &credentials, || None),
    );
    let confirm = async move |tx: &mut Tx| -> Result<Option<Error>> {
        let guess = match &proved {
            Some((pending, compared)) => {
                compared.check(tx, &pool.id, &attempt.sub).await?;
                Guess::Right(pending.clone())
            }
            None => guess(tx, &attempt, now).await?,
        };
        let pending = match guess {
            Guess::Right(pending) if attempt.use_up(tx, &pending).await? => pending,
            Guess::Right(_) => return Ok(Some(Error::code_expired())),
            Guess::Refused(error) => return Ok(Some(error)),
        };
        reset(tx, &pool, &attempt.sub, &pending, &credentials, now).await
    };
    taken.settle_guess(
        write_settled(&cx.app.db, "confirm_forgot_password", stands, confirm).await,
    )?;
    Ok(ConfirmForgotPasswordResponse {})
}

/// Takes a guess at a reset code, counted, without using the code up.
async fn guess(tx: &mut Tx, attempt: &Attempt, now: Timestamp) -> Result<Guess> {
    let (whence, action) = (&attempt.whence, LimitedAction::ConfirmForgotPassword);
    let refused = count_action(tx, whence, &attempt.pool, &attempt.sub, action, now).await?;
    match refused {
        Some(error) => Ok(Guess::Refused(error)),
        None => attempt.look(tx).await,
    }
}

/// In a pool with a password history: compares the new password with the earlier ones, for who has
/// sent the right code, and for nobody else. What follows the code, be it an answer or the time
/// that the powers take, tells a stranger nothing then. The code stays, and serves for another
/// password; each try counts as a guess at it.
async fn compare_for_the_right_code(
    cx: &Cx,
    pool: &UserPool,
    attempt: &Attempt,
    password: &SecretString,
) -> Result<(PendingCode, Compared)> {
    let (tried, now) = (attempt.clone(), cx.now);
    let look = async move |tx: &mut Tx| guess(tx, &tried, now).await;
    let pending = match cx.app.db.write("guess_reset_code", look).await? {
        Guess::Right(pending) => pending,
        Guess::Refused(error) => return Err(error),
    };
    let compared = password_history::compare(cx, pool, &attempt.sub, password).await?;
    Ok((pending, compared))
}

/// Resets the password of a user whose code came back. `Some` holds the refusal, if the code has
/// lost its meaning since: the code is used up all the same.
async fn reset(
    tx: &mut Tx,
    pool: &UserPool,
    sub: &Sub,
    code: &PendingCode,
    credentials: &Credentials,
    now: Timestamp,
) -> Result<Option<Error>> {
    let mut user = stored_users::find(tx, &pool.id, sub)
        .await?
        .ok_or_else(Error::code_expired)?;
    let still_theirs = user.attribute(code.contact.attribute()) == Some(&code.address)
        && user.has_verified(code.contact);
    let can_be_reset = matches!(
        user.status,
        UserStatus::Confirmed | UserStatus::ResetRequired
    );
    if !still_theirs || !can_be_reset || !user.enabled {
        return Ok(Some(Error::code_expired()));
    }
    user.status = UserStatus::Confirmed;
    user.recover_by = None;
    user.modified_at = now;
    storing::store(tx, pool, &user, false).await?;
    storing::set_password(tx, pool, sub, credentials, now).await?;
    // Whoever knew the old password is out, and out of the way of the new one.
    sessions::end_all_of_user(tx, &pool.id, sub).await?;
    attempts::clear_lockout(tx, &pool.id, sub.as_str()).await?;
    Ok(None)
}

pub(crate) async fn change_password(
    cx: Cx,
    input: ChangePasswordRequest,
) -> Result<ChangePasswordResponse> {
    let signed_in = access_token::check(&cx, &input.access_token).await?;
    let basis = signed_in.basis();
    let (pool, user) = (Arc::clone(&signed_in.pool_client.pool), signed_in.user);
    let previous = input
        .previous_password
        .filter(|password| !password.is_empty())
        .ok_or_else(|| Error::missing_required_parameter("PreviousPassword"))?;
    pool.settings
        .password_policy
        .check(&input.proposed_password)
        .map_err(Error::password_does_not_conform)?;
    let cx = backends::of_token(&cx, &signed_in.pool_client.entry, &user.sub);
    let taken = cx.app.limits.failures.take(&cx.origin, cx.now).await?;
    let (taken, (credentials, lockout)) = taken.through(password_of(&cx, &user).await)?;
    // The lock of sign-in holds here too: a stolen access token is no way round it.
    if lockout.is_locked(cx.now) {
        taken.give_back();
        Lock::Stands.tell(&cx.app.counts);
        return Err(Error::attempt_limit_exceeded());
    }
    if !is_right(&cx, &pool, credentials.clone(), previous).await? {
        let wrong = Error::incorrect_username_or_password();
        return Err(count_guess(&cx, &user, wrong).await?);
    }
    let proposed = SecretString::from(input.proposed_password);
    let compared = match password_history::compare(&cx, &pool, &user.sub, &proposed).await {
        Ok(compared) => compared,
        Err(error) => return Err(count_used_before(&cx, &user, error).await?),
    };
    let new = new_credentials(&cx, &pool, &user, proposed, None).await?;
    let (session, now, before) = (
        signed_in.session.id,
        cx.now,
        credentials.map(|credentials| credentials.salt),
    );
    let stands = storing::has_password(&pool, &user.sub, &new, || ());
    let by = user.clone();
    let change = async move |tx: &mut Tx| -> Result<()> {
        basis.check(tx).await?;
        let current = stored_users::credentials(tx, &pool.id, &user.sub).await?;
        let lockout = attempts::find_lockout(tx, &pool.id, user.sub.as_str()).await?;
        // Guesses beside this one have locked the account, or another change was faster.
        if lockout.is_locked(now) {
            return Err(Error::attempt_limit_exceeded());
        }
        if current.map(|current| current.salt) != before {
            return Err(Error::incorrect_username_or_password());
        }
        compared.check(tx, &pool.id, &user.sub).await?;
        let mut user = stored_users::find(tx, &pool.id, &user.sub)
            .await?
            .ok_or_else(Error::user_does_not_exist)?;
        user.modified_at = now;
        storing::store(tx, &pool, &user, false).await?;
        storing::set_password(tx, &pool, &user.sub, &new, now).await?;
        // Whoever knew the old password is out; the session that changed it stays.
        sessions::end_others_of_user(tx, &pool.id, &user.sub, &session).await?;
        attempts::clear_lockout(tx, &pool.id, user.sub.as_str()).await?;
        Ok(())
    };
    let changed = write_settled(&cx.app.db, "change_password", stands, change).await;
    match taken.settle(changed) {
        Ok(()) => Ok(ChangePasswordResponse {}),
        Err(error) => Err(count_used_before(&cx, &by, error).await?),
    }
}

/// Whether a password is that of these credentials.
async fn is_right(
    cx: &Cx,
    pool: &UserPool,
    known: Option<Credentials>,
    password: String,
) -> Result<bool> {
    let (pool, password) = (pool.id.clone(), SecretString::from(password));
    let memory = known.as_ref().and_then(Credentials::hashing_memory);
    let compare = move || known.is_some_and(|known| known.match_password(&pool, &password));
    cx.compute_hash(memory, compare).await
}

/// Counts a try of an earlier password, which who knows the present one may be guessing at, as a
/// wrong password is counted; gives the refusal, or that of the lock or the limit.
async fn count_used_before(cx: &Cx, user: &User, refusal: Error) -> Result<Error> {
    match refusal.code {
        ErrorCode::PasswordHistoryPolicyViolation => count_guess(cx, user, refusal).await,
        _ => Ok(refusal),
    }
}

/// What is kept of a user's password, and the failures so far.
async fn password_of(cx: &Cx, user: &User) -> Result<(Option<Credentials>, Lockout)> {
    let mut tx = cx.app.db.read().await?;
    let credentials = stored_users::credentials(&mut tx, &user.pool, &user.sub).await?;
    let lockout = attempts::find_lockout(&mut tx, &user.pool, user.sub.as_str()).await?;
    Ok((credentials, lockout))
}

/// Counts a guess towards the lock and the limit; gives their refusal, or this one.
async fn count_guess(cx: &Cx, user: &User, refusal: Error) -> Result<Error> {
    let (pool, sub, now) = (user.pool.clone(), user.sub.clone(), cx.now);
    let whence = Whence::of(cx);
    let count = async move |tx: &mut Tx| -> Result<(Lock, Option<Error>)> {
        let lock = count_failure(tx, &pool, &sub, now).await?;
        if lock == Lock::Stands {
            return Ok((lock, Some(Error::attempt_limit_exceeded())));
        }
        let action = LimitedAction::ChangePassword;
        Ok((
            lock,
            count_action(tx, &whence, &pool, &sub, action, now).await?,
        ))
    };
    let (lock, limit) = cx.app.db.write("count_wrong_password", count).await?;
    lock.tell(&cx.app.counts);
    Ok(limit.unwrap_or(refusal))
}
