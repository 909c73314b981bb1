//! Rows as bytes: one form for both databases, so that the same rows have the same checksum
//! wherever they lie.

use std::io::Read;

use super::{
    error::BackupError,
    frames::FrameReader,
    layout::{Kind, Layout},
};
use crate::{Error, Param, Row, value::Value};

const NULL: u8 = 0;
const TEXT: u8 = 1;
const INT: u8 = 2;
const BYTES: u8 = 3;
const FALSE: u8 = 4;
const TRUE: u8 = 5;

/// Adds a row's bytes: for each column its kind, then a number's eight bytes, or a text's or bytes'
/// length (u32 BE) and content.
pub(crate) fn write(table: &Layout, row: &Row, out: &mut Vec<u8>) -> Result<(), Error> {
    if row.0.len() != table.columns.len() {
        let (found, wanted) = (row.0.len(), table.columns.len());
        return Err(Error::Unreadable(format!(
            "{found} columns of {wanted} in {}",
            table.name
        )));
    }
    for (at, (column, value)) in table.columns.iter().zip(&row.0).enumerate() {
        match (value, column.kind) {
            (Value::Null, _) => out.push(NULL),
            (Value::Int(_) | Value::Bool(_), Kind::Bool) => {
                out.push(if row.bool(at)? { TRUE } else { FALSE });
            }
            (_, Kind::Text) => sized(out, TEXT, row.text(at)?.as_bytes())?,
            (_, Kind::Bytes) => sized(out, BYTES, row.bytes(at)?)?,
            (_, Kind::Int | Kind::Bool) => {
                out.push(INT);
                out.extend(row.int(at)?.to_be_bytes());
            }
        }
    }
    Ok(())
}

fn sized(out: &mut Vec<u8>, kind: u8, content: &[u8]) -> Result<(), Error> {
    let length = u32::try_from(content.len())
        .map_err(|_| Error::Unreadable("a value of more than 4 GiB".to_owned()))?;
    out.push(kind);
    out.extend(length.to_be_bytes());
    out.extend_from_slice(content);
    Ok(())
}

/// Reads what [`write`] made.
pub(crate) fn read<R: Read>(table: &Layout, from: &mut FrameReader<R>) -> Result<Row, BackupError> {
    let mut values = Vec::with_capacity(table.columns.len());
    for column in &table.columns {
        let [kind] = from.array()?;
        values.push(match (kind, column.kind) {
            (NULL, _) => Value::Null,
            (TEXT, Kind::Text) => Value::Text(from.sized_text()?),
            (INT, Kind::Int) => Value::Int(i64::from_be_bytes(from.array()?)),
            (BYTES, Kind::Bytes) => Value::Bytes(from.sized()?),
            (FALSE, Kind::Bool) => Value::Bool(false),
            (TRUE, Kind::Bool) => Value::Bool(true),
            _ => return Err(BackupError::Content(format!("a column of {}", table.name))),
        });
    }
    Ok(Row(values))
}

/// A value as the parameter of a statement.
pub(crate) fn param(value: &Value) -> Param<'_> {
    match value {
        Value::Null => Param::Null,
        Value::Text(text) => Param::Text(text),
        Value::Int(number) => Param::Int(*number),
        Value::Bytes(bytes) => Param::Bytes(bytes),
        Value::Bool(truth) => Param::Bool(*truth),
    }
}
