//! The table "What UpdateUserPool keeps" in docs/differences.md, walked member by member.

use cognate_api::Operation;
use cognate_api::shape::Kind;
use cognate_testkit::{TestPool, TestServer, op};
use serde_json::{Value, json};

const PAGE: &str = include_str!("../../../../docs/differences.md");

/// The rows: members, and what an update does that leaves them out.
fn table() -> Vec<(&'static str, &'static str)> {
    let (_, table) = PAGE.split_once("## What UpdateUserPool keeps").unwrap();
    let rows = table.lines().skip_while(|line| !line.starts_with('|'));
    let rows = rows.take_while(|line| line.starts_with('|')).skip(2);
    rows.map(|row| {
        let mut cells = row.split('|').skip(1);
        (cells.next().unwrap(), cells.next().unwrap().trim())
    })
    .collect()
}

/// A value of a member other than the default, with what it needs beside it; None of those of which
/// no other value is accepted.
fn other_value(member: &str) -> Option<Value> {
    let sms = json!({"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"});
    Some(match member {
        "Policies" => json!({"Policies": {
            "PasswordPolicy": {"MinimumLength": 12, "PasswordHistorySize": 2, "TemporaryPasswordValidityDays": 3},
            "SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]},
        }}),
        "DeletionProtection" => json!({"DeletionProtection": "ACTIVE"}),
        "AutoVerifiedAttributes" => json!({"AutoVerifiedAttributes": ["email"]}),
        "SmsVerificationMessage" => json!({"SmsVerificationMessage": "sms {####}"}),
        "EmailVerificationMessage" => json!({"EmailVerificationMessage": "mail {####}"}),
        "EmailVerificationSubject" => json!({"EmailVerificationSubject": "subject"}),
        "VerificationMessageTemplate" => {
            json!({"VerificationMessageTemplate": {"DefaultEmailOption": "CONFIRM_WITH_LINK"}})
        }
        "SmsAuthenticationMessage" => json!({"SmsAuthenticationMessage": "in {####}"}),
        "UserAttributeUpdateSettings" => json!({
            "AutoVerifiedAttributes": ["email"],
            "UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": ["email"]},
        }),
        "MfaConfiguration" => json!({"MfaConfiguration": "OPTIONAL", "SmsConfiguration": sms}),
        "DeviceConfiguration" => {
            json!({"DeviceConfiguration": {"ChallengeRequiredOnNewDevice": true}})
        }
        "EmailConfiguration" => {
            json!({"EmailConfiguration": {"ReplyToEmailAddress": "a@example.com"}})
        }
        "SmsConfiguration" => json!({"SmsConfiguration": sms}),
        "UserPoolTags" => json!({"UserPoolTags": {"team": "a"}}),
        "AdminCreateUserConfig" => {
            json!({"AdminCreateUserConfig": {"AllowAdminCreateUserOnly": true}})
        }
        "UserPoolAddOns" => json!({"UserPoolAddOns": {"AdvancedSecurityMode": "OFF"}}),
        "AccountRecoverySetting" => json!({"AccountRecoverySetting": {
            "RecoveryMechanisms": [{"Priority": 1, "Name": "admin_only"}],
        }}),
        "PoolName" => json!({"PoolName": "Customers"}),
        "UserPoolTier" => json!({"UserPoolTier": "PLUS"}),
        "KeyConfiguration" => json!({"KeyConfiguration": {"KeyType": "AWS_OWNED_KEY"}}),
        "IssuerConfiguration" => json!({"IssuerConfiguration": {"Type": "UPDATED"}}),
        "AcrConfiguration" => json!({"AcrConfiguration": {"Level1": {"AcrValue": "low"}}}),
        "LambdaConfig" | "DcrConfiguration" => return None,
        _ => panic!("what is another value of {member}?"),
    })
}

/// Where DescribeUserPool shows a member.
fn shown_as(member: &str) -> &str {
    match member {
        "PoolName" => "Name",
        _ => member,
    }
}

async fn described(pool: &TestPool) -> Value {
    let call = pool
        .server
        .prepare::<op::DescribeUserPool>(json!({"UserPoolId": pool.id}));
    let body = call.send().await.success().unwrap();
    serde_json::from_slice::<Value>(&body).unwrap()["UserPool"].clone()
}

async fn update(pool: &TestPool, members: Value) {
    let mut input = json!({"UserPoolId": pool.id});
    input
        .as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    pool.server.call::<op::UpdateUserPool>(input).await.unwrap();
}

#[tokio::test]
async fn an_update_keeps_what_the_table_says_and_nothing_else() {
    let issuer = "https://issuer.cognate.test/{pool}";
    let server = TestServer::builder().issuer_updated(issuer);
    let server = server.start().await;
    let Kind::Structure(members) = op::UpdateUserPool::INPUT.kind else {
        panic!("an input is a structure")
    };
    let rows = table();
    for member in members.iter().map(|member| member.name) {
        if member == "UserPoolId" {
            continue;
        }
        let words = |cell: &str| {
            let mut words = cell.split(|c: char| !c.is_ascii_alphanumeric());
            words.any(|word| word == member)
        };
        let row = rows.iter().find(|(cell, _)| words(cell));
        let (_, after_update) = row.unwrap_or_else(|| panic!("{member} has no row"));
        let Some(other) = other_value(member) else {
            continue;
        };
        let pool = server.pool().verifies([]).await;
        let default = described(&pool).await;
        update(&pool, other.clone()).await;
        let set = described(&pool).await;
        let shown = shown_as(member);
        assert_ne!(set[shown], default[shown], "{member} was not set");
        // Text messages stay with their configuration.
        let beside = match member {
            "MfaConfiguration" => json!({"SmsConfiguration": other["SmsConfiguration"]}),
            _ => json!({}),
        };
        update(&pool, beside).await;
        let after = described(&pool).await;
        let expected = if after_update.starts_with("Kept") {
            &set
        } else {
            &default
        };
        assert_eq!(after[shown], expected[shown], "{member}: {after_update}");
    }
}
