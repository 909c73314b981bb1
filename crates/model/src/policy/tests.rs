//! Documents and decisions, each as one table where it can be.

#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::*;

const POOL: &str = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_abc";

/// As access keys have it.
fn plain() -> Vocabulary {
    Vocabulary::new([
        ("cognito-idp", "AdminGetUser"),
        ("cognito-idp", "AdminDeleteUser"),
        ("cognito-idp", "DeleteUserPool"),
        ("cognito-idp", "ListUsers"),
        ("cognito-idp", "ListUserPools"),
        ("sts", "AssumeRole"),
    ])
}

/// As a role may have it.
fn of_a_role() -> Vocabulary {
    plain()
        .with_other_services()
        .with_keys(["app:sub", "app:aud", "app:amr"])
}

fn document(statements: &Value) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

fn policy(statements: &Value) -> Policy {
    Policy::parse(&document(statements), &plain()).unwrap()
}

fn role(statements: &Value) -> Policy {
    Policy::parse(&document(statements), &of_a_role()).unwrap()
}

fn asked(policy: &Policy, action: &str, resource: &str, context: &Context) -> Decision {
    let request = Request {
        action,
        resource,
        context,
    };
    decide([policy], request)
}

fn decided(policy: &Policy, action: &str, resource: &str) -> Decision {
    asked(policy, action, resource, &Context::new())
}

fn by(policy: usize, statement: usize) -> StatementPlace {
    StatementPlace { policy, statement }
}

fn refusal(text: &str) -> String {
    Policy::parse(text, &plain()).unwrap_err().to_string()
}

#[test]
fn what_nothing_allows_is_not_allowed() {
    let policy = policy(
        &json!([{"Effect": "Allow", "Action": "cognito-idp:AdminGetUser", "Resource": "*"}]),
    );
    for (action, expected) in [
        ("cognito-idp:AdminGetUser", Decision::Allowed(by(0, 0))),
        ("cognito-idp:AdminDeleteUser", Decision::NotAllowed),
        ("sts:AdminGetUser", Decision::NotAllowed),
    ] {
        assert_eq!(decided(&policy, action, POOL), expected, "{action}");
    }
}

#[test]
fn an_explicit_deny_wins_wherever_it_stands() {
    let allow = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    let deny = json!({"Effect": "Deny", "Action": "cognito-idp:Delete*", "Resource": "*"});
    for (statements, at) in [(json!([deny, allow]), 0), (json!([allow, deny]), 1)] {
        let policy = policy(&statements);
        assert_eq!(
            decided(&policy, "cognito-idp:DeleteUserPool", POOL),
            Decision::Denied(by(0, at))
        );
        assert_eq!(
            decided(&policy, "cognito-idp:ListUsers", POOL),
            Decision::Allowed(by(0, 1 - at))
        );
    }
}

#[test]
fn of_several_policies_one_is_enough_to_allow_and_one_to_deny() {
    let of = |effect: &str, action: &str| {
        policy(&json!({"Effect": effect, "Action": action, "Resource": "*"}))
    };
    let policies = [
        of("Allow", "cognito-idp:ListUsers"),
        of("Allow", "cognito-idp:*"),
        of("Deny", "cognito-idp:Delete*"),
        of("Deny", "cognito-idp:*Pool"),
    ];
    let context = Context::new();
    for (action, expected) in [
        ("cognito-idp:ListUsers", Decision::Allowed(by(0, 0))),
        ("cognito-idp:AdminGetUser", Decision::Allowed(by(1, 0))),
        ("cognito-idp:DeleteUserPool", Decision::Denied(by(2, 0))),
        ("sts:AssumeRole", Decision::NotAllowed),
    ] {
        let request = Request {
            action,
            resource: POOL,
            context: &context,
        };
        assert_eq!(decide(&policies, request), expected, "{action}");
    }
    let request = Request {
        action: "cognito-idp:ListUsers",
        resource: POOL,
        context: &context,
    };
    assert_eq!(decide([], request), Decision::NotAllowed);
}

#[test]
fn a_key_for_one_pool_reaches_no_other() {
    let policy =
        policy(&json!({"Effect": "Allow", "Action": ["cognito-idp:*"], "Resource": [POOL]}));
    let longer = format!("{POOL}d");
    for (resource, expected) in [
        (POOL, Decision::Allowed(by(0, 0))),
        (longer.as_str(), Decision::NotAllowed),
        ("*", Decision::NotAllowed),
    ] {
        let decision = decided(&policy, "cognito-idp:ListUsers", resource);
        assert_eq!(decision, expected, "{resource}");
    }
}

#[test]
fn actions_match_without_case_and_resources_with() {
    let policy =
        policy(&json!({"Effect": "Allow", "Action": "COGNITO-IDP:listusers", "Resource": POOL}));
    assert_eq!(
        decided(&policy, "cognito-idp:ListUsers", POOL),
        Decision::Allowed(by(0, 0))
    );
    assert_eq!(
        decided(&policy, "cognito-idp:ListUsers", &POOL.to_uppercase()),
        Decision::NotAllowed
    );
}

#[test]
fn conditions_have_to_be_met_all_of_them() {
    let policy = role(&json!({
        "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*",
        "Condition": {
            "StringEquals": {"app:aud": ["pool-1", "pool-*"]},
            "ForAnyValue:StringLike": {"APP:amr": "authenticated*"},
        },
    }));
    let context = |aud: &[&str], amr: &[&str]| {
        Context::new()
            .with("app:aud", aud.iter().copied())
            .with("app:amr", amr.iter().copied())
    };
    let good = ["x", "authenticated:google"];
    for (context, expected) in [
        (context(&["pool-1"], &good), true),
        // StringEquals has no wildcards.
        (context(&["pool-2"], &good), false),
        (context(&["pool-*"], &good), true),
        // Without ForAnyValue there has to be one value.
        (context(&["pool-1", "pool-1"], &good), false),
        (context(&[], &good), false),
        (context(&["pool-1"], &["unauthenticated"]), false),
        (context(&["pool-1"], &[]), false),
        (Context::new(), false),
    ] {
        let decision = asked(&policy, "s3:GetObject", "arn:aws:s3:::b/x", &context);
        let is_allowed = decision == Decision::Allowed(by(0, 0));
        assert_eq!(is_allowed, expected, "{context:?}");
    }
}

#[test]
fn each_user_has_their_own_prefix_and_nobody_elses() {
    let policy = role(&json!({
        "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/${app:sub}/*",
    }));
    for (sub, resource, expected) in [
        ("ana", "arn:aws:s3:::b/ana/photo", true),
        ("ana", "arn:aws:s3:::b/ben/photo", false),
        ("*", "arn:aws:s3:::b/ben/photo", false),
        ("", "arn:aws:s3:::b/ben/photo", false),
    ] {
        let context = Context::new().with("app:sub", [sub]);
        let decision = asked(&policy, "s3:GetObject", resource, &context);
        assert_eq!(
            decision != Decision::NotAllowed,
            expected,
            "{sub} {resource}"
        );
    }
    let nobody = asked(
        &policy,
        "s3:GetObject",
        "arn:aws:s3:::b//x",
        &Context::new(),
    );
    assert_eq!(nobody, Decision::NotAllowed);
}

#[test]
fn a_document_that_cannot_be_taken_tells_where_and_why() {
    for (text, expected) in [
        (
            "{\n \"Statement\": }",
            "the document cannot be read as JSON: line 2, column 15",
        ),
        (
            &"[".repeat(200),
            "the document cannot be read as JSON: line 1, column 128",
        ),
        (
            &" ".repeat(10_241),
            "the document is too long: the limit is 10,240 bytes",
        ),
        ("[]", "the document must be an object"),
        ("{}", "Statement is missing"),
        (r#"{"Statement": 7}"#, "Statement must be an object"),
        (
            r#"{"Statement": []}"#,
            "Statement is empty, and would never match",
        ),
        (
            r#"{"Version": "2026-01-01"}"#,
            "Version must be 2012-10-17 or 2008-10-17",
        ),
    ] {
        assert_eq!(refusal(text), expected, "{text}");
    }
}

/// The refusal of a statement in which a member has another value, without the statement's place.
fn refusal_with(member: &str, value: &Value) -> String {
    let mut statement = json!({"Effect": "Deny", "Action": "*", "Resource": "*"});
    statement[member] = value.clone();
    let refusal = refusal(&document(&json!([statement])));
    let place = format!("Statement[0].{member}");
    let Some(rest) = refusal.strip_prefix(&place) else {
        panic!("{refusal}");
    };
    rest.to_owned()
}

#[test]
fn a_statement_that_cannot_be_taken_tells_where_and_why() {
    let variable = json!("arn:aws:x:::${aws:username}");
    for (member, value, expected) in [
        ("NotAction", json!("*"), " is not supported"),
        ("Principal", json!("*"), " is not supported"),
        ("Effect", json!("allow"), " must be Allow or Deny"),
        ("Sid", json!(1), " must be a string"),
        ("Resource", json!([]), " is empty, and would never match"),
        (
            "Resource",
            json!(["*", "userpool/*"]),
            "[1] is «userpool/*», which is neither «*» nor the ARN of a pool or a role",
        ),
        (
            "Resource",
            variable,
            " holds the variable «${aws:username}», which is not supported here",
        ),
        (
            "Resource",
            json!("arn:${"),
            " holds «${» without the «}» that ends it",
        ),
        ("Condition", json!({}), " is empty, and would never match"),
        (
            "Condition",
            json!({"IpAddress": {"aws:SourceIp": "::1"}}),
            ".IpAddress is no condition operator that is supported",
        ),
        (
            "Condition",
            json!({"StringLike": {"aws:username": "a"}}),
            ".StringLike.aws:username is no condition key that is supported here",
        ),
    ] {
        assert_eq!(refusal_with(member, &value), expected, "{member} {value}");
    }
}

#[test]
fn a_resource_that_no_pool_can_have_is_refused() {
    for taken in [
        "*",
        "arn:*",
        "arn:aws:cognito-idp:*",
        "arn:aws:cognito-idp:us-east-1:*:userpool/*",
        "arn:aws:cognito-idp:*:123456789012:userpool/us-east-1_AbCdEfGhI",
        "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_?bCdEfGhI",
        "arn:aws:cognito-identity:us-east-1:123456789012:identitypool/us-east-1:1b2c",
        "arn:aws:iam::123456789012:role/app",
        "arn:aws:cognito-id*",
    ] {
        let statement = json!({"Effect": "Deny", "Action": "cognito-idp:*", "Resource": taken});
        policy(&json!([statement]));
    }
    for refused in [
        "arn:",
        "arn:aws:s3:::x",
        "arn:aws:cognito-idp:us-east-1:000000000000:userpools/*",
        "arn:aws:cognito-idp:us-east-1:000000000000:userpol/x",
        "arn:aws:cognito-idp:us-east-1:000000000000:userpool",
        "arn:aws:cognito-idp:us-east-1:000000000000:userpool/",
        "arn:aws:cognito-idp:us-east-1:0:userpool/*",
        "arn:aws:cognito-idp:us-east-1:000000000000:userpool/x ",
        "arn:aws:cognito-idp:us east-1:*",
    ] {
        let told = refusal_with("Resource", &json!(refused));
        assert!(told.contains("which is neither"), "{refused}: {told}");
    }
}

#[test]
fn an_action_that_could_never_match_is_refused_and_the_nearest_is_told() {
    for (action, expected) in [
        (json!([]), " is empty, and would never match"),
        (
            json!(["sts:*", "s3:*"]),
            "[1] is «s3:*», which is no action of cognito-idp, sts",
        ),
        (
            json!("cognito-*"),
            " is «cognito-*», which is no action of cognito-idp, sts",
        ),
        (json!(""), " is «», which is no action of cognito-idp, sts"),
        (
            json!("cognito-idp:AdminGetUsr"),
            " is «cognito-idp:AdminGetUsr», which matches no action of cognito-idp; \
             the nearest is cognito-idp:AdminGetUser",
        ),
        (
            json!("cognito-idp:Admn*"),
            " is «cognito-idp:Admn*», which matches no action of cognito-idp",
        ),
        (
            json!("*:Fly"),
            " is «*:Fly», which matches no action of any service",
        ),
        (
            json!("sts:${*}"),
            " is «sts:${*}», which matches no action of sts",
        ),
    ] {
        assert_eq!(refusal_with("Action", &action), expected, "{action}");
    }
}

#[test]
fn a_statement_alone_has_no_number() {
    let alone = document(&json!({"Effect": "Deny", "Action": "sts:Fly", "Resource": "*"}));
    assert!(refusal(&alone).starts_with("Statement.Action is «sts:Fly»"));
}

#[test]
fn a_member_given_twice_is_refused() {
    let twice = r#"{"Statement":{"Effect":"Deny","Effect":"Allow","Action":"*","Resource":"*"}}"#;
    assert_eq!(refusal(twice), "Statement.Effect stands there twice");
    let two = r#"{"Statement":{"Effect":"Allow","Action":"sts:*","Resource":"*"},"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    assert_eq!(refusal(two), "Statement stands there twice");
}

#[test]
fn a_variable_in_a_document_of_an_older_version_is_refused() {
    for version in [json!(null), json!("2008-10-17")] {
        let mut document = json!({"Statement": {
            "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/${app:sub}",
        }});
        if version.is_string() {
            document["Version"] = version;
        }
        let error = Policy::parse(&document.to_string(), &of_a_role()).unwrap_err();
        assert_eq!(error.place, "Statement.Resource");
    }
}

#[test]
fn actions_of_other_services_are_for_principals_whose_requests_go_there() {
    for (action, is_taken) in [
        ("s3:GetObject", true),
        ("execute-api:Invoke", true),
        ("s3", false),
        ("s3:", false),
        ("s*:GetObject", false),
        ("cognito-idp:Fly", false),
    ] {
        let text = document(&json!({"Effect": "Allow", "Action": action, "Resource": "*"}));
        let taken = Policy::parse(&text, &of_a_role());
        assert_eq!(taken.is_ok(), is_taken, "{action}");
        assert!(Policy::parse(&text, &plain()).is_err(), "{action}");
    }
}

#[test]
fn everything_is_allowed_by_the_policy_that_allows_all() {
    let all = Policy::allow_all();
    let decision = decided(&all, "cognito-idp:DeleteUserPool", POOL);
    assert_eq!(decision, Decision::Allowed(by(0, 0)));
}
