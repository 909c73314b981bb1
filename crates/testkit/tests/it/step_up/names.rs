//! AcrConfiguration, and what of all this needs a tier.

use super::*;

const TIER: &str = "FeatureUnavailableInTierException";

/// AcrConfiguration as DescribeUserPool shows it, as a list of the four names.
async fn names(pool: &TestPool) -> Vec<String> {
    let input = json!({"UserPoolId": pool.id});
    let described = pool.server.call::<op::DescribeUserPool>(input).await;
    let shown = described.unwrap().user_pool.unwrap().acr_configuration;
    let shown = serde_json::to_value(shown).unwrap();
    assert_eq!(shown.as_object().unwrap().len(), 4);
    let name = |level| shown[format!("Level{level}")]["AcrValue"].as_str();
    (1..=4)
        .map(|level| name(level).unwrap().to_owned())
        .collect()
}

fn named(levels: &[(u32, &str)]) -> Value {
    let level = |(level, name): &(u32, &str)| (format!("Level{level}"), json!({"AcrValue": name}));
    json!({"AcrConfiguration": Value::Object(levels.iter().map(level).collect())})
}

#[tokio::test]
async fn names_are_shown_with_the_default_ones_and_go_back_to_them() {
    for_each_database(async |server| {
        let default: Vec<_> = (1..=4).map(loa).collect();
        let pool = server.pool().await;
        assert_eq!(names(&pool).await, default);
        update(
            &pool,
            named(&[(2, "urn:mine:2"), (3, "https://x.test/a?b=c#d")]),
        )
        .await
        .unwrap();
        let own = [&loa(1), "urn:mine:2", "https://x.test/a?b=c#d", &loa(4)];
        assert_eq!(names(&pool).await, own);
        update(&pool, json!({})).await.unwrap();
        assert_eq!(names(&pool).await, default);
        let gold = named(&[(4, "gold")])["AcrConfiguration"].take();
        let pool = server.pool().with("AcrConfiguration", gold).await;
        assert_eq!(names(&pool).await[3], "gold");
    })
    .await;
}

#[tokio::test]
async fn names_are_unique_and_of_their_form() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    for levels in [&[(1, "x"), (4, "x")][..], &[(1, "urn:cognito:loa:2")]] {
        let error = refused(update(&pool, named(levels)).await);
        assert_eq!(error.code, "InvalidParameterException");
        assert!(error.message.contains("the same name"), "{error:?}");
    }
    let long = "x".repeat(65);
    for name in ["", "a b", "a\"b", "a\\b", "ä", long.as_str()] {
        let error = refused(update(&pool, named(&[(1, name)])).await);
        assert_eq!(error.code, "InvalidParameterException", "{name}");
        assert!(error.message.contains("validation error"), "{error:?}");
    }
    let error = refused(update(&pool, named(&[(5, "x")])).await);
    assert!(error.message.contains("validation error"), "{error:?}");
    update(&pool, named(&[(1, &"x".repeat(64))])).await.unwrap();
}

#[tokio::test]
async fn tokens_and_targets_use_the_pools_names() {
    let server = TestServer::start().await;
    let ana = of_first_factors(&server).await;
    let before = ana.sign_in().await.unwrap();
    let factors = json!({"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP", "WEB_AUTHN"]});
    let mut named = named(&[(1, "bronze"), (2, "silver")]);
    named["Policies"] = json!({"SignInPolicy": factors});
    update(&ana.client.pool, named).await.unwrap();
    // A refresh tells the level by its name of now.
    let refreshed = ana.refresh(before.refresh()).await.unwrap();
    assert_eq!(level(&refreshed)[0], "bronze");
    let error = refused(begin(&ana, json!({"TARGET_ACR_VALUES": loa(2)})).await);
    assert_eq!(error.code, "InvalidParameterException");
    let own = json!({"TARGET_ACR_VALUES": "silver", "PREFERRED_CHALLENGE": "EMAIL_OTP"});
    let (name, session) = challenge(begin(&ana, own).await.unwrap());
    assert_eq!(name, "EMAIL_OTP");
    assert_eq!(level(&type_mailed(&ana, &session).await)[0], "silver");
}

#[tokio::test]
async fn the_least_tier_has_no_levels_and_takes_no_names() {
    let server = TestServer::start().await;
    let lite = server.pool().with("UserPoolTier", "LITE");
    let gold = named(&[(4, "gold")]);
    let named_at_once = server
        .pool()
        .with("UserPoolTier", "LITE")
        .with("AcrConfiguration", gold["AcrConfiguration"].clone());
    let error = named_at_once.create().await.err().unwrap();
    assert_eq!(error.code, TIER);
    let lite = lite.await;
    let error = refused(update(&lite, gold.clone()).await);
    assert_eq!(error.code, TIER);
    // What DescribeUserPool shows can be given back.
    let shown: Vec<_> = (1..=4).zip((1..=4).map(loa)).collect();
    let shown: Vec<_> = shown
        .iter()
        .map(|(level, name)| (*level, name.as_str()))
        .collect();
    update(&lite, named(&shown)).await.unwrap();
    let ana = lite.client().await.user("ana").confirmed().await;
    let tokens = ana.sign_in().await.unwrap();
    assert_eq!(level(&tokens), json!([null, null]));
    // With the tier come the names, and the levels of sessions that were there before.
    let mut up = gold;
    up["UserPoolTier"] = json!("PLUS");
    update(&lite, up).await.unwrap();
    let refreshed = ana.refresh(tokens.refresh()).await.unwrap();
    assert_eq!(level(&refreshed), json!([loa(1), ["pwd"]]));
    let mut down = named(&[(4, "gold")]);
    down["UserPoolTier"] = json!("LITE");
    let error = refused(update(&lite, down).await);
    assert_eq!(error.code, "TierChangeNotAllowedException");
}

#[tokio::test]
async fn no_level_is_asked_for_once_the_pool_is_of_the_least_tier() {
    let server = TestServer::start().await;
    let ana = server.pool().await.client().user_auth().await;
    let ana = ana.user("ana").confirmed().await;
    let target = json!({"TARGET_ACR_VALUES": loa(1)});
    begin(&ana, target.clone()).await.unwrap();
    update(&ana.client.pool, json!({"UserPoolTier": "LITE"}))
        .await
        .unwrap();
    assert_eq!(refused(begin(&ana, target).await).code, TIER);
}
