//! For whom a backend's request is counted.
//!
//! A public call is counted by the address it comes from. A backend calls for all its users from
//! one address, so it is not counted by that: one that holds an access key names the user's address
//! in ContextData, one that proves its app client's secret in UserContextData. A stranger who holds
//! neither cannot choose the address that they are counted by.

use std::net::IpAddr;

use cognate_api::idp::{ContextDataType, UserContextDataType};
use cognate_model::Sub;

use super::origin::Origin;
use crate::settings::ClientEntry;
use crate::{Cx, Error, Result};

/// A signed call for the user whose address ContextData names.
///
/// # Errors
/// `InvalidParameterException` when what it names is no address: taken for none, it would let a
/// user past the limits by sending nonsense to a backend that passes it on.
pub(crate) fn of_context_data(cx: &Cx, data: Option<&ContextDataType>) -> Result<Cx> {
    let address = named("ContextData", data.map(|data| data.ip_address.as_str()))?;
    Ok(address.map_or_else(|| cx.clone(), |user| cx.made_for(user)))
}

/// A public call at an app client, once its secret hash was found right. A client with a secret is
/// a backend, and calls count for the address that it names in UserContextData: believed, that can
/// only hold its caller up more. It is noted as the user's where the client propagates it. Of a
/// client without a secret nothing is believed.
///
/// # Errors
/// As [`of_context_data`].
pub(crate) fn of_client(
    cx: &Cx,
    entry: &ClientEntry,
    data: Option<&UserContextDataType>,
) -> Result<Cx> {
    if entry.secrets.is_empty() {
        return Ok(cx.clone());
    }
    let address = data.and_then(|data| data.ip_address.as_deref());
    let propagates = entry.client.settings.propagates_user_context;
    Ok(match named("UserContextData", address)? {
        None => cx.counted_for(Origin::Backend),
        Some(user) if propagates => cx.made_for(user),
        Some(user) => cx.counted_for(Origin::Address(user)),
    })
}

/// A call with a user's access token. That of a client with a secret may come from the backend,
/// which is no stranger's address to be counted by; the user is.
pub(crate) fn of_token(cx: &Cx, entry: &ClientEntry, sub: &Sub) -> Cx {
    match cx.origin {
        Origin::Address(_) if !entry.secrets.is_empty() => {
            cx.counted_for(Origin::UserOfBackend(sub.clone()))
        }
        _ => cx.clone(),
    }
}

/// The address that a backend names, if it names one.
fn named(member: &str, address: Option<&str>) -> Result<Option<IpAddr>> {
    let Some(text) = address.filter(|address| !address.is_empty()) else {
        return Ok(None);
    };
    let invalid = |_| Error::invalid_parameter(format!("The IpAddress of {member} is no address."));
    let address: IpAddr = text.trim().parse().map_err(invalid)?;
    Ok(Some(address.to_canonical()))
}
