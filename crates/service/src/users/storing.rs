//! Changes to a user row that several operations make, and what follows from them: names that pass
//! from one user to another, and codes that end.

use std::time::Duration;

use cognate_model::attribute::Contact;
use cognate_model::code::{CodePurpose, PendingCode};
use cognate_model::password::Credentials;
use cognate_model::user::NameKind;
use cognate_model::{NormalName, Sub, Timestamp, User, UserPool, UserPoolId, UserStatus};
use cognate_store::{Tx, codes, pool_changes, users, users::UpdateRefused};

use super::password_history;
use crate::{Error, Result};

/// So long a sign-up that nobody confirms keeps its address from the next who signs up with it: as
/// long as its code lives.
const UNCONFIRMED_HOLDS: Duration = Duration::from_secs(24 * 3600);

/// Stores a changed user with the names that follow from it. `user` was read in this transaction. A
/// name that the user has proved is taken from who has not proved it; with `take_over`, from
/// anybody. Codes that were sent for what has changed end.
///
/// # Errors
/// `AliasExistsException` when another user holds one of the names.
pub(crate) async fn store(
    tx: &mut Tx,
    pool: &UserPool,
    user: &User,
    take_over: bool,
) -> Result<()> {
    let before = users::find(tx, &pool.id, &user.sub).await?;
    let held = before
        .as_ref()
        .map(|before| before.names(pool))
        .unwrap_or_default();
    let is_new = |(_, name): &(NameKind, NormalName)| !held.iter().any(|(_, held)| held == name);
    let names = user.names(pool);
    for (kind, name) in names.iter().filter(|name| is_new(name)) {
        take(tx, pool, user, *kind, name, take_over).await?;
    }
    match users::update(tx, user, &names).await? {
        Ok(()) => {}
        Err(UpdateRefused::NameTaken(kind)) => return Err(Error::alias_exists(kind.as_str())),
        Err(UpdateRefused::Conflict) => {
            return Err(
                Error::too_many_requests().with_source("the user was changed by another request")
            );
        }
    }
    match before {
        Some(before) => end_codes(tx, &before, user).await,
        None => Ok(()),
    }
}

/// For a new user: checks that they were made by the rules that hold in this transaction. A node
/// keeps a pool for a moment after it has got others.
///
/// # Errors
/// `TooManyRequestsException`: who tries again is understood by the new rules.
pub(crate) async fn check_rules(tx: &mut Tx, pool: &UserPool) -> Result<()> {
    let change = pool_changes::under_way(tx, &pool.id).await?;
    if change.is_none_or(|change| change.is_known_to(pool)) {
        Ok(())
    } else {
        Err(Error::too_many_requests().with_source("the pool has just got other rules"))
    }
}

/// For a new user: takes the names that an operator vouches for from who has not proved them, or,
/// with `take_over`, from anybody.
///
/// # Errors
/// Only what the database gives.
pub(crate) async fn take_names(
    tx: &mut Tx,
    pool: &UserPool,
    user: &User,
    take_over: bool,
) -> Result<()> {
    for (kind, name) in user.names(pool) {
        take(tx, pool, user, kind, &name, take_over).await?;
    }
    Ok(())
}

/// For a new user: takes the names from sign-ups that nobody has confirmed in time, so that nobody
/// keeps an address from its owner for ever by signing up with it.
///
/// # Errors
/// Only what the database gives.
pub(crate) async fn take_abandoned_names(tx: &mut Tx, pool: &UserPool, user: &User) -> Result<()> {
    for (kind, name) in user.names(pool) {
        let Some(contact) = kind.contact() else {
            continue;
        };
        let holder = another_holder(tx, pool, user, &name).await?;
        let is_abandoned = |holder: &User| {
            holder.status == UserStatus::Unconfirmed
                && !holder.has_proved(pool, contact, &name)
                && holder.created_at.plus(UNCONFIRMED_HOLDS) <= user.created_at
        };
        if let Some(holder) = holder.filter(is_abandoned) {
            release(tx, pool, holder, contact, &name, user.modified_at).await?;
        }
    }
    Ok(())
}

/// Takes a name that the user has proved from another who holds it and has not, or whom `take_over`
/// overrules. User names and preferred names are never taken.
async fn take(
    tx: &mut Tx,
    pool: &UserPool,
    user: &User,
    kind: NameKind,
    name: &NormalName,
    take_over: bool,
) -> Result<()> {
    let Some(contact) = kind
        .contact()
        .filter(|contact| user.has_proved(pool, *contact, name))
    else {
        return Ok(());
    };
    let holder = another_holder(tx, pool, user, name).await?;
    match holder.filter(|holder| take_over || !holder.has_proved(pool, contact, name)) {
        Some(holder) => release(tx, pool, holder, contact, name, user.modified_at).await,
        None => Ok(()),
    }
}

async fn another_holder(
    tx: &mut Tx,
    pool: &UserPool,
    user: &User,
    name: &NormalName,
) -> Result<Option<User>> {
    let holder = users::find_by_name(tx, &pool.id, name).await?;
    Ok(holder.filter(|holder| holder.sub != user.sub))
}

/// Takes an address from its holder as a name; it is unverified from then on, so that it signs them
/// in no more.
async fn release(
    tx: &mut Tx,
    pool: &UserPool,
    before: User,
    contact: Contact,
    name: &NormalName,
    now: Timestamp,
) -> Result<()> {
    let mut holder = before.clone();
    holder.lose_name(pool, contact, name);
    holder.modified_at = now;
    let names = holder.names(pool);
    match users::update(tx, &holder, &names).await? {
        Ok(()) => end_codes(tx, &before, &holder).await,
        Err(_) => {
            Err(Error::internal().with_source("the holder of the alias could not be changed"))
        }
    }
}

/// Sets a user's password. The one before is remembered for as long as the pool's history reaches,
/// and a reset code that was sent for it ends.
///
/// # Errors
/// Only what the database gives.
pub(crate) async fn set_password(
    tx: &mut Tx,
    pool: &UserPool,
    sub: &Sub,
    credentials: &Credentials,
    now: Timestamp,
) -> Result<()> {
    password_history::remember(tx, pool, sub).await?;
    users::set_credentials(tx, &pool.id, sub, Some(credentials)).await?;
    end_code(tx, &pool.id, sub, CodePurpose::ResetPassword, now, |_| true).await
}

/// Whether a user has these credentials already, told by their salt; then gives the value.
pub(crate) fn has_password<T: 'static>(
    pool: &UserPool,
    sub: &Sub,
    credentials: &Credentials,
    value: fn() -> T,
) -> impl Clone + Send + 'static + AsyncFnOnce(&mut Tx) -> Result<Option<T>> {
    let (pool, sub, salt) = (pool.id.clone(), sub.clone(), credentials.salt.clone());
    async move |tx: &mut Tx| {
        let found = users::credentials(tx, &pool, &sub).await?;
        Ok(found.filter(|found| found.salt == salt).map(|_| value()))
    }
}

/// Ends the codes that would verify an address of a user: an operator has said which one it is.
///
/// # Errors
/// Only what the database gives.
pub(crate) async fn end_verification(
    tx: &mut Tx,
    user: &User,
    contact: Contact,
    now: Timestamp,
) -> Result<()> {
    let purpose = CodePurpose::verify(contact);
    end_code(tx, &user.pool, &user.sub, purpose, now, |_| true).await
}

/// Ends the codes of what is no longer as it was when they were sent.
async fn end_codes(tx: &mut Tx, before: &User, after: &User) -> Result<()> {
    let (pool, sub, now) = (&after.pool, &after.sub, after.modified_at);
    let is_disabled = before.enabled && !after.enabled;
    for purpose in CodePurpose::ALL {
        if is_disabled || (before.status != after.status && purpose.ends_with_status()) {
            end_code(tx, pool, sub, purpose, now, |_| true).await?;
        }
    }
    for contact in Contact::ALL {
        let address = contact.attribute();
        let has_changed = before.attribute(address) != after.attribute(address);
        let is_unverified = before.has_verified(contact) && !after.has_verified(contact);
        if has_changed {
            end_code(tx, pool, sub, CodePurpose::verify(contact), now, |_| true).await?;
        }
        if has_changed || is_unverified {
            for purpose in [CodePurpose::ConfirmSignUp, CodePurpose::ResetPassword] {
                let went_there = |code: &PendingCode| code.contact == contact;
                end_code(tx, pool, sub, purpose, now, went_there).await?;
            }
        }
    }
    Ok(())
}

/// Ends a code as its time would: who has it is told that it has run out, and guesses go on being
/// counted in its row. What stands in for a code where none was sent has no address, and stays.
async fn end_code(
    tx: &mut Tx,
    pool: &UserPoolId,
    sub: &Sub,
    purpose: CodePurpose,
    now: Timestamp,
    passes: impl FnOnce(&PendingCode) -> bool,
) -> Result<()> {
    let found = codes::find(tx, pool, sub, purpose).await?;
    if found.is_some_and(|(code, _, _)| !code.address.is_empty() && passes(&code)) {
        codes::end(tx, pool, sub, purpose, now).await?;
    }
    Ok(())
}
