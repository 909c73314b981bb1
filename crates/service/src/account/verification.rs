//! The verification of a signed-in user's addresses: GetUserAttributeVerificationCode,
//! VerifyUserAttribute.

use std::sync::Arc;

use cognate_api::idp::{
    GetUserAttributeVerificationCodeRequest, GetUserAttributeVerificationCodeResponse,
    VerifyUserAttributeRequest, VerifyUserAttributeResponse,
};
use cognate_model::attribute::Contact;
use cognate_model::code::{CodePurpose, LimitedAction};
use cognate_store::{Tx, users as stored_users};

use super::way_back::Notices;
use crate::limits::backends;
use crate::limits::sums::count_action;
use crate::messages::codes::{Attempt, Guess, send_code};
use crate::messages::message;
use crate::outcome::write_settled;
use crate::tokens::access_token::{self, SignedIn};
use crate::users::changed_attributes::attribute_code;
use crate::users::storing;
use crate::{Cx, Error, Result};

pub(crate) async fn get_user_attribute_verification_code(
    cx: Cx,
    input: GetUserAttributeVerificationCodeRequest,
) -> Result<GetUserAttributeVerificationCodeResponse> {
    let SignedIn {
        pool_client, user, ..
    } = access_token::check(&cx, &input.access_token).await?;
    let contact = Contact::of(&input.attribute_name).ok_or_else(Error::cannot_be_verified)?;
    let address = user
        .attribute(contact.attribute())
        .ok_or_else(|| Error::invalid_parameter(format!("User has no {}.", contact.attribute())))?;
    let cx = backends::of_token(&cx, &pool_client.entry, &user.sub);
    // To the address that stands, verified or not, and not to one that waits for its proof: as AWS
    // does.
    let code = attribute_code(&cx, &pool_client.pool, &user, contact, address)?;
    let details = message::details(contact, address);
    send_code(
        &cx,
        "send_attribute_code",
        LimitedAction::SendAttributeCode,
        code,
    )
    .await?;
    Ok(GetUserAttributeVerificationCodeResponse {
        code_delivery_details: Some(details),
    })
}

pub(crate) async fn verify_user_attribute(
    cx: Cx,
    input: VerifyUserAttributeRequest,
) -> Result<VerifyUserAttributeResponse> {
    let signed_in = access_token::check(&cx, &input.access_token).await?;
    let basis = signed_in.basis();
    let SignedIn {
        pool_client, user, ..
    } = signed_in;
    let contact = Contact::of(&input.attribute_name).ok_or_else(Error::cannot_be_verified)?;
    let cx = backends::of_token(&cx, &pool_client.entry, &user.sub);
    let taken = cx.app.limits.failures.take(&cx.origin, cx.now).await?;
    let attempt = Attempt::new(
        &cx,
        &pool_client.pool.id,
        user.sub.clone(),
        CodePurpose::verify(contact),
        &input.code,
        false,
    );
    let (pool, now) = (Arc::clone(&pool_client.pool), cx.now);
    let notices = Notices::draw(&cx, &pool);
    let told = notices.clone();
    let settled = attempt.clone();
    let stands = async move |tx: &mut Tx| -> Result<Option<Option<Error>>> {
        Ok(settled.stands(tx).await?.then_some(None))
    };
    let verify = async move |tx: &mut Tx| -> Result<Option<Error>> {
        basis.check(tx).await?;
        if let Some(error) = count_action(
            tx,
            &attempt.whence,
            &pool.id,
            &attempt.sub,
            LimitedAction::VerifyUserAttribute,
            now,
        )
        .await?
        {
            return Ok(Some(error));
        }
        let pending = match attempt.guess(tx).await? {
            Guess::Right(pending) => pending,
            Guess::Refused(error) => return Ok(Some(error)),
        };
        let mut user = stored_users::find(tx, &pool.id, &attempt.sub)
            .await?
            .ok_or_else(Error::user_does_not_exist)?;
        let waits = pool.settings.verified_before_update.contains(&contact);
        // A code proves the address that it was sent to. Where new addresses wait for their proof,
        // that is the one to take now.
        if user.attribute(contact.attribute()) != Some(&pending.address) && !waits {
            return Ok(Some(Error::code_expired()));
        }
        let before = user.clone();
        user.attributes
            .insert(contact.attribute().to_owned(), pending.address);
        user.mark_verified(contact, true);
        user.note_changed_addresses(&before, now);
        user.modified_at = now;
        storing::store(tx, &pool, &user, false).await?;
        notices.put(tx, &before, &user).await?;
        Ok(None)
    };
    taken.settle_guess(write_settled(&cx.app.db, "verify_user_attribute", stands, verify).await)?;
    told.are_out();
    Ok(VerifyUserAttributeResponse {})
}
