//! Import jobs.

use super::{Settled, Stage, after_a_sign_out, at_every_fault, json, nothing, op};

const PEOPLE: &str = "cognito:username,email,email_verified\nbea,bea@example.com,true\n";

/// A job that waits for its start.
async fn with_job(stage: &mut Stage) {
    let import = stage.pool().import().await;
    import.upload(PEOPLE).await;
    stage.found = import.id;
}

/// A job that was started.
async fn with_started_job(stage: &mut Stage) {
    let import = stage.pool().import().await;
    import.upload(PEOPLE).await;
    import.start().await.ok().unwrap();
    stage.found = import.id;
}

faults! {
    create_user_import_job: nothing, async |stage| {
        let members = json!({"JobName": "people", "CloudWatchLogsRoleArn": "arn:aws:iam::123456789012:role/logs"});
        stage.on_pool::<op::CreateUserImportJob>(members).await
    }, Settled;
    start_user_import_job: with_job, async |stage| {
        stage.on_pool::<op::StartUserImportJob>(json!({"JobId": stage.found})).await
    }, Settled;
    stop_user_import_job: with_started_job, async |stage| {
        stage.on_pool::<op::StopUserImportJob>(json!({"JobId": stage.found})).await
    }, Settled;
}
