//! How many connections each address holds, so that nobody holds all places.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cognate_web::Network;

/// Counts connections by address, and by the /64 of an IPv6 address, all of which belongs to one customer.
pub(super) struct ByAddress {
    limit: usize,
    exempt: Vec<Network>,
    open: Mutex<HashMap<IpAddr, Count>>,
}

#[derive(Default)]
struct Count {
    connections: usize,
    is_reported: bool,
}

/// A connection's place among those of its address, which it holds until it is dropped.
pub(super) struct AddressPlace {
    of: Arc<ByAddress>,
    /// None for an exempt address.
    address: Option<IpAddr>,
}

impl ByAddress {
    /// Room for a quarter of `connections` from each address, and one at least; without limit from the networks that are exempt.
    pub(super) fn new(connections: usize, exempt: Vec<Network>) -> Arc<Self> {
        Arc::new(Self {
            limit: (connections / 4).max(1),
            exempt,
            open: Mutex::default(),
        })
    }

    /// A place for one more connection; none while the address holds as many as it may, which is logged once until all have gone.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr) -> Option<AddressPlace> {
        let address = address.to_canonical();
        let of = Arc::clone(self);
        if self.exempt.iter().any(|network| network.contains(address)) {
            return Some(AddressPlace { of, address: None });
        }
        let address = customer(address);
        let mut open = self.counts();
        let count = open.entry(address).or_default();
        if count.connections < self.limit {
            count.connections += 1;
            return Some(AddressPlace {
                of: Arc::clone(&of),
                address: Some(address),
            });
        }
        if !count.is_reported {
            count.is_reported = true;
            tracing::warn!(%address, connections = count.connections, "an address gets no more connections; name a proxy with --trusted-proxy");
        }
        None
    }

    /// A panic elsewhere leaves the counts whole: each change is one step.
    fn counts(&self) -> MutexGuard<'_, HashMap<IpAddr, Count>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for AddressPlace {
    fn drop(&mut self) {
        let Some(address) = self.address else {
            return;
        };
        let mut open = self.of.counts();
        if let Some(count) = open.get_mut(&address) {
            count.connections -= 1;
            if count.connections == 0 {
                open.remove(&address);
            }
        }
    }
}

fn customer(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn limit_of_two() -> Arc<ByAddress> {
        ByAddress::new(8, vec![Network::parse("10.0.0.0/8").unwrap()])
    }

    fn enter(by_address: &Arc<ByAddress>, address: &str) -> Option<AddressPlace> {
        by_address.enter(address.parse().unwrap())
    }

    #[test]
    fn an_address_gets_a_quarter_of_the_places_until_one_is_free_again() {
        let all = limit_of_two();
        let (first, _second) = (enter(&all, "192.0.2.1"), enter(&all, "192.0.2.1"));
        assert!(first.is_some());
        assert!(enter(&all, "192.0.2.1").is_none());
        assert!(enter(&all, "::ffff:192.0.2.1").is_none());
        assert!(enter(&all, "192.0.2.2").is_some());
        drop(first);
        assert!(enter(&all, "192.0.2.1").is_some());
    }

    #[test]
    fn the_addresses_of_one_ipv6_network_count_together() {
        let all = limit_of_two();
        let _held = (enter(&all, "2001:db8::1"), enter(&all, "2001:db8::2"));
        assert!(enter(&all, "2001:db8::3").is_none());
        assert!(enter(&all, "2001:db8:0:1::3").is_some());
    }

    #[test]
    fn a_trusted_proxy_has_no_limit() {
        let all = limit_of_two();
        let held: Vec<_> = (0..8)
            .map(|_| enter(&all, "10.1.2.3").unwrap())
            .chain((0..8).map(|_| enter(&all, "::ffff:10.1.2.3").unwrap()))
            .collect();
        assert_eq!(held.len(), 16);
    }

    #[test]
    fn every_address_gets_one_place_however_few_there_are() {
        let one = ByAddress::new(1, Vec::new());
        assert!(enter(&one, "192.0.2.1").is_some());
    }

    #[test]
    fn an_address_that_has_gone_is_forgotten() {
        let all = limit_of_two();
        drop(enter(&all, "192.0.2.1"));
        assert!(all.counts().is_empty());
    }
}
