//! Which pages and apps may use a relying party's passkeys (§7.1 step 9, §13.4.9).

use super::Expected;

/// A relying party id is a domain: lower case, as browsers compare it, never an address.
#[must_use]
pub fn is_valid_relying_party_id(id: &str) -> bool {
    let is_label = |label: &str| {
        let mut bytes = label.bytes();
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    // The last label of an IPv4 address is a number, which no domain's is.
    let last = id.rsplit('.').next().unwrap_or_default();
    id.len() <= 253
        && id.split('.').all(is_label)
        && !last.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether responses of this origin are taken: https at the relying party's domain or below it, at
/// whichever port; http where that domain is this very machine (RFC 6761 §6.3), for development;
/// and what is listed, letter by letter.
pub(super) fn is_allowed(origin: &str, expected: &Expected<'_>) -> bool {
    if expected.other_origins.iter().any(|other| other == origin) {
        return true;
    }
    let Some((scheme, rest)) = origin.split_once("://") else {
        return false;
    };
    let (host, port) = match rest.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (rest, None),
    };
    is_at_or_below(host, expected.relying_party_id)
        && port.is_none_or(is_port)
        && (scheme == "https" || scheme == "http" && is_at_or_below(host, "localhost"))
}

/// What is compared here is a host as a browser writes it, in lower case and in ASCII.
fn is_at_or_below(host: &str, domain: &str) -> bool {
    let below = host
        .strip_suffix(domain)
        .map(|labels| labels.strip_suffix('.'));
    match below {
        Some(Some(labels)) => are_labels(labels),
        Some(None) => host == domain,
        None => false,
    }
}

/// The labels in front of a domain.
fn are_labels(labels: &str) -> bool {
    let is_of_host =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    labels
        .split('.')
        .all(|label| !label.is_empty() && label.bytes().all(is_of_host))
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok() && text.bytes().all(|byte| byte.is_ascii_digit())
}
