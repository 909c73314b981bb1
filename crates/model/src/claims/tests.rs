#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::app_client::{ClientSettings, TimeUnit, UnitsNamed, Validity};
use crate::group::Group;
use crate::ids::{ClientId, DeviceKey, GroupId, SessionId, Sub, UserPoolId};
use crate::sign_in::Factor;
use crate::user::UserStatus;

const ISSUER: &str = "https://id.example.com/us-east-1_Home";
const SUB: &str = "6f6f6f6f-1111-4222-8333-444444444444";
const SESSION: &str = "70707070-1111-4222-8333-444444444444";

fn user(attributes: &[(&str, &str)]) -> User {
    User {
        pool: UserPoolId::parse("us-east-1_Home").unwrap(),
        sub: Sub::parse(SUB).unwrap(),
        username: "Ana".into(),
        attributes: attributes
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        kept_names: std::collections::BTreeMap::new(),
        recover_by: None,
        factors_changed_at: None,
        mfa: crate::second_factor::MfaPreferences::default(),
        status: UserStatus::Confirmed,
        enabled: true,
        created_at: Timestamp(0),
        modified_at: Timestamp(0),
        revision: 0,
    }
}

fn client(read: Option<&[&str]>) -> AppClient {
    AppClient {
        pool: UserPoolId::parse("us-east-1_Home").unwrap(),
        id: ClientId::parse("web").unwrap(),
        created_at: Timestamp(0),
        modified_at: Timestamp(0),
        revision: 0,
        has_secret: false,
        settings: ClientSettings {
            name: "web".into(),
            access_validity: Validity::new(5, TimeUnit::Minutes),
            id_validity: Validity::new(2, TimeUnit::Hours),
            refresh_validity: Validity::new(30, TimeUnit::Days),
            units_named: UnitsNamed::default(),
            read_attributes: read
                .map(|names| names.iter().map(|name| (*name).to_owned()).collect()),
            write_attributes: None,
            explicit_auth_flows: None,
            prevent_user_existence_errors: true,
            token_revocation: true,
            auth_session_minutes: 3,
            rotation: None,
            propagates_user_context: false,
            supported_identity_providers: None,
        },
    }
}

fn session() -> TokenSession {
    TokenSession {
        pool: UserPoolId::parse("us-east-1_Home").unwrap(),
        id: SessionId::parse(SESSION).unwrap(),
        sub: Sub::parse(SUB).unwrap(),
        client: ClientId::parse("web").unwrap(),
        // A refresh: the sign-in was a minute and a bit ago.
        auth_time: Timestamp(1_699_999_939_999),
        expires_at: Timestamp(1_800_000_000_000),
        event_id: "an-event".into(),
        generation: 0,
        rotated_at: None,
        spent: Vec::new(),
        factors: Vec::new(),
        seen: None,
        device_key: None,
    }
}

fn pool() -> UserPool {
    let names = crate::user_pool::SignInNames::Username {
        aliases: BTreeSet::new(),
    };
    crate::user::tests::pool(names)
}

fn proved(factors: &[Factor]) -> Vec<Proved> {
    let proved = |factor: &Factor| Proved {
        factor: *factor,
        at: Timestamp(1_699_999_939_999),
        carried: false,
    };
    factors.iter().map(proved).collect()
}

/// `acr` and `amr` of an access token and of an ID token.
fn levels(pool: &UserPool, factors: &[Factor]) -> [Value; 2] {
    let session = TokenSession {
        factors: proved(factors),
        ..session()
    };
    let issue = Issue {
        pool,
        issuer: ISSUER,
        // No attribute says it.
        user: &user(&[("acr", "forged"), ("amr", "forged")]),
        groups: &Groups::default(),
        client: &client(None),
        session: &session,
        now: Timestamp(1_700_000_000_999),
    };
    let access = serde_json::to_value(issue.access("own-id".into())).unwrap();
    let id = Value::Object(issue.id("own-id".into()));
    [access, id].map(|claims| json!([claims.get("acr"), claims.get("amr")]))
}

/// Of a pool whose schema has all of them.
fn id_claims(attributes: &[(&str, &str)], read: Option<&[&str]>) -> Value {
    let mut pool = pool();
    let name = pool.schema.find("name").unwrap().clone();
    for (attribute, _) in attributes {
        if pool.schema.find(attribute).is_none() {
            pool.schema.0.push(crate::attribute::SchemaAttribute {
                name: (*attribute).to_owned(),
                ..name.clone()
            });
        }
    }
    id_claims_of(&pool, attributes, read)
}

fn id_claims_of(pool: &UserPool, attributes: &[(&str, &str)], read: Option<&[&str]>) -> Value {
    let issue = Issue {
        pool,
        issuer: ISSUER,
        user: &user(attributes),
        groups: &Groups::default(),
        client: &client(read),
        session: &session(),
        now: Timestamp(1_700_000_000_999),
    };
    Value::Object(issue.id("own-id".into()))
}

/// The claims that every ID token has.
fn fixed() -> Map<String, Value> {
    let Value::Object(fixed) = json!({
        "sub": SUB,
        "iss": ISSUER,
        "aud": "web",
        "token_use": "id",
        "cognito:username": "Ana",
        "origin_jti": SESSION,
        "event_id": "an-event",
        "auth_time": 1_699_999_939,
        "iat": 1_700_000_000,
        "exp": 1_700_007_200,
        "jti": "own-id",
    }) else {
        unreachable!("an object")
    };
    fixed
}

fn fixed_and(more: Value) -> Value {
    let mut claims = fixed();
    claims.extend(more.as_object().unwrap().clone());
    Value::Object(claims)
}

#[test]
fn an_access_token_says_this_and_no_more() {
    let pool = pool();
    let issue = Issue {
        pool: &pool,
        issuer: ISSUER,
        user: &user(&[("email", "ana@example.com"), ("name", "Ana")]),
        groups: &Groups::default(),
        client: &client(None),
        session: &session(),
        now: Timestamp(1_700_000_000_999),
    };
    assert_eq!(
        serde_json::to_value(issue.access("own-id".into())).unwrap(),
        json!({
            "sub": SUB,
            "iss": ISSUER,
            "client_id": "web",
            "token_use": "access",
            "scope": "aws.cognito.signin.user.admin",
            "username": "Ana",
            "origin_jti": SESSION,
            "event_id": "an-event",
            "auth_time": 1_699_999_939,
            "iat": 1_700_000_000,
            "exp": 1_700_000_300,
            "jti": "own-id",
            "version": 2,
        })
    );
}

#[test]
fn the_access_token_of_a_device_names_it_and_the_id_token_does_not() {
    let device = "us-east-1_77777777-8888-4999-8aaa-bbbbbbbbbbbb";
    let mut session = session();
    session.device_key = Some(DeviceKey::parse(device).unwrap());
    let issue = Issue {
        pool: &pool(),
        issuer: ISSUER,
        user: &user(&[]),
        groups: &Groups::default(),
        client: &client(None),
        session: &session,
        now: Timestamp(1_700_000_000_999),
    };
    let access = issue.access("own-id".into());
    assert_eq!(access.device_key.as_deref(), Some(device));
    assert_eq!(
        Value::Object(issue.id("own-id".into())),
        id_claims(&[], None)
    );
}

#[test]
fn an_id_token_says_who_signed_in_where_and_when() {
    assert_eq!(id_claims(&[], None), Value::Object(fixed()));
}

#[test]
fn attributes_are_claims_of_their_own_types() {
    let attributes = [
        ("email", "ana@example.com"),
        ("email_verified", "true"),
        ("phone_number", "+14155550123"),
        ("phone_number_verified", "false"),
        ("address", "1 Main St\n\"Springfield\""),
        ("updated_at", "1700000000"),
        ("birthdate", "2000-02-29"),
        ("nickname", ""),
    ];
    assert_eq!(
        id_claims(&attributes, None),
        fixed_and(json!({
            "email": "ana@example.com",
            "email_verified": true,
            "phone_number": "+14155550123",
            "phone_number_verified": false,
            "address": { "formatted": "1 Main St\n\"Springfield\"" },
            "updated_at": 1_700_000_000,
            "birthdate": "2000-02-29",
        }))
    );
}

#[test]
fn only_the_word_true_makes_an_address_verified() {
    for value in ["TRUE", "1", "yes", " true", "false"] {
        let claims = id_claims(&[("email_verified", value)], None);
        assert_eq!(claims["email_verified"], json!(false), "{value}");
    }
}

#[test]
fn a_token_holds_what_the_app_client_may_read() {
    let attributes = [
        ("email", "ana@example.com"),
        ("name", "Ana"),
        ("custom:role", "admin"),
        ("dev:custom:rank", "3"),
    ];
    for no_list in [None, Some([].as_slice())] {
        assert_eq!(
            id_claims(&attributes, no_list),
            fixed_and(json!({ "email": "ana@example.com", "name": "Ana", "custom:role": "admin" }))
        );
    }
    assert_eq!(
        id_claims(&attributes, Some(&["custom:role", "dev:custom:rank"])),
        fixed_and(json!({ "custom:role": "admin", "dev:custom:rank": "3" }))
    );
    assert_eq!(
        id_claims(&attributes, Some(&["nickname"])),
        Value::Object(fixed())
    );
}

#[test]
fn a_custom_number_or_boolean_stays_text() {
    let claims = id_claims(&[("custom:level", "7")], Some(&["custom:level"]));
    assert_eq!(claims["custom:level"], json!("7"));
}

#[test]
fn what_the_schema_lacks_is_not_told() {
    let attributes = [("custom:gone", "7")];
    let read = Some(&["custom:gone"][..]);
    assert_eq!(
        id_claims_of(&pool(), &attributes, read),
        Value::Object(fixed())
    );
    assert_eq!(id_claims(&attributes, read)["custom:gone"], json!("7"));
}

#[test]
fn no_attribute_takes_the_place_of_a_claim() {
    let names: BTreeSet<String> = fixed().keys().cloned().collect();
    let others = [
        "cognito:groups",
        "cognito:roles",
        "cognito:preferred_role",
        "identities",
        "nonce",
        "at_hash",
        "nbf",
        "amr",
        "acr",
        "azp",
        "client_id",
        "scope",
        "username",
        "version",
        "device_key",
    ];
    let names: Vec<&str> = names.iter().map(String::as_str).chain(others).collect();
    let attributes: Vec<(&str, &str)> = names.iter().map(|name| (*name, "forged")).collect();
    assert_eq!(id_claims(&attributes, Some(&names)), Value::Object(fixed()));
}

#[test]
fn tokens_tell_the_level_of_the_sign_in_by_the_pools_name_and_what_was_done() {
    let mut pool = pool();
    let password = json!(["urn:cognito:loa:1", ["pwd"]]);
    assert_eq!(
        levels(&pool, &[Factor::Password]),
        [password.clone(), password]
    );
    let own = [(Level::Four, "gold".to_owned())];
    pool.settings.acr = crate::acr::AcrNames::new(own.into()).unwrap();
    let both = json!(["gold", ["pwd", "otp", "mfa"]]);
    let told = levels(&pool, &[Factor::Password, Factor::SoftwareToken]);
    assert_eq!(told, [both.clone(), both]);
}

#[test]
fn tokens_tell_no_level_where_none_is_met_or_known_and_none_in_the_least_tier() {
    let mut pool = pool();
    let nothing = json!([null, null]);
    for factors in [&[][..], &[Factor::Custom]] {
        assert_eq!(levels(&pool, factors), [nothing.clone(), nothing.clone()]);
    }
    pool.settings.tier = Tier::Lite;
    assert_eq!(
        levels(&pool, &[Factor::Password]),
        [nothing.clone(), nothing]
    );
}

fn group(name: &str, precedence: u32, role: Option<&str>) -> Group {
    Group {
        pool: UserPoolId::parse("us-east-1_Home").unwrap(),
        id: GroupId::parse("0123456789abcdef").unwrap(),
        name: name.to_owned(),
        description: None,
        role_arn: role.map(str::to_owned),
        precedence: Some(precedence),
        created_at: Timestamp(0),
        modified_at: Timestamp(0),
    }
}

/// What the groups add to an access token and to an ID token.
fn of_groups(groups: Vec<Group>) -> [Value; 2] {
    let issue = Issue {
        pool: &pool(),
        issuer: ISSUER,
        user: &user(&[]),
        groups: &Groups::new(groups),
        client: &client(None),
        session: &session(),
        now: Timestamp(1_700_000_000_999),
    };
    let access = serde_json::to_value(issue.access("own-id".into())).unwrap();
    [access, Value::Object(issue.id("own-id".into()))].map(|claims| {
        let own = claims.as_object().unwrap().iter();
        let own =
            own.filter(|(name, _)| name.starts_with("cognito:") && *name != "cognito:username");
        Value::Object(
            own.map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        )
    })
}

#[test]
fn both_tokens_name_the_groups_and_the_id_token_their_roles_too() {
    let groups = vec![
        group("staff", 2, Some("arn:aws:iam::000000000000:role/staff")),
        group("admins", 1, Some("arn:aws:iam::000000000000:role/admins")),
        group("all", 3, None),
    ];
    let names = json!(["admins", "staff", "all"]);
    let roles = [
        "arn:aws:iam::000000000000:role/admins",
        "arn:aws:iam::000000000000:role/staff",
    ];
    let id = json!({"cognito:groups": names, "cognito:roles": roles, "cognito:preferred_role": roles[0]});
    assert_eq!(of_groups(groups), [json!({ "cognito:groups": names }), id]);
}

#[test]
fn a_claim_of_groups_that_would_be_empty_is_not_there() {
    assert_eq!(of_groups(Vec::new()), [json!({}), json!({})]);
    let names = json!({"cognito:groups": ["all"]});
    let of_all = of_groups(vec![group("all", 0, None)]);
    assert_eq!(of_all, [names.clone(), names]);
    let tie = vec![group("a", 1, Some("read")), group("b", 1, Some("write"))];
    let [_, id] = of_groups(tie);
    assert_eq!(id.get("cognito:roles"), Some(&json!(["read", "write"])));
    assert_eq!(id.get("cognito:preferred_role"), None);
}
