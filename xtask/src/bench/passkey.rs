//! Sign-ins with a passkey as the first factor, and the only one.

use std::cell::RefCell;

use anyhow::{Context as _, Result};
use cognate_crypto::digest::{base64url_decode, base64url_encode};
use cognate_crypto::webauthn::authenticator::{Asked, Authenticator};
use serde_json::{Value, json};

use super::api;
use super::http::Connection;
use super::pool::{Form, MEMBERS, Pool, text};

/// Whose passkeys they are.
const RELYING_PARTY: &str = "example.com";

/// Where the page is.
const ORIGIN: &str = "https://example.com";

/// A pool where everybody has a passkey.
pub(super) struct Passkeys {
    pool: Pool,
    people: Vec<Person>,
}

struct Person {
    name: String,
    authenticator: RefCell<Authenticator>,
}

impl Passkeys {
    /// Makes the pool, and a passkey for each of its users.
    pub(super) async fn prepare(beside: &Pool) -> Result<Self> {
        let first = json!({ "AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"] });
        let form = Form::usual()
            .with("Policies", json!({ "SignInPolicy": first }))
            .flow("ALLOW_USER_AUTH");
        let pool = beside.another(&form, MEMBERS).await?;
        let party = json!({ "RelyingPartyId": RELYING_PARTY });
        pool.set_mfa(json!({ "WebAuthnConfiguration": party }))
            .await?;
        let mut connection = pool.connect().await?;
        let mut people = Vec::new();
        for member in &pool.members {
            let token = &member.access_token;
            let input = json!({ "AccessToken": token });
            let request = api::public("StartWebAuthnRegistration", &input);
            let answer = connection.call(&request).await?.json()?;
            let options = answer.get("CredentialCreationOptions");
            let challenge = challenge_of(options.context("no options")?)?;
            let authenticator = Authenticator::es256().context("aws-lc makes no key")?;
            let made = authenticator.register(&asked(&challenge));
            let response = json!({
                "clientDataJSON": base64url_encode(&made.client_data),
                "attestationObject": base64url_encode(&made.attestation_object),
                "transports": ["internal"],
            });
            let credential = credential(&authenticator, &response);
            let input = json!({ "AccessToken": token, "Credential": credential });
            let request = api::public("CompleteWebAuthnRegistration", &input);
            connection.call(&request).await?.success()?;
            people.push(Person {
                name: member.name.clone(),
                authenticator: RefCell::new(authenticator),
            });
        }
        Ok(Self { pool, people })
    }

    /// Signs somebody in.
    pub(super) async fn once(&self, connection: &mut Connection, turn: usize) -> Result<()> {
        let person = self.people.get(turn % self.people.len().max(1));
        let person = person.context("nobody has a passkey")?;
        let (client, name) = (&self.pool.client, "WEB_AUTHN");
        let parameters = json!({ "USERNAME": person.name, "PREFERRED_CHALLENGE": name });
        let request = api::initiate(client, "USER_AUTH", &parameters);
        let answer = connection.call(&request).await?.json()?;
        let session = api::challenge(&answer, name)?;
        let options = text(&answer, "/ChallengeParameters/CREDENTIAL_REQUEST_OPTIONS")?;
        let challenge = challenge_of(&serde_json::from_str(&options)?)?;
        let credential = {
            let mut authenticator = person.authenticator.borrow_mut();
            let signed = authenticator.sign_in(&asked(&challenge));
            let response = json!({
                "clientDataJSON": base64url_encode(&signed.client_data),
                "authenticatorData": base64url_encode(&signed.authenticator_data),
                "signature": base64url_encode(&signed.signature),
            });
            credential(&authenticator, &response)
        };
        let responses = json!({ "USERNAME": person.name, "CREDENTIAL": credential.to_string() });
        let request = api::respond(client, name, Some(session), &responses);
        let answer = connection.call(&request).await?.json()?;
        api::tokens(&answer).map(drop)
    }
}

fn asked(challenge: &[u8]) -> Asked<'_> {
    Asked {
        challenge,
        relying_party_id: RELYING_PARTY,
        origin: ORIGIN,
    }
}

/// The challenge of a page's options.
fn challenge_of(options: &Value) -> Result<Vec<u8>> {
    let challenge = text(options, "/challenge")?;
    base64url_decode(&challenge)
        .ok()
        .context("a challenge in no base64url")
}

/// What a page hands in, as JSON.
fn credential(authenticator: &Authenticator, response: &Value) -> Value {
    let id = base64url_encode(&authenticator.credential_id);
    json!({
        "id": id,
        "rawId": id,
        "type": "public-key",
        "clientExtensionResults": {},
        "response": response,
    })
}
