//! Tokens: what is in them, what verifies them, and which are refused.

use cognate_crypto::digest::{base64url_encode, hmac_sha256};
use cognate_crypto::jwk::Jwks;
use cognate_crypto::jwt::{self, SigningKey, VerifyingKey};
use cognate_model::UserPoolId;
use cognate_model::claims::TokenUse;
use cognate_store::signing_keys;
use cognate_testkit::{
    TestPool, TestServer, TestUser, Tokens, claims, for_each_database, header, hours, op, refused,
    seconds,
};
use serde_json::{Value, json};

use crate::sentences::{INVALID_TOKEN, REVOKED};

async fn signed_in() -> (TestServer, TestUser, Tokens) {
    let server = TestServer::start().await;
    let ana = server.confirmed_user("ana").await;
    let tokens = ana.sign_in().await.unwrap();
    (server, ana, tokens)
}

async fn jwks(pool: &TestPool) -> Jwks {
    let (status, text) = pool
        .server
        .get(&format!("/{}/.well-known/jwks.json", pool.id))
        .await;
    assert_eq!(status, 200);
    serde_json::from_str(&text).unwrap()
}

/// The pool's own private key: what a token that only this server could make is signed with.
async fn private_key(pool: &TestPool, token_use: TokenUse) -> SigningKey {
    let id = UserPoolId::parse(&pool.id).unwrap();
    let db = &pool.server.app().db;
    let keys = signing_keys::all(&mut db.read().await.unwrap(), &id)
        .await
        .unwrap();
    let key = keys.iter().find(|key| key.token_use == token_use).unwrap();
    SigningKey::from_pkcs8(key.private.expose()).unwrap()
}

fn names(object: &Value) -> Vec<&str> {
    object
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

#[tokio::test]
async fn an_access_token_has_cognitos_claims_and_no_others() {
    let (server, ana, tokens) = signed_in().await;
    let claims = claims(&tokens.access);
    let now = server.now().seconds();
    let expected = json!({
        "sub": ana.sub, "iss": ana.client.pool.issuer(), "client_id": ana.client.id, "token_use": "access", "version": 2,
        "scope": "aws.cognito.signin.user.admin", "auth_time": now, "iat": now, "exp": now + 3600, "username": "ana",
        "origin_jti": claims["origin_jti"], "event_id": claims["event_id"], "jti": claims["jti"],
        "acr": "urn:cognito:loa:1", "amr": ["pwd"],
    });
    assert_eq!(claims, expected);
    assert_eq!(names(&header(&tokens.access)), ["alg", "kid"]);
    assert_eq!(header(&tokens.access)["alg"], "RS256");
}

#[tokio::test]
async fn an_id_token_has_cognitos_claims_and_the_attributes_that_the_client_reads() {
    let server = TestServer::start().await;
    let pool = server
        .pool()
        .schema(json!([{"Name": "role", "AttributeDataType": "String"}]))
        .await;
    let client = pool
        .client()
        .read(["email", "email_verified", "custom:role"])
        .await;
    let ana = client
        .user("ana")
        .attribute("name", "Ana")
        .confirmed()
        .await;
    let input = json!({"UserPoolId": pool.id, "Username": "ana", "UserAttributes": [{"Name": "custom:role", "Value": "chief"}]});
    server
        .call::<op::AdminUpdateUserAttributes>(input)
        .await
        .unwrap();
    let tokens = ana.sign_in_srp().await.unwrap();
    let claims = claims(&tokens.id);
    let now = server.now().seconds();
    let expected = json!({
        "sub": ana.sub, "iss": pool.issuer(), "aud": client.id, "token_use": "id", "auth_time": now, "iat": now, "exp": now + 3600,
        "cognito:username": "ana", "email": "ana@example.com", "email_verified": true, "custom:role": "chief",
        "origin_jti": claims["origin_jti"], "event_id": claims["event_id"], "jti": claims["jti"],
        "acr": "urn:cognito:loa:1", "amr": ["pwd"],
    });
    assert_eq!(claims, expected);
}

#[tokio::test]
async fn tokens_of_one_sign_in_share_its_event_and_origin_and_have_ids_of_their_own() {
    let (server, ana, tokens) = signed_in().await;
    let (id, access) = (claims(&tokens.id), claims(&tokens.access));
    assert_eq!(
        (&id["origin_jti"], &id["event_id"]),
        (&access["origin_jti"], &access["event_id"])
    );
    assert_ne!(id["jti"], access["jti"]);
    server.advance(hours(1));
    let fresh = claims(&ana.refresh(tokens.refresh()).await.unwrap().access);
    assert_eq!(
        (&fresh["origin_jti"], &fresh["auth_time"]),
        (&access["origin_jti"], &access["auth_time"])
    );
    assert_ne!(fresh["jti"], access["jti"]);
    assert_eq!(fresh["iat"], server.now().seconds());
}

#[tokio::test]
async fn the_published_keys_verify_the_tokens_and_each_use_has_its_own() {
    for_each_database(async |server| {
        let ana = server.confirmed_user("ana").await;
        let tokens = ana.sign_in().await.unwrap();
        let keys = jwks(&ana.client.pool).await.keys;
        assert_eq!(keys.len(), 2);
        let verify = |token: &str| {
            let unverified = jwt::peek(token).unwrap();
            let jwk = keys.iter().find(|key| key.kid == unverified.kid).unwrap();
            VerifyingKey::from_jwk(jwk)
                .unwrap()
                .verify::<Value>(&unverified)
                .unwrap();
            unverified.kid
        };
        assert_ne!(verify(&tokens.id), verify(&tokens.access));
        let other = jwks(&server.pool().await).await.keys;
        assert!(
            other
                .iter()
                .all(|key| keys.iter().all(|known| known.kid != key.kid))
        );
    })
    .await;
}

#[tokio::test]
async fn discovery_names_the_issuer_of_the_tokens() {
    let (server, ana, tokens) = signed_in().await;
    let path = format!("/{}/.well-known/openid-configuration", ana.client.pool.id);
    let (status, text) = server.get(&path).await;
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (status, &document["issuer"]),
        (200, &claims(&tokens.id)["iss"])
    );
    assert_eq!(
        document["jwks_uri"],
        format!("{}/.well-known/jwks.json", ana.client.pool.issuer())
    );
    for path in [
        "/us-east-1_nobody/.well-known/jwks.json",
        "/nonsense/.well-known/openid-configuration",
    ] {
        assert_eq!(server.get(path).await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn an_issuer_of_awss_form_is_in_the_tokens_and_is_taken_back() {
    let server = TestServer::builder()
        .issuer("https://cognito-idp.{region}.amazonaws.com/{pool}")
        .start()
        .await;
    let ana = server.confirmed_user("ana").await;
    let tokens = ana.sign_in().await.unwrap();
    let issuer = format!(
        "https://cognito-idp.us-east-1.amazonaws.com/{}",
        ana.client.pool.id
    );
    assert_eq!(claims(&tokens.access)["iss"], issuer);
    ana.get_user(&tokens.access).await.unwrap();
}

#[tokio::test]
async fn token_lifetimes_are_the_app_clients() {
    let server = TestServer::start().await;
    let client = server
        .pool()
        .await
        .client()
        .with("AccessTokenValidity", 10)
        .with("IdTokenValidity", 1)
        .with(
            "TokenValidityUnits",
            json!({"AccessToken": "minutes", "IdToken": "days"}),
        )
        .await;
    let ana = client.user("ana").confirmed().await;
    let tokens = ana.sign_in().await.unwrap();
    let life = |token: &str| {
        claims(token)["exp"].as_i64().unwrap() - claims(token)["iat"].as_i64().unwrap()
    };
    assert_eq!(
        (life(&tokens.access), life(&tokens.id), tokens.expires_in),
        (600, 86_400, 600)
    );
    server.advance(seconds(599));
    ana.get_user(&tokens.access).await.unwrap();
    server.advance(seconds(1));
    let told = ("NotAuthorizedException", "Access Token has expired");
    assert_eq!(refused(ana.get_user(&tokens.access).await).told(), told);
}

#[tokio::test]
async fn an_id_token_in_place_of_an_access_token_is_refused() {
    let (_server, ana, tokens) = signed_in().await;
    assert_eq!(
        refused(ana.get_user(&tokens.id).await).told(),
        INVALID_TOKEN
    );
    assert_eq!(
        refused(ana.sign_out_everywhere(&tokens.id).await).told(),
        INVALID_TOKEN
    );
    assert_eq!(
        refused(ana.change_password(&tokens.id, "Another-Horse-2").await).told(),
        INVALID_TOKEN
    );
    ana.get_user(&tokens.access).await.unwrap();
}

#[tokio::test]
async fn a_token_that_was_changed_anywhere_is_refused() {
    let (_server, ana, tokens) = signed_in().await;
    let mut parts: Vec<String> = tokens.access.split('.').map(str::to_owned).collect();
    let mut own = claims(&tokens.access);
    own["username"] = "eve".into();
    parts[1] = base64url_encode(own.to_string().as_bytes());
    assert_eq!(
        refused(ana.get_user(&parts.join(".")).await).told(),
        INVALID_TOKEN
    );
    let (body, signature) = tokens.access.rsplit_once('.').unwrap();
    let flipped = format!(
        "{body}.{}{}",
        if signature.starts_with('A') { 'B' } else { 'A' },
        &signature[1..]
    );
    assert_eq!(refused(ana.get_user(&flipped).await).told(), INVALID_TOKEN);
    let other_use = format!("{}.{}", tokens.id.rsplit_once('.').unwrap().0, signature);
    assert_eq!(
        refused(ana.get_user(&other_use).await).told(),
        INVALID_TOKEN
    );
}

#[tokio::test]
async fn algorithms_and_keys_of_the_senders_choice_are_refused() {
    let (_server, ana, tokens) = signed_in().await;
    let kid = header(&tokens.access)["kid"].clone();
    let payload = tokens.access.split('.').nth(1).unwrap();
    let published = serde_json::to_value(&jwks(&ana.client.pool).await.keys[0]).unwrap();
    let own = SigningKey::generate().unwrap();
    let with_header = |header: Value, sign: &dyn Fn(&str) -> Vec<u8>| {
        let signed = format!(
            "{}.{payload}",
            base64url_encode(header.to_string().as_bytes())
        );
        let signature = base64url_encode(&sign(&signed));
        format!("{signed}.{signature}")
    };
    let hmac = |key: String| {
        move |signed: &str| hmac_sha256(key.as_bytes(), &[signed.as_bytes()]).to_vec()
    };
    let modulus = published["n"].as_str().unwrap().to_owned();
    let forged = [
        with_header(json!({"alg": "none", "kid": kid}), &|_| Vec::new()),
        with_header(json!({"alg": "none", "kid": kid}), &|_| vec![0]),
        with_header(json!({"alg": "NONE", "kid": kid}), &|_| vec![0]),
        with_header(json!({"alg": "HS256", "kid": kid}), &hmac(modulus)),
        with_header(
            json!({"alg": "HS256", "kid": kid}),
            &hmac(published.to_string()),
        ),
        with_header(
            json!({"alg": "RS256", "kid": kid, "jwk": published}),
            &|_| vec![0; 256],
        ),
        with_header(
            json!({"alg": "RS256", "kid": kid, "jku": "http://evil.example/"}),
            &|_| vec![0; 256],
        ),
        with_header(json!({"alg": "RS256", "kid": "../../etc/passwd"}), &|_| {
            vec![0; 256]
        }),
        with_header(json!({"alg": "RS256", "kid": "' OR '1'='1"}), &|_| {
            vec![0; 256]
        }),
        own.sign(&claims(&tokens.access)).unwrap(),
    ];
    for token in forged {
        assert_eq!(
            refused(ana.get_user(&token).await).told(),
            INVALID_TOKEN,
            "{token}"
        );
    }
}

#[tokio::test]
async fn what_is_no_token_at_all_is_refused() {
    let (_server, ana, tokens) = signed_in().await;
    for token in [
        "x",
        "a.b.c",
        "..",
        tokens.refresh(),
        &format!("{}.x", tokens.access),
        &"a".repeat(60_000),
    ] {
        let error = refused(ana.get_user(token).await);
        // What does not even look like a token breaks the model's own pattern.
        let by_pattern =
            error.code == "InvalidParameterException" && error.message.contains("accessToken");
        assert!(error.told() == INVALID_TOKEN || by_pattern, "{error:?}");
    }
}

#[tokio::test]
async fn claims_that_this_server_never_wrote_are_refused_even_with_its_own_signature() {
    let (server, ana, tokens) = signed_in().await;
    let other = server.pool().await.client().await;
    let (access, id) = (
        private_key(&ana.client.pool, TokenUse::Access).await,
        private_key(&ana.client.pool, TokenUse::Id).await,
    );
    let changed = |member: &str, value: Value| {
        let mut own = claims(&tokens.access);
        own[member] = value;
        own
    };
    ana.get_user(&access.sign(&claims(&tokens.access)).unwrap())
        .await
        .unwrap();
    let no_scopes = (
        "NotAuthorizedException",
        "Access Token does not have required scopes",
    );
    let expired = ("NotAuthorizedException", "Access Token has expired");
    for (own, told) in [
        (changed("iss", other.pool.issuer().into()), INVALID_TOKEN),
        (
            changed(
                "iss",
                format!("http://evil.example/{}", ana.client.pool.id).into(),
            ),
            INVALID_TOKEN,
        ),
        (changed("token_use", "id".into()), INVALID_TOKEN),
        (
            changed("client_id", other.id.as_str().into()),
            INVALID_TOKEN,
        ),
        (
            changed("sub", "11111111-1111-4111-8111-111111111111".into()),
            INVALID_TOKEN,
        ),
        (
            changed("origin_jti", "11111111-1111-4111-8111-111111111111".into()),
            REVOKED,
        ),
        (changed("scope", "openid".into()), no_scopes),
        (changed("exp", server.now().seconds().into()), expired),
    ] {
        assert_eq!(
            refused(ana.get_user(&access.sign(&own).unwrap()).await).told(),
            told,
            "{own}"
        );
    }
    // The key of ID tokens signs no access token.
    assert_eq!(
        refused(
            ana.get_user(&id.sign(&claims(&tokens.access)).unwrap())
                .await
        )
        .told(),
        INVALID_TOKEN
    );
}
