//! Two builds measured by turns: A B A B, each time on a pool of its own, compared by medians.
//!
//! The machines are shared, and one build differs by a fifth from one minute to the next. What two
//! builds cost is therefore compared within each turn first; the median of these comparisons is the
//! figure.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Serialize;

use super::report::{Row, Table};

/// What one turn measured: the same operations of both builds, in the same order.
pub(super) struct Turn {
    /// Of the build to compare with.
    pub(super) before: Vec<Row>,
    /// Of the build in question.
    pub(super) after: Vec<Row>,
}

/// What an operation costs in both builds.
#[derive(Serialize)]
struct Compared {
    operation: &'static str,
    /// Processor time in µs, database included: the median over the turns.
    before_us: f64,
    after_us: f64,
    /// How many times the cost of before: the median over the turns.
    times: f64,
    /// The least and the greatest of a turn.
    from: f64,
    to: f64,
}

/// The comparison of two builds.
#[derive(Serialize)]
pub(super) struct Comparison {
    machine: String,
    before: String,
    after: String,
    turns: usize,
    rows: Vec<Compared>,
}

impl Comparison {
    /// Compares what the turns measured.
    ///
    /// # Errors
    /// When there was no turn.
    pub(super) fn of(machine: String, before: &Path, after: &Path, turns: &[Turn]) -> Result<Self> {
        let first = turns.first().context("no turn was measured")?;
        let rows = (0..first.after.len())
            .filter_map(|at| compared(turns, at))
            .collect();
        Ok(Self {
            machine,
            before: before.display().to_string(),
            after: after.display().to_string(),
            turns: turns.len(),
            rows,
        })
    }

    fn facts(&self) -> Vec<String> {
        vec![
            format!("machine: {}", self.machine),
            format!("before: {}", self.before),
            format!("after: {}", self.after),
            format!(
                "{} turns, before and after in each; CPU µs an operation, medians",
                self.turns
            ),
        ]
    }

    fn table(&self) -> Table {
        let headings = ["operation", "before µs", "after µs", "times", "from", "to"];
        let cells = |row: &Compared| {
            vec![
                row.operation.to_owned(),
                format!("{:.1}", row.before_us),
                format!("{:.1}", row.after_us),
                format!("{:.2}", row.times),
                format!("{:.2}", row.from),
                format!("{:.2}", row.to),
            ]
        };
        Table {
            headings: headings.map(str::to_owned).to_vec(),
            rows: self.rows.iter().map(cells).collect(),
        }
    }

    /// For a terminal.
    pub(super) fn to_text(&self) -> String {
        format!("{}\n\n{}", self.facts().join("\n"), self.table().to_text())
    }

    /// For a document.
    pub(super) fn to_markdown(&self) -> String {
        let facts: String = self
            .facts()
            .iter()
            .map(|fact| format!("- {fact}\n"))
            .collect();
        format!("{facts}\n{}", self.table().to_markdown())
    }

    /// For a program.
    ///
    /// # Errors
    /// None in practice: the figures are numbers.
    pub(super) fn to_json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)?)
    }
}

/// The operation at a place of the table; None when a turn lacks it.
fn compared(turns: &[Turn], at: usize) -> Option<Compared> {
    let pairs: Option<Vec<(&Row, &Row)>> = turns
        .iter()
        .map(|turn| turn.before.get(at).zip(turn.after.get(at)))
        .collect();
    let pairs = pairs?;
    let operation = pairs.first()?.0.operation;
    let times: Vec<f64> = pairs
        .iter()
        .map(|(before, after)| after.whole_us() / before.whole_us())
        .collect();
    Some(Compared {
        operation,
        before_us: median(pairs.iter().map(|(before, _)| before.whole_us()))?,
        after_us: median(pairs.iter().map(|(_, after)| after.whole_us()))?,
        from: times.iter().copied().reduce(f64::min)?,
        to: times.iter().copied().reduce(f64::max)?,
        times: median(times.into_iter())?,
    })
}

/// The middle one, or the mean of the two in the middle.
fn median(figures: impl Iterator<Item = f64>) -> Option<f64> {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    let upper = figures.get(figures.len() / 2)?;
    let lower = figures.get(figures.len().checked_sub(1)? / 2)?;
    Some(f64::midpoint(*lower, *upper))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use super::super::load::Outcome;
    use super::super::operation::Operation;
    use super::*;

    fn costs(microseconds: u64) -> Vec<Row> {
        let outcome = Outcome {
            span: Duration::from_secs(1),
            processor_time: Duration::from_micros(microseconds * 100),
            database_time: None,
            latencies: vec![Duration::from_millis(1); 100],
        };
        vec![Row::new(Operation::GetUser, 16, &outcome, None)]
    }

    #[test]
    fn builds_are_compared_within_each_turn_so_that_a_slow_minute_weighs_nothing() {
        let turn = |before, after| Turn {
            before: costs(before),
            after: costs(after),
        };
        // The machine was slow in the second turn: for both.
        let turns = [turn(100, 110), turn(300, 330), turn(100, 90)];
        let comparison = Comparison::of("m".to_owned(), Path::new("old"), Path::new("new"), &turns);
        let table = comparison.unwrap().table();
        assert_eq!(
            table.rows,
            [["GetUser", "100.0", "110.0", "1.10", "0.90", "1.10"]]
        );
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_two_in_the_middle() {
        assert_eq!(median([4.0, 1.0, 3.0, 2.0].into_iter()), Some(2.5));
        assert_eq!(median(std::iter::empty()), None);
    }
}
