//! Second factors that a sign-in has set up or used, applied in the transaction that ends the step.

use cognate_model::attribute::Contact;
use cognate_model::demand::Demand;
use cognate_model::second_factor::SecondFactor;
use cognate_model::sign_in::{NewToken, ProvedAddress, UsedToken};
use cognate_model::software_token::SoftwareToken;
use cognate_model::user::NameKind;
use cognate_model::{NormalName, Sub, Timestamp, User, UserPool};
use cognate_store::{Tx, software_tokens, users, ways_back};

use crate::recovery_codes::ends as recovery_codes;
use crate::users::storing;
use crate::{Error, Result};

/// Uses the step of a code up, which another sign-in may have used since it was looked at.
///
/// # Errors
/// `ExpiredCodeException` when it was used, or the app is another by now.
pub(super) async fn use_token(
    tx: &mut Tx,
    pool: &UserPool,
    sub: &Sub,
    used: &UsedToken,
) -> Result<()> {
    let found = software_tokens::find(tx, &pool.id, sub).await?;
    let is_the_same = found
        .and_then(|(token, _)| token.verified)
        .is_some_and(|app| app.secret == used.secret);
    if is_the_same && software_tokens::use_step(tx, &pool.id, sub, used.step).await? {
        Ok(())
    } else {
        Err(Error::software_token_used())
    }
}

/// Stores an app that was set up in a sign-in.
///
/// # Errors
/// `NotAuthorizedException` when the user has got a second factor meanwhile.
pub(super) async fn set_up_token(tx: &mut Tx, pool: &UserPool, new: &NewToken) -> Result<()> {
    check_may_set_up(tx, pool, &new.user, SecondFactor::SoftwareToken).await?;
    storing::store(tx, pool, &new.user, false).await?;
    let token = SoftwareToken {
        verified: Some(new.app.clone()),
        pending: None,
    };
    let sub = &new.user.sub;
    software_tokens::put(tx, &pool.id, sub, &token, new.step).await?;
    recovery_codes::end(tx, &pool.id, sub).await
}

/// Marks an address as verified that a code has come back from. One that is a sign-in name of
/// another user stays as it is: the sign-in goes on all the same.
///
/// # Errors
/// `AliasExistsException` for a new address that is another's; `NotAuthorizedException` as in
/// [`set_up_token`].
pub(super) async fn prove_address(
    tx: &mut Tx,
    pool: &UserPool,
    proved: &ProvedAddress,
    now: Timestamp,
) -> Result<()> {
    let (user, contact) = (&proved.user, proved.contact);
    if proved.is_new {
        check_may_set_up(tx, pool, user, SecondFactor::Email).await?;
        recovery_codes::end(tx, &pool.id, &user.sub).await?;
    }
    if !is_anothers_name(tx, pool, user, contact, now).await? {
        return storing::store(tx, pool, user, false).await;
    }
    if proved.is_new {
        Err(Error::alias_exists(contact.attribute()))
    } else {
        Ok(())
    }
}

/// Whether the user still has no second factor that could be asked for, and may set this one up: a
/// password alone takes no factor's place.
async fn check_may_set_up(
    tx: &mut Tx,
    pool: &UserPool,
    user: &User,
    factor: SecondFactor,
) -> Result<()> {
    let token = software_tokens::find(tx, &pool.id, &user.sub).await?;
    let has_token = token.is_some_and(|(token, _)| token.verified.is_some());
    let stored = users::find(tx, &pool.id, &user.sub).await?;
    let stored = stored.ok_or_else(Error::invalid_session)?;
    match pool.second_factor_of(&stored, has_token) {
        Demand::SetUp(choices) if choices.contains(&factor) => Ok(()),
        _ => Err(Error::invalid_session()),
    }
}

async fn is_anothers_name(
    tx: &mut Tx,
    pool: &UserPool,
    user: &User,
    contact: Contact,
    now: Timestamp,
) -> Result<bool> {
    let of_contact = |(kind, _): &(NameKind, NormalName)| kind.contact() == Some(contact);
    let Some((_, name)) = user.names(pool).into_iter().find(of_contact) else {
        return Ok(false);
    };
    let holder = users::find_by_name(tx, &pool.id, &name).await?;
    let has_proved =
        |holder: &User| holder.sub != user.sub && holder.has_proved(pool, contact, &name);
    Ok(holder.as_ref().is_some_and(has_proved)
        || ways_back::is_kept_for_another(tx, &pool.id, &name, &user.sub, now).await?)
}
