//! What tags may be. The length of keys and values is in the model; how many there may be, and
//! whose prefix is reserved, is not.

use std::collections::BTreeMap;

use crate::{Error, Result};

/// The most tags that a pool can have.
const MAX_TAGS: usize = 50;

/// The prefix of keys that is AWS's own, in any case.
const RESERVED: &str = "aws:";

/// Checks all tags that a pool is to have.
///
/// # Errors
/// `UserPoolTaggingException` for too many, and for keys that are AWS's.
pub(super) fn check(tags: BTreeMap<String, String>) -> Result<BTreeMap<String, String>> {
    if tags.len() > MAX_TAGS {
        return Err(Error::too_many_tags(MAX_TAGS));
    }
    let is_reserved = |key: &&String| {
        key.get(..RESERVED.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(RESERVED))
    };
    match tags.keys().find(is_reserved) {
        Some(key) => Err(Error::reserved_tag_key(key, RESERVED)),
        None => Ok(tags),
    }
}
