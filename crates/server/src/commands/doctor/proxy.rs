//! The proxy before the server: whether the server learns from it who asks. Limits by address hold
//! nobody up, or everybody, where it doesn't.

use std::net::IpAddr;

use serde::Deserialize;

use super::finding::Finding;
use super::patient::Patient;

const PROXY: &str = "proxy";
/// How much of a header is shown.
const SHOWN: usize = 100;

/// How the server has seen a request that came through the public URL.
#[derive(Deserialize)]
pub(super) struct Seen {
    peer: IpAddr,
    forwarded_for: Option<String>,
    peer_is_trusted: bool,
    seen_as: IpAddr,
    pub(super) version: String,
}

impl Seen {
    pub(super) fn parse(body: &str) -> Option<Self> {
        serde_json::from_str(body).ok()
    }
}

/// What the server's own view says.
pub(super) fn judge(patient: &Patient, seen: &Seen) -> Finding {
    of(seen, has_a_proxy(patient))
}

/// What can be said where the server was not asked.
pub(super) fn unseen(patient: &Patient) -> Option<Finding> {
    (has_a_proxy(patient) && patient.configuration.trusted_proxies.is_empty()).then(|| {
        Finding::error(
            PROXY,
            "the public URL is https and the listener plain, so a proxy stands between, and --trusted-proxy names none: all callers are one address for the limits",
            "--trusted-proxy with the address from which the proxy connects, and let the proxy send X-Forwarded-For",
        )
    })
}

/// HTTPS that the listener doesn't speak is spoken by somebody else.
fn has_a_proxy(patient: &Patient) -> bool {
    patient.config.public_url.starts_with("https://") && patient.configuration.tls.is_none()
}

fn of(seen: &Seen, has_a_proxy: bool) -> Finding {
    let (peer, seen_as) = (seen.peer, seen.seen_as);
    let Some(forwarded) = &seen.forwarded_for else {
        if !has_a_proxy {
            return Finding::ok(
                PROXY,
                format!("a request through the public URL comes from {seen_as}, without a proxy"),
            );
        }
        return Finding::error(
            PROXY,
            format!(
                "the proxy at {peer} sends no X-Forwarded-For: all callers are one address for the limits"
            ),
            format!(
                "let the proxy send X-Forwarded-For (docs/operations.md shows nginx), and name it: --trusted-proxy {peer}"
            ),
        );
    };
    if !seen.peer_is_trusted {
        return Finding::error(
            PROXY,
            format!(
                "{peer} sends X-Forwarded-For, and --trusted-proxy does not name it: all callers behind it are one address for the limits"
            ),
            format!(
                "--trusted-proxy {peer}, if that is your proxy and no stranger can have this address"
            ),
        );
    }
    if seen_as == peer {
        let shown: String = forwarded.chars().take(SHOWN).collect();
        return Finding::error(
            PROXY,
            format!(
                "the trusted proxy {peer} tells no address of a client in X-Forwarded-For: «{}»",
                shown.escape_debug()
            ),
            "let the proxy append the address of its peer, in digits; trust only proxies, not the networks of clients",
        );
    }
    Finding::ok(
        PROXY,
        format!(
            "a request through the public URL is seen as {seen_as}, as the trusted proxy {peer} tells"
        ),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::super::finding::Level;
    use super::*;

    fn told(
        peer: &str,
        forwarded_for: Option<&str>,
        trusted: bool,
        seen_as: &str,
        has_a_proxy: bool,
    ) -> Finding {
        let seen = Seen {
            peer: peer.parse().unwrap(),
            forwarded_for: forwarded_for.map(str::to_owned),
            peer_is_trusted: trusted,
            seen_as: seen_as.parse().unwrap(),
            version: String::new(),
        };
        of(&seen, has_a_proxy)
    }

    #[test]
    fn a_proxy_that_is_silent_or_not_named_or_unreadable_is_an_error() {
        let silent = told("10.0.0.1", None, true, "10.0.0.1", true);
        assert!(silent.level == Level::Error && silent.what.contains("sends no X-Forwarded-For"));
        let unnamed = told("10.0.0.1", Some("203.0.113.9"), false, "10.0.0.1", false);
        assert!(
            unnamed.level == Level::Error
                && unnamed
                    .mend
                    .unwrap()
                    .starts_with("--trusted-proxy 10.0.0.1")
        );
        let unreadable = told("10.0.0.1", Some("unknown\u{1b}"), true, "10.0.0.1", true);
        assert!(unreadable.level == Level::Error && unreadable.what.contains("«unknown\\u{1b}»"));
    }

    #[test]
    fn a_client_who_is_seen_is_fine() {
        let behind = told("10.0.0.1", Some("203.0.113.9"), true, "203.0.113.9", true);
        assert!(behind.level == Level::Ok && behind.what.contains("seen as 203.0.113.9"));
        assert_eq!(
            told("203.0.113.9", None, false, "203.0.113.9", false).level,
            Level::Ok
        );
    }
}
