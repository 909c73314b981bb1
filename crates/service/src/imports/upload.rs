//! The upload of a job's file, in pieces: each is stored before the next is taken, so that a file
//! takes no more memory than a piece.

use cognate_model::user_import::UploadedFile;
use cognate_model::{ImportJobId, Timestamp, UserPoolId};
use cognate_store::import_jobs::StoredJob;
use cognate_store::{Tx, import_files, import_jobs};

use super::address;
pub use super::address::Proof;
use crate::outcome::{write_again, write_settled};
use crate::{Cx, Error, Result};

/// The size of a piece, but for the last of a file.
pub const PIECE: usize = 256 << 10;
/// The largest file, in bytes.
pub const LARGEST: usize = 100_000_000;
/// How many pieces are deleted in one transaction.
const PIECES_AT_ONCE: i64 = 16;

/// A file that is being uploaded.
pub struct Upload {
    cx: Cx,
    pool: UserPoolId,
    job: ImportJobId,
    /// Its name: a newer upload has another.
    name: String,
    pieces: i64,
    bytes: u64,
}

impl Upload {
    /// Begins one, in the place of another that is under way; a file that was uploaded before stays
    /// until this one is whole.
    ///
    /// # Errors
    /// `AccessDeniedException` when the address is not good, `ResourceNotFoundException` when its
    /// job is gone, `PreconditionNotMetException` when that was started.
    pub async fn begin(cx: Cx, pool: &str, job: &str, proof: &Proof) -> Result<Self> {
        let (pool, job) = address::check(&cx.app, (pool, job), proof, cx.now)?;
        let upload = Self {
            name: cx.random().uuid_v4(),
            cx,
            pool,
            job,
            pieces: 0,
            bytes: 0,
        };
        let kept = upload
            .change("begin_upload", |stored, name| {
                stored.job.uploading = Some(name.to_owned());
            })
            .await?;
        upload
            .delete_others(kept.as_deref().unwrap_or_default())
            .await?;
        Ok(upload)
    }

    /// Stores the next piece. All but the last have [`PIECE`] bytes.
    ///
    /// # Errors
    /// `PreconditionNotMetException` when the job was started, or another upload began.
    pub async fn put(&mut self, bytes: Vec<u8>) -> Result<()> {
        let length = bytes.len() as u64;
        let (pool, job, name) = (self.pool.clone(), self.job.clone(), self.name.clone());
        let (number, now) = (self.pieces, self.cx.now);
        let bytes = std::sync::Arc::<[u8]>::from(bytes);
        let looked_for = (pool.clone(), job.clone(), name.clone());
        let stands = async move |tx: &mut Tx| -> Result<Option<()>> {
            let (pool, job, name) = &looked_for;
            let found = import_files::find(tx, pool, job, name, number).await?;
            Ok(found.map(drop))
        };
        let put = async move |tx: &mut Tx| -> Result<()> {
            under_way(tx, (&pool, &job), &name, now).await?;
            Ok(import_files::put(tx, &pool, &job, &name, (number, &bytes)).await?)
        };
        write_settled(&self.cx.app.db, "put_piece_of_import", stands, put).await?;
        self.pieces += 1;
        self.bytes += length;
        Ok(())
    }

    /// The file is whole: it takes the place of the one before.
    ///
    /// # Errors
    /// As [`Upload::put`].
    pub async fn finish(self) -> Result<()> {
        let bytes = self.bytes;
        let finish = move |stored: &mut StoredJob, name: &str| {
            stored.job.uploading = None;
            stored.job.file = Some(UploadedFile {
                upload: name.to_owned(),
                bytes,
            });
        };
        self.change("finish_upload", finish).await?;
        self.delete_others("").await
    }

    /// Changes the job, if it still waits for its file; gives the upload of the file that it has.
    async fn change(
        &self,
        name: &'static str,
        change: impl Fn(&mut StoredJob, &str) + Clone + Send + Sync + 'static,
    ) -> Result<Option<String>> {
        let (pool, job, upload) = (self.pool.clone(), self.job.clone(), self.name.clone());
        let (now, begins) = (self.cx.now, self.pieces == 0 && name == "begin_upload");
        let looked_for = (pool.clone(), job.clone(), upload.clone());
        let stands = async move |tx: &mut Tx| -> Result<Option<Option<String>>> {
            let (pool, job, upload) = &looked_for;
            let Some(StoredJob { job, .. }) = import_jobs::find(tx, pool, job).await? else {
                return Ok(None);
            };
            let file = job.file.map(|file| file.upload);
            let is_done = if begins {
                job.uploading.as_ref() == Some(upload)
            } else {
                file.as_ref() == Some(upload)
            };
            Ok(is_done.then_some(file))
        };
        let change = async move |tx: &mut Tx| -> Result<Option<String>> {
            let mut stored = if begins {
                open(tx, (&pool, &job), now).await?
            } else {
                under_way(tx, (&pool, &job), &upload, now).await?
            };
            change(&mut stored, &upload);
            import_jobs::update(tx, &stored).await?;
            Ok(stored.job.file.map(|file| file.upload))
        };
        write_settled(&self.cx.app.db, name, stands, change).await
    }

    /// Deletes what other uploads have left, but for one.
    async fn delete_others(&self, kept: &str) -> Result<()> {
        loop {
            let (pool, job) = (self.pool.clone(), self.job.clone());
            let (name, kept) = (self.name.clone(), kept.to_owned());
            let deleted = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
            let count = std::sync::Arc::clone(&deleted);
            let delete = async move |tx: &mut Tx| -> Result<()> {
                let kept = [name.as_str(), kept.as_str()];
                let some =
                    import_files::delete_others(tx, &pool, &job, kept, PIECES_AT_ONCE).await?;
                count.store(some, std::sync::atomic::Ordering::Relaxed);
                Ok(())
            };
            write_again(&self.cx.app.db, "delete_old_upload", delete).await?;
            if deleted.load(std::sync::atomic::Ordering::Relaxed) == 0 {
                return Ok(());
            }
        }
    }
}

/// A job that takes a file.
async fn open(
    tx: &mut Tx,
    (pool, job): (&UserPoolId, &ImportJobId),
    now: Timestamp,
) -> Result<StoredJob> {
    let stored = import_jobs::find(tx, pool, job).await?;
    let stored = stored.ok_or_else(|| Error::import_job_does_not_exist(job))?;
    if stored.job.is_open(now) {
        Ok(stored)
    } else {
        Err(Error::import_job_takes_no_file())
    }
}

/// A job that takes this upload.
async fn under_way(
    tx: &mut Tx,
    (pool, job): (&UserPoolId, &ImportJobId),
    upload: &str,
    now: Timestamp,
) -> Result<StoredJob> {
    let stored = open(tx, (pool, job), now).await?;
    if stored.job.uploading.as_deref() == Some(upload) {
        Ok(stored)
    } else {
        Err(Error::another_upload_began())
    }
}
