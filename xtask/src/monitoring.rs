//! The alert rules and the dashboard of docs/monitoring, checked by promtool: each query of the
//! dashboard as a recording rule, and the alerts by their tests.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

/// What Grafana puts in for its variables.
const VARIABLES: [(&str, &str); 2] = [("$__rate_interval", "1m"), ("$instance", ".*")];

/// Checks all of it. The queries are written to a file in `folder`.
pub(crate) fn run(root: &Path, promtool: &Path, folder: &Path) -> Result<()> {
    let documents = root.join("docs/monitoring");
    let dashboard = fs::read_to_string(documents.join("dashboard.json"))?;
    let dashboard: Value = serde_json::from_str(&dashboard).context("dashboard.json")?;
    fs::create_dir_all(folder)?;
    // JSON is YAML.
    let queries = folder.join("dashboard-rules.yml");
    fs::write(&queries, recording_rules(&dashboard)?.to_string())?;
    let ask = |arguments: &[&str], files: &[&Path]| {
        let status = Command::new(promtool).args(arguments).args(files).status();
        let status = status.with_context(|| format!("start {}", promtool.display()))?;
        if !status.success() {
            bail!("promtool {} ended with {status}", arguments.join(" "));
        }
        Ok(())
    };
    ask(
        &["check", "rules"],
        &[&documents.join("alerts.yml"), &queries],
    )?;
    ask(&["test", "rules"], &[&documents.join("alerts_test.yml")])
}

/// A file of recording rules, one for each query of a dashboard.
fn recording_rules(dashboard: &Value) -> Result<Value> {
    let mut queries = Vec::new();
    collect(dashboard, &mut queries);
    if queries.is_empty() {
        bail!("the dashboard has no query");
    }
    let rules = queries.iter().enumerate().map(|(number, query)| {
        let query = VARIABLES
            .iter()
            .fold((*query).to_owned(), |query, (name, value)| {
                query.replace(name, value)
            });
        json!({ "record": format!("dashboard:query:{number}"), "expr": query })
    });
    let rules: Vec<_> = rules.collect();
    Ok(json!({ "groups": [{ "name": "dashboard", "rules": rules }] }))
}

/// The texts of all members `expr`, wherever they are.
fn collect<'a>(value: &'a Value, queries: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(query) if name == "expr" => queries.push(query),
                    other => collect(other, queries),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, queries)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn every_query_of_a_dashboard_becomes_a_rule_without_grafanas_variables() {
        let dashboard = json!({"panels": [
            {"targets": [{"expr": "up"}], "title": "expr"},
            {"panels": [{"targets": [{"expr": "rate(x{i=~\"$instance\"}[$__rate_interval])"}]}]},
        ]});
        let rules = recording_rules(&dashboard).unwrap();
        let queries = ["up", "rate(x{i=~\".*\"}[1m])"];
        for (number, query) in queries.into_iter().enumerate() {
            assert_eq!(rules["groups"][0]["rules"][number]["expr"], query);
        }
        assert!(recording_rules(&json!({"panels": []})).is_err());
    }
}
