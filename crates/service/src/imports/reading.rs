//! The reading of a job's file: pieces come from the database as they are needed, and no more is
//! held than a record may have and a piece.

use cognate_model::user_import::{
    BYTE_ORDER_MARK, Columns, ImportJob, LONGEST_RECORD, MAX_ROWS, Place, Read, Step, UploadedFile,
    read,
};
use cognate_model::{UserPool, user_import::Row};
use cognate_store::{Db, import_files};

use super::upload::PIECE;
use crate::Result;

/// How many rows make a batch, and are imported in one transaction.
const ROWS_AT_ONCE: usize = 100;
/// How many bytes are read for a batch at most, that a file of long or broken rows takes its turns
/// too.
const BYTES_AT_ONCE: u64 = PIECE as u64;

/// Why a file cannot be read any further, in words for CompletionMessage.
pub(super) type Unreadable = String;

/// A part of a file that is held, and where it lies.
#[derive(Default)]
pub(super) struct Window {
    bytes: Vec<u8>,
    offset: u64,
}

/// Rows, each with its line, and where the next ones begin.
pub(super) struct Batch {
    pub(super) rows: Vec<(u64, Result<Row, String>)>,
    pub(super) next: Place,
    pub(super) is_last: bool,
}

/// What is wrong where a batch is not there.
pub(super) enum Trouble {
    /// The file: the job fails.
    File(Unreadable),
    /// The database.
    Database(crate::Error),
}

impl From<crate::Error> for Trouble {
    fn from(error: crate::Error) -> Self {
        Self::Database(error)
    }
}

impl From<cognate_store::Error> for Trouble {
    fn from(error: cognate_store::Error) -> Self {
        Self::Database(error.into())
    }
}

/// A job's file.
pub(super) struct File<'a> {
    pub(super) db: &'a Db,
    pub(super) job: &'a ImportJob,
    pub(super) window: &'a mut Window,
}

impl File<'_> {
    /// Reads the header; gives the columns and where the first row begins.
    pub(super) async fn header(&mut self, pool: &UserPool) -> Result<(Columns, Place), Trouble> {
        let mut place = Place::default();
        self.fill(place.offset, BYTE_ORDER_MARK.len()).await?;
        if self.ahead(place.offset).starts_with(BYTE_ORDER_MARK) {
            place.offset = BYTE_ORDER_MARK.len() as u64;
        }
        loop {
            let (found, next) = self.step(place).await?;
            place = next;
            match found {
                None => return Err(Trouble::File("The CSV file has no header.".to_owned())),
                Some(Step::Blank | Step::Skipped) => {}
                Some(Step::Record(names)) => {
                    let names = names.map_err(|error| {
                        Trouble::File(format!(
                            "The header of the CSV file cannot be read. {error}"
                        ))
                    })?;
                    let columns = Columns::parse(&names, &pool.schema, self.job.hashing.is_some());
                    let columns = columns.map_err(|error| Trouble::File(error.to_string()))?;
                    return Ok((columns, place));
                }
            }
        }
    }

    /// Reads the next rows.
    pub(super) async fn batch(&mut self, columns: &Columns, from: Place) -> Result<Batch, Trouble> {
        let mut batch = Batch {
            rows: Vec::new(),
            next: from,
            is_last: false,
        };
        while batch.rows.len() < ROWS_AT_ONCE && batch.next.offset - from.offset < BYTES_AT_ONCE {
            let line = batch.next.line;
            let (found, next) = self.step(batch.next).await?;
            batch.next = next;
            match found {
                None => {
                    batch.is_last = true;
                    break;
                }
                Some(Step::Blank | Step::Skipped) => {}
                Some(Step::Record(values)) => {
                    if batch.next.rows == MAX_ROWS {
                        let why = format!("The CSV file has more than {MAX_ROWS} users.");
                        return Err(Trouble::File(why));
                    }
                    batch.next.rows += 1;
                    let row = values.map_err(|error| error.to_string());
                    let row = row
                        .and_then(|values| columns.row(values).map_err(|error| error.to_string()));
                    batch.rows.push((line, row));
                }
            }
        }
        Ok(batch)
    }

    /// A step forward from a place; none at the end of the file.
    async fn step(&mut self, from: Place) -> Result<(Option<Step>, Place), Trouble> {
        let mut wanted = 1;
        loop {
            let is_all = self.fill(from.offset, wanted).await?;
            match read(self.ahead(from.offset), is_all, from.skipping) {
                Read::End => return Ok((None, from)),
                Read::NeedsMore => wanted = LONGEST_RECORD,
                Read::Advance(advance) => {
                    let next = Place {
                        offset: from.offset + advance.length as u64,
                        line: from.line + advance.lines,
                        rows: from.rows,
                        skipping: advance.skipping,
                    };
                    return Ok((Some(advance.step), next));
                }
            }
        }
    }

    /// What is held from an offset on.
    fn ahead(&self, offset: u64) -> &[u8] {
        let behind = offset.checked_sub(self.window.offset);
        let behind = behind.and_then(|behind| usize::try_from(behind).ok());
        behind
            .and_then(|behind| self.window.bytes.get(behind..))
            .unwrap_or_default()
    }

    /// Sees to it that so many bytes are held from an offset on, as far as there are; whether what
    /// is held reaches to the end of the file.
    async fn fill(&mut self, offset: u64, wanted: usize) -> Result<bool, Trouble> {
        let gone = || Trouble::File("The CSV file is gone.".to_owned());
        let file = self.job.file.as_ref().ok_or_else(gone)?;
        let held_to = self.window.offset + self.window.bytes.len() as u64;
        if offset < self.window.offset || offset > held_to {
            let piece = offset - offset % PIECE as u64;
            *self.window = Window {
                bytes: Vec::new(),
                offset: piece,
            };
        }
        loop {
            let held_to = self.window.offset + self.window.bytes.len() as u64;
            if held_to >= file.bytes {
                return Ok(true);
            }
            if self.ahead(offset).len() >= wanted && held_to > offset {
                return Ok(false);
            }
            self.take_next_piece(file, offset, held_to).await?;
        }
    }

    async fn take_next_piece(
        &mut self,
        file: &UploadedFile,
        offset: u64,
        held_to: u64,
    ) -> Result<(), Trouble> {
        let number = i64::try_from(held_to / PIECE as u64).unwrap_or(i64::MAX);
        let (pool, id) = (&self.job.pool, &self.job.id);
        let mut reader = self.db.read().await?;
        let piece = import_files::find(&mut reader, pool, id, &file.upload, number).await?;
        let gone = || Trouble::File("A part of the CSV file is gone.".to_owned());
        let piece = piece.filter(|piece| !piece.is_empty()).ok_or_else(gone)?;
        let read = offset.saturating_sub(self.window.offset);
        let read = usize::try_from(read)
            .unwrap_or(usize::MAX)
            .min(self.window.bytes.len());
        self.window.bytes.drain(..read);
        self.window.offset += read as u64;
        self.window.bytes.extend_from_slice(piece.expose());
        Ok(())
    }
}
