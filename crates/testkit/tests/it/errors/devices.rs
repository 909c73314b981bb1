//! Devices.

use cognate_testkit::op;
use serde_json::json;

use super::world::{World, with};

const UNKNOWN: &str = "us-east-1_77777777-8888-4999-8aaa-bbbbbbbbbbbb";

pub(super) async fn devices(world: &mut World) {
    own_devices(world).await;
    devices_of_users(world).await;
}

async fn own_devices(world: &mut World) {
    let key = json!({"DeviceKey": UNKNOWN});
    world.by_token::<op::ConfirmDevice>(key.clone()).await;
    world.by_token::<op::GetDevice>(key.clone()).await;
    world.by_token::<op::ListDevices>(json!({})).await;
    world.by_token::<op::ForgetDevice>(key.clone()).await;
    world.by_token::<op::UpdateDeviceStatus>(key.clone()).await;
    let unknown = with(json!({"AccessToken": world.tokens.access}), key);
    let code = "ResourceNotFoundException";
    world.says::<op::GetDevice>(code, unknown.clone()).await;
    world.says::<op::ForgetDevice>(code, unknown.clone()).await;
    world.says::<op::UpdateDeviceStatus>(code, unknown).await;
    let pool = world.server.pool().devices(true, false).await;
    let dora = pool.client().await.user("dora").confirmed().await;
    let (device, tokens) = dora.device().await;
    let again = device.confirmation(&tokens.access);
    world
        .says::<op::ConfirmDevice>("DeviceKeyExistsException", again)
        .await;
}

async fn devices_of_users(world: &mut World) {
    let key = json!({"DeviceKey": UNKNOWN});
    world.admin::<op::AdminForgetDevice>(key.clone()).await;
    world
        .admin::<op::AdminUpdateDeviceStatus>(key.clone())
        .await;
    // The model lists no UserNotFoundException for these two.
    let code = "ResourceNotFoundException";
    let nobody = world.about("nobody", key.clone());
    world.says::<op::AdminGetDevice>(code, nobody).await;
    let nobody = world.about("nobody", json!({}));
    world.says::<op::AdminListDevices>(code, nobody).await;
    let named = with(json!({"Username": "ana"}), key);
    world.in_pool::<op::AdminGetDevice>(named).await;
    world
        .in_pool::<op::AdminListDevices>(json!({"Username": "ana"}))
        .await;
}
