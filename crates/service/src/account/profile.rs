//! What signed-in users do with their own account: GetUser, attributes and their verification,
//! deletion.

use std::sync::Arc;

use cognate_api::idp::{
    DeleteUserAttributesRequest, DeleteUserAttributesResponse, DeleteUserRequest,
    GetUserAttributeVerificationCodeRequest, GetUserAttributeVerificationCodeResponse,
    GetUserRequest, GetUserResponse, UpdateUserAttributesRequest, UpdateUserAttributesResponse,
    VerifyUserAttributeRequest, VerifyUserAttributeResponse,
};
use cognate_model::attribute::{Attributes, Contact};
use cognate_model::code::{CodePurpose, LimitedAction};
use cognate_model::user_pool::SignInNames;
use cognate_model::{NormalName, User, UserPool};
use cognate_outbound::Purpose;
use cognate_store::{Tx, users as stored_users, ways_back};

use super::way_back::{self, Notices};
use crate::limits::origin;
use crate::limits::sums::{Whence, count_action};
use crate::messages::codes::{Attempt, Form, Guess, NewCode, send_code};
use crate::messages::message;
use crate::outcome::{write_again, write_settled};
use crate::sign_up::new_account::{finish_guess, has_preferred_username_alias};
use crate::tokens::access_token::{self, SignedIn};
use crate::users::accounts::is_made_up;
use crate::users::{attributes, storing};
use crate::{Cx, Error, ErrorCode, Result};

pub(crate) async fn get_user(cx: Cx, input: GetUserRequest) -> Result<GetUserResponse> {
    let SignedIn {
        pool_client, user, ..
    } = access_token::check(&cx, &input.access_token).await?;
    Ok(GetUserResponse {
        user_attributes: attributes::readable_by(&user, &pool_client.entry.client),
        username: user.username,
        mfa_options: None,
        preferred_mfa_setting: None,
        user_mfa_setting_list: None,
    })
}

pub(crate) async fn update_user_attributes(
    cx: Cx,
    input: UpdateUserAttributesRequest,
) -> Result<UpdateUserAttributesResponse> {
    let SignedIn {
        pool_client, user, ..
    } = access_token::check(&cx, &input.access_token).await?;
    let given = attributes::parse(&pool_client.pool, Some(&input.user_attributes))?;
    attributes::check_written_by_user(&pool_client.pool, &pool_client.entry.client, &given)?;
    attributes::check_mutable(&pool_client.pool, &user, &given)?;
    attributes::check_keeps_required(&pool_client.pool, &given)?;
    let cx = origin::of_token(&cx, &pool_client.entry, &user.sub);
    let changed = change_attributes(
        &cx,
        &pool_client.pool,
        &user,
        given,
        "update_user_attributes",
    )
    .await?;
    Ok(UpdateUserAttributesResponse {
        code_delivery_details_list: Some(changed).filter(|list| !list.is_empty()),
    })
}

/// Changes a user's own attributes. A changed address is unverified, and no name to sign in with
/// before it is verified; where the pool verifies such addresses a code goes to the new one; where
/// the pool wants it verified first, the old address stays until the code has come back.
async fn change_attributes(
    cx: &Cx,
    pool: &Arc<UserPool>,
    user: &User,
    given: Attributes,
    name: &'static str,
) -> Result<Vec<cognate_api::idp::CodeDeliveryDetailsType>> {
    let mut now_given = given;
    let codes_out = codes_for_addresses(cx, pool, user, &mut now_given)?;
    let details = codes_out.iter().map(NewCode::details).collect();
    let (pool, sub, now) = (Arc::clone(pool), user.sub.clone(), cx.now);
    let has_codes = !codes_out.is_empty();
    if has_codes {
        cx.app.limits.messages.spend(cx)?;
    }
    let contacts = codes_out.iter().map(NewCode::contact);
    let allowed = cx
        .app
        .pool_messages
        .take(cx, &pool.id, contacts)
        .await
        .map_err(limit_of_an_update)?;
    let whence = Whence::of(cx);
    let prefers_made_up = has_preferred_username_alias(&pool)
        && now_given
            .get("preferred_username")
            .is_some_and(|name| is_made_up(&cx.app, &pool, &NormalName::new(&pool, name)));
    // That a name is taken tells who is here.
    let taken = cx.app.limits.failures.take(cx).await?;
    let notices = Notices::draw(cx, &pool);
    let told = notices.clone();
    let change = async move |tx: &mut Tx| -> Result<Option<Error>> {
        // The new value of an address is a guess at who has it, and a mail to a stranger: limited
        // like any other code.
        if !codes_out.is_empty()
            && let Some(error) = count_action(
                tx,
                &whence,
                &pool.id,
                &sub,
                LimitedAction::SendAttributeCode,
                now,
            )
            .await?
        {
            return Ok(Some(error));
        }
        let mut user = stored_users::find(tx, &pool.id, &sub)
            .await?
            .ok_or_else(Error::user_does_not_exist)?;
        attributes::check_mutable(&pool, &user, &now_given)?;
        let before = user.clone();
        user.set_attributes(now_given.clone());
        user.keep_names_of(&before, &pool);
        user.modified_at = now;
        check_sign_in_name(&pool, &before, &user)?;
        check_not_anothers(tx, &pool, &before, &user).await?;
        if prefers_made_up {
            return Err(Error::alias_exists("preferred_username"));
        }
        storing::store(tx, &pool, &user, false).await?;
        notices.put(tx, &before, &user).await?;
        for code in &codes_out {
            code.put(tx).await?;
        }
        Ok(None)
    };
    let outcome = cx.app.db.write(name, change).await;
    if !outcome
        .as_ref()
        .is_err_and(|error| error.code == ErrorCode::AliasExists)
    {
        taken.give_back();
    }
    match outcome {
        Ok(None) => {
            allowed.sent();
            told.are_out();
            if has_codes {
                cx.app.outbox_filled.notify_one();
            }
            Ok(details)
        }
        Ok(Some(error)) | Err(error) => Err(limit_of_an_update(error)),
    }
}

/// UpdateUserAttributes has no LimitExceededException of its own.
fn limit_of_an_update(error: Error) -> Error {
    match error.code {
        ErrorCode::LimitExceeded => Error::too_many_requests(),
        _ => error,
    }
}

/// The codes that go out to changed addresses, and the attributes as they are to be written now:
/// without what is the user's already and what waits for its proof, and with what is unverified
/// from now on.
fn codes_for_addresses(
    cx: &Cx,
    pool: &UserPool,
    user: &User,
    now_given: &mut Attributes,
) -> Result<Vec<NewCode>> {
    let mut codes_out = Vec::new();
    for contact in [Contact::Email, Contact::PhoneNumber] {
        let attribute = contact.attribute();
        let Some(address) = now_given
            .get(attribute)
            .filter(|address| !address.is_empty())
            .cloned()
        else {
            continue;
        };
        if user.attribute(attribute) == Some(&address) {
            // Theirs already. Written all the same, it would take the place of an address that
            // another request has set and verified in between, and be verified itself.
            now_given.remove(attribute);
            continue;
        }
        if pool.settings.auto_verified.contains(&contact) {
            codes_out.push(attribute_code(cx, pool, user, contact, &address)?);
        }
        if pool.settings.verified_before_update.contains(&contact) {
            now_given.remove(attribute);
        } else {
            now_given.insert(contact.verified_attribute().to_owned(), false.to_string());
        }
    }
    Ok(codes_out)
}

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
fn check_sign_in_name(pool: &UserPool, before: &User, after: &User) -> Result<()> {
    let has_address = |user: &User| user.names(pool).len() > 1;
    if pool.names_are_attributes() && has_address(before) && !has_address(after) {
        return Err(Error::invalid_parameter(
            "The user needs an attribute to sign in with.",
        ));
    }
    Ok(())
}

/// In a pool whose sign-in names are addresses, one that another user has proved is theirs: told at
/// once, though it would become a name only by a proof; and so is one that another may come back
/// to. One that its holder has not proved is still anybody's to prove.
///
/// # Errors
/// `AliasExistsException`.
async fn check_not_anothers(
    tx: &mut Tx,
    pool: &UserPool,
    before: &User,
    after: &User,
) -> Result<()> {
    let SignInNames::Attributes(contacts) = &pool.sign_in_names else {
        return Ok(());
    };
    for contact in contacts {
        let address = after.attribute(contact.attribute());
        let Some(address) = address.filter(|_| before.attribute(contact.attribute()) != address)
        else {
            continue;
        };
        let name = NormalName::new(pool, address);
        let holder = stored_users::find_by_name(tx, &pool.id, &name).await?;
        let is_anothers =
            |holder: User| holder.sub != after.sub && holder.has_proved(pool, *contact, &name);
        let now = after.modified_at;
        if holder.is_some_and(is_anothers)
            || ways_back::is_kept_for_another(tx, &pool.id, &name, &after.sub, now).await?
        {
            return Err(Error::alias_exists(contact.attribute()));
        }
    }
    Ok(())
}

pub(crate) async fn delete_user_attributes(
    cx: Cx,
    input: DeleteUserAttributesRequest,
) -> Result<DeleteUserAttributesResponse> {
    let SignedIn {
        pool_client, user, ..
    } = access_token::check(&cx, &input.access_token).await?;
    let empty: Attributes = input
        .user_attribute_names
        .iter()
        .map(|name| (name.clone(), String::new()))
        .collect();
    attributes::check_written_by_user(&pool_client.pool, &pool_client.entry.client, &empty)?;
    let notices = Notices::draw(&cx, &pool_client.pool);
    let told = Some(notices.clone());
    delete_attributes(&cx, &pool_client.pool, &user, empty, told).await?;
    notices.are_out();
    Ok(DeleteUserAttributesResponse {})
}

/// Takes attributes (named, with empty values) from a user. `notices` tell the old address, where
/// the user does it; an operator's word ends the ways back.
///
/// # Errors
/// `InvalidParameterException` for required ones, and those that cannot change.
pub(crate) async fn delete_attributes(
    cx: &Cx,
    pool: &Arc<UserPool>,
    user: &User,
    empty: Attributes,
    notices: Option<Notices>,
) -> Result<()> {
    attributes::check_mutable(pool, user, &empty)?;
    attributes::check_keeps_required(pool, &empty)?;
    let (pool, sub, now) = (Arc::clone(pool), user.sub.clone(), cx.now);
    let delete = async move |tx: &mut Tx| -> Result<()> {
        let mut user = stored_users::find(tx, &pool.id, &sub)
            .await?
            .ok_or_else(Error::user_does_not_exist)?;
        let before = user.clone();
        user.set_attributes(empty.clone());
        user.modified_at = now;
        check_sign_in_name(&pool, &before, &user)?;
        storing::store(tx, &pool, &user, false).await?;
        match notices {
            Some(notices) => notices.put(tx, &before, &user).await,
            None => way_back::end(tx, &before, &user).await,
        }
    };
    cx.app.db.write("delete_attributes", delete).await
}

pub(crate) async fn delete_user(cx: Cx, input: DeleteUserRequest) -> Result<()> {
    let SignedIn { user, .. } = access_token::check(&cx, &input.access_token).await?;
    let delete = async move |tx: &mut Tx| -> Result<()> {
        stored_users::delete(tx, &user.pool, &user.sub).await?;
        Ok(())
    };
    write_again(&cx, "delete_user", delete).await
}

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
    let cx = origin::of_token(&cx, &pool_client.entry, &user.sub);
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
    let SignedIn {
        pool_client, user, ..
    } = access_token::check(&cx, &input.access_token).await?;
    let contact = Contact::of(&input.attribute_name).ok_or_else(Error::cannot_be_verified)?;
    let cx = origin::of_token(&cx, &pool_client.entry, &user.sub);
    let taken = cx.app.limits.failures.take(&cx).await?;
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
        user.modified_at = now;
        storing::store(tx, &pool, &user, false).await?;
        notices.put(tx, &before, &user).await?;
        Ok(None)
    };
    finish_guess(
        taken,
        write_settled(&cx, "verify_user_attribute", stands, verify).await,
    )?;
    told.are_out();
    Ok(VerifyUserAttributeResponse {})
}
