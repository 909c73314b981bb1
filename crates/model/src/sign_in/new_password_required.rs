//! NEW_PASSWORD_REQUIRED: the change of a temporary password at sign-in (docs/protocol.md §5.8).

use cognate_crypto::random::Random;
use cognate_crypto::secret::SecretString;
use serde::{Deserialize, Serialize};

use super::challenge::Challenge;
use super::effect::{Effect, PasswordChange};
use super::facts::Facts;
use super::outcome::{Asked, Need, Outcome, Powers};
use super::refusal::Refusal;
use super::step::StepKind;
use super::turn::Turn;
use crate::attribute::{AttributeError, Attributes, Contact};
use crate::name::NormalName;
use crate::password::{Credentials, PasswordHistory};
use crate::user::{User, UserStatus};

/// A proved temporary password.
#[derive(Clone, Serialize, Deserialize)]
pub struct NewPasswordRequired {
    /// The salt of the temporary password. If another password was set meanwhile, this proof is
    /// void.
    #[serde(with = "crate::bytes")]
    pub(super) salt: Vec<u8>,
}

/// The answer.
pub struct NewPassword {
    /// NEW_PASSWORD.
    pub password: SecretString,
    /// `userAttributes.*`, without that prefix.
    pub attributes: Attributes,
}

/// Asks for a new password, unless the temporary one has run out.
pub(super) fn ask(turn: Turn, facts: &Facts<'_>) -> Outcome {
    let Some((_, credentials)) = facts.account.with_password() else {
        return Outcome::Refuse(Refusal::WrongPassword);
    };
    let ends = credentials.temporary_until;
    if ends.is_some_and(|until| until <= facts.now) {
        return Outcome::Refuse(Refusal::TemporaryPasswordExpired);
    }
    let step = NewPasswordRequired {
        salt: credentials.salt.clone(),
    };
    Outcome::ask(turn, &step, facts.client.auth_session_validity(), facts)
}

impl StepKind for NewPasswordRequired {
    const NAME: &'static str = "new_password_required";
}

impl Challenge for NewPasswordRequired {
    type Answer = NewPassword;

    fn answer(
        self,
        answer: NewPassword,
        turn: Turn,
        facts: &Facts<'_>,
        _random: &mut Random,
    ) -> Outcome {
        let user = match self.changed_user(&answer, facts) {
            Ok(user) => user,
            Err(refusal) => return Outcome::Refuse(refusal),
        };
        let password = answer.password;
        if facts.pool.settings.password_policy.history_size == 0 {
            return set_password(password, user, PasswordHistory::default(), turn, facts);
        }
        let asked = Asked::new((), |history, facts, _| {
            set_password(password, user, history, turn, facts)
        });
        Outcome::Need(Need::PasswordHistory(asked))
    }
}

/// Sets the new password, unless it is one of the last ones.
fn set_password(
    password: SecretString,
    user: User,
    history: PasswordHistory,
    mut turn: Turn,
    facts: &Facts<'_>,
) -> Outcome {
    let pool = facts.pool.id.clone();
    let name = NormalName::new(facts.pool, &user.username);
    let size = facts.pool.settings.password_policy.history_size;
    let known = facts.account.with_password();
    let current = known.map(|(_, credentials)| credentials.clone());
    let memory = history.hashing_memory(size, current.as_ref());
    let make = move |random: &mut Random| {
        history
            .permits(size, current.as_ref(), &pool, &password)
            .then(|| Credentials::new(&pool, &name, &password, None, random))
    };
    Powers::hashing(memory, make, |credentials, facts, _| {
        let Some(credentials) = credentials else {
            return Outcome::Refuse(Refusal::UsedBefore);
        };
        turn.prove_password(&credentials.salt, facts.now);
        let change = PasswordChange { user, credentials };
        turn.change(Effect::SetPassword(Box::new(change)));
        Outcome::Proved(turn)
    })
}

impl NewPasswordRequired {
    /// The user with the new password's status and the attributes of the answer.
    fn changed_user(&self, answer: &NewPassword, facts: &Facts<'_>) -> Result<User, Refusal> {
        let Some((before, credentials)) = facts.account.with_password() else {
            return Err(Refusal::NoSuchStep);
        };
        if !before.enabled {
            return Err(Refusal::Disabled);
        }
        // The proof is void: since then the user has got another temporary password, or another
        // status.
        if before.status != UserStatus::ForceChangePassword || credentials.salt != self.salt {
            return Err(Refusal::NoSuchStep);
        }
        facts
            .pool
            .settings
            .password_policy
            .check(answer.password.expose())
            .map_err(Refusal::Policy)?;
        let mut user = before.clone();
        take_attributes(&mut user, &answer.attributes, facts)?;
        user.keep_names_of(before, facts.pool);
        let missing = facts.pool.schema.missing_required(&user.attributes);
        if !missing.is_empty() {
            return Err(Refusal::Missing(missing));
        }
        user.status = UserStatus::Confirmed;
        user.modified_at = facts.now;
        Ok(user)
    }
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
