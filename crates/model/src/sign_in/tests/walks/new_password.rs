//! How the walks answer NEW_PASSWORD_REQUIRED.

use proptest::sample::Index;

use super::moves::Response;
use super::*;
use crate::attribute::AttributeError;

impl World {
    pub(super) fn answer_new_password(&mut self, index: usize, at: At, with: Response) {
        self.counter += 1;
        let password = match with.meets_policy {
            true => format!("New-pass{}", self.counter),
            false => "simple".to_owned(),
        };
        let attributes = self.attributes(at, with.attributes);
        let new = NewPassword {
            password: secret(&password),
            attributes: attributes.clone(),
        };
        let Some(outcome) = self.put::<NewPasswordRequired>(index, at, new) else {
            return;
        };
        let changed = self.changed_user(index, at, with.meets_policy, &attributes);
        let user = match changed {
            Err(Refusal::Policy(_)) => {
                let Outcome::Refuse(refusal @ Refusal::Policy(_)) = &outcome else {
                    panic!("taken against the policy: {}", told(&outcome));
                };
                let refusal = refusal.clone();
                return self.must_refuse(Some(index), outcome, &refusal);
            }
            Err(refusal) => return self.must_refuse(Some(index), outcome, &refusal),
            Ok(user) => user,
        };
        let mut truth = self.truth(index);
        let change = match &outcome {
            Outcome::Ask(_, effects) | Outcome::SignedIn(_, effects) => effects.first().cloned(),
            _ => None,
        };
        if let Some(Effect::SetPassword(change)) = change {
            assert_eq!(change.user.attributes, user.attributes);
            assert_eq!(change.user.status, UserStatus::Confirmed);
            self.store_password(at, change.credentials, password);
            self.seen.met("a new password");
            truth.generation = Some(self.slot(at).generation);
        } else {
            assert!(matches!(outcome, Outcome::Refuse(_)), "nothing has changed");
        }
        self.judge_second(Some(index), at, &user, outcome, truth);
    }

    /// Attributes that an answer gives: none, or some that it may or may not.
    fn attributes(&mut self, at: At, drawn: Index) -> Attributes {
        let email = self.address(at, Contact::Email);
        let family_name = ("family_name", "Diaz");
        let given: &[(&str, &str)] = match drawn.index(9) {
            0..=2 => &[],
            3 => &[family_name, ("email", &email)],
            4 => &[family_name, ("no_such", "attribute")],
            5 => &[family_name, ("locale", "es")],
            _ => &[family_name],
        };
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        given.iter().map(owned).collect()
    }

    /// The user as a new password leaves them, or why it is refused.
    fn changed_user(
        &self,
        index: usize,
        at: At,
        meets_policy: bool,
        attributes: &Attributes,
    ) -> Result<User, Refusal> {
        let slot = self.slot(at);
        let mut user = slot.user.clone().unwrap();
        if slot.credentials.is_none() {
            return Err(Refusal::NoSuchStep);
        }
        if !user.enabled {
            return Err(Refusal::Disabled);
        }
        let is_void = self.issued[index].truth.generation != Some(slot.generation);
        if user.status != UserStatus::ForceChangePassword || is_void {
            return Err(Refusal::NoSuchStep);
        }
        if !meets_policy {
            return Err(Refusal::Policy(crate::password::PolicyViolation::Length));
        }
        if attributes.contains_key("no_such") {
            let unknown = AttributeError::Unknown(vec!["no_such".to_owned()]);
            return Err(Refusal::Attribute(unknown));
        }
        if attributes.contains_key("email") && user.attribute("email").is_some() {
            return Err(Refusal::AlreadyProvided("email"));
        }
        // What the user has already is no change.
        let new_locale = attributes.get("locale").map(String::as_str);
        if new_locale.is_some() && new_locale != user.attribute("locale") && at.client == 0 {
            return Err(Refusal::NotWritable("locale".to_owned()));
        }
        if attributes.contains_key("email") {
            user.mark_verified(Contact::Email, false);
        }
        user.attributes.extend(attributes.clone());
        if at.pool == 0 && user.attribute("family_name").is_none() {
            return Err(Refusal::Missing(vec!["family_name".to_owned()]));
        }
        user.status = UserStatus::Confirmed;
        Ok(user)
    }
}
