//! Import jobs.

use cognate_model::user_import::{Counts, ImportJob, JobStatus, Place};
use cognate_model::{ImportJobId, Timestamp, UserPoolId};
use cognate_store::{Tx, import_jobs};
use cognate_testkit::import::LOGS_ROLE;
use cognate_testkit::op;
use serde_json::json;

use super::world::{World, with};

pub(super) async fn imports(world: &mut World) {
    world.in_pool::<op::GetCSVHeader>(json!({})).await;
    let new = json!({"JobName": "x", "CloudWatchLogsRoleArn": LOGS_ROLE});
    world.in_pool::<op::CreateUserImportJob>(new.clone()).await;
    world
        .in_pool::<op::ListUserImportJobs>(json!({"MaxResults": 1}))
        .await;
    let pool = world.server.pool().await;
    let import = pool.import().await;
    let job = json!({"UserPoolId": pool.id, "JobId": import.id});
    let of_job = json!({"JobId": import.id});
    world
        .in_pool::<op::DescribeUserImportJob>(of_job.clone())
        .await;
    world
        .in_pool::<op::StartUserImportJob>(of_job.clone())
        .await;
    world.in_pool::<op::StopUserImportJob>(of_job).await;
    let precondition = "PreconditionNotMetException";
    world
        .says::<op::StartUserImportJob>(precondition, job.clone())
        .await;
    world
        .says::<op::StopUserImportJob>(precondition, job.clone())
        .await;
    import.upload("cognito:username\n").await;
    import.start().await.ok().unwrap();
    let in_progress = "UserImportInProgressException";
    let of_pool = json!({"UserPoolId": pool.id});
    world
        .says::<op::UpdateUserPool>(in_progress, of_pool.clone())
        .await;
    world
        .says::<op::DeleteUserPool>(in_progress, of_pool.clone())
        .await;
    let added = json!({"CustomAttributes": [{"Name": "y", "AttributeDataType": "String"}]});
    world
        .says::<op::AddCustomAttributes>(in_progress, with(of_pool.clone(), added))
        .await;
    a_thousand_jobs(world, &pool.id).await;
    world
        .says::<op::CreateUserImportJob>("LimitExceededException", with(of_pool, new))
        .await;
}

async fn a_thousand_jobs(world: &World, pool: &str) {
    let (pool, mut random) = (UserPoolId::parse(pool).unwrap(), world.server.random());
    let jobs: Vec<_> = (1..1000)
        .map(|number| ImportJob {
            pool: pool.clone(),
            id: ImportJobId::random(&mut random),
            name: "x".to_owned(),
            role_arn: LOGS_ROLE.to_owned(),
            hashing: None,
            created_at: Timestamp(number),
            started_at: None,
            ended_at: None,
            status: JobStatus::Created,
            message: None,
            file: None,
            uploading: None,
            place: Place::default(),
            counts: Counts::default(),
            log_pieces: 0,
        })
        .collect();
    let put = async move |tx: &mut Tx| -> Result<(), cognate_store::Error> {
        for job in &jobs {
            import_jobs::insert(tx, job).await?;
        }
        Ok(())
    };
    world.server.app().db.write("jobs", put).await.unwrap();
}
