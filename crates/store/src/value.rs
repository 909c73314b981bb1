//! What goes into a statement and what comes out: the portable types TEXT, BIGINT, BYTES and
//! BOOLEAN.

use crate::Error;

/// A value bound to a `$n` of a statement.
#[derive(Debug, Clone, Copy)]
pub enum Param<'a> {
    /// NULL of any type.
    Null,
    /// TEXT.
    Text(&'a str),
    /// BIGINT; times are milliseconds since the epoch.
    Int(i64),
    /// BYTES.
    Bytes(&'a [u8]),
    /// BOOLEAN.
    Bool(bool),
}

impl<'a> From<&'a str> for Param<'a> {
    fn from(text: &'a str) -> Self {
        Param::Text(text)
    }
}

impl<'a> From<&'a String> for Param<'a> {
    fn from(text: &'a String) -> Self {
        Param::Text(text)
    }
}

impl From<i64> for Param<'_> {
    fn from(number: i64) -> Self {
        Param::Int(number)
    }
}

impl From<bool> for Param<'_> {
    fn from(truth: bool) -> Self {
        Param::Bool(truth)
    }
}

impl<'a> From<&'a [u8]> for Param<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Param::Bytes(bytes)
    }
}

impl<'a> From<&'a Vec<u8>> for Param<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Param::Bytes(bytes)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Param<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Param::Bytes(bytes)
    }
}

impl<'a, T: Into<Param<'a>>> From<Option<T>> for Param<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Param::Null, Into::into)
    }
}

/// One value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Text(String),
    Int(i64),
    Bytes(Vec<u8>),
    Bool(bool),
}

/// A row of an answer; columns are counted from 0, in the order of the statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row(pub(crate) Vec<Value>);

/// What a statement gave back.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) rows: Vec<Row>,
    /// Rows inserted, changed or deleted.
    pub(crate) affected: u64,
}

impl Row {
    /// The text in a column.
    ///
    /// # Errors
    /// [`Error::Unreadable`] when the column is NULL, of another type or not there; the same holds
    /// for the other getters.
    pub fn text(&self, column: usize) -> Result<&str, Error> {
        match self.value(column)? {
            Value::Text(text) => Ok(text),
            other => Err(mismatch(column, "TEXT", other)),
        }
    }

    /// The number in a column.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn int(&self, column: usize) -> Result<i64, Error> {
        match self.value(column)? {
            Value::Int(number) => Ok(*number),
            other => Err(mismatch(column, "BIGINT", other)),
        }
    }

    /// The bytes in a column.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn bytes(&self, column: usize) -> Result<&[u8], Error> {
        match self.value(column)? {
            Value::Bytes(bytes) => Ok(bytes),
            other => Err(mismatch(column, "BYTES", other)),
        }
    }

    /// The truth value in a column. SQLite keeps it as 0 or 1.
    ///
    /// # Errors
    /// As [`Row::text`].
    pub fn bool(&self, column: usize) -> Result<bool, Error> {
        match self.value(column)? {
            Value::Bool(truth) => Ok(*truth),
            Value::Int(0) => Ok(false),
            Value::Int(1) => Ok(true),
            other => Err(mismatch(column, "BOOLEAN", other)),
        }
    }

    /// The text in a column that may be NULL.
    ///
    /// # Errors
    /// As [`Row::text`], but NULL is None.
    pub fn opt_text(&self, column: usize) -> Result<Option<&str>, Error> {
        if self.is_null(column)? {
            Ok(None)
        } else {
            self.text(column).map(Some)
        }
    }

    /// The number in a column that may be NULL.
    ///
    /// # Errors
    /// As [`Row::text`], but NULL is None.
    pub fn opt_int(&self, column: usize) -> Result<Option<i64>, Error> {
        if self.is_null(column)? {
            Ok(None)
        } else {
            self.int(column).map(Some)
        }
    }

    /// The bytes in a column that may be NULL.
    ///
    /// # Errors
    /// As [`Row::text`], but NULL is None.
    pub fn opt_bytes(&self, column: usize) -> Result<Option<&[u8]>, Error> {
        if self.is_null(column)? {
            Ok(None)
        } else {
            self.bytes(column).map(Some)
        }
    }

    fn is_null(&self, column: usize) -> Result<bool, Error> {
        Ok(*self.value(column)? == Value::Null)
    }

    fn value(&self, column: usize) -> Result<&Value, Error> {
        self.0
            .get(column)
            .ok_or_else(|| Error::Unreadable(format!("there is no column {column}")))
    }
}

fn mismatch(column: usize, wanted: &str, found: &Value) -> Error {
    let found = match found {
        Value::Null => "NULL",
        Value::Text(_) => "TEXT",
        Value::Int(_) => "BIGINT",
        Value::Bytes(_) => "BYTES",
        Value::Bool(_) => "BOOLEAN",
    };
    // The value itself stays out of the message: it may be personal.
    Error::Unreadable(format!("column {column} is {found}, not {wanted}"))
}
