//! Each member that docs/coverage.md lists as refused is refused, and nothing else is refused as
//! not built.

use std::path::{Path, PathBuf};

use cognate_service::{operations, refused_members};
use cognate_testkit::{TestServer, op};
use serde_json::{Value, json};

/// A request's members that ask for what is refused.
fn example(member: &str) -> Value {
    match member {
        "LambdaConfig" => json!({"LambdaConfig": {"PreSignUp": FUNCTION}}),
        "SmsConfiguration.EumsSms" => json!({"SmsConfiguration": eums()}),
        "SmsMfaConfiguration.SmsConfiguration.EumsSms" => {
            json!({"MfaConfiguration": "OPTIONAL", "SmsMfaConfiguration": {"SmsConfiguration": eums()}})
        }
        "EmailConfiguration.ConfigurationSet" => {
            json!({"EmailConfiguration": {"ConfigurationSet": "set"}})
        }
        "UserPoolAddOns other than AdvancedSecurityMode OFF" => {
            json!({"UserPoolAddOns": {"AdvancedSecurityMode": "AUDIT"}})
        }
        "DcrConfiguration" => json!({"DcrConfiguration": {"EnableStatus": "Enabled"}}),
        "KeyConfiguration other than AWS_OWNED_KEY" => {
            json!({"KeyConfiguration": {"KeyType": "CUSTOMER_MANAGED_KEY"}})
        }
        "AllowedOAuthFlowsUserPoolClient" => json!({"AllowedOAuthFlowsUserPoolClient": true}),
        "AllowedOAuthFlows" => json!({"AllowedOAuthFlows": ["code"]}),
        "AllowedOAuthScopes" => json!({"AllowedOAuthScopes": ["openid"]}),
        "CallbackURLs" => json!({"CallbackURLs": ["https://example.com/"]}),
        "LogoutURLs" => json!({"LogoutURLs": ["https://example.com/"]}),
        "DefaultRedirectURI" => json!({"DefaultRedirectURI": "https://example.com/"}),
        "AnalyticsConfiguration" => json!({"AnalyticsConfiguration": {"ApplicationId": "a"}}),
        "PublishSecretsInAWSSecretsManager" => json!({"PublishSecretsInAWSSecretsManager": true}),
        "ExplicitAuthFlows with ALLOW_CLIENT_TOKEN_AUTH or ALLOW_TOKEN_EXCHANGE_*" => {
            json!({"ExplicitAuthFlows": ["ALLOW_CLIENT_TOKEN_AUTH"]})
        }
        "SSOSession.MaxValidityMinutes other than 60" => {
            json!({"SSOSession": {"MaxValidityMinutes": 61}})
        }
        member => panic!("no example of {member}"),
    }
}

const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:f";

fn eums() -> Value {
    json!({"EumsSms": {"CallerArn": "arn:aws:iam::123456789012:role/x"}})
}

#[tokio::test]
async fn each_member_of_the_list_is_refused_in_words_and_only_it() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    let track = json!({"UserPoolId": pool.id, "UserSessionTracking": "ENABLED", "TokenSession": {"MaxPerUser": 3}});
    server
        .call::<op::SetUserPoolSessionConfiguration>(track)
        .await
        .unwrap();
    let client = pool.client().await;
    let operations = operations();
    for refused in refused_members() {
        for name in refused.operations {
            let operation = operations.iter().find(|one| one.name == *name).unwrap();
            let good = match *name {
                "CreateUserPool" => json!({"PoolName": "x"}),
                "CreateUserPoolClient" => json!({"UserPoolId": pool.id, "ClientName": "x"}),
                "SetUserPoolClientSessionConfiguration" => json!({
                    "UserPoolId": pool.id, "ClientId": client.id, "SSOSession": {"MaxValidityMinutes": 60}}),
                name if name.ends_with("Client") => {
                    json!({"UserPoolId": pool.id, "ClientId": client.id})
                }
                _ => json!({"UserPoolId": pool.id}),
            };
            let send = |input: &Value| server.prepare_operation(operation, input).send();
            assert_eq!(send(&good).await.status, 200, "{name}");
            let mut asks = good;
            let members = example(refused.member);
            let members = members.as_object().unwrap().clone();
            asks.as_object_mut().unwrap().extend(members);
            let error = send(&asks).await.error();
            assert_eq!(error.code, "InvalidParameterException", "{name} {asks}");
            let says = error.message.starts_with("Cognate does not support ");
            assert!(says, "{name} {asks}: {}", error.message);
        }
    }
}

/// Else docs/coverage.md would leave it out.
#[test]
fn what_is_not_built_is_refused_by_the_list_alone() {
    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else {
                found.push(path);
            }
        }
    }
    let mut files = Vec::new();
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for name in ["service", "web"] {
        sources(&crates.join(name).join("src"), &mut files);
    }
    let refusing = files.iter().filter(|path| {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.contains("parameter_not_built(") || text.contains("parameter_never_built(")
    });
    let names: Vec<_> = refusing.map(|path| path.file_name().unwrap()).collect();
    assert_eq!(names, ["refused_members.rs"]);
}
