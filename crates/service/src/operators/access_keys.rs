//! Access keys: proving by Signature Version 4 who calls, and what `cognate access-key` does.
//!
//! A key that is deleted goes on for a second at most on nodes that have just used it (see
//! settings.rs).

use cognate_api::Service;
use cognate_crypto::digest::sha256;
use cognate_crypto::secret::SecretString;
use cognate_crypto::sigv4::{self, Authorization, Expected, Incomplete, Invalid, SigV4Error};
use cognate_model::Timestamp;
use cognate_model::access_key::{self, AccessKey};
use cognate_model::policy::{Policy, PolicyError};
use cognate_store::{Db, access_keys};

use super::actions;
use crate::{App, Caller, Clock, Entropy, Error, Result, failure};

/// A request as its client signed it: nothing in it decoded or tidied.
#[derive(Clone, Copy)]
pub struct SignedRequest<'a> {
    /// The service that its target names.
    pub service: Service,
    /// The method, in capitals.
    pub method: &'a str,
    /// The path as it stood in the request line; after it those that it may have been before a
    /// proxy changed it.
    pub paths: &'a [String],
    /// The query as it stood there, without the question mark.
    pub query: &'a str,
    /// All headers in their order, names in lower case; with `host`, wherever it was said.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// The body as it came over the wire.
    pub body: &'a [u8],
}

/// Proves who signed a request.
///
/// # Errors
/// `MissingAuthenticationTokenException`, `IncompleteSignatureException`,
/// `UnrecognizedClientException`, `InvalidSignatureException`; `ServiceUnavailableException` when
/// the database does not answer.
pub async fn authenticate(app: &App, request: SignedRequest<'_>, now: Timestamp) -> Result<Caller> {
    let SignedRequest {
        service,
        method,
        paths,
        query,
        headers,
        body,
    } = request;
    let body_sha256 = sha256(&[body]);
    let signed = |path| sigv4::Request {
        method,
        path,
        query,
        headers,
        body_sha256,
    };
    let mut paths = paths.iter().map(String::as_str);
    let received = signed(paths.next().unwrap_or("/"));
    let authorization = Authorization::find(received).map_err(refused)?;
    // The line about this call names the key even if the signature proves nothing: its operator
    // looks for it.
    tracing::Span::current().record("key_id", &authorization.access_key_id);
    let entry = app
        .access_key(&authorization.access_key_id)
        .await
        .map_err(failure::for_callers)?
        .ok_or_else(Error::security_token_invalid)?;
    let expected = Expected {
        region: &app.config.region,
        service: service.signing_name(),
        now_ms: now.0,
    };
    let verify = |request| sigv4::verify(request, &authorization, &entry.secret, expected);
    let mut verified = verify(received);
    while let Err(SigV4Error::Invalid(Invalid::Mismatch)) = verified
        && let Some(path) = paths.next()
    {
        verified = verify(signed(path));
    }
    let verified = verified.map_err(refused)?;
    if verified.security_token.is_some() {
        // Keys made here have no session, so a token beside them is none of ours.
        return Err(Error::security_token_invalid());
    }
    Ok(Caller::AccessKey {
        name: entry.key.name.clone(),
        policy: entry.key.policy.clone(),
    })
}

fn refused(error: SigV4Error) -> Error {
    match error {
        SigV4Error::Missing => Error::missing_authentication_token(),
        SigV4Error::Incomplete(what) => incomplete(&what),
        SigV4Error::Invalid(what) => invalid(&what),
    }
}

fn incomplete(what: &Incomplete) -> Error {
    match what {
        Incomplete::Header => Error::authorization_not_text(),
        Incomplete::Algorithm => Error::unsupported_algorithm(),
        Incomplete::Parameter(name) => Error::authorization_lacks(name),
        Incomplete::UnknownParameter => Error::authorization_parameter_unknown(),
        Incomplete::Credential => Error::credential_malformed(),
        Incomplete::SignedHeaders => Error::signed_headers_malformed(),
        Incomplete::Signature => Error::signature_malformed(),
        Incomplete::Date => Error::authorization_lacks_date(),
        Incomplete::Presigned => Error::presigned_not_accepted(),
    }
}

fn invalid(what: &Invalid) -> Error {
    match what {
        Invalid::Region => Error::scoped_to_another_region(),
        Invalid::Service(expected) => Error::scoped_to_another_service(expected),
        Invalid::ScopeDate { scope, day, date } => Error::scoped_to_another_day(scope, day, date),
        Invalid::Expired { date, limit, now } => Error::signature_expired(date, limit, now),
        Invalid::NotYetCurrent { date, limit, now } => {
            Error::signature_not_yet_current(date, limit, now)
        }
        Invalid::NotSigned(name) => Error::header_not_signed(name),
        Invalid::NotThere(name) => Error::signed_header_missing(name),
        Invalid::Repeated(name) => Error::header_repeated(name),
        Invalid::NotText(name) => Error::header_not_text(name),
        Invalid::Payload => Error::payload_hash_mismatch(),
        Invalid::Mismatch => Error::signature_does_not_match(),
    }
}

/// Reads the policy of an access key: about the actions of the services that Cognate speaks for,
/// and without conditions or variables, since its requests carry nothing that they could ask for.
///
/// # Errors
/// [`PolicyError`], in words for the policy's author.
pub fn parse_policy(text: &str) -> Result<Policy, PolicyError> {
    Policy::parse(text, &actions::VOCABULARY)
}

/// Why an access key was not made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// A name that does not fit into an ARN.
    #[error("the name «{0}» must be 1 to 64 letters, digits or any of + = , . @ _ -")]
    Name(String),
    /// A name that another key has.
    #[error("there is an access key «{0}» already")]
    Taken(String),
    /// The database's reason.
    #[error(transparent)]
    Store(#[from] cognate_store::Error),
}

/// Makes an access key. Its secret is shown this once; afterwards it is only to be had by whoever
/// has the master key too.
///
/// # Errors
/// [`CreateError`].
pub async fn create(
    db: &Db,
    clock: &Clock,
    entropy: &Entropy,
    name: &str,
    policy: Policy,
) -> Result<(AccessKey, SecretString), CreateError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte);
    if !(1..=64).contains(&name.len()) || !name.bytes().all(fits) {
        return Err(CreateError::Name(name.to_owned()));
    }
    let mut random = entropy.generator();
    let id = access_key::random_id(&mut random);
    let secret = SecretString::new(access_key::random_secret(&mut random));
    let key = AccessKey {
        id,
        name: name.to_owned(),
        policy,
        created_at: clock.now(),
    };
    let made = (key.clone(), secret.clone());
    let inserted = db
        .write("create_access_key", async move |tx| {
            access_keys::insert(tx, &key, &secret)
                .await
                .map_err(CreateError::from)
        })
        .await?;
    if inserted {
        Ok(made)
    } else {
        Err(CreateError::Taken(name.to_owned()))
    }
}

/// All access keys, in the order of their names.
///
/// # Errors
/// The database's.
pub async fn list(db: &Db) -> Result<Vec<AccessKey>, cognate_store::Error> {
    access_keys::list(&mut db.read().await?).await
}

/// Deletes the access key of a name or an id; false when there is none.
///
/// # Errors
/// The database's.
pub async fn delete(db: &Db, name_or_id: &str) -> Result<bool, cognate_store::Error> {
    let wanted = name_or_id.to_owned();
    db.write("delete_access_key", async move |tx| {
        access_keys::delete_by_name_or_id(tx, &wanted).await
    })
    .await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use cognate_api::ErrorCode;
    use cognate_crypto::random::Random;
    use cognate_crypto::seal::MasterKey;
    use cognate_model::policy::{Context, Decision, Request, decide};
    use cognate_outbound::{Mailer, Outbound, Senders, SmsSender};
    use cognate_store::DbOptions;

    use super::*;
    use crate::Config;

    const NOW: Timestamp = Timestamp(1_790_000_000_000);

    struct World {
        app: std::sync::Arc<App>,
        id: String,
        secret: SecretString,
    }

    async fn world() -> World {
        let options = DbOptions::new(
            "sqlite::memory:",
            MasterKey::from_bytes(std::array::from_fn(|n| n as u8)),
            Random::from_seed([1; 32]),
        );
        let db = Db::open(options).await.unwrap();
        let config = Config {
            public_url: "http://localhost".into(),
            issuer: None,
            issuer_updated: None,
            region: "us-east-1".into(),
            account_id: "000000000000".into(),
            mail_from: "a@example.com".into(),
            mail_senders: Senders::Anybody,
            sms_prefixes: Vec::new(),
            limits: crate::Limits::default(),
            request_rates: None,
            operations_off: [].into(),
        };
        let (clock, entropy) = (Clock::manual(NOW), Entropy::seeded([2; 32]));
        let (key, secret) = create(&db, &clock, &entropy, "robot", Policy::allow_all())
            .await
            .unwrap();
        let app = App::new(
            db,
            Outbound {
                mail: Mailer::None,
                sms: SmsSender::None,
                triggers: cognate_outbound::Triggers::None,
            },
            config,
            clock,
            entropy,
        );
        World {
            app,
            id: key.id,
            secret,
        }
    }

    impl World {
        /// Signs `signed` as a client would and sends `sent` with it.
        async fn call(
            &self,
            signed: &[u8],
            sent: &[u8],
            secret: &SecretString,
            extra: &[(&str, &[u8])],
        ) -> Result<Caller> {
            let date = sigv4::timestamp(NOW.0);
            let mut headers: Vec<(&str, &[u8])> =
                vec![("host", b"localhost"), ("x-amz-date", date.as_bytes())];
            headers.extend_from_slice(extra);
            let request = sigv4::Request {
                method: "POST",
                path: "/",
                query: "",
                headers: &headers,
                body_sha256: sha256(&[signed]),
            };
            let expected = Expected {
                region: "us-east-1",
                service: "cognito-idp",
                now_ms: NOW.0,
            };
            let authorization = sigv4::sign(request, &self.id, secret, expected).unwrap();
            headers.push(("authorization", authorization.as_bytes()));
            let request = SignedRequest {
                service: Service::CognitoIdp,
                method: "POST",
                paths: &["/".to_owned()],
                query: "",
                headers: &headers,
                body: sent,
            };
            authenticate(&self.app, request, NOW).await
        }
    }

    #[tokio::test]
    async fn a_signature_proves_its_keys_holder() {
        let world = world().await;
        let caller = world
            .call(b"{}", b"{}", &world.secret, &[])
            .await
            .ok()
            .unwrap();
        let Caller::AccessKey { name, policy } = caller else {
            panic!("{caller:?}")
        };
        assert_eq!(name, "robot");
        let request = Request {
            action: "cognito-idp:ListUsers",
            resource: "*",
            context: &Context::new(),
        };
        assert!(matches!(decide([&policy], request), Decision::Allowed(_)));
    }

    #[tokio::test]
    async fn another_secret_or_another_body_proves_nothing() {
        let world = world().await;
        for (secret, sent) in [
            (SecretString::from("wrong"), b"{}".as_slice()),
            (world.secret.clone(), b"{ }"),
        ] {
            let error = world.call(b"{}", sent, &secret, &[]).await.err().unwrap();
            assert_eq!(error.code, ErrorCode::InvalidSignature);
        }
    }

    #[tokio::test]
    async fn a_security_token_beside_a_key_of_ours_is_refused() {
        let world = world().await;
        let error = world
            .call(
                b"{}",
                b"{}",
                &world.secret,
                &[("x-amz-security-token", b"FwoG")],
            )
            .await
            .err()
            .unwrap();
        assert_eq!(error.code, ErrorCode::UnrecognizedClient);
    }

    #[tokio::test]
    async fn a_deleted_key_is_unknown() {
        let mut world = world().await;
        assert!(delete(&world.app.db, "robot").await.unwrap());
        assert!(!delete(&world.app.db, "robot").await.unwrap());
        let error = world
            .call(b"{}", b"{}", &world.secret, &[])
            .await
            .err()
            .unwrap();
        assert_eq!(error.code, ErrorCode::UnrecognizedClient);
        world.id = "AKIANOBODY".into();
        assert_eq!(
            world
                .call(b"{}", b"{}", &world.secret, &[])
                .await
                .err()
                .unwrap()
                .code,
            ErrorCode::UnrecognizedClient
        );
    }

    #[tokio::test]
    async fn no_signature_is_a_missing_one() {
        let world = world().await;
        let request = SignedRequest {
            service: Service::CognitoIdp,
            method: "POST",
            paths: &["/".to_owned()],
            query: "",
            headers: &[("host", b"localhost")],
            body: b"",
        };
        let error = authenticate(&world.app, request, NOW).await.err().unwrap();
        assert_eq!(
            (error.code, error.message.as_str()),
            (
                ErrorCode::MissingAuthenticationToken,
                "Missing Authentication Token"
            )
        );
    }

    #[tokio::test]
    async fn a_name_is_taken_once_and_fits_into_an_arn() {
        let World { app, .. } = world().await;
        let make = |name: &'static str| {
            create(&app.db, &app.clock, &app.entropy, name, Policy::allow_all())
        };
        assert!(matches!(make("robot").await, Err(CreateError::Taken(_))));
        for name in ["", "a/b", "a b", "a*"] {
            assert!(
                matches!(make(name).await, Err(CreateError::Name(_))),
                "{name}"
            );
        }
        make("second").await.unwrap();
        let names: Vec<_> = list(&app.db)
            .await
            .unwrap()
            .into_iter()
            .map(|key| key.name)
            .collect();
        assert_eq!(names, ["robot", "second"]);
    }
}
