//! What a check has found: one line what, one line the mend.

use serde::Serialize;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    /// As it should be.
    Ok,
    /// It works, and is probably not meant so, or will not work for long.
    Warning,
    /// Something does not work, or is open to others.
    Error,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// What it is about, in a word or two.
    pub(super) check: &'static str,
    pub(super) level: Level,
    /// What is so.
    pub(super) what: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mend: Option<String>,
}

impl Finding {
    pub(super) fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self {
            check,
            level: Level::Ok,
            what: what.into(),
            mend: None,
        }
    }

    pub(super) fn warning(
        check: &'static str,
        what: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self {
            check,
            level: Level::Warning,
            what: what.into(),
            mend: Some(mend.into()),
        }
    }

    pub(super) fn error(
        check: &'static str,
        what: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self {
            level: Level::Error,
            ..Self::warning(check, what, mend)
        }
    }
}

/// All that was found, in the order of the checks.
#[derive(Default)]
pub(super) struct Findings(Vec<Finding>);

/// As programs read it.
#[derive(Serialize)]
struct Report<'a> {
    errors: usize,
    warnings: usize,
    findings: &'a [Finding],
}

impl Findings {
    pub(super) fn add(&mut self, more: impl IntoIterator<Item = Finding>) {
        self.0.extend(more);
    }

    pub(super) fn errors(&self) -> usize {
        self.count(Level::Error)
    }

    fn count(&self, level: Level) -> usize {
        self.0.iter().filter(|found| found.level == level).count()
    }

    pub(super) fn as_json(&self) -> String {
        let report = Report {
            errors: self.errors(),
            warnings: self.count(Level::Warning),
            findings: &self.0,
        };
        // Texts and numbers alone: this cannot fail.
        serde_json::to_string_pretty(&report).unwrap_or_default()
    }

    pub(super) fn as_text(&self) -> String {
        let mut lines = Vec::new();
        for Finding {
            check,
            level,
            what,
            mend,
        } in &self.0
        {
            let level = match level {
                Level::Ok => "ok",
                Level::Warning => "warning",
                Level::Error => "error",
            };
            lines.push(format!("{level:7}  {check}: {what}"));
            lines.extend(mend.as_ref().map(|mend| format!("         mend: {mend}")));
        }
        let (errors, warnings) = (self.errors(), self.count(Level::Warning));
        lines.push(format!("errors: {errors}, warnings: {warnings}"));
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings() -> Findings {
        Findings(vec![
            Finding::ok("clock", "right"),
            Finding::warning("files", "open", "close them"),
        ])
    }

    #[test]
    fn a_finding_is_a_line_and_its_mend_another() {
        assert_eq!(
            findings().as_text(),
            "ok       clock: right\nwarning  files: open\n         mend: close them\nerrors: 0, warnings: 1"
        );
    }

    #[test]
    fn programs_read_the_same() {
        let read: serde_json::Value =
            serde_json::from_str(&findings().as_json()).unwrap_or_default();
        assert_eq!(read["warnings"], 1);
        assert_eq!(
            read["findings"][1],
            serde_json::json!({"check": "files", "level": "warning", "what": "open", "mend": "close them"})
        );
        assert_eq!(read["findings"][0].get("mend"), None);
    }
}
