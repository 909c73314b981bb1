//! The canonical form of a request, of which both sides take the hash.

use super::{
    received::{ALGORITHM, Authorization, Request},
    time::Moment,
};
use crate::digest;

/// What is signed: algorithm, date, scope and the hash of the canonical request.
pub(super) fn string_to_sign(
    request: Request<'_>,
    authorization: &Authorization,
    date: &Moment,
) -> String {
    let hash = digest::sha256(&[&canonical_request(request, authorization)]);
    let (date, scope, hash) = (&date.text, scope(authorization), digest::hex_encode(&hash));
    format!("{ALGORITHM}\n{date}\n{scope}\n{hash}")
}

/// The credential without the key's name.
pub(super) fn scope(authorization: &Authorization) -> String {
    let Authorization {
        date,
        region,
        service,
        ..
    } = authorization;
    format!("{date}/{region}/{service}/aws4_request")
}

/// Bytes, not text: a header's value may be anything.
pub(super) fn canonical_request(request: Request<'_>, authorization: &Authorization) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend_from_slice(request.method.as_bytes());
    out.push(b'\n');
    out.extend_from_slice(canonical_path(request.path).as_bytes());
    out.push(b'\n');
    out.extend_from_slice(canonical_query(request.query).as_bytes());
    out.push(b'\n');
    for name in &authorization.signed_headers {
        out.extend_from_slice(name.as_bytes());
        out.push(b':');
        let values: Vec<Vec<u8>> = request.values(name).map(trimmed).collect();
        out.extend_from_slice(&values.join(&b','));
        out.push(b'\n');
    }
    out.push(b'\n');
    out.extend_from_slice(authorization.signed_headers.join(";").as_bytes());
    out.push(b'\n');
    out.extend_from_slice(digest::hex_encode(&request.body_sha256).as_bytes());
    out
}

/// The path, percent-encoded once more, as every service but S3 wants it. Dot segments and doubled
/// slashes are not resolved: clients resolve them before they send.
fn canonical_path(path: &str) -> String {
    let path = if path.is_empty() { "/" } else { path };
    path.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// The parameters as they were encoded, sorted by name, then value.
fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<(&str, &str)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .collect();
    pairs.sort_unstable();
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

/// A header's value without white space around it and with single spaces inside.
fn trimmed(value: &[u8]) -> Vec<u8> {
    let words = value
        .split(|byte| matches!(byte, b' ' | b'\t'))
        .filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(&b' ')
}
