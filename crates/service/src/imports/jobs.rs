//! GetCSVHeader, and import jobs: make, show, list, start, stop.

use cognate_api::idp::{
    CreateUserImportJobRequest, CreateUserImportJobResponse, DescribeUserImportJobRequest,
    DescribeUserImportJobResponse, GetCSVHeaderRequest, GetCSVHeaderResponse,
    ListUserImportJobsRequest, ListUserImportJobsResponse, PasswordHashingAlgorithmType,
    StartUserImportJobRequest, StartUserImportJobResponse, StopUserImportJobRequest,
    StopUserImportJobResponse,
};
use cognate_model::user_import::{Counts, ImportJob, JobStatus, PasswordHashing, Place, header};
use cognate_model::{ImportJobId, Timestamp, UserPool, UserPoolId};
use cognate_store::import_jobs::StoredJob;
use cognate_store::{Tx, import_jobs, user_pools};

use super::shown;
use crate::outcome::{Reached, write_settled};
use crate::{Cx, Error, Result, page_token};

/// The most jobs that a pool has.
const MOST_JOBS: i64 = 1_000;
/// The largest page.
const MAX_PAGE: i32 = 60;

pub(crate) async fn get_csv_header(
    cx: Cx,
    input: GetCSVHeaderRequest,
) -> Result<GetCSVHeaderResponse> {
    let pool = fresh(&mut cx.app.db.read().await?, &input.user_pool_id).await?;
    Ok(GetCSVHeaderResponse {
        csv_header: Some(header(&pool.schema)),
        user_pool_id: Some(input.user_pool_id),
    })
}

pub(crate) async fn create_user_import_job(
    cx: Cx,
    input: CreateUserImportJobRequest,
) -> Result<CreateUserImportJobResponse> {
    let pool = parse_pool(&input.user_pool_id)?;
    let job = ImportJob {
        pool,
        id: ImportJobId::random(&mut cx.random()),
        name: input.job_name,
        role_arn: input.cloud_watch_logs_role_arn,
        hashing: input.password_hashing_algorithm.map(hashing).transpose()?,
        created_at: cx.now,
        started_at: None,
        ended_at: None,
        status: JobStatus::Created,
        message: None,
        file: None,
        uploading: None,
        place: Place::default(),
        counts: Counts::default(),
        log_pieces: 0,
    };
    let (looked_for, written) = (job.clone(), job.clone());
    let stands = async move |tx: &mut Tx| -> Result<Option<()>> {
        let found = import_jobs::find(tx, &looked_for.pool, &looked_for.id).await?;
        Ok(found.map(drop))
    };
    let create = async move |tx: &mut Tx| -> Result<()> {
        fresh(tx, written.pool.as_str()).await?;
        if import_jobs::number(tx, &written.pool).await? >= MOST_JOBS {
            return Err(Error::limit_exceeded("a user pool has 1000 import jobs"));
        }
        Ok(import_jobs::insert(tx, &written).await?)
    };
    write_settled(&cx.app.db, "create_user_import_job", stands, create).await?;
    Ok(CreateUserImportJobResponse {
        user_import_job: Some(shown::job(&cx.app, &job)),
    })
}

pub(crate) async fn describe_user_import_job(
    cx: Cx,
    input: DescribeUserImportJobRequest,
) -> Result<DescribeUserImportJobResponse> {
    let mut reader = cx.app.db.read().await?;
    let pool = fresh(&mut reader, &input.user_pool_id).await?;
    let stored = existing(&mut reader, &pool.id, &input.job_id).await?;
    Ok(DescribeUserImportJobResponse {
        user_import_job: Some(shown::job(&cx.app, &as_of(stored.job, cx.now))),
    })
}

pub(crate) async fn list_user_import_jobs(
    cx: Cx,
    input: ListUserImportJobsRequest,
) -> Result<ListUserImportJobsResponse> {
    let mut reader = cx.app.db.read().await?;
    let pool = fresh(&mut reader, &input.user_pool_id).await?;
    let query = format!("ListUserImportJobs {}", pool.id);
    let after: Option<(i64, ImportJobId)> = input
        .pagination_token
        .map(|token| page_token::open(&cx.app, &query, &token))
        .transpose()?;
    let after = after.as_ref().map(|(at, id)| (Timestamp(*at), id));
    let limit = input.max_results.clamp(1, MAX_PAGE);
    let mut page = import_jobs::page(&mut reader, &pool.id, after, (limit + 1).into()).await?;
    let key = |job: &ImportJob| (job.created_at.0, job.id.clone());
    let pagination_token =
        page_token::cut(&cx.app, &query, &mut page, usize::try_from(limit)?, key)?;
    let jobs = page.into_iter().map(|job| as_of(job, cx.now));
    Ok(ListUserImportJobsResponse {
        user_import_jobs: Some(jobs.map(|job| shown::job(&cx.app, &job)).collect()),
        pagination_token,
    })
}

pub(crate) async fn start_user_import_job(
    cx: Cx,
    input: StartUserImportJobRequest,
) -> Result<StartUserImportJobResponse> {
    let (pool, id, now) = (parse_pool(&input.user_pool_id)?, input.job_id, cx.now);
    let reached = Reached::default();
    let (looked_for, was_started) = ((pool.clone(), id.clone()), reached.clone());
    let stands = async move |tx: &mut Tx| -> Result<Option<ImportJob>> {
        let found = existing(tx, &looked_for.0, &looked_for.1).await?;
        let is_started = was_started.is_set() && found.job.started_at == Some(now);
        Ok(is_started.then_some(found.job))
    };
    let start = async move |tx: &mut Tx| -> Result<ImportJob> {
        reached.clear();
        let pool = fresh(tx, pool.as_str()).await?;
        let mut stored = existing(tx, &pool.id, &id).await?;
        check_can_start(tx, &pool, &stored.job, now).await?;
        stored.job.start(now);
        stored.let_go();
        import_jobs::update(tx, &stored).await?;
        reached.set();
        Ok(stored.job)
    };
    let job = write_settled(&cx.app.db, "start_user_import_job", stands, start).await?;
    cx.app.import_started.notify_one();
    Ok(StartUserImportJobResponse {
        user_import_job: Some(shown::job(&cx.app, &job)),
    })
}

/// What has to be so before a job starts (docs/protocol.md §19.2).
async fn check_can_start(
    tx: &mut Tx,
    pool: &UserPool,
    job: &ImportJob,
    now: Timestamp,
) -> Result<()> {
    if !job.is_open(now) {
        let status = as_of(job.clone(), now).status.as_str();
        return Err(Error::import_job_cannot_start(status));
    }
    if pool.settings.auto_verified.is_empty() {
        return Err(Error::nothing_is_auto_verified());
    }
    if job.file.is_none() {
        return Err(Error::no_csv_file(&job.id));
    }
    if import_jobs::runs(tx, &pool.id).await? {
        return Err(Error::another_import_runs());
    }
    Ok(())
}

pub(crate) async fn stop_user_import_job(
    cx: Cx,
    input: StopUserImportJobRequest,
) -> Result<StopUserImportJobResponse> {
    let (pool, id, now) = (parse_pool(&input.user_pool_id)?, input.job_id, cx.now);
    let reached = Reached::default();
    let (looked_for, was_stopped) = ((pool.clone(), id.clone()), reached.clone());
    let stands = async move |tx: &mut Tx| -> Result<Option<ImportJob>> {
        let found = existing(tx, &looked_for.0, &looked_for.1).await?;
        let stops = matches!(found.job.status, JobStatus::Stopping | JobStatus::Stopped);
        Ok((was_stopped.is_set() && stops).then_some(found.job))
    };
    let stop = async move |tx: &mut Tx| -> Result<ImportJob> {
        reached.clear();
        fresh(tx, pool.as_str()).await?;
        let mut stored = existing(tx, &pool, &id).await?;
        match stored.job.status {
            JobStatus::Stopping => return Ok(stored.job),
            JobStatus::Pending => {
                stored.job.stop(now);
                stored.let_go();
            }
            // Who imports has it still, and notices before the next users.
            JobStatus::InProgress => stored.job.stop(now),
            _ => {
                let status = as_of(stored.job, now).status.as_str();
                return Err(Error::import_job_cannot_stop(status));
            }
        }
        import_jobs::update(tx, &stored).await?;
        reached.set();
        Ok(stored.job)
    };
    let job = write_settled(&cx.app.db, "stop_user_import_job", stands, stop).await?;
    Ok(StopUserImportJobResponse {
        user_import_job: Some(shown::job(&cx.app, &job)),
    })
}

/// A job whose time for its start is over has expired, whether or not a node has noted it.
fn as_of(mut job: ImportJob, now: Timestamp) -> ImportJob {
    if job.status == JobStatus::Created && !job.is_open(now) {
        job.end_expired(now);
    }
    job
}

fn parse_pool(id: &str) -> Result<UserPoolId> {
    UserPoolId::parse(id).map_err(|_| Error::user_pool_does_not_exist(id))
}

/// The pool as it stands.
async fn fresh(tx: &mut Tx, id: &str) -> Result<UserPool> {
    user_pools::find(tx, &parse_pool(id)?)
        .await?
        .ok_or_else(|| Error::user_pool_does_not_exist(id))
}

async fn existing(tx: &mut Tx, pool: &UserPoolId, id: &str) -> Result<StoredJob> {
    let none = || Error::import_job_does_not_exist(id);
    let parsed = ImportJobId::parse(id).map_err(|_| none())?;
    import_jobs::find(tx, pool, &parsed).await?.ok_or_else(none)
}

fn hashing(algorithm: PasswordHashingAlgorithmType) -> Result<PasswordHashing> {
    Ok(match algorithm {
        PasswordHashingAlgorithmType::Bcrypt => PasswordHashing::Bcrypt,
        PasswordHashingAlgorithmType::Scrypt => PasswordHashing::Scrypt,
        PasswordHashingAlgorithmType::Argon2Id => PasswordHashing::Argon2id,
        PasswordHashingAlgorithmType::Pbkdf2Sha256 => PasswordHashing::Pbkdf2Sha256,
        PasswordHashingAlgorithmType::Unknown(_) => {
            return Err(Error::invalid_parameter("Unknown PasswordHashingAlgorithm"));
        }
    })
}
