//! A change of what a user has switched on.

use std::collections::BTreeMap;
use std::sync::Arc;

use cognate_model::second_factor::{PasskeyFactor, RefusedWish, SecondFactor, Wish};
use cognate_model::{Sub, Timestamp, User, UserPool};
use cognate_store::{Tx, software_tokens, users};

use crate::recovery_codes::ends as recovery_codes;
use crate::tokens::access_token::SessionBasis;
use crate::users::storing;
use crate::{Cx, Error, Result};

/// What a request wishes.
#[derive(Clone, Default)]
pub(super) struct Wishes {
    /// Of factors.
    pub(super) factors: BTreeMap<SecondFactor, Wish>,
    /// Whether a passkey may stand for both factors, if the request says so.
    pub(super) passkey: Option<bool>,
}

/// Who wishes it.
#[derive(Clone)]
pub(super) enum By {
    /// The user, in a session.
    User(SessionBasis),
    /// An operator.
    Operator,
}

/// Makes the wishes of a request true.
///
/// # Errors
/// `InvalidParameterException` for what contradicts itself, the pool, or what the user has;
/// `UserNotFoundException`.
pub(super) async fn change(
    cx: &Cx,
    name: &'static str,
    pool: &Arc<UserPool>,
    sub: &Sub,
    (by, wishes): (By, Wishes),
) -> Result<()> {
    let (pool, sub, now) = (Arc::clone(pool), sub.clone(), cx.now);
    let change = async move |tx: &mut Tx| make_true(tx, &pool, &sub, (&by, &wishes), now).await;
    cx.app.db.write(name, change).await
}

async fn make_true(
    tx: &mut Tx,
    pool: &UserPool,
    sub: &Sub,
    (by, wishes): (&By, &Wishes),
    now: Timestamp,
) -> Result<()> {
    if let By::User(basis) = by {
        basis.check(tx).await?;
    }
    let stored = users::find(tx, &pool.id, sub)
        .await?
        .ok_or_else(Error::user_does_not_exist)?;
    let token = software_tokens::find(tx, &pool.id, sub).await?;
    let has_token = token.is_some_and(|(token, _)| token.verified.is_some());
    let (mut user, before) = (stored.clone(), &stored.mfa);
    for (factor, wish) in &wishes.factors {
        if wish.enabled && !before.enabled.contains(factor) {
            check_can_be_used(pool, &user, *factor, has_token)?;
        }
    }
    user.mfa
        .set(&wishes.factors, pool.settings.mfa.configuration)
        .map_err(refused)?;
    if let Some(passkey) = wishes.passkey {
        user.mfa.passkey = passkey;
        check_passkey(pool, &user)?;
    }
    if user.mfa == *before {
        return Ok(());
    }
    let was_asked = pool.asks_for_second_factor(&stored, has_token);
    let is_asked = pool.asks_for_second_factor(&user, has_token);
    let by_user = matches!(by, By::User(_));
    recovery_codes::follow(tx, &user, (was_asked, is_asked), by_user).await?;
    user.modified_at = now;
    storing::store(tx, pool, &user, false).await
}

/// Whether a factor can be switched on. An app that the user has serves on where the pool offers
/// none any more (docs/protocol.md §15.2); an address need not be verified (§15.3).
fn check_can_be_used(
    pool: &UserPool,
    user: &User,
    factor: SecondFactor,
    has_token: bool,
) -> Result<()> {
    let is_ready = match factor.contact() {
        Some(contact) => user.attribute(contact.attribute()).is_some(),
        None => has_token,
    };
    let is_offered = pool.settings.mfa.offers(factor);
    let serves_on = factor == SecondFactor::SoftwareToken && has_token;
    if !is_offered && !serves_on {
        return Err(Error::factor_not_offered(factor.as_str()));
    }
    if is_ready {
        Ok(())
    } else {
        Err(Error::factor_not_ready(factor.as_str()))
    }
}

fn check_passkey(pool: &UserPool, user: &User) -> Result<()> {
    if !user.mfa.passkey {
        return Ok(());
    }
    let factor = pool.settings.mfa.passkeys.factor;
    if factor != PasskeyFactor::MultiFactorWithUserVerification {
        return Err(Error::passkey_is_single_factor());
    }
    if user.mfa.enabled.is_empty() {
        return Err(Error::passkey_needs_another_factor());
    }
    Ok(())
}

fn refused(refusal: RefusedWish) -> Error {
    match refusal {
        RefusedWish::TwoPreferred => Error::two_preferred_factors(),
        RefusedWish::PreferredAndOff(factor) => Error::preferred_factor_is_off(factor.as_str()),
    }
}
