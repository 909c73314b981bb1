//! docs/monitoring.md, the dashboard and the alert rules beside it name the metrics that there are,
//! and no others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::*;

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

fn read(name: &str) -> String {
    fs::read_to_string(docs().join(name)).unwrap()
}

/// All that is rendered once everything that can be counted was.
fn rendered() -> String {
    let (metrics, _) = metrics();
    metrics.count(Finished {
        name: "InitiateAuth",
        error: None,
        took: Duration::from_millis(2),
    });
    metrics.note_outbox(&[Waiting {
        kind: "mail",
        messages: 1,
        age: Duration::ZERO,
    }]);
    metrics.render(&[MessageCount {
        user_pool: "us-east-1_a".to_owned(),
        medium: "mail",
        sent: 1,
        refused: 0,
    }])
}

/// The metrics as queries name them, a histogram without its suffixes, with their labels.
fn metrics_of(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types
        .map(|line| {
            let (family, kind) = line.split_once(' ').unwrap();
            let (name, sample) = match kind {
                "counter" => (format!("{family}_total"), format!("{family}_total")),
                "info" => (format!("{family}_info"), format!("{family}_info")),
                "histogram" => (family.to_owned(), format!("{family}_count")),
                _ => (family.to_owned(), family.to_owned()),
            };
            let mut lines = text.lines().filter_map(|line| line.strip_prefix(&sample));
            let line = lines
                .find(|line| line.starts_with(['{', ' ']))
                .expect(&name);
            let labels = line
                .strip_prefix('{')
                .and_then(|line| line.split_once('}'))
                .map_or("", |(labels, _)| labels);
            let labels = labels.split(',').filter_map(|label| label.split_once('='));
            (name, labels.map(|(label, _)| label.to_owned()).collect())
        })
        .collect()
}

/// The metrics that a text names. The log's filter names a crate, and a package has its version
/// behind the underscore.
fn named_in(text: &str) -> BTreeSet<&str> {
    let is_of_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    text.match_indices("cognate_")
        .map(|(at, _)| text[at..].split(|c| !is_of_name(c)).next().unwrap())
        .filter(|name| !["cognate_", "cognate_web"].contains(name))
        .collect()
}

#[test]
fn every_metric_that_a_document_names_is_rendered() {
    let rendered = metrics_of(&rendered());
    let pages = fs::read_dir(docs()).unwrap().map(|entry| entry.unwrap());
    let pages = pages.map(|page| page.path());
    let pages = pages.filter(|page| page.extension().is_some_and(|it| it == "md"));
    let beside = ["dashboard.json", "alerts.yml", "alerts_test.yml"];
    let beside = beside.map(|name| docs().join("monitoring").join(name));
    for file in pages.chain(beside) {
        for name in named_in(&fs::read_to_string(&file).unwrap()) {
            let suffixes = ["_bucket", "_sum", "_count"];
            let family = suffixes.iter().find_map(|suffix| name.strip_suffix(suffix));
            let is_known = [Some(name), family]
                .into_iter()
                .flatten()
                .any(|name| rendered.contains_key(name));
            assert!(is_known, "{} names {name}", file.display());
        }
    }
}

#[test]
fn the_page_tells_every_metric_with_its_labels() {
    let page = read("monitoring.md");
    for (name, labels) in metrics_of(&rendered()) {
        let row = format!("| `{name}` | ");
        let row = page.lines().find_map(|line| line.strip_prefix(&row));
        let cell = row.expect(&name).split('|').next().unwrap();
        let told = cell.split('`').skip(1).step_by(2).map(str::to_owned);
        assert_eq!(told.collect::<BTreeSet<_>>(), labels, "{name}");
    }
}

#[test]
fn the_page_tells_every_value_of_a_label_that_is_ours() {
    let page = read("monitoring.md");
    let values = Limit::ALL.map(Limit::name).into_iter();
    let values = values
        .chain(SignInFlow::ALL.map(SignInFlow::name))
        .chain(SignInOutcome::ALL.map(SignInOutcome::name));
    for value in values {
        assert!(page.contains(&format!("| `{value}` | ")), "{value}");
    }
}

#[test]
fn the_page_tells_what_to_do_at_every_alert() {
    let (page, rules) = (read("monitoring.md"), read("monitoring/alerts.yml"));
    let after = |text: &str, prefix: &str| -> BTreeSet<String> {
        let lines = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix(prefix));
        lines.map(str::to_owned).collect()
    };
    let alerts = after(&rules, "- alert: ");
    assert!(!alerts.is_empty());
    assert_eq!(after(&page, "### "), alerts);
}
