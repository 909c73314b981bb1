//! What a database itself says of its tables.

use std::collections::{BTreeMap, BTreeSet};

use crate::place::{Place, ask_server};

/// A table as it stands in the database.
#[derive(Debug, Default)]
pub(crate) struct Stands {
    pub(crate) columns: BTreeSet<String>,
    /// The columns of its primary key, in their order.
    pub(crate) key: Vec<String>,
    /// The columns of each index, that of the key among them.
    pub(crate) indexes: BTreeMap<String, Vec<String>>,
}

/// The tables by their names.
pub(crate) type Catalog = BTreeMap<String, Stands>;

/// `table|column`, `table|column of the key` and `table|index|column`, the last two in the order of
/// the columns.
const SQLITE: [&str; 3] = [
    "SELECT tables.name || '|' || columns.name FROM sqlite_schema AS tables
     JOIN pragma_table_info(tables.name) AS columns
     WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite_%'",
    "SELECT tables.name || '|' || columns.name FROM sqlite_schema AS tables
     JOIN pragma_table_info(tables.name) AS columns
     WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite_%' AND columns.pk > 0
     ORDER BY tables.name, columns.pk",
    "SELECT tables.name || '|' || indexes.name || '|' || columns.name FROM sqlite_schema AS tables
     JOIN pragma_index_list(tables.name) AS indexes JOIN pragma_index_info(indexes.name) AS columns
     WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite_%'
     ORDER BY tables.name, indexes.name, columns.seqno",
];
const POSTGRES: [&str; 3] = [
    "SELECT table_name || '|' || column_name FROM information_schema.columns
     WHERE table_schema = current_schema()",
    "SELECT tables.relname || '|' || columns.attname FROM pg_index AS found
     JOIN pg_class AS tables ON tables.oid = found.indrelid
     CROSS JOIN LATERAL unnest(found.indkey) WITH ORDINALITY AS place(number, turn)
     JOIN pg_attribute AS columns ON columns.attrelid = tables.oid AND columns.attnum = place.number
     WHERE tables.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) AND found.indisprimary
     ORDER BY tables.relname, place.turn",
    "SELECT tables.relname || '|' || indexes.relname || '|' || columns.attname FROM pg_index AS found
     JOIN pg_class AS tables ON tables.oid = found.indrelid
     JOIN pg_class AS indexes ON indexes.oid = found.indexrelid
     CROSS JOIN LATERAL unnest(found.indkey) WITH ORDINALITY AS place(number, turn)
     JOIN pg_attribute AS columns ON columns.attrelid = tables.oid AND columns.attnum = place.number
     WHERE tables.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
     ORDER BY tables.relname, indexes.relname, place.turn",
];

/// Asks a database that outlives its `Db`.
pub(crate) async fn catalog(place: &Place) -> Catalog {
    let mut answers = Vec::new();
    if let Some(path) = place.url.strip_prefix("sqlite:") {
        let connection = rusqlite::Connection::open(path).unwrap();
        for sql in SQLITE {
            let mut statement = connection.prepare(sql).unwrap();
            let rows = statement.query_map([], |row| row.get::<_, String>(0));
            answers.push(rows.unwrap().map(Result::unwrap).collect());
        }
    } else {
        for sql in POSTGRES {
            answers.push(ask_server(&place.url, sql).await);
        }
    }
    let [columns, keys, indexes]: [Vec<String>; 3] = answers.try_into().unwrap();
    let mut catalog = Catalog::new();
    for line in columns {
        let (table, column) = line.split_once('|').unwrap();
        let table = catalog.entry(table.to_owned()).or_default();
        table.columns.insert(column.to_owned());
    }
    for line in keys {
        let (table, column) = line.split_once('|').unwrap();
        catalog.get_mut(table).unwrap().key.push(column.to_owned());
    }
    for line in indexes {
        let mut words = line.split('|').map(str::to_owned);
        let [table, index, column] = std::array::from_fn(|_| words.next().unwrap());
        let indexes = &mut catalog.get_mut(&table).unwrap().indexes;
        indexes.entry(index).or_default().push(column);
    }
    catalog
}
