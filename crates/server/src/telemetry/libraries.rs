//! The libraries that may log more than info: those that the filter names.

use tracing::{Level, Metadata};
use tracing_subscriber::filter::LevelFilter;

/// The level of a library that is not named.
const QUIET: Level = Level::INFO;

/// The targets that a filter names, with the level of each. A level alone (`debug`) or a span
/// (`[call]=debug`) names no target and means this program.
#[derive(Clone, Debug)]
pub(super) struct Named(Vec<(String, LevelFilter)>);

impl Named {
    /// Reads a filter, which is known to be one.
    pub(super) fn in_filter(filter: &str) -> Self {
        Self(filter.split(',').filter_map(named).collect())
    }

    /// Whether an event or a span of that kind may be logged, as far as this goes.
    pub(super) fn lets_through(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= QUIET || is_ours(metadata.target()) || {
            let target = metadata.target();
            self.0.iter().any(|(named, _)| is_within(target, named))
        }
    }

    /// The libraries that are asked to say more than at info.
    pub(super) fn talkative(&self) -> Vec<String> {
        let more = |(target, level): &&(String, LevelFilter)| {
            !is_ours(target) && *level > LevelFilter::from_level(QUIET)
        };
        self.0
            .iter()
            .filter(more)
            .map(|(target, _)| target.clone())
            .collect()
    }
}

/// The target of a directive (`target[span{field=value}]=level`), if it has one, and its level; all
/// levels where it names none.
fn named(directive: &str) -> Option<(String, LevelFilter)> {
    let directive = directive.trim();
    let (rest, level) = match directive.rsplit_once('=') {
        // The sign of a field within a span is none that a level follows.
        Some((rest, level)) if !level.contains([']', '}']) => (rest, level.trim().parse().ok()),
        _ => (directive, None),
    };
    let target = rest.split('[').next().unwrap_or_default().trim();
    let is_level = directive.parse::<LevelFilter>().is_ok();
    (!target.is_empty() && !is_level)
        .then(|| (target.to_owned(), level.unwrap_or(LevelFilter::TRACE)))
}

fn is_ours(target: &str) -> bool {
    let library = target.split("::").next().unwrap_or_default();
    library == "cognate" || library.starts_with("cognate_")
}

/// Whether a target is a module or lies within it. The filter itself would take `tokio` for the
/// beginning of `tokio_postgres` too.
fn is_within(target: &str, module: &str) -> bool {
    target
        .strip_prefix(module)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}
