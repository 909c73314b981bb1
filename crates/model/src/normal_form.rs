//! The one form of a text that is compared: what looks alike is alike.

use unicode_normalization::UnicodeNormalization;

/// NFKC, and lower case unless case counts.
pub(crate) fn normal_form(text: &str, case_sensitive: bool) -> String {
    let composed: String = text.nfkc().collect();
    if case_sensitive {
        return composed;
    }
    // Lower-casing can leave a composed form (U+0130 gives i and a combining dot), so the form is
    // taken once more.
    composed.to_lowercase().nfkc().collect()
}
