//! Members that a request can carry and Cognate refuses, and why. Each area lists its own beside
//! the code that refuses them, and refuses by the entries of its list alone; docs/coverage.md is
//! made from the lists, and a test sends each member of them.

use std::fmt::Display;

use crate::{Error, Result};

/// A member that is refused.
pub struct RefusedMember {
    /// The operations that have it.
    pub operations: &'static [&'static str],
    /// Its path in the request; where only some values are refused, with these in words.
    pub member: &'static str,
    /// Why it is.
    pub why: Why,
}

/// Why a member is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is not built: it comes with this.
    ComesWith(&'static str),
    /// It will not be built, for this reason.
    Never(&'static str),
}

/// An entry of a list: the member, and whether a request asks for it.
pub(crate) type Entry<T> = (RefusedMember, fn(&T) -> bool);

impl RefusedMember {
    /// The refusal.
    pub(crate) fn error(&self) -> Error {
        self.error_for(self.member)
    }

    /// The refusal of a part, or of a value, by its own name.
    pub(crate) fn error_for(&self, part: impl Display) -> Error {
        match self.why {
            Why::ComesWith(_) => Error::parameter_not_built(part),
            Why::Never(reason) => Error::parameter_never_built(part, reason),
        }
    }
}

/// Refuses the first member of a list that a request asks for.
///
/// # Errors
/// `InvalidParameterException`, which names it.
pub(crate) fn refuse<T>(list: &[Entry<T>], asked: &T) -> Result<()> {
    match list.iter().find(|(_, asks_for)| asks_for(asked)) {
        Some((member, _)) => Err(member.error()),
        None => Ok(()),
    }
}
