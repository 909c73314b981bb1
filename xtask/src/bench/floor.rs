//! The bare cryptography of each operation, in this process: what no server could do without.
//!
//! Processor time is counted, as for the server, and of many repetitions, so that what else the
//! machine does falls on both alike.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use cognate_crypto::digest::sha256;
use cognate_crypto::jwt::{self, SigningKey};
use cognate_crypto::random::Random;
use cognate_crypto::secret::{SecretBytes, SecretString};
use cognate_crypto::sigv4::{self, Authorization, Expected};
use cognate_crypto::srp::client::ClientKey;
use cognate_crypto::srp::{self, ClientPublic, ServerKey, ServerPublic, Verifier};
use cognate_crypto::totp;
use cognate_crypto::webauthn::authenticator::{Asked, Authenticator, SignedIn};
use cognate_crypto::webauthn::{self, Assertion, ClientData, KnownCredential, verify_assertion};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::api::{self, PASSWORD, REGION};
use super::cores::{self, Cores};
use super::operation::Operation;

/// Keys and values of the length that real ones have.
pub(super) struct Primitives {
    password: SecretString,
    salt: [u8; srp::SALT_LENGTH],
    verifier: Verifier,
    client_public: ClientPublic,
    server: ServerKey,
    server_public: ServerPublic,
    signing: SigningKey,
    claims: Value,
    token: String,
    signed: Signed,
    app: SecretBytes,
    passkey: Passkey,
}

/// A passkey, and an answer of it to one challenge.
struct Passkey {
    public_key: Vec<u8>,
    answer: SignedIn,
}

/// A signed request as a server receives it.
struct Signed {
    secret: SecretString,
    body: String,
    date: String,
    authorization: Authorization,
    now_ms: i64,
}

impl Primitives {
    /// Makes them.
    pub(super) fn new() -> Result<Self> {
        srp::prepare();
        let mut random = Random::from_seed([9; 32]);
        let password = SecretString::from(PASSWORD);
        let salt = srp::new_salt(&mut random);
        let verifier = srp::verifier("pool", "user", &password, &salt);
        let server = ServerKey::generate(&mut random);
        let server_public = server.public_value(&verifier)?;
        let signing = SigningKey::generate()?;
        let claims = json!({
            "sub": random.uuid_v4(), "iss": "http://cognate.test/us-east-1_abcdefghi", "client_id": "0123456789abcdefghijklmnop",
            "origin_jti": random.uuid_v4(), "event_id": random.uuid_v4(), "jti": random.uuid_v4(), "token_use": "access",
            "scope": "aws.cognito.signin.user.admin", "auth_time": 1_790_000_000, "exp": 1_790_003_600, "iat": 1_790_000_000,
            "version": 2, "username": "user-12345678-1",
        });
        let token = signing.sign(&claims)?;
        Ok(Self {
            client_public: ClientKey::generate(&mut random).public_value(),
            signed: Signed::new()?,
            app: totp::new_secret(&mut random),
            passkey: Passkey::new()?,
            password,
            salt,
            verifier,
            server,
            server_public,
            signing,
            claims,
            token,
        })
    }

    /// Processor time of the cryptography of one such operation, measured on the server's core for
    /// about `span`. None for an operation that needs no cryptography.
    pub(super) fn measure(
        &self,
        operation: Operation,
        span: Duration,
        cores: &Cores,
    ) -> Result<Option<Duration>> {
        if operation.floor().is_none() {
            return Ok(None);
        }
        cores.move_to_servers()?;
        let used = || cores::processor_time(std::process::id());
        let (before, started, mut count) = (used()?, Instant::now(), 0u32);
        while started.elapsed() < span {
            for _ in 0..10 {
                self.once(operation)?;
                count += 1;
            }
        }
        Ok(Some(used()?.saturating_sub(before) / count.max(1)))
    }

    fn once(&self, operation: Operation) -> Result<()> {
        match operation {
            Operation::SignUp => self.verifier(),
            Operation::SrpSignIn => {
                self.srp()?;
                self.sign_twice()?;
            }
            Operation::TotpSignIn => {
                self.srp()?;
                let now = self.signed.now_ms / 1_000;
                black_box(totp::matching_step(&self.app, black_box("123456"), now));
                self.sign_twice()?;
            }
            Operation::DeviceSignIn => {
                self.srp()?;
                self.srp()?;
                self.sign_twice()?;
            }
            Operation::PasskeySignIn => {
                self.passkey.verify()?;
                self.sign_twice()?;
            }
            Operation::PasswordSignIn | Operation::GroupSignIn => {
                self.verifier();
                self.sign_twice()?;
            }
            Operation::Refresh | Operation::Rotation => self.sign_twice()?,
            Operation::GetUser => {
                let token = jwt::peek(black_box(&self.token))?;
                black_box(self.signing.public().verify::<IgnoredAny>(&token)?);
            }
            Operation::AdminGetUser
            | Operation::ListUsers
            | Operation::Membership
            | Operation::GroupsOfUser
            | Operation::Members
            | Operation::FilterOne
            | Operation::FilterPage => self.signed.verify()?,
            Operation::Jwks => {}
        }
        Ok(())
    }

    /// The server's side of an exchange.
    fn srp(&self) -> Result<()> {
        black_box(self.server.public_value(&self.verifier)?);
        let (client, public) = (&self.client_public, &self.server_public);
        black_box(srp::session_keys(
            client,
            public,
            &self.server,
            &self.verifier,
        )?);
        Ok(())
    }

    fn verifier(&self) {
        black_box(srp::verifier("pool", "user", &self.password, &self.salt));
    }

    fn sign_twice(&self) -> Result<()> {
        black_box(self.signing.sign(&self.claims)?);
        black_box(self.signing.sign(&self.claims)?);
        Ok(())
    }
}

/// What the passkey is asked for.
const ASKED: Asked<'_> = Asked {
    challenge: b"0123456789abcdef",
    relying_party_id: "example.com",
    origin: "https://example.com",
};

impl Passkey {
    fn new() -> Result<Self> {
        let mut authenticator = Authenticator::es256().context("aws-lc makes no key")?;
        Ok(Self {
            answer: authenticator.sign_in(&ASKED),
            public_key: authenticator.public_key,
        })
    }

    fn verify(&self) -> Result<()> {
        let expected = webauthn::Expected {
            challenge: ASKED.challenge,
            relying_party_id: ASKED.relying_party_id,
            other_origins: &[],
            user_verification: true,
        };
        let known = KnownCredential {
            public_key: &self.public_key,
            counter: 0,
            backup_eligible: true,
        };
        let client_data = ClientData::read(black_box(&self.answer.client_data));
        let client_data = client_data.map_err(|error| anyhow!("{error:?}"))?;
        let assertion = Assertion {
            client_data: &client_data,
            authenticator_data: &self.answer.authenticator_data,
            signature: &self.answer.signature,
        };
        let verified = verify_assertion(&expected, &known, &assertion);
        black_box(verified.map_err(|error| anyhow!("{error:?}"))?);
        Ok(())
    }
}

impl Signed {
    fn new() -> Result<Self> {
        let now_ms = api::now_ms();
        let mut signed = Self {
            secret: SecretString::from("0123456789012345678901234567890123456789"),
            body: json!({ "UserPoolId": "us-east-1_abcdefghi", "Username": "user-12345678-1" })
                .to_string(),
            date: sigv4::timestamp(now_ms),
            // Only to have a value until there is one.
            authorization: Authorization::parse(&format!(
                "AWS4-HMAC-SHA256 Credential=AKIA/20260101/{REGION}/cognito-idp/aws4_request, SignedHeaders=host;x-amz-date, Signature={}",
                "0".repeat(64)
            ))?,
            now_ms,
        };
        let header = signed.with_request(|request, expected| {
            sigv4::sign(request, "AKIAABCDEFGHIJKLMNOP", &signed.secret, expected)
        })?;
        signed.authorization = Authorization::parse(&header)?;
        Ok(signed)
    }

    fn with_request<T>(&self, with: impl FnOnce(sigv4::Request<'_>, Expected<'_>) -> T) -> T {
        let headers: [(&str, &[u8]); 4] = [
            ("content-type", b"application/x-amz-json-1.1"),
            ("host", b"cognate.test"),
            ("x-amz-date", self.date.as_bytes()),
            (
                "x-amz-target",
                b"AWSCognitoIdentityProviderService.AdminGetUser",
            ),
        ];
        let request = sigv4::Request {
            method: "POST",
            path: "/",
            query: "",
            headers: &headers,
            body_sha256: sha256(&[self.body.as_bytes()]),
        };
        let expected = Expected {
            region: REGION,
            service: "cognito-idp",
            now_ms: self.now_ms,
        };
        with(request, expected)
    }

    fn verify(&self) -> Result<()> {
        let verified = self.with_request(|request, expected| {
            sigv4::verify(request, &self.authorization, &self.secret, expected)
        });
        black_box(verified.map_err(|error| anyhow!("{error}"))?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn every_floor_is_work_that_succeeds() {
        let primitives = Primitives::new().unwrap();
        for operation in Operation::value_variants() {
            primitives.once(*operation).unwrap();
        }
    }
}
