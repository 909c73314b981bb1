//! Sign-up and its confirmation: SignUp, ConfirmSignUp, ResendConfirmationCode, AdminConfirmSignUp,
//! and the link of a mail.

use std::sync::Arc;

use cognate_api::idp::{
    AdminConfirmSignUpRequest, AdminConfirmSignUpResponse, ConfirmSignUpRequest,
    ConfirmSignUpResponse, ResendConfirmationCodeRequest, ResendConfirmationCodeResponse,
    SignUpRequest, SignUpResponse,
};
use cognate_crypto::secret::SecretString;
use cognate_model::attribute::{Attributes, Contact};
use cognate_model::code::{CodePurpose, LimitedAction};
use cognate_model::password::Credentials;
use cognate_model::user::NameKind;
use cognate_model::user_pool::{AliasAttribute, SignInNames};
use cognate_model::{NormalName, Sub, User, UserPool, UserStatus};
use cognate_outbound::Purpose;
use cognate_store::{Tx, users as stored_users};

use crate::app_clients::secret_hash;
use crate::limits::address_limits::Taken;
use crate::limits::origin;
use crate::limits::sums::count_action;
use crate::messages::codes::{Attempt, Form, Guess, NewCode, Through, send_code};
use crate::messages::{destinations, message};
use crate::outcome::write_settled;
use crate::users::accounts::{
    PoolClient, is_made_up, normal_name, stand_in, sub_of, user_for_operator,
};
use crate::users::{attributes, storing};
use crate::{Cx, Error, ErrorCode, Result};

pub(crate) async fn sign_up(cx: Cx, input: SignUpRequest) -> Result<SignUpResponse> {
    let pool_client = PoolClient::of_client(&cx.app, &input.client_id).await?;
    secret_hash::check(
        &pool_client.entry,
        input.secret_hash.as_deref(),
        &input.username,
    )?;
    let cx = origin::of_client(&cx, &pool_client.entry, input.user_context_data.as_ref())?;
    let pool = Arc::clone(&pool_client.pool);
    if pool.settings.admin_create_user_only {
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
    let mut given = attributes::parse(&pool, input.user_attributes.as_ref())?;
    attributes::check_written_by_user(&pool, &pool_client.entry.client, &given)?;
    if given.contains_key("preferred_username") && has_preferred_username_alias(&pool) {
        return Err(Error::invalid_parameter(
            "preferred_username can be set once the user is confirmed.",
        ));
    }
    let sub = Sub::random(&mut cx.random());
    let username = username_for(&pool, &input.username, &sub, &mut given)?;
    pool.schema
        .check_required(&given)
        .map_err(attributes::refused)?;
    let mut user = new_user(&cx, &pool, sub, username, given, UserStatus::Unconfirmed);
    for contact in [Contact::Email, Contact::PhoneNumber] {
        if user.attribute(contact.attribute()).is_some() {
            user.mark_verified(contact, false);
        }
    }
    if let Some(contact) = pool.contact_of_name(&input.username) {
        user.keep_only_name(contact);
    }
    let contact = contact_to_confirm(&pool, &user);
    let code = contact
        .map(|(contact, address)| {
            message::check_destination(&cx.app, contact, &address)?;
            sign_up_code(&cx, &pool_client, &user, contact, &address)
        })
        .transpose()?;
    cx.app.limits.sign_ups.spend(&cx)?;
    if code.is_some() {
        cx.app.limits.messages.spend(&cx)?;
    }
    let contacts = code.iter().map(NewCode::contact);
    let allowed = cx.app.pool_messages.take(&cx, &pool.id, contacts).await?;
    // Which names are taken is what SignUp tells by its nature; an address that asks for many of
    // them is held up.
    let taken = cx.app.limits.failures.take(&cx).await?;
    let is_made_up = is_made_up(&cx.app, &pool, &NormalName::new(&pool, &input.username));
    let outcome = store_new_user(&cx, &pool, &user, password, code, is_made_up).await;
    match outcome {
        Err(error) if error.code == ErrorCode::UsernameExists => return Err(error),
        outcome => taken.through(outcome)?.0.give_back(),
    }
    allowed.sent();
    Ok(SignUpResponse {
        user_confirmed: false,
        code_delivery_details: contact_to_confirm(&pool, &user)
            .map(|(contact, address)| message::details(contact, &address)),
        user_sub: user.sub.to_string(),
        session: None,
    })
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
    write_settled(cx, "sign_up", stands, store).await?;
    cx.app.outbox_filled.notify_one();
    Ok(())
}

fn name_taken(kind: NameKind) -> Error {
    match kind {
        NameKind::Username | NameKind::PreferredUsername => Error::user_already_exists(),
        NameKind::Email | NameKind::PhoneNumber => Error::username_exists_with(kind.as_str()),
    }
}

/// Makes the credentials of a password on a blocking thread.
///
/// # Errors
/// Only when the runtime is stopping.
pub(crate) async fn new_credentials(
    cx: &Cx,
    pool: &UserPool,
    user: &User,
    password: SecretString,
    temporary_until: Option<cognate_model::Timestamp>,
) -> Result<Credentials> {
    let (pool, username, mut random) = (
        pool.id.clone(),
        NormalName::new(pool, &user.username),
        cx.random(),
    );
    cx.compute(move || Credentials::new(&pool, &username, &password, temporary_until, &mut random))
        .await
}

/// A user that is about to be stored.
pub(crate) fn new_user(
    cx: &Cx,
    pool: &UserPool,
    sub: Sub,
    username: String,
    attributes: Attributes,
    status: UserStatus,
) -> User {
    User {
        pool: pool.id.clone(),
        sub,
        username,
        attributes,
        kept_names: std::collections::BTreeMap::new(),
        recover_by: None,
        status,
        enabled: true,
        created_at: cx.now,
        modified_at: cx.now,
        revision: 0,
    }
}

/// The user name of a new user. In a pool whose sign-in names are addresses it is the sub, and the
/// name that was given becomes the attribute that it is; in a pool with aliases it cannot look like
/// one.
///
/// # Errors
/// `InvalidParameterException`.
pub(crate) fn username_for(
    pool: &UserPool,
    given: &str,
    sub: &Sub,
    attributes: &mut Attributes,
) -> Result<String> {
    match &pool.sign_in_names {
        SignInNames::Attributes(contacts) => {
            let contact = pool.contact_of_name(given).ok_or_else(|| {
                match (
                    contacts.contains(&Contact::Email),
                    contacts.contains(&Contact::PhoneNumber),
                ) {
                    (true, true) => Error::username_should_be_an_email_or_phone_number(),
                    (true, false) => Error::username_should_be_an_email(),
                    _ => Error::username_should_be_a_phone_number(),
                }
            })?;
            let name = contact.attribute();
            if attributes
                .get(name)
                .is_some_and(|value| !value.is_empty() && value != given)
            {
                return Err(Error::invalid_parameter(format!(
                    "The user name and the attribute {name} differ."
                )));
            }
            attributes.insert(name.to_owned(), given.to_owned());
            Ok(sub.to_string())
        }
        SignInNames::Username { aliases } => {
            // What counts is the form that is looked up: a full-width @ is an @ there.
            let name = NormalName::new(pool, given);
            if aliases.contains(&AliasAttribute::Email) && name.is_email() {
                return Err(Error::username_cannot_be_of_email_format());
            }
            if aliases.contains(&AliasAttribute::PhoneNumber) && name.is_phone_number() {
                return Err(Error::username_cannot_be_of_phone_number_format());
            }
            Ok(given.to_owned())
        }
    }
}

pub(crate) fn has_preferred_username_alias(pool: &UserPool) -> bool {
    matches!(&pool.sign_in_names, SignInNames::Username { aliases } if aliases.contains(&AliasAttribute::PreferredUsername))
}

/// Where the code of a sign-up goes: to the phone before the mailbox, among the attributes that the
/// pool verifies.
fn contact_to_confirm(pool: &UserPool, user: &User) -> Option<(Contact, String)> {
    [Contact::PhoneNumber, Contact::Email]
        .into_iter()
        .filter(|contact| pool.settings.auto_verified.contains(contact))
        .find_map(|contact| {
            user.attribute(contact.attribute())
                .map(|address| (contact, address.to_owned()))
        })
}

fn sign_up_code(
    cx: &Cx,
    pool_client: &PoolClient,
    user: &User,
    contact: Contact,
    address: &str,
) -> Result<NewCode> {
    let by_link = contact == Contact::Email && pool_client.pool.settings.messages.confirm_with_link;
    let form = if by_link {
        Form::Link(&pool_client.entry.client.id)
    } else {
        Form::Digits(Purpose::Verification)
    };
    NewCode::make(
        cx,
        &pool_client.pool,
        user,
        CodePurpose::ConfirmSignUp,
        contact,
        address,
        &form,
    )
}

pub(crate) async fn confirm_sign_up(
    cx: Cx,
    input: ConfirmSignUpRequest,
) -> Result<ConfirmSignUpResponse> {
    let pool_client = PoolClient::of_client(&cx.app, &input.client_id).await?;
    secret_hash::check(
        &pool_client.entry,
        input.secret_hash.as_deref(),
        &input.username,
    )?;
    if input.session.is_some() {
        return Err(Error::parameter_not_built(
            "Session (sign-in straight from sign-up with USER_AUTH)",
        ));
    }
    let cx = origin::of_client(&cx, &pool_client.entry, input.user_context_data.as_ref())?;
    confirm(
        &cx,
        &pool_client,
        &input.username,
        &input.confirmation_code,
        Through::Call,
        input.force_alias_creation.unwrap_or(false),
    )
    .await?;
    Ok(ConfirmSignUpResponse { session: None })
}

/// See [`crate::confirm_by_link`].
pub(crate) async fn confirm_by_link(
    cx: Cx,
    client_id: &str,
    user_name: &str,
    confirmation_code: &str,
) -> Result<()> {
    let pool_client = PoolClient::of_client(&cx.app, client_id).await?;
    confirm(
        &cx,
        &pool_client,
        user_name,
        confirmation_code,
        Through::Link,
        false,
    )
    .await
}

async fn confirm(
    cx: &Cx,
    pool_client: &PoolClient,
    given: &str,
    code: &str,
    through: Through,
    take_over: bool,
) -> Result<()> {
    let name = normal_name(&pool_client.pool, given)?;
    let taken = cx.app.limits.failures.take(cx).await?;
    let (taken, found) = taken.through(find_named(cx, &pool_client.pool, &name).await)?;
    let hide = pool_client.hides_users();
    let status = found.as_ref().map(|user| user.status);
    match status {
        None if !hide => return Err(Error::username_client_id_not_found()),
        Some(status) if status != UserStatus::Unconfirmed && !hide => {
            return Err(Error::user_cannot_be_confirmed(status.as_str()));
        }
        _ => {}
    }
    let sub = sub_of(&cx.app, &pool_client.pool, found.as_ref(), &name);
    let attempt = Attempt::new(
        cx,
        &pool_client.pool.id,
        sub,
        CodePurpose::ConfirmSignUp,
        code,
        hide,
    );
    let (pool, now) = (Arc::clone(&pool_client.pool), cx.now);
    let settled = attempt.clone();
    let stands = async move |tx: &mut Tx| -> Result<Option<Option<Error>>> {
        Ok(settled.stands(tx).await?.then_some(None))
    };
    let confirm = async move |tx: &mut Tx| -> Result<Option<Error>> {
        let guess = match through {
            Through::Link => attempt.follow_link(tx).await?,
            Through::Call => {
                let action = LimitedAction::ConfirmSignUp;
                let limit = count_action(tx, &attempt.whence, &pool.id, &attempt.sub, action, now);
                match limit.await? {
                    Some(limit) => Guess::Refused(limit),
                    None => attempt.guess(tx).await?,
                }
            }
        };
        let pending = match guess {
            Guess::Right(pending) => pending,
            Guess::Refused(error) => return Ok(Some(error)),
        };
        let mut user = stored_users::find(tx, &pool.id, &attempt.sub)
            .await?
            .ok_or_else(Error::code_expired)?;
        // A code proves the address that it was sent to, and no other.
        let is_theirs = user.attribute(pending.contact.attribute()) == Some(&pending.address);
        if user.status != UserStatus::Unconfirmed || !is_theirs {
            return Ok(Some(Error::code_expired()));
        }
        user.mark_verified(pending.contact, true);
        user.status = UserStatus::Confirmed;
        user.modified_at = now;
        storing::store(tx, &pool, &user, take_over).await?;
        Ok(None)
    };
    finish_guess(
        taken,
        write_settled(cx, "confirm_sign_up", stands, confirm).await,
    )
}

/// The user who has a name.
pub(crate) async fn find_named(
    cx: &Cx,
    pool: &UserPool,
    name: &NormalName,
) -> Result<Option<User>> {
    Ok(stored_users::find_by_name(&mut cx.app.db.read().await?, &pool.id, name).await?)
}

/// Answers a guess whose count is committed.
pub(crate) fn finish_guess(taken: Taken, outcome: Result<Option<Error>>) -> Result<()> {
    taken.settle(outcome.and_then(|refusal| refusal.map_or(Ok(()), Err)))
}

pub(crate) async fn resend_confirmation_code(
    cx: Cx,
    input: ResendConfirmationCodeRequest,
) -> Result<ResendConfirmationCodeResponse> {
    let pool_client = PoolClient::of_client(&cx.app, &input.client_id).await?;
    secret_hash::check(
        &pool_client.entry,
        input.secret_hash.as_deref(),
        &input.username,
    )?;
    let cx = origin::of_client(&cx, &pool_client.entry, input.user_context_data.as_ref())?;
    let pool = Arc::clone(&pool_client.pool);
    if pool.settings.auto_verified.is_empty() {
        return Err(Error::auto_verification_not_turned_on());
    }
    let name = normal_name(&pool, &input.username)?;
    let found = stored_users::find_by_name(&mut cx.app.db.read().await?, &pool.id, &name).await?;
    let hide = pool_client.hides_users();
    let refusal = match &found {
        None => Some(Error::username_client_id_not_found()),
        Some(user) if user.status != UserStatus::Unconfirmed => {
            Some(Error::user_is_already_confirmed())
        }
        Some(_) => None,
    };
    if let Some(refusal) = refusal.filter(|_| !hide) {
        // It tells who is here, as a taken name does.
        cx.app.limits.failures.spend(&cx)?;
        return Err(refusal);
    }
    let user = stand_in(&cx, &pool, found.as_ref(), &name);
    let sent_to = found
        .as_ref()
        .filter(|user| user.status == UserStatus::Unconfirmed)
        .and_then(|user| contact_to_confirm(&pool, user));
    let is_sent = sent_to.is_some();
    let contacts = destinations::contacts(&cx, &pool, found.as_ref(), &name).await?;
    let shown = contacts.for_confirmation(&pool.settings.auto_verified);
    // Nobody, and somebody who is confirmed, is sent a code as it seems; guesses at it begin anew,
    // as everybody's do.
    let (contact, address) = sent_to
        .or_else(|| shown.map(|(contact, address)| (contact, address.to_owned())))
        .ok_or_else(Error::auto_verification_not_turned_on)?;
    if is_sent && !hide {
        message::check_destination(&cx.app, contact, &address)?;
    }
    let mut code = sign_up_code(&cx, &pool_client, &user, contact, &address)?;
    if hide {
        code = code.quietly();
    }
    if !is_sent {
        code = code.addressed_to_nobody(&cx.app);
    }
    let details = code.details();
    send_code(
        &cx,
        "resend_confirmation_code",
        LimitedAction::ResendConfirmationCode,
        code,
    )
    .await?;
    Ok(ResendConfirmationCodeResponse {
        code_delivery_details: Some(details),
    })
}

pub(crate) async fn admin_confirm_sign_up(
    cx: Cx,
    input: AdminConfirmSignUpRequest,
) -> Result<AdminConfirmSignUpResponse> {
    let pool = cx.app.pool_named(&input.user_pool_id).await?;
    let sub = user_for_operator(&cx, &pool, &input.username).await?.sub;
    let now = cx.now;
    let (of_pool, of_sub) = (Arc::clone(&pool), sub.clone());
    let stands = async move |tx: &mut Tx| -> Result<Option<()>> {
        let user = stored_users::find(tx, &of_pool.id, &of_sub).await?;
        let is_confirmed = |user: &User| user.status == UserStatus::Confirmed;
        Ok(user
            .filter(|user| is_confirmed(user) && user.modified_at == now)
            .map(drop))
    };
    let confirm = async move |tx: &mut Tx| -> Result<()> {
        let mut user = stored_users::find(tx, &pool.id, &sub)
            .await?
            .ok_or_else(Error::user_does_not_exist)?;
        if user.status != UserStatus::Unconfirmed {
            return Err(Error::user_cannot_be_confirmed(user.status.as_str()));
        }
        user.status = UserStatus::Confirmed;
        user.modified_at = now;
        storing::store(tx, &pool, &user, false).await?;
        cognate_store::codes::delete(tx, &pool.id, &sub, CodePurpose::ConfirmSignUp).await?;
        Ok(())
    };
    write_settled(&cx, "admin_confirm_sign_up", stands, confirm).await?;
    Ok(AdminConfirmSignUpResponse {})
}
