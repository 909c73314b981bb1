//! Groups of users, and what a user's groups say in tokens (docs/protocol.md §20).

use serde::{Deserialize, Serialize};

use crate::ids::{GroupId, UserPoolId};
use crate::time::Timestamp;

/// The most groups of a user pool.
pub const MOST_GROUPS: usize = 10_000;
/// The most groups that a user may be in.
pub const MOST_GROUPS_OF_USER: usize = 100;

/// A group of users in a pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The pool.
    pub pool: UserPoolId,
    /// Who is in it is in the group of this id: one that takes the name of a deleted group has
    /// another, and so none of its members.
    pub id: GroupId,
    /// Its name, unique in the pool as it is written.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The IAM role of its members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// The lowest counts most; none counts least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precedence: Option<u32>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub modified_at: Timestamp,
}

/// What a change of a group sets. What it does not name stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupChange {
    /// A new description; an empty one takes it away.
    pub description: Option<String>,
    /// A new role.
    pub role_arn: Option<String>,
    /// A new precedence.
    pub precedence: Option<u32>,
}

impl Group {
    /// Applies a change.
    pub fn change(&mut self, change: GroupChange, now: Timestamp) {
        if let Some(description) = change.description {
            self.description = Some(description).filter(|text| !text.is_empty());
        }
        self.role_arn = change.role_arn.or(self.role_arn.take());
        self.precedence = change.precedence.or(self.precedence);
        self.modified_at = now;
    }

    /// Smaller for the group that takes precedence.
    #[must_use]
    pub fn rank(&self) -> u64 {
        self.precedence.map_or(u64::MAX, u64::from)
    }
}

/// The groups of one user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups(Vec<Group>);

impl Groups {
    /// The groups of a user, in any order.
    #[must_use]
    pub fn new(mut groups: Vec<Group>) -> Self {
        groups.sort_by(|one, other| (one.rank(), &one.name).cmp(&(other.rank(), &other.name)));
        Self(groups)
    }

    /// The groups, the one that takes precedence first, else by their names.
    pub fn iter(&self) -> impl Iterator<Item = &Group> {
        self.0.iter()
    }

    /// Their names, which `cognito:groups` has, in the same order.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.0.iter().map(|group| group.name.as_str()).collect()
    }

    /// Their roles, each once, which `cognito:roles` has.
    #[must_use]
    pub fn roles(&self) -> Vec<&str> {
        let mut roles: Vec<&str> = Vec::new();
        for (_, role) in self.with_roles() {
            if !roles.contains(&role) {
                roles.push(role);
            }
        }
        roles
    }

    /// The role that `cognito:preferred_role` has: of the group with a role that takes precedence
    /// over all others with one. None where several share that precedence and have different roles.
    #[must_use]
    pub fn preferred_role(&self) -> Option<&str> {
        let mut ranked = self.with_roles();
        let (best, role) = ranked.next()?;
        let mut rivals = ranked.take_while(|(rank, _)| *rank == best);
        rivals.all(|(_, other)| other == role).then_some(role)
    }

    fn with_roles(&self) -> impl Iterator<Item = (u64, &str)> {
        self.0
            .iter()
            .filter_map(|group| Some((group.rank(), group.role_arn.as_deref()?)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn group(name: &str, precedence: Option<u32>, role: Option<&str>) -> Group {
        Group {
            pool: UserPoolId::parse("us-east-1_Home").unwrap(),
            id: GroupId::parse("0123456789abcdef").unwrap(),
            name: name.to_owned(),
            description: None,
            role_arn: role.map(str::to_owned),
            precedence,
            created_at: Timestamp(1),
            modified_at: Timestamp(1),
        }
    }

    fn preferred(groups: &[(Option<u32>, Option<&str>)]) -> Option<String> {
        let groups = groups.iter().zip('a'..);
        let groups = groups
            .map(|((precedence, role), name)| group(&name.to_string(), *precedence, *role))
            .collect();
        Groups::new(groups).preferred_role().map(str::to_owned)
    }

    #[test]
    fn groups_stand_by_precedence_the_lowest_first_and_those_without_last() {
        let groups = Groups::new(vec![
            group("without", None, None),
            group("Admins", Some(10), None),
            group("zero", Some(0), None),
            group("admins", Some(10), None),
            group("last", Some(i32::MAX as u32), None),
        ]);
        assert_eq!(
            groups.names(),
            ["zero", "Admins", "admins", "last", "without"]
        );
        assert!(groups.roles().is_empty());
        assert_eq!(groups.preferred_role(), None);
    }

    #[test]
    fn roles_stand_once_each_in_the_order_of_their_groups() {
        let groups = Groups::new(vec![
            group("a", None, Some("read")),
            group("b", Some(2), Some("write")),
            group("c", Some(1), Some("read")),
            group("d", Some(0), None),
        ]);
        assert_eq!(groups.roles(), ["read", "write"]);
        assert_eq!(groups.preferred_role(), Some("read"));
    }

    #[test]
    fn the_preferred_role_is_that_of_the_lowest_precedence_and_there_is_none_in_a_tie() {
        let (read, write) = (Some("read"), Some("write"));
        for (groups, expected) in [
            (&[][..], None),
            (&[(Some(1), None)], None),
            (&[(None, read)], read),
            (&[(Some(1), read), (Some(2), write)], read),
            (&[(Some(2), read), (Some(1), write)], write),
            (&[(Some(0), read), (None, write)], read),
            // A group without a role takes part in nothing.
            (&[(Some(0), None), (Some(5), read), (Some(7), write)], read),
            (&[(Some(1), read), (Some(1), write)], None),
            (&[(Some(1), read), (Some(1), read), (Some(2), write)], read),
            (&[(Some(1), read), (Some(1), write), (Some(1), read)], None),
            (&[(Some(3), read), (Some(1), write), (Some(1), None)], write),
            (&[(None, read), (None, write)], None),
        ] {
            assert_eq!(preferred(groups).as_deref(), expected, "{groups:?}");
        }
    }

    #[test]
    fn a_change_sets_what_it_names_and_leaves_the_rest() {
        let mut group = group("a", Some(3), Some("read"));
        group.change(GroupChange::default(), Timestamp(2));
        assert_eq!(
            (group.precedence, group.role_arn.as_deref()),
            (Some(3), Some("read"))
        );
        assert_eq!(
            (group.created_at, group.modified_at),
            (Timestamp(1), Timestamp(2))
        );
        let described = |description: &str| GroupChange {
            description: Some(description.to_owned()),
            ..GroupChange::default()
        };
        group.change(described("what for"), Timestamp(3));
        assert_eq!(group.description.as_deref(), Some("what for"));
        group.change(described(""), Timestamp(4));
        assert_eq!(group.description, None);
        let all = GroupChange {
            description: Some("d".to_owned()),
            role_arn: Some("write".to_owned()),
            precedence: Some(0),
        };
        group.change(all, Timestamp(5));
        let is = (group.role_arn.as_deref(), group.precedence);
        assert_eq!(is, (Some("write"), Some(0)));
    }
}
