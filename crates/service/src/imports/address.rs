//! The address that a job's file is uploaded to. Whoever has it may upload, as at AWS: it is
//! signed, bound to its job, and ends with its time. It follows from the job, so it is not stored.

use std::time::Duration;

use cognate_crypto::digest::{ct_eq, hex_encode, hmac_sha256};
use cognate_model::user_import::ImportJob;
use cognate_model::{ImportJobId, Timestamp, UserPoolId};

use crate::app::App;
use crate::{Error, Result};

/// So long after the job was made (docs/protocol.md §19.1).
const IS_GOOD_FOR: Duration = Duration::from_secs(15 * 60);

/// What an address says: the query behind its path.
#[derive(Clone, Debug)]
pub struct Proof {
    /// When it ends, in seconds since the epoch.
    pub expires: i64,
    /// What proves it, in hex.
    pub signature: String,
}

/// The address of a job.
pub(super) fn of(app: &App, job: &ImportJob) -> String {
    let expires = job.created_at.plus(IS_GOOD_FOR).seconds();
    let signature = hex_encode(&sign(app, &job.pool, &job.id, expires));
    format!(
        "{}/{}/import-jobs/{}?expires={expires}&signature={signature}",
        app.config.public_url, job.pool, job.id
    )
}

/// The job of an address.
///
/// # Errors
/// `AccessDeniedException` when it is none of ours, or its time is over.
pub(super) fn check(
    app: &App,
    (pool, job): (&str, &str),
    proof: &Proof,
    now: Timestamp,
) -> Result<(UserPoolId, ImportJobId)> {
    let pool = UserPoolId::parse(pool).map_err(|_| Error::upload_address_invalid())?;
    let job = ImportJobId::parse(job).map_err(|_| Error::upload_address_invalid())?;
    let right = hex_encode(&sign(app, &pool, &job, proof.expires));
    if !ct_eq(right.as_bytes(), proof.signature.as_bytes()) {
        return Err(Error::upload_address_invalid());
    }
    if now.seconds() >= proof.expires {
        return Err(Error::upload_address_expired());
    }
    Ok((pool, job))
}

/// No id has a line end in it.
fn sign(app: &App, pool: &UserPoolId, job: &ImportJobId, expires: i64) -> [u8; 32] {
    let expires = expires.to_string();
    let parts = [pool.as_str(), "\n", job.as_str(), "\n", &expires].map(str::as_bytes);
    hmac_sha256(&app.secrets.import_upload, &parts)
}
