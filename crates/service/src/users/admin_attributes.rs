//! The attributes of users in an operator's hands: AdminUpdateUserAttributes,
//! AdminDeleteUserAttributes.

use cognate_api::idp::{
    AdminDeleteUserAttributesRequest, AdminDeleteUserAttributesResponse,
    AdminUpdateUserAttributesRequest, AdminUpdateUserAttributesResponse,
};
use cognate_model::User;
use cognate_model::attribute::{Attributes, Contact};
use cognate_store::{Tx, users as stored_users};

use super::accounts::user_for_operator;
use super::changed_attributes::{attribute_code, delete_attributes};
use super::{attributes, storing};
use crate::account::way_back;
use crate::messages::codes::NewCode;
use crate::{Cx, Error, ErrorCode, Result};

/// Sets attributes; operators may say that an address is verified. An address that changes without
/// such word is unverified; where the pool wants new addresses verified first, it waits for the
/// code that goes to it.
pub(crate) async fn admin_update_user_attributes(
    cx: Cx,
    input: AdminUpdateUserAttributesRequest,
) -> Result<AdminUpdateUserAttributesResponse> {
    let pool = cx.app.pool_named(&input.user_pool_id).await?;
    let user = user_for_operator(&cx, &pool, &input.username).await?;
    let mut given = attributes::parse(&pool, Some(&input.user_attributes))?;
    attributes::check_values(&pool, &given)?;
    attributes::check_mutable(&pool, &user, &given)?;
    attributes::check_keeps_required(&pool, &given)?;
    attributes::check_verified_flags(Some(&user), &given)?;
    let named: Vec<Contact> = Contact::ALL
        .into_iter()
        .filter(|contact| given.contains_key(contact.attribute()))
        .collect();
    let mut codes_out = Vec::new();
    for contact in named.iter().copied() {
        if pool.settings.verified_before_update.contains(&contact)
            && let Some(address) = take_waiting_address(&user, contact, &mut given)
        {
            let code = attribute_code(&cx, &pool, &user, contact, &address);
            codes_out.push(code.map_err(told_to_operator)?);
        }
    }
    let (sub, now, has_codes) = (user.sub, cx.now, !codes_out.is_empty());
    let change = async move |tx: &mut Tx| -> Result<Option<Error>> {
        let mut user = stored_users::find(tx, &pool.id, &sub)
            .await?
            .ok_or_else(Error::user_does_not_exist)?;
        attributes::check_mutable(&pool, &user, &given)?;
        let mut given = given.clone();
        unverify_changed(&user, &mut given);
        let before = user.clone();
        user.set_attributes(given);
        user.modified_at = now;
        storing::store(tx, &pool, &user, false).await?;
        way_back::end(tx, &before, &user).await?;
        for contact in named {
            // What the operator says stands: an address that the user asked for before does not
            // come over it.
            storing::end_verification(tx, &user, contact, now).await?;
        }
        put_all(tx, &codes_out).await
    };
    let refusal = cx.app.db.write("admin_update_user_attributes", change);
    let refusal = refusal.await?;
    if has_codes {
        cx.app.outbox_filled.notify_one();
    }
    match refusal {
        Some(refusal) => Err(told_to_operator(refusal)),
        None => Ok(AdminUpdateUserAttributesResponse {}),
    }
}

/// Takes an address that has to be proved before it counts out of what is given, with a flag that
/// would say nothing of the one that stays. An address that the operator vouches for does not wait.
fn take_waiting_address(user: &User, contact: Contact, given: &mut Attributes) -> Option<String> {
    let address = given.get(contact.attribute())?.clone();
    let is_vouched_for = given
        .get(contact.verified_attribute())
        .is_some_and(|flag| flag == "true");
    let is_new = !address.is_empty() && user.attribute(contact.attribute()) != Some(&address);
    if is_vouched_for || !is_new {
        return None;
    }
    given.remove(contact.attribute());
    given.remove(contact.verified_attribute());
    Some(address)
}

/// An address that changes is unverified, unless the operator says otherwise.
fn unverify_changed(user: &User, given: &mut Attributes) {
    for contact in Contact::ALL {
        let changes = given
            .get(contact.attribute())
            .is_some_and(|address| user.attribute(contact.attribute()) != Some(address));
        if changes {
            given
                .entry(contact.verified_attribute().to_owned())
                .or_insert_with(|| false.to_string());
        }
    }
}

/// Puts the codes into the database, each for itself; gives the first refusal. What the operator
/// has changed beside them stands.
async fn put_all(tx: &mut Tx, codes_out: &[NewCode]) -> Result<Option<Error>> {
    let mut refusal = None;
    for code in codes_out {
        let refused = code.put_for_operator(tx).await?;
        refusal = refusal.or(refused);
    }
    Ok(refusal)
}

/// AdminUpdateUserAttributes has neither LimitExceededException nor CodeDeliveryFailureException of
/// its own.
fn told_to_operator(error: Error) -> Error {
    match error.code {
        ErrorCode::LimitExceeded => Error::too_many_requests(),
        ErrorCode::CodeDeliveryFailure => Error::invalid_parameter(error.message),
        _ => error,
    }
}

pub(crate) async fn admin_delete_user_attributes(
    cx: Cx,
    input: AdminDeleteUserAttributesRequest,
) -> Result<AdminDeleteUserAttributesResponse> {
    let pool = cx.app.pool_named(&input.user_pool_id).await?;
    let user = user_for_operator(&cx, &pool, &input.username).await?;
    let empty: Attributes = input
        .user_attribute_names
        .iter()
        .map(|name| (name.clone(), String::new()))
        .collect();
    attributes::check_values(&pool, &empty)?;
    delete_attributes(&cx, &pool, &user, empty, None).await?;
    Ok(AdminDeleteUserAttributesResponse {})
}
