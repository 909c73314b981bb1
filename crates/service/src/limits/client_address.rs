//! Where a request comes from, and under which networks that is counted.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// The address that a request came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress {
    ip: IpAddr,
    is_this_machine: bool,
}

impl ClientAddress {
    /// The other end of the connection. On loopback that is this machine: a program beside the
    /// server, or a test, which stands for nobody in particular.
    #[must_use]
    pub fn of_peer(ip: IpAddr) -> Self {
        let ip = ip.to_canonical();
        Self {
            ip,
            is_this_machine: ip.is_loopback(),
        }
    }

    /// An address that a trusted proxy tells. Whatever it is, somebody stands behind the proxy:
    /// what strangers write into X-Forwarded-For must not make them this machine.
    #[must_use]
    pub fn behind_proxy(ip: IpAddr) -> Self {
        Self {
            ip: ip.to_canonical(),
            is_this_machine: false,
        }
    }

    /// The address. One of IPv4 that came over an IPv6 socket is that IPv4 address.
    #[must_use]
    pub fn ip(self) -> IpAddr {
        self.ip
    }

    /// Whether the request comes from this machine itself, and so from nobody whom limits by
    /// address could mean.
    #[must_use]
    pub fn is_this_machine(self) -> bool {
        self.is_this_machine
    }
}

impl fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ip.fmt(f)
    }
}

/// A network that is counted as one: an IPv4 address, or a part of IPv6's space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CountedNetwork {
    first: IpAddr,
    prefix: u8,
}

impl CountedNetwork {
    /// The smallest network that surely is one customer's: an IPv4 address, or the /64 of an IPv6
    /// address.
    #[must_use]
    pub fn near(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            first @ IpAddr::V4(_) => Self { first, prefix: 32 },
            IpAddr::V6(address) => Self::v6(address, 64),
        }
    }

    /// The network that many providers give one customer, who then has 256 of the smaller: the /56
    /// of an IPv6 address. Others give each customer less, so what it may do in sum is more than
    /// one /64 may. None for IPv4.
    #[must_use]
    pub fn wide(ip: IpAddr) -> Option<Self> {
        match ip.to_canonical() {
            IpAddr::V4(_) => None,
            IpAddr::V6(address) => Some(Self::v6(address, 56)),
        }
    }

    fn v6(address: Ipv6Addr, prefix: u8) -> Self {
        let mask = u128::MAX << (128 - u32::from(prefix));
        Self {
            first: Ipv6Addr::from_bits(address.to_bits() & mask).into(),
            prefix,
        }
    }
}

impl fmt::Display for CountedNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(address) => write!(f, "{address}/{}", self.prefix),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn only_the_peer_itself_is_this_machine() {
        for local in ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"] {
            assert!(
                ClientAddress::of_peer(ip(local)).is_this_machine(),
                "{local}"
            );
            assert!(
                !ClientAddress::behind_proxy(ip(local)).is_this_machine(),
                "{local}"
            );
        }
        assert!(!ClientAddress::of_peer(ip("203.0.113.9")).is_this_machine());
    }

    #[test]
    fn an_ipv6_address_is_counted_by_its_64_and_by_its_56() {
        let of = |text| {
            let near = CountedNetwork::near(ip(text)).to_string();
            (
                near,
                CountedNetwork::wide(ip(text)).map(|wide| wide.to_string()),
            )
        };
        let told = |near: &str, wide: &str| (near.to_owned(), Some(wide.to_owned()));
        assert_eq!(
            of("2001:db8:0:12ab:1::5"),
            told("2001:db8:0:12ab::/64", "2001:db8:0:1200::/56")
        );
        assert_eq!(of("2001:db8::5"), told("2001:db8::/64", "2001:db8::/56"));
        assert_eq!(of("192.0.2.1"), ("192.0.2.1".to_owned(), None));
        assert_eq!(of("::ffff:192.0.2.1"), ("192.0.2.1".to_owned(), None));
        assert_ne!(
            Some(CountedNetwork::near(ip("2001:db8::5"))),
            CountedNetwork::wide(ip("2001:db8::5"))
        );
    }
}
