//! Changes to a user row that several operations make.

use cognate_model::attribute::Contact;
use cognate_model::user::NameKind;
use cognate_model::{NormalName, User, UserPool};
use cognate_store::{Tx, users, users::UpdateRefused};

use crate::{Error, Result};

/// Stores a changed user with the names that follow from it. `user` was read in this transaction.
///
/// # Errors
/// `AliasExistsException` when another user holds one of the names, and `take_over` is not set.
pub(crate) async fn store(
    tx: &mut Tx,
    pool: &UserPool,
    user: &User,
    take_over: bool,
) -> Result<()> {
    if take_over {
        release_names(tx, pool, user).await?;
    }
    let names = user.names(pool);
    match users::update(tx, user, &names).await? {
        Ok(()) => Ok(()),
        Err(UpdateRefused::NameTaken(kind)) => Err(Error::alias_exists(kind.as_str())),
        Err(UpdateRefused::Conflict) => {
            Err(Error::too_many_requests().with_source("the user was changed by another request"))
        }
    }
}

/// Takes the names of a user from others who hold them.
///
/// # Errors
/// Only what the database gives.
pub(crate) async fn release_names(tx: &mut Tx, pool: &UserPool, user: &User) -> Result<()> {
    for (kind, name) in user.names(pool) {
        release(tx, pool, user, kind, &name).await?;
    }
    Ok(())
}

/// Takes an alias from another user who holds it: that user's address is unverified from then on, so that it signs them in no more.
async fn release(
    tx: &mut Tx,
    pool: &UserPool,
    user: &User,
    kind: NameKind,
    name: &NormalName,
) -> Result<()> {
    let contact = match kind {
        NameKind::Email => Contact::Email,
        NameKind::PhoneNumber => Contact::PhoneNumber,
        // A user name is never taken over.
        NameKind::Username | NameKind::PreferredUsername => return Ok(()),
    };
    let Some(holder) = users::find_by_name(tx, &pool.id, name)
        .await?
        .filter(|holder| holder.sub != user.sub)
    else {
        return Ok(());
    };
    let mut holder = holder;
    holder.mark_verified(contact, false);
    holder.modified_at = user.modified_at;
    let names = holder.names(pool);
    match users::update(tx, &holder, &names).await? {
        Ok(()) => Ok(()),
        Err(_) => {
            Err(Error::internal().with_source("the holder of the alias could not be changed"))
        }
    }
}
