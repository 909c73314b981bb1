//! The filters of ListUsers: one attribute, `=` or `^=`, and a text in quotation marks
//! (docs/protocol.md §7.13).
//!
//! A filter says two things that have to agree: which users match ([`UserFilter::matches`]), and
//! where an index has them ([`UserFilter::lookup`]). The index holds the keys that [`keys`] gives.

use std::fmt;

use crate::normal_form::normal_form;
use crate::user::User;

/// The longest key of the index, in bytes. A longer value has the key that it begins with, so that
/// a row of the index has its place in a page of any database.
const LONGEST_KEY: usize = 1024;

/// Begins above all keys.
const ABOVE_ALL: char = char::MAX;

/// What one call of ListUsers asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserFilter {
    attribute: FilterAttribute,
    comparison: Comparison,
    value: String,
}

/// How a value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equals,
    /// `^=`
    BeginsWith,
}

/// Why a text is no filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// It has not the form of one.
    #[error("Error while parsing filter")]
    Form,
    /// It names an attribute that cannot be searched.
    #[error("Invalid search attribute: {0}")]
    Attribute(String),
}

/// The attributes that a filter can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FilterAttribute {
    Keyed(KeyedAttribute),
    UserStatus,
    Status,
    Sub,
}

/// An attribute whose values stand in the index, each as its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyedAttribute {
    /// The user name.
    Username,
    /// `email`
    Email,
    /// `phone_number`
    PhoneNumber,
    /// `name`
    Name,
    /// `given_name`
    GivenName,
    /// `family_name`
    FamilyName,
    /// `preferred_username`
    PreferredUsername,
}

impl KeyedAttribute {
    /// All of them, in the order of [`keys`].
    pub const ALL: [Self; 7] = [
        Self::Username,
        Self::Email,
        Self::PhoneNumber,
        Self::Name,
        Self::GivenName,
        Self::FamilyName,
        Self::PreferredUsername,
    ];

    /// The name in a filter.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Username => "username",
            Self::Email => "email",
            Self::PhoneNumber => "phone_number",
            Self::Name => "name",
            Self::GivenName => "given_name",
            Self::FamilyName => "family_name",
            Self::PreferredUsername => "preferred_username",
        }
    }

    fn value(self, user: &User) -> Option<&str> {
        match self {
            Self::Username => Some(&user.username),
            _ => user.attribute(self.as_str()),
        }
    }
}

/// Where the users are that a filter is about, some of whom may not match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// Anywhere in the pool.
    Everyone,
    /// Nowhere.
    Nobody,
    /// Among those who are enabled, or among those who are not.
    Enabled(bool),
    /// Among those of a span of subs.
    Sub(Span),
    /// Among those of a span of statuses.
    Status(Span),
    /// Among those who have a key in a span.
    Key(KeyedAttribute, Span),
}

/// A span of texts in the order of their bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Span {
    /// One text.
    One(String),
    /// All texts that are not below the first and below the second.
    FromTo(String, String),
}

/// The keys of a user, in the order of [`KeyedAttribute::ALL`].
#[must_use]
pub fn keys(user: &User) -> [Option<String>; KeyedAttribute::ALL.len()] {
    KeyedAttribute::ALL.map(|attribute| key(user, attribute))
}

/// The key of one attribute of a user.
#[must_use]
pub fn key(user: &User, attribute: KeyedAttribute) -> Option<String> {
    attribute.value(user).map(|value| shortened(&fold(value)))
}

impl UserFilter {
    /// Reads a filter; None for an empty one, which all users match.
    ///
    /// # Errors
    /// [`FilterError`].
    pub fn parse(text: &str) -> Result<Option<Self>, FilterError> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let (name, rest) = read_name(text)?;
        let rest = rest.trim_start();
        let (comparison, rest) = match (rest.strip_prefix("^="), rest.strip_prefix('=')) {
            (Some(rest), _) => (Comparison::BeginsWith, rest),
            (None, Some(rest)) => (Comparison::Equals, rest),
            (None, None) => return Err(FilterError::Form),
        };
        let (value, rest) = read_quoted(rest.trim_start()).ok_or(FilterError::Form)?;
        // No attribute has a NUL, and no database takes one.
        if !rest.is_empty() || value.contains('\0') {
            return Err(FilterError::Form);
        }
        let attribute =
            FilterAttribute::parse(&name).ok_or_else(|| FilterError::Attribute(name.clone()))?;
        Ok(Some(Self {
            attribute,
            comparison,
            value,
        }))
    }

    /// Whether a user matches. `case_sensitive` is the rule of the pool, by which user names are
    /// compared; what an enabled user is called is compared by case, and all else without.
    #[must_use]
    pub fn matches(&self, user: &User, case_sensitive: bool) -> bool {
        let compare = |has: &str, wanted: &str| match self.comparison {
            Comparison::Equals => has == wanted,
            Comparison::BeginsWith => has.starts_with(wanted),
        };
        match self.attribute {
            FilterAttribute::Status => compare(enabled_word(user.enabled), &self.value),
            FilterAttribute::UserStatus => {
                compare(user.status.as_str(), &self.value.to_uppercase())
            }
            FilterAttribute::Sub => compare(user.sub.as_str(), &self.value.to_lowercase()),
            FilterAttribute::Keyed(attribute) => {
                let by_case = case_sensitive && attribute == KeyedAttribute::Username;
                attribute.value(user).is_some_and(|value| {
                    compare(
                        &normal_form(value, by_case),
                        &normal_form(&self.value, by_case),
                    )
                })
            }
        }
    }

    /// Where those are who match.
    #[must_use]
    pub fn lookup(&self) -> Lookup {
        match self.attribute {
            FilterAttribute::Status => self.lookup_of_enabled(),
            FilterAttribute::UserStatus => Lookup::Status(self.span(self.value.to_uppercase())),
            FilterAttribute::Sub => Lookup::Sub(self.span(self.value.to_lowercase())),
            FilterAttribute::Keyed(attribute) => {
                Lookup::Key(attribute, self.span(shortened(&fold(&self.value))))
            }
        }
    }

    /// The key that the lookup goes by, of a user that it led to; empty where it goes by the sub.
    #[must_use]
    pub fn key_of(&self, user: &User) -> String {
        match self.attribute {
            FilterAttribute::Status | FilterAttribute::Sub => String::new(),
            FilterAttribute::UserStatus => user.status.as_str().to_owned(),
            FilterAttribute::Keyed(attribute) => key(user, attribute).unwrap_or_default(),
        }
    }

    fn lookup_of_enabled(&self) -> Lookup {
        let is = |enabled: bool| match self.comparison {
            Comparison::Equals => enabled_word(enabled) == self.value,
            Comparison::BeginsWith => enabled_word(enabled).starts_with(&self.value),
        };
        match (is(true), is(false)) {
            (true, true) => Lookup::Everyone,
            (false, false) => Lookup::Nobody,
            (enabled, _) => Lookup::Enabled(enabled),
        }
    }

    fn span(&self, key: String) -> Span {
        match self.comparison {
            Comparison::Equals => Span::One(key),
            Comparison::BeginsWith => {
                let above = above(&key);
                Span::FromTo(key, above)
            }
        }
    }
}

/// The form in which two filters that mean the same are the same: what a paging token is bound to.
impl fmt::Display for UserFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attribute = match self.attribute {
            FilterAttribute::Keyed(attribute) => attribute.as_str(),
            FilterAttribute::UserStatus => "cognito:user_status",
            FilterAttribute::Status => "status",
            FilterAttribute::Sub => "sub",
        };
        let comparison = match self.comparison {
            Comparison::Equals => "=",
            Comparison::BeginsWith => "^=",
        };
        write!(f, "{attribute} {comparison} {:?}", self.value)
    }
}

impl FilterAttribute {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "cognito:user_status" => Some(Self::UserStatus),
            "status" => Some(Self::Status),
            "sub" => Some(Self::Sub),
            _ => KeyedAttribute::ALL
                .into_iter()
                .find(|attribute| attribute.as_str() == name)
                .map(Self::Keyed),
        }
    }
}

/// The name at the beginning, which may stand in quotation marks, and what follows it.
fn read_name(text: &str) -> Result<(String, &str), FilterError> {
    if text.starts_with('"') {
        return read_quoted(text)
            .filter(|(name, _)| !name.is_empty())
            .ok_or(FilterError::Form);
    }
    let ends = |character: char| character.is_whitespace() || "=^\"".contains(character);
    let (name, rest) = text.split_at(text.find(ends).ok_or(FilterError::Form)?);
    if name.is_empty() {
        return Err(FilterError::Form);
    }
    Ok((name.to_owned(), rest))
}

/// The text in quotation marks at the beginning, and what follows it. A backslash takes their
/// meaning from a quotation mark and from a backslash; before anything else it is itself.
pub(crate) fn read_quoted(text: &str) -> Option<(String, &str)> {
    let mut read = String::new();
    let mut characters = text.strip_prefix('"')?.chars();
    loop {
        match characters.next()? {
            '"' => return Some((read, characters.as_str())),
            '\\' => {
                let mut ahead = characters.clone();
                match ahead.next() {
                    Some(escaped @ ('"' | '\\')) => {
                        read.push(escaped);
                        characters = ahead;
                    }
                    _ => read.push('\\'),
                }
            }
            character => read.push(character),
        }
    }
}

fn enabled_word(enabled: bool) -> &'static str {
    if enabled { "Enabled" } else { "Disabled" }
}

/// The form in which values are compared without case.
fn fold(value: &str) -> String {
    normal_form(value, false)
}

fn shortened(key: &str) -> String {
    let ends = (0..=key.len().min(LONGEST_KEY)).rev();
    let end = ends.into_iter().find(|end| key.is_char_boundary(*end));
    key.get(..end.unwrap_or_default())
        .unwrap_or_default()
        .to_owned()
}

/// The least text that is above all keys which begin with this one.
fn above(prefix: &str) -> String {
    let mut characters: Vec<char> = prefix.chars().collect();
    while let Some(last) = characters.pop() {
        // The order of characters is that of their UTF-8.
        let next = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        if let Some(next) = next {
            return characters.into_iter().chain([next]).collect();
        }
    }
    ABOVE_ALL.to_string().repeat(LONGEST_KEY)
}

#[cfg(test)]
mod tests;
