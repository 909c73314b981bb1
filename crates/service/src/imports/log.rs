//! The log of an import, as `cognate import-log` reads it.

use cognate_model::user_import::JobStatus;
use cognate_model::{ImportJobId, UserPoolId};
use cognate_store::{Db, import_jobs, import_logs};

/// Why a log was not read.
#[derive(Debug, thiserror::Error)]
pub enum ImportLogError {
    /// Ids that no job has.
    #[error("the user pool «{0}» has no import job «{1}»")]
    NoSuchJob(String, String),
    /// The database's reason.
    #[error(transparent)]
    Store(#[from] cognate_store::Error),
}

/// The log of one job.
pub struct ImportLog<'a> {
    db: &'a Db,
    pool: UserPoolId,
    job: ImportJobId,
    /// Where the job stands.
    pub status: JobStatus,
    /// How it ended.
    pub message: Option<String>,
}

impl<'a> ImportLog<'a> {
    /// The log of a job.
    ///
    /// # Errors
    /// [`ImportLogError`].
    pub async fn of(db: &'a Db, pool: &str, job: &str) -> Result<Self, ImportLogError> {
        let none = || ImportLogError::NoSuchJob(pool.to_owned(), job.to_owned());
        let id = UserPoolId::parse(pool).map_err(|_| none())?;
        let job_id = ImportJobId::parse(job).map_err(|_| none())?;
        let found = import_jobs::find(&mut db.read().await?, &id, &job_id).await?;
        let stored = found.ok_or_else(none)?;
        Ok(Self {
            db,
            pool: id,
            job: job_id,
            status: stored.job.status,
            message: stored.job.message,
        })
    }

    /// The lines of the piece behind the one of a number, with its own number; none where the log
    /// ends, for now. The first is behind −1.
    ///
    /// # Errors
    /// What the database gives.
    pub async fn next(&self, after: i64) -> Result<Option<(i64, Vec<String>)>, ImportLogError> {
        let mut reader = self.db.read().await?;
        let next = import_logs::next(&mut reader, &self.pool, &self.job, after).await?;
        Ok(next.map(|(number, piece)| (number, piece.lines().collect())))
    }
}
