//! What a person at a terminal reads. Logs go elsewhere (telemetry.rs).

use std::io::Write;

/// Writes lines to stdout. Nobody may be reading, which is no reason to stop.
pub(crate) fn say(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
}

/// Writes one line to stderr, in the program's name. It may repeat an argument, or what a server
/// has answered, so nothing in it moves the cursor.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "cognate: {}", harmless(text));
}

/// The text with its control characters escaped.
fn harmless(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}

/// Writes a line to stderr: how far the work is, where stdout may be the work itself.
pub(crate) fn tell(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_complained_of_moves_no_cursor_and_keeps_its_letters() {
        assert_eq!(harmless("no «é»\x1b[31m\n"), "no «é»\\u{1b}[31m\\n");
    }
}
