#![allow(clippy::unwrap_used, clippy::expect_used)]

use cognate_api::shape::Kind;
use cognate_api::{Service, identity, idp};
use serde_json::json;

use super::*;
use crate::app_clients::clients;
use crate::operations;
use crate::operators::access_keys;
use crate::user_pools::pools::tests::{new_cx, new_pool, request};

fn operation(service: Service, name: &str) -> OperationInfo {
    let mut operations = service.operations().iter();
    *operations.find(|operation| operation.name == name).unwrap()
}

fn of_idp(name: &str) -> OperationInfo {
    operation(Service::CognitoIdp, name)
}

fn caller(policy: &Value) -> Caller {
    Caller::AccessKey {
        name: "robot".to_owned(),
        policy: access_keys::parse_policy(&policy.to_string()).unwrap(),
    }
}

/// Everything but one pool.
fn but(arn: &str) -> Caller {
    caller(&json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "*", "Resource": arn},
    ]}))
}

#[tokio::test]
async fn a_denied_pool_stays_denied_when_the_servers_region_changes() {
    let cx = new_cx().await;
    let mut config = cx.app.config.clone();
    let caller = but("arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_Denied123");
    let get_user = of_idp("AdminGetUser");
    for region in ["us-east-1", "eu-central-1"] {
        config.region = region.to_owned();
        let may = async |pool: &str| {
            let input = json!({"UserPoolId": pool});
            let resource = resource_of(&cx.app, &get_user, &input).await.unwrap();
            caller.authorize(&get_user, resource.as_deref(), &config)
        };
        assert!(may("us-east-1_Denied123").await.is_err(), "{region}");
        assert!(may("us-east-1_Other1234").await.is_ok(), "{region}");
    }
}

#[tokio::test]
async fn a_deny_on_a_pool_meets_its_call_however_the_pool_is_named() {
    let cx = new_cx().await;
    let pool = new_pool(&cx, json!({})).await;
    let (id, arn) = (pool.id.unwrap(), pool.arn.unwrap());
    let made = clients::create_user_pool_client(
        cx.clone(),
        request(json!({"UserPoolId": id, "ClientName": "app"})),
    );
    let client = made.await.unwrap().user_pool_client.unwrap().client_id;
    let caller = but(&arn);
    // The last one names the pool for another account and region, in which there is none.
    for (name, input) in [
        ("DescribeUserPool", json!({"UserPoolId": id})),
        ("TagResource", json!({"ResourceArn": arn})),
        ("GetClientToken", json!({"ClientId": client})),
        ("GetDerivedToken", json!({"ClientId": client})),
        (
            "ListTagsForResource",
            json!({"ResourceArn": format!("arn:aws:cognito-idp:eu-west-1:1:userpool/{id}")}),
        ),
    ] {
        let operation = of_idp(name);
        let resource = resource_of(&cx.app, &operation, &input).await.unwrap();
        assert_eq!(resource.as_deref(), Some(arn.as_str()), "{name}");
        let refused = caller.authorize(&operation, resource.as_deref(), &cx.app.config);
        assert_eq!(refused.unwrap_err().code, ErrorCode::AccessDenied, "{name}");
    }
}

#[tokio::test]
async fn what_names_no_pool_that_stands_is_about_nothing_in_particular() {
    let cx = new_cx().await;
    for (name, input) in [
        ("ListUserPools", json!({"MaxResults": 1})),
        ("GetClientToken", json!({"ClientId": "nobody"})),
        ("DescribeUserPool", json!({"UserPoolId": "none"})),
    ] {
        let resource = resource_of(&cx.app, &of_idp(name), &input).await.unwrap();
        assert_eq!(resource.as_deref(), Some("*"), "{name}");
    }
    let pool = "eu-west-1:11111111-2222-3333-4444-555555555555";
    let operation = operation(Service::CognitoIdentity, "DescribeIdentityPool");
    let input = json!({"IdentityPoolId": pool});
    assert_eq!(
        resource_of(&cx.app, &operation, &input).await.unwrap(),
        Some(format!(
            "arn:aws:cognito-identity:eu-west-1:123456789012:identitypool/{pool}"
        ))
    );
}

#[tokio::test]
async fn a_call_that_does_not_tell_what_it_is_about_is_refused_to_keys() {
    let cx = new_cx().await;
    let operation = of_idp("DescribeUserPoolDomain");
    let input = json!({"Domain": "sign-in"});
    let resource = resource_of(&cx.app, &operation, &input).await.unwrap();
    assert_eq!(resource, None);
    let all = caller(&json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
    ]}));
    assert!(all.authorize(&operation, None, &cx.app.config).is_err());
}

#[tokio::test]
async fn of_what_may_be_signed_or_not_the_signed_call_needs_a_policy_that_allows_it() {
    let config = new_cx().await.app.config.clone();
    let nothing = caller(&json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:*", "Resource": "*"},
    ]}));
    for name in ["GetClientToken", "GetDerivedToken"] {
        let operation = of_idp(name);
        assert_eq!(operation.auth, Auth::OptionallySigned);
        let refused = nothing.authorize(&operation, Some("*"), &config);
        assert_eq!(refused.unwrap_err().code, ErrorCode::AccessDenied, "{name}");
        let public = Caller::Public.authorize(&operation, None, &config);
        assert!(public.is_ok(), "{name}");
    }
    let signed = of_idp("ListUsers");
    assert!(
        Caller::Public
            .authorize(&signed, Some("*"), &config)
            .is_err()
    );
}

#[test]
fn every_signed_operation_that_is_built_tells_what_it_is_about() {
    let built = operations();
    let signed = || built.iter().filter(|one| one.auth != Auth::Public);
    assert!(signed().count() > 20);
    for operation in signed() {
        assert_ne!(
            operation.resource,
            Resource::Elsewhere,
            "{}",
            operation.name
        );
    }
}

#[test]
fn whatever_has_a_member_for_a_pool_is_about_that_pool() {
    for operation in idp::OPERATIONS.iter().chain(identity::OPERATIONS) {
        let Kind::Structure(members) = operation.input.kind else {
            panic!("{}", operation.name);
        };
        let names = |wanted: &str| members.iter().any(|member| member.name == wanted);
        if operation.auth == Auth::Public {
            continue;
        }
        if names("UserPoolId") {
            assert_eq!(
                operation.resource,
                Resource::UserPool("UserPoolId"),
                "{}",
                operation.name
            );
        }
        if names("IdentityPoolId") {
            assert_eq!(
                operation.resource,
                Resource::IdentityPool("IdentityPoolId"),
                "{}",
                operation.name
            );
        }
    }
}
