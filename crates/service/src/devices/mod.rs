//! Devices that users sign in on: confirmed, looked at, forgotten, by their users and by operators.

mod admin_devices;
mod confirm_device;
mod own_devices;
mod page;
mod shown;
mod stored;

use cognate_api::idp::op;

use crate::Operations;

/// The operations on devices.
pub(crate) fn operations() -> Operations {
    Operations::new()
        .on(op::ConfirmDevice, confirm_device::confirm_device)
        .on(op::GetDevice, own_devices::get_device)
        .on(op::ListDevices, own_devices::list_devices)
        .on(op::ForgetDevice, own_devices::forget_device)
        .on(op::UpdateDeviceStatus, own_devices::update_device_status)
        .on(op::AdminGetDevice, admin_devices::admin_get_device)
        .on(op::AdminListDevices, admin_devices::admin_list_devices)
        .on(op::AdminForgetDevice, admin_devices::admin_forget_device)
        .on(
            op::AdminUpdateDeviceStatus,
            admin_devices::admin_update_device_status,
        )
}
