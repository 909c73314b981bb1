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
mod received;
#[cfg(test)]
mod tests;
mod time;

use zeroize::Zeroizing;

use self::{canonical::string_to_sign, received::ALGORITHM, time::Moment};
pub use self::{
    error::{Incomplete, Invalid, SigV4Error},
    received::{Authorization, Request},
    time::{parse_http_date, timestamp},
};
use crate::{digest, secret::SecretString};

/// How far a request's date may be from the server's, in milliseconds and in either direction: five
/// minutes (docs/protocol.md §2.1).
pub const MAX_SKEW_MS: i64 = 5 * 60 * 1000;

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
