//! AWS Signature Version 4 in its header form: verification, and a signer for tests and the bench.
//!
//! The canonical request is made of the received bytes. Nothing is decoded or normalized first, so
//! a request that two readers could understand differently has no valid signature. The verification
//! is stricter than the protocol: `host`, the date and every `x-amz-*` header that is there must be
//! signed; `host`, `content-type`, the date and `x-amz-*` may not come twice; and the body's real
//! hash is always part of the signed text. UNSIGNED-PAYLOAD, streaming forms and presigned queries
//! are refused.
//!
//! The caller finds the owner of the access key and checks an `x-amz-security-token`.

mod canonical;
mod error;
#[cfg(test)]
mod tests;
mod time;

use zeroize::Zeroizing;

use self::{canonical::string_to_sign, time::Moment};
pub use self::{
    error::{Incomplete, Invalid, SigV4Error},
    time::{parse_http_date, timestamp},
};
use crate::{digest, secret::SecretString};

/// How far a request's date may be from the server's, in milliseconds and in either direction: five
/// minutes (docs/protocol.md §2.1).
pub const MAX_SKEW_MS: i64 = 5 * 60 * 1000;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The longest Authorization header that is looked at, in bytes.
const MAX_HEADER: usize = 8192;

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
    fn values(self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.headers
            .iter()
            .filter(move |(held, _)| *held == name)
            .map(|(_, value)| *value)
    }

    /// The one value of a header, as text; an error when there are several or it is not ASCII.
    fn single(self, name: &'static str) -> Result<Option<&'a str>, SigV4Error> {
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

/// What the signature must be made for.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// This server's region.
    pub region: &'a str,
    /// The signing name of the service that the request is for: cognito-idp, cognito-identity or
    /// sts.
    pub service: &'a str,
    /// The clock, in milliseconds since 1970.
    pub now_ms: i64,
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
    signature: [u8; 32],
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

/// What a valid signature leaves to decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The session token that came along, signed like all else: of temporary credentials the caller
    /// must check it.
    pub security_token: Option<SecretString>,
}

/// Checks a request's signature. `secret` is that of the access key which `authorization` names,
/// looked up by the caller.
pub fn verify(
    request: Request<'_>,
    authorization: &Authorization,
    secret: &SecretString,
    expected: Expected<'_>,
) -> Result<Verified, SigV4Error> {
    let date = check_scope_and_date(request, authorization, expected)?;
    check_headers(request, authorization)?;
    check_payload(request)?;
    let signed = string_to_sign(request, authorization, &date);
    let key = signing_key(
        secret,
        &authorization.date,
        &authorization.region,
        &authorization.service,
    );
    let calculated = digest::hmac_sha256(&*key, &[signed.as_bytes()]);
    if !digest::ct_eq(&calculated, &authorization.signature) {
        return Err(Invalid::Mismatch.into());
    }
    let security_token = request
        .single("x-amz-security-token")?
        .map(SecretString::from);
    Ok(Verified { security_token })
}

/// The key that signs a day's requests to one service of one region.
pub fn signing_key(
    secret: &SecretString,
    date: &str,
    region: &str,
    service: &str,
) -> Zeroizing<[u8; 32]> {
    let first = Zeroizing::new(format!("AWS4{}", secret.expose()));
    let mut key = Zeroizing::new(digest::hmac_sha256(first.as_bytes(), &[date.as_bytes()]));
    for part in [region, service, "aws4_request"] {
        *key = digest::hmac_sha256(&*key, &[part.as_bytes()]);
    }
    key
}

/// Signs a request, all of its headers, and gives the Authorization header. For tests and the
/// bench. The request must have `host` and `x-amz-date` (see [`timestamp`]) among its headers;
/// `expected` says for which region and service to sign.
pub fn sign(
    request: Request<'_>,
    access_key_id: &str,
    secret: &SecretString,
    expected: Expected<'_>,
) -> Result<String, SigV4Error> {
    let date = request_date(request)?;
    let mut signed_headers: Vec<String> = request
        .headers
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    signed_headers.sort();
    signed_headers.dedup();
    let mut authorization = Authorization {
        access_key_id: access_key_id.to_owned(),
        date: date.day().to_owned(),
        region: expected.region.to_owned(),
        service: expected.service.to_owned(),
        signed_headers,
        signature: [0; 32],
    };
    check_headers(request, &authorization)?;
    let key = signing_key(secret, date.day(), expected.region, expected.service);
    let signed = string_to_sign(request, &authorization, &date);
    authorization.signature = digest::hmac_sha256(&*key, &[signed.as_bytes()]);
    Ok(format!(
        "{ALGORITHM} Credential={access_key_id}/{}, SignedHeaders={}, Signature={}",
        canonical::scope(&authorization),
        authorization.signed_headers.join(";"),
        digest::hex_encode(&authorization.signature),
    ))
}

fn check_scope_and_date(
    request: Request<'_>,
    authorization: &Authorization,
    expected: Expected<'_>,
) -> Result<Moment, SigV4Error> {
    if authorization.region != expected.region {
        return Err(Invalid::Region.into());
    }
    if authorization.service != expected.service {
        return Err(Invalid::Service(expected.service.to_owned()).into());
    }
    let moment = request_date(request)?;
    let date = moment.text.clone();
    if authorization.date != moment.day() {
        let (scope, day) = (authorization.date.clone(), moment.day().to_owned());
        return Err(Invalid::ScopeDate { scope, day, date }.into());
    }
    // Saturating, so that no clock and no date can turn the comparison round.
    let age = expected.now_ms.saturating_sub(moment.ms);
    let limit = |offset: i64| timestamp(expected.now_ms.saturating_add(offset));
    let now = timestamp(expected.now_ms);
    if age > MAX_SKEW_MS {
        return Err(Invalid::Expired {
            date,
            limit: limit(-MAX_SKEW_MS),
            now,
        }
        .into());
    }
    if age < -MAX_SKEW_MS {
        return Err(Invalid::NotYetCurrent {
            date,
            limit: limit(MAX_SKEW_MS),
            now,
        }
        .into());
    }
    Ok(moment)
}

/// X-Amz-Date, or Date when there is none.
fn request_date(request: Request<'_>) -> Result<Moment, SigV4Error> {
    let value = match request.single("x-amz-date")? {
        Some(value) => Moment::from_iso(value),
        None => request
            .single("date")?
            .and_then(|value| Moment::from_iso(value).or_else(|| Moment::from_http(value))),
    };
    value.ok_or_else(|| Incomplete::Date.into())
}

/// Whether all that must be signed is signed, and nothing that decides is there twice.
fn check_headers(request: Request<'_>, authorization: &Authorization) -> Result<(), SigV4Error> {
    let is_signed = |name: &str| {
        authorization
            .signed_headers
            .iter()
            .any(|signed| signed == name)
    };
    let date = if request.values("x-amz-date").next().is_some() {
        "x-amz-date"
    } else {
        "date"
    };
    for needed in ["host", date] {
        if !is_signed(needed) {
            return Err(Invalid::NotSigned(needed.to_owned()).into());
        }
    }
    for (name, _) in request.headers {
        let is_amz = name.starts_with("x-amz-");
        if is_amz && !is_signed(name) {
            return Err(Invalid::NotSigned((*name).to_owned()).into());
        }
        let decides = is_amz || ["host", "content-type", "date"].contains(name);
        if decides && request.values(name).nth(1).is_some() {
            return Err(Invalid::Repeated((*name).to_owned()).into());
        }
    }
    match authorization
        .signed_headers
        .iter()
        .find(|name| request.values(name).next().is_none())
    {
        Some(missing) => Err(Invalid::NotThere(missing.clone()).into()),
        None => Ok(()),
    }
}

/// The hash that the sender states, if any, must be that of the body that came.
fn check_payload(request: Request<'_>) -> Result<(), SigV4Error> {
    match request.single("x-amz-content-sha256")? {
        Some(stated) if stated != digest::hex_encode(&request.body_sha256) => {
            Err(Invalid::Payload.into())
        }
        _ => Ok(()),
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
