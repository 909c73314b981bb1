#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;
use serde::Deserialize;

use super::received::MAX_HEADER;
use super::*;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
/// 2026-11-21T08:30:00Z
const NOW: i64 = 1_795_249_800_000;

/// A request that owns what it holds, so that a test can change it.
#[derive(Clone, Deserialize)]
struct Owned {
    #[serde(default)]
    name: String,
    service: String,
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Owned {
    /// A request as an SDK sends it, signed by our signer.
    fn signed() -> Self {
        let mut request = Self {
            name: String::new(),
            service: "cognito-idp".into(),
            method: "POST".into(),
            path: "/".into(),
            query: String::new(),
            headers: vec![
                ("host".into(), "id.example.com".into()),
                ("x-amz-date".into(), timestamp(NOW)),
                (
                    "x-amz-target".into(),
                    "AWSCognitoIdentityProviderService.ListUserPools".into(),
                ),
                ("content-type".into(), "application/x-amz-json-1.1".into()),
            ],
            body: r#"{"MaxResults":1}"#.into(),
        };
        request.sign();
        request
    }

    fn sign(&mut self) {
        self.headers.retain(|(name, _)| name != "authorization");
        let service = self.service.clone();
        let expected = Expected {
            region: "eu-central-1",
            service: &service,
            now_ms: NOW,
        };
        let header = self
            .with(|request| sign(request, "AKIDEXAMPLE", &SECRET.into(), expected))
            .unwrap();
        self.headers.push(("authorization".into(), header));
    }

    fn with<T>(&self, work: impl FnOnce(Request<'_>) -> T) -> T {
        let headers: Vec<(&str, &[u8])> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect();
        work(Request {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &headers,
            body_sha256: digest::sha256(&[self.body.as_bytes()]),
        })
    }

    fn verify_at(&self, region: &str, now_ms: i64) -> Result<Verified, SigV4Error> {
        self.with(|request| {
            let authorization = Authorization::find(request)?;
            let expected = Expected {
                region,
                service: &self.service,
                now_ms,
            };
            verify(request, &authorization, &SECRET.into(), expected)
        })
    }

    fn verify(&self) -> Result<Verified, SigV4Error> {
        self.verify_at("eu-central-1", NOW)
    }

    fn header(&mut self, name: &str) -> &mut String {
        &mut self
            .headers
            .iter_mut()
            .find(|(held, _)| held == name)
            .unwrap()
            .1
    }

    fn set_authorization(&mut self, from: &str, to: &str) {
        let changed = self.header("authorization").replace(from, to);
        assert_ne!(*self.header("authorization"), changed);
        *self.header("authorization") = changed;
    }
}

fn mismatch() -> Result<Verified, SigV4Error> {
    Err(Invalid::Mismatch.into())
}

#[test]
fn what_botocore_signs_verifies() {
    let vectors: Vec<Owned> =
        serde_json::from_str(include_str!("../../tests/data/sigv4_vectors.json")).unwrap();
    assert_eq!(vectors.len(), 6);
    for vector in vectors {
        let verified = vector
            .verify()
            .unwrap_or_else(|error| panic!("{}: {error}", vector.name));
        let token = (vector.name == "token").then(|| "a/very+long=token".into());
        assert_eq!(verified.security_token, token, "{}", vector.name);
    }
}

#[test]
fn the_signing_key_is_that_of_awss_published_example() {
    let key = signing_key(&SECRET.into(), "20150830", "us-east-1", "iam");
    // The well-known example of AWS's documentation, recomputed with Python's hmac.
    assert_eq!(
        digest::hex_encode(&*key),
        "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
    );
}

#[test]
fn what_we_sign_verifies_and_another_secret_does_not() {
    let request = Owned::signed();
    assert_eq!(
        request.verify(),
        Ok(Verified {
            security_token: None
        })
    );
    let other = request.with(|request| {
        let authorization = Authorization::find(request).unwrap();
        assert_eq!(authorization.access_key_id, "AKIDEXAMPLE");
        let expected = Expected {
            region: "eu-central-1",
            service: "cognito-idp",
            now_ms: NOW,
        };
        verify(request, &authorization, &"other".into(), expected)
    });
    assert_eq!(other, mismatch());
}

#[test]
fn a_change_of_anything_signed_is_noticed() {
    let changes: [fn(&mut Owned); 8] = [
        |request| request.body.push(' '),
        |request| request.method = "PUT".into(),
        |request| request.path = "/x".into(),
        |request| request.query = "a=1".into(),
        |request| request.header("x-amz-target").push('s'),
        |request| request.header("host").push('x'),
        |request| request.header("content-type").clear(),
        |request| *request.header("x-amz-date") = timestamp(NOW + 1000),
    ];
    for (at, change) in changes.into_iter().enumerate() {
        let mut request = Owned::signed();
        change(&mut request);
        assert_eq!(request.verify(), mismatch(), "change {at}");
    }
}

#[test]
fn a_request_without_signature_is_missing_its_token() {
    let mut request = Owned::signed();
    request.headers.retain(|(name, _)| name != "authorization");
    assert_eq!(request.verify(), Err(SigV4Error::Missing));
    request.headers.push(("authorization".into(), "  ".into()));
    assert_eq!(request.verify(), Err(SigV4Error::Missing));
}

#[test]
fn a_presigned_query_is_refused() {
    let mut request = Owned::signed();
    request.query = "Version=1&X-Amz-Signature=00".into();
    assert_eq!(request.verify(), Err(Incomplete::Presigned.into()));
    request.query = "x-amz-algorithm=AWS4-HMAC-SHA256".into();
    assert_eq!(request.verify(), Err(Incomplete::Presigned.into()));
}

#[test]
fn an_authorization_header_that_is_not_whole_is_refused() {
    let good = Owned::signed().header("authorization").clone();
    let parse = |text: &str| Authorization::parse(text).unwrap_err();
    let cut = |name: &str| good.replace(name, &format!("X{name}"));
    assert_eq!(
        parse("AWS4-HMAC-SHA256"),
        Incomplete::Parameter("Credential").into()
    );
    assert_eq!(
        parse(&good.replace("SHA256", "SHA512")),
        Incomplete::Algorithm.into()
    );
    assert_eq!(parse("Bearer eyJ"), Incomplete::Algorithm.into());
    assert_eq!(
        parse("AWS4-ECDSA-P256-SHA256 Credential=a"),
        Incomplete::Algorithm.into()
    );
    for name in ["Credential", "SignedHeaders", "Signature"] {
        assert_eq!(
            parse(&cut(&format!("{name}="))),
            Incomplete::UnknownParameter.into(),
            "{name}"
        );
        let value = good
            .split([' ', ','])
            .find(|part| part.starts_with(&format!("{name}=")))
            .unwrap();
        assert_eq!(
            parse(&format!("{good}, {value}")),
            Incomplete::UnknownParameter.into(),
            "{name} twice"
        );
    }
}

#[test]
fn an_authorization_header_that_lacks_a_parameter_or_has_a_wrong_one_is_refused() {
    let good = Owned::signed().header("authorization").clone();
    let parse = |text: &str| Authorization::parse(text).unwrap_err();
    let without = |name: &str| {
        let parameters = good.strip_prefix("AWS4-HMAC-SHA256 ").unwrap().split(", ");
        let kept: Vec<&str> = parameters
            .filter(|part| !part.starts_with(&format!("{name}=")))
            .collect();
        format!("AWS4-HMAC-SHA256 {}", kept.join(", "))
    };
    assert_eq!(
        parse(&without("Credential")),
        Incomplete::Parameter("Credential").into()
    );
    assert_eq!(
        parse(&without("SignedHeaders")),
        Incomplete::Parameter("SignedHeaders").into()
    );
    assert_eq!(
        parse(&without("Signature")),
        Incomplete::Parameter("Signature").into()
    );
    assert_eq!(
        parse(&good.replace("host;", "Host;")),
        Incomplete::SignedHeaders.into()
    );
    assert_eq!(
        parse(&good.replace("host;", "host;host;")),
        Incomplete::SignedHeaders.into()
    );
    assert_eq!(
        parse(&good.replace("content-type;host", "host;content-type")),
        Incomplete::SignedHeaders.into()
    );
    assert_eq!(
        parse(&good.replace("host;", ";")),
        Incomplete::SignedHeaders.into()
    );
    assert_eq!(parse(&format!("{good}0")), Incomplete::Signature.into());
    assert_eq!(parse(&good[..good.len() - 2]), Incomplete::Signature.into());
    assert_eq!(
        parse(&format!("{good}{}", " ".repeat(MAX_HEADER))),
        Incomplete::Header.into()
    );
    assert_eq!(parse("AWS4-HMAC-SHA256 é"), Incomplete::Header.into());
}

#[test]
fn a_credential_of_another_form_is_refused() {
    for credential in [
        "",
        "AKID",
        "AKID/20261121/r/s",
        "AKID/20261121/r/s/aws4_request/x",
        "AKID/20261121/r/s/aws3_request",
        "/20261121/r/s/aws4_request",
        "AK ID/20261121/r/s/aws4_request",
        "AK'ID/20261121/r/s/aws4_request",
        "AKID/2026112/r/s/aws4_request",
        "AKID/2026112x/r/s/aws4_request",
    ] {
        let zeros = "0".repeat(64);
        let header = format!(
            "AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature={zeros}"
        );
        assert_eq!(
            Authorization::parse(&header),
            Err(Incomplete::Credential.into()),
            "{credential}"
        );
    }
}

#[test]
fn a_signature_without_blanks_after_the_commas_is_read() {
    let mut request = Owned::signed();
    request.set_authorization(", ", ",");
    assert!(request.verify().is_ok());
}

#[test]
fn two_authorization_headers_are_refused() {
    let mut request = Owned::signed();
    let header = request.header("authorization").clone();
    request.headers.push(("authorization".into(), header));
    assert_eq!(request.verify(), Err(Incomplete::Header.into()));
}

#[test]
fn a_signature_for_another_region_or_service_is_refused() {
    let mut request = Owned::signed();
    assert_eq!(
        request.verify_at("us-east-1", NOW),
        Err(Invalid::Region.into())
    );
    request.service = "sts".into();
    assert_eq!(request.verify(), Err(Invalid::Service("sts".into()).into()));
}

#[test]
fn a_date_more_than_five_minutes_off_is_refused_with_the_times_that_would_do() {
    let request = Owned::signed();
    assert!(request.verify_at("eu-central-1", NOW + MAX_SKEW_MS).is_ok());
    assert!(request.verify_at("eu-central-1", NOW - MAX_SKEW_MS).is_ok());
    let date = "20261121T083000Z".to_owned();
    let late = request
        .verify_at("eu-central-1", NOW + MAX_SKEW_MS + 1000)
        .unwrap_err();
    let expired = Invalid::Expired {
        date: date.clone(),
        limit: "20261121T083001Z".to_owned(),
        now: "20261121T083501Z".to_owned(),
    };
    assert_eq!(late, expired.into());
    let early = request
        .verify_at("eu-central-1", NOW - MAX_SKEW_MS - 1000)
        .unwrap_err();
    let not_yet = Invalid::NotYetCurrent {
        date,
        limit: "20261121T082959Z".to_owned(),
        now: "20261121T082459Z".to_owned(),
    };
    assert_eq!(early, not_yet.into());
    for extreme in [i64::MIN, i64::MAX] {
        assert!(request.verify_at("eu-central-1", extreme).is_err());
    }
}

#[test]
fn a_scope_of_another_day_than_the_date_is_refused() {
    let mut request = Owned::signed();
    request.set_authorization("/20261121/", "/20261120/");
    let error = request.verify().unwrap_err();
    assert!(
        matches!(error, SigV4Error::Invalid(Invalid::ScopeDate { .. })),
        "{error}"
    );
}

#[test]
fn the_date_header_stands_in_when_there_is_no_x_amz_date() {
    let mut request = Owned::signed();
    request.headers.retain(|(name, _)| name != "x-amz-date");
    assert_eq!(request.verify(), Err(Incomplete::Date.into()));
    for date in ["Sat, 21 Nov 2026 08:30:00 GMT", "20261121T083000Z"] {
        request.headers.retain(|(name, _)| name != "date");
        request.headers.push(("date".into(), date.into()));
        request.sign();
        assert!(request.verify().is_ok(), "{date}");
    }
    request.set_authorization(
        "SignedHeaders=content-type;date;",
        "SignedHeaders=content-type;",
    );
    assert_eq!(
        request.verify(),
        Err(Invalid::NotSigned("date".into()).into())
    );
    // A Date beside X-Amz-Date decides nothing.
    let mut both = Owned::signed();
    both.headers.push(("date".into(), "rubbish".into()));
    assert!(both.verify().is_ok());
}

#[test]
fn host_date_and_every_amz_header_must_be_signed() {
    for name in ["host", "x-amz-date", "x-amz-target"] {
        let mut request = Owned::signed();
        let header = request
            .header("authorization")
            .replace(&format!("{name};"), "")
            .replace(&format!(";{name}"), "");
        *request.header("authorization") = header;
        assert_eq!(
            request.verify(),
            Err(Invalid::NotSigned(name.into()).into()),
            "{name}"
        );
    }
    let mut request = Owned::signed();
    request
        .headers
        .push(("x-amz-security-token".into(), "slipped in".into()));
    assert_eq!(
        request.verify(),
        Err(Invalid::NotSigned("x-amz-security-token".into()).into())
    );
    // What proxies add and nobody reads may come unsigned.
    request = Owned::signed();
    request
        .headers
        .push(("x-amzn-trace-id".into(), "Root=1".into()));
    request
        .headers
        .push(("x-forwarded-for".into(), "192.0.2.1".into()));
    assert!(request.verify().is_ok());
}

#[test]
fn a_header_that_decides_may_not_come_twice() {
    for name in ["host", "x-amz-target", "content-type", "x-amz-date"] {
        for first in [true, false] {
            let mut request = Owned::signed();
            let at = if first { 0 } else { request.headers.len() };
            let value = request.header(name).clone();
            request.headers.insert(at, (name.into(), value));
            assert_eq!(
                request.verify(),
                Err(Invalid::Repeated(name.into()).into()),
                "{name}"
            );
        }
    }
}

#[test]
fn other_repeated_headers_are_joined_as_botocore_joins_them() {
    let mut request = Owned::signed();
    request.headers.push(("accept".into(), " a  b ".into()));
    request.headers.push(("accept".into(), "c".into()));
    request.sign();
    assert!(request.verify().is_ok());
    let at = request.headers.len() - 3;
    request.headers.swap(at, at + 1);
    assert_eq!(
        request.verify(),
        mismatch(),
        "the order is part of what is signed"
    );
    request.headers.retain(|(name, _)| name != "accept");
    request.headers.push(("accept".into(), "a b,c".into()));
    assert!(request.verify().is_ok());
}

#[test]
fn a_signed_header_that_is_not_there_is_refused() {
    let mut request = Owned::signed();
    request.headers.retain(|(name, _)| name != "content-type");
    assert_eq!(
        request.verify(),
        Err(Invalid::NotThere("content-type".into()).into())
    );
}

#[test]
fn a_stated_payload_hash_must_be_that_of_the_body() {
    let mut request = Owned::signed();
    let hash = digest::hex_encode(&digest::sha256(&[request.body.as_bytes()]));
    request.headers.push(("x-amz-content-sha256".into(), hash));
    request.sign();
    assert!(request.verify().is_ok());
    for stated in [
        "UNSIGNED-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "",
        &"0".repeat(64),
    ] {
        *request.header("x-amz-content-sha256") = stated.into();
        request.sign();
        assert_eq!(request.verify(), Err(Invalid::Payload.into()), "{stated}");
    }
}

#[test]
fn a_request_signed_as_unsigned_payload_does_not_verify() {
    // The canonical request holds the real hash whatever the header says, so the literal can't be
    // what was signed.
    let request = Owned::signed();
    request.with(|received| {
        let authorization = Authorization::find(received).unwrap();
        let canonical = canonical::canonical_request(received, &authorization);
        let hash = digest::hex_encode(&received.body_sha256);
        assert!(canonical.ends_with(hash.as_bytes()));
    });
}

#[test]
fn a_session_token_is_given_back_only_when_signed() {
    let mut request = Owned::signed();
    request
        .headers
        .push(("x-amz-security-token".into(), "t0ken".into()));
    request.sign();
    assert_eq!(
        request.verify().unwrap().security_token,
        Some("t0ken".into())
    );
    request.header("x-amz-security-token").push('x');
    assert_eq!(request.verify(), mismatch());
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text: String, credential: String, headers: String) {
        let _ = Authorization::parse(&text);
        let _ = Authorization::parse(&format!("{ALGORITHM} Credential={credential}, SignedHeaders={headers}, Signature=00"));
        let _ = time::Moment::from_http(&text);
        let _ = time::Moment::from_iso(&text);
    }

    #[test]
    fn whatever_is_signed_verifies(path in "(/[!-~]{0,8}){1,3}", query in "[a-z=&%0-9]{0,20}", value in "[ -~]{0,30}", body: String) {
        let mut request = Owned::signed();
        (request.path, request.query, request.body) = (path, query, body);
        request.headers.push(("x-amz-meta".into(), value));
        request.sign();
        prop_assert!(request.verify().is_ok());
    }
}
