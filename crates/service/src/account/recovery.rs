//! The way to a new password: where the code of a reset goes.

use cognate_model::attribute::Contact;
use cognate_model::{User, UserPool, UserStatus};

use crate::{Error, Result};

/// Where codes of a reset may go, the first of them first.
pub(super) fn recovery_order(pool: &UserPool, user: Option<&User>) -> Vec<Contact> {
    let only = user
        .filter(|user| user.status == UserStatus::ResetRequired)
        .and_then(|user| user.recover_by);
    match (only, user) {
        (Some(contact), _) => vec![contact],
        (None, Some(user)) => pool.recovery_order_of(user),
        (None, None) => pool.recovery_order(),
    }
}

/// Where the code of a reset goes: the first verified address in the pool's order.
///
/// # Errors
/// Why the password cannot be reset.
pub(crate) fn recovery_contact(pool: &UserPool, user: &User) -> Result<(Contact, String)> {
    if !user.enabled {
        return Err(Error::user_is_disabled());
    }
    match user.status {
        UserStatus::Confirmed | UserStatus::ResetRequired => {}
        // Their password is another's gift, and the way to a new one leads through it.
        UserStatus::ForceChangePassword => return Err(Error::password_cannot_be_reset()),
        UserStatus::Unconfirmed => return Err(Error::cannot_reset_password()),
    }
    let contact = recovery_order(pool, Some(user))
        .into_iter()
        .find(|contact| user.has_verified(*contact));
    let contact = contact.ok_or_else(Error::cannot_reset_password)?;
    Ok((
        contact,
        user.attribute(contact.attribute())
            .unwrap_or_default()
            .to_owned(),
    ))
}
