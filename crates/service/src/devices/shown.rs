//! Devices as clients see them.

use cognate_api::Timestamp;
use cognate_api::idp::{AttributeType, DeviceType};
use cognate_model::Device;

/// Who looks at a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    User,
    /// Sees what begins with `dev:`, too.
    Operator,
}

/// A device with its attributes (docs/protocol.md §14.6).
pub(super) fn device(device: &Device, reader: For) -> DeviceType {
    let status = if device.remembered {
        "remembered"
    } else {
        "not_remembered"
    };
    let status = (reader == For::Operator).then_some(status);
    let attributes = [
        ("device_status", Some("valid")),
        ("device_name", device.name.as_deref()),
        ("last_ip_used", device.last_ip.as_deref()),
        ("dev:device_remembered_status", status),
    ];
    let attribute = |(name, value): (&str, Option<&str>)| {
        value.map(|value| AttributeType {
            name: name.to_owned(),
            value: Some(value.to_owned()),
        })
    };
    DeviceType {
        device_key: Some(device.key.to_string()),
        device_attributes: Some(attributes.into_iter().filter_map(attribute).collect()),
        device_create_date: Some(Timestamp(device.created_at.0)),
        device_last_modified_date: Some(Timestamp(device.modified_at.0)),
        device_last_authenticated_date: Some(Timestamp(device.authenticated_at.0)),
    }
}
