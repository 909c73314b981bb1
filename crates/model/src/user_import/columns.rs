//! The header of a file: which column is what.

use super::row::Row;
use super::row::RowError;
use crate::attribute::Schema;
use crate::formula::unguarded;

/// The column of user names.
const USERNAME: &str = "cognito:username";
/// The column that says whether a user is asked for a second factor.
const MFA_ENABLED: &str = "cognito:mfa_enabled";
/// The column of the hashes of passwords.
pub const PASSWORD_HASH: &str = "password_hash";

/// The columns that a file for a pool may have, in the order of GetCSVHeader (docs/protocol.md
/// §19.2).
#[must_use]
pub fn header(schema: &Schema) -> Vec<String> {
    let attributes = schema.0.iter().map(|attribute| attribute.name.clone());
    let own = [MFA_ENABLED, USERNAME, PASSWORD_HASH].map(str::to_owned);
    attributes.filter(|name| name != "sub").chain(own).collect()
}

/// Why a file's first line is no header. None of it repeats what stands there, which may be a
/// person's data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// A column is missing.
    #[error("The header has no column {0}.")]
    Missing(&'static str),
    /// The column of this number is none.
    #[error("Column {0} of the header is no attribute of the user pool.")]
    Unknown(usize),
    /// The column of this number was there before.
    #[error("Column {0} of the header stands there twice.")]
    Twice(usize),
}

#[derive(Debug, PartialEq, Eq)]
enum Column {
    Username,
    MfaEnabled,
    PasswordHash,
    Attribute(String),
}

/// What the columns of a file are, in their order.
#[derive(Debug)]
pub struct Columns(Vec<Column>);

impl Columns {
    /// Reads a header. Columns that a file has no values for may be missing.
    ///
    /// # Errors
    /// [`HeaderError`].
    pub fn parse(
        names: &[String],
        schema: &Schema,
        with_hashes: bool,
    ) -> Result<Self, HeaderError> {
        let mut columns: Vec<Column> = Vec::new();
        for (number, name) in (1..).zip(names) {
            let column = match name.trim() {
                USERNAME => Column::Username,
                MFA_ENABLED => Column::MfaEnabled,
                PASSWORD_HASH => Column::PasswordHash,
                name if name != "sub" && schema.find(name).is_some() => {
                    Column::Attribute(name.to_owned())
                }
                _ => return Err(HeaderError::Unknown(number)),
            };
            if columns.contains(&column) {
                return Err(HeaderError::Twice(number));
            }
            columns.push(column);
        }
        if !columns.contains(&Column::Username) {
            return Err(HeaderError::Missing(USERNAME));
        }
        if with_hashes && !columns.contains(&Column::PasswordHash) {
            return Err(HeaderError::Missing(PASSWORD_HASH));
        }
        Ok(Self(columns))
    }

    /// The row of a record's values.
    ///
    /// # Errors
    /// [`RowError`].
    pub fn row(&self, values: Vec<String>) -> Result<Row, RowError> {
        if values.len() != self.0.len() {
            return Err(RowError::NumberOfValues);
        }
        let mut row = Row::default();
        for (column, value) in self.0.iter().zip(values) {
            let value = unguarded(value.trim());
            if value.is_empty() {
                continue;
            }
            match column {
                Column::Username => value.clone_into(&mut row.username),
                Column::MfaEnabled => row.set_mfa_enabled(value)?,
                Column::PasswordHash => row.password_hash = Some(value.into()),
                Column::Attribute(name) => row.set_attribute(name, value),
            }
        }
        row.check()?;
        Ok(row)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::attribute::{DataType, SchemaAttribute};

    fn schema() -> Schema {
        let custom = |name: &str, developer_only| SchemaAttribute {
            name: name.to_owned(),
            data_type: DataType::String,
            developer_only,
            mutable: true,
            required: false,
            min_length: None,
            max_length: None,
            min_value: None,
            max_value: None,
        };
        Schema::with_changes(vec![custom("team", false), custom("score", true)]).unwrap()
    }

    fn parse(names: &[&str], with_hashes: bool) -> Result<Columns, HeaderError> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Columns::parse(&names, &schema(), with_hashes)
    }

    #[test]
    fn the_header_has_all_attributes_but_the_sub_and_what_an_import_adds() {
        let header = header(&schema());
        assert_eq!(header[0], "name");
        assert_eq!(
            header[19..],
            [
                "custom:team",
                "dev:custom:score",
                "cognito:mfa_enabled",
                "cognito:username",
                "password_hash"
            ]
        );
        assert!(Columns::parse(&header, &schema(), true).is_ok());
    }

    #[test]
    fn columns_come_in_any_order_and_those_without_values_may_be_missing() {
        let columns = parse(&["email", " cognito:username "], false).unwrap();
        let row = columns
            .row(vec![" ana@example.com ".to_owned(), "ana".to_owned()])
            .unwrap();
        assert_eq!(row.username, "ana");
        assert_eq!(row.attributes["email"], "ana@example.com");
    }

    #[test]
    fn what_an_export_guards_from_spreadsheets_comes_back_as_it_was() {
        let columns = parse(&["cognito:username", "name"], false).unwrap();
        for (written, value) in [
            ("'=ana", "=ana"),
            ("''=ana", "'=ana"),
            ("'t Hooft", "'t Hooft"),
        ] {
            let row = columns
                .row(vec!["ana".to_owned(), written.to_owned()])
                .unwrap();
            assert_eq!(row.attributes["name"], value);
        }
    }

    #[test]
    fn a_header_that_is_none_says_which_column_is_wrong_and_not_what_stands_there() {
        let told = |names: &[&str], with_hashes| parse(names, with_hashes).unwrap_err().to_string();
        assert_eq!(
            told(&["ana", "ana@example.com"], false),
            "Column 1 of the header is no attribute of the user pool."
        );
        assert_eq!(
            told(&["cognito:username", "sub"], false),
            "Column 2 of the header is no attribute of the user pool."
        );
        assert_eq!(
            told(&["email", "cognito:username", "email"], false),
            "Column 3 of the header stands there twice."
        );
        assert_eq!(
            told(&["email"], false),
            "The header has no column cognito:username."
        );
        assert_eq!(
            told(&["cognito:username"], true),
            "The header has no column password_hash."
        );
    }

    #[test]
    fn a_row_has_as_many_values_as_the_header() {
        let columns = parse(&["cognito:username", "email"], false).unwrap();
        for values in [vec!["ana"], vec!["ana", "a", "b"]] {
            let values = values.into_iter().map(str::to_owned).collect();
            assert_eq!(columns.row(values).unwrap_err(), RowError::NumberOfValues);
        }
    }
}
