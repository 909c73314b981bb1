//! What a command lists: lines for people, with headings at a terminal, and one JSON object a line
//! for programs.

use std::io::{self, IsTerminal};

use crate::terminal::say;

/// A column of a listing.
pub(crate) struct Column {
    /// The member's name in JSON, and in capitals the heading.
    pub(crate) name: &'static str,
    /// The characters that it takes in a line; shorter values are filled up.
    pub(crate) width: usize,
}

/// How the rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Lines,
    LinesWithHeadings,
    Json,
}

/// A listing that is written row by row, so that it may be as long as it likes.
pub(crate) struct Listing<const N: usize> {
    columns: [Column; N],
    form: Form,
}

impl<const N: usize> Listing<N> {
    /// Begins one. A terminal gets headings; what reads a pipe gets the rows alone, and objects
    /// where `json` asks for them.
    pub(crate) fn begin(columns: [Column; N], json: bool) -> Self {
        let form = match json {
            true => Form::Json,
            false if io::stdout().is_terminal() => Form::LinesWithHeadings,
            false => Form::Lines,
        };
        let listing = Self { columns, form };
        if form == Form::LinesWithHeadings {
            say(&listing.headings());
        }
        listing
    }

    /// Writes one row.
    pub(crate) fn say(&self, values: [&str; N]) {
        say(&self.row(values));
    }

    fn headings(&self) -> String {
        let names = self
            .columns
            .each_ref()
            .map(|column| column.name.to_uppercase().replace('_', " "));
        self.line(names)
    }

    fn row(&self, values: [&str; N]) -> String {
        if self.form == Form::Json {
            let members = self.columns.iter().zip(values);
            let object: serde_json::Map<_, _> = members
                .map(|(column, value)| (column.name.to_owned(), value.into()))
                .collect();
            return serde_json::Value::Object(object).to_string();
        }
        // A user name may hold what moves a terminal's cursor.
        self.line(values.map(|value| value.escape_debug().to_string()))
    }

    fn line(&self, values: [String; N]) -> String {
        let cells = self.columns.iter().zip(values);
        let cells: Vec<_> = cells
            .map(|(Column { width, .. }, value)| format!("{value:width$}"))
            .collect();
        cells.join("  ").trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(form: Form) -> Listing<2> {
        let column = |name, width| Column { name, width };
        Listing {
            columns: [column("made_at", 5), column("name", 0)],
            form,
        }
    }

    #[test]
    fn columns_stand_below_their_headings() {
        let listing = listing(Form::LinesWithHeadings);
        assert_eq!(listing.headings(), "MADE AT  NAME");
        assert_eq!(listing.row(["now", "a\u{1b}b"]), "now    a\\u{1b}b");
    }

    #[test]
    fn a_row_in_json_is_an_object_with_the_value_itself() {
        assert_eq!(
            listing(Form::Json).row(["now", "a\n\"b"]),
            r#"{"made_at":"now","name":"a\n\"b"}"#
        );
    }
}
