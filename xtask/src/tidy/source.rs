//! What the source text of a crate must not say: SQL, clocks, the environment and HTTP statuses
//! have their rooms.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// A word that has its place, and the crates that may say it.
struct Rule {
    /// What is looked for in a line of code.
    says: fn(&str) -> bool,
    /// Whether tests are bound by it too.
    in_tests: bool,
    /// The crates that it binds.
    binds: fn(&str) -> bool,
    /// The reason, as the finding tells it.
    reason: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        says: says_sql,
        in_tests: true,
        binds: |of| !matches!(of, "store"),
        reason: "only store holds SQL",
    },
    Rule {
        says: |line| {
            says_any(
                line,
                &["SystemTime", "Instant::now", "Timestamp::now", "Zoned::now"],
            )
        },
        in_tests: false,
        binds: |of| matches!(of, "api" | "crypto" | "model"),
        reason: "api, crypto and model do not read the clock: it is passed in",
    },
    Rule {
        says: |line| {
            says_any(
                line,
                &["SystemRandom", "OsRng", "getrandom", "thread_rng", "new_v4"],
            )
        },
        in_tests: false,
        // crypto holds the one door to the system's generator, which the server opens at its start.
        binds: |of| matches!(of, "api" | "model"),
        reason: "api and model do not make randomness: it is passed in",
    },
    Rule {
        says: |line| {
            says_any(
                line,
                &[
                    "env::var",
                    "env::args",
                    "env::set_var",
                    "env::remove_var",
                    "option_env!",
                ],
            )
        },
        in_tests: false,
        binds: |of| !matches!(of, "server" | "testkit"),
        reason: "only server reads configuration and environment",
    },
    Rule {
        says: |line| says_any(line, &["Entropy::seeded", "Entropy::Seeded", "KeyStock"]),
        in_tests: false,
        binds: |of| !matches!(of, "service" | "testkit"),
        reason: "randomness and keys of a test's choice are for tests",
    },
    Rule {
        says: |line| says_any(line, &["StatusCode"]),
        in_tests: false,
        // outbound reads the statuses that others answer with.
        binds: |of| !matches!(of, "web" | "server" | "testkit" | "outbound"),
        reason: "only web knows HTTP status codes",
    },
    Rule {
        says: |line| {
            says_any(
                line,
                &["std::fs", "std::net", "tokio::", "TcpStream", "File::open"],
            )
        },
        in_tests: false,
        binds: |of| matches!(of, "api" | "crypto" | "model"),
        reason: "api, crypto and model do no IO",
    },
];

fn says_any(line: &str, words: &[&str]) -> bool {
    words.iter().any(|word| line.contains(word))
}

fn says_sql(line: &str) -> bool {
    says_any(line, &["SELECT ", "INSERT INTO", "DELETE FROM"])
        || line
            .split_once("UPDATE ")
            .is_some_and(|(_, rest)| rest.contains(" SET"))
}

/// All findings.
pub(super) fn check(root: &Path) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for folder in fs::read_dir(root.join("crates"))? {
        let folder = folder?.path();
        let name = folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let mut files = Vec::new();
        collect(&folder.join("src"), &mut files)?;
        files.sort();
        for path in files {
            let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            let shown = path
                .strip_prefix(root)
                .unwrap_or(&path)
                .display()
                .to_string();
            findings.extend(findings_in(&name, &shown, &text));
        }
    }
    findings.sort();
    Ok(findings)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// What one file says that its crate must not. Comments say what they like.
fn findings_in(of: &str, path: &str, text: &str) -> Vec<String> {
    let mut in_tests = path.ends_with("/tests.rs") || path.contains("/tests/");
    let mut findings = Vec::new();
    let mut lines = text.lines().enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        // The house puts tests last in a file: from their module on, all is tests.
        let opens_tests = line.trim() == "#[cfg(test)]"
            && lines.peek().is_some_and(|(_, next)| {
                next.starts_with("mod ") && next.trim_end().ends_with('{')
            });
        in_tests = in_tests || opens_tests;
        if line.trim_start().starts_with("//") {
            continue;
        }
        for rule in RULES {
            if (rule.binds)(of) && (rule.in_tests || !in_tests) && (rule.says)(line) {
                findings.push(format!("{path}:{}: {}", number + 1, rule.reason));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(of: &str, line: &str) -> usize {
        findings_in(of, &format!("crates/{of}/src/a.rs"), line).len()
    }

    #[test]
    fn sql_outside_store_is_found_even_in_tests() {
        for line in [
            "tx.run(\"SELECT a FROM b\")",
            "\"INSERT INTO a\"",
            "\"DELETE FROM a\"",
            "\"UPDATE a SET b = 1\"",
        ] {
            assert_eq!(
                (found("service", line), found("store", line)),
                (1, 0),
                "{line}"
            );
            let tests = format!("#[cfg(test)]\nmod tests {{\n{line}");
            assert_eq!(found("service", &tests), 1, "{line}");
        }
        assert_eq!(found("service", "// SELECT is what store does"), 0);
        assert_eq!(found("service", "\"UPDATE the password\""), 0);
    }

    #[test]
    fn a_clock_in_a_pure_crate_is_found_outside_its_tests() {
        let line = "let now = std::time::SystemTime::now();";
        assert_eq!((found("model", line), found("service", line)), (1, 0));
        let tests = format!("#[cfg(test)]\nmod tests {{\n{line}");
        assert_eq!(found("model", &tests), 0);
        // A test module in a file of its own ends nothing in this one.
        let elsewhere = format!("#[cfg(test)]\nmod tests;\n{line}");
        assert_eq!(found("model", &elsewhere), 1);
        assert_eq!(
            findings_in("model", "crates/model/src/a/tests.rs", line).len(),
            0
        );
    }

    #[test]
    fn randomness_the_environment_statuses_and_io_have_their_rooms() {
        for (line, bound, free) in [
            ("let id = Uuid::new_v4();", "model", "service"),
            ("std::env::var(\"HOME\")", "store", "server"),
            ("Entropy::seeded([0; 32])", "server", "testkit"),
            ("use http::StatusCode;", "service", "web"),
            ("use std::fs::File;", "crypto", "store"),
        ] {
            assert_eq!((found(bound, line), found(free, line)), (1, 0), "{line}");
        }
    }
}
