//! From a row to a user, by the rules of AdminCreateUser and those of imports, and into the
//! database.

use cognate_api::idp::op;
use cognate_api::{Operation, validate};
use cognate_crypto::random::Random;
use cognate_crypto::secret::SecretString;
use cognate_model::attribute::Contact;
use cognate_model::password::Credentials;
use cognate_model::second_factor::SecondFactor;
use cognate_model::user::NameKind;
use cognate_model::user_import::{ImportJob, Outcome, Row, check_verified, check_with_pool};
use cognate_model::{FirstFactor, NormalName, Sub, Timestamp, User, UserPool, UserStatus};
use cognate_store::{Tx, users};
use serde_json::json;

use crate::users::new_user::{new_user_at, username_for};
use crate::users::{attributes, storing};
use crate::{Error, Result};

/// A user that a row makes.
pub(super) struct Imported {
    user: User,
    credentials: Option<Credentials>,
    /// What the row calls them: the name by which it is told that they are there already.
    named: NameKind,
}

/// Reads a row as a user.
///
/// # Errors
/// Why it is none, in words that repeat nothing of it.
pub(super) fn read(
    pool: &UserPool,
    job: &ImportJob,
    row: Row,
    now: Timestamp,
    random: &mut Random,
) -> Result<Imported, String> {
    let told = |error: Error| error.message;
    check_username(pool, &row.username)?;
    check_with_pool(&row, pool).map_err(|error| error.to_string())?;
    let mut given = row.attributes;
    pool.schema.normalize(&mut given);
    attributes::check_values(pool, &given).map_err(told)?;
    check_verified(&given, pool).map_err(|error| error.to_string())?;
    let sub = Sub::random(random);
    let username = username_for(pool, &row.username, &sub, &mut given).map_err(told)?;
    attributes::check_verified_flags(None, &given).map_err(told)?;
    let required = pool.schema.check_required(&given);
    required.map_err(|error| error.to_string())?;
    let named = pool
        .names_are_attributes()
        .then(|| pool.contact_of_name(&row.username));
    let named = named.flatten().map_or(NameKind::Username, kind_of);
    let mut user = new_user_at(now, pool, sub, username, given, UserStatus::ResetRequired);
    let credentials = credentials(pool, job, &user, row.password_hash.as_ref(), random)?;
    if credentials.is_some() || signs_in_by_code(pool, &user) {
        user.status = UserStatus::Confirmed;
    }
    if row.mfa_enabled == Some(true) {
        choose_factor(pool, &mut user);
    }
    Ok(Imported {
        user,
        credentials,
        named,
    })
}

/// What AdminCreateUser takes as a user name.
fn check_username(pool: &UserPool, name: &str) -> Result<(), String> {
    let mut input = json!({"UserPoolId": pool.id.as_str(), "Username": name});
    validate::check(op::AdminCreateUser::INPUT, &mut input)
        .map_err(|_| "cognito:username is too long, or has a character that it cannot have.".into())
}

fn kind_of(contact: Contact) -> NameKind {
    match contact {
        Contact::Email => NameKind::Email,
        Contact::PhoneNumber => NameKind::PhoneNumber,
    }
}

/// Whether the user needs no password (docs/protocol.md §19.4).
fn signs_in_by_code(pool: &UserPool, user: &User) -> bool {
    let allowed = &pool.settings.allowed_first_auth_factors;
    (allowed.contains(&FirstFactor::EmailOtp) && user.has_verified(Contact::Email))
        || (allowed.contains(&FirstFactor::SmsOtp) && user.has_verified(Contact::PhoneNumber))
}

/// Switches on the factor that the pool offers and the user has an address for: text messages
/// first, which is what the column has meant since it is there.
fn choose_factor(pool: &UserPool, user: &mut User) {
    let is_ready = |factor: &SecondFactor| {
        let contact = factor.contact();
        let has_address =
            contact.is_some_and(|contact| user.attribute(contact.attribute()).is_some());
        has_address && pool.settings.mfa.offers(*factor)
    };
    let factor = [SecondFactor::Sms, SecondFactor::Email]
        .into_iter()
        .find(is_ready);
    if let Some(factor) = factor {
        user.mfa.choose(factor);
    }
}

/// Stores a user, with the names that the pool's rules give them; what came of it.
///
/// # Errors
/// Only what the database gives.
pub(super) async fn store(tx: &mut Tx, pool: &UserPool, imported: &Imported) -> Result<Outcome> {
    let user = &imported.user;
    let taken = |kind: NameKind| {
        if kind == imported.named {
            Outcome::Skipped
        } else {
            Outcome::Failed(Error::username_exists_with(kind.as_str()).message)
        }
    };
    // Looked at first: nothing is taken from anybody for a user who comes to nothing.
    for (kind, name) in user.names(pool) {
        if users::is_kept(tx, user, kind, &name).await? {
            return Ok(taken(kind));
        }
        let Some(holder) = users::find_by_name(tx, &pool.id, &name).await? else {
            continue;
        };
        let contact = kind.contact();
        let is_proved = contact.is_none_or(|contact| holder.has_proved(pool, contact, &name));
        if is_proved {
            return Ok(taken(kind));
        }
    }
    storing::take_names(tx, pool, user, false).await?;
    storing::take_abandoned_names(tx, pool, user).await?;
    let names = user.names(pool);
    let stored = users::insert(tx, user, &names, imported.credentials.as_ref()).await?;
    Ok(match stored {
        Ok(()) => Outcome::Succeeded,
        Err(refused) => taken(refused.0),
    })
}

/// What is kept of the password that the row has a hash of.
fn credentials(
    pool: &UserPool,
    job: &ImportJob,
    user: &User,
    hash: Option<&SecretString>,
    random: &mut Random,
) -> Result<Option<Credentials>, String> {
    let Some(hash) = hash else { return Ok(None) };
    let hashing = job.hashing;
    let hashing = hashing.ok_or("The import job names no password hashing algorithm.")?;
    let hash = hashing.read(hash)?;
    let username = NormalName::new(pool, &user.username);
    Ok(Some(Credentials::of_hash(&username, hash, random)))
}
