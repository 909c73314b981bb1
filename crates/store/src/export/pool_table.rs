//! A table as an export has it: rows of one pool, their sealed columns open.

use cognate_crypto::secret::SecretBytes;

use crate::{
    Error, Row, Tx,
    backup::layout::{self, Layout, PAGE},
    backup::row,
    table::{self, Rows, Sealed},
    tables,
    value::Value,
};

/// One table of an export.
pub(super) struct PoolTable {
    pub(super) layout: Layout,
    pub(super) sealed: &'static [Sealed],
    /// Whether it goes along only where it was asked for.
    pub(super) is_on_demand: bool,
}

/// The tables of a schema version that are exported, in the order of the migrations.
pub(super) fn at_version(version: i64) -> Result<Vec<PoolTable>, Error> {
    let layouts = layout::at_version(version)?.into_iter();
    Ok(layouts.filter_map(of_layout).collect())
}

fn of_layout(layout: Layout) -> Option<PoolTable> {
    let declared = tables::find(layout.name)?;
    let (sealed, is_on_demand) = match declared.export {
        table::Export::OfPool(sealed) => (sealed, false),
        table::Export::OnDemand(sealed) => (sealed, true),
        table::Export::LeftOut(_) => return None,
    };
    Some(PoolTable {
        layout,
        sealed,
        is_on_demand,
    })
}

/// The sealed columns of a table, and whether all its rows of a pool may be held and written at
/// once.
pub(super) fn sealed_of(layout: &Layout) -> (&'static [Sealed], bool) {
    let declared = tables::find(layout.name);
    let is_small = declared.is_some_and(|declared| declared.rows != Rows::Many);
    match declared.map(|declared| declared.export) {
        Some(table::Export::OfPool(sealed) | table::Export::OnDemand(sealed)) => (sealed, is_small),
        Some(table::Export::LeftOut(_)) | None => (&[], is_small),
    }
}

impl PoolTable {
    /// The rows behind one, at most a page; as they are stored.
    pub(super) async fn page(
        &self,
        tx: &mut Tx,
        pool: &str,
        after: Option<&Row>,
    ) -> Result<Vec<Row>, Error> {
        let layout = &self.layout;
        let (sql, rest) = match after {
            None => (layout.first_page_of_pool(), layout.least()),
            Some(_) if layout.key.len() == 1 => return Ok(Vec::new()),
            Some(row) => {
                let rest = layout.key.iter().skip(1);
                let values = rest.filter_map(|place| row.0.get(*place)).cloned();
                (layout.next_page_of_pool(), values.collect())
            }
        };
        let mut params = vec![pool.into()];
        params.extend(rest.iter().map(row::param));
        tx.query(sql, &params).await
    }

    /// Whether a page of so many rows is the last.
    pub(super) fn is_last(&self, rows: usize) -> bool {
        rows < PAGE || self.layout.key.len() == 1
    }
}

/// Puts the content of the sealed columns of a row in their place.
pub(super) fn open(
    tx: &Tx,
    layout: &Layout,
    sealed: &[Sealed],
    row: &mut Row,
) -> Result<(), Error> {
    each(layout, sealed, row, |context, value| {
        let plain = tx.open_sealed(context, value)?;
        Ok(plain.expose().to_vec())
    })
}

/// Seals them for this database.
pub(super) fn seal(
    tx: &Tx,
    layout: &Layout,
    sealed: &[Sealed],
    row: &mut Row,
) -> Result<(), Error> {
    each(layout, sealed, row, |context, plain| {
        tx.seal(context, plain)
    })
}

fn each(
    layout: &Layout,
    sealed: &[Sealed],
    row: &mut Row,
    change: impl Fn(&[&[u8]], &[u8]) -> Result<Vec<u8>, Error>,
) -> Result<(), Error> {
    for sealed in sealed {
        // A file of an earlier version may lack it.
        let Ok(place) = layout.place(sealed.column()) else {
            continue;
        };
        let mut context = vec![layout.name.as_bytes()];
        for key in &layout.key {
            context.push(match row.0.get(*key) {
                Some(Value::Text(text)) => text.as_bytes(),
                Some(Value::Bytes(bytes)) => bytes,
                _ => return Err(Error::Unreadable(format!("a key of {}", layout.name))),
            });
        }
        if let Sealed::ByKeyAndColumn(column) = sealed {
            context.push(column.as_bytes());
        }
        let changed = match row.0.get(place) {
            Some(Value::Bytes(bytes)) => change(&context, bytes)?,
            Some(Value::Null) => continue,
            _ => {
                return Err(Error::Unreadable(format!(
                    "a sealed value of {}",
                    layout.name
                )));
            }
        };
        if let Some(value) = row.0.get_mut(place) {
            wipe_value(std::mem::replace(value, Value::Bytes(changed)));
        }
    }
    Ok(())
}

/// Wipes what a row holds.
pub(super) fn wipe(row: &mut Row) {
    for value in &mut row.0 {
        wipe_value(std::mem::replace(value, Value::Null));
    }
}

fn wipe_value(value: Value) {
    if let Value::Bytes(bytes) = value {
        drop(SecretBytes::new(bytes));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::{backup::layout::Kind, migrations};

    #[test]
    fn every_column_of_bytes_that_is_exported_is_declared_as_sealed_or_is_of_the_key() {
        for table in at_version(migrations::newest()).unwrap() {
            for (place, column) in table.layout.columns.iter().enumerate() {
                let is_sealed = table.sealed.iter().any(|it| it.column() == column.name);
                let is_plain = column.kind != Kind::Bytes || table.layout.key.contains(&place);
                assert!(
                    is_sealed != is_plain,
                    "{}.{}",
                    table.layout.name,
                    column.name
                );
            }
        }
    }
}
