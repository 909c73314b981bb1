//! For whom a request is counted, where limits go by network address.
//!
//! How backends name the address of their users is in [`backends`](super::backends).

use std::net::IpAddr;

use cognate_model::Sub;

use super::client_address::CountedNetwork;

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
