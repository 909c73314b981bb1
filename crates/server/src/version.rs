//! Which build this is: its version, the commit that it was made from, and the date of AWS's model
//! that it speaks.

use std::sync::LazyLock;

use cognate_api::MODEL_DATE;

/// The version of the workspace, as 0.1.0.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit, as `cargo xtask release` names it to the compiler; any other build doesn't know it.
/// No build script asks git, so a commit compiles nothing anew.
pub(crate) const COMMIT: &str = match option_env!("COGNATE_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};

static LINE: LazyLock<String> =
    LazyLock::new(|| format!("{VERSION} (commit {COMMIT}, model {MODEL_DATE})"));

/// All three in one line. The version comes first, for programs that read it.
pub(crate) fn line() -> &'static str {
    &LINE
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn the_line_begins_with_the_version_alone_and_ends_with_the_date_of_the_model() {
        assert_eq!(line().split_whitespace().next(), Some(VERSION));
        assert!(line().ends_with(&format!(", model {MODEL_DATE})")));
    }
}
