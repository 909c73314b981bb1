//! The rules by which names find users: what signs in, and which spellings are one name. A pool
//! has one; while it changes from one to another, two hold side by side.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::attribute::Contact;
use crate::name::NormalName;

/// What users sign in with, and which spellings are one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameRule {
    /// What users sign in with.
    pub sign_in_names: SignInNames,
    /// Whether `Ana` and `ana` are two names.
    pub case_sensitive: bool,
}

/// The rules that hold at one time: the pool's own, and during a change another beside it.
#[derive(Clone, Copy, Debug)]
pub struct NameRules<'a> {
    /// By which requests are understood.
    pub own: &'a NameRule,
    /// Whose names are held too, so that nobody else takes them.
    pub beside: Option<&'a NameRule>,
}

impl NameRule {
    /// The normal form of a name.
    #[must_use]
    pub fn normal(&self, name: &str) -> NormalName {
        NormalName::with_case_rule(name, self.case_sensitive)
    }

    /// Whether sign-in names are addresses and user names are made here.
    #[must_use]
    pub fn names_are_attributes(&self) -> bool {
        matches!(self.sign_in_names, SignInNames::Attributes(_))
    }

    /// Whether an address of this kind signs in before anybody has proved it.
    #[must_use]
    pub fn takes_unproved(&self, contact: Contact) -> bool {
        matches!(&self.sign_in_names, SignInNames::Attributes(contacts) if contacts.contains(&contact))
    }

    /// Whether users sign in with an attribute beside their user name.
    #[must_use]
    pub fn has_alias(&self, attribute: AliasAttribute) -> bool {
        matches!(&self.sign_in_names, SignInNames::Username { aliases } if aliases.contains(&attribute))
    }

    /// Whether addresses of this kind sign in.
    #[must_use]
    pub fn signs_in_by(&self, contact: Contact) -> bool {
        let alias = match contact {
            Contact::Email => AliasAttribute::Email,
            Contact::PhoneNumber => AliasAttribute::PhoneNumber,
        };
        self.takes_unproved(contact) || self.has_alias(alias)
    }

    /// The kind of address that a name is written like, if addresses of that kind sign in.
    #[must_use]
    pub fn contact_like(&self, name: &NormalName) -> Option<Contact> {
        let written_like = if name.is_email() {
            Contact::Email
        } else if name.is_phone_number() {
            Contact::PhoneNumber
        } else {
            return None;
        };
        Some(written_like).filter(|contact| self.signs_in_by(*contact))
    }
}

/// What users sign in with (docs/protocol.md §7.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInNames {
    /// A user name, and these aliases beside it.
    Username {
        /// AliasAttributes.
        aliases: BTreeSet<AliasAttribute>,
    },
    /// An address in place of a user name (UsernameAttributes); the user name is then the sub.
    Attributes(BTreeSet<Contact>),
}

/// An attribute that signs in beside the user name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AliasAttribute {
    /// `email`, once verified.
    Email,
    /// `phone_number`, once verified.
    PhoneNumber,
    /// `preferred_username`.
    PreferredUsername,
}
