//! The change of a temporary password at sign-in (NEW_PASSWORD_REQUIRED, docs/protocol.md §5.8).

use cognate_crypto::random::Random;
use cognate_crypto::secret::SecretString;

use super::facts::Facts;
use super::outcome::{Outcome, Refusal};
use super::proof::{PasswordChange, Proof};
use super::step::NewPasswordStep;
use crate::attribute::{AttributeError, Attributes, Contact};
use crate::name::NormalName;
use crate::password::Credentials;
use crate::user::{User, UserStatus};

/// The answer to NEW_PASSWORD_REQUIRED.
pub struct NewPasswordAnswer<'a> {
    /// NEW_PASSWORD.
    pub password: &'a SecretString,
    /// `userAttributes.*`, without that prefix.
    pub attributes: &'a Attributes,
}

/// Takes a new password and attributes, and signs in.
pub(super) fn accept(
    step: &NewPasswordStep,
    answer: &NewPasswordAnswer<'_>,
    facts: &Facts<'_>,
    random: &mut Random,
) -> Outcome {
    match change(step, answer, facts, random) {
        Ok(change) => Outcome::SignedIn(Proof {
            pool: facts.pool.id.clone(),
            client: facts.client.id.clone(),
            sub: change.user.sub.clone(),
            at: facts.now,
            change: Some(change),
        }),
        Err(refusal) => Outcome::Refuse(refusal),
    }
}

fn change(
    step: &NewPasswordStep,
    answer: &NewPasswordAnswer<'_>,
    facts: &Facts<'_>,
    random: &mut Random,
) -> Result<PasswordChange, Refusal> {
    let Some((user, credentials)) = facts.account.with_password() else {
        return Err(Refusal::NoSuchStep);
    };
    if !user.enabled {
        return Err(Refusal::Disabled);
    }
    // The proof is void: since then the user has got another temporary password, or another status.
    if user.status != UserStatus::ForceChangePassword || credentials.salt != step.salt {
        return Err(Refusal::NoSuchStep);
    }
    facts
        .pool
        .settings
        .password_policy
        .check(answer.password.expose())
        .map_err(Refusal::Policy)?;
    let before = user;
    let mut user = before.clone();
    take_attributes(&mut user, answer.attributes, facts)?;
    user.keep_names_of(before, facts.pool);
    let missing = facts.pool.schema.missing_required(&user.attributes);
    if !missing.is_empty() {
        return Err(Refusal::Missing(missing));
    }
    user.status = UserStatus::Confirmed;
    user.modified_at = facts.now;
    let credentials = Credentials::new(
        &facts.pool.id,
        &NormalName::new(facts.pool, &user.username),
        answer.password,
        None,
        random,
    );
    Ok(PasswordChange { user, credentials })
}

fn take_attributes(
    user: &mut User,
    attributes: &Attributes,
    facts: &Facts<'_>,
) -> Result<(), Refusal> {
    facts
        .pool
        .schema
        .check_values(
            attributes
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        )
        .map_err(Refusal::Attribute)?;
    facts
        .pool
        .check_preferred_username(attributes)
        .map_err(Refusal::Attribute)?;
    for (name, value) in attributes {
        let current = user.attribute(name).map(str::to_owned);
        // Clearing what is absent is no change either.
        if current.as_deref().unwrap_or_default() == value {
            continue;
        }
        if !facts.client.may_write(facts.pool, name) {
            return Err(Refusal::NotWritable(name.clone()));
        }
        if let Some(contact) = Contact::of(name) {
            if current.is_some() {
                return Err(Refusal::AlreadyProvided(contact.attribute()));
            }
            user.mark_verified(contact, false);
        }
        if current.is_some()
            && facts
                .pool
                .schema
                .find(name)
                .is_some_and(|attribute| !attribute.mutable)
        {
            return Err(Refusal::Attribute(AttributeError::Immutable(name.clone())));
        }
        user.attributes.insert(name.clone(), value.clone());
    }
    Ok(())
}
