//! Requests of the API as bytes, public ones and signed ones.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, anyhow, bail};
use cognate_crypto::digest::sha256;
use cognate_crypto::secret::SecretString;
use cognate_crypto::sigv4;
use serde_json::{Value, json};

/// The region that servers of the bench have.
pub(super) const REGION: &str = "us-east-1";

/// What every user's password is.
pub(super) const PASSWORD: &str = "Bench-marks.1";

/// What every request's Host header says. The server takes any, and a request that was made for one
/// node may go to another.
const HOST: &str = "cognate.test";

/// An access key, which signs.
#[derive(Clone)]
pub(super) struct AccessKey {
    pub(super) id: String,
    pub(super) secret: SecretString,
}

/// Milliseconds since 1970.
#[allow(
    clippy::disallowed_methods,
    reason = "this is a client, and its clock is the machine's"
)]
pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}

/// A request that anybody may make.
pub(super) fn public(operation: &str, input: &Value) -> Vec<u8> {
    let body = input.to_string();
    request(operation, "", &body)
}

/// InitiateAuth.
pub(super) fn initiate(client: &str, flow: &str, parameters: &Value) -> Vec<u8> {
    let input = json!({ "ClientId": client, "AuthFlow": flow, "AuthParameters": parameters });
    public("InitiateAuth", &input)
}

/// InitiateAuth by password.
pub(super) fn password_sign_in(client: &str, name: &str) -> Vec<u8> {
    let parameters = json!({ "USERNAME": name, "PASSWORD": PASSWORD });
    initiate(client, "USER_PASSWORD_AUTH", &parameters)
}

/// RespondToAuthChallenge.
pub(super) fn respond(
    client: &str,
    name: &str,
    session: Option<&str>,
    responses: &Value,
) -> Vec<u8> {
    let input = json!({
        "ClientId": client,
        "ChallengeName": name,
        "Session": session,
        "ChallengeResponses": responses,
    });
    public("RespondToAuthChallenge", &input)
}

/// The session of an answer that asks for this challenge.
pub(super) fn challenge<'a>(answer: &'a Value, name: &str) -> Result<&'a str> {
    let asked = answer.get("ChallengeName").and_then(Value::as_str);
    if asked != Some(name) {
        bail!("{name} should be asked for, not {asked:?}");
    }
    let session = answer.get("Session").and_then(Value::as_str);
    session.context("a challenge without a session")
}

/// The tokens of an answer that ends a sign-in.
pub(super) fn tokens(answer: &Value) -> Result<&Value> {
    let tokens = answer.get("AuthenticationResult");
    tokens.context("a sign-in without tokens")
}

/// A request signed by an access key: good for five minutes from now.
pub(super) fn signed(key: &AccessKey, operation: &str, input: &Value) -> Result<Vec<u8>> {
    let body = input.to_string();
    let now_ms = now_ms();
    let date = sigv4::timestamp(now_ms);
    let target = target(operation);
    let headers: [(&str, &[u8]); 4] = [
        ("content-type", CONTENT_TYPE.as_bytes()),
        ("host", HOST.as_bytes()),
        ("x-amz-date", date.as_bytes()),
        ("x-amz-target", target.as_bytes()),
    ];
    let request_signed = sigv4::Request {
        method: "POST",
        path: "/",
        query: "",
        headers: &headers,
        body_sha256: sha256(&[body.as_bytes()]),
    };
    let expected = sigv4::Expected {
        region: REGION,
        service: "cognito-idp",
        now_ms,
    };
    let authorization = sigv4::sign(request_signed, &key.id, &key.secret, expected)
        .map_err(|error| anyhow!("sign a request: {error}"))?;
    let more = format!("x-amz-date: {date}\r\nauthorization: {authorization}\r\n");
    Ok(request(operation, &more, &body))
}

/// The request for a pool's public keys.
pub(super) fn jwks(pool: &str) -> Vec<u8> {
    format!("GET /{pool}/.well-known/jwks.json HTTP/1.1\r\nhost: {HOST}\r\n\r\n").into_bytes()
}

const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

fn target(operation: &str) -> String {
    format!("AWSCognitoIdentityProviderService.{operation}")
}

fn request(operation: &str, more: &str, body: &str) -> Vec<u8> {
    let (target, length) = (target(operation), body.len());
    format!(
        "POST / HTTP/1.1\r\nhost: {HOST}\r\ncontent-type: {CONTENT_TYPE}\r\nx-amz-target: {target}\r\n\
         {more}content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}
