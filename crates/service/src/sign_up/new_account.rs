//! SignUp: a new account.

use std::sync::Arc;

use cognate_api::idp::{AttributeType, SignUpRequest, SignUpResponse};
use cognate_crypto::secret::SecretString;
use cognate_model::attribute::Contact;
use cognate_model::user::NameKind;
use cognate_model::user_pool::AliasAttribute;
use cognate_model::{NormalName, Sub, User, UserPool, UserStatus};
use cognate_store::{Tx, users as stored_users};

use super::code;
use crate::app_clients::public_call::{self, Named};
use crate::messages::codes::NewCode;
use crate::messages::{allowance, message};
use crate::outcome::write_settled;
use crate::users::accounts::{PoolClient, is_made_up};
use crate::users::new_user::{new_credentials, new_user, username_for};
use crate::users::{attributes, storing};
use crate::{Cx, Error, ErrorCode, Result};

pub(crate) async fn sign_up(cx: Cx, input: SignUpRequest) -> Result<SignUpResponse> {
    let named = Named {
        client_id: &input.client_id,
        username: &input.username,
        secret_hash: input.secret_hash.as_deref(),
        user_context_data: input.user_context_data.as_ref(),
    };
    let (cx, pool_client) = public_call::begin(&cx, named).await?;
    let pool = Arc::clone(&pool_client.pool);
    let client = &pool_client.entry.client;
    let of_client = cx.app.client_server_settings(&pool.id, &client.id).await?;
    if pool.settings.admin_create_user_only || of_client.sign_up == Some(false) {
        return Err(Error::sign_up_not_permitted());
    }
    let password = input
        .password
        .filter(|password| !password.is_empty())
        .ok_or_else(|| Error::missing_required_parameter("Password"))?;
    let password = SecretString::from(password);
    pool.settings
        .password_policy
        .check(password.expose())
        .map_err(Error::password_does_not_conform)?;
    let user = new_account(
        &cx,
        &pool_client,
        &input.username,
        input.user_attributes.as_ref(),
    )?;
    let contact = code::contact_to_confirm(&pool, &user);
    let code = contact
        .map(|(contact, address)| {
            message::check_destination(&cx.app, contact, &address)?;
            code::make(&cx, &pool_client, &user, contact, &address)
        })
        .transpose()?;
    cx.app.limits.sign_ups.spend(&cx.origin, cx.now)?;
    if code.is_some() {
        cx.app.limits.messages.spend(&cx.origin, cx.now)?;
    }
    let contacts = code.iter().map(NewCode::contact);
    let allowed = allowance::take(&cx, &pool.id, contacts).await?;
    // Which names are taken is what SignUp tells by its nature; an address that asks for many of
    // them is held up.
    let taken = cx.app.limits.failures.take(&cx.origin, cx.now).await?;
    let is_made_up = is_made_up(&cx.app, &pool, &NormalName::new(&pool, &input.username));
    let outcome = store_new_user(&cx, &pool, &user, password, code, is_made_up).await;
    match outcome {
        Err(error) if error.code == ErrorCode::UsernameExists => return Err(error),
        outcome => taken.through(outcome)?.0.give_back(),
    }
    allowed.sent();
    Ok(SignUpResponse {
        user_confirmed: false,
        code_delivery_details: code::contact_to_confirm(&pool, &user)
            .map(|(contact, address)| message::details(contact, &address)),
        user_sub: user.sub.to_string(),
        session: None,
    })
}

/// The user as a sign-up makes them: with attributes that the client may write, addresses
/// unverified, not confirmed.
///
/// # Errors
/// `NotAuthorizedException` for what the client may not write, `InvalidParameterException` for a
/// name or an attribute that the pool does not take.
fn new_account(
    cx: &Cx,
    pool_client: &PoolClient,
    name: &str,
    list: Option<&Vec<AttributeType>>,
) -> Result<User> {
    let pool = &pool_client.pool;
    let mut given = attributes::parse(pool, list)?;
    attributes::check_written_by_user(pool, &pool_client.entry.client, &given)?;
    if given.contains_key("preferred_username") && pool.has_alias(AliasAttribute::PreferredUsername)
    {
        return Err(Error::invalid_parameter(
            "preferred_username can be set once the user is confirmed.",
        ));
    }
    let sub = Sub::random(&mut cx.random());
    let username = username_for(pool, name, &sub, &mut given)?;
    attributes::check_required(pool, &given)?;
    let mut user = new_user(cx, pool, sub, username, given, UserStatus::Unconfirmed);
    for contact in [Contact::Email, Contact::PhoneNumber] {
        if user.attribute(contact.attribute()).is_some() {
            user.mark_verified(contact, false);
        }
    }
    if let Some(contact) = pool.contact_of_name(name) {
        user.keep_only_name(contact);
    }
    Ok(user)
}

/// Puts the user, the password's credentials and the code with its mail into the database: all or
/// nothing.
async fn store_new_user(
    cx: &Cx,
    pool: &Arc<UserPool>,
    user: &User,
    password: SecretString,
    code: Option<NewCode>,
    is_made_up: bool,
) -> Result<()> {
    let credentials = new_credentials(cx, pool, user, password, None).await?;
    let (pool, user) = (Arc::clone(pool), user.clone());
    let (pool_id, sub) = (pool.id.clone(), user.sub.clone());
    let stands = async move |tx: &mut Tx| -> Result<Option<()>> {
        Ok(stored_users::find(tx, &pool_id, &sub).await?.map(drop))
    };
    let store = async move |tx: &mut Tx| -> Result<()> {
        if is_made_up {
            return Err(name_taken(NameKind::Username));
        }
        storing::check_rules(tx, &pool).await?;
        storing::take_abandoned_names(tx, &pool, &user).await?;
        match stored_users::insert(tx, &user, &user.names(&pool), Some(&credentials)).await? {
            Ok(()) => {}
            Err(taken) => return Err(name_taken(taken.0)),
        }
        match &code {
            Some(code) => code.put(tx).await,
            None => Ok(()),
        }
    };
    write_settled(&cx.app.db, "sign_up", stands, store).await?;
    cx.app.outbox_filled.notify_one();
    Ok(())
}

fn name_taken(kind: NameKind) -> Error {
    match kind {
        NameKind::Username | NameKind::PreferredUsername => Error::user_already_exists(),
        NameKind::Email | NameKind::PhoneNumber => Error::username_exists_with(kind.as_str()),
    }
}
