//! How strongly a user has signed in: the four levels that Cognito knows (ACR), which are fixed,
//! and their names, which a pool's owner can change (docs/protocol.md §18.1, §18.2).

mod method;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use method::{Method, amr, of_factors};

/// A level; a higher one is more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The password alone.
    One,
    /// One code by mail or text message.
    Two,
    /// A passkey, or the password and a code by mail or text message.
    Three,
    /// The password and a code of an authenticator app.
    Four,
}

impl Level {
    /// All of them, the lowest first.
    pub const ALL: [Self; 4] = [Self::One, Self::Two, Self::Three, Self::Four];

    /// Its key in AcrConfiguration.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::One => "Level1",
            Self::Two => "Level2",
            Self::Three => "Level3",
            Self::Four => "Level4",
        }
    }

    /// The level of a key.
    #[must_use]
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.key() == key)
    }

    /// Its name, unless the owner has given it another.
    #[must_use]
    pub fn default_name(self) -> &'static str {
        match self {
            Self::One => "urn:cognito:loa:1",
            Self::Two => "urn:cognito:loa:2",
            Self::Three => "urn:cognito:loa:3",
            Self::Four => "urn:cognito:loa:4",
        }
    }
}

/// What the owner of a pool calls the levels: AcrConfiguration, without the names that are the
/// default ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AcrNames {
    #[serde(skip_serializing_if = "Option::is_none")]
    one: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    two: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    three: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    four: Option<String>,
}

/// Two levels would have one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SameName;

impl AcrNames {
    /// The names that are given, each of the form that validation has let in; the other levels keep
    /// their default ones.
    ///
    /// # Errors
    /// [`SameName`], also where a name is the default one of a level that keeps it.
    pub fn new(mut given: BTreeMap<Level, String>) -> Result<Self, SameName> {
        given.retain(|level, name| name != level.default_name());
        let names = Self {
            one: given.remove(&Level::One),
            two: given.remove(&Level::Two),
            three: given.remove(&Level::Three),
            four: given.remove(&Level::Four),
        };
        let distinct: BTreeSet<_> = Level::ALL.iter().map(|level| names.name(*level)).collect();
        if distinct.len() == Level::ALL.len() {
            Ok(names)
        } else {
            Err(SameName)
        }
    }

    /// The name of a level, which the claim `acr` tells.
    #[must_use]
    pub fn name(&self, level: Level) -> &str {
        let own = match level {
            Level::One => &self.one,
            Level::Two => &self.two,
            Level::Three => &self.three,
            Level::Four => &self.four,
        };
        own.as_deref().unwrap_or_else(|| level.default_name())
    }

    /// The level of a name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Level> {
        let mut all = Level::ALL.into_iter();
        all.find(|level| self.name(*level) == name)
    }

    /// Whether the owner has named no level.
    #[must_use]
    pub fn are_default(&self) -> bool {
        *self == Self::default()
    }

    /// The levels that TARGET_ACR_VALUES names, those first that are to be tried first. Names that
    /// nobody knows are passed over.
    #[must_use]
    pub fn targets(&self, text: &str) -> Vec<Level> {
        let mut levels = Vec::new();
        for level in text
            .split_ascii_whitespace()
            .filter_map(|name| self.find(name))
        {
            if !levels.contains(&level) {
                levels.push(level);
            }
        }
        levels
    }
}

#[cfg(test)]
mod tests;
