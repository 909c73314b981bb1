//! The figures: as a table for people, as markdown for docs/performance.md, as JSON for programs.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use super::load::Outcome;
use super::operation::Operation;

/// A run's figures.
#[derive(Serialize)]
pub(super) struct Report {
    pub(super) machine: String,
    pub(super) database: String,
    pub(super) nodes: usize,
    pub(super) users: usize,
    pub(super) fill_seconds: f64,
    /// How long each operation was driven.
    pub(super) seconds: f64,
    /// From the start of the process to the first answer, on data that is there.
    pub(super) start_ms: f64,
    pub(super) memory: Memory,
    /// Of an SQLite file, at the end.
    pub(super) database_bytes: Option<u64>,
    pub(super) rows: Vec<Row>,
}

/// Resident memory of a server, in bytes.
#[derive(Serialize)]
pub(super) struct Memory {
    pub(super) idle: u64,
    pub(super) after_load: u64,
}

/// An operation's figures. Times are in the unit that the name says.
#[derive(Serialize)]
pub(super) struct Row {
    operation: &'static str,
    connections: usize,
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    cpu_us: f64,
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
            floor_us,
            floor: operation.floor(),
            ratio: floor_us
                .filter(|floor| *floor > 0.0)
                .map(|floor| cpu_us / floor),
        }
    }

    fn cells(&self) -> [String; 9] {
        let absent = || "–".to_owned();
        [
            self.operation.to_owned(),
            self.connections.to_string(),
            format!("{:.0}", self.per_second),
            format!("{:.2}", self.p50_ms),
            format!("{:.2}", self.p99_ms),
            format!("{:.1}", self.cpu_us),
            self.floor_us
                .map_or_else(absent, |floor| format!("{floor:.1}")),
            self.ratio
                .map_or_else(absent, |ratio| format!("{ratio:.2}")),
            self.floor.map_or_else(absent, str::to_owned),
        ]
    }
}

const HEADINGS: [&str; 9] = [
    "operation",
    "connections",
    "per second",
    "p50 ms",
    "p99 ms",
    "CPU µs",
    "floor µs",
    "ratio",
    "the floor is",
];

impl Report {
    /// The lines above the table.
    fn facts(&self) -> Vec<String> {
        let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let mut facts = vec![
            format!("machine: {}", self.machine),
            format!(
                "database: {}, nodes: {}, users: {} (filled at {:.0}/s), {:.1} s an operation",
                self.database,
                self.nodes,
                self.users,
                self.users as f64 / self.fill_seconds,
                self.seconds
            ),
            format!(
                "start to first answer: {:.0} ms; resident memory idle: {:.1} MiB, after the load: {:.1} MiB",
                self.start_ms,
                mebibytes(self.memory.idle),
                mebibytes(self.memory.after_load)
            ),
        ];
        if let Some(bytes) = self.database_bytes {
            facts.push(format!("database file: {:.1} MiB", mebibytes(bytes)));
        }
        facts
    }

    /// For a terminal.
    pub(super) fn to_text(&self) -> String {
        let rows: Vec<[String; 9]> = self.rows.iter().map(Row::cells).collect();
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            let cells = cells.map(|cell| cell.chars().count());
            let heading = HEADINGS.get(column).map_or(0, |name| name.chars().count());
            cells.chain([heading]).max().unwrap_or_default()
        };
        let line = |cells: &[String]| {
            let mut line = String::new();
            for (column, cell) in cells.iter().enumerate() {
                let width = width(column);
                // Writing into a string cannot fail.
                let _ = match column {
                    0 => write!(line, "{cell:<width$}"),
                    8 => write!(line, "  {cell}"),
                    _ => write!(line, "  {cell:>width$}"),
                };
            }
            line
        };
        let mut lines = self.facts();
        lines.push(String::new());
        lines.push(line(&HEADINGS.map(str::to_owned)));
        lines.extend(rows.iter().map(|row| line(row)));
        lines.join("\n")
    }

    /// For a document.
    pub(super) fn to_markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let mut text = String::new();
        for fact in self.facts() {
            text.push_str(&format!("- {fact}\n"));
        }
        text.push('\n');
        text.push_str(&line(&HEADINGS.map(str::to_owned)));
        text.push_str("|---|--:|--:|--:|--:|--:|--:|--:|---|\n");
        for row in &self.rows {
            text.push_str(&line(&row.cells()));
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
    use super::*;

    #[test]
    fn a_row_compares_the_cost_with_the_floor() {
        let outcome = Outcome {
            span: Duration::from_secs(1),
            processor_time: Duration::from_millis(130),
            latencies: vec![Duration::from_millis(1); 100],
        };
        let floor = Some(Duration::from_millis(1));
        let cells = Row::new(Operation::Refresh, 16, &outcome, floor).cells();
        let expected = [
            "refresh", "16", "100", "1.00", "1.00", "1300.0", "1000.0", "1.30",
        ];
        assert_eq!(cells[..8], expected);
        let cells = Row::new(Operation::Jwks, 16, &outcome, None).cells();
        assert_eq!(cells[6..], ["–", "–", "–"]);
    }
}
