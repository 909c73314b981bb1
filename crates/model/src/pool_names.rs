//! The rules of a pool for names: which are one, what they may be, and which of them are addresses.

use crate::attribute::{AttributeError, Attributes, Contact};
use crate::name::{NormalName, is_email, is_phone_number};
use crate::name_rule::NameRule;
use crate::user_pool::{AliasAttribute, SignInNames, UserPool};

impl NormalName {
    /// The normal form of a name in a pool. The caller has checked the length (at most 2,048
    /// characters) before.
    #[must_use]
    pub fn new(pool: &UserPool, name: &str) -> Self {
        Self::with_case_rule(name, pool.case_sensitive)
    }
}

impl UserPool {
    /// The pool's own rule.
    #[must_use]
    pub fn name_rule(&self) -> NameRule {
        NameRule {
            sign_in_names: self.sign_in_names.clone(),
            case_sensitive: self.case_sensitive,
        }
    }

    /// Whether sign-in names are addresses and user names are made here.
    #[must_use]
    pub fn names_are_attributes(&self) -> bool {
        matches!(self.sign_in_names, SignInNames::Attributes(_))
    }

    /// Whether an address of this kind signs in before anybody has proved it.
    #[must_use]
    pub(crate) fn takes_unproved(&self, contact: Contact) -> bool {
        matches!(&self.sign_in_names, SignInNames::Attributes(contacts) if contacts.contains(&contact))
    }

    /// Whether a name that is about to be taken is written like an address that signs in by the
    /// pool's rule for aliases, or will by a rule that comes: whoever took a victim's address for a
    /// user name would hold the name that the victim is to sign in with.
    #[must_use]
    pub fn alias_like(&self, name: &str) -> Option<Contact> {
        let coming = self.beside.as_ref().map(|beside| &beside.rule);
        let own = self.name_rule();
        let mut rules = [Some(&own), coming].into_iter().flatten();
        rules.find_map(|rule| rule.contact_like(&rule.normal(name)))
    }

    /// The case rule of names that are kept for users who may come back to them: of two rules that
    /// hold side by side the one under which more spellings are one.
    pub(crate) fn keeps_names_by_case(&self) -> bool {
        let beside = self.beside.as_ref().map(|beside| &beside.rule);
        self.case_sensitive && beside.is_none_or(|rule| rule.case_sensitive)
    }

    /// Whether users sign in with an attribute beside their user name.
    #[must_use]
    pub fn has_alias(&self, attribute: AliasAttribute) -> bool {
        matches!(&self.sign_in_names, SignInNames::Username { aliases } if aliases.contains(&attribute))
    }

    /// The contact attribute that a sign-up name is in a pool whose names are addresses; none where
    /// it is not one that the pool allows.
    #[must_use]
    pub fn contact_of_name(&self, name: &str) -> Option<Contact> {
        let SignInNames::Attributes(contacts) = &self.sign_in_names else {
            return None;
        };
        let written_as = if is_phone_number(name) {
            Contact::PhoneNumber
        } else if is_email(name) {
            Contact::Email
        } else {
            return None;
        };
        contacts.contains(&written_as).then_some(written_as)
    }

    /// Checks that a preferred user name does not look like an alias of another kind: whoever took
    /// a victim's address for one would hold the name that the victim signs in with.
    ///
    /// # Errors
    /// [`AttributeError::Value`].
    pub fn check_preferred_username(&self, attributes: &Attributes) -> Result<(), AttributeError> {
        let beside = self.beside.as_ref().map(|beside| &beside.rule);
        let will_be = beside.is_some_and(|rule| rule.has_alias(AliasAttribute::PreferredUsername));
        let Some(name) = attributes
            .get("preferred_username")
            .filter(|_| will_be || self.has_alias(AliasAttribute::PreferredUsername))
        else {
            return Ok(());
        };
        if self.alias_like(name).is_some() {
            return Err(AttributeError::Value {
                name: "preferred_username".to_owned(),
                problem: "An address or a phone number cannot be a preferred user name where users sign in with those",
            });
        }
        Ok(())
    }
}
