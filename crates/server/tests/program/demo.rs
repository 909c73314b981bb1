//! The pool and the site that `cognate dev` makes.

use crate::{Running, member};

#[test]
fn the_demo_pool_is_made_once() {
    let folder = tempfile::tempdir().unwrap();
    let pool_of = |server: &Running| {
        let line = server
            .printed
            .lines()
            .find(|line| line.contains("User pool"))
            .unwrap();
        line.split_whitespace().last().unwrap().to_owned()
    };
    let first = Running::start(folder.path(), &["dev"]);
    let (pool, config) = (pool_of(&first), first.get("/demo/config.json"));
    assert!(config.contains(&pool), "{config}");
    drop(first);
    let second = Running::start(folder.path(), &["dev"]);
    assert_eq!(pool_of(&second), pool);
    assert_eq!(
        second.get("/demo/config.json").lines().last(),
        config.lines().last()
    );
}

#[test]
fn the_demo_site_is_linked_by_a_name_for_which_passkeys_can_be_made() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(folder.path(), &["dev"]);
    let (_, port) = server.address.split_once(':').unwrap();
    let link = format!("Demo site    http://localhost:{port}/demo/\n");
    assert!(server.printed.contains(&link), "{}", server.printed);
}

/// A demo pool as earlier versions made it, with a setting of somebody's own.
const OLDER_POOL: &str = r#"{"PoolName":"Cognate demo","UsernameAttributes":["email"],
    "AutoVerifiedAttributes":["email"],"EmailVerificationSubject":"Ahoy",
    "Policies":{"PasswordPolicy":{"MinimumLength":9,"RequireUppercase":true}}}"#;

#[test]
fn a_demo_pool_of_an_earlier_version_gets_what_the_site_needs_and_keeps_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let earlier = Running::start(folder.path(), &["dev", "--no-demo"]);
    let made = earlier.call("CreateUserPool", "", OLDER_POOL);
    let pool = member(&made, "Id");
    let client = format!(
        r#"{{"UserPoolId":"{pool}","ClientName":"Cognate demo site","ReadAttributes":["email"],"ExplicitAuthFlows":["ALLOW_USER_SRP_AUTH","ALLOW_REFRESH_TOKEN_AUTH"]}}"#
    );
    earlier.call("CreateUserPoolClient", "", &client);
    drop(earlier);
    for _ in ["the first start", "the next"] {
        let server = Running::start(folder.path(), &["dev"]);
        let config = server.get("/demo/config.json");
        assert_eq!(member(&config, "userPoolId"), pool);
        for feature in [
            r#""authenticatorApps":true"#,
            r#""passkeys":{"relyingPartyId":"localhost","standForBoth":true}"#,
            r#""sessions":true"#,
            r#""minimumLength":9"#,
        ] {
            assert!(config.contains(feature), "{feature} in {config}");
        }
        let named = format!(r#"{{"UserPoolId":"{pool}"}}"#);
        let described = server.call("DescribeUserPool", "", &named);
        for kept in [
            r#""EmailVerificationSubject":"Ahoy""#,
            r#""AutoVerifiedAttributes":["email"]"#,
            r#""MfaConfiguration":"OPTIONAL""#,
        ] {
            assert!(described.contains(kept), "{kept} in {described}");
        }
        let client = member(&config, "clientId");
        let named = format!(r#"{{"UserPoolId":"{pool}","ClientId":"{client}"}}"#);
        let described = server.call("DescribeUserPoolClient", "", &named);
        for kept in [
            r#""ReadAttributes":["email"]"#,
            r#"["ALLOW_USER_SRP_AUTH","ALLOW_REFRESH_TOKEN_AUTH","ALLOW_USER_AUTH"]"#,
        ] {
            assert!(described.contains(kept), "{kept} in {described}");
        }
    }
}

#[test]
fn a_demo_pool_that_cannot_have_what_the_site_needs_is_served_without() {
    let folder = tempfile::tempdir().unwrap();
    let earlier = Running::start(folder.path(), &["dev", "--no-demo"]);
    let least = OLDER_POOL.replacen('{', r#"{"UserPoolTier":"LITE","#, 1);
    earlier.call("CreateUserPool", "", &least);
    drop(earlier);
    let server = Running::start(folder.path(), &["dev"]);
    let config = server.get("/demo/config.json");
    assert!(
        config.contains(r#""passkeys":null,"sessions":false"#),
        "{config}"
    );
}
