//! Why a policy document is not taken: where in it, and what is wrong there.

/// How much of a text from the document a message repeats, in characters.
const SHOWN: usize = 100;

/// A policy document that cannot be taken. Its message is a sentence for the author.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} {problem}", shown_place(place))]
pub struct PolicyError {
    /// Where, as in `Statement[1].Action[0]`; empty for the whole document. A statement, action or
    /// value that stands alone, without brackets, has no number.
    pub place: String,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong at some place of a policy document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Text that is no JSON, or JSON that is nested too deep to be read.
    #[error("cannot be read as JSON: line {line}, column {column}")]
    Json {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// More than a policy may have.
    #[error("is too long: the limit is {0}")]
    TooLong(&'static str),
    /// A member that is given twice: which of them counts, nobody could tell.
    #[error("stands there twice")]
    Twice,
    /// A member that IAM has and Cognate does not, or that nobody has.
    #[error("is not supported")]
    Unsupported,
    /// A member that each statement or document has.
    #[error("is missing")]
    Missing,
    /// Another type of JSON than the one expected.
    #[error("must be {0}")]
    Type(&'static str),
    /// A version that is none of IAM's.
    #[error("must be 2012-10-17 or 2008-10-17")]
    Version,
    /// An effect that is none.
    #[error("must be Allow or Deny")]
    Effect,
    /// An empty list. A Deny that never matches is a door that its author believes shut.
    #[error("is empty, and would never match")]
    Empty,
    /// A resource that would never match.
    #[error("is «{}», which is neither «*» nor the ARN of a pool or a role", shown(.0))]
    Resource(String),
    /// An action of a service that is not known here.
    #[error("is «{}», which is no action of {services}", shown(.action))]
    Service {
        /// The action.
        action: String,
        /// The services that are known.
        services: String,
    },
    /// An action that its service does not have, or a wildcard that no action matches.
    #[error("is «{}», which matches no action of {service}{}", shown(.action), shown_nearest(.nearest.as_deref()))]
    Action {
        /// The action.
        action: String,
        /// The service, or `any service`.
        service: String,
        /// The action that is written most like it.
        nearest: Option<String>,
    },
    /// A policy variable that has no value here, or none of this form.
    #[error("holds the variable «{}», which is not supported here", shown(.0))]
    Variable(String),
    /// A `${` without its `}`.
    #[error("holds «${{» without the «}}» that ends it")]
    Unclosed,
    /// A condition operator that is not evaluated.
    #[error("is no condition operator that is supported")]
    Operator,
    /// A condition key that requests of this kind of principal do not carry.
    #[error("is no condition key that is supported here")]
    Key,
}

fn shown_place(place: &str) -> &str {
    if place.is_empty() {
        "the document"
    } else {
        place
    }
}

fn shown_nearest(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; the nearest is {name}"))
}

/// A text from the document, shortened.
fn shown(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(SHOWN).collect();
    short.push('…');
    short
}
