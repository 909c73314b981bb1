//! What policies decide about a request: a pure function of the two.

use super::context::Context;
use super::pattern::{Case, Pattern, Wildcards};
use super::statement::{Effect, Policy, Statement};

/// What somebody wants to do.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The action with its service, as in `cognito-idp:ListUsers`.
    pub action: &'a str,
    /// The ARN of what it is done to, or `*`.
    pub resource: &'a str,
    /// What else is known of the request.
    pub context: &'a Context,
}

/// What a principal's policies say of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// This statement allows it, the first that does, and none denies it.
    Allowed(StatementPlace),
    /// No statement allows it.
    NotAllowed,
    /// This statement denies it, the first that does.
    Denied(StatementPlace),
}

/// A statement, by its place among the policies that were asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatementPlace {
    /// Which policy, from 0.
    pub policy: usize,
    /// Which of its statements, from 0.
    pub statement: usize,
}

/// Decides whether all of a principal's policies together allow a request. Actions are compared
/// without regard to case, as IAM does; resources and values with.
#[must_use]
pub fn decide<'p>(
    policies: impl IntoIterator<Item = &'p Policy>,
    request: Request<'_>,
) -> Decision {
    let mut decision = Decision::NotAllowed;
    for (policy, statements) in policies.into_iter().enumerate() {
        for (statement, said) in statements.statements.iter().enumerate() {
            let place = StatementPlace { policy, statement };
            match said.effect {
                // Another Allow changes nothing any more.
                Effect::Allow if decision != Decision::NotAllowed => {}
                Effect::Allow if applies(said, request) => decision = Decision::Allowed(place),
                Effect::Deny if applies(said, request) => return Decision::Denied(place),
                Effect::Allow | Effect::Deny => {}
            }
        }
    }
    decision
}

fn applies(statement: &Statement, request: Request<'_>) -> bool {
    let any = |patterns: &[Pattern], text: &str, case: Case| {
        patterns
            .iter()
            .any(|pattern| pattern.matches(text, case, Wildcards::Meant, request.context))
    };
    any(&statement.actions, request.action, Case::Ignored)
        && any(&statement.resources, request.resource, Case::Counts)
        && statement
            .conditions
            .iter()
            .all(|condition| condition.is_met(request.context))
}
