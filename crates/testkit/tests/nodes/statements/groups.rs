//! Groups, and who is in them.

use cognate_testkit::op;
use serde_json::json;

use super::{Settled, Stage, after_a_sign_out, at_every_fault, nothing};

faults! {
    create_group: nothing,
        async |stage| stage.on_pool::<op::CreateGroup>(json!({"GroupName": "staff", "Precedence": 1})).await, Settled;
    update_group: fill,
        async |stage| stage.on_pool::<op::UpdateGroup>(json!({"GroupName": "staff", "Precedence": 2})).await, Settled;
    delete_group: fill, async |stage| stage.pool().delete_group("staff").await, Settled;
    admin_add_user_to_group: async |stage| stage.pool().group("staff").await,
        async |stage| stage.pool().add_to_group("ana", "staff").await, Settled;
    admin_remove_user_from_group: fill, async |stage| stage.pool().remove_from_group("ana", "staff").await, Settled;
    sign_in_of_a_member: fill, async |stage| stage.ana.sign_in().await.map(drop), Settled;
    admin_delete_user_of_a_member: fill, async |stage| stage.on_user::<op::AdminDeleteUser>(json!({})).await, Settled;
}

/// A group that the user is in.
async fn fill(stage: &mut Stage) {
    stage.pool().group("staff").await;
    let added = stage.pool().add_to_group("ana", "staff").await;
    added.unwrap();
}
