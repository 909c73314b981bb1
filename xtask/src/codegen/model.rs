//! A service's model as botocore words it: shapes, and operations that name them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde::de::{MapAccess, Visitor};

/// Shapes that hold secrets although no model marks them: the client secret of an upstream identity
/// provider, what a challenge hands to its client, a device's verifier.
const SENSITIVE_TOO: &[&str] = &[
    "ChallengeParametersType",
    "DeviceSecretVerifierConfigType",
    "ProviderDetailsType",
];

/// Patterns that the service was seen to have, where its model has others: a password may hold
/// spaces, but neither begin nor end with one. The documentation says so too.
const PATTERNS_SEEN: &[(&str, &str)] = &[("PasswordType", r"^[\S]+.*[\S]+$")];

/// Operations that the model has as signed and the documentation as callable with a signature or
/// without one: a client that proves itself by its secret needs no access key.
const SIGNATURE_OPTIONAL: &[&str] = &["GetClientToken", "GetDerivedToken"];

/// One service.
#[derive(Deserialize)]
pub(crate) struct Model {
    pub(crate) operations: BTreeMap<String, Operation>,
    pub(crate) shapes: BTreeMap<String, Shape>,
}

/// An operation; `authtype` is "none" when nobody signs it.
#[derive(Deserialize)]
pub(crate) struct Operation {
    pub(crate) input: Option<Reference>,
    pub(crate) output: Option<Reference>,
    #[serde(default)]
    pub(crate) errors: Vec<Reference>,
    pub(crate) authtype: Option<String>,
}

/// Who may call an operation; the variants are those of `Auth` in crates/api.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Auth {
    Public,
    Signed,
    OptionallySigned,
}

impl Auth {
    /// The word for it on docs/coverage.md and in the report of changes.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Signed => "signed",
            Self::OptionallySigned => "signed or not",
        }
    }
}

impl Operation {
    /// Who may call the operation, which is named `name`.
    pub(crate) fn auth(&self, name: &str) -> Auth {
        match self.authtype.as_deref() {
            Some("none") => Auth::Public,
            _ if SIGNATURE_OPTIONAL.contains(&name) => Auth::OptionallySigned,
            _ => Auth::Signed,
        }
    }
}

/// The use of a shape by its name.
#[derive(Deserialize)]
pub(crate) struct Reference {
    pub(crate) shape: String,
}

/// One type of the wire, with its constraints.
#[derive(Deserialize)]
pub(crate) struct Shape {
    #[serde(rename = "type")]
    pub(crate) kind: Kind,
    #[serde(default)]
    pub(crate) members: Members,
    #[serde(default)]
    pub(crate) required: BTreeSet<String>,
    pub(crate) member: Option<Reference>,
    pub(crate) key: Option<Reference>,
    pub(crate) value: Option<Reference>,
    #[serde(rename = "enum", default)]
    pub(crate) values: Vec<String>,
    pub(crate) min: Option<i64>,
    pub(crate) max: Option<i64>,
    pub(crate) pattern: Option<String>,
    #[serde(default)]
    pub(crate) sensitive: bool,
    #[serde(default)]
    pub(crate) exception: bool,
    #[serde(default)]
    pub(crate) fault: bool,
    #[serde(default)]
    pub(crate) document: bool,
    pub(crate) error: Option<ErrorTrait>,
}

#[derive(Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Structure,
    String,
    List,
    Map,
    Integer,
    Long,
    Boolean,
    Timestamp,
    Blob,
}

/// What an exception's shape says of its wire form.
#[derive(Deserialize)]
pub(crate) struct ErrorTrait {
    pub(crate) code: String,
    #[serde(rename = "httpStatusCode")]
    pub(crate) status: u16,
}

/// A structure's members in the model's own order, which serde_json's map would not keep.
#[derive(Default)]
pub(crate) struct Members(pub(crate) Vec<(String, Reference)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of members")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

impl Model {
    /// Reads a model and checks that every name in it leads somewhere.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("{} is no model", path.display()))
    }

    /// The model that a file's text holds.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut model: Self = serde_json::from_str(text)?;
        for name in SENSITIVE_TOO {
            if let Some(shape) = model.shapes.get_mut(*name) {
                shape.sensitive = true;
            }
        }
        for (name, pattern) in PATTERNS_SEEN {
            if let Some(shape) = model.shapes.get_mut(*name) {
                shape.pattern = Some((*pattern).to_owned());
            }
        }
        model.check_references()?;
        Ok(model)
    }

    fn check_references(&self) -> Result<()> {
        let uses = self.shapes.values().flat_map(Shape::references);
        let roots = self.operations.values().flat_map(|operation| {
            let ends = operation.input.iter().chain(&operation.output);
            ends.chain(&operation.errors).map(|r| r.shape.as_str())
        });
        for name in uses.chain(roots) {
            if !self.shapes.contains_key(name) {
                bail!("no shape is called {name}");
            }
        }
        Ok(())
    }

    /// The shape of that name. [`Model::read`] made sure that every reference has one.
    #[expect(clippy::expect_used, reason = "checked when the model was read")]
    pub(crate) fn shape(&self, name: &str) -> &Shape {
        self.shapes.get(name).expect("a checked reference")
    }

    /// Every shape that can be reached from `roots`, these included.
    pub(crate) fn reachable<'a>(
        &'a self,
        roots: impl IntoIterator<Item = &'a str>,
    ) -> BTreeSet<&'a str> {
        let mut seen = BTreeSet::new();
        let mut todo: Vec<&str> = roots.into_iter().collect();
        while let Some(name) = todo.pop() {
            if seen.insert(name) {
                todo.extend(self.shape(name).references());
            }
        }
        seen
    }

    /// The inputs' names.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = &str> {
        let inputs = self.operations.values().filter_map(|o| o.input.as_ref());
        inputs.map(|input| input.shape.as_str())
    }

    /// The outputs' names.
    pub(crate) fn outputs(&self) -> impl Iterator<Item = &str> {
        let outputs = self.operations.values().filter_map(|o| o.output.as_ref());
        outputs.map(|output| output.shape.as_str())
    }

    /// Whether a structure holds itself through structures alone, so that its size would be
    /// endless.
    pub(crate) fn holds_directly(&self, outer: &str, inner: &str) -> bool {
        let mut seen = BTreeSet::new();
        let mut todo = vec![outer];
        while let Some(name) = todo.pop() {
            let shape = self.shape(name);
            if shape.kind != Kind::Structure || !seen.insert(name) {
                continue;
            }
            for (_, member) in &shape.members.0 {
                if member.shape == inner {
                    return true;
                }
                todo.push(&member.shape);
            }
        }
        false
    }
}

impl Shape {
    /// The names of the shapes that this one is made of.
    pub(crate) fn references(&self) -> impl Iterator<Item = &str> {
        let members = self.members.0.iter().map(|(_, member)| member);
        let inner = self.member.iter().chain(&self.key).chain(&self.value);
        members.chain(inner).map(|r| r.shape.as_str())
    }

    /// The values of an enum.
    pub(crate) fn values(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(String::as_str)
    }

    /// The names of its members.
    pub(crate) fn member_names(&self) -> impl Iterator<Item = &str> {
        self.members.0.iter().map(|(name, _)| name.as_str())
    }

    /// The type of one of its members.
    pub(crate) fn target_of(&self, member: &str) -> Option<&str> {
        let found = self.members.0.iter().find(|(name, _)| name == member);
        found.map(|(_, target)| target.shape.as_str())
    }

    /// Whether it is a string with a fixed set of values.
    pub(crate) fn is_enum(&self) -> bool {
        !self.values.is_empty()
    }
}
