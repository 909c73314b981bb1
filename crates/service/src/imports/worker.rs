//! The work on import jobs: on any node, one job at a time in each lane, a batch of rows in each
//! transaction.
//!
//! A batch stores its users, what became of its rows and where the next one begins in one
//! transaction, which checks that the job is still this worker's and stands where the batch begins.
//! So a node that dies loses nothing and leaves nothing half done, and of two nodes that take each
//! other for dead one goes on.

use std::sync::Arc;
use std::time::Duration;

use cognate_model::user_import::{Columns, ImportJob, JobStatus, LogPiece, Outcome, Place};
use cognate_model::{ImportJobId, Timestamp, UserPool, UserPoolId};
use cognate_store::import_jobs::StoredJob;
use cognate_store::{Error as StoreError, Tx, import_files, import_jobs, import_logs, user_pools};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::new_user::{self, Imported};
use super::reading::{Batch, File, Trouble, Window};
use crate::app::App;
use crate::{Error, Result};

/// How many jobs a node works on at once, each of another pool.
const LANES: usize = 2;
/// How often jobs are looked for when nothing wakes this node up.
const INTERVAL: Duration = Duration::from_secs(5);
/// How long a job belongs to the node that works on it; each batch begins it anew.
const LEASE: Duration = Duration::from_secs(30);
/// How long what would be deleted waits at a time for a clock that has jumped.
const UNTIL_SETTLED: Duration = Duration::from_secs(3600);
/// How many jobs are looked at, should the first ones be none of this node's.
const LOOKED_AT: i64 = 16;
/// How many pieces of a file, or of a log, are deleted in one transaction.
const PIECES_AT_ONCE: i64 = 16;

/// Starts the lanes of a node; they end when `stopped` says so, each between two batches.
pub(crate) fn start(app: &Arc<App>, jobs: &mut JoinSet<()>, stopped: &watch::Receiver<bool>) {
    for _ in 0..LANES {
        jobs.spawn(run(Importer::new(app), stopped.clone()));
    }
}

async fn run(mut importer: Importer, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        let started = Instant::now();
        let app = Arc::clone(&importer.app);
        // As long as it has worked it rests, so that what else is written has half of the time.
        let (pause, is_idle) = match importer.step().await {
            Ok(true) => (started.elapsed(), false),
            Ok(false) => (INTERVAL, true),
            Err(error) => {
                log_failure(&error);
                (INTERVAL, true)
            }
        };
        tokio::select! {
            () = app.import_started.notified(), if is_idle => {}
            () = tokio::time::sleep(pause) => {}
            _ = stopped.changed() => {}
        }
    }
}

fn log_failure(error: &Error) {
    let cause = error.source.as_ref().map(tracing::field::display);
    tracing::warn!(error = %error, cause, "an import of users could not go on");
}

/// A worker on import jobs.
pub struct Importer {
    app: Arc<App>,
    /// Its name, which a job that it works on has.
    name: String,
    /// The job that it works on.
    held: Option<Held>,
}

/// A job that is worked on, and what is kept of its file meanwhile.
struct Held {
    pool: UserPoolId,
    job: ImportJobId,
    columns: Option<(i64, Columns)>,
    window: Window,
}

/// What a transaction made of a batch.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Went {
    /// There is more to do.
    On,
    /// The job has ended.
    ToTheEnd,
    /// The job is another's now, or stands elsewhere.
    Astray,
    /// The pool was changed since its rules were read.
    Anew,
}

impl Importer {
    /// A worker that holds no job yet.
    #[must_use]
    pub fn new(app: &Arc<App>) -> Self {
        Self {
            app: Arc::clone(app),
            name: app.entropy.generator().uuid_v4(),
            held: None,
        }
    }

    /// Does one thing: takes a job, imports a batch, or puts away some of what has ended. False
    /// when there is nothing to do.
    ///
    /// # Errors
    /// Only what the database gives. What was held is let go, to be taken again when its time is
    /// over.
    pub async fn step(&mut self) -> Result<bool> {
        let Some(mut held) = self.held.take() else {
            return self.look_for_work().await;
        };
        match self.import(&mut held).await? {
            Went::On | Went::Anew => self.held = Some(held),
            Went::ToTheEnd | Went::Astray => {}
        }
        Ok(true)
    }

    async fn look_for_work(&mut self) -> Result<bool> {
        let now = self.app.clock.now();
        let mut reader = self.app.db.read().await?;
        let due = import_jobs::due(&mut reader, now, LOOKED_AT).await?;
        drop(reader);
        for (pool, job) in due {
            match self.take_up(&pool, &job).await {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                // Another version's job, say: the others go on.
                Err(error) => log_failure(&error),
            }
        }
        Ok(false)
    }

    /// Does what a job is due for; false when it is not due any more.
    async fn take_up(&mut self, pool: &UserPoolId, job: &ImportJobId) -> Result<bool> {
        let (now, settled) = (self.app.clock.now(), self.app.clock.settled());
        let (name, pool_id, job_id) = (self.name.clone(), pool.clone(), job.clone());
        let take = async move |tx: &mut Tx| -> Result<Option<JobStatus>> {
            let Some(mut stored) = import_jobs::find(tx, &pool_id, &job_id).await? else {
                return Ok(None);
            };
            if stored.due_at > now {
                return Ok(None);
            }
            match stored.job.status {
                JobStatus::Created => {
                    stored.job.end_expired(now);
                    stored.let_go();
                }
                JobStatus::Stopping => {
                    stored.job.end_stopped(now);
                    stored.let_go();
                }
                JobStatus::Pending | JobStatus::InProgress => {
                    stored.job.status = JobStatus::InProgress;
                    stored.holder = name;
                    stored.due_at = now.plus(LEASE);
                }
                _ => return put_away(tx, stored, (now, settled)).await.map(Some),
            }
            import_jobs::update(tx, &stored).await?;
            Ok(Some(stored.job.status))
        };
        let taken = self.app.db.write("take_import", take).await?;
        if taken == Some(JobStatus::InProgress) {
            self.held = Some(Held {
                pool: pool.clone(),
                job: job.clone(),
                columns: None,
                window: Window::default(),
            });
        }
        Ok(taken.is_some())
    }

    async fn import(&self, held: &mut Held) -> Result<Went> {
        let mut reader = self.app.db.read().await?;
        let stored = import_jobs::find(&mut reader, &held.pool, &held.job).await?;
        let pool = user_pools::find(&mut reader, &held.pool).await?;
        drop(reader);
        let (Some(stored), Some(pool)) = (stored, pool) else {
            return Ok(Went::Astray);
        };
        if !stored.is_run_by(&self.name) {
            return Ok(Went::Astray);
        }
        let job = &stored.job;
        let (from, batch) = match self.read(held, job, &pool).await {
            Ok(read) => read,
            Err(Trouble::File(why)) => return self.give_up(held, why).await,
            Err(Trouble::Database(error)) => return self.broken_off(held, error).await,
        };
        let (mut random, now) = (self.app.entropy.generator(), self.app.clock.now());
        let rows = batch.rows.into_iter().map(|(line, row)| {
            let row = row.and_then(|row| new_user::read(&pool, job, row, now, &mut random));
            (line, row)
        });
        let rows = rows.collect();
        let work = Work {
            name: self.name.clone(),
            pool,
            job: held.job.clone(),
            from,
            rows,
            next: batch.next,
            is_last: batch.is_last,
        };
        match self.store(work).await {
            Ok(went) => Ok(went),
            Err(error) => self.broken_off(held, error).await,
        }
    }

    /// The next rows of a job's file, and where the job stands as it was read.
    async fn read(
        &self,
        held: &mut Held,
        job: &ImportJob,
        pool: &UserPool,
    ) -> Result<(Place, Batch), Trouble> {
        let mut file = File {
            db: &self.app.db,
            job,
            window: &mut held.window,
        };
        // Another revision of the pool may have another schema.
        let known = held.columns.as_ref();
        let mut begin = job.place;
        if known.is_none_or(|(revision, _)| *revision != pool.revision) || begin.offset == 0 {
            let (columns, behind) = file.header(pool).await?;
            if begin.offset == 0 {
                begin = behind;
            }
            held.columns = Some((pool.revision, columns));
        }
        let Some((_, columns)) = &held.columns else {
            return Err(Trouble::File("The CSV file has no header.".to_owned()));
        };
        let batch = file.batch(columns, begin).await?;
        Ok((job.place, batch))
    }

    /// Stores a batch.
    async fn store(&self, work: Work) -> Result<Went> {
        let (work, app) = (Arc::new(work), Arc::clone(&self.app));
        let import = async move |tx: &mut Tx| -> Result<Went> {
            let now = app.clock.now();
            let found = import_jobs::find(tx, &work.pool.id, &work.job).await?;
            let Some(mut stored) = found.filter(|stored| stored.is_run_by(&work.name)) else {
                return Ok(Went::Astray);
            };
            if stored.job.status == JobStatus::Stopping {
                stored.job.end_stopped(now);
                stored.let_go();
                import_jobs::update(tx, &stored).await?;
                return Ok(Went::ToTheEnd);
            }
            if stored.job.place != work.from {
                return Ok(Went::Astray);
            }
            match user_pools::find(tx, &work.pool.id).await? {
                None => return Ok(Went::Astray),
                Some(pool) if pool.revision != work.pool.revision => return Ok(Went::Anew),
                Some(_) => {}
            }
            work.put(tx, &mut stored.job).await?;
            if work.is_last {
                stored.job.end_read(now);
                stored.let_go();
            } else {
                stored.due_at = now.plus(LEASE);
            }
            import_jobs::update(tx, &stored).await?;
            Ok(if work.is_last {
                Went::ToTheEnd
            } else {
                Went::On
            })
        };
        self.app.db.write("import_users", import).await
    }

    /// What the database gives: what may pass is waited for, and what would come again ends the
    /// job.
    async fn broken_off(&self, held: &Held, error: Error) -> Result<Went> {
        let source = error.source.as_deref();
        let store = source.and_then(|source| source.downcast_ref::<StoreError>());
        let comes_again = matches!(
            store,
            Some(StoreError::Statement(_) | StoreError::Unreadable(_) | StoreError::Sealed)
        );
        if !comes_again {
            return Err(error);
        }
        let cause = error.source.as_ref().map(tracing::field::display);
        tracing::error!(error = %error, cause, "an import of users has failed");
        self.give_up(held, "An internal error has ended the import.".to_owned())
            .await
    }

    /// Ends a job that cannot go on.
    async fn give_up(&self, held: &Held, why: String) -> Result<Went> {
        let (name, app) = (self.name.clone(), Arc::clone(&self.app));
        let (pool, job) = (held.pool.clone(), held.job.clone());
        let give_up = async move |tx: &mut Tx| -> Result<Went> {
            let found = import_jobs::find(tx, &pool, &job).await?;
            let Some(mut stored) = found.filter(|stored| stored.is_run_by(&name)) else {
                return Ok(Went::Astray);
            };
            stored.job.end_failed(&why, app.clock.now());
            stored.let_go();
            import_jobs::update(tx, &stored).await?;
            Ok(Went::ToTheEnd)
        };
        self.app.db.write("give_up_import", give_up).await
    }
}

/// A batch that is to be stored.
struct Work {
    name: String,
    pool: UserPool,
    job: ImportJobId,
    from: Place,
    rows: Vec<(u64, Result<Imported, String>)>,
    next: Place,
    is_last: bool,
}

impl Work {
    /// Stores the users, and what became of each row.
    async fn put(&self, tx: &mut Tx, job: &mut ImportJob) -> Result<()> {
        let mut outcomes = Vec::with_capacity(self.rows.len());
        for (line, row) in &self.rows {
            let outcome = match row {
                Ok(imported) => new_user::store(tx, &self.pool, imported).await?,
                Err(why) => Outcome::Failed(why.clone()),
            };
            match outcome {
                Outcome::Succeeded => job.counts.imported += 1,
                Outcome::Skipped => job.counts.skipped += 1,
                Outcome::Failed(_) => job.counts.failed += 1,
            }
            outcomes.push((*line, outcome));
        }
        if !outcomes.is_empty() {
            let piece = LogPiece::of(&outcomes);
            import_logs::add(tx, &self.pool.id, &self.job, job.log_pieces, &piece).await?;
            job.log_pieces += 1;
        }
        job.place = self.next;
        Ok(())
    }
}

/// Deletes some of what a job has left that has ended: its file at once, and when it has been kept
/// for long enough its log and then itself.
///
/// A log does not come back when a clock does that had jumped, so it waits until the clock has
/// settled.
async fn put_away(
    tx: &mut Tx,
    mut stored: StoredJob,
    (now, settled): (Timestamp, Timestamp),
) -> Result<JobStatus> {
    let (pool, id) = (stored.job.pool.clone(), stored.job.id.clone());
    let status = stored.job.status;
    let has_file = stored.job.file.is_some() || stored.job.uploading.is_some();
    if has_file {
        if import_files::delete_others(tx, &pool, &id, ["", ""], PIECES_AT_ONCE).await? == 0 {
            stored.job.file = None;
            stored.job.uploading = None;
            stored.let_go();
            import_jobs::update(tx, &stored).await?;
        }
    } else if settled < stored.job.due_at() {
        stored.due_at = now.plus(UNTIL_SETTLED);
        import_jobs::update(tx, &stored).await?;
    } else if import_logs::delete_some(tx, &pool, &id, PIECES_AT_ONCE).await? == 0 {
        import_jobs::delete(tx, &pool, &id).await?;
    }
    Ok(status)
}
