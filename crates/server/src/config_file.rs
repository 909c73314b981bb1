//! cognate.toml: the flags' names without their leading dashes, each with a text, a number, a
//! boolean, or a list of texts. Flags that begin with `limits-` may lose that part in a table
//! `[limits]`.

use std::collections::BTreeSet;
use std::io::ErrorKind;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::options::{DevOptions, ServerOptions};

/// Read where it exists when no other is named.
const DEFAULT: &str = "cognate.toml";

/// The settings of a file; flags and environment come before them.
#[derive(Debug, Default)]
pub(crate) struct ConfigFile {
    name: String,
    table: toml::Table,
}

impl ConfigFile {
    /// Reads the given file, or the default one if it exists.
    ///
    /// # Errors
    /// When it cannot be read, is no TOML or has a key that is no flag: a mistyped setting must not
    /// be passed over.
    pub(crate) fn load(named: Option<&str>) -> Result<Self> {
        let name = named.unwrap_or(DEFAULT).to_owned();
        let text = match std::fs::read_to_string(&name) {
            Err(error) if named.is_none() && error.kind() == ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            outcome => {
                outcome.with_context(|| format!("the settings file {name} cannot be read"))?
            }
        };
        Self::parse(name, &text)
    }

    pub(crate) fn parse(name: String, text: &str) -> Result<Self> {
        // toml's own message would show the line, which may contain a password.
        let table: toml::Table = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(0, |span| {
                text.as_bytes()
                    .iter()
                    .take(span.start)
                    .filter(|byte| **byte == b'\n')
                    .count()
            }) + 1;
            anyhow::anyhow!(
                "the settings file {name} is not valid TOML: line {line}: {}",
                error.message()
            )
        })?;
        let known = known_keys();
        let table = with_limits(&name, table, &known)?;
        if let Some(unknown) = table.keys().find(|key| !known.contains(*key)) {
            bail!("the settings file {name} has an unknown key: {unknown}");
        }
        Ok(Self { name, table })
    }

    /// The file's name, where there is one.
    pub(crate) fn name(&self) -> Option<&str> {
        Some(self.name.as_str()).filter(|name| !name.is_empty())
    }

    /// The one value of a key.
    ///
    /// # Errors
    /// When it is a list or a table.
    pub(crate) fn text(&self, key: &str) -> Result<Option<String>> {
        self.table
            .get(key)
            .map(|value| self.scalar(key, value))
            .transpose()
    }

    /// The values of a key that may have several.
    ///
    /// # Errors
    /// When one of them is a list or a table.
    pub(crate) fn texts(&self, key: &str) -> Result<Vec<String>> {
        match self.table.get(key) {
            None => Ok(Vec::new()),
            Some(toml::Value::Array(values)) => {
                values.iter().map(|value| self.scalar(key, value)).collect()
            }
            Some(value) => Ok(vec![self.scalar(key, value)?]),
        }
    }

    fn scalar(&self, key: &str, value: &toml::Value) -> Result<String> {
        match value {
            toml::Value::String(text) => Ok(text.clone()),
            toml::Value::Integer(number) => Ok(number.to_string()),
            toml::Value::Boolean(truth) => Ok(truth.to_string()),
            other => bail!(
                "the settings file {} has a {} for {key}, which must be text, a number, true or false",
                self.name,
                other.type_str()
            ),
        }
    }
}

/// The settings of the table `limits` under the names of their flags, as
/// `limits-sign-ups-per-address`.
fn with_limits(
    name: &str,
    mut table: toml::Table,
    known: &BTreeSet<String>,
) -> Result<toml::Table> {
    let limits = match table.remove("limits") {
        None => return Ok(table),
        Some(toml::Value::Table(limits)) => limits,
        Some(_) => bail!(
            "the settings file {name} has limits in another form than a table: write [limits]"
        ),
    };
    for (key, value) in limits {
        let flag = format!("limits-{key}");
        if !known.contains(&flag) {
            bail!("the settings file {name} has an unknown key in [limits]: {key}");
        }
        if table.insert(flag, value).is_some() {
            bail!("the settings file {name} names {key} of [limits] twice, also as limits-{key}");
        }
    }
    Ok(table)
}

/// The flags of both serving commands, but for the one that names the file.
pub(crate) fn known_keys() -> BTreeSet<String> {
    let flags =
        DevOptions::augment_args(ServerOptions::augment_args(clap::Command::new("cognate")));
    let names = flags
        .get_arguments()
        .filter_map(clap::Arg::get_long)
        .filter(|name| *name != "config");
    names.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn parse(text: &str) -> Result<ConfigFile> {
        ConfigFile::parse("cognate.toml".into(), text)
    }

    #[test]
    fn values_are_read_whatever_their_type() {
        let file = parse("listen = \"127.0.0.1:1\"\nmax-connections = 10\nno-demo = true\ntrusted-proxy = [\"10.0.0.0/8\", \"::1\"]").unwrap();
        assert_eq!(file.text("listen").unwrap().unwrap(), "127.0.0.1:1");
        assert_eq!(file.text("max-connections").unwrap().unwrap(), "10");
        assert_eq!(file.text("no-demo").unwrap().unwrap(), "true");
        assert_eq!(file.texts("trusted-proxy").unwrap(), ["10.0.0.0/8", "::1"]);
        assert_eq!(file.text("region").unwrap(), None);
    }

    #[test]
    fn an_unknown_key_is_refused() {
        for text in [
            "lissten = \"x\"",
            "config = \"other.toml\"",
            "[serve]\nlisten = \"x\"",
            "LISTEN = \"x\"",
            "[limits]\nsign-ups = \"1/1m\"",
        ] {
            assert!(
                parse(text).unwrap_err().to_string().contains("unknown key"),
                "{text}"
            );
        }
    }

    #[test]
    fn an_unknown_limit_is_named_as_it_stands_in_the_file() {
        let error = parse("[limits]\nsign-ups = \"1/1m\"")
            .unwrap_err()
            .to_string();
        assert!(
            error.ends_with("an unknown key in [limits]: sign-ups"),
            "{error}"
        );
    }

    #[test]
    fn limits_are_a_table_and_none_is_named_twice() {
        let twice =
            "limits-sign-ups-per-address = \"1/1m\"\n[limits]\nsign-ups-per-address = \"2/1m\"";
        assert!(parse(twice).unwrap_err().to_string().contains("twice"));
        let error = parse("limits = 3").unwrap_err().to_string();
        assert!(error.contains("write [limits]"), "{error}");
    }

    #[test]
    fn a_broken_file_is_told_without_its_content() {
        let error = parse("listen = \"x\"\nsmtp-url = \"smtp://user:hunter2@host")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("line 2") && !error.contains("hunter2"),
            "{error}"
        );
    }

    #[test]
    fn a_list_is_refused_where_one_value_is_meant() {
        assert!(parse("listen = [\"x\"]").unwrap().text("listen").is_err());
    }

    #[test]
    fn a_named_file_must_be_there() {
        assert!(ConfigFile::load(Some("/nonexistent/cognate.toml")).is_err());
    }
}
