//! The figures: as a table for people, as markdown for docs/performance.md, as JSON for programs.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use super::cores::Resident;
use super::load::Outcome;
use super::operation::Operation;

/// A run's figures.
#[derive(Serialize)]
pub(super) struct Report {
    pub(super) machine: String,
    pub(super) database: String,
    pub(super) nodes: usize,
    /// How long each operation was driven.
    pub(super) seconds: f64,
    /// One for each size of the pool, in rising order.
    pub(super) steps: Vec<Step>,
}

/// The figures of a pool of one size.
#[derive(Serialize)]
pub(super) struct Step {
    pub(super) users: usize,
    /// How many users a second were added to reach this size; none when they were there.
    pub(super) filled_per_second: Option<f64>,
    /// From the start of the process to the first answer, on data that is there.
    pub(super) start_ms: f64,
    pub(super) memory: Memory,
    /// Of an SQLite file with its log, before the operations.
    pub(super) database_bytes: Option<u64>,
    pub(super) rows: Vec<Row>,
}

/// Resident memory of a server.
#[derive(Serialize)]
pub(super) struct Memory {
    pub(super) idle: Resident,
    pub(super) after_load: Resident,
}

/// An operation's figures. Times are in the unit that the name says.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) operation: &'static str,
    connections: usize,
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    cpu_us: f64,
    database_cpu_us: Option<f64>,
    floor_us: Option<f64>,
    floor: Option<&'static str>,
    ratio: Option<f64>,
}

impl Row {
    /// From what came of the load and of the bare cryptography.
    pub(super) fn new(
        operation: Operation,
        connections: usize,
        outcome: &Outcome,
        floor: Option<Duration>,
    ) -> Self {
        let cpu_us = outcome.cost().as_secs_f64() * 1e6;
        let floor_us = floor.map(|floor| floor.as_secs_f64() * 1e6);
        Self {
            operation: operation.title(),
            connections,
            per_second: outcome.rate(),
            p50_ms: outcome.quantile(0.5).as_secs_f64() * 1e3,
            p99_ms: outcome.quantile(0.99).as_secs_f64() * 1e3,
            cpu_us,
            database_cpu_us: outcome.database_cost().map(|cost| cost.as_secs_f64() * 1e6),
            floor_us,
            floor: operation.floor(),
            ratio: floor_us
                .filter(|floor| *floor > 0.0)
                .map(|floor| cpu_us / floor),
        }
    }

    /// What a request costs altogether: the servers, and the database server where that is a
    /// process of its own.
    pub(super) fn whole_us(&self) -> f64 {
        self.cpu_us + self.database_cpu_us.unwrap_or_default()
    }

    fn cells(&self) -> [String; 10] {
        let absent = || "–".to_owned();
        [
            self.operation.to_owned(),
            self.connections.to_string(),
            format!("{:.0}", self.per_second),
            format!("{:.2}", self.p50_ms),
            format!("{:.2}", self.p99_ms),
            format!("{:.1}", self.cpu_us),
            self.database_cpu_us
                .map_or_else(absent, |cost| format!("{cost:.1}")),
            self.floor_us
                .map_or_else(absent, |floor| format!("{floor:.1}")),
            self.ratio
                .map_or_else(absent, |ratio| format!("{ratio:.2}")),
            self.floor.map_or_else(absent, str::to_owned),
        ]
    }
}

const HEADINGS: [&str; 10] = [
    "operation",
    "connections",
    "per second",
    "p50 ms",
    "p99 ms",
    "CPU µs",
    "database CPU µs",
    "floor µs",
    "ratio",
    "the floor is",
];

/// A table: a line of headings, and lines of as many cells.
pub(super) struct Table {
    pub(super) headings: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Table {
    /// For a terminal: the first and the last column to the left, numbers to the right.
    pub(super) fn to_text(&self) -> String {
        let lines = || std::iter::once(&self.headings).chain(&self.rows);
        let widths: Vec<usize> = (0..self.headings.len())
            .map(|column| {
                let cells = lines().filter_map(|line| line.get(column));
                cells
                    .map(|cell| cell.chars().count())
                    .max()
                    .unwrap_or_default()
            })
            .collect();
        let mut text = String::new();
        for line in lines() {
            for (column, (cell, &width)) in line.iter().zip(&widths).enumerate() {
                // Writing into a string cannot fail.
                let _ = match column {
                    0 => write!(text, "{cell:<width$}"),
                    _ if column + 1 == widths.len() => write!(text, "  {cell}"),
                    _ => write!(text, "  {cell:>width$}"),
                };
            }
            text.push('\n');
        }
        text
    }

    pub(super) fn to_markdown(&self) -> String {
        let mut text = String::new();
        let rule: Vec<String> = (0..self.headings.len())
            .map(|column| match column {
                0 => "---".to_owned(),
                _ => "--:".to_owned(),
            })
            .collect();
        let _ = writeln!(text, "| {} |", self.headings.join(" | "));
        let _ = writeln!(text, "|{}|", rule.join("|"));
        for row in &self.rows {
            let _ = writeln!(text, "| {} |", row.join(" | "));
        }
        text
    }
}

impl Step {
    /// The lines above the table.
    fn facts(&self) -> Vec<String> {
        let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let filled = self.filled_per_second.map_or_else(
            || "found in the folder".to_owned(),
            |rate| format!("filled at {rate:.0}/s"),
        );
        let mut facts = vec![
            format!("users: {} ({filled})", self.users),
            format!(
                "start to first answer: {:.0} ms; resident memory idle: {:.1} MiB, its own {:.1}; after the load: {:.1} MiB, its own {:.1}",
                self.start_ms,
                mebibytes(self.memory.idle.all),
                mebibytes(self.memory.idle.own),
                mebibytes(self.memory.after_load.all),
                mebibytes(self.memory.after_load.own)
            ),
        ];
        if let Some(bytes) = self.database_bytes {
            facts.push(format!(
                "database file: {:.1} MiB, {:.0} bytes a user",
                mebibytes(bytes),
                bytes as f64 / self.users as f64
            ));
        }
        facts
    }

    fn table(&self) -> Table {
        Table {
            headings: HEADINGS.map(str::to_owned).to_vec(),
            rows: self.rows.iter().map(|row| row.cells().to_vec()).collect(),
        }
    }
}

impl Report {
    /// The lines above all.
    fn facts(&self) -> Vec<String> {
        vec![
            format!("machine: {}", self.machine),
            format!(
                "database: {}, nodes: {}, {:.1} s an operation",
                self.database, self.nodes, self.seconds
            ),
        ]
    }

    /// What each operation costs at each size, the database server's part with it, and how many
    /// times the cost at the first size that is.
    fn growth(&self) -> Option<Table> {
        let (first, more) = self.steps.split_first()?;
        if more.is_empty() {
            return None;
        }
        let mut headings = vec!["operation".to_owned(), format!("{} users, µs", first.users)];
        for step in more {
            headings.push(format!("{} users, µs", step.users));
            headings.push("times".to_owned());
        }
        let rows = first.rows.iter().enumerate().map(|(at, row)| {
            let mut cells = vec![row.operation.to_owned(), format!("{:.1}", row.whole_us())];
            for grown in more.iter().filter_map(|step| step.rows.get(at)) {
                cells.push(format!("{:.1}", grown.whole_us()));
                cells.push(format!("{:.2}", grown.whole_us() / row.whole_us()));
            }
            cells
        });
        Some(Table {
            headings,
            rows: rows.collect(),
        })
    }

    /// For a terminal.
    pub(super) fn to_text(&self) -> String {
        let mut text = self.facts().join("\n");
        let parts = self.steps.iter().map(|step| (step.facts(), step.table()));
        let growth = self.growth().map(|table| (Vec::new(), table));
        for (facts, table) in parts.chain(growth) {
            text.push_str(&format!("\n{}\n\n{}", facts.join("\n"), table.to_text()));
        }
        text
    }

    /// For a document.
    pub(super) fn to_markdown(&self) -> String {
        let list = |facts: Vec<String>| -> String {
            facts.iter().map(|fact| format!("- {fact}\n")).collect()
        };
        let mut text = list(self.facts());
        for step in &self.steps {
            text.push_str(&list(step.facts()));
            text.push_str(&format!("\n{}\n", step.table().to_markdown()));
        }
        if let Some(growth) = self.growth() {
            text.push_str(&growth.to_markdown());
        }
        text
    }

    /// For a program.
    pub(super) fn to_json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_row_compares_the_cost_with_the_floor() {
        let outcome = Outcome {
            span: Duration::from_secs(1),
            processor_time: Duration::from_millis(130),
            database_time: Some(Duration::from_millis(20)),
            latencies: vec![Duration::from_millis(1); 100],
        };
        let floor = Some(Duration::from_millis(1));
        let cells = Row::new(Operation::Refresh, 16, &outcome, floor).cells();
        let expected = [
            "refresh", "16", "100", "1.00", "1.00", "1300.0", "200.0", "1000.0", "1.30",
        ];
        assert_eq!(cells[..9], expected);
        let cells = Row::new(Operation::Jwks, 16, &outcome, None).cells();
        assert_eq!(cells[7..], ["–", "–", "–"]);
    }

    #[test]
    fn growth_compares_the_whole_cost_with_that_of_the_smallest_pool() {
        let step = |users: usize, own: u64, database: Option<u64>| Step {
            users,
            filled_per_second: None,
            start_ms: 1.0,
            memory: Memory {
                idle: Resident::default(),
                after_load: Resident::default(),
            },
            database_bytes: None,
            rows: vec![Row::new(
                Operation::GetUser,
                16,
                &Outcome {
                    span: Duration::from_secs(1),
                    processor_time: Duration::from_millis(own),
                    database_time: database.map(Duration::from_millis),
                    latencies: vec![Duration::from_millis(1); 100],
                },
                None,
            )],
        };
        let mut report = Report {
            machine: String::new(),
            database: String::new(),
            nodes: 1,
            seconds: 1.0,
            steps: vec![step(10, 10, Some(10))],
        };
        assert!(report.growth().is_none());
        report.steps.push(step(100, 20, Some(5)));
        assert_eq!(
            report.growth().unwrap().rows,
            [["GetUser", "200.0", "250.0", "1.25"]]
        );
    }
}
