//! Sign-ins with an authenticator app as the second factor, after SRP.

use std::cell::Cell;

use anyhow::{Context as _, Result, bail};
use cognate_crypto::secret::SecretBytes;
use cognate_crypto::totp;
use serde_json::{Value, json};

use super::api;
use super::http::Connection;
use super::pool::{Form, Pool, text};
use super::srp::{self, Seeds};

/// How many have an app: each of them can sign in once, and again in the next half minute.
const PEOPLE: usize = 4_000;

/// A pool where everybody has an app.
pub(super) struct Totp {
    pool: Pool,
    people: Vec<Person>,
    seeds: Seeds,
}

struct Person {
    name: String,
    secret: SecretBytes,
    /// The last step whose code was used. A code serves once.
    used: Cell<i64>,
}

impl Totp {
    /// Makes the pool, and an app for each of its users.
    pub(super) async fn prepare(beside: &Pool) -> Result<Self> {
        let pool = beside.another(&Form::usual(), PEOPLE).await?;
        pool.set_mfa(json!({
            "MfaConfiguration": "OPTIONAL",
            "SoftwareTokenMfaConfiguration": { "Enabled": true },
        }))
        .await?;
        let mut connection = pool.connect().await?;
        let mut people = Vec::new();
        for member in &pool.members {
            let token = &member.access_token;
            let input = json!({ "AccessToken": token });
            let request = api::public("AssociateSoftwareToken", &input);
            let answer = connection.call(&request).await?.json()?;
            let secret = totp::from_base32(&text(&answer, "/SecretCode")?);
            let person = Person {
                name: member.name.clone(),
                secret: secret.context("a secret in no base32")?,
                used: Cell::new(0),
            };
            let input = json!({ "AccessToken": token, "UserCode": person.code()? });
            let request = api::public("VerifySoftwareToken", &input);
            connection.call(&request).await?.success()?;
            let settings = json!({ "Enabled": true, "PreferredMfa": true });
            let input = json!({ "AccessToken": token, "SoftwareTokenMfaSettings": settings });
            let request = api::public("SetUserMFAPreference", &input);
            connection.call(&request).await?.success()?;
            people.push(person);
        }
        Ok(Self {
            pool,
            people,
            seeds: Seeds::default(),
        })
    }

    /// Signs somebody in.
    pub(super) async fn once(&self, connection: &mut Connection, turn: usize) -> Result<()> {
        let person = self.people.get(turn % self.people.len().max(1));
        let person = person.context("nobody has an app")?;
        let mut random = self.seeds.next();
        let asked = srp::sign_in(connection, &self.pool, &person.name, None, &mut random).await?;
        let session = api::challenge(&asked, "SOFTWARE_TOKEN_MFA")?;
        let responses = json!({
            "USERNAME": person.name,
            "SOFTWARE_TOKEN_MFA_CODE": person.code()?,
        });
        let client = &self.pool.client;
        let request = api::respond(client, "SOFTWARE_TOKEN_MFA", Some(session), &responses);
        let answer = connection.call(&request).await?.json()?;
        api::tokens(&answer).map(drop)
    }
}

impl Person {
    /// The oldest code that is good still and was not used.
    fn code(&self) -> Result<Value> {
        let now = totp::step_of(api::now_ms() / 1_000);
        // The one before the present one would be refused if it ended on the way.
        let step = now.max(self.used.get() + 1);
        if step > now + 1 {
            bail!("everybody's codes are used up: ask for fewer --seconds");
        }
        self.used.set(step);
        Ok(totp::code(&self.secret, step).expose().into())
    }
}
