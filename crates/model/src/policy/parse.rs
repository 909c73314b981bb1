//! From an author's document to a policy.
//!
//! One pass over the JSON. Each step knows its place in the document, which an error tells.

use super::condition::{self, Condition};
use super::error::{PolicyError, Problem};
use super::json::Node;
use super::pattern::Pattern;
use super::statement::{Effect, Policy, Statement};
use super::vocabulary::Vocabulary;

/// The length of a document, in bytes: IAM's limit for the policies of a role.
const MAX_BYTES: usize = 10_240;
/// How many statements a document may have, and how many elements a list in it.
const MAX_ELEMENTS: usize = 1_000;

/// The only version that has policy variables.
const NEWEST_VERSION: &str = "2012-10-17";
const OLD_VERSION: &str = "2008-10-17";

impl Policy {
    /// Allows everything.
    #[must_use]
    pub fn allow_all() -> Self {
        let any = || vec![Pattern::plain("*".to_owned())];
        Self {
            statements: vec![Statement {
                sid: None,
                effect: Effect::Allow,
                actions: any(),
                resources: any(),
                conditions: Vec::new(),
            }],
        }
    }

    /// Reads an IAM policy document: `Version`, `Id` and `Statement`; in a statement `Sid`,
    /// `Effect`, `Action`, `Resource` and `Condition`. `vocabulary` has what it may name.
    ///
    /// # Errors
    /// [`PolicyError`] when it is no such document, or names what is not there.
    pub fn parse(text: &str, vocabulary: &Vocabulary) -> Result<Self, PolicyError> {
        let document = Place::document();
        if text.len() > MAX_BYTES {
            return Err(document.error(Problem::TooLong("10,240 bytes")));
        }
        let node = Node::parse(text).map_err(|problem| document.error(problem))?;
        let mut members = Members::read(node, document, &["Version", "Id", "Statement"])?;
        let version = members.optional("Version", version)?;
        members.optional("Id", string)?;
        let reader = Reader {
            vocabulary,
            has_variables: version.is_some_and(|version| version == NEWEST_VERSION),
        };
        let statements = members.required("Statement", |node, place| {
            each(node, place, |node, place| reader.statement(node, place))
        })?;
        Ok(Self { statements })
    }
}

struct Reader<'a> {
    vocabulary: &'a Vocabulary,
    /// Whether `${key}` means anything. In documents of an older version it is plain text, which
    /// no author means.
    has_variables: bool,
}

impl Reader<'_> {
    fn statement(&self, node: Node, place: Place) -> Result<Statement, PolicyError> {
        const MEMBERS: [&str; 5] = ["Sid", "Effect", "Action", "Resource", "Condition"];
        let mut members = Members::read(node, place, &MEMBERS)?;
        let conditions = members.optional("Condition", |node, place| self.conditions(node, place));
        Ok(Statement {
            conditions: conditions?.unwrap_or_default(),
            sid: members.optional("Sid", string)?,
            effect: members.required("Effect", effect)?,
            actions: members.required("Action", |node, place| {
                each(node, place, |node, place| self.action(node, place))
            })?,
            resources: members.required("Resource", |node, place| {
                each(node, place, |node, place| self.resource(node, place))
            })?,
        })
    }

    fn action(&self, node: Node, place: Place) -> Result<Pattern, PolicyError> {
        // IAM has no variables in actions.
        let pattern = Pattern::plain(string(node, place.clone())?);
        let checked = self.vocabulary.check_action(&pattern);
        checked.map_err(|problem| place.error(problem))?;
        Ok(pattern)
    }

    fn resource(&self, node: Node, place: Place) -> Result<Pattern, PolicyError> {
        let pattern = self.with_variables(node, &place)?;
        let text = pattern.text();
        if self.vocabulary.can_match_a_resource(text) {
            Ok(pattern)
        } else {
            Err(place.error(Problem::Resource(text.to_owned())))
        }
    }

    /// `{"StringLike": {"key": "value"}}`
    fn conditions(&self, node: Node, place: Place) -> Result<Vec<Condition>, PolicyError> {
        let mut conditions = Vec::new();
        for (name, node, place) in entries(node, place)? {
            let Some((quantifier, operator)) = condition::operator(&name) else {
                return Err(place.error(Problem::Operator));
            };
            for (key, node, place) in entries(node, place)? {
                if !self.vocabulary.has_key(&key) {
                    return Err(place.error(Problem::Key));
                }
                conditions.push(Condition {
                    operator,
                    quantifier,
                    key: key.to_ascii_lowercase(),
                    values: each(node, place, |node, place| self.with_variables(node, &place))?,
                });
            }
        }
        Ok(conditions)
    }

    fn with_variables(&self, node: Node, place: &Place) -> Result<Pattern, PolicyError> {
        let pattern = pattern(node, place)?;
        if !self.has_variables && pattern.text().contains("${") {
            return Err(place.error(Problem::Variable(pattern.text().to_owned())));
        }
        let mut keys = pattern.keys().into_iter();
        match keys.find(|key| !self.vocabulary.has_key(key)) {
            Some(key) => Err(place.error(Problem::Variable(format!("${{{key}}}")))),
            None => Ok(pattern),
        }
    }
}

/// A place in the document.
#[derive(Clone)]
struct Place(String);

impl Place {
    const fn document() -> Self {
        Self(String::new())
    }

    fn member(&self, name: &str) -> Self {
        if self.0.is_empty() {
            return Self(name.to_owned());
        }
        Self(format!("{}.{name}", self.0))
    }

    fn element(&self, number: usize) -> Self {
        Self(format!("{}[{number}]", self.0))
    }

    fn error(&self, problem: Problem) -> PolicyError {
        PolicyError {
            place: self.0.clone(),
            problem,
        }
    }
}

/// The members of an object, taken out by their names.
struct Members {
    left: Vec<(String, Node)>,
    place: Place,
}

impl Members {
    fn read(node: Node, place: Place, known: &[&str]) -> Result<Self, PolicyError> {
        let entries = members_of(node, &place)?;
        for (name, _) in &entries {
            if !known.contains(&name.as_str()) {
                return Err(place.member(name).error(Problem::Unsupported));
            }
        }
        Ok(Self {
            left: entries,
            place,
        })
    }

    fn optional<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Node, Place) -> Result<T, PolicyError>,
    ) -> Result<Option<T>, PolicyError> {
        let Some(at) = self.left.iter().position(|(member, _)| member == name) else {
            return Ok(None);
        };
        let (_, node) = self.left.swap_remove(at);
        read(node, self.place.member(name)).map(Some)
    }

    fn required<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Node, Place) -> Result<T, PolicyError>,
    ) -> Result<T, PolicyError> {
        let member = self.optional(name, read)?;
        member.ok_or_else(|| self.place.member(name).error(Problem::Missing))
    }
}

/// An object's members, each of which stands there once.
fn members_of(node: Node, place: &Place) -> Result<Vec<(String, Node)>, PolicyError> {
    let Node::Object(members) = node else {
        return Err(place.error(Problem::Type("an object")));
    };
    let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    let mut pairs = names.iter().zip(names.iter().skip(1));
    match pairs.find(|(one, next)| one == next) {
        Some((twice, _)) => Err(place.member(twice).error(Problem::Twice)),
        None => Ok(members),
    }
}

/// The members of an object that has any names, and at least one.
fn entries(node: Node, place: Place) -> Result<Vec<(String, Node, Place)>, PolicyError> {
    let members = members_of(node, &place)?;
    if members.is_empty() {
        return Err(place.error(Problem::Empty));
    }
    let placed = members.into_iter().map(|(name, node)| {
        let place = place.member(&name);
        (name, node, place)
    });
    Ok(placed.collect())
}

/// One or many, where IAM allows both.
fn each<T>(
    node: Node,
    place: Place,
    read: impl Fn(Node, Place) -> Result<T, PolicyError>,
) -> Result<Vec<T>, PolicyError> {
    let elements = match node {
        Node::Array(elements) => elements,
        one => return Ok(vec![read(one, place)?]),
    };
    if elements.is_empty() {
        return Err(place.error(Problem::Empty));
    }
    if elements.len() > MAX_ELEMENTS {
        return Err(place.error(Problem::TooLong("1,000 elements")));
    }
    let numbered = elements.into_iter().enumerate();
    numbered
        .map(|(number, node)| read(node, place.element(number)))
        .collect()
}

fn string(node: Node, place: Place) -> Result<String, PolicyError> {
    match node {
        Node::String(text) => Ok(text),
        _ => Err(place.error(Problem::Type("a string"))),
    }
}

fn version(node: Node, place: Place) -> Result<String, PolicyError> {
    match string(node, place.clone())? {
        version if version == NEWEST_VERSION || version == OLD_VERSION => Ok(version),
        _ => Err(place.error(Problem::Version)),
    }
}

fn effect(node: Node, place: Place) -> Result<Effect, PolicyError> {
    match string(node, place.clone())?.as_str() {
        "Allow" => Ok(Effect::Allow),
        "Deny" => Ok(Effect::Deny),
        _ => Err(place.error(Problem::Effect)),
    }
}

fn pattern(node: Node, place: &Place) -> Result<Pattern, PolicyError> {
    let text = string(node, place.clone())?;
    Pattern::new(text).map_err(|problem| place.error(problem))
}
