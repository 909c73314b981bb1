//! Reads a backup, record by record, and checks what the sealing can't: that the tables are those
//! of their schema version, whole, in order, with as many rows as were counted and the checksum
//! that was taken.

use std::{io::Read, sync::Arc};

use cognate_crypto::{digest::Sha256, seal::file::Unlock};

use super::{
    BackupError, END, Manifest, ROW, Summary, TABLE, TABLE_END, TableSummary,
    frames::FrameReader,
    row,
    tables::{self, Table},
};
use crate::{Row, migrations};

/// A backup that is being read.
pub(crate) struct BackupReader<R> {
    frames: FrameReader<R>,
    pub(crate) manifest: Manifest,
    pub(crate) tables: Arc<Vec<Table>>,
    /// The next table, and how far the one before it was read.
    next: usize,
    open: Option<Tally>,
    finished: Vec<TableSummary>,
}

/// What was read of a table.
struct Tally {
    rows: u64,
    checksum: Sha256,
    bytes: Vec<u8>,
}

/// What comes next.
pub(crate) enum Record {
    /// A row of the table of this number.
    Row(usize, Row),
    /// The table of this number is whole.
    TableEnd(usize, u64),
    /// All was read, and all is right.
    End(Summary),
}

impl<R: Read> BackupReader<R> {
    pub(crate) fn new(input: R, unlock: Unlock<'_>) -> Result<Self, BackupError> {
        let mut frames = FrameReader::new(input, unlock)?;
        let manifest: Manifest = serde_json::from_slice(&frames.sized()?)
            .map_err(|_| BackupError::Content("its manifest".to_owned()))?;
        let known = migrations::newest();
        if manifest.schema > known {
            return Err(BackupError::NewerSchema {
                found: manifest.schema,
                known,
            });
        }
        let tables = Arc::new(tables::at_version(manifest.schema)?);
        Ok(Self {
            frames,
            manifest,
            tables,
            next: 0,
            open: None,
            finished: Vec::new(),
        })
    }

    pub(crate) fn next(&mut self) -> Result<Record, BackupError> {
        loop {
            let [record] = self.frames.array()?;
            match (record, self.open.take()) {
                (TABLE, None) => self.begin_table()?,
                (ROW, Some(tally)) => return self.row(tally),
                (TABLE_END, Some(tally)) => return self.end_table(tally),
                (END, None) => return self.end(),
                _ => return Err(BackupError::Content("the order of its records".to_owned())),
            }
        }
    }

    fn table(&self, number: usize) -> Result<&Table, BackupError> {
        let table = self.tables.get(number);
        table.ok_or_else(|| BackupError::Content("a table too many".to_owned()))
    }

    fn begin_table(&mut self) -> Result<(), BackupError> {
        let name = self.frames.sized_text()?;
        let table = self.table(self.next)?;
        if table.name != name {
            return Err(BackupError::Content(format!("the place of {name}")));
        }
        self.next += 1;
        self.open = Some(Tally {
            rows: 0,
            checksum: Sha256::new(),
            bytes: Vec::new(),
        });
        Ok(())
    }

    fn row(&mut self, mut tally: Tally) -> Result<Record, BackupError> {
        let number = self.next - 1;
        let table = self
            .tables
            .get(number)
            .ok_or_else(|| BackupError::Content("a row of no table".to_owned()))?;
        let row = row::read(table, &mut self.frames)?;
        tally.bytes.clear();
        row::write(table, &row, &mut tally.bytes)?;
        tally.checksum.update(&tally.bytes);
        tally.rows += 1;
        self.open = Some(tally);
        Ok(Record::Row(number, row))
    }

    fn end_table(&mut self, tally: Tally) -> Result<Record, BackupError> {
        let number = self.next - 1;
        let rows = u64::from_be_bytes(self.frames.array()?);
        let checksum: [u8; 32] = self.frames.array()?;
        let name = self.table(number)?.name;
        if rows != tally.rows || checksum != tally.checksum.finish() {
            return Err(BackupError::Content(format!("the checksum of {name}")));
        }
        self.finished.push(TableSummary {
            name: name.to_owned(),
            rows,
            checksum,
        });
        Ok(Record::TableEnd(number, rows))
    }

    fn end(&mut self) -> Result<Record, BackupError> {
        self.frames.check_end()?;
        if self.next != self.tables.len() {
            return Err(BackupError::Content("the number of its tables".to_owned()));
        }
        Ok(Record::End(Summary {
            schema: self.manifest.schema,
            made_at_ms: self.manifest.made_at_ms,
            made_by: self.manifest.made_by.clone(),
            tables: std::mem::take(&mut self.finished),
        }))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use cognate_crypto::{
        digest::sha256,
        random::Random,
        seal::{MasterKey, file::Lock},
    };

    use super::*;
    use crate::backup::{frames::FrameWriter, verify};

    fn key() -> MasterKey {
        MasterKey::from_bytes(std::array::from_fn(|at| u8::try_from(at).unwrap()))
    }

    /// What is said of a file whose seal is whole and whose content is this, behind a manifest.
    fn refusal(content: &[u8]) -> Option<String> {
        let mut random = Random::from_seed([6; 32]);
        let mut out = FrameWriter::new(Vec::new(), Lock::MasterKey(&key()), &mut random).unwrap();
        let manifest = Manifest {
            schema: migrations::newest(),
            made_at_ms: 0,
            made_by: String::new(),
        };
        out.write_sized(&serde_json::to_vec(&manifest).unwrap())
            .unwrap();
        out.write(content).unwrap();
        let file = out.finish().unwrap();
        let refused = verify(file.as_slice(), Unlock::MasterKey(&key())).err();
        refused.map(|error| error.to_string())
    }

    fn begin(name: &str) -> Vec<u8> {
        let length = u32::try_from(name.len()).unwrap();
        [&[TABLE][..], &length.to_be_bytes(), name.as_bytes()].concat()
    }

    fn end(rows: u64, checksum: [u8; 32]) -> Vec<u8> {
        [&[TABLE_END][..], &rows.to_be_bytes(), &checksum].concat()
    }

    /// Every table, without a row.
    fn empty_tables() -> Vec<u8> {
        let tables = tables::at_version(migrations::newest()).unwrap();
        let both = |table: &Table| [begin(table.name), end(0, sha256(&[]))].concat();
        tables.iter().flat_map(both).collect()
    }

    #[test]
    fn content_that_is_not_in_order_is_refused_though_its_seal_is_whole() {
        let tables = empty_tables();
        assert_eq!(refusal(&[&tables[..], &[END]].concat()), None);
        let meta = begin("meta");
        for (content, words) in [
            (
                [&meta[..], &end(1, sha256(&[]))].concat(),
                "the checksum of meta",
            ),
            (
                [&meta[..], &end(0, [0; 32])].concat(),
                "the checksum of meta",
            ),
            (begin("users"), "the place of users"),
            (
                [&meta[..], &end(0, sha256(&[])), &[END]].concat(),
                "the number of its tables",
            ),
            ([&tables[..], &meta].concat(), "a table too many"),
            ([&meta[..], &meta].concat(), "the order of its records"),
            (vec![ROW], "the order of its records"),
            ([&meta[..], &[ROW, 9]].concat(), "a column of meta"),
            (
                [&tables[..], &[END, END]].concat(),
                "something behind its end",
            ),
            (tables.clone(), "its end"),
        ] {
            let refusal = refusal(&content).unwrap();
            assert!(refusal.ends_with(words), "{words}: {refusal}");
        }
    }
}
