//! The import of users from a CSV file (docs/protocol.md §19): the job, how its file is read, and
//! what is told of each row.

mod columns;
mod job;
mod log;
mod records;
mod row;

pub use columns::{Columns, HeaderError, PASSWORD_HASH, header};
pub use job::{
    Counts, ImportJob, ImportJobId, JobStatus, MAX_ROWS, PasswordHashing, Place, UploadedFile,
};
pub use log::{LogPiece, Outcome};
pub use records::{Advance, BYTE_ORDER_MARK, BadRecord, LONGEST_RECORD, Read, Step, read};
pub use row::{Row, RowError, check_verified, check_with_pool};
