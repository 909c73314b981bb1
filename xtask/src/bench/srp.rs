//! The client's side of an SRP sign-in, as a browser does it: two requests, and the powers between
//! them.

use anyhow::{Context as _, Result, anyhow};
use cognate_crypto::digest::{base64_decode, base64_encode};
use cognate_crypto::random::Random;
use cognate_crypto::secret::SecretString;
use cognate_crypto::srp::claim_signature;
use cognate_crypto::srp::client::ClientKey;
use serde_json::{Value, json};

use super::api;
use super::http::Connection;

/// What every user's password is.
pub(super) const PASSWORD: &str = "Bench-marks.1";

/// Signs a user in; gives the tokens.
pub(super) async fn sign_in(
    connection: &mut Connection,
    pool: &str,
    client: &str,
    username: &str,
    random: &mut Random,
) -> Result<Value> {
    let key = ClientKey::generate(random);
    let parameters = json!({ "USERNAME": username, "SRP_A": key.public_value().to_hex() });
    let input =
        json!({ "ClientId": client, "AuthFlow": "USER_SRP_AUTH", "AuthParameters": parameters });
    let challenge = connection
        .call(&api::public("InitiateAuth", &input))
        .await?
        .json()?;
    let answer = answer(&challenge, pool, &key)?;
    let input = json!({
        "ClientId": client,
        "ChallengeName": "PASSWORD_VERIFIER",
        "Session": challenge.get("Session"),
        "ChallengeResponses": answer,
    });
    let tokens = connection
        .call(&api::public("RespondToAuthChallenge", &input))
        .await?
        .json()?;
    tokens
        .get("AuthenticationResult")
        .cloned()
        .context("a sign-in without tokens")
}

/// The responses to PASSWORD_VERIFIER.
fn answer(challenge: &Value, pool: &str, key: &ClientKey) -> Result<Value> {
    let parameter = |name: &str| {
        let value = challenge
            .pointer("/ChallengeParameters")
            .and_then(|all| all.get(name));
        value
            .and_then(Value::as_str)
            .with_context(|| format!("a challenge without {name}"))
    };
    let (_, pool_name) = pool
        .split_once('_')
        .context("a pool id without an underscore")?;
    let user_id = parameter("USER_ID_FOR_SRP")?;
    let password = SecretString::from(PASSWORD);
    let session_key = key.session_key(
        parameter("SALT")?,
        parameter("SRP_B")?,
        pool_name,
        user_id,
        &password,
    );
    let session_key = session_key.map_err(|error| anyhow!("SRP: {error}"))?;
    let block = parameter("SECRET_BLOCK")?;
    let timestamp = claim_timestamp(api::now_ms())?;
    let block_bytes = base64_decode(block).map_err(|_| anyhow!("a secret block in no base64"))?;
    let signature = claim_signature(&session_key, pool_name, user_id, &block_bytes, &timestamp);
    Ok(json!({
        "USERNAME": user_id,
        "PASSWORD_CLAIM_SECRET_BLOCK": block,
        "PASSWORD_CLAIM_SIGNATURE": base64_encode(&signature),
        "TIMESTAMP": timestamp,
    }))
}

/// `Tue Sep 5 18:20:05 UTC 2017`: English names, the day without a leading zero.
fn claim_timestamp(ms: i64) -> Result<String> {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    // YYYYMMDDTHHMMSSZ
    let text = cognate_crypto::sigv4::timestamp(ms);
    let part = |from: usize, to: usize| text.get(from..to).context("a date of another form");
    let month: usize = part(4, 6)?.parse()?;
    let month = MONTHS.get(month.wrapping_sub(1)).context("no such month")?;
    let weekday = usize::try_from(ms.div_euclid(86_400_000).rem_euclid(7))?;
    let weekday = DAYS.get(weekday).context("no such day")?;
    let day: u32 = part(6, 8)?.parse()?;
    let (year, hour, minute, second) = (part(0, 4)?, part(9, 11)?, part(11, 13)?, part(13, 15)?);
    Ok(format!(
        "{weekday} {month} {day} {hour}:{minute}:{second} UTC {year}"
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn the_timestamp_has_the_form_that_clients_send() {
        let text = claim_timestamp(1_504_635_605_000).unwrap();
        assert_eq!(text, "Tue Sep 5 18:20:05 UTC 2017");
        assert_eq!(claim_timestamp(0).unwrap(), "Thu Jan 1 00:00:00 UTC 1970");
    }
}
