//! Our values in PostgreSQL's types, and back.

use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use crate::{
    Error, Param, Row,
    value::{Answer, Value},
};

/// Reads an answer.
pub(super) fn answer(rows: &[tokio_postgres::Row], affected: u64) -> Result<Answer, Error> {
    Ok(Answer {
        rows: rows.iter().map(values).collect::<Result<_, _>>()?,
        affected,
    })
}

/// The type that a statement is told beforehand where PostgreSQL isn't asked for it.
pub(super) fn type_of(param: &Param<'_>) -> Type {
    match param {
        Param::Null => Type::UNKNOWN,
        Param::Text(_) => Type::TEXT,
        Param::Int(_) => Type::INT8,
        Param::Bytes(_) => Type::BYTEA,
        Param::Bool(_) => Type::BOOL,
    }
}

fn values(row: &tokio_postgres::Row) -> Result<Row, Error> {
    let column = |index: usize, type_: &Type| -> Result<Value, tokio_postgres::Error> {
        Ok(match *type_ {
            Type::TEXT | Type::VARCHAR | Type::NAME => {
                row.try_get::<_, Option<String>>(index)?.map(Value::Text)
            }
            Type::INT8 => row.try_get::<_, Option<i64>>(index)?.map(Value::Int),
            Type::INT4 => row
                .try_get::<_, Option<i32>>(index)?
                .map(|number| Value::Int(number.into())),
            Type::BOOL => row.try_get::<_, Option<bool>>(index)?.map(Value::Bool),
            _ => row.try_get::<_, Option<Vec<u8>>>(index)?.map(Value::Bytes),
        }
        .unwrap_or(Value::Null))
    };
    let values = row.columns().iter().enumerate().map(|(index, found)| {
        column(index, found.type_())
            .map_err(|_| Error::Unreadable(format!("column {index} is of type {}", found.type_())))
    });
    values.collect::<Result<_, _>>().map(Row)
}

impl ToSql for Param<'_> {
    fn to_sql(
        &self,
        type_: &Type,
        out: &mut bytes::BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Param::Null => Ok(IsNull::Yes),
            Param::Text(text) => text.to_sql_checked(type_, out),
            Param::Int(number) if *type_ == Type::INT4 => {
                i32::try_from(*number)?.to_sql_checked(type_, out)
            }
            Param::Int(number) => number.to_sql_checked(type_, out),
            Param::Bytes(bytes) => bytes.to_sql_checked(type_, out),
            Param::Bool(truth) => truth.to_sql_checked(type_, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
