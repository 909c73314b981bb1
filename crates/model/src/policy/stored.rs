//! The form in which a policy is stored: one for every kind of principal.
//!
//! It is read for ever, and by nodes of another version. A member that narrows what a statement
//! allows must raise [`VERSION`], so that a program which does not know the member refuses the
//! policy instead of passing over it. So must a key of conditions that earlier vocabularies lack: a
//! statement under it would never be met there, and a Deny among them would deny nothing. Members
//! that a program does not know are left out otherwise.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::condition::{Condition, Operator, Quantifier};
use super::error::Problem;
use super::pattern::Pattern;
use super::statement::{Effect, Policy, Statement};

/// The version of the form that is written. Documents without a version are the oldest ones, which
/// had neither `sid` nor `conditions`; they read the same.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(default = "first_version")]
    version: u32,
    statements: Vec<StoredStatement>,
}

#[derive(Serialize, Deserialize)]
struct StoredStatement {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    effect: Effect,
    actions: Vec<String>,
    resources: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    conditions: Vec<StoredCondition>,
}

#[derive(Serialize, Deserialize)]
struct StoredCondition {
    operator: Operator,
    #[serde(default)]
    quantifier: Quantifier,
    key: String,
    values: Vec<String>,
}

/// A stored policy that cannot be read.
#[derive(Debug, thiserror::Error)]
enum StoredError {
    #[error("a policy in version {0} of its form, which is newer than this program")]
    Newer(u32),
    #[error("a pattern of the policy {0}")]
    Pattern(#[from] Problem),
}

fn first_version() -> u32 {
    1
}

impl Serialize for Policy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Stored::from(self.clone()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(Stored::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl From<Policy> for Stored {
    fn from(policy: Policy) -> Self {
        let texts = |patterns: Vec<Pattern>| -> Vec<String> {
            let texts = patterns.iter().map(Pattern::text);
            texts.map(str::to_owned).collect()
        };
        let condition = |condition: Condition| StoredCondition {
            operator: condition.operator,
            quantifier: condition.quantifier,
            key: condition.key,
            values: texts(condition.values),
        };
        let statement = |statement: Statement| StoredStatement {
            sid: statement.sid,
            effect: statement.effect,
            actions: texts(statement.actions),
            resources: texts(statement.resources),
            conditions: statement.conditions.into_iter().map(condition).collect(),
        };
        Self {
            version: VERSION,
            statements: policy.statements.into_iter().map(statement).collect(),
        }
    }
}

impl TryFrom<Stored> for Policy {
    type Error = StoredError;

    fn try_from(stored: Stored) -> Result<Self, StoredError> {
        if stored.version > VERSION {
            return Err(StoredError::Newer(stored.version));
        }
        let statements = stored.statements.into_iter().map(read_statement);
        Ok(Self {
            statements: statements.collect::<Result<_, _>>()?,
        })
    }
}

fn read_statement(stored: StoredStatement) -> Result<Statement, StoredError> {
    let conditions = stored.conditions.into_iter().map(|condition| {
        Ok::<_, StoredError>(Condition {
            operator: condition.operator,
            quantifier: condition.quantifier,
            key: condition.key,
            values: patterns(condition.values)?,
        })
    });
    Ok(Statement {
        sid: stored.sid,
        effect: stored.effect,
        actions: stored.actions.into_iter().map(Pattern::plain).collect(),
        resources: patterns(stored.resources)?,
        conditions: conditions.collect::<Result<_, _>>()?,
    })
}

fn patterns(texts: Vec<String>) -> Result<Vec<Pattern>, StoredError> {
    let patterns = texts.into_iter().map(Pattern::new);
    patterns
        .map(|pattern| pattern.map_err(Into::into))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};

    use super::*;

    fn whole() -> Value {
        json!({
            "version": 1,
            "statements": [{
                "sid": "Own",
                "effect": "Allow",
                "actions": ["s3:GetObject"],
                "resources": ["arn:aws:s3:::b/${app:sub}/*"],
                "conditions": [{
                    "operator": "StringLike",
                    "quantifier": "ForAnyValue",
                    "key": "app:amr",
                    "values": ["authenticated*"],
                }],
            }],
        })
    }

    fn read(stored: &Value) -> Result<Policy, serde_json::Error> {
        serde_json::from_value(stored.clone())
    }

    #[test]
    fn a_policy_is_read_as_it_was_written() {
        let policy = read(&whole()).unwrap();
        assert_eq!(serde_json::to_value(&policy).unwrap(), whole());
    }

    #[test]
    fn the_oldest_form_is_read_and_written_with_its_version() {
        // An action was taken then whatever stood behind its service.
        let mut oldest = json!({"statements": [
            {"effect": "Deny", "actions": ["cognito-idp:${"], "resources": ["*"]},
        ]});
        let policy = read(&oldest).unwrap();
        oldest["version"] = json!(1);
        assert_eq!(serde_json::to_value(&policy).unwrap(), oldest);
    }

    #[test]
    fn a_newer_version_is_refused_and_an_unknown_member_is_left_out() {
        let mut newer = whole();
        newer["version"] = json!(2);
        let error = read(&newer).unwrap_err().to_string();
        assert!(error.contains("version 2"), "{error}");
        let mut more = whole();
        more["statements"][0]["colour"] = json!("red");
        let again = serde_json::to_value(read(&more).unwrap()).unwrap();
        assert_eq!(again, whole());
    }

    #[test]
    fn an_operator_or_an_effect_that_is_not_known_makes_a_policy_unreadable() {
        for place in [
            "/statements/0/conditions/0/operator",
            "/statements/0/effect",
        ] {
            let mut other = whole();
            *other.pointer_mut(place).unwrap() = json!("Perhaps");
            assert!(read(&other).is_err(), "{place}");
        }
    }
}
