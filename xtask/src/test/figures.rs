//! What the time of a run went into: told at its end, so that whoever wants it shorter knows where
//! to begin.

use std::time::{Duration, Instant};

use crate::repository::say;

/// How many of the slowest are named.
const NAMED: usize = 8;

/// The time that the parts of a run took.
#[derive(Default)]
pub(super) struct Figures {
    steps: Vec<(String, Duration)>,
    programs: Vec<(String, Duration)>,
}

impl Figures {
    /// Announces a step, does it and says how long it took, whichever way it went.
    pub(super) fn step<T, E>(
        &mut self,
        title: &str,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        say(&format!("=== {title}"));
        let began = Instant::now();
        let outcome = work();
        let took = began.elapsed();
        let verdict = if outcome.is_ok() { "done" } else { "FAILED" };
        say(&format!(
            "=== {title}: {verdict} in {:.1} s",
            took.as_secs_f64()
        ));
        self.steps.push((title.to_owned(), took));
        outcome
    }

    /// Notes how long a program of tests ran, or a suite of e2e.
    pub(super) fn program(&mut self, name: &str, took: Duration) {
        self.programs.push((name.to_owned(), took));
    }

    /// The tables, as lines for people.
    pub(super) fn tables(&self) -> Vec<String> {
        let total: Duration = self.steps.iter().map(|(_, took)| *took).sum();
        let mut lines = vec![format!("{:<54}{:>9}{:>8}", "step", "seconds", "share")];
        lines.extend(self.steps.iter().map(|step| row(step, total)));
        lines.push(row(&("all".to_owned(), total), total));
        let mut slowest: Vec<_> = self.programs.iter().collect();
        slowest.sort_by_key(|(_, took)| std::cmp::Reverse(*took));
        if !slowest.is_empty() {
            lines.push(String::new());
            let head = "slowest programs of tests and suites of e2e";
            lines.push(format!("{head:<54}{:>9}{:>8}", "seconds", "share"));
            lines.extend(slowest.into_iter().take(NAMED).map(|one| row(one, total)));
        }
        lines
    }
}

fn row((name, took): &(String, Duration), total: Duration) -> String {
    let seconds = took.as_secs_f64();
    let share = 100.0 * seconds / total.as_secs_f64().max(f64::MIN_POSITIVE);
    format!("{name:<54}{seconds:>9.1}{share:>6.0} %")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_tell_steps_in_their_order_and_programs_by_their_time() {
        let mut figures = Figures {
            steps: vec![
                ("clippy".to_owned(), Duration::from_secs(30)),
                ("test".to_owned(), Duration::from_secs(90)),
            ],
            programs: Vec::new(),
        };
        for (name, seconds) in [("store", 10), ("it", 60), ("nodes", 20)] {
            figures.program(name, Duration::from_secs(seconds));
        }
        let words: Vec<String> = figures
            .tables()
            .iter()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(
            words,
            [
                "step seconds share",
                "clippy 30.0 25 %",
                "test 90.0 75 %",
                "all 120.0 100 %",
                "",
                "slowest programs of tests and suites of e2e seconds share",
                "it 60.0 50 %",
                "nodes 20.0 17 %",
                "store 10.0 8 %",
            ]
        );
    }

    #[test]
    fn a_step_that_fails_is_in_the_table_too() {
        let mut figures = Figures::default();
        assert_eq!(
            figures.step("clippy", || Err::<(), _>("a lint")),
            Err("a lint")
        );
        assert!(
            figures
                .tables()
                .iter()
                .any(|line| line.starts_with("clippy"))
        );
    }
}
