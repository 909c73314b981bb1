//! The types of the constraint table: what validation knows of a shape, as plain data in the
//! generated modules.

use std::sync::OnceLock;

use regex::Regex;

use crate::validate::pattern;

/// What is known of one type of the wire.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// What it is made of.
    pub kind: Kind,
    /// The least length of a string (UTF-16 code units), list, map (entries) or blob (bytes), or
    /// the least number.
    pub min: Option<i64>,
    /// The greatest of the same.
    pub max: Option<i64>,
    /// What a string has to match as a whole.
    pub pattern: Option<Pattern>,
    /// Whether messages and logs must not repeat its value.
    pub sensitive: bool,
}

/// What a shape is made of.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// An object with members of its own.
    Structure(&'static [Member]),
    /// A list of one shape.
    List(&'static Shape),
    /// An object with any keys.
    Map {
        /// What each key has to satisfy.
        key: &'static Shape,
        /// What each value has to satisfy.
        value: &'static Shape,
    },
    /// Text.
    String,
    /// Text out of a set of values.
    Choice {
        /// The enum's name.
        name: &'static str,
        /// Its values.
        values: &'static [&'static str],
    },
    /// A whole number of 32 bits.
    Integer,
    /// A whole number of 64 bits.
    Long,
    /// true or false.
    Boolean,
    /// A number of seconds since 1970.
    Timestamp,
    /// Bytes in base64.
    Blob,
    /// Any JSON object.
    Document,
}

/// A member of a structure.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// Its name on the wire.
    pub name: &'static str,
    /// Its name in the messages of validation.
    pub path: &'static str,
    /// Whether it has to be there.
    pub required: bool,
    /// What it is.
    pub shape: &'static Shape,
}

/// A regular expression of the model, in Java's syntax.
#[derive(Clone, Copy, Debug)]
pub struct Pattern {
    /// The model's text, which messages repeat.
    pub source: &'static str,
    /// Where its compiled form is kept.
    pub matcher: fn() -> &'static Matcher,
}

/// A pattern's compiled form, made when it is first needed.
#[derive(Debug)]
pub struct Matcher(OnceLock<Result<Regex, regex::Error>>);

impl Matcher {
    /// Not compiled yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(OnceLock::new())
    }
}

impl Default for Matcher {
    fn default() -> Self {
        Self::new()
    }
}

impl Pattern {
    /// Whether the whole of `text` matches, in time linear in its length. Fails when the model's
    /// pattern is invalid.
    pub fn is_match(&self, text: &str) -> Result<bool, regex::Error> {
        let compiled = (self.matcher)()
            .0
            .get_or_init(|| pattern::compile(self.source));
        compiled
            .as_ref()
            .map(|regex| regex.is_match(text))
            .map_err(Clone::clone)
    }
}

impl Member {
    /// A member that has to be there.
    #[must_use]
    pub const fn required(name: &'static str, path: &'static str, shape: &'static Shape) -> Self {
        Self {
            name,
            path,
            required: true,
            shape,
        }
    }

    /// A member that may be left out.
    #[must_use]
    pub const fn optional(name: &'static str, path: &'static str, shape: &'static Shape) -> Self {
        Self {
            name,
            path,
            required: false,
            shape,
        }
    }
}

/// The words that the generated tables are written in.
#[allow(missing_docs)]
impl Shape {
    const fn of(kind: Kind) -> Self {
        Self {
            kind,
            min: None,
            max: None,
            pattern: None,
            sensitive: false,
        }
    }

    #[must_use]
    pub const fn structure(members: &'static [Member]) -> Self {
        Self::of(Kind::Structure(members))
    }

    #[must_use]
    pub const fn list(member: &'static Shape) -> Self {
        Self::of(Kind::List(member))
    }

    #[must_use]
    pub const fn map(key: &'static Shape, value: &'static Shape) -> Self {
        Self::of(Kind::Map { key, value })
    }

    #[must_use]
    pub const fn string() -> Self {
        Self::of(Kind::String)
    }

    #[must_use]
    pub const fn choice(name: &'static str, values: &'static [&'static str]) -> Self {
        Self::of(Kind::Choice { name, values })
    }

    #[must_use]
    pub const fn integer() -> Self {
        Self::of(Kind::Integer)
    }

    #[must_use]
    pub const fn long() -> Self {
        Self::of(Kind::Long)
    }

    #[must_use]
    pub const fn boolean() -> Self {
        Self::of(Kind::Boolean)
    }

    #[must_use]
    pub const fn timestamp() -> Self {
        Self::of(Kind::Timestamp)
    }

    #[must_use]
    pub const fn blob() -> Self {
        Self::of(Kind::Blob)
    }

    #[must_use]
    pub const fn document() -> Self {
        Self::of(Kind::Document)
    }

    #[must_use]
    pub const fn min(mut self, min: i64) -> Self {
        self.min = Some(min);
        self
    }

    #[must_use]
    pub const fn max(mut self, max: i64) -> Self {
        self.max = Some(max);
        self
    }

    #[must_use]
    pub const fn pattern(mut self, pattern: Pattern) -> Self {
        self.pattern = Some(pattern);
        self
    }

    #[must_use]
    pub const fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }
}
