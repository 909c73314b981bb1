#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::json;

use super::*;
use crate::error::ErrorCode;
use crate::idp::op;
use crate::operation::{Operation, operations};

fn check_as<O: Operation>(mut body: Value) -> Result<Value, Error> {
    check(O::INPUT, &mut body)?;
    Ok(body)
}

fn refusal<O: Operation>(body: Value) -> String {
    let error = check_as::<O>(body).unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidParameter);
    error.message
}

#[test]
fn a_pattern_that_is_not_met_is_told_in_awss_words() {
    assert_eq!(
        refusal::<op::DescribeUserPool>(json!({"UserPoolId": "YOUR_USER-POOL"})),
        "1 validation error detected: Value 'YOUR_USER-POOL' at 'userPoolId' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: [\\w-]+_[0-9a-zA-Z]+"
    );
}

#[test]
fn every_violation_is_told_and_sensitive_values_are_not() {
    assert_eq!(
        refusal::<op::AdminSetUserPassword>(
            json!({"UserPoolId": "p_1", "Username": "", "Password": "space at the end "})
        ),
        "3 validation errors detected: Value at 'username' failed to satisfy constraint: Member must have length \
         greater than or equal to 1; Value at 'username' failed to satisfy constraint: Member must satisfy regular \
         expression pattern: [\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+; Value at 'password' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: ^[\\S]+.*[\\S]+$"
    );
}

#[test]
fn a_missing_member_must_not_be_null() {
    assert_eq!(
        refusal::<op::DescribeUserPool>(json!({"UserPoolId": null})),
        "1 validation error detected: Value null at 'userPoolId' failed to satisfy constraint: Member must not be null"
    );
    assert_eq!(
        refusal::<op::AdminGetUser>(json!({"UserPoolId": "p_1"})),
        "1 validation error detected: Value at 'username' failed to satisfy constraint: Member must not be null"
    );
}

#[test]
fn a_number_out_of_range_is_told_by_its_value() {
    assert_eq!(
        refusal::<op::ListUserPools>(json!({"MaxResults": 61})),
        "1 validation error detected: Value '61' at 'maxResults' failed to satisfy constraint: \
         Member must have value less than or equal to 60"
    );
}

#[test]
fn a_member_of_a_structure_in_a_list_is_told_by_its_number() {
    let message = refusal::<op::AdminUpdateUserAttributes>(json!({
        "UserPoolId": "p_1", "Username": "ana",
        "UserAttributes": [{"Name": "email"}, {"Name": ""}],
    }));
    assert!(message.starts_with(
        "2 validation errors detected: Value '' at 'userAttributes.2.member.name' failed to satisfy constraint: \
         Member must have length greater than or equal to 1; "
    ));
}

#[test]
fn a_value_outside_a_closed_enum_is_refused_and_a_documented_one_taken() {
    assert_eq!(
        refusal::<op::AdminCreateUser>(
            json!({"UserPoolId": "p_1", "Username": "ana", "MessageAction": "SING"})
        ),
        "1 validation error detected: Value 'SING' at 'messageAction' failed to satisfy constraint: \
         Member must satisfy enum value set: [RESEND, SUPPRESS]"
    );
    let flows = |flow: &str| {
        check_as::<op::CreateUserPoolClient>(
            json!({"UserPoolId": "p_1", "ClientName": "web", "ExplicitAuthFlows": ["ALLOW_USER_AUTH", flow]}),
        )
    };
    assert!(flows("ALLOW_CLIENT_TOKEN_AUTH").is_ok());
    let message = flows("ALLOW_ANYTHING").unwrap_err().message;
    assert!(message.starts_with(
        "1 validation error detected: Value '[ALLOW_USER_AUTH, ALLOW_ANYTHING]' at 'explicitAuthFlows' failed to \
         satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [ADMIN_NO_SRP_AUTH, "
    ));
}

#[test]
fn map_keys_and_values_are_told_at_the_map() {
    let message = refusal::<op::TagResource>(json!({
        "ResourceArn": "arn:aws:cognito-idp:eu-west-1:1:userpool/p_1", "Tags": {"": "v".repeat(257)},
    }));
    assert!(message.contains(
        "at 'tags' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less \
         than or equal to 128, Member must have length greater than or equal to 1]"
    ));
    assert!(message.contains("Map value must satisfy constraint: [Member must have length less"));
}

#[test]
fn length_counts_utf16_code_units() {
    let name =
        |name: String| check_as::<op::CreateGroup>(json!({"UserPoolId": "p_1", "GroupName": name}));
    assert!(name("é".repeat(128)).is_ok());
    assert!(name("😀".repeat(64)).is_ok());
    assert!(name("😀".repeat(65)).is_err());
}

#[test]
fn secrets_are_not_repeated_by_what_holds_them() {
    let long = "x".repeat(131_073);
    for (message, secret) in [
        (
            refusal::<op::InitiateAuth>(
                json!({"AuthFlow": "NONE", "ClientId": "c", "AuthParameters": {"PASSWORD": long}}),
            ),
            "xxx",
        ),
        (
            refusal::<op::CreateIdentityProvider>(json!({
                "UserPoolId": "p_1", "ProviderName": "", "ProviderType": "OIDC",
                "ProviderDetails": {"client_secret": long},
            })),
            "xxx",
        ),
        (
            refusal::<op::SignUp>(json!({
                "ClientId": "c", "Username": "ana", "Password": "p",
                "UserContextData": {"IpAddress": long},
            })),
            "xxx",
        ),
        (
            refusal::<op::AdminUpdateUserAttributes>(json!({
                "UserPoolId": "p_1", "Username": "ana", "UserAttributes": [{"Name": "a", "Value": format!("s3cret{}", "x".repeat(3000))}],
            })),
            "s3cret",
        ),
    ] {
        assert!(!message.contains(secret), "{message}");
    }
}

#[test]
fn a_map_that_holds_tokens_is_not_repeated() {
    let logins: Map<String, Value> = (0..11)
        .map(|n| (format!("provider{n}"), "t0ken".into()))
        .collect();
    assert_eq!(
        refusal::<crate::identity::op::GetOpenIdToken>(
            json!({"IdentityId": "eu-west-1:0a", "Logins": logins})
        ),
        "1 validation error detected: Value at 'logins' failed to satisfy constraint: Member must have length less \
         than or equal to 10"
    );
}

#[test]
fn a_wrong_type_cannot_be_read_whatever_else_is_wrong() {
    for (body, message) in [
        (
            json!({"UserPoolId": 7}),
            "NUMBER_VALUE can not be converted to a String",
        ),
        (
            json!({"UserPoolId": "p_1", "Limit": "5"}),
            "STRING_VALUE can not be converted to an Integer",
        ),
        (
            json!({"UserPoolId": "p_1", "Limit": 5.5}),
            "NUMBER_VALUE can not be converted to an Integer",
        ),
        (
            json!({"UserPoolId": "p_1", "Limit": 4_294_967_296_i64}),
            "NUMBER_VALUE can not be converted to an Integer",
        ),
        (
            json!({"UserPoolId": []}),
            "Start of list found where not expected",
        ),
        (
            json!({"AttributesToGet": {}}),
            "Start of structure or map found where not expected.",
        ),
        (
            json!({"AttributesToGet": ["a", true]}),
            "TRUE_VALUE can not be converted to a String",
        ),
    ] {
        let error = check_as::<op::ListUsers>(body).unwrap_err();
        assert_eq!(error.code, ErrorCode::Serialization);
        assert_eq!(error.message, message);
    }
}

#[test]
fn null_members_and_unknown_members_say_nothing() {
    let body = check_as::<op::SignUp>(json!({
        "ClientId": "c", "Username": "ana", "Password": "pw", "Nothing": [1], "SecretHash": null,
        "ClientMetadata": {"a": null, "b": "c"},
    }));
    assert_eq!(
        body.unwrap(),
        json!({"ClientId": "c", "Username": "ana", "Password": "pw", "ClientMetadata": {"b": "c"}})
    );
    assert_eq!(
        refusal::<op::ListUsers>(json!({"UserPoolId": "p_1", "AttributesToGet": ["a", null]})),
        "1 validation error detected: Value null at 'attributesToGet.2.member' failed to satisfy constraint: \
         Member must not be null"
    );
}

#[test]
fn a_flood_of_violations_gives_a_short_answer() {
    let attributes: Vec<Value> = (0..50_000).map(|_| json!({"Name": ""})).collect();
    let message = refusal::<op::AdminUpdateUserAttributes>(
        json!({"UserPoolId": "p".repeat(100_000), "Username": "ana", "UserAttributes": attributes}),
    );
    assert!(message.starts_with("100002 validation errors detected: "));
    assert!(message.len() < 20_000, "{}", message.len());
}

/// Every pattern of every input, found by walking the tables as `check` does.
#[test]
fn every_pattern_of_every_model_compiles() {
    fn walk(shape: &Shape, patterns: &mut Vec<&'static str>) {
        if let Some(pattern) = shape.pattern {
            pattern.is_match("").unwrap();
            patterns.push(pattern.source);
        }
        match shape.kind {
            Kind::Structure(members) => {
                for member in members {
                    walk(member.shape, patterns);
                }
            }
            Kind::List(member) => walk(member, patterns),
            Kind::Map { key, value } => {
                walk(key, patterns);
                walk(value, patterns);
            }
            _ => {}
        }
    }
    let mut patterns = Vec::new();
    for operation in operations() {
        walk(operation.input, &mut patterns);
    }
    patterns.sort_unstable();
    patterns.dedup();
    assert!(patterns.len() > 40, "{}", patterns.len());
}

#[test]
fn every_open_enum_is_an_enum_of_the_models() {
    let source = include_str!("../idp/constraints.rs");
    for (name, _) in OPEN_ENUMS {
        assert!(source.contains(&format!("\"{name}\"")), "{name}");
    }
}
