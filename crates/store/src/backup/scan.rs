//! Reads a whole table, page by page in the order of its key, and sums it up.

use cognate_crypto::{digest::Sha256, secret::SecretBytes};

use super::{
    error::BackupError,
    format::{PROGRESS, Progress, TableSummary},
    layout::{Layout, PAGE},
    row,
};
use crate::{Error, Row, Tx, keyring::Vault, meta, restore_mark, value::Value};

/// Gives every row's bytes to `each`, and the number and checksum of all. With a vault the data
/// keys come unwrapped.
pub(crate) async fn table(
    tx: &mut Tx,
    table: &Layout,
    vault: Option<&Vault>,
    progress: &mut dyn FnMut(Progress<'_>),
    mut each: impl FnMut(&[u8]) -> Result<(), BackupError>,
) -> Result<TableSummary, BackupError> {
    let mut checksum = Sha256::new();
    let mut rows = 0;
    let mut bytes = Vec::new();
    let mut after = None;
    loop {
        let mut page = next_page(tx, table, after.as_ref()).await?;
        let is_last = page.len() < PAGE;
        for row in &mut page {
            if is_mark(table, row) {
                continue;
            }
            if let Some(vault) = vault.filter(|_| table.holds_data_keys) {
                unwrap(table, row, vault)?;
            }
            bytes.clear();
            row::write(table, row, &mut bytes)?;
            checksum.update(&bytes);
            each(&bytes)?;
            rows += 1;
            if rows % PROGRESS == 0 {
                progress(Progress {
                    table: table.name,
                    rows,
                    is_whole: false,
                });
            }
        }
        after = page.pop();
        if is_last {
            break;
        }
    }
    // The last row may have been a data key.
    drop(SecretBytes::new(bytes));
    progress(Progress {
        table: table.name,
        rows,
        is_whole: true,
    });
    Ok(TableSummary {
        name: table.name.to_owned(),
        rows,
        checksum: checksum.finish(),
    })
}

async fn next_page(tx: &mut Tx, table: &Layout, after: Option<&Row>) -> Result<Vec<Row>, Error> {
    let Some(after) = after else {
        return tx.query(table.first_page(), &[]).await;
    };
    let key: Vec<_> = table
        .key
        .iter()
        .filter_map(|place| after.0.get(*place))
        .map(row::param)
        .collect();
    tx.query(table.next_page(), &key).await
}

/// The mark that a restore puts for itself is no content.
fn is_mark(table: &Layout, row: &Row) -> bool {
    table.name == meta::TABLE.name && row.text(0) == Ok(restore_mark::NAME)
}

/// Puts a data key itself in the place of the wrapped one.
fn unwrap(table: &Layout, row: &mut Row, vault: &Vault) -> Result<(), Error> {
    let id = u32::try_from(row.int(table.place("id")?)?)
        .map_err(|_| Error::Unreadable("the id of a data key".to_owned()))?;
    let key = vault.data_key(id).ok_or_else(|| {
        Error::Unavailable("a data key was added as the backup began: run it again".to_owned())
    })?;
    if let Some(wrapped) = row.0.get_mut(table.place("wrapped")?) {
        *wrapped = Value::Bytes(key.expose().to_vec());
    }
    Ok(())
}
