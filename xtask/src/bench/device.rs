//! Sign-ins on remembered devices: SRP of the user, then SRP of the device.

use anyhow::{Context as _, Result};
use cognate_crypto::digest::base64_encode;
use cognate_crypto::secret::SecretString;
use cognate_crypto::srp::client::ClientKey;
use cognate_crypto::srp::verifier;
use serde_json::json;

use super::api;
use super::http::Connection;
use super::pool::{Form, MEMBERS, Pool, text};
use super::srp::{self, Seeds};

/// The salt of every device.
const SALT: [u8; 16] = [0x2a; 16];

/// A pool where everybody has a remembered device.
pub(super) struct Devices {
    pool: Pool,
    devices: Vec<Device>,
    seeds: Seeds,
}

struct Device {
    user: String,
    key: String,
    group: String,
    secret: SecretString,
}

impl Devices {
    /// Makes the pool, and a device for each of its users.
    pub(super) async fn prepare(beside: &Pool) -> Result<Self> {
        let always = json!({
            "ChallengeRequiredOnNewDevice": false,
            "DeviceOnlyRememberedOnUserPrompt": false,
        });
        let form = Form::usual().with("DeviceConfiguration", always);
        let pool = beside.another(&form, MEMBERS).await?;
        let mut connection = pool.connect().await?;
        let mut devices = Vec::new();
        for member in &pool.members {
            let request = api::password_sign_in(&pool.client, &member.name);
            let answer = connection.call(&request).await?.json()?;
            let given = |pointer: &str| text(&answer, &format!("/AuthenticationResult{pointer}"));
            let key = given("/NewDeviceMetadata/DeviceKey")?;
            let device = Device {
                user: member.name.clone(),
                group: given("/NewDeviceMetadata/DeviceGroupKey")?,
                secret: SecretString::new(format!("the secret of {key}")),
                key,
            };
            let verifier = verifier(&device.group, &device.key, &device.secret, &SALT);
            // A byte of zero in front, as of a number that is not negative.
            let number = |bytes: &[u8]| base64_encode(&[&[0], bytes].concat());
            let config = json!({
                "Salt": number(&SALT),
                "PasswordVerifier": number(verifier.expose()),
            });
            let input = json!({
                "AccessToken": given("/AccessToken")?,
                "DeviceKey": device.key,
                "DeviceSecretVerifierConfig": config,
            });
            let request = api::public("ConfirmDevice", &input);
            connection.call(&request).await?.success()?;
            devices.push(device);
        }
        Ok(Self {
            pool,
            devices,
            seeds: Seeds::default(),
        })
    }

    /// Signs somebody in.
    pub(super) async fn once(&self, connection: &mut Connection, turn: usize) -> Result<()> {
        let device = self.devices.get(turn % self.devices.len().max(1));
        let device = device.context("nobody has a device")?;
        let (pool, key) = (&self.pool, device.key.as_str());
        let mut random = self.seeds.next();
        let asked = srp::sign_in(connection, pool, &device.user, Some(key), &mut random).await?;
        let name = "DEVICE_SRP_AUTH";
        let session = api::challenge(&asked, name)?;
        let own = ClientKey::generate(&mut random);
        let responses = json!({
            "USERNAME": device.user,
            "DEVICE_KEY": key,
            "SRP_A": own.public_value().to_hex(),
        });
        let request = api::respond(&pool.client, name, Some(session), &responses);
        let asked = connection.call(&request).await?.json()?;
        let name = "DEVICE_PASSWORD_VERIFIER";
        let session = api::challenge(&asked, name)?;
        let mut responses = srp::proof(&asked, &own, &device.group, key, &device.secret)?;
        for (name, value) in [("USERNAME", device.user.as_str()), ("DEVICE_KEY", key)] {
            responses.insert(name.to_owned(), value.into());
        }
        let request = api::respond(&pool.client, name, Some(session), &responses.into());
        let answer = connection.call(&request).await?.json()?;
        api::tokens(&answer).map(drop)
    }
}
