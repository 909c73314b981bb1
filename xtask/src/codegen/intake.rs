//! Newer models: how they come into aws/, and of which day they are.
//!
//! The models themselves carry the version of their API, which has not changed for years, and no
//! date. So aws/dates.json holds, for each model, the day on which it was last taken and differed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};

use super::model::Model;
use super::targets::TARGETS;
use crate::repository::say;

/// Where the days stand.
pub(crate) const DATES: &str = "aws/dates.json";

/// The schema of CloudFormation's resources. It comes with the models, and no code is generated
/// from it.
const SCHEMA: &str = "cloudformation-cognito";

/// The day of each model, as YYYY-MM-DD, by the model's file name.
type Dates = BTreeMap<String, String>;

fn names() -> impl Iterator<Item = &'static str> {
    TARGETS.iter().map(|target| target.file).chain([SCHEMA])
}

/// Copies the models that `folder` holds into aws/, and notes today as the day of those that
/// differ. Nothing is copied unless all of them can be read.
pub(crate) fn copy(root: &Path, folder: &Path) -> Result<()> {
    let mut found = Vec::new();
    for name in names() {
        let path = folder.join(format!("{name}.json"));
        if !path.exists() {
            say(&format!("{} is not there", path.display()));
            continue;
        }
        let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        check(name, &text).with_context(|| format!("{} is no model", path.display()))?;
        found.push((name, text));
    }
    ensure!(!found.is_empty(), "{} holds no model", folder.display());
    let today = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    let mut dates = read_dates(root)?;
    for (name, text) in found {
        let path = root.join(format!("aws/{name}.json"));
        if fs::read_to_string(&path).is_ok_and(|old| old == text) {
            continue;
        }
        fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
        say(&format!("copied {name}"));
        dates.insert(name.to_owned(), today.clone());
    }
    let text = serde_json::to_string_pretty(&dates)? + "\n";
    fs::write(root.join(DATES), text).with_context(|| format!("write {DATES}"))
}

/// Whether a file can be what its name says.
fn check(name: &str, text: &str) -> Result<()> {
    if name == SCHEMA {
        serde_json::from_str::<serde::de::IgnoredAny>(text)?;
    } else {
        Model::parse(text)?;
    }
    Ok(())
}

fn read_dates(root: &Path) -> Result<Dates> {
    let text = fs::read_to_string(root.join(DATES)).with_context(|| format!("read {DATES}"))?;
    serde_json::from_str(&text).with_context(|| format!("{DATES} is no list of days"))
}

/// The source of model_date.rs.
pub(crate) fn print_date(root: &Path) -> Result<String> {
    let dates = read_dates(root)?;
    let newest = newest(&dates)?;
    Ok(format!(
        "//! How new the models are that this crate is generated from.

        /// The day on which the newest of the models was taken, as YYYY-MM-DD.
        pub const MODEL_DATE: &str = {newest:?};
        "
    ))
}

/// The newest day. Written as they are, days sort like text.
fn newest(dates: &Dates) -> Result<&str> {
    for name in names() {
        let Some(date) = dates.get(name) else {
            bail!("{DATES} has no day for {name}");
        };
        if date.parse::<jiff::civil::Date>().is_err() || date.len() != 10 {
            bail!("{DATES}: the day of {name} is {date}, and not of the form YYYY-MM-DD");
        }
    }
    let newest = dates.values().max();
    newest.map(String::as_str).context("there is no model")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn dates(sts: &str) -> Dates {
        let older = |name: &'static str| (name.to_owned(), "2026-01-31".to_owned());
        let mut dates: Dates = names().map(older).collect();
        dates.insert("sts".to_owned(), sts.to_owned());
        dates
    }

    #[test]
    fn the_newest_day_of_all_models_is_told() {
        assert_eq!(newest(&dates("2026-02-01")).unwrap(), "2026-02-01");
        assert_eq!(newest(&dates("2025-12-31")).unwrap(), "2026-01-31");
    }

    #[test]
    fn a_model_without_a_day_or_with_none_of_the_calendar_is_refused() {
        let mut lacking = dates("2026-02-01");
        lacking.remove("cognito-idp");
        assert!(
            newest(&lacking)
                .unwrap_err()
                .to_string()
                .contains("cognito-idp")
        );
        for wrong in ["2026-02-30", "27.11.2026", "2026-2-1", ""] {
            assert!(newest(&dates(wrong)).is_err(), "{wrong}");
        }
    }
}
