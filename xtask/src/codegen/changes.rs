//! What a newer model adds, changes and takes away, in words: operations, errors, members,
//! constraints and the values of enums.
//!
//! A type is spoken of when an operation of both models uses it; what an operation brings along
//! when it is new goes without saying. Each line begins with `+` (added), `~` (changed) or `-`
//! (removed).

use std::collections::BTreeSet;
use std::fmt::Display;

use super::errors::status;
use super::model::{Model, Operation, Reference, Shape};

/// How many of the operations that use a type are named.
const NAMED: usize = 3;

/// The differences, operations first.
pub(crate) fn between(old: &Model, new: &Model) -> Vec<String> {
    let mut report = Report::default();
    let lists = (names(&old.operations), names(&new.operations));
    report.sets("", lists, |name| format!("operation {name}"));
    for (name, after) in &new.operations {
        if let Some(before) = old.operations.get(name) {
            report.operation(name, before, after);
        }
    }
    let lists = (exceptions(old), exceptions(new));
    report.sets("", lists, |name| format!("error {name}"));
    for (name, after) in &new.shapes {
        let Some(before) = old.shapes.get(name) else {
            continue;
        };
        if after.exception {
            report.value(name, "status", status(name, before), status(name, after));
        } else {
            let users = users(old, new, name);
            if !users.is_empty() {
                report.shape(&format!("{name} ({})", list(&users)), before, after);
            }
        }
    }
    report.lines
}

fn names<T>(map: &std::collections::BTreeMap<String, T>) -> BTreeSet<&str> {
    map.keys().map(String::as_str).collect()
}

fn exceptions(model: &Model) -> BTreeSet<&str> {
    let shapes = model.shapes.iter();
    shapes
        .filter(|(_, shape)| shape.exception)
        .map(|(name, _)| name.as_str())
        .collect()
}

/// The operations of both models that take or give the type in either of them.
fn users<'a>(old: &'a Model, new: &'a Model, name: &str) -> Vec<&'a str> {
    let uses = |model: &Model, operation: &Operation| {
        let ends = operation.input.iter().chain(&operation.output);
        model
            .reachable(ends.map(|end| end.shape.as_str()))
            .contains(name)
    };
    let both = new.operations.iter().filter(|(operation, after)| {
        let before = old.operations.get(*operation);
        before.is_some_and(|before| uses(old, before) || uses(new, after))
    });
    both.map(|(operation, _)| operation.as_str()).collect()
}

fn list(names: &[&str]) -> String {
    let named = names.iter().take(NAMED).copied().collect::<Vec<_>>();
    match names.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

#[derive(Default)]
struct Report {
    lines: Vec<String>,
}

impl Report {
    fn operation(&mut self, name: &str, before: &Operation, after: &Operation) {
        let auth = |operation: &Operation| operation.auth(name).word();
        self.value(name, "caller", auth(before), auth(after));
        for (end, before, after) in [
            ("input", &before.input, &after.input),
            ("output", &before.output, &after.output),
        ] {
            self.value(name, end, target(before), target(after));
        }
        let lists = (
            before.errors.iter().map(|e| e.shape.as_str()).collect(),
            after.errors.iter().map(|e| e.shape.as_str()).collect(),
        );
        self.sets(name, lists, |error| format!("error {error}"));
    }

    fn shape(&mut self, name: &str, before: &Shape, after: &Shape) {
        self.value(name, "type", kind(before), kind(after));
        self.value(name, "least", bound(before.min), bound(after.min));
        self.value(name, "greatest", bound(before.max), bound(after.max));
        let pattern = |shape: &Shape| shape.pattern.clone().unwrap_or_else(|| "none".to_owned());
        self.value(name, "pattern", pattern(before), pattern(after));
        self.value(name, "secret", before.sensitive, after.sensitive);
        for (part, before, after) in [
            ("element", &before.member, &after.member),
            ("key", &before.key, &after.key),
            ("value", &before.value, &after.value),
        ] {
            self.value(name, part, target(before), target(after));
        }
        let values = |shape| -> BTreeSet<_> { Shape::values(shape).collect() };
        self.sets(name, (values(before), values(after)), |value| {
            format!("value {value}")
        });
        let members = |shape| -> BTreeSet<_> { Shape::member_names(shape).collect() };
        self.sets(name, (members(before), members(after)), |member| {
            let presence = if after.required.contains(member) {
                "required member"
            } else {
                "member"
            };
            match after.target_of(member).or(before.target_of(member)) {
                Some(target) => format!("{presence} {member}: {target}"),
                None => format!("{presence} {member}"),
            }
        });
        for member in members(before).intersection(&members(after)) {
            let whose = format!("{name}.{member}");
            let required = |shape: &Shape| shape.required.contains(*member);
            self.value(&whose, "required", required(before), required(after));
            let targets = (before.target_of(member), after.target_of(member));
            self.value(
                &whose,
                "type",
                targets.0.unwrap_or_default(),
                targets.1.unwrap_or_default(),
            );
        }
    }

    /// One property of something that both models have.
    fn value<T: Display + PartialEq>(&mut self, whose: &str, what: &str, before: T, after: T) {
        if before != after {
            self.lines
                .push(format!("~ {whose}: {what} is {after}, was {before}"));
        }
    }

    /// What one of two sets has and the other has not.
    fn sets(
        &mut self,
        whose: &str,
        (before, after): (BTreeSet<&str>, BTreeSet<&str>),
        word: impl Fn(&str) -> String,
    ) {
        let prefix = match whose {
            "" => String::new(),
            _ => format!("{whose}: "),
        };
        for name in after.difference(&before) {
            self.lines.push(format!("+ {prefix}{}", word(name)));
        }
        for name in before.difference(&after) {
            self.lines.push(format!("- {prefix}{}", word(name)));
        }
    }
}

fn target(reference: &Option<Reference>) -> &str {
    reference
        .as_ref()
        .map_or("none", |reference| reference.shape.as_str())
}

fn kind(shape: &Shape) -> String {
    let kind = format!("{:?}", shape.kind).to_lowercase();
    if shape.document {
        "document".to_owned()
    } else {
        kind
    }
}

fn bound(bound: Option<i64>) -> String {
    bound.map_or_else(|| "none".to_owned(), |bound| bound.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};

    use super::*;

    /// A service with one operation, which takes a structure of a string.
    fn service() -> Value {
        json!({
            "operations": {"SignUp": {"input": {"shape": "SignUpRequest"}, "errors": [{"shape": "Refused"}]}},
            "shapes": {
                "SignUpRequest": {"type": "structure", "required": ["Name"], "members": {"Name": {"shape": "NameType"}}},
                "NameType": {"type": "string", "min": 1, "max": 64, "enum": ["ANA", "BEN"]},
                "Other": {"type": "string"},
                "Refused": {"type": "structure", "exception": true},
            },
        })
    }

    /// What is told when the service becomes another by `change`.
    fn told(change: impl Fn(&mut Value)) -> Vec<String> {
        let mut after = service();
        change(&mut after);
        let read = |value: &Value| Model::parse(&value.to_string()).unwrap();
        between(&read(&service()), &read(&after))
    }

    #[test]
    fn a_model_that_is_the_same_changes_nothing() {
        assert!(told(|_| ()).is_empty());
        // Nor does a type that no operation uses.
        assert!(told(|model| model["shapes"]["Other"]["max"] = json!(7)).is_empty());
    }

    #[test]
    fn operations_and_their_errors_come_and_go() {
        let line = told(|model| {
            model["operations"]["SignOut"] = json!({"input": {"shape": "SignUpRequest"}});
        });
        assert_eq!(line, ["+ operation SignOut"]);
        let line = told(|model| model["operations"] = json!({}));
        assert_eq!(line, ["- operation SignUp"]);
        let line = told(|model| model["operations"]["SignUp"]["errors"] = json!([]));
        assert_eq!(line, ["- SignUp: error Refused"]);
        let lines = told(|model| {
            model["shapes"]["Late"] = json!({"type": "structure", "exception": true});
            let errors = model["operations"]["SignUp"]["errors"].as_array_mut();
            errors.unwrap().push(json!({"shape": "Late"}));
        });
        assert_eq!(lines, ["+ SignUp: error Late", "+ error Late"]);
        let line = told(|model| model["operations"]["SignUp"]["authtype"] = json!("none"));
        assert_eq!(line, ["~ SignUp: caller is public, was signed"]);
        let line = told(|model| {
            model["shapes"]["Refused"]["error"] = json!({"code": "Refused", "httpStatusCode": 403});
        });
        assert_eq!(line, ["~ Refused: status is 403, was 400"]);
    }

    #[test]
    fn members_come_and_go_and_become_required() {
        let request = "SignUpRequest (SignUp)";
        let line = told(|model| {
            model["shapes"]["SignUpRequest"]["members"]["Age"] = json!({"shape": "Other"});
        });
        assert_eq!(line, [format!("+ {request}: member Age: Other")]);
        let line = told(|model| model["shapes"]["SignUpRequest"]["required"] = json!([]));
        assert_eq!(
            line,
            [format!("~ {request}.Name: required is false, was true")]
        );
        let line = told(|model| {
            model["shapes"]["SignUpRequest"]["members"]["Name"]["shape"] = json!("Other");
        });
        assert_eq!(
            line,
            [format!("~ {request}.Name: type is Other, was NameType")]
        );
        let line = told(|model| {
            model["shapes"]["SignUpRequest"]["members"] = json!({});
            model["shapes"]["SignUpRequest"]["required"] = json!([]);
        });
        assert_eq!(line, [format!("- {request}: member Name: NameType")]);
    }

    #[test]
    fn constraints_and_values_change() {
        let of = |member: &str, value: Value| {
            told(|model| model["shapes"]["NameType"][member] = value.clone())
        };
        let name = "NameType (SignUp)";
        for (member, value, line) in [
            (
                "max",
                json!(128),
                format!("~ {name}: greatest is 128, was 64"),
            ),
            (
                "min",
                Value::Null,
                format!("~ {name}: least is none, was 1"),
            ),
            (
                "pattern",
                json!("[A-Z]"),
                format!("~ {name}: pattern is [A-Z], was none"),
            ),
            (
                "sensitive",
                json!(true),
                format!("~ {name}: secret is true, was false"),
            ),
            (
                "enum",
                json!(["ANA", "BEN", "CLEO"]),
                format!("+ {name}: value CLEO"),
            ),
            ("enum", json!(["BEN"]), format!("- {name}: value ANA")),
        ] {
            assert_eq!(of(member, value), [line]);
        }
    }

    #[test]
    fn of_many_operations_that_use_a_type_three_are_named() {
        assert_eq!(list(&["A", "B", "C"]), "A, B, C");
        assert_eq!(list(&["A", "B", "C", "D", "E"]), "A, B, C and 2 more");
    }
}
