//! What users and operators share when they change attributes: the code for an address, and the
//! attributes that are taken away.

use std::sync::Arc;

use cognate_model::attribute::{Attributes, Contact};
use cognate_model::code::CodePurpose;
use cognate_model::{User, UserPool};
use cognate_outbound::Purpose;
use cognate_store::{Tx, users as stored_users};

use super::{attributes, storing};
use crate::account::way_back::{self, Notices};
use crate::messages::codes::{Form, NewCode};
use crate::messages::message;
use crate::tokens::access_token::SessionBasis;
use crate::{Cx, Error, Result};

/// A code that verifies an address of a user.
///
/// # Errors
/// What the operation answers when this server cannot send there.
pub(crate) fn attribute_code(
    cx: &Cx,
    pool: &UserPool,
    user: &User,
    contact: Contact,
    address: &str,
) -> Result<NewCode> {
    message::check_destination(&cx.app, contact, address)?;
    let form = Form::Digits(Purpose::AttributeVerification);
    let purpose = CodePurpose::verify(contact);
    NewCode::make(cx, pool, user, purpose, contact, address, &form)
}

/// In a pool whose sign-in names are addresses, a user who has one keeps one.
///
/// # Errors
/// `InvalidParameterException`.
pub(crate) fn check_sign_in_name(pool: &UserPool, before: &User, after: &User) -> Result<()> {
    let has_address = |user: &User| user.names(pool).len() > 1;
    if pool.names_are_attributes() && has_address(before) && !has_address(after) {
        return Err(Error::invalid_parameter(
            "The user needs an attribute to sign in with.",
        ));
    }
    Ok(())
}

/// Takes attributes (named, with empty values) from a user. Where the user does it, in a session,
/// notices tell the old address; an operator's word ends the ways back.
///
/// # Errors
/// `InvalidParameterException` for required ones, and those that cannot change.
pub(crate) async fn delete_attributes(
    cx: &Cx,
    pool: &Arc<UserPool>,
    user: &User,
    empty: Attributes,
    by_user: Option<(SessionBasis, Notices)>,
) -> Result<()> {
    attributes::check_mutable(pool, user, &empty)?;
    attributes::check_keeps_required(pool, &empty)?;
    let (pool, sub, now) = (Arc::clone(pool), user.sub.clone(), cx.now);
    let delete = async move |tx: &mut Tx| -> Result<()> {
        if let Some((basis, _)) = &by_user {
            basis.check(tx).await?;
        }
        let mut user = stored_users::find(tx, &pool.id, &sub)
            .await?
            .ok_or_else(Error::user_does_not_exist)?;
        let before = user.clone();
        user.set_attributes(empty.clone());
        if by_user.is_some() {
            user.note_changed_addresses(&before, now);
        }
        user.modified_at = now;
        check_sign_in_name(&pool, &before, &user)?;
        storing::store(tx, &pool, &user, false).await?;
        match by_user {
            Some((_, notices)) => notices.put(tx, &before, &user).await,
            None => way_back::end(tx, &before, &user).await,
        }
    };
    cx.app.db.write("delete_attributes", delete).await
}
