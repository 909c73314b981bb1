//! The client's side of an SRP sign-in, as a browser does it: two requests, and the powers between
//! them.

use std::cell::Cell;

use anyhow::{Context as _, Result, anyhow};
use cognate_crypto::digest::{base64_decode, base64_encode};
use cognate_crypto::random::Random;
use cognate_crypto::secret::SecretString;
use cognate_crypto::srp::claim_signature;
use cognate_crypto::srp::client::ClientKey;
use serde_json::{Map, Value, json};

use super::api::{self, PASSWORD};
use super::http::Connection;
use super::pool::{Pool, text};

/// What clients draw their secrets from: something else for each sign-in.
#[derive(Default)]
pub(super) struct Seeds(Cell<u64>);

impl Seeds {
    /// For the next sign-in.
    pub(super) fn next(&self) -> Random {
        self.0.set(self.0.get() + 1);
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.0.get().to_be_bytes());
        Random::from_seed(seed)
    }
}

/// Proves a user's password, on a device where there is one; gives the answer to that, tokens or
/// the next challenge.
pub(super) async fn sign_in(
    connection: &mut Connection,
    pool: &Pool,
    username: &str,
    device: Option<&str>,
    random: &mut Random,
) -> Result<Value> {
    let key = ClientKey::generate(random);
    let mut parameters = json!({ "USERNAME": username, "SRP_A": key.public_value().to_hex() });
    if let Some(device) = device {
        parameters["DEVICE_KEY"] = device.into();
    }
    let request = api::initiate(&pool.client, "USER_SRP_AUTH", &parameters);
    let asked = connection.call(&request).await?.json()?;
    let session = api::challenge(&asked, "PASSWORD_VERIFIER")?;
    let pool_name = pool.id.split_once('_');
    let (_, pool_name) = pool_name.context("a pool id without an underscore")?;
    let user_id = text(&asked, "/ChallengeParameters/USER_ID_FOR_SRP")?;
    let password = SecretString::from(PASSWORD);
    let mut responses = proof(&asked, &key, pool_name, &user_id, &password)?;
    responses.insert("USERNAME".to_owned(), user_id.into());
    if let Some(device) = device {
        responses.insert("DEVICE_KEY".to_owned(), device.into());
    }
    let (name, responses) = ("PASSWORD_VERIFIER", responses.into());
    let request = api::respond(&pool.client, name, Some(session), &responses);
    connection.call(&request).await?.json()
}

/// The responses that prove a password, or a device's secret: `group` and `name` are the pool's and
/// the user's, or the device's.
pub(super) fn proof(
    asked: &Value,
    key: &ClientKey,
    group: &str,
    name: &str,
    secret: &SecretString,
) -> Result<Map<String, Value>> {
    let parameter = |name: &str| text(asked, &format!("/ChallengeParameters/{name}"));
    let (salt, public) = (parameter("SALT")?, parameter("SRP_B")?);
    let session_key = key.session_key(&salt, &public, group, name, secret);
    let session_key = session_key.map_err(|error| anyhow!("SRP: {error}"))?;
    let block = parameter("SECRET_BLOCK")?;
    let timestamp = claim_timestamp(api::now_ms())?;
    let block_bytes = base64_decode(&block).map_err(|_| anyhow!("a secret block in no base64"))?;
    let signature = claim_signature(&session_key, group, name, &block_bytes, &timestamp);
    let responses = [
        ("PASSWORD_CLAIM_SECRET_BLOCK", block),
        ("PASSWORD_CLAIM_SIGNATURE", base64_encode(&signature)),
        ("TIMESTAMP", timestamp),
    ];
    Ok(responses
        .map(|(name, value)| (name.to_owned(), value.into()))
        .into_iter()
        .collect())
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
