//! A job that imports users: what it is told, where it stands, and what may be done with it when.

use std::time::Duration;

use cognate_crypto::password_hash::{Algorithm, HashError};
use cognate_crypto::random::{Alphabet, Random};
use cognate_crypto::secret::SecretString;
use serde::{Deserialize, Serialize};

pub use crate::ids::ImportJobId;
use crate::ids::UserPoolId;
use crate::imported_hash::ImportedHash;
use crate::time::Timestamp;

/// The most users of a file.
pub const MAX_ROWS: u64 = 500_000;
/// So long a job waits to be started.
const MAY_START_FOR: Duration = Duration::from_secs(24 * 3600);
/// So long a job and its log are kept when it has ended.
const IS_KEPT_FOR: Duration = Duration::from_secs(90 * 24 * 3600);

/// The status of a job, under its name on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobStatus {
    /// It was made.
    Created,
    /// It was started, and no node has taken it up yet.
    Pending,
    /// Users are being imported.
    InProgress,
    /// It was stopped, and the node that imports has not noticed yet.
    Stopping,
    /// It was not started in time.
    Expired,
    /// It was stopped.
    Stopped,
    /// It came to no good end.
    Failed,
    /// It came to its end.
    Succeeded,
}

impl JobStatus {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "Created",
            Self::Pending => "Pending",
            Self::InProgress => "InProgress",
            Self::Stopping => "Stopping",
            Self::Expired => "Expired",
            Self::Stopped => "Stopped",
            Self::Failed => "Failed",
            Self::Succeeded => "Succeeded",
        }
    }

    /// Whether it was started and has not ended.
    #[must_use]
    pub fn is_active(self) -> bool {
        matches!(self, Self::Pending | Self::InProgress | Self::Stopping)
    }
}

/// How the passwords of a file are hashed, under its name on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PasswordHashing {
    /// bcrypt.
    #[serde(rename = "BCRYPT")]
    Bcrypt,
    /// scrypt.
    #[serde(rename = "SCRYPT")]
    Scrypt,
    /// Argon2id.
    #[serde(rename = "ARGON2ID")]
    Argon2id,
    /// PBKDF2 with HMAC-SHA-256.
    #[serde(rename = "PBKDF2_SHA256")]
    Pbkdf2Sha256,
}

impl PasswordHashing {
    /// Reads a hash that was made so.
    ///
    /// # Errors
    /// Why it is none, in words that repeat nothing of it.
    pub fn read(self, hash: &SecretString) -> Result<ImportedHash, &'static str> {
        let (algorithm, hash) =
            ImportedHash::parse(hash.expose()).map_err(|error| match error {
                HashError::Unknown => "The password hash has no form that is known.",
                HashError::Malformed => "The password hash is malformed.",
                HashError::TooCostly => "The password hash costs more than is allowed.",
                HashError::Length => "The password hash has not 16 to 64 bytes.",
            })?;
        let is_meant = match self {
            Self::Bcrypt => algorithm == Algorithm::Bcrypt,
            Self::Scrypt => algorithm == Algorithm::Scrypt,
            Self::Argon2id => algorithm == Algorithm::Argon2id,
            Self::Pbkdf2Sha256 => algorithm == Algorithm::Pbkdf2Sha256,
        };
        if is_meant {
            Ok(hash)
        } else {
            Err("The password hash is of another algorithm than the import job names.")
        }
    }
}

/// A file that was uploaded whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadedFile {
    /// The upload under which its pieces are stored.
    pub upload: String,
    /// How long it is.
    pub bytes: u64,
}

/// How far a file has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Place {
    /// Where the next record begins, in bytes.
    pub offset: u64,
    /// On which line, the first being 1.
    pub line: u64,
    /// How many rows were read, the header not counted.
    pub rows: u64,
    /// Whether what follows belongs to a record that was too long.
    pub skipping: bool,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            offset: 0,
            line: 1,
            rows: 0,
            skipping: false,
        }
    }
}

/// What became of the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Users that were made.
    pub imported: u64,
    /// Users that were there already.
    pub skipped: u64,
    /// Rows that are no users.
    pub failed: u64,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportJob {
    /// The pool that users are imported into.
    pub pool: UserPoolId,
    /// Its id.
    pub id: ImportJobId,
    /// What its maker calls it.
    pub name: String,
    /// The role for logs at AWS: kept, shown and never used.
    pub role_arn: String,
    /// How the passwords of its file are hashed, if they come along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hashing: Option<PasswordHashing>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// Where it stands.
    pub status: JobStatus,
    /// How it ended, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Its file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<UploadedFile>,
    /// The newest upload, while it is under way: only its pieces are taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uploading: Option<String>,
    /// How far its file has been read.
    #[serde(default)]
    pub place: Place,
    /// What became of the rows.
    #[serde(default)]
    pub counts: Counts,
    /// How many pieces its log has.
    #[serde(default)]
    pub log_pieces: i64,
}

impl ImportJobId {
    /// A new id, of the form that AWS's have.
    #[must_use]
    pub fn random(random: &mut Random) -> Self {
        Self::of_digits(&random.from_alphabet(10, Alphabet::ALPHANUMERIC))
    }
}

impl ImportJob {
    /// Whether it can still be started, and a file uploaded for it.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.status == JobStatus::Created && now < self.created_at.plus(MAY_START_FOR)
    }

    /// When somebody has to look after it: to end it if it was not started, to import, to delete
    /// its file, or to delete itself. Who imports says a later time.
    #[must_use]
    pub fn due_at(&self) -> Timestamp {
        let ended_at = self.ended_at.unwrap_or(self.created_at);
        let has_file = self.file.is_some() || self.uploading.is_some();
        match self.status {
            JobStatus::Created => self.created_at.plus(MAY_START_FOR),
            status if status.is_active() => self.started_at.unwrap_or(self.created_at),
            _ if has_file => ended_at,
            _ => ended_at.plus(IS_KEPT_FOR),
        }
    }

    /// Starts it.
    pub fn start(&mut self, now: Timestamp) {
        self.status = JobStatus::Pending;
        self.started_at = Some(now);
    }

    /// Stops it: at once when nobody imports yet, else as soon as who imports notices.
    pub fn stop(&mut self, now: Timestamp) {
        if self.status == JobStatus::InProgress {
            self.status = JobStatus::Stopping;
        } else {
            self.end_stopped(now);
        }
    }

    /// Nobody imports any more, because it was stopped.
    pub fn end_stopped(&mut self, now: Timestamp) {
        let message = "The Import Job was stopped by the developer.";
        self.end(JobStatus::Stopped, message, now);
    }

    /// It was not started in time.
    pub fn end_expired(&mut self, now: Timestamp) {
        let message = "The user import job has expired.";
        self.end(JobStatus::Expired, message, now);
    }

    /// It cannot go on.
    pub fn end_failed(&mut self, why: &str, now: Timestamp) {
        self.end(JobStatus::Failed, why, now);
    }

    /// The file was read to its end. It has failed where more rows came to nothing than became
    /// users (docs/protocol.md §19.5).
    pub fn end_read(&mut self, now: Timestamp) {
        let Counts {
            imported,
            skipped,
            failed,
        } = self.counts;
        if skipped + failed > imported {
            let message = "Too many users have failed or been skipped during the import.";
            self.end(JobStatus::Failed, message, now);
        } else {
            let message = "Import Job Completed Successfully.";
            self.end(JobStatus::Succeeded, message, now);
        }
    }

    fn end(&mut self, status: JobStatus, message: &str, now: Timestamp) {
        self.status = status;
        self.message = Some(message.to_owned());
        self.ended_at = Some(now);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn job() -> ImportJob {
        ImportJob {
            pool: UserPoolId::parse("us-east-1_Home").unwrap(),
            id: ImportJobId::parse("import-0123456789").unwrap(),
            name: "people".to_owned(),
            role_arn: String::new(),
            hashing: None,
            created_at: Timestamp(0),
            started_at: None,
            ended_at: None,
            status: JobStatus::Created,
            message: None,
            file: None,
            uploading: None,
            place: Place::default(),
            counts: Counts::default(),
            log_pieces: 0,
        }
    }

    #[test]
    fn a_job_waits_for_its_start_for_a_day() {
        let job = job();
        let day = 24 * 3_600_000;
        assert!(job.is_open(Timestamp(day - 1)) && !job.is_open(Timestamp(day)));
        assert_eq!(job.due_at(), Timestamp(day));
    }

    #[test]
    fn a_job_that_nobody_has_taken_up_stops_at_once_and_another_when_it_is_noticed() {
        let mut pending = job();
        pending.start(Timestamp(5));
        assert!(pending.status.is_active() && pending.due_at() == Timestamp(5));
        pending.stop(Timestamp(6));
        assert_eq!(
            (pending.status, pending.ended_at),
            (JobStatus::Stopped, Some(Timestamp(6)))
        );
        let mut running = job();
        running.status = JobStatus::InProgress;
        running.stop(Timestamp(6));
        assert_eq!(
            (running.status, running.ended_at),
            (JobStatus::Stopping, None)
        );
    }

    #[test]
    fn a_job_fails_where_more_came_to_nothing_than_became_users() {
        for (imported, skipped, failed, status) in [
            (2, 1, 1, JobStatus::Succeeded),
            (0, 0, 0, JobStatus::Succeeded),
            (2, 2, 1, JobStatus::Failed),
            (0, 1, 0, JobStatus::Failed),
            // Recorded at AWS.
            (14, 0, 32, JobStatus::Failed),
            (6, 0, 0, JobStatus::Succeeded),
        ] {
            let mut job = job();
            job.counts = Counts {
                imported,
                skipped,
                failed,
            };
            job.end_read(Timestamp(1));
            assert_eq!(job.status, status, "{:?}", job.counts);
        }
    }

    #[test]
    fn a_job_that_has_ended_is_looked_after_for_its_file_and_then_for_itself() {
        let mut job = job();
        job.file = Some(UploadedFile {
            upload: "a".to_owned(),
            bytes: 1,
        });
        job.end_expired(Timestamp(7));
        assert_eq!(job.due_at(), Timestamp(7));
        job.file = None;
        assert_eq!(job.due_at(), Timestamp(7 + 90 * 24 * 3_600_000));
    }
}
