//! What a person at a terminal reads. Logs go elsewhere (telemetry.rs).

use std::io::Write;

/// Writes lines to stdout. Nobody may be reading, which is no reason to stop.
pub(crate) fn say(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
}

/// Writes one line to stderr, in the program's name.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "cognate: {text}");
}

/// Writes a line to stderr: how far the work is, where stdout may be the work itself.
pub(crate) fn tell(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
