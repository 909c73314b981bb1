//! The way back from a changed address: what is stored of the old address, and the effect of going
//! back. Pure.
//!
//! A thief with a stolen session may change an address more than once, and both of a user's
//! addresses. So each change is stored for a day, in the order of the user's revisions. Going back
//! undoes the later changes, and trusts no other address that is as new.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::attribute::Contact;
use crate::ids::{Sub, UserPoolId};
use crate::name::NormalName;
use crate::name_rule::NameRule;
use crate::time::Timestamp;
use crate::user::{User, UserStatus};
use crate::user_pool::UserPool;

/// How long a change can be undone from the old address.
const VALIDITY: Duration = Duration::from_secs(24 * 3600);

/// A change of a user's verified address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WayBack {
    /// The user's pool.
    pub pool: UserPoolId,
    /// The user.
    pub sub: Sub,
    /// Which of the addresses has changed.
    pub contact: Contact,
    /// The old verified address; None if there was none, and so nothing to go back to.
    pub address: Option<String>,
    /// The normal form of that address, if the user signed in with it. Nobody else can take it
    /// while the way back is open.
    pub name: Option<String>,
    /// The revision of the user that was changed: it orders the changes.
    pub revision: i64,
    /// Whether no other change of the same address was open then, so that the old address was the
    /// user's for at least a day.
    pub is_first: bool,
    /// Until when it is open.
    pub expires_at: Timestamp,
}

impl WayBack {
    /// The record of a user's own change: the old verified address, or that there was none and one
    /// came.
    #[must_use]
    pub fn of_change(
        pool: &UserPool,
        before: &User,
        after: &User,
        contact: Contact,
        now: Timestamp,
    ) -> Option<Self> {
        let attribute = contact.attribute();
        let had = before
            .attribute(attribute)
            .filter(|_| before.has_verified(contact));
        let is_kept = match had {
            Some(address) => after.attribute(attribute) != Some(address),
            None => after.has_verified(contact),
        };
        let name = had
            .map(|address| NormalName::with_case_rule(address, pool.keeps_names_by_case()))
            .filter(|name| before.names(pool).iter().any(|(_, held)| held == name));
        is_kept.then(|| Self {
            pool: pool.id.clone(),
            sub: before.sub.clone(),
            contact,
            address: had.map(str::to_owned),
            name: name.map(|name| name.as_str().to_owned()),
            revision: before.revision,
            is_first: true,
            expires_at: now.plus(VALIDITY),
        })
    }

    /// Gives the user the old address, verified, and demands a new password. `open` are all changes
    /// of the user that can still be undone. Another address among them may be the thief's, so it
    /// becomes unverified and no name.
    ///
    /// False if there is nothing to go back to; then nothing changes.
    #[must_use]
    pub fn restore(&self, user: &mut User, pool: &UserPool, open: &[Self]) -> bool {
        let Some(address) = &self.address else {
            return false;
        };
        let attribute = self.contact.attribute().to_owned();
        user.attributes.insert(attribute, address.clone());
        user.mark_verified(self.contact, true);
        for contact in Contact::ALL {
            let first = open
                .iter()
                .filter(|change| change.contact == contact && contact != self.contact)
                .min_by_key(|change| change.revision);
            if let Some(first) = first {
                first.distrust(user, pool);
            }
        }
        if user.status == UserStatus::Confirmed {
            user.status = UserStatus::ResetRequired;
        }
        user.recover_by = Some(self.contact);
        true
    }

    /// Makes an address unverified that came by this change or a later one, and restores the old
    /// name in its place.
    fn distrust(&self, user: &mut User, pool: &UserPool) {
        let current = user.attribute(self.contact.attribute());
        if current.is_some() && current == self.address.as_deref() {
            return;
        }
        if current.is_some() {
            user.mark_verified(self.contact, false);
        }
        let beside = pool.beside.as_ref().map(|beside| &beside.rule);
        if pool.names_are_attributes() || beside.is_some_and(NameRule::names_are_attributes) {
            let held = self.address.clone().filter(|_| self.name.is_some());
            user.kept_names
                .insert(self.contact, held.unwrap_or_default());
        }
    }

    /// Whether another open change of the user can no longer be undone once this one has been. That
    /// holds for the later changes of the same address, and for all changes of the other address
    /// but the first: only the first leads to an address that was the user's for a day.
    #[must_use]
    pub fn ends(&self, other: &Self) -> bool {
        if self.contact == other.contact {
            other.revision >= self.revision
        } else {
            !other.is_first
        }
    }
}

#[cfg(test)]
mod tests;
