//! Where a request comes from. Behind a proxy that is the proxy's word, which counts only for
//! proxies that the operator has named: limits by address would otherwise be as good as none.

use std::net::{IpAddr, SocketAddr};

use cognate_service::ClientAddress;
use http::{Extensions, HeaderMap};

/// The other end of the connection; the listener puts it into the extensions of each request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// A range of addresses: `10.0.0.0/8`, `2001:db8::/32`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// A text that is no network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkError(String);

impl std::fmt::Display for NetworkError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "«{}» is neither an address nor a network such as 10.0.0.0/8",
            self.0
        )
    }
}

impl std::error::Error for NetworkError {}

impl Network {
    /// Reads a network or an address.
    ///
    /// # Errors
    /// [`NetworkError`] when the text is neither.
    pub fn parse(text: &str) -> Result<Self, NetworkError> {
        let invalid = || NetworkError(text.to_owned());
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse().map_err(|_| invalid())?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| invalid())?;
        let widest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(widest);
        if prefix > widest {
            Err(invalid())
        } else {
            Ok(Self { address, prefix })
        }
    }

    /// Whether the address lies in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                // A shift by the whole width is none: such a prefix takes in every address.
                let mask = u32::MAX
                    .checked_shl(32 - u32::from(self.prefix))
                    .unwrap_or(0);
                ours.to_bits() & mask == theirs.to_bits() & mask
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => {
                let mask = u128::MAX
                    .checked_shl(128 - u32::from(self.prefix))
                    .unwrap_or(0);
                ours.to_bits() & mask == theirs.to_bits() & mask
            }
            _ => false,
        }
    }
}

/// The address that a request came from: the peer's, or, behind trusted proxies, the last one in
/// X-Forwarded-For that none of them is. What stands before that was written by strangers.
pub(crate) fn client_address(
    extensions: &Extensions,
    headers: &HeaderMap,
    trusted: &[Network],
) -> Option<ClientAddress> {
    let peer = ClientAddress::of_peer(extensions.get::<Peer>()?.0.ip());
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let lines: Vec<_> = headers.get_all("x-forwarded-for").iter().collect();
    if lines.is_empty() || !is_trusted(peer.ip()) {
        return Some(peer);
    }
    let mut address = peer.ip();
    let hops = lines
        .iter()
        .rev()
        .flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    for hop in hops {
        // A hop that cannot be read ends the walk: what lies beyond it is hearsay.
        let Some(next) = forwarded(hop.trim_ascii()) else {
            break;
        };
        address = next.to_canonical();
        if !is_trusted(address) {
            break;
        }
    }
    Some(ClientAddress::behind_proxy(address))
}

/// One entry of X-Forwarded-For: an address, which some proxies write with a port or in brackets.
fn forwarded(hop: &[u8]) -> Option<IpAddr> {
    let hop = std::str::from_utf8(hop).ok()?;
    let bare = hop
        .strip_prefix('[')
        .and_then(|hop| hop.strip_suffix(']'))
        .unwrap_or(hop);
    bare.parse()
        .ok()
        .or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use http::HeaderValue;

    use super::*;

    fn from(peer: &str, forwarded_for: &[&str], trusted: &[&str]) -> String {
        let lines: Vec<_> = forwarded_for.iter().map(|line| line.as_bytes()).collect();
        client(peer, &lines, trusted).to_string()
    }

    fn client(peer: &str, forwarded_for: &[&[u8]], trusted: &[&str]) -> ClientAddress {
        let mut extensions = Extensions::new();
        extensions.insert(Peer(SocketAddr::new(peer.parse().unwrap(), 4711)));
        let mut headers = HeaderMap::new();
        for value in forwarded_for {
            headers.append("x-forwarded-for", HeaderValue::from_bytes(value).unwrap());
        }
        let trusted: Vec<_> = trusted
            .iter()
            .map(|text| Network::parse(text).unwrap())
            .collect();
        client_address(&extensions, &headers, &trusted).unwrap()
    }

    #[test]
    fn the_word_of_a_stranger_about_their_address_counts_for_nothing() {
        assert_eq!(from("203.0.113.9", &["10.1.1.1"], &[]), "203.0.113.9");
        assert_eq!(
            from("203.0.113.9", &["10.1.1.1"], &["10.0.0.0/8"]),
            "203.0.113.9"
        );
    }

    #[test]
    fn behind_proxies_the_last_address_that_is_none_of_them_counts() {
        let trusted = &["10.0.0.0/8", "::1"];
        assert_eq!(
            from(
                "10.0.0.1",
                &["198.51.100.7, 203.0.113.9, 10.0.0.2"],
                trusted
            ),
            "203.0.113.9"
        );
        assert_eq!(
            from(
                "10.0.0.1",
                &["198.51.100.7", "203.0.113.9:5050,10.0.0.2"],
                trusted
            ),
            "203.0.113.9"
        );
        assert_eq!(from("::1", &["[2001:db8::5]"], trusted), "2001:db8::5");
        assert_eq!(
            from("::ffff:10.0.0.1", &["203.0.113.9"], trusted),
            "203.0.113.9"
        );
    }

    #[test]
    fn an_unreadable_hop_ends_the_walk() {
        assert_eq!(
            from("10.0.0.1", &["203.0.113.9, unknown"], &["10.0.0.0/8"]),
            "10.0.0.1"
        );
        assert_eq!(from("10.0.0.1", &[], &["10.0.0.0/8"]), "10.0.0.1");
    }

    #[test]
    fn an_unreadable_line_ends_the_walk_and_hides_nothing_that_stands_behind_it() {
        let trusted = &["10.0.0.0/8"];
        let told = |lines: &[&[u8]]| client("10.0.0.1", lines, trusted).to_string();
        assert_eq!(told(&[b"203.0.113.9", b"\xff\xfe"]), "10.0.0.1");
        assert_eq!(told(&[b"203.0.113.9", b""]), "10.0.0.1");
        assert_eq!(told(&[b"203.0.113.9", b"\xff, 10.0.0.2"]), "10.0.0.2");
        // What a proxy appends to a line that its client wrote is read, whatever the client wrote.
        assert_eq!(told(&[b"\xff, 203.0.113.9"]), "203.0.113.9");
    }

    #[test]
    fn only_the_peer_is_this_machine_whatever_a_proxy_passes_on() {
        let trusted = &["127.0.0.0/8", "::1", "10.0.0.0/8"];
        for peer in ["127.0.0.1", "::1", "10.0.0.1"] {
            for told in [
                "127.0.0.1",
                "::1",
                "::ffff:127.0.0.1",
                "localhost",
                "\u{fc}",
            ] {
                let address = client(peer, &[told.as_bytes()], trusted);
                assert!(!address.is_this_machine(), "{peer} says {told}");
            }
        }
        assert!(client("127.0.0.1", &[], trusted).is_this_machine());
        // Who trusts no proxy reads no such header.
        assert!(client("127.0.0.1", &[b"203.0.113.9"], &[]).is_this_machine());
        assert!(!client("203.0.113.9", &[b"127.0.0.1"], &[]).is_this_machine());
    }

    #[test]
    fn a_network_takes_in_its_own_addresses_only() {
        let all = Network::parse("0.0.0.0/0").unwrap();
        assert!(all.contains("8.8.8.8".parse().unwrap()) && !all.contains("::1".parse().unwrap()));
        let one = Network::parse("192.0.2.1").unwrap();
        assert!(
            one.contains("192.0.2.1".parse().unwrap())
                && !one.contains("192.0.2.2".parse().unwrap())
        );
        assert!(
            Network::parse("2001:db8::/32")
                .unwrap()
                .contains("2001:db8:1::1".parse().unwrap())
        );
        for text in ["", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/-1", "x"] {
            assert!(Network::parse(text).is_err(), "{text}");
        }
    }
}
