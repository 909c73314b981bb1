//! What stands in the way of a change.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::attribute::AttributeError;
use crate::ids::{ClientId, Sub};

/// What stands in the way at one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// A name would be another user's too. Nobody decides by a rule whose it is.
    Name {
        /// The name in its normal form.
        name: String,
        /// The other user, where it is one; else the name is an address that another may come back
        /// to.
        other: Option<Sub>,
    },
    /// A user name, or a preferred one, is written like an address that would sign in, and the user
    /// has not proved that the address is theirs: its owner could never have it.
    NameLikeAddress(String),
    /// No name would be left but the sub.
    LosesNames,
    /// Required attributes that the user does not have.
    LacksRequired(Vec<String>),
    /// A value that the new schema does not take.
    BrokenValue(AttributeError),
    /// A removed attribute that has a value.
    LostValue(String),
}

/// A kind of conflict that an operator can allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Allowance {
    /// [`Conflict::LosesNames`]
    LostNames,
    /// [`Conflict::LacksRequired`]
    MissingRequired,
    /// [`Conflict::BrokenValue`]
    BrokenValues,
    /// [`Conflict::LostValue`]
    LostValues,
}

/// What stands in the way at an app client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientConflict {
    /// A list would name nothing any more, which means everything.
    EmptyList(ClientId, &'static str),
    /// A list of writable attributes lacks one that becomes required, so that nobody could sign up.
    LacksRequired(ClientId, String),
}

impl Allowance {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::LostNames,
        Self::MissingRequired,
        Self::BrokenValues,
        Self::LostValues,
    ];

    /// The name on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LostNames => "lost-names",
            Self::MissingRequired => "missing-required",
            Self::BrokenValues => "broken-values",
            Self::LostValues => "lost-values",
        }
    }
}

impl Conflict {
    /// What allows it; None where nothing does.
    #[must_use]
    pub fn allowance(&self) -> Option<Allowance> {
        match self {
            Self::Name { .. } | Self::NameLikeAddress(_) => None,
            Self::LosesNames => Some(Allowance::LostNames),
            Self::LacksRequired(_) => Some(Allowance::MissingRequired),
            Self::BrokenValue(_) => Some(Allowance::BrokenValues),
            Self::LostValue(_) => Some(Allowance::LostValues),
        }
    }

    /// The kind in a word, for programs: of what can be allowed, the word that allows it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Name { .. } => "name-taken",
            Self::NameLikeAddress(_) => "name-like-address",
            other => other.allowance().map_or("", Allowance::as_str),
        }
    }
}

impl ClientConflict {
    /// The app client.
    #[must_use]
    pub fn client(&self) -> &ClientId {
        match self {
            Self::EmptyList(client, _) | Self::LacksRequired(client, _) => client,
        }
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name {
                name,
                other: Some(other),
            } => write!(f, "the name «{name}» would be that of {other} too"),
            Self::Name { name, other: None } => write!(
                f,
                "the name «{name}» is kept for another user, who may come back to it within a day"
            ),
            Self::NameLikeAddress(name) => write!(
                f,
                "the name «{name}» is written like an address that would sign in, and is no verified address of this user"
            ),
            Self::LosesNames => f.write_str("no name would be left but the sub"),
            Self::LacksRequired(names) => write!(f, "has no {}", names.join(", ")),
            Self::BrokenValue(error) => error.fmt(f),
            Self::LostValue(name) => write!(f, "the value of {name} would be lost"),
        }
    }
}

impl fmt::Display for ClientConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyList(client, list) => write!(
                f,
                "the {list} of app client {client} name nothing else, and an empty list means every attribute: change the client first"
            ),
            Self::LacksRequired(client, name) => write!(
                f,
                "the WriteAttributes of app client {client} lack {name}, without which nobody could sign up through it: change the client first"
            ),
        }
    }
}
