//! What a request tells beside its action and its resource.

use std::collections::BTreeMap;

/// The condition keys of a request with their values: what conditions ask for, and what policy
/// variables stand for. Keys are compared without regard to case, as IAM does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context(BTreeMap<String, Vec<String>>);

impl Context {
    /// A request that tells nothing beside its action and its resource.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// The same with a key and its values; a key that was there is replaced.
    #[must_use]
    pub fn with<V: Into<String>>(mut self, key: &str, values: impl IntoIterator<Item = V>) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        self.0.insert(key.to_ascii_lowercase(), values);
        self
    }

    /// All values of a key, which is in lower case; none when the request does not have it.
    pub(super) fn values(&self, key: &str) -> &[String] {
        self.0.get(key).map_or(&[], Vec::as_slice)
    }

    /// The value of a key, which is in lower case, if there is exactly one.
    pub(super) fn value(&self, key: &str) -> Option<&str> {
        match self.values(key) {
            [one] => Some(one),
            _ => None,
        }
    }
}
