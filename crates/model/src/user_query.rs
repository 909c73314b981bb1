//! The language of searches beyond Cognito, in pools that have it switched on (docs/search.md):
//! all attributes, `contains`, `and`, `or`, `not`, parentheses, and an order.
//!
//! A query says which users match ([`UserQuery::matches`]) and which terms of the index lead to
//! all of them ([`UserQuery::source`]); what no term leads to is refused in words. The terms of a
//! user are [`terms`]. They are hashes, so that what they lead to is looked at before it is told.

mod candidates;
mod parse;
mod terms;
mod values;

use std::fmt;

use crate::user::User;

pub use candidates::Places;
pub use terms::{Place, Term, changed_terms, place, terms};

use terms::{beginning, grams, long, whole};
use values::{fold, value_of};

/// The most comparisons in a query: each reads an index.
const MOST_COMPARISONS: usize = 10;

/// A search, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserQuery {
    expression: Option<Expression>,
    /// The order that was asked for; without one, that of the index.
    pub order: Option<Order>,
}

/// An order of users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// Which time.
    pub by: OrderBy,
    /// The latest first.
    pub descending: bool,
}

/// What users can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderBy {
    /// When they were made.
    Created,
    /// When they were last changed.
    Modified,
}

impl OrderBy {
    /// The time of a user, in milliseconds since the epoch.
    #[must_use]
    pub fn time(self, user: &User) -> i64 {
        match self {
            Self::Created => user.created_at.0,
            Self::Modified => user.modified_at.0,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Expression {
    Comparison(Comparison),
    All(Vec<Expression>),
    Any(Vec<Expression>),
    Not(Box<Expression>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Comparison {
    attribute: String,
    how: How,
    /// In the form in which values are compared.
    value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Equals,
    BeginsWith,
    Contains,
}

/// Why a query is not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// It has not the form of one.
    #[error("Error while parsing filter")]
    Form,
    /// The pool has no such attribute.
    #[error("Invalid search attribute: {0}")]
    Attribute(String),
    /// More comparisons than are answered at once.
    #[error("A filter has at most {} comparisons", MOST_COMPARISONS)]
    TooMany,
    /// It begins with `not`, or one side of an `or` does.
    #[error(
        "No index answers «not» alone: join it by «and» to what shall be found, on each side of an «or»"
    )]
    NotAlone,
    /// What it contains is too short for an index.
    #[error("No index answers «contains» of fewer than three characters: join it by «and»")]
    TooShort,
    /// More users match than are put in an order at once.
    #[error("More than {0} users match: narrow the filter, or leave out «sort»")]
    TooManyToSort(usize),
    /// It begins with nothing.
    #[error("No index answers «^=» of an empty value: join it by «and»")]
    Empty,
}

/// What leads to all who match a query, and to some who do not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The users of one term.
    Term(Term),
    /// Those whom all of these lead to.
    All(Vec<Source>),
    /// Those whom one of these leads to.
    Any(Vec<Source>),
}

impl UserQuery {
    /// Whether a user matches.
    #[must_use]
    pub fn matches(&self, user: &User) -> bool {
        self.expression
            .as_ref()
            .is_none_or(|expression| expression.matches(user))
    }

    /// Where those are who match; None when the query is an order alone, which all users match.
    ///
    /// # Errors
    /// [`QueryError`], when no index leads to them.
    pub fn source(&self) -> Result<Option<Source>, QueryError> {
        self.expression.as_ref().map(Expression::source).transpose()
    }
}

impl Expression {
    fn matches(&self, user: &User) -> bool {
        match self {
            Self::Comparison(comparison) => comparison.matches(user),
            Self::All(all) => all.iter().all(|one| one.matches(user)),
            Self::Any(any) => any.iter().any(|one| one.matches(user)),
            Self::Not(not) => !not.matches(user),
        }
    }

    fn source(&self) -> Result<Source, QueryError> {
        match self {
            Self::Comparison(comparison) => comparison.source(),
            Self::Not(_) => Err(QueryError::NotAlone),
            Self::Any(any) => Ok(Source::Any(
                any.iter().map(Self::source).collect::<Result<_, _>>()?,
            )),
            Self::All(all) => {
                let mut sources = Vec::new();
                let mut refused = None;
                for one in all {
                    match one.source() {
                        Ok(source) => sources.push(source),
                        Err(error) => refused = refused.or(Some(error)),
                    }
                }
                match (sources.is_empty(), refused) {
                    (true, Some(error)) => Err(error),
                    _ => Ok(Source::All(sources)),
                }
            }
        }
    }
}

impl Comparison {
    fn matches(&self, user: &User) -> bool {
        value_of(user, &self.attribute).is_some_and(|value| {
            let value = fold(value);
            match self.how {
                How::Equals => value == self.value,
                How::BeginsWith => value.starts_with(&self.value),
                How::Contains => value.contains(&self.value),
            }
        })
    }

    fn source(&self) -> Result<Source, QueryError> {
        let (attribute, value) = (&self.attribute, &self.value);
        match self.how {
            How::Equals => Ok(Source::Term(whole(attribute, value))),
            How::BeginsWith => beginning(attribute, value)
                .map(Source::Term)
                .ok_or(QueryError::Empty),
            How::Contains => {
                let grams: Vec<Source> = grams(attribute, value).map(Source::Term).collect();
                if grams.is_empty() {
                    return Err(QueryError::TooShort);
                }
                // Of values that are too long, the index has no part.
                let long = Source::Term(long(attribute));
                Ok(Source::Any(vec![Source::All(grams), long]))
            }
        }
    }
}

/// What two queries share that mean the same: what a paging token is bound to.
impl fmt::Display for UserQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

#[cfg(test)]
mod tests;
