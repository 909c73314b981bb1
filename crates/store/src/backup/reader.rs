//! Reads a backup, record by record, and checks what the sealing can't: that the tables are those
//! of their schema version, whole, in order, with as many rows as were counted and the checksum
//! that was taken.

use std::{io::Read, sync::Arc};

use cognate_crypto::{
    digest::Sha256,
    seal::file::{FileKind, Unlock},
};

use super::{
    error::BackupError,
    format::{END, Manifest, ROW, Summary, TABLE, TABLE_END, TableSummary},
    frames::FrameReader,
    layout::{self, Layout},
    row,
};
use crate::{Row, migrations};

/// A backup that is being read.
pub(crate) struct BackupReader<R> {
    frames: FrameReader<R>,
    pub(crate) manifest: Manifest,
    pub(crate) tables: Arc<Vec<Layout>>,
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
    pub(crate) fn new(kind: FileKind, input: R, unlock: Unlock<'_>) -> Result<Self, BackupError> {
        let mut frames = FrameReader::new(kind, input, unlock)?;
        let manifest: Manifest = serde_json::from_slice(&frames.sized()?)
            .map_err(|_| BackupError::Content("its manifest".to_owned()))?;
        let known = migrations::newest();
        if manifest.schema > known {
            return Err(BackupError::NewerSchema {
                found: manifest.schema,
                known,
            });
        }
        let mut tables = layout::at_version(manifest.schema)?;
        if let Some(pool) = &manifest.pool {
            tables.retain(|table| pool.tables.iter().any(|name| name == table.name));
            if tables.len() != pool.tables.len() {
                return Err(BackupError::Content("its tables".to_owned()));
            }
        }
        let tables = Arc::new(tables);
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

    fn table(&self, number: usize) -> Result<&Layout, BackupError> {
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
