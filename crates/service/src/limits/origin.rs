//! For whom a request is counted, where limits go by network address.
//!
//! A public call is counted by the address it comes from. A backend calls for all its users from
//! one address, so it is not counted by that: one that holds an access key names the user's address
//! in ContextData, one that proves its app client's secret in UserContextData. A stranger who holds
//! neither cannot choose the address that they are counted by.

use std::net::IpAddr;

use cognate_api::idp::{ContextDataType, UserContextDataType};
use cognate_model::Sub;

use super::client_address::{ClientAddress, CountedNetwork};
use crate::operators::caller::Caller;
use crate::settings::ClientEntry;
use crate::{Cx, Error, Result};

/// For whom a request is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// For a network address: the caller's, or the user's as a backend names it.
    Address(IpAddr),
    /// For this machine, on which a proxy may stand that nobody has named: everybody, so limits by
    /// address do not hold it up.
    ThisMachine,
    /// For a backend that does not say for whom it calls: limits by address do not hold it up.
    Backend,
    /// For one signed-in user of a backend, who is counted in the place of an address.
    UserOfBackend(Sub),
}

/// What limits by network address count under.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Counted {
    /// An IPv4 address, or a /64 or a /56 of IPv6.
    Network(CountedNetwork),
    /// A user whom a backend has signed in.
    User(Sub),
}

/// How much more a wide network (a /56 of IPv6) may do than one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    /// An address, or what stands in the place of one.
    Near,
    /// The /56, which many providers give one customer and others share out among several.
    Wide,
}

impl Origin {
    /// Of a request that has come in: what its caller and its address tell.
    pub(crate) fn of(caller: &Caller, address: Option<ClientAddress>) -> Self {
        match (caller, address) {
            (Caller::AccessKey { .. } | Caller::Development, _) => Self::Backend,
            (Caller::Public, Some(address)) if !address.is_this_machine() => {
                Self::Address(address.ip())
            }
            (Caller::Public, _) => Self::ThisMachine,
        }
    }

    /// What limits by network address count it under, from the nearest to the widest; nothing where
    /// they do not hold it up.
    pub(crate) fn counted(&self) -> Vec<(Counted, Width)> {
        match self {
            Self::Address(ip) => {
                let wide = CountedNetwork::wide(*ip);
                let near = (Counted::Network(CountedNetwork::near(*ip)), Width::Near);
                let wide = wide.map(|wide| (Counted::Network(wide), Width::Wide));
                [Some(near), wide].into_iter().flatten().collect()
            }
            Self::UserOfBackend(sub) => vec![(Counted::User(sub.clone()), Width::Near)],
            Self::ThisMachine | Self::Backend => Vec::new(),
        }
    }

    /// The names of where it comes from, for what is counted of one user or mailbox by whence it
    /// comes: here this machine and backends have one, so that no way in is left open.
    pub(crate) fn names(&self) -> Vec<(String, Width)> {
        match self {
            Self::ThisMachine => vec![("this machine".to_owned(), Width::Near)],
            Self::Backend => vec![("backend".to_owned(), Width::Near)],
            Self::Address(_) | Self::UserOfBackend(_) => {
                let named = |counted| match counted {
                    Counted::Network(network) => network.to_string(),
                    Counted::User(sub) => format!("user {sub}"),
                };
                let counted = self.counted().into_iter();
                counted
                    .map(|(counted, width)| (named(counted), width))
                    .collect()
            }
        }
    }
}

/// A signed call for the user whose address ContextData names.
///
/// # Errors
/// `InvalidParameterException` when what it names is no address: taken for none, it would let a
/// user past the limits by sending nonsense to a backend that passes it on.
pub(crate) fn of_context_data(cx: &Cx, data: Option<&ContextDataType>) -> Result<Cx> {
    named(cx, "ContextData", data.map(|data| data.ip_address.as_str()))
}

/// A public call at an app client, once its secret hash was found right. A client with a secret is
/// a backend, and the address that it names in UserContextData is believed; of a client without one
/// nothing is believed.
///
/// # Errors
/// As [`of_context_data`].
pub(crate) fn of_client(
    cx: &Cx,
    entry: &ClientEntry,
    data: Option<&UserContextDataType>,
) -> Result<Cx> {
    if entry.secret.is_none() {
        return Ok(cx.clone());
    }
    let address = data.and_then(|data| data.ip_address.as_deref());
    named(&cx.counted_for(Origin::Backend), "UserContextData", address)
}

/// A call with a user's access token. That of a client with a secret may come from the backend,
/// which is no stranger's address to be counted by; the user is.
pub(crate) fn of_token(cx: &Cx, entry: &ClientEntry, sub: &Sub) -> Cx {
    match cx.origin {
        Origin::Address(_) if entry.secret.is_some() => {
            cx.counted_for(Origin::UserOfBackend(sub.clone()))
        }
        _ => cx.clone(),
    }
}

fn named(cx: &Cx, member: &str, address: Option<&str>) -> Result<Cx> {
    let Some(text) = address.filter(|address| !address.is_empty()) else {
        return Ok(cx.clone());
    };
    let invalid = |_| Error::invalid_parameter(format!("The IpAddress of {member} is no address."));
    let address: IpAddr = text.trim().parse().map_err(invalid)?;
    Ok(cx.counted_for(Origin::Address(address.to_canonical())))
}
