//! What was received: a request, and its Authorization header, read.

use super::error::{Incomplete, Invalid, SigV4Error};
use crate::digest;

pub(super) const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The longest Authorization header that is looked at, in bytes.
pub(super) const MAX_HEADER: usize = 8192;

/// What was received. Nothing in it is trusted or decoded.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The method, in capitals as HTTP has it.
    pub method: &'a str,
    /// The path as it stood in the request line, percent-encoding kept.
    pub path: &'a str,
    /// The query as it stood in the request line, without the question mark; empty when there was
    /// none.
    pub query: &'a str,
    /// All headers in their order, names in lower case. On HTTP/2 the caller puts `:authority` in
    /// as `host` when there is none.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// SHA-256 of the body as received.
    pub body_sha256: [u8; 32],
}

impl<'a> Request<'a> {
    /// The values of a header, in order.
    pub(super) fn values(self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.headers
            .iter()
            .filter(move |(held, _)| *held == name)
            .map(|(_, value)| *value)
    }

    /// The one value of a header, as text; an error when there are several or it is not ASCII.
    pub(super) fn single(self, name: &'static str) -> Result<Option<&'a str>, SigV4Error> {
        let mut values = self.values(name);
        let Some(value) = values.next() else {
            return Ok(None);
        };
        if values.next().is_some() {
            return Err(Invalid::Repeated(name.to_owned()).into());
        }
        match std::str::from_utf8(value) {
            Ok(text) if text.is_ascii() => Ok(Some(text.trim())),
            _ => Err(Invalid::NotText(name).into()),
        }
    }
}

/// An Authorization header, read. Nothing is proved yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// Whose key the sender claims to have: letters, digits and underscores, 1 to 128.
    pub access_key_id: String,
    /// The day the key is derived for, YYYYMMDD.
    pub date: String,
    /// The region the key is derived for.
    pub region: String,
    /// The service the key is derived for.
    pub service: String,
    /// Names of the headers that are signed: lower case, sorted, each once.
    pub signed_headers: Vec<String>,
    pub(super) signature: [u8; 32],
}

impl Authorization {
    /// Finds and reads the signature of a request. [`SigV4Error::Missing`] when it has none.
    pub fn find(request: Request<'_>) -> Result<Self, SigV4Error> {
        let presigned = request
            .query
            .split('&')
            .filter_map(|pair| pair.split('=').next())
            .any(|name| {
                ["X-Amz-Signature", "X-Amz-Credential", "X-Amz-Algorithm"]
                    .iter()
                    .any(|known| name.eq_ignore_ascii_case(known))
            });
        if presigned {
            return Err(Incomplete::Presigned.into());
        }
        let mut values = request.values("authorization");
        let Some(value) = values.next() else {
            return Err(SigV4Error::Missing);
        };
        if values.next().is_some() {
            return Err(Incomplete::Header.into());
        }
        Self::parse(std::str::from_utf8(value).map_err(|_| Incomplete::Header)?)
    }

    /// Reads the value of an Authorization header.
    pub fn parse(header: &str) -> Result<Self, SigV4Error> {
        if header.len() > MAX_HEADER || !header.is_ascii() {
            return Err(Incomplete::Header.into());
        }
        let header = header.trim();
        if header.is_empty() {
            return Err(SigV4Error::Missing);
        }
        let (algorithm, parameters) = header.split_once(' ').unwrap_or((header, ""));
        if algorithm != ALGORITHM {
            return Err(Incomplete::Algorithm.into());
        }
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for parameter in parameters
            .split(',')
            .map(str::trim)
            .filter(|parameter| !parameter.is_empty())
        {
            let (slot, value) = match parameter.split_once('=') {
                Some(("Credential", value)) => (&mut credential, value),
                Some(("SignedHeaders", value)) => (&mut signed_headers, value),
                Some(("Signature", value)) => (&mut signature, value),
                _ => return Err(Incomplete::UnknownParameter.into()),
            };
            if slot.replace(value).is_some() {
                return Err(Incomplete::UnknownParameter.into());
            }
        }
        let credential = credential.ok_or(Incomplete::Parameter("Credential"))?;
        let signed_headers = signed_headers.ok_or(Incomplete::Parameter("SignedHeaders"))?;
        let signature = signature.ok_or(Incomplete::Parameter("Signature"))?;
        let (access_key_id, date, region, service) = credential_parts(credential)?;
        let signature = digest::hex_decode(signature).map_err(|_| Incomplete::Signature)?;
        Ok(Self {
            access_key_id: access_key_id.to_owned(),
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            signed_headers: names(signed_headers)?,
            signature: signature.try_into().map_err(|_| Incomplete::Signature)?,
        })
    }
}

fn credential_parts(credential: &str) -> Result<(&str, &str, &str, &str), Incomplete> {
    let mut parts = credential.split('/');
    let (Some(key), Some(date), Some(region), Some(service), Some("aws4_request"), None) = (
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
    ) else {
        return Err(Incomplete::Credential);
    };
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let key_is_good = (1..=128).contains(&key.len()) && key.bytes().all(is_word);
    let date_is_good = date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit());
    if key_is_good && date_is_good {
        Ok((key, date, region, service))
    } else {
        Err(Incomplete::Credential)
    }
}

/// The names in SignedHeaders.
fn names(list: &str) -> Result<Vec<String>, Incomplete> {
    let names: Vec<String> = list.split(';').map(str::to_owned).collect();
    let is_token = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&byte)
    };
    let are_tokens = names
        .iter()
        .all(|name| !name.is_empty() && name.bytes().all(is_token));
    let are_sorted = names.is_sorted_by(|one, two| one < two);
    if are_tokens && are_sorted {
        Ok(names)
    } else {
        Err(Incomplete::SignedHeaders)
    }
}
