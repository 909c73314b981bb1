//! Policies of access keys, in the form of IAM's JSON: Effect, Action and Resource with wildcards.
//! An explicit Deny wins, and whatever no statement allows is denied. The parser refuses members
//! that would narrow a statement and are not built (Condition, NotAction, …), because a policy must
//! not allow more than its author reads in it.

use serde::{Deserialize, Serialize};

/// A parsed policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    statements: Vec<Statement>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Statement {
    effect: Effect,
    actions: Vec<String>,
    resources: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Effect {
    Allow,
    Deny,
}

/// What a policy says of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A statement allows it and none denies it.
    Allowed,
    /// No statement allows it.
    NotAllowed,
    /// A statement denies it.
    Denied,
}

/// A policy document that cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// Not JSON, or not of the form.
    #[error("the policy is not a policy document: {0}")]
    Form(#[from] serde_json::Error),
    /// A version that is none of IAM's.
    #[error("the policy's Version must be 2012-10-17 (or 2008-10-17)")]
    Version,
    /// Longer than 10,240 characters, or with no statement.
    #[error("the policy must have one statement at least and be at most 10,240 characters long")]
    Size,
    /// A statement without an action or without a resource, which would never match.
    #[error("a statement of the policy names no action or no resource")]
    Empty,
    /// A resource that is no ARN and so would never match, or one with a policy variable, which is
    /// not built.
    #[error("the policy's resource «{0}» is neither an ARN nor «*», or it holds a variable")]
    Resource(String),
    /// An action of another service, which would never match.
    #[error("the policy's action «{0}» is none of cognito-idp:, cognito-identity: or sts:")]
    Action(String),
}

const MAX_LENGTH: usize = 10_240;

impl Policy {
    /// Allows everything.
    #[must_use]
    pub fn allow_all() -> Self {
        let any = || vec!["*".to_owned()];
        Self {
            statements: vec![Statement {
                effect: Effect::Allow,
                actions: any(),
                resources: any(),
            }],
        }
    }

    /// Reads an IAM policy document.
    ///
    /// # Errors
    /// [`PolicyError`] when it is no such document or holds something that is not built.
    pub fn parse(json: &str) -> Result<Self, PolicyError> {
        if json.len() > MAX_LENGTH {
            return Err(PolicyError::Size);
        }
        let document: document::Document = serde_json::from_str(json)?;
        if document
            .version
            .is_some_and(|version| version != "2012-10-17" && version != "2008-10-17")
        {
            return Err(PolicyError::Version);
        }
        let statements: Vec<Statement> = document
            .statement
            .into_vec()
            .into_iter()
            .map(Statement::from)
            .collect();
        if statements.is_empty() {
            return Err(PolicyError::Size);
        }
        // A Deny that can never match would leave open what its author believes shut.
        if statements
            .iter()
            .any(|statement| statement.actions.is_empty() || statement.resources.is_empty())
        {
            return Err(PolicyError::Empty);
        }
        for resource in statements.iter().flat_map(|statement| &statement.resources) {
            if !resource.starts_with("arn:") && !resource.starts_with('*')
                || resource.contains("${")
            {
                return Err(PolicyError::Resource(resource.clone()));
            }
        }
        const SERVICES: [&str; 3] = ["cognito-idp:", "cognito-identity:", "sts:"];
        for action in statements.iter().flat_map(|statement| &statement.actions) {
            let lower = action.to_ascii_lowercase();
            if !lower.starts_with('*') && !SERVICES.iter().any(|service| lower.starts_with(service))
            {
                return Err(PolicyError::Action(action.clone()));
            }
        }
        Ok(Self { statements })
    }

    /// Decides whether an action (`cognito-idp:SignUp`) on a resource (an ARN, or `*`) is allowed.
    /// Actions are matched without regard to case, as IAM does; resources with.
    #[must_use]
    pub fn decide(&self, action: &str, resource: &str) -> Decision {
        let action = action.to_ascii_lowercase();
        let applies = |statement: &&Statement| {
            statement
                .actions
                .iter()
                .any(|pattern| matches(&pattern.to_ascii_lowercase(), &action))
                && statement
                    .resources
                    .iter()
                    .any(|pattern| matches(pattern, resource))
        };
        let mut decision = Decision::NotAllowed;
        for statement in self.statements.iter().filter(applies) {
            match statement.effect {
                Effect::Deny => return Decision::Denied,
                Effect::Allow => decision = Decision::Allowed,
            }
        }
        decision
    }
}

/// The document as IAM writes it: one or many, where IAM allows both.
mod document {
    use serde::Deserialize;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Document {
        #[serde(rename = "Version")]
        pub(super) version: Option<String>,
        #[serde(rename = "Id")]
        _id: Option<String>,
        #[serde(rename = "Statement")]
        pub(super) statement: OneOrMany<Statement>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Statement {
        #[serde(rename = "Sid")]
        _sid: Option<String>,
        #[serde(rename = "Effect")]
        pub(super) effect: super::Effect,
        #[serde(rename = "Action")]
        pub(super) action: OneOrMany<String>,
        #[serde(rename = "Resource")]
        pub(super) resource: OneOrMany<String>,
    }

    #[derive(Deserialize)]
    #[serde(untagged)]
    pub(super) enum OneOrMany<T> {
        Many(Vec<T>),
        One(T),
    }

    impl<T> OneOrMany<T> {
        pub(super) fn into_vec(self) -> Vec<T> {
            match self {
                Self::Many(many) => many,
                Self::One(one) => vec![one],
            }
        }
    }
}

impl From<document::Statement> for Statement {
    fn from(statement: document::Statement) -> Self {
        Self {
            effect: statement.effect,
            actions: statement.action.into_vec(),
            resources: statement.resource.into_vec(),
        }
    }
}

/// Whether a text matches a pattern in which `*` stands for any run and `?` for any one byte.
/// Linear in the text for each star.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut last_star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                last_star = Some((p, t));
                p += 1;
            }
            Some(&byte) if byte == b'?' || text.get(t) == Some(&byte) => {
                p += 1;
                t += 1;
            }
            _ => match last_star {
                // Give the star one byte more and try again from there.
                Some((star, from)) => {
                    last_star = Some((star, from + 1));
                    p = star + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const POOL: &str = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_abc";

    fn policy(statements: &str) -> Policy {
        Policy::parse(&format!(
            r#"{{"Version":"2012-10-17","Statement":{statements}}}"#
        ))
        .unwrap()
    }

    #[test]
    fn what_nothing_allows_is_not_allowed() {
        let policy =
            policy(r#"[{"Effect":"Allow","Action":"cognito-idp:AdminGetUser","Resource":"*"}]"#);
        assert_eq!(
            policy.decide("cognito-idp:AdminGetUser", POOL),
            Decision::Allowed
        );
        assert_eq!(
            policy.decide("cognito-idp:AdminDeleteUser", POOL),
            Decision::NotAllowed
        );
    }

    #[test]
    fn an_explicit_deny_wins_wherever_it_stands() {
        let policy = policy(
            r#"[{"Effect":"Deny","Action":"cognito-idp:Delete*","Resource":"*"},{"Effect":"Allow","Action":"*","Resource":"*"}]"#,
        );
        assert_eq!(
            policy.decide("cognito-idp:DeleteUserPool", POOL),
            Decision::Denied
        );
        assert_eq!(
            policy.decide("cognito-idp:ListUsers", POOL),
            Decision::Allowed
        );
    }

    #[test]
    fn a_key_for_one_pool_reaches_no_other() {
        let policy = policy(&format!(
            r#"{{"Effect":"Allow","Action":["cognito-idp:*"],"Resource":["{POOL}"]}}"#
        ));
        assert_eq!(
            policy.decide("cognito-idp:ListUsers", POOL),
            Decision::Allowed
        );
        assert_eq!(
            policy.decide("cognito-idp:ListUsers", &format!("{POOL}d")),
            Decision::NotAllowed
        );
        assert_eq!(
            policy.decide("cognito-idp:ListUserPools", "*"),
            Decision::NotAllowed
        );
    }

    #[test]
    fn actions_match_without_case_and_resources_with() {
        let policy = policy(&format!(
            r#"{{"Effect":"Allow","Action":"COGNITO-IDP:listusers","Resource":"{POOL}"}}"#
        ));
        assert_eq!(
            policy.decide("cognito-idp:ListUsers", POOL),
            Decision::Allowed
        );
        assert_eq!(
            policy.decide("cognito-idp:ListUsers", &POOL.to_uppercase()),
            Decision::NotAllowed
        );
    }

    #[test]
    fn a_condition_is_refused_rather_than_passed_over() {
        let with = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{}}}"#;
        assert!(matches!(Policy::parse(with), Err(PolicyError::Form(_))));
        let not_action =
            r#"{"Statement":{"Effect":"Allow","NotAction":"cognito-idp:*","Resource":"*"}}"#;
        assert!(matches!(
            Policy::parse(not_action),
            Err(PolicyError::Form(_))
        ));
    }

    #[test]
    fn a_deny_that_could_never_match_is_refused() {
        for (action, resource) in [
            (r#""*""#, r#""us-east-1_abc""#),
            (
                r#""*""#,
                r#""arn:aws:cognito-idp:*:*:userpool/${aws:username}""#,
            ),
            (r#""*""#, r#"["*", "userpool/*"]"#),
            (r#""*""#, "[]"),
            ("[]", r#""*""#),
            (r#""s3:*""#, r#""*""#),
            (r#""cognito-*""#, r#""*""#),
            (r#""""#, r#""*""#),
        ] {
            let deny = format!(
                r#"{{"Statement":[{{"Effect":"Deny","Action":{action},"Resource":{resource}}}]}}"#
            );
            assert!(Policy::parse(&deny).is_err(), "{deny}");
        }
    }

    #[test]
    fn a_member_given_twice_is_refused() {
        let twice =
            r#"{"Statement":{"Effect":"Deny","Effect":"Allow","Action":"*","Resource":"*"}}"#;
        assert!(Policy::parse(twice).is_err());
        let two = r#"{"Statement":{"Effect":"Allow","Action":"sts:*","Resource":"*"},"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
        assert!(Policy::parse(two).is_err());
    }

    #[test]
    fn wildcards_match_runs_and_single_characters() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abb", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*b*b*", "abab", true),
            ("**", "x", true),
            ("", "x", false),
            ("a*", "ba", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_pattern_full_of_stars_is_matched_in_good_time() {
        let pattern = "a*".repeat(400) + "b";
        assert!(!matches(&pattern, &"a".repeat(20_000)));
    }
}
