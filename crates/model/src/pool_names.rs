//! The rules of a pool for names: which are one, what they may be, and which of them are addresses.

use crate::attribute::{AttributeError, Attributes, Contact};
use crate::name::{NormalName, is_email, is_phone_number};
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
    /// Whether sign-in names are addresses and user names are made here.
    #[must_use]
    pub fn names_are_attributes(&self) -> bool {
        matches!(self.sign_in_names, SignInNames::Attributes(_))
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
        let Some(name) = attributes
            .get("preferred_username")
            .filter(|_| self.has_alias(AliasAttribute::PreferredUsername))
        else {
            return Ok(());
        };
        let name = NormalName::new(self, name);
        let looks_like_another = (self.has_alias(AliasAttribute::Email) && name.is_email())
            || (self.has_alias(AliasAttribute::PhoneNumber) && name.is_phone_number());
        if looks_like_another {
            return Err(AttributeError::Value {
                name: "preferred_username".to_owned(),
                problem: "An address or a phone number cannot be a preferred user name where users sign in with those",
            });
        }
        Ok(())
    }
}
