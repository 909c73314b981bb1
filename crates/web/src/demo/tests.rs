#![allow(clippy::unwrap_used, clippy::expect_used)]

use axum::http::StatusCode;

use super::{ASSETS, DemoConfig, DemoPasskeys, DemoPasswordPolicy, demo_routes};
use crate::pages::answers::answer;

fn site() -> axum::Router {
    demo_routes(DemoConfig {
        region: "us-east-1".to_owned(),
        user_pool_id: "us-east-1_AbC123".to_owned(),
        client_id: "client".to_owned(),
        inbox_url: Some("/dev/inbox".to_owned()),
        password_policy: DemoPasswordPolicy {
            minimum_length: 8,
            require_uppercase: true,
            require_lowercase: true,
            require_numbers: true,
            require_symbols: false,
        },
        authenticator_apps: true,
        passkeys: Some(DemoPasskeys {
            relying_party_id: "localhost".to_owned(),
            stand_for_both: true,
        }),
        sessions: false,
    })
}

#[tokio::test]
async fn the_configuration_names_the_pool_and_the_client() {
    let answer = answer(site(), "/demo/config.json").await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&answer.body).unwrap(),
        serde_json::json!({
            "region": "us-east-1", "userPoolId": "us-east-1_AbC123", "clientId": "client",
            "inboxUrl": "/dev/inbox",
            "passwordPolicy": {"minimumLength": 8, "requireUppercase": true, "requireLowercase": true,
                "requireNumbers": true, "requireSymbols": false},
            "authenticatorApps": true,
            "passkeys": {"relyingPartyId": "localhost", "standForBoth": true},
            "sessions": false,
        })
    );
}

#[tokio::test]
async fn every_file_is_served_under_the_policy_of_pages() {
    for asset in ASSETS {
        let answer = answer(site(), asset.path).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", asset.path);
        assert_eq!(answer.header("content-type"), asset.content_type);
        assert_eq!(answer.header("cache-control"), "no-cache");
        assert!(
            answer
                .header("content-security-policy")
                .starts_with("default-src 'none'")
        );
        assert_eq!(answer.body.as_bytes(), asset.body);
    }
}

#[tokio::test]
async fn files_name_only_files_that_are_served() {
    for asset in ASSETS {
        let text = std::str::from_utf8(asset.body).unwrap();
        for named in text
            .split(['"', '\''])
            .filter_map(|word| word.strip_prefix("./"))
        {
            let path = format!("/demo/{named}");
            assert_eq!(
                answer(site(), &path).await.status,
                StatusCode::OK,
                "{} names {path}",
                asset.path
            );
        }
    }
}

#[tokio::test]
async fn the_page_holds_nothing_that_its_policy_forbids() {
    let page = answer(site(), "/demo/").await.body;
    for forbidden in [
        "<style",
        " style=",
        " onclick",
        "javascript:",
        "src=\"http",
        "href=\"http",
    ] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert_eq!(
        page.matches("<script").count(),
        page.matches("<script type=\"module\" src=\"./").count()
    );
}

#[tokio::test]
async fn the_folder_without_its_slash_leads_to_the_site() {
    let answer = answer(site(), "/demo").await;
    assert_eq!(answer.status, StatusCode::PERMANENT_REDIRECT);
    assert_eq!(answer.header("location"), "/demo/");
}
