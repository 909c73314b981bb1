//! Limits the connections of each address, so that nobody holds all places.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cognate_service::CountedNetwork;
use cognate_web::Network;

/// Counts connections by address: on IPv6 by the /64, which belongs to one customer, and by the
/// /56, which may.
pub(super) struct ByAddress {
    /// Of an IPv4 address or a /64.
    near: usize,
    /// Of a /56.
    wide: usize,
    exempt: Vec<Network>,
    open: Mutex<HashMap<CountedNetwork, Count>>,
}

#[derive(Default)]
struct Count {
    connections: usize,
    is_reported: bool,
}

/// A connection's place among those of its address, until it is dropped.
pub(super) struct AddressPlace {
    of: Arc<ByAddress>,
    /// None for an exempt address.
    networks: Vec<CountedNetwork>,
}

impl ByAddress {
    /// Allows a quarter of `connections` from each address, half of them from each /56, and at
    /// least one. Exempt networks have no limit.
    pub(super) fn new(connections: usize, exempt: Vec<Network>) -> Arc<Self> {
        Arc::new(Self {
            near: (connections / 4).max(1),
            wide: (connections / 2).max(1),
            exempt,
            open: Mutex::default(),
        })
    }

    /// A place for one more connection. None while the address has as many as it may; that is
    /// logged once until all have gone.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr) -> Option<AddressPlace> {
        let address = address.to_canonical();
        let of = Arc::clone(self);
        if self.exempt.iter().any(|network| network.contains(address)) {
            let networks = Vec::new();
            return Some(AddressPlace { of, networks });
        }
        let near = CountedNetwork::near(address);
        let limited: Vec<_> = [
            (Some(near), self.near),
            (CountedNetwork::wide(address), self.wide),
        ]
        .into_iter()
        .filter_map(|(network, limit)| Some((network?, limit)))
        .collect();
        let mut open = self.counts();
        for (network, limit) in &limited {
            let Some(count) = open
                .get_mut(network)
                .filter(|count| count.connections >= *limit)
            else {
                continue;
            };
            if !count.is_reported {
                count.is_reported = true;
                tracing::warn!(%network, connections = count.connections, "an address has all the connections that it may have; if it is a proxy, name it in --trusted-proxy");
            }
            return None;
        }
        let networks: Vec<_> = limited.into_iter().map(|(network, _)| network).collect();
        for network in &networks {
            open.entry(*network).or_default().connections += 1;
        }
        drop(open);
        Some(AddressPlace { of, networks })
    }

    /// A panic elsewhere leaves the counts whole: each change is one step.
    fn counts(&self) -> MutexGuard<'_, HashMap<CountedNetwork, Count>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for AddressPlace {
    fn drop(&mut self) {
        let mut open = self.of.counts();
        for network in &self.networks {
            if let Some(count) = open.get_mut(network) {
                count.connections -= 1;
                if count.connections == 0 {
                    open.remove(network);
                }
            }
        }
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
    fn the_networks_of_one_56_have_a_larger_sum_together() {
        let all = limit_of_two();
        let places: Vec<_> = (0..4)
            .map(|n| enter(&all, &format!("2001:db8:0:{n}::1")).unwrap())
            .collect();
        assert!(enter(&all, "2001:db8:0:ff::1").is_none());
        assert!(enter(&all, "2001:db8:0:100::1").is_some());
        drop(places);
        assert!(enter(&all, "2001:db8:0:ff::1").is_some());
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
        drop(enter(&all, "2001:db8::1"));
        assert!(all.counts().is_empty());
    }
}
