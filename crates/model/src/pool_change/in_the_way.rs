//! Who stands in the way of a change: users by their own rows, and app clients by their lists.

use std::collections::BTreeSet;

use super::conflict::{ClientConflict, Conflict};
use super::{PoolChange, Stage};
use crate::app_client::AppClient;
use crate::attribute::Schema;
use crate::user::User;
use crate::user_pool::{AliasAttribute, UserPool};

impl PoolChange {
    /// What stands in the way of the change in a user's own row. Names that another holds are not
    /// seen here.
    #[must_use]
    pub fn conflicts_of(&self, pool: &UserPool, user: &User) -> Vec<Conflict> {
        let mut found = of_user(self, pool, user);
        found.retain(|conflict| !self.allows(conflict));
        found
    }

    fn allows(&self, conflict: &Conflict) -> bool {
        conflict
            .allowance()
            .is_some_and(|allowance| self.allowed.contains(&allowance))
    }

    /// What stands in the way at an app client.
    #[must_use]
    pub fn conflicts_of_client(&self, pool: &UserPool, client: &AppClient) -> Vec<ClientConflict> {
        let mut found = Vec::new();
        let settings = &client.settings;
        let lists = [
            ("ReadAttributes", &settings.read_attributes, false),
            ("WriteAttributes", &settings.write_attributes, true),
        ];
        for (name, list, is_written) in lists {
            let Some(list) = list.as_ref().filter(|list| !list.is_empty()) else {
                continue;
            };
            let left = list.iter().filter(|name| {
                let renamed = self.renamed.iter().any(|(from, _)| from == *name);
                let goes = self.change.removed.contains(*name) || (is_written && renamed);
                !goes
            });
            if left.count() == 0 {
                found.push(ClientConflict::EmptyList(client.id.clone(), name));
            }
        }
        let Ok(schema) = self.change.schema(&pool.schema) else {
            return found;
        };
        let written = settings.write_attributes.as_ref();
        let written = written.filter(|list| !list.is_empty());
        for attribute in schema.0.iter().filter(|attribute| attribute.required) {
            let was = pool.schema.find(&attribute.name);
            let becomes_required = was.is_some_and(|was| !was.required) && attribute.mutable;
            if becomes_required && written.is_some_and(|list| !list.contains(&attribute.name)) {
                let name = attribute.name.clone();
                found.push(ClientConflict::LacksRequired(client.id.clone(), name));
            }
        }
        found
    }

    /// Brings an app client's lists into the form that this stage needs; whether anything changes.
    ///
    /// A list that would name nothing stays as it is: empty, it would mean every attribute.
    pub fn settle_client(&self, client: &mut AppClient) -> bool {
        let before = client.settings.clone();
        let lists = [
            (&mut client.settings.read_attributes, false),
            (&mut client.settings.write_attributes, true),
        ];
        for (list, is_written) in lists {
            let Some(list) = list.as_mut().filter(|list| !list.is_empty()) else {
                continue;
            };
            let settled = self.settled_list(list, is_written);
            if !settled.is_empty() {
                *list = settled;
            }
        }
        before != client.settings
    }

    /// Nobody but developers writes what is for developers only, so a list of writable attributes
    /// gains none.
    fn settled_list(&self, list: &BTreeSet<String>, is_written: bool) -> BTreeSet<String> {
        let mut list = list.clone();
        for (from, to) in &self.renamed {
            match self.stage {
                Stage::NamingClients if list.contains(from) && !is_written => {
                    list.insert(to.clone());
                }
                Stage::UndoingClients => {
                    list.remove(to);
                }
                Stage::TidyingClients => {
                    list.remove(from);
                }
                _ => {}
            }
        }
        if self.stage == Stage::TidyingClients {
            list.retain(|name| !self.change.removed.contains(name));
        }
        list
    }
}

/// The conflicts of a user, without those of names that others hold.
fn of_user(change: &PoolChange, pool: &UserPool, user: &User) -> Vec<Conflict> {
    let mut found = Vec::new();
    found.extend(names_like_addresses(change, user));
    if loses_names(change, user) {
        found.push(Conflict::LosesNames);
    }
    // A schema that cannot be is refused before anybody is looked at.
    let Ok(schema) = change.change.schema(&pool.schema) else {
        return found;
    };
    found.extend(of_values(change, &pool.schema, &schema, user));
    for name in &change.change.removed {
        if user.attribute(name).is_some() {
            found.push(Conflict::LostValue(name.clone()));
        }
    }
    found
}

/// Only kinds of addresses that did not sign in before are looked at: the others were at sign-up.
fn names_like_addresses(change: &PoolChange, user: &User) -> Vec<Conflict> {
    let preferred = user
        .attribute("preferred_username")
        .filter(|_| change.to.has_alias(AliasAttribute::PreferredUsername));
    let was_alias = change.from.has_alias(AliasAttribute::PreferredUsername);
    let names = [
        Some((user.username.as_str(), true)),
        preferred.map(|name| (name, was_alias)),
    ];
    let mut found = Vec::new();
    for (given, was_name) in names.into_iter().flatten() {
        let name = change.to.normal(given);
        let Some(contact) = change.to.contact_like(&name) else {
            continue;
        };
        let is_theirs = user.has_verified(contact)
            && user
                .attribute(contact.attribute())
                .is_some_and(|address| change.to.normal(address) == name);
        let was_looked_at = was_name && change.from.signs_in_by(contact);
        if !is_theirs && !was_looked_at {
            found.push(Conflict::NameLikeAddress(name.as_str().to_owned()));
        }
    }
    found
}

fn loses_names(change: &PoolChange, user: &User) -> bool {
    let mut settled = user.clone();
    change.settle(&mut settled);
    let sub = change.to.normal(user.sub.as_str());
    let has_name = |user: &User, rule| {
        let names = user.names_by(rule, None);
        names.iter().any(|(_, name)| *name != sub)
    };
    has_name(user, &change.from) && !has_name(&settled, &change.to)
}

fn of_values(change: &PoolChange, before: &Schema, after: &Schema, user: &User) -> Vec<Conflict> {
    let mut found = Vec::new();
    let lacked: BTreeSet<_> = before
        .missing_required(&user.attributes)
        .into_iter()
        .collect();
    let mut lacks = after.missing_required(&user.attributes);
    lacks.retain(|name| !lacked.contains(name));
    if !lacks.is_empty() {
        found.push(Conflict::LacksRequired(lacks));
    }
    for asked in &change.change.attributes {
        let renamed = change.renamed.iter().find(|(from, _)| *from == asked.name);
        let name = renamed.map_or(asked.name.as_str(), |(_, to)| to.as_str());
        let Some(value) = user.attribute(&asked.name) else {
            continue;
        };
        let was_right = before.check_values([(asked.name.as_str(), value)]).is_ok();
        if let Err(error) = after.check_values([(name, value)])
            && was_right
        {
            found.push(Conflict::BrokenValue(error));
        }
    }
    found
}
