//! What the policies of one kind of principal may name: actions and condition keys.

use std::collections::{BTreeMap, BTreeSet};

use super::context::Context;
use super::error::Problem;
use super::pattern::{Case, Pattern, Wildcards};

/// The actions and condition keys that there are. A policy that names others is refused, because it
/// would not do what its author believes: a Deny that is misspelt denies nothing.
#[derive(Clone, Debug, Default)]
pub struct Vocabulary {
    actions: BTreeMap<&'static str, BTreeSet<&'static str>>,
    other_services: bool,
    keys: BTreeSet<String>,
}

impl Vocabulary {
    /// These actions and no others, each as its service (`cognito-idp`) and its name
    /// (`AdminGetUser`), and no condition key.
    #[must_use]
    pub fn new(actions: impl IntoIterator<Item = (&'static str, &'static str)>) -> Self {
        let mut vocabulary = Self::default();
        for (service, name) in actions {
            vocabulary.actions.entry(service).or_default().insert(name);
        }
        vocabulary
    }

    /// The same with any action of any other service: for principals whose requests go elsewhere
    /// too.
    #[must_use]
    pub fn with_other_services(mut self) -> Self {
        self.other_services = true;
        self
    }

    /// The same with condition keys that requests carry, for conditions and variables.
    #[must_use]
    pub fn with_keys<'a>(mut self, keys: impl IntoIterator<Item = &'a str>) -> Self {
        self.keys
            .extend(keys.into_iter().map(str::to_ascii_lowercase));
        self
    }

    pub(super) fn has_key(&self, key: &str) -> bool {
        self.keys.contains(&key.to_ascii_lowercase())
    }

    /// Whether a pattern can match an action. As in IAM, the service's name is written out unless
    /// the pattern begins with a star.
    pub(super) fn check_action(&self, pattern: &Pattern) -> Result<(), Problem> {
        let text = pattern.text();
        if text.starts_with('*') {
            let mut services = self.actions.iter();
            let known = services.any(|(service, names)| has_match(pattern, service, names));
            return if known {
                Ok(())
            } else {
                Err(self.unknown(text, "any service", None))
            };
        }
        let (service, name) = text.split_once(':').unwrap_or((text, ""));
        let lower = service.to_ascii_lowercase();
        match self.actions.get_key_value(lower.as_str()) {
            Some((service, names)) if has_match(pattern, service, names) => Ok(()),
            Some((service, names)) => Err(self.unknown(text, service, nearest(name, names))),
            None if self.other_services && is_name(service) && !name.is_empty() => Ok(()),
            None => Err(Problem::Service {
                action: text.to_owned(),
                services: self.actions.keys().copied().collect::<Vec<_>>().join(", "),
            }),
        }
    }

    /// Whether a pattern can match what a request of these actions is about: `*`, or the ARN of a
    /// user pool, an identity pool or a role. Of a pattern with wildcards what stands before the
    /// first one is looked at.
    pub(super) fn can_match_a_resource(&self, text: &str) -> bool {
        if self.other_services {
            return text.starts_with("arn:") || text.starts_with('*');
        }
        let fixed = text.split(['*', '?', '$']).next().unwrap_or_default();
        let is_whole = fixed.len() == text.len();
        let forms = [
            ("cognito-idp", "userpool/"),
            ("cognito-identity", "identitypool/"),
            ("iam", "role/"),
        ];
        forms
            .iter()
            .any(|(service, kind)| can_begin(fixed, is_whole, service, kind))
    }

    fn unknown(&self, action: &str, service: &str, nearest: Option<&str>) -> Problem {
        Problem::Action {
            action: action.to_owned(),
            service: service.to_owned(),
            nearest: nearest.map(|name| format!("{service}:{name}")),
        }
    }
}

/// Whether the ARN of a kind of thing is, or with `is_whole` false begins with, a text.
fn can_begin(text: &str, is_whole: bool, service: &str, kind: &str) -> bool {
    let is_region = |text: &str| {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        text.bytes().all(fits)
    };
    let is_account = |text: &str| text.len() <= 12 && text.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let last = parts.len() - 1;
    let fits = |(at, part): (usize, &&str)| {
        let is_cut = at == last && !is_whole;
        let word = |word: &str| *part == word || (is_cut && word.starts_with(*part));
        match at {
            0 => word("arn"),
            1 => word("aws"),
            2 => word(service),
            3 => is_region(part),
            4 => is_account(part) && (is_cut || part.len() == 12),
            _ => {
                let name = part.strip_prefix(kind);
                let is_name = name.is_some_and(|name| {
                    (is_cut || !name.is_empty()) && !name.contains(char::is_whitespace)
                });
                is_name || (is_cut && kind.starts_with(*part))
            }
        }
    };
    parts.iter().enumerate().all(fits) && (!is_whole || parts.len() == 6)
}

fn has_match(pattern: &Pattern, service: &str, names: &BTreeSet<&str>) -> bool {
    let context = Context::new();
    names.iter().any(|name| {
        let action = format!("{service}:{name}");
        pattern.matches(&action, Case::Ignored, Wildcards::Meant, &context)
    })
}

fn is_name(service: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !service.is_empty() && service.bytes().all(fits)
}

/// The name that takes the fewest changes of a letter, unless that would be half of it.
fn nearest<'a>(wanted: &str, names: &BTreeSet<&'a str>) -> Option<&'a str> {
    let wanted = wanted.to_ascii_lowercase();
    let changes = names
        .iter()
        .filter(|name| name.len().abs_diff(wanted.len()) <= name.len() / 2)
        .map(|name| (distance(&wanted, &name.to_ascii_lowercase()), *name));
    let (changes, name) = changes.min()?;
    (changes <= name.len() / 2).then_some(name)
}

/// How many letters have to be put in, left out or replaced to make one word of the other
/// (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, b) in row.iter_mut().skip(1).zip(other.bytes()) {
            let above = *cell;
            let replaced = diagonal + usize::from(a != b);
            left = replaced.min(above + 1).min(left + 1);
            diagonal = above;
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_of_words_is_the_number_of_changes() {
        for (one, other, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("listusers", "listuser", 1),
            ("abc", "bca", 2),
        ] {
            assert_eq!(distance(one, other), expected, "{one} {other}");
        }
    }

    #[test]
    fn the_nearest_name_is_told_unless_it_is_far() {
        let names = BTreeSet::from(["ListUsers", "ListUserPools", "DeleteUser"]);
        assert_eq!(nearest("ListUser", &names), Some("ListUsers"));
        assert_eq!(nearest("listuserpool", &names), Some("ListUserPools"));
        assert_eq!(nearest("FlyToTheMoon", &names), None);
        assert_eq!(nearest(&"x".repeat(10_000), &names), None);
    }
}
