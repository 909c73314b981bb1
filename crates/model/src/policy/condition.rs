//! What a statement asks of a request beside its action and its resource.

use serde::{Deserialize, Serialize};

use super::context::Context;
use super::pattern::{Case, Pattern, Wildcards};

/// One condition: the request's values of a key, compared with those that are listed. A condition
/// whose key the request does not have is not met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) operator: Operator,
    pub(super) quantifier: Quantifier,
    /// In lower case.
    pub(super) key: String,
    /// One of them has to fit.
    pub(super) values: Vec<Pattern>,
}

/// How a value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Operator {
    StringEquals,
    StringLike,
}

/// Which of the request's values have to fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Quantifier {
    /// The only one. A key that has several values does not fit.
    #[default]
    One,
    /// Any of them.
    ForAnyValue,
}

impl Condition {
    pub(super) fn is_met(&self, context: &Context) -> bool {
        let wildcards = match self.operator {
            Operator::StringEquals => Wildcards::Literal,
            Operator::StringLike => Wildcards::Meant,
        };
        let fits = |value: &str| {
            self.values
                .iter()
                .any(|wanted| wanted.matches(value, Case::Counts, wildcards, context))
        };
        match self.quantifier {
            Quantifier::One => context.value(&self.key).is_some_and(fits),
            Quantifier::ForAnyValue => {
                let mut values = context.values(&self.key).iter();
                values.any(|value| fits(value))
            }
        }
    }
}

/// Reads an operator's name, as in `ForAnyValue:StringLike`.
pub(super) fn operator(name: &str) -> Option<(Quantifier, Operator)> {
    let (quantifier, name) = match name.strip_prefix("ForAnyValue:") {
        Some(name) => (Quantifier::ForAnyValue, name),
        None => (Quantifier::One, name),
    };
    let operator = match name {
        "StringEquals" => Operator::StringEquals,
        "StringLike" => Operator::StringLike,
        _ => return None,
    };
    Some((quantifier, operator))
}
