//! Imports of users from CSV files: jobs, the addresses that files are uploaded to, the work on
//! them, and their logs (docs/protocol.md §19).

mod active;
mod address;
mod jobs;
pub mod log;
mod new_user;
mod reading;
mod shown;
pub mod upload;
pub(crate) mod worker;

use cognate_api::idp::op;

use crate::Operations;

pub(crate) use active::refuse_while_one_runs;

/// The operations on import jobs.
pub(crate) fn operations() -> Operations {
    Operations::new()
        .on(op::GetCSVHeader, jobs::get_csv_header)
        .on(op::CreateUserImportJob, jobs::create_user_import_job)
        .on(op::DescribeUserImportJob, jobs::describe_user_import_job)
        .on(op::ListUserImportJobs, jobs::list_user_import_jobs)
        .on(op::StartUserImportJob, jobs::start_user_import_job)
        .on(op::StopUserImportJob, jobs::stop_user_import_job)
}
