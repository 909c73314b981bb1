//! A job as it is shown.

use cognate_api::Timestamp;
use cognate_api::idp::{PasswordHashingAlgorithmType, UserImportJobStatusType, UserImportJobType};
use cognate_model::user_import::{ImportJob, PasswordHashing};

use super::address;
use crate::app::App;

/// A job as all operations show it.
pub(super) fn job(app: &App, job: &ImportJob) -> UserImportJobType {
    let time = |at: cognate_model::Timestamp| Timestamp(at.0);
    let count = |number: u64| i64::try_from(number).ok();
    UserImportJobType {
        job_name: Some(job.name.clone()),
        job_id: Some(job.id.to_string()),
        user_pool_id: Some(job.pool.to_string()),
        pre_signed_url: Some(address::of(app, job)),
        creation_date: Some(time(job.created_at)),
        start_date: job.started_at.map(time),
        completion_date: job.ended_at.map(time),
        status: Some(UserImportJobStatusType::from(job.status.as_str())),
        cloud_watch_logs_role_arn: Some(job.role_arn.clone()),
        imported_users: count(job.counts.imported),
        skipped_users: count(job.counts.skipped),
        failed_users: count(job.counts.failed),
        completion_message: job.message.clone(),
        password_hashing_algorithm: job.hashing.map(|hashing| match hashing {
            PasswordHashing::Bcrypt => PasswordHashingAlgorithmType::Bcrypt,
            PasswordHashing::Scrypt => PasswordHashingAlgorithmType::Scrypt,
            PasswordHashing::Argon2id => PasswordHashingAlgorithmType::Argon2Id,
            PasswordHashing::Pbkdf2Sha256 => PasswordHashingAlgorithmType::Pbkdf2Sha256,
        }),
    }
}
