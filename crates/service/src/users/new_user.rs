//! A user that is about to be stored, by sign-up or by an operator: the user name, the row, the
//! credentials of the password.

use cognate_crypto::secret::SecretString;
use cognate_model::attribute::{Attributes, Contact};
use cognate_model::password::Credentials;
use cognate_model::user_pool::SignInNames;
use cognate_model::{NormalName, Sub, Timestamp, User, UserPool, UserStatus};

use crate::{Cx, Error, Result};

/// Makes the credentials of a password on a blocking thread.
///
/// # Errors
/// Only when the runtime is stopping.
pub(crate) async fn new_credentials(
    cx: &Cx,
    pool: &UserPool,
    user: &User,
    password: SecretString,
    temporary_until: Option<Timestamp>,
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
    new_user_at(cx.now, pool, sub, username, attributes, status)
}

/// The same, of work that no request asks for.
pub(crate) fn new_user_at(
    now: Timestamp,
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
        factors_changed_at: None,
        mfa: cognate_model::second_factor::MfaPreferences::default(),
        status,
        enabled: true,
        created_at: now,
        modified_at: now,
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
        // What counts is the form that is looked up: a full-width @ is an @ there.
        SignInNames::Username { .. } => match pool.alias_like(given) {
            Some(Contact::Email) => Err(Error::username_cannot_be_of_email_format()),
            Some(Contact::PhoneNumber) => Err(Error::username_cannot_be_of_phone_number_format()),
            None => Ok(given.to_owned()),
        },
    }
}
