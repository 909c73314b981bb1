//! A user of a pool.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::attribute::{Attributes, Contact};
use crate::ids::{Sub, UserPoolId};
use crate::name::NormalName;
use crate::name_rule::{NameRule, NameRules};
use crate::second_factor::MfaPreferences;
use crate::time::Timestamp;
use crate::user_pool::{AliasAttribute, UserPool};

/// The status of an account (docs/protocol.md §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum UserStatus {
    /// Signed up, not confirmed yet.
    Unconfirmed,
    /// Can sign in.
    Confirmed,
    /// Must reset the password before signing in.
    ResetRequired,
    /// Has a temporary password that must be changed at sign-in.
    ForceChangePassword,
}

impl UserStatus {
    /// The name on the wire and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unconfirmed => "UNCONFIRMED",
            Self::Confirmed => "CONFIRMED",
            Self::ResetRequired => "RESET_REQUIRED",
            Self::ForceChangePassword => "FORCE_CHANGE_PASSWORD",
        }
    }

    /// The status of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [
            Self::Unconfirmed,
            Self::Confirmed,
            Self::ResetRequired,
            Self::ForceChangePassword,
        ]
        .into_iter()
        .find(|status| status.as_str() == name)
    }
}

/// A user. The store keeps the password's verifier sealed beside it; only code that checks a
/// password reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The pool that the user belongs to.
    pub pool: UserPoolId,
    /// The user's immutable id.
    pub sub: Sub,
    /// The user name as it was given; equal to the sub in pools whose sign-in names are attributes.
    pub username: String,
    /// All attributes but `sub`; `email_verified` and `phone_number_verified` as `true` or `false`.
    #[serde(default)]
    pub attributes: Attributes,
    /// In a pool whose names are addresses: the name that signs in while the attribute does not,
    /// because nobody has proved its address. An empty text means no name. Without an entry the
    /// attribute signs in, as in older documents.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kept_names: BTreeMap<Contact, String>,
    /// While the password must be reset: the only contact that the reset's code goes to. An address
    /// that was brought back is trusted, and no other, which somebody may have added meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recover_by: Option<Contact>,
    /// The second factors that the user has chosen.
    #[serde(default, skip_serializing_if = "MfaPreferences::is_empty")]
    pub mfa: MfaPreferences,
    /// When the user last changed, with no more than an access token, what a sign-in is proved by:
    /// an app, a passkey, an address. What a session has proved before does not count beside it:
    /// who holds the token may not be who signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factors_changed_at: Option<Timestamp>,
    /// Where the account stands.
    pub status: UserStatus,
    /// Whether an operator has not disabled it.
    pub enabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub modified_at: Timestamp,
    /// Counts the changes; an update names the revision that it has read.
    pub revision: i64,
}

/// What a sign-in name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameKind {
    /// The user name.
    Username,
    /// An e-mail address.
    Email,
    /// A phone number.
    PhoneNumber,
    /// A preferred user name.
    PreferredUsername,
}

impl NameKind {
    /// The name in the database and, but for `username`, of the attribute.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Username => "username",
            Self::Email => "email",
            Self::PhoneNumber => "phone_number",
            Self::PreferredUsername => "preferred_username",
        }
    }

    /// The kind of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [
            Self::Username,
            Self::Email,
            Self::PhoneNumber,
            Self::PreferredUsername,
        ]
        .into_iter()
        .find(|kind| kind.as_str() == name)
    }

    /// The contact attribute that names of this kind are addresses of.
    #[must_use]
    pub fn contact(self) -> Option<Contact> {
        match self {
            Self::Email => Some(Contact::Email),
            Self::PhoneNumber => Some(Contact::PhoneNumber),
            Self::Username | Self::PreferredUsername => None,
        }
    }
}

impl User {
    /// The value of an attribute, if it has one.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Whether a contact attribute is there and verified.
    #[must_use]
    pub fn has_verified(&self, contact: Contact) -> bool {
        self.attribute(contact.attribute()).is_some()
            && self.attribute(contact.verified_attribute()) == Some("true")
    }

    /// Sets attributes. An empty value removes the attribute, and the verified flag of a removed
    /// address. Where names are addresses, a set address counts as a name at once; if the caller
    /// may not decide that, it calls [`User::keep_names_of`] afterwards.
    pub fn set_attributes(&mut self, given: Attributes) {
        for contact in Contact::ALL {
            let changes = given
                .get(contact.attribute())
                .is_some_and(|address| self.attribute(contact.attribute()) != Some(address));
            let is_vouched_for = given
                .get(contact.verified_attribute())
                .is_some_and(|flag| flag == "true");
            if changes || is_vouched_for {
                self.kept_names.remove(&contact);
            }
        }
        self.attributes.extend(given);
        self.attributes.retain(|_, value| !value.is_empty());
        for contact in Contact::ALL {
            if !self.attributes.contains_key(contact.attribute()) {
                self.attributes.remove(contact.verified_attribute());
            }
        }
    }

    /// Marks a contact attribute as verified or not. A verified address is a name where names are
    /// addresses.
    pub fn mark_verified(&mut self, contact: Contact, verified: bool) {
        if verified {
            self.kept_names.remove(&contact);
        }
        self.attributes.insert(
            contact.verified_attribute().to_owned(),
            verified.to_string(),
        );
    }

    /// Notes a change that the user made, if it has touched an address.
    pub fn note_changed_addresses(&mut self, before: &Self, now: Timestamp) {
        let touches = |contact: Contact| {
            let names = [contact.attribute(), contact.verified_attribute()];
            names
                .iter()
                .any(|name| self.attribute(name) != before.attribute(name))
        };
        if Contact::ALL.into_iter().any(touches) {
            self.factors_changed_at = Some(now);
        }
    }

    /// Adjusts the names after a change that the user made. Where names are addresses, an unproved
    /// one is no name, and the old name stays in its place.
    pub fn keep_names_of(&mut self, before: &Self, pool: &UserPool) {
        let beside = pool.beside.as_ref().map(|beside| &beside.rule);
        for contact in Contact::ALL {
            let takes_unproved = |rule: &NameRule| rule.takes_unproved(contact);
            if !pool.takes_unproved(contact) && !beside.is_some_and(takes_unproved) {
                continue;
            }
            let normal = |address: &str| NormalName::new(pool, address);
            let held = before.address_as_name(contact);
            let is_same = match (self.attribute(contact.attribute()), held) {
                // A name goes with its attribute.
                (None, _) => true,
                (Some(address), Some(held)) => normal(address) == normal(held),
                (Some(_), None) => false,
            };
            if is_same || self.has_verified(contact) {
                self.kept_names.remove(&contact);
            } else {
                let held = held.unwrap_or_default().to_owned();
                self.kept_names.insert(contact, held);
            }
        }
    }

    /// Adjusts the names at a sign-up. Where names are addresses, only the address that was given
    /// as the name is a name before it is proved.
    pub fn keep_only_name(&mut self, given: Contact) {
        for contact in Contact::ALL {
            if contact != given && self.attribute(contact.attribute()).is_some() {
                self.kept_names.insert(contact, String::new());
            }
        }
    }

    /// The address that signs in where names are addresses: the attribute, or the old name in its
    /// place.
    fn address_as_name(&self, contact: Contact) -> Option<&str> {
        match self.kept_names.get(&contact) {
            Some(kept) => Some(kept.as_str()).filter(|kept| !kept.is_empty()),
            None => self.attribute(contact.attribute()),
        }
    }

    /// Whether a name is an address that the user has proved to be theirs.
    #[must_use]
    pub fn has_proved(&self, pool: &UserPool, contact: Contact, name: &NormalName) -> bool {
        let beside = pool
            .beside
            .as_ref()
            .map(|beside| beside.rule.case_sensitive);
        let is_address = |address: &str| {
            let mut rules = [Some(pool.case_sensitive), beside].into_iter().flatten();
            rules.any(|rule| NormalName::with_case_rule(address, rule) == *name)
        };
        self.has_verified(contact) && self.attribute(contact.attribute()).is_some_and(is_address)
    }

    /// Takes a name that is an address away from the user. The user keeps the account and the
    /// attribute, which becomes unverified.
    pub fn lose_name(&mut self, pool: &UserPool, contact: Contact, name: &NormalName) {
        if self.has_proved(pool, contact, name) {
            self.mark_verified(contact, false);
        }
        let beside = pool.beside.as_ref().map(|beside| &beside.rule);
        if pool.names_are_attributes() || beside.is_some_and(NameRule::names_are_attributes) {
            self.kept_names.insert(contact, String::new());
        }
    }

    /// All names under which this user can be found, each of which belongs to one user of the pool
    /// only.
    ///
    /// In alias pools an address counts only once it is verified, so that nobody takes another's
    /// name by claiming it. In pools whose sign-in names are attributes, the name of the sign-up
    /// counts from the start; another replaces it once it is verified or an operator has set it.
    ///
    /// While the pool changes from one rule to another, the names of both.
    #[must_use]
    pub fn names(&self, pool: &UserPool) -> Vec<(NameKind, NormalName)> {
        let beside = pool.beside.as_ref().map(|beside| &beside.rule);
        let own = &pool.name_rule();
        self.names_under(NameRules { own, beside })
    }

    /// The same under rules that hold side by side.
    #[must_use]
    pub fn names_under(&self, rules: NameRules<'_>) -> Vec<(NameKind, NormalName)> {
        let mut names = self.names_by(rules.own, None);
        if let Some(beside) = rules.beside {
            names.extend(self.names_by(beside, Some(rules.own)));
        }
        // A preferred name equal to the user's own user name is one name, not two.
        let mut seen = BTreeSet::new();
        names.retain(|(_, name)| seen.insert(name.clone()));
        names
    }

    /// The names under one rule. `own` is the rule by which requests are understood, if it is
    /// another: an address that is no name there is one here only once it is verified.
    pub(crate) fn names_by(
        &self,
        rule: &NameRule,
        own: Option<&NameRule>,
    ) -> Vec<(NameKind, NormalName)> {
        let mut names = vec![(NameKind::Username, rule.normal(&self.username))];
        let verified = |contact: Contact| {
            let address = self.attribute(contact.attribute());
            address.filter(|_| self.has_verified(contact))
        };
        for (kind, contact) in [
            (NameKind::Email, Contact::Email),
            (NameKind::PhoneNumber, Contact::PhoneNumber),
        ] {
            let is_known = own.is_none_or(|own| own.takes_unproved(contact));
            let address = if rule.takes_unproved(contact) && is_known {
                self.address_as_name(contact)
            } else {
                verified(contact).filter(|_| rule.signs_in_by(contact))
            };
            names.extend(address.map(|address| (kind, rule.normal(address))));
        }
        if rule.has_alias(AliasAttribute::PreferredUsername) {
            let preferred = self.attribute(NameKind::PreferredUsername.as_str());
            let preferred = preferred.map(|name| rule.normal(name));
            names.extend(preferred.map(|name| (NameKind::PreferredUsername, name)));
        }
        names
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::attribute::Schema;
    use crate::user_pool::{EmailSettings, Messages, Settings, SignInNames, Tier};

    pub(crate) fn pool(sign_in_names: SignInNames) -> UserPool {
        UserPool {
            id: UserPoolId::parse("us-east-1_Home").unwrap(),
            created_at: Timestamp(0),
            modified_at: Timestamp(0),
            revision: 0,
            sign_in_names,
            case_sensitive: false,
            schema: Schema::default(),
            beside: None,
            settings: Settings {
                name: "people".into(),
                deletion_protection: false,
                password_policy: crate::password::PasswordPolicy::default(),
                auto_verified: BTreeSet::new(),
                verified_before_update: BTreeSet::new(),
                messages: Messages::default(),
                email: EmailSettings::default(),
                sms: None,
                tags: std::collections::BTreeMap::new(),
                admin_create_user_only: false,
                recovery: None,
                tier: Tier::default(),
                allowed_first_auth_factors: [crate::FirstFactor::Password].into(),
                add_ons_off: false,
                mfa: crate::second_factor::PoolMfa::default(),
                sessions: crate::user_pool::SessionTracking::default(),
                devices: None,
                acr: crate::acr::AcrNames::default(),
                issuer: None,
                key_of_the_server: false,
            },
        }
    }

    fn all_aliases() -> SignInNames {
        SignInNames::Username {
            aliases: BTreeSet::from([
                AliasAttribute::Email,
                AliasAttribute::PhoneNumber,
                AliasAttribute::PreferredUsername,
            ]),
        }
    }

    pub(crate) fn ana(attributes: &[(&str, &str)]) -> User {
        user("Ana", attributes)
    }

    pub(crate) fn user(username: &str, attributes: &[(&str, &str)]) -> User {
        User {
            pool: UserPoolId::parse("us-east-1_Home").unwrap(),
            sub: Sub::of_free_bits(0),
            username: username.into(),
            attributes: attributes
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            kept_names: BTreeMap::new(),
            recover_by: None,
            factors_changed_at: None,
            mfa: MfaPreferences::default(),
            status: UserStatus::Confirmed,
            enabled: true,
            created_at: Timestamp(0),
            modified_at: Timestamp(0),
            revision: 0,
        }
    }

    fn names(user: &User, sign_in_names: SignInNames) -> Vec<(&'static str, String)> {
        user.names(&pool(sign_in_names))
            .into_iter()
            .map(|(kind, name)| (kind.as_str(), name.as_str().to_owned()))
            .collect()
    }

    #[test]
    fn an_address_is_an_alias_only_once_it_is_verified() {
        let claimed = ana(&[
            ("email", "Ana@example.com"),
            ("phone_number", "+14155550123"),
        ]);
        assert_eq!(
            names(&claimed, all_aliases()),
            [("username", "ana".to_owned())]
        );
        let mut verified = claimed;
        verified.mark_verified(Contact::Email, true);
        assert_eq!(
            names(&verified, all_aliases()),
            [
                ("username", "ana".to_owned()),
                ("email", "ana@example.com".to_owned())
            ]
        );
    }

    #[test]
    fn an_address_that_is_taken_away_takes_its_mark_along() {
        let mut user = ana(&[("email", "ana@example.com"), ("email_verified", "true")]);
        user.set_attributes(Attributes::from([("email".into(), String::new())]));
        assert_eq!(user.attributes, Attributes::new());
    }

    #[test]
    fn nobody_prefers_the_address_that_another_signs_in_with() {
        let prefer =
            |name: &str| Attributes::from([("preferred_username".to_owned(), name.to_owned())]);
        for name in [
            "victim@example.com",
            "ＶＩＣＴＩＭ@example.com",
            "+14155550123",
        ] {
            assert!(
                pool(all_aliases())
                    .check_preferred_username(&prefer(name))
                    .is_err(),
                "{name}"
            );
        }
        assert_eq!(
            pool(all_aliases()).check_preferred_username(&prefer("victim")),
            Ok(())
        );
        let only_preferred = SignInNames::Username {
            aliases: BTreeSet::from([AliasAttribute::PreferredUsername]),
        };
        assert_eq!(
            pool(only_preferred).check_preferred_username(&prefer("victim@example.com")),
            Ok(())
        );
    }

    #[test]
    fn a_verified_mark_without_an_address_is_worth_nothing() {
        let user = ana(&[("email", ""), ("email_verified", "true")]);
        assert!(!user.has_verified(Contact::Email));
        assert_eq!(names(&user, all_aliases()).len(), 1);
    }

    #[test]
    fn a_preferred_name_equal_to_the_own_user_name_is_one_name() {
        let user = ana(&[
            ("email", "ana@example.com"),
            ("email_verified", "true"),
            ("preferred_username", "ANA"),
        ]);
        assert_eq!(
            names(&user, all_aliases()),
            [
                ("username", "ana".to_owned()),
                ("email", "ana@example.com".to_owned())
            ]
        );
    }

    fn by_mail() -> SignInNames {
        SignInNames::Attributes(BTreeSet::from([Contact::Email]))
    }

    /// The names of a user of a pool of mail addresses, without the user name.
    fn addresses(user: &User) -> Vec<String> {
        let names = names(user, by_mail());
        names.into_iter().skip(1).map(|(_, name)| name).collect()
    }

    /// What UpdateUserAttributes makes of a user.
    fn moved(user: &User, address: &str) -> User {
        let mut after = user.clone();
        after.set_attributes(Attributes::from([
            ("email".into(), address.into()),
            ("email_verified".into(), "false".into()),
        ]));
        after.keep_names_of(user, &pool(by_mail()));
        after
    }

    #[test]
    fn an_address_that_the_user_sets_is_a_name_only_once_it_is_proved() {
        let user = ana(&[("email", "ana@example.com"), ("email_verified", "true")]);
        let mut twice = moved(&moved(&user, "one@example.com"), "two@example.com");
        assert_eq!(addresses(&twice), ["ana@example.com"]);
        twice.mark_verified(Contact::Email, true);
        assert_eq!(addresses(&twice), ["two@example.com"]);
    }

    #[test]
    fn an_address_that_comes_back_in_another_case_is_the_name_that_it_was() {
        let user = ana(&[("email", "ana@example.com")]);
        let back = moved(&moved(&user, "one@example.com"), "ANA@example.com");
        assert_eq!(addresses(&back), ["ana@example.com"]);
        assert!(back.kept_names.is_empty());
    }

    #[test]
    fn a_first_address_that_the_user_sets_is_no_name() {
        assert!(addresses(&moved(&ana(&[]), "one@example.com")).is_empty());
    }

    #[test]
    fn an_address_that_an_operator_sets_is_a_name_at_once() {
        let mut user = moved(&ana(&[("email", "ana@example.com")]), "one@example.com");
        user.set_attributes(Attributes::from([(
            "email".into(),
            "two@example.com".into(),
        )]));
        assert_eq!(addresses(&user), ["two@example.com"]);
    }

    #[test]
    fn a_name_goes_with_its_attribute() {
        let before = moved(&ana(&[("email", "ana@example.com")]), "one@example.com");
        let mut after = before.clone();
        after.set_attributes(Attributes::from([("email".into(), String::new())]));
        after.keep_names_of(&before, &pool(by_mail()));
        assert!(addresses(&after).is_empty());
    }

    #[test]
    fn who_loses_a_name_keeps_the_attribute_and_gets_the_name_back_by_proof() {
        let mut user = ana(&[("email", "ana@example.com"), ("email_verified", "true")]);
        let pool = pool(by_mail());
        user.lose_name(
            &pool,
            Contact::Email,
            &NormalName::new(&pool, "ana@example.com"),
        );
        assert!(addresses(&user).is_empty() && !user.has_verified(Contact::Email));
        assert_eq!(user.attribute("email"), Some("ana@example.com"));
        user.mark_verified(Contact::Email, true);
        assert_eq!(addresses(&user), ["ana@example.com"]);
    }

    #[test]
    fn a_user_document_of_before_signs_in_with_its_attribute() {
        let written = serde_json::to_value(ana(&[("email", "ana@example.com")])).unwrap();
        assert!(written.get("kept_names").is_none());
        let read: User = serde_json::from_value(written).unwrap();
        assert_eq!(addresses(&read), ["ana@example.com"]);
        let moved = moved(&read, "one@example.com");
        let again: User = serde_json::from_str(&serde_json::to_string(&moved).unwrap()).unwrap();
        assert_eq!(again, moved);
    }

    #[test]
    fn where_addresses_are_names_they_count_from_the_start_and_only_those_the_pool_takes() {
        let user = ana(&[
            ("email", "ana@example.com"),
            ("phone_number", "+14155550123"),
            ("preferred_username", "an"),
        ]);
        assert_eq!(
            names(
                &user,
                SignInNames::Attributes(BTreeSet::from([Contact::Email]))
            ),
            [
                ("username", "ana".to_owned()),
                ("email", "ana@example.com".to_owned())
            ]
        );
    }
}
