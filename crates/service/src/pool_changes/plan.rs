//! The dry run of a change: everybody who stands in its way. It only reads, a page at a time, and
//! its memory does not grow with the pool.

use std::collections::{BTreeMap, BTreeSet};

use cognate_crypto::digest::sha256;
use cognate_model::name_rule::NameRules;
use cognate_model::pool_change::{Allowance, ClientConflict, Conflict, PoolChange};
use cognate_model::{Sub, User, UserPool};
use cognate_store::{Db, app_clients, users};

use super::begin::{existing, new_change};
use super::{PoolChangeError, pages, parse_id};
use crate::Clock;

/// So many names are remembered at once: some 50 MB.
const NAMES_AT_ONCE: usize = 500_000;
/// How many app clients are read at once.
const CLIENTS_AT_ONCE: i64 = 50;

/// Somebody who stands in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A user.
    User {
        /// Their sub.
        sub: Sub,
        /// Their user name.
        username: String,
        /// Why.
        conflict: Conflict,
    },
    /// An app client.
    Client(ClientConflict),
}

/// What a dry run has found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Planned {
    /// How many users the pool has.
    pub users: u64,
    /// How many conflicts there are.
    pub conflicts: u64,
}

/// Looks for everybody who stands in the way of a change, and tells `found` of each.
///
/// # Errors
/// [`PoolChangeError`].
pub async fn plan(
    db: &Db,
    clock: &Clock,
    pool: &str,
    document: &str,
    allowed: &BTreeSet<Allowance>,
    found: impl FnMut(Found),
) -> Result<Planned, PoolChangeError> {
    plan_within(db, clock, pool, document, allowed, NAMES_AT_ONCE, found).await
}

async fn plan_within(
    db: &Db,
    clock: &Clock,
    pool: &str,
    document: &str,
    allowed: &BTreeSet<Allowance>,
    names_at_once: usize,
    found: impl FnMut(Found),
) -> Result<Planned, PoolChangeError> {
    let id = parse_id(pool)?;
    let pool = existing(&mut db.read().await?, &id).await?;
    let change = new_change(&pool, document, allowed, String::new(), clock.now())?;
    let mut run = Run {
        db,
        pool,
        change,
        planned: Planned::default(),
        found,
    };
    run.clients().await?;
    let mut names = NewNames::all(names_at_once);
    run.users(&mut names, true).await?;
    while let Some(mut rest) = names.rest() {
        run.users(&mut rest, false).await?;
        names = rest;
    }
    Ok(run.planned)
}

struct Run<'a, F> {
    db: &'a Db,
    pool: UserPool,
    change: PoolChange,
    planned: Planned,
    found: F,
}

impl<F: FnMut(Found)> Run<'_, F> {
    fn tell(&mut self, found: Found) {
        self.planned.conflicts += 1;
        (self.found)(found);
    }

    fn tell_of(&mut self, user: &User, conflict: Conflict) {
        self.tell(Found::User {
            sub: user.sub.clone(),
            username: user.username.clone(),
            conflict,
        });
    }

    async fn clients(&mut self) -> Result<(), PoolChangeError> {
        let mut after: Option<String> = None;
        loop {
            let mut reader = self.db.read().await?;
            let id = &self.pool.id;
            let page =
                app_clients::page(&mut reader, id, after.as_deref(), CLIENTS_AT_ONCE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.id.to_string());
            for client in &page {
                for conflict in self.change.conflicts_of_client(&self.pool, client) {
                    self.tell(Found::Client(conflict));
                }
            }
        }
    }

    /// Looks at all users; at their own rows only the first time.
    async fn users(&mut self, names: &mut NewNames, is_first: bool) -> Result<(), PoolChangeError> {
        let mut after: Option<String> = None;
        loop {
            let mut reader = self.db.read().await?;
            let id = &self.pool.id;
            let page = users::page(&mut reader, id, after.as_deref(), pages::USERS_AT_ONCE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            for user in &page {
                if is_first {
                    self.planned.users += 1;
                    for conflict in self.change.conflicts_of(&self.pool, user) {
                        self.tell_of(user, conflict);
                    }
                    for conflict in pages::of_names(&mut reader, &self.change, user).await? {
                        self.tell_of(user, conflict);
                    }
                }
                self.among_new_names(&mut reader, names, user).await?;
            }
            if is_first {
                let from = after.unwrap_or_default();
                let kept = pages::kept_names(&mut reader, &self.change, &from, &last.sub).await?;
                for kept in kept {
                    let name = kept.way_back.name.unwrap_or_default();
                    if let Some(other) = kept.holder {
                        let user = users::find(&mut reader, &self.pool.id, &kept.way_back.sub);
                        let other = Some(other);
                        if let Some(user) = user.await? {
                            self.tell_of(&user, Conflict::Name { name, other });
                        }
                    }
                }
            }
            after = Some(last.sub.to_string());
        }
    }

    /// Two users who would both get one name that nobody has yet are found by no look-up: their new
    /// names are compared.
    async fn among_new_names(
        &mut self,
        reader: &mut cognate_store::Tx,
        names: &mut NewNames,
        user: &User,
    ) -> Result<(), PoolChangeError> {
        for name in new_names(&self.change, user) {
            let Some(other) = names.meet(&name, &user.sub) else {
                continue;
            };
            // Only a part of a hash is remembered, so the names are compared.
            let other = users::find(reader, &self.pool.id, &other).await?;
            let has_it = |other: &User| new_names(&self.change, other).contains(&name);
            if let Some(other) = other.filter(has_it) {
                let other = Some(other.sub);
                self.tell_of(user, Conflict::Name { name, other });
            }
        }
        Ok(())
    }
}

/// The names that the change would give a user, and that the pool's own rule does not.
fn new_names(change: &PoolChange, user: &User) -> Vec<String> {
    let mut user = user.clone();
    change.settle(&mut user);
    let rules = change.rules();
    let own = user.names_under(NameRules {
        beside: None,
        ..rules
    });
    let all = user.names_under(rules).into_iter();
    all.filter(|name| !own.contains(name))
        .map(|(_, name)| name.as_str().to_owned())
        .collect()
}

/// The new names that were met, by a part of their hashes, with who met each first. When there are
/// too many, those with the greatest hashes are left for another look at all users.
struct NewNames {
    met: BTreeMap<u64, Sub>,
    /// From here on.
    from: u64,
    /// The last one.
    last: u64,
    most: usize,
}

impl NewNames {
    fn all(most: usize) -> Self {
        Self {
            met: BTreeMap::new(),
            from: 0,
            last: u64::MAX,
            most,
        }
    }

    /// Those that were left out; None when there are none.
    fn rest(&self) -> Option<Self> {
        let from = self.last.checked_add(1)?;
        Some(Self {
            met: BTreeMap::new(),
            from,
            last: u64::MAX,
            most: self.most,
        })
    }

    /// Remembers a name; who met the same hash before.
    fn meet(&mut self, name: &str, sub: &Sub) -> Option<Sub> {
        let [a, b, c, d, e, f, g, h, ..] = sha256(&[name.as_bytes()]);
        let hash = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
        if hash < self.from || hash > self.last {
            return None;
        }
        if let Some(other) = self.met.get(&hash) {
            return Some(other.clone()).filter(|other| other != sub);
        }
        self.met.insert(hash, sub.clone());
        while self.met.len() > self.most.max(1) {
            if let Some((greatest, _)) = self.met.pop_last() {
                self.last = greatest - 1;
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_name_that_stands_twice_is_met_however_few_are_remembered_at_once() {
        let sub = |number: u32| {
            let text = format!("{number:08x}-0000-4000-8000-000000000000");
            Sub::parse(&text).unwrap()
        };
        let names: Vec<String> = (0..40).map(|number| format!("name{number}")).collect();
        for most in [0, 1, 3, 100] {
            let (mut met, mut looks) = (BTreeSet::new(), 0);
            let mut part = Some(NewNames::all(most));
            while let Some(mut names_of_part) = part {
                looks += 1;
                for owner in [1, 2] {
                    for name in &names {
                        if let Some(other) = names_of_part.meet(name, &sub(owner)) {
                            assert_eq!(other, sub(1));
                            met.insert(name.clone());
                        }
                        assert!(names_of_part.met.len() <= most.max(1));
                    }
                }
                part = names_of_part.rest();
            }
            assert_eq!(met.len(), names.len(), "{most}");
            assert_eq!(looks == 1, most == 100, "{most}");
        }
    }
}
