//! What a change makes of a user's own row, in each of its stages.

use super::{PoolChange, Stage};
use crate::attribute::Contact;
use crate::name::NormalName;
use crate::name_rule::NameRule;
use crate::user::User;
use crate::way_back::WayBack;

impl PoolChange {
    /// Brings a user's attributes into the form that this stage needs. The user's names follow from
    /// that, by [`PoolChange::rules`].
    pub fn settle(&self, user: &mut User) {
        match self.stage {
            Stage::NamingClients | Stage::Reserving | Stage::Verifying => {
                self.distrust_unproved(user);
                for (from, to) in &self.renamed {
                    mirror(user, from, to);
                }
            }
            Stage::Releasing => {
                for (from, to) in &self.renamed {
                    mirror(user, to, from);
                }
            }
            Stage::Tidying | Stage::TidyingClients => {
                let renamed = self.renamed.iter().map(|(from, _)| from);
                for name in self.change.removed.iter().chain(renamed) {
                    user.attributes.remove(name);
                }
                self.forget_kept_names(user);
            }
            Stage::Undoing | Stage::UndoingClients => {
                for (_, to) in &self.renamed {
                    user.attributes.remove(to);
                }
                self.forget_kept_names(user);
            }
            Stage::Done | Stage::Undone => {}
        }
    }

    /// An address that becomes a name by the change, and that nobody has proved, does not sign in:
    /// whoever wrote another's address into their account must not hold it as a name.
    fn distrust_unproved(&self, user: &mut User) {
        for contact in Contact::ALL {
            if !self.to.takes_unproved(contact) || self.from.takes_unproved(contact) {
                continue;
            }
            let is_there = user.attribute(contact.attribute()).is_some();
            if is_there && !user.has_verified(contact) {
                user.kept_names.insert(contact, String::new());
            } else {
                user.kept_names.remove(&contact);
            }
        }
    }

    /// Names that stand in the place of addresses mean nothing where addresses are no such names;
    /// left where they are, they would come back with a later change.
    fn forget_kept_names(&self, user: &mut User) {
        let own = self.rules().own;
        user.kept_names
            .retain(|contact, _| own.takes_unproved(*contact));
    }
}

impl PoolChange {
    /// The name that a way back keeps for its user in this stage: while two rules hold, in the form
    /// under which more spellings are one.
    #[must_use]
    pub fn kept_name(&self, way_back: &WayBack) -> Option<String> {
        let rules = self.rules();
        let beside = rules.beside;
        let signs_in = |rule: &NameRule| rule.signs_in_by(way_back.contact);
        let was_kept = way_back.name.is_some();
        let comes = beside.is_some_and(signs_in) || rules.own.signs_in_by(way_back.contact);
        let address = way_back.address.as_ref().filter(|_| was_kept || comes)?;
        let case_sensitive =
            rules.own.case_sensitive && beside.is_none_or(|rule| rule.case_sensitive);
        let name = NormalName::with_case_rule(address, case_sensitive);
        Some(name.as_str().to_owned())
    }
}

/// Gives one attribute the value of another.
fn mirror(user: &mut User, from: &str, to: &str) {
    match user.attributes.get(from).cloned() {
        Some(value) => user.attributes.insert(to.to_owned(), value),
        None => user.attributes.remove(to),
    };
}
