//! Groups of users.

use cognate_store::Tx;
use cognate_testkit::op;
use serde_json::json;

use super::world::World;

pub(super) async fn groups(world: &mut World) {
    let (staff, none) = (json!({"GroupName": "staff"}), json!({"GroupName": "none"}));
    world.in_pool::<op::ListGroups>(json!({})).await;
    world.in_pool::<op::CreateGroup>(staff.clone()).await;
    world.pool.group("staff").await;
    let taken = world.operators(staff.clone());
    world
        .says::<op::CreateGroup>("GroupExistsException", taken)
        .await;
    let db = &world.server.app().db;
    let fill = async |tx: &mut Tx| {
        tx.execute("UPDATE group_numbers SET number = 10000", &[])
            .await
    };
    db.write("fill", fill).await.unwrap();
    let one_more = world.operators(none.clone());
    world
        .says::<op::CreateGroup>("LimitExceededException", one_more)
        .await;
    world.in_pool::<op::GetGroup>(staff.clone()).await;
    world.in_pool::<op::UpdateGroup>(staff.clone()).await;
    world.in_pool::<op::DeleteGroup>(staff.clone()).await;
    world.in_pool::<op::ListUsersInGroup>(staff.clone()).await;
    world.admin::<op::AdminAddUserToGroup>(staff.clone()).await;
    world.admin::<op::AdminRemoveUserFromGroup>(staff).await;
    world.admin::<op::AdminListGroupsForUser>(json!({})).await;
}
