//! Users in an operator's hands: AdminCreateUser, AdminGetUser, AdminDeleteUser, passwords.

use std::collections::BTreeSet;
use std::sync::Arc;

use cognate_api::Timestamp;
use cognate_api::idp::{
    AdminCreateUserRequest, AdminCreateUserResponse, AdminDeleteUserRequest,
    AdminDisableUserRequest, AdminDisableUserResponse, AdminEnableUserRequest,
    AdminEnableUserResponse, AdminGetUserRequest, AdminGetUserResponse,
    AdminResetUserPasswordRequest, AdminResetUserPasswordResponse, AdminSetUserPasswordRequest,
    AdminSetUserPasswordResponse, DeliveryMediumType, MessageActionType, UserStatusType,
};
use cognate_crypto::secret::SecretString;
use cognate_model::attribute::Contact;
use cognate_model::code::{CodePurpose, LimitedAction};
use cognate_model::user::NameKind;
use cognate_model::{Sub, User, UserPool, UserStatus};
use cognate_outbound::{Purpose, Values};
use cognate_store::{Tx, attempts, sessions, users as stored_users};

use super::accounts::user_for_operator;
use super::new_user::{new_credentials, new_user, username_for};
use super::shown_user::user_type;
use super::{attributes, password_history, storing};
use crate::account::recovery::recovery_contact;
use crate::limits::sums::{Whence, count_action};
use crate::messages::codes::{Form, NewCode};
use crate::messages::message::{Draft, Message, check_destination};
use crate::outcome::{Reached, write_settled};
use crate::second_factors::shown;
use crate::{Cx, Error, ErrorCode, Result};

pub(crate) async fn admin_create_user(
    cx: Cx,
    input: AdminCreateUserRequest,
) -> Result<AdminCreateUserResponse> {
    let pool = cx.app.pool_named(&input.user_pool_id).await?;
    if matches!(input.message_action, Some(MessageActionType::Resend)) {
        return resend_invitation(&cx, &pool, input).await;
    }
    let mut given = attributes::parse(&pool, input.user_attributes.as_ref())?;
    attributes::check_values(&pool, &given)?;
    attributes::check_verified_flags(None, &given)?;
    let sub = Sub::random(&mut cx.random());
    let username = username_for(&pool, &input.username, &sub, &mut given)?;
    let user = new_user(
        &cx,
        &pool,
        sub,
        username,
        given,
        UserStatus::ForceChangePassword,
    );
    let password = temporary_password(&cx, &pool, input.temporary_password.as_deref())?;
    let invitations = match input.message_action {
        Some(MessageActionType::Suppress) => Vec::new(),
        _ => invitations(
            &cx,
            &pool,
            &user,
            &input.username,
            &password,
            input.desired_delivery_mediums.as_deref(),
        )?,
    };
    let until = cx
        .now
        .plus(pool.settings.password_policy.temporary_validity());
    let credentials = new_credentials(&cx, &pool, &user, password, Some(until)).await?;
    let (stored, take_over, of_pool) = (
        user.clone(),
        input.force_alias_creation.unwrap_or(false),
        Arc::clone(&pool),
    );
    let (pool_id, sub) = (pool.id.clone(), user.sub.clone());
    let stands = async move |tx: &mut Tx| -> Result<Option<()>> {
        Ok(stored_users::find(tx, &pool_id, &sub).await?.map(drop))
    };
    let create = async move |tx: &mut Tx| -> Result<()> {
        storing::check_rules(tx, &of_pool).await?;
        storing::take_names(tx, &of_pool, &stored, take_over).await?;
        storing::take_abandoned_names(tx, &of_pool, &stored).await?;
        match stored_users::insert(tx, &stored, &stored.names(&of_pool), Some(&credentials)).await?
        {
            Ok(()) => {}
            Err(taken) if taken.0 == NameKind::Username => {
                return Err(Error::user_account_already_exists());
            }
            Err(taken) => return Err(Error::username_exists_with(taken.0.as_str())),
        }
        for invitation in &invitations {
            invitation.enqueue(tx).await?;
        }
        Ok(())
    };
    write_settled(&cx.app.db, "admin_create_user", stands, create).await?;
    cx.app.outbox_filled.notify_one();
    Ok(AdminCreateUserResponse {
        user: Some(user_type(&pool, &user, |_| true)),
    })
}

/// RESEND: a new temporary password, and the invitation once more.
async fn resend_invitation(
    cx: &Cx,
    pool: &Arc<UserPool>,
    input: AdminCreateUserRequest,
) -> Result<AdminCreateUserResponse> {
    let user = user_for_operator(cx, pool, &input.username).await?;
    if user.status != UserStatus::ForceChangePassword {
        return Err(Error::resend_not_possible(user.status.as_str()));
    }
    let password = temporary_password(cx, pool, input.temporary_password.as_deref())?;
    let invitations = invitations(
        cx,
        pool,
        &user,
        &input.username,
        &password,
        input.desired_delivery_mediums.as_deref(),
    )?;
    let until = cx
        .now
        .plus(pool.settings.password_policy.temporary_validity());
    let credentials = new_credentials(cx, pool, &user, password, Some(until)).await?;
    let (of_pool, sub, now) = (Arc::clone(pool), user.sub.clone(), cx.now);
    let resend = async move |tx: &mut Tx| -> Result<User> {
        let mut user = stored_users::find(tx, &of_pool.id, &sub)
            .await?
            .ok_or_else(Error::user_does_not_exist)?;
        if user.status != UserStatus::ForceChangePassword {
            return Err(Error::resend_not_possible(user.status.as_str()));
        }
        user.modified_at = now;
        storing::store(tx, &of_pool, &user, false).await?;
        storing::set_password(tx, &of_pool, &sub, &credentials, now).await?;
        for invitation in &invitations {
            invitation.enqueue(tx).await?;
        }
        Ok(user)
    };
    let user = cx.app.db.write("resend_invitation", resend).await?;
    cx.app.outbox_filled.notify_one();
    Ok(AdminCreateUserResponse {
        user: Some(user_type(pool, &user, |_| true)),
    })
}

/// The temporary password of the request, or a random one.
fn temporary_password(cx: &Cx, pool: &UserPool, given: Option<&str>) -> Result<SecretString> {
    let policy = &pool.settings.password_policy;
    match given.filter(|given| !given.is_empty()) {
        Some(given) => {
            policy
                .check(given)
                .map_err(Error::password_does_not_conform)?;
            Ok(SecretString::from(given))
        }
        None => Ok(SecretString::from(
            policy.temporary_password(&mut cx.random()),
        )),
    }
}

/// The invitations of a new user: by SMS unless the request says otherwise, as AWS has it; to what
/// the user has. One to each address, however often its medium is named; an empty list names none.
fn invitations(
    cx: &Cx,
    pool: &UserPool,
    user: &User,
    name: &str,
    password: &SecretString,
    mediums: Option<&[DeliveryMediumType]>,
) -> Result<Vec<Message>> {
    let named = mediums.filter(|mediums| !mediums.is_empty());
    let mediums = named.unwrap_or(&[DeliveryMediumType::Sms]);
    let contacts: BTreeSet<Contact> = mediums
        .iter()
        .map(|medium| match medium {
            DeliveryMediumType::Email => Contact::Email,
            DeliveryMediumType::Sms | DeliveryMediumType::Unknown(_) => Contact::PhoneNumber,
        })
        .collect();
    let mut messages = Vec::new();
    for contact in contacts {
        let Some(address) = user.attribute(contact.attribute()) else {
            if named.is_some() {
                return Err(Error::invalid_parameter(format!(
                    "User has no {} that an invitation could be sent to.",
                    contact.attribute()
                )));
            }
            continue;
        };
        check_destination(&cx.app, contact, address)?;
        let values = Values {
            code: Some(password.expose()),
            username: Some(name),
            link: None,
        };
        messages.push(Message::render(
            cx,
            &Draft {
                pool,
                purpose: Purpose::Invitation,
                contact,
                address,
                values,
            },
        )?);
    }
    Ok(messages)
}

pub(crate) async fn admin_get_user(
    cx: Cx,
    input: AdminGetUserRequest,
) -> Result<AdminGetUserResponse> {
    let pool = cx.app.pool_named(&input.user_pool_id).await?;
    let user = user_for_operator(&cx, &pool, &input.username).await?;
    Ok(AdminGetUserResponse {
        user_attributes: Some(attributes::all(&pool, &user)),
        user_create_date: Some(Timestamp(user.created_at.0)),
        user_last_modified_date: Some(Timestamp(user.modified_at.0)),
        enabled: Some(user.enabled),
        user_status: Some(UserStatusType::from(user.status.as_str())),
        mfa_options: shown::options(&user),
        preferred_mfa_setting: shown::preferred(&user),
        user_mfa_setting_list: shown::enabled(&user),
        username: user.username,
    })
}

pub(crate) async fn admin_delete_user(cx: Cx, input: AdminDeleteUserRequest) -> Result<()> {
    let pool = cx.app.pool_named(&input.user_pool_id).await?;
    let user = user_for_operator(&cx, &pool, &input.username).await?;
    let (of_pool, sub) = (user.pool.clone(), user.sub.clone());
    let reached = Reached::default();
    let was_there = reached.clone();
    let stands = async move |tx: &mut Tx| -> Result<Option<bool>> {
        let is_gone = was_there.is_set() && stored_users::find(tx, &of_pool, &sub).await?.is_none();
        Ok(is_gone.then_some(true))
    };
    let delete = async move |tx: &mut Tx| -> Result<bool> {
        reached.clear();
        let was_deleted = stored_users::delete(tx, &user.pool, &user.sub).await?;
        if was_deleted {
            reached.set();
        }
        Ok(was_deleted)
    };
    if write_settled(&cx.app.db, "admin_delete_user", stands, delete).await? {
        Ok(())
    } else {
        Err(Error::user_does_not_exist())
    }
}

/// Changes a user in a transaction and stores it.
async fn change<F>(
    cx: &Cx,
    pool_id: &str,
    username: &str,
    name: &'static str,
    apply: F,
) -> Result<()>
where
    F: Fn(&mut User) -> Result<()> + Clone + Send + 'static,
{
    let pool = cx.app.pool_named(pool_id).await?;
    let sub = user_for_operator(cx, &pool, username).await?.sub;
    let now = cx.now;
    let change = async move |tx: &mut Tx| -> Result<()> {
        let mut user = stored_users::find(tx, &pool.id, &sub)
            .await?
            .ok_or_else(Error::user_does_not_exist)?;
        apply(&mut user)?;
        user.modified_at = now;
        storing::store(tx, &pool, &user, false).await?;
        if !user.enabled {
            sessions::end_all_of_user(tx, &pool.id, &sub).await?;
        }
        Ok(())
    };
    cx.app.db.write(name, change).await
}

pub(crate) async fn admin_disable_user(
    cx: Cx,
    input: AdminDisableUserRequest,
) -> Result<AdminDisableUserResponse> {
    let disable = |user: &mut User| {
        user.enabled = false;
        Ok(())
    };
    change(
        &cx,
        &input.user_pool_id,
        &input.username,
        "admin_disable_user",
        disable,
    )
    .await?;
    Ok(AdminDisableUserResponse {})
}

pub(crate) async fn admin_enable_user(
    cx: Cx,
    input: AdminEnableUserRequest,
) -> Result<AdminEnableUserResponse> {
    let enable = |user: &mut User| {
        user.enabled = true;
        Ok(())
    };
    change(
        &cx,
        &input.user_pool_id,
        &input.username,
        "admin_enable_user",
        enable,
    )
    .await?;
    Ok(AdminEnableUserResponse {})
}

/// Sets a password: for good, or a temporary one that the user has to change. Sessions that the old
/// one began end.
pub(crate) async fn admin_set_user_password(
    cx: Cx,
    input: AdminSetUserPasswordRequest,
) -> Result<AdminSetUserPasswordResponse> {
    let pool = cx.app.pool_named(&input.user_pool_id).await?;
    pool.settings
        .password_policy
        .check(&input.password)
        .map_err(Error::password_does_not_conform)?;
    let user = user_for_operator(&cx, &pool, &input.username).await?;
    let permanent = input.permanent.unwrap_or(false);
    let until = (!permanent).then(|| {
        cx.now
            .plus(pool.settings.password_policy.temporary_validity())
    });
    let password = SecretString::from(input.password);
    let compared = password_history::compare(&cx, &pool, &user.sub, &password).await?;
    let credentials = new_credentials(&cx, &pool, &user, password, until).await?;
    let (sub, now) = (user.sub, cx.now);
    let stands = storing::has_password(&pool, &sub, &credentials, || ());
    let set = async move |tx: &mut Tx| -> Result<()> {
        compared.check(tx, &pool.id, &sub).await?;
        let mut user = stored_users::find(tx, &pool.id, &sub)
            .await?
            .ok_or_else(Error::user_does_not_exist)?;
        user.recover_by = None;
        user.status = if permanent {
            UserStatus::Confirmed
        } else {
            UserStatus::ForceChangePassword
        };
        user.modified_at = now;
        storing::store(tx, &pool, &user, false).await?;
        storing::set_password(tx, &pool, &sub, &credentials, now).await?;
        sessions::end_all_of_user(tx, &pool.id, &sub).await?;
        attempts::clear_lockout(tx, &pool.id, sub.as_str()).await?;
        Ok(())
    };
    write_settled(&cx.app.db, "admin_set_user_password", stands, set).await?;
    Ok(AdminSetUserPasswordResponse {})
}

/// Asks for a reset: until a code has come back nobody signs in with the old password. That stands
/// whether or not the code can be sent; where it cannot, the operator is told so, and the user can
/// ask for one by ForgotPassword.
pub(crate) async fn admin_reset_user_password(
    cx: Cx,
    input: AdminResetUserPasswordRequest,
) -> Result<AdminResetUserPasswordResponse> {
    let pool = cx.app.pool_named(&input.user_pool_id).await?;
    let user = user_for_operator(&cx, &pool, &input.username).await?;
    let (contact, address) = recovery_contact(&pool, &user)?;
    let (code, unsendable) = match reset_code(&cx, &pool, &user, contact, &address) {
        Ok(code) => (Some(code), None),
        Err(error) => (None, Some(error)),
    };
    let (sub, now, whence) = (user.sub, cx.now, Whence::of(&cx));
    let reset = async move |tx: &mut Tx| -> Result<Option<Error>> {
        let mut user = stored_users::find(tx, &pool.id, &sub)
            .await?
            .ok_or_else(Error::user_does_not_exist)?;
        user.status = UserStatus::ResetRequired;
        user.modified_at = now;
        storing::store(tx, &pool, &user, false).await?;
        sessions::end_all_of_user(tx, &pool.id, &sub).await?;
        let Some(code) = &code else { return Ok(None) };
        let action = LimitedAction::AdminResetUserPassword;
        match count_action(tx, &whence, &pool.id, &sub, action, now).await? {
            Some(limit) => Ok(Some(limit)),
            None => code.put_for_operator(tx).await,
        }
    };
    let limit = cx.app.db.write("admin_reset_user_password", reset).await?;
    match limit.or(unsendable) {
        Some(error) => Err(error),
        None => {
            cx.app.outbox_filled.notify_one();
            Ok(AdminResetUserPasswordResponse {})
        }
    }
}

fn reset_code(
    cx: &Cx,
    pool: &UserPool,
    user: &User,
    contact: Contact,
    address: &str,
) -> Result<NewCode> {
    check_destination(&cx.app, contact, address)?;
    let form = Form::Digits(Purpose::ForgotPassword);
    let purpose = CodePurpose::ResetPassword;
    // AdminResetUserPassword has no CodeDeliveryFailureException of its own.
    NewCode::make(cx, pool, user, purpose, contact, address, &form).map_err(|error| {
        if error.code == ErrorCode::CodeDeliveryFailure {
            Error::invalid_parameter(error.message)
        } else {
            error
        }
    })
}
