//! How the bytes of a file become records: lines of values, parted by commas (docs/protocol.md
//! §19.3).
//!
//! Two ways to write a comma into a value meet here. Cognito's own is a backslash before it; what
//! programs write is quotation marks around the value (RFC 4180), where a quotation mark is
//! doubled and a line may end. Whatever is wrong with a record is told of that record alone, and
//! reading goes on at a line behind its beginning: no quotation mark swallows the rest of a file.

/// The most characters of a row.
const MAX_CHARACTERS: usize = 16_000;
/// The most bytes that a record can have: each of its characters takes four at most, and the line
/// ends by two. Who gives [`read`] so many is never asked for more.
pub const LONGEST_RECORD: usize = 4 * MAX_CHARACTERS + 2;
/// What some programs begin a file of UTF-8 with.
pub const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Why a record cannot be read. None of it repeats what stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRecord {
    /// It is too long.
    #[error("The row is longer than 16000 characters.")]
    TooLong,
    /// A quotation mark begins a value, and none ends it.
    #[error("A value begins with a quotation mark and does not end with one.")]
    Unclosed,
    /// Something follows the quotation mark that ends a value.
    #[error("Something follows the quotation mark at the end of a value.")]
    BehindQuotes,
    /// It is not UTF-8.
    #[error("The row is not in UTF-8.")]
    NotUtf8,
    /// It holds a NUL.
    #[error("The row holds a NUL character.")]
    Nul,
}

/// What was found.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// A record: its values as they stand, without what parts them.
    Record(Result<Vec<String>, BadRecord>),
    /// A line with nothing in it.
    Blank,
    /// A part of a line that belongs to a record which was too long.
    Skipped,
}

/// What was found, and how far it reaches.
#[derive(Debug, PartialEq, Eq)]
pub struct Advance {
    /// What was found.
    pub step: Step,
    /// How many bytes it takes.
    pub length: usize,
    /// How many lines end in it.
    pub lines: u64,
    /// Whether what follows still belongs to the same line, and is skipped.
    pub skipping: bool,
}

/// What a look at the bytes gives.
#[derive(Debug, PartialEq, Eq)]
pub enum Read {
    /// A step forward.
    Advance(Advance),
    /// More bytes are needed to tell.
    NeedsMore,
    /// The file ends.
    End,
}

/// Reads what `window` begins with. `at_end`: nothing follows it in the file. `skipping`: as the
/// advance before has it.
#[must_use]
pub fn read(window: &[u8], at_end: bool, skipping: bool) -> Read {
    if window.is_empty() {
        return if at_end { Read::End } else { Read::NeedsMore };
    }
    if skipping {
        return Read::Advance(skip(window, at_end, Step::Skipped));
    }
    let reach = window.len().min(LONGEST_RECORD);
    let mut record = Scan::default();
    let end = record.scan(&window[..reach], at_end && reach == window.len());
    let bad = |why| Read::Advance(skip(window, at_end, Step::Record(Err(why))));
    match end {
        End::Line(length) => Read::Advance(Advance {
            step: record.step(&window[..length]),
            length,
            lines: line_ends(&window[..length]),
            skipping: false,
        }),
        End::BehindQuotes => bad(BadRecord::BehindQuotes),
        End::Open if reach < LONGEST_RECORD && !at_end => Read::NeedsMore,
        End::Open if record.state == State::Quoted => bad(BadRecord::Unclosed),
        End::Open => bad(BadRecord::TooLong),
    }
}

/// To the end of the first line, as far as it is there.
fn skip(window: &[u8], at_end: bool, step: Step) -> Advance {
    let end = window.iter().position(|byte| *byte == b'\n');
    Advance {
        step,
        length: end.map_or(window.len(), |at| at + 1),
        lines: u64::from(end.is_some()),
        skipping: end.is_none() && !at_end,
    }
}

fn line_ends(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}

/// Where the scan of a record ends.
enum End {
    /// With a line, behind so many bytes.
    Line(usize),
    /// At something behind the end of a quoted value.
    BehindQuotes,
    /// Nowhere, as far as there are bytes.
    Open,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    /// At the beginning of a value.
    #[default]
    Begin,
    /// In a value without quotation marks.
    Plain,
    /// Between quotation marks.
    Quoted,
    /// Behind the second of them.
    Behind,
}

/// The values that were read so far.
#[derive(Default)]
struct Scan {
    state: State,
    values: Vec<Vec<u8>>,
    value: Vec<u8>,
    has_quotes: bool,
}

impl Scan {
    fn scan(&mut self, bytes: &[u8], is_all: bool) -> End {
        let mut at = 0;
        while let Some(byte) = bytes.get(at).copied() {
            let next = bytes.get(at + 1).copied();
            if next.is_none() && !is_all && matches!(byte, b'"' | b'\\' | b'\r') {
                // What follows decides what it means.
                return End::Open;
            }
            at += 1;
            match (self.state, byte) {
                (State::Begin, b'"') => {
                    self.state = State::Quoted;
                    self.has_quotes = true;
                }
                (State::Begin | State::Plain, b'\\') if next == Some(b',') => {
                    at += 1;
                    self.state = State::Plain;
                    self.value.push(b',');
                }
                (State::Begin | State::Plain | State::Behind, b',') => self.end_value(),
                (State::Begin | State::Plain | State::Behind, b'\n') => {
                    self.end_value();
                    return End::Line(at);
                }
                (State::Begin | State::Plain | State::Behind, b'\r') if next == Some(b'\n') => {}
                (State::Quoted, b'"') if next == Some(b'"') => {
                    at += 1;
                    self.value.push(b'"');
                }
                (State::Quoted, b'"') => self.state = State::Behind,
                (State::Behind, b' ' | b'\t' | b'\r') => {}
                (State::Behind, _) => return End::BehindQuotes,
                (State::Begin | State::Plain, _) => {
                    self.state = State::Plain;
                    self.value.push(byte);
                }
                (State::Quoted, _) => self.value.push(byte),
            }
        }
        if is_all && self.state != State::Quoted {
            self.end_value();
            return End::Line(at);
        }
        End::Open
    }

    fn end_value(&mut self) {
        self.values.push(std::mem::take(&mut self.value));
        self.state = State::Begin;
    }

    fn step(self, raw: &[u8]) -> Step {
        let is_blank = |value: &Vec<u8>| value.trim_ascii().is_empty();
        if !self.has_quotes && self.values.len() == 1 && self.values.iter().all(is_blank) {
            return Step::Blank;
        }
        Step::Record(self.record(raw))
    }

    fn record(self, raw: &[u8]) -> Result<Vec<String>, BadRecord> {
        let line = raw.strip_suffix(b"\n").unwrap_or(raw);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        // A continuation byte of UTF-8 begins with the bits 10.
        let characters = line.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
        if characters > MAX_CHARACTERS {
            return Err(BadRecord::TooLong);
        }
        if line.contains(&0) {
            return Err(BadRecord::Nul);
        }
        let text = |value| String::from_utf8(value).map_err(|_| BadRecord::NotUtf8);
        self.values.into_iter().map(text).collect()
    }
}

#[cfg(test)]
mod tests;
