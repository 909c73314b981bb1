//! Changes of what Cognito fixes when a pool is made: who signs in before, during and after, and
//! who stands in the way.

use std::collections::BTreeSet;

use cognate_model::pool_change::{Allowance, PoolChange, Stage};
use cognate_service::pool_changes::{self, Found, PoolChangeError, carry_on_some};
use cognate_testkit::{TestPool, TestServer, for_each_database, op, refused, seconds};
use serde_json::{Value, json};

use crate::sentences::WRONG_PASSWORD;

/// Begins a change.
async fn begin(
    pool: &TestPool,
    document: &Value,
    allowed: &[Allowance],
) -> Result<PoolChange, PoolChangeError> {
    let app = pool.server.app();
    let allowed = allowed.iter().copied().collect();
    let document = document.to_string();
    pool_changes::begin(
        &app.db,
        &app.clock,
        &app.entropy,
        &pool.id,
        &document,
        &allowed,
    )
    .await
}

/// Takes steps until the change is in a stage, or has ended.
async fn carry_on_to(pool: &TestPool, stage: Stage) -> PoolChange {
    let app = pool.server.app();
    loop {
        let change = pool_changes::status(&app.db, &pool.id)
            .await
            .unwrap()
            .unwrap();
        if change.stage == stage || change.stage.is_end() {
            return change;
        }
        pool.server.advance(seconds(6));
        carry_on_some(app, "a node").await.unwrap();
    }
}

/// Makes a change.
async fn change(pool: &TestPool, document: Value, allowed: &[Allowance]) -> PoolChange {
    begin(pool, &document, allowed).await.unwrap();
    carry_on_to(pool, Stage::Done).await
}

/// Who stands in the way: the users' names and kinds of conflict.
async fn plan(pool: &TestPool, document: &Value) -> Vec<(String, &'static str)> {
    let app = pool.server.app();
    let mut found = Vec::new();
    let none = BTreeSet::new();
    let tell = |one: Found| {
        found.push(match one {
            Found::User {
                username, conflict, ..
            } => (username, conflict.kind()),
            Found::Client(conflict) => (conflict.client().to_string(), "app-client"),
        });
    };
    let document = document.to_string();
    pool_changes::plan(&app.db, &app.clock, &pool.id, &document, &none, tell)
        .await
        .unwrap();
    found
}

fn case_sensitive(case_sensitive: bool) -> Value {
    json!({"UsernameConfiguration": {"CaseSensitive": case_sensitive}})
}

#[tokio::test]
async fn a_change_of_the_case_rule_breaks_no_verifier_and_no_session() {
    for_each_database(async |server| {
        let client = server.pool().await.client().secret().await;
        let pool = client.pool.clone();
        let ana = client.user("Ana").confirmed().await;
        let tokens = ana.named("ANA").sign_in_srp().await.unwrap();
        begin(&pool, &case_sensitive(true), &[]).await.unwrap();
        for stage in [
            Stage::Verifying,
            Stage::Releasing,
            Stage::Tidying,
            Stage::Done,
        ] {
            assert_eq!(carry_on_to(&pool, stage).await.stage, stage);
            ana.sign_in_srp().await.unwrap();
            ana.sign_in().await.unwrap();
            // Clients name the user as the challenge has told them.
            ana.named("ana").refresh(tokens.refresh()).await.unwrap();
            ana.refresh(tokens.refresh()).await.unwrap();
        }
        let error = refused(ana.named("ana").sign_in().await);
        assert_eq!(error.told(), WRONG_PASSWORD);
        let other = client.user("ana").email("o@example.com").confirmed().await;
        other.sign_in_srp().await.unwrap();
        assert_ne!(other.sub, ana.sub);
        // Back again: the two are one name now.
        let in_the_way = plan(&pool, &case_sensitive(false)).await;
        assert_eq!(in_the_way.len(), 1, "{in_the_way:?}");
        let undone = change(&pool, case_sensitive(false), &[]).await;
        assert_eq!(undone.stage, Stage::Undone);
        assert!(undone.failure.unwrap().contains("would be that of"));
        for user in [&ana, &other] {
            user.sign_in_srp().await.unwrap();
        }
        pool.delete_user("ana").await;
        assert_eq!(
            change(&pool, case_sensitive(false), &[]).await.stage,
            Stage::Done
        );
        ana.named("aNa").sign_in_srp().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_sign_up_during_a_change_obeys_both_rules() {
    for_each_database(async |server| {
        let pool = server.pool().case_sensitive().await;
        let client = pool.client().await;
        let ana = client.user("Ana").confirmed().await;
        begin(&pool, &case_sensitive(false), &[]).await.unwrap();
        carry_on_to(&pool, Stage::Verifying).await;
        let again = client.user("ANA").email("e@example.com").sign_up().await;
        assert_eq!(refused(again).code, "UsernameExistsException");
        let bob = client.user("Bob").email("b@example.com").confirmed().await;
        assert_eq!(carry_on_to(&pool, Stage::Done).await.stage, Stage::Done);
        ana.named("ana").sign_in_srp().await.unwrap();
        bob.named("bOB").sign_in_srp().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn aliases_come_and_go_and_what_nobody_has_proved_is_none() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let pool = client.pool.clone();
        let ana = client.user("ana").confirmed().await;
        let password = "Correct-Horse-1";
        let unproved = [("email", "ana@example.com")];
        pool.invite("eve", password, &unproved).await;
        pool.invite("bob@example.com", password, &[]).await;
        let aliases = json!({"AliasAttributes": ["email"]});
        let by_mail = ana.named("ana@example.com");
        assert_eq!(
            plan(&pool, &aliases).await,
            [("bob@example.com".to_owned(), "name-like-address")]
        );
        let undone = change(&pool, aliases.clone(), &Allowance::ALL).await;
        assert_eq!(undone.stage, Stage::Undone);
        assert_eq!(refused(by_mail.sign_in().await).told(), WRONG_PASSWORD);
        pool.delete_user("bob@example.com").await;
        assert_eq!(change(&pool, aliases, &[]).await.stage, Stage::Done);
        by_mail.sign_in_srp().await.unwrap();
        ana.sign_in_srp().await.unwrap();
        assert_eq!(
            change(&pool, json!({"AliasAttributes": []}), &[])
                .await
                .stage,
            Stage::Done
        );
        assert_eq!(refused(by_mail.sign_in().await).told(), WRONG_PASSWORD);
        ana.sign_in_srp().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn user_names_become_addresses_and_addresses_user_names() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let pool = client.pool.clone();
        let ana = client.user("ana").confirmed().await;
        pool.invite("eve", "Correct-Horse-1", &[("email", "victim@example.com")])
            .await;
        let addresses = json!({"UsernameAttributes": ["email"]});
        assert_eq!(change(&pool, addresses, &[]).await.stage, Stage::Done);
        ana.named("Ana@example.com").sign_in_srp().await.unwrap();
        ana.sign_in_srp().await.unwrap();
        // Nobody has proved the address, so it is its owner's to sign up with.
        let victim = client
            .user("victim@example.com")
            .email("victim@example.com");
        let victim = victim.confirmed().await;
        victim.sign_in_srp().await.unwrap();
        assert_eq!(
            victim.sub,
            pool.user("victim@example.com").await.unwrap().username
        );
        let new = client
            .user("New@example.com")
            .email("New@example.com")
            .await;
        let back = json!({"AliasAttributes": ["email"]});
        let in_the_way = plan(&pool, &back).await;
        assert_eq!(in_the_way, [(new.sub.clone(), "lost-names")]);
        assert_eq!(
            change(&pool, back, &[Allowance::LostNames]).await.stage,
            Stage::Done
        );
        ana.named("ana@example.com").sign_in_srp().await.unwrap();
        victim.sign_in_srp().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn attributes_that_are_removed_are_seen_no_more_and_their_values_go() {
    for_each_database(async |server| {
        let schema = json!([
            {"Name": "old", "AttributeDataType": "String", "Mutable": true},
            {"Name": "level", "AttributeDataType": "String", "Mutable": true}
        ]);
        let pool = server.pool().schema(schema).await;
        let reads = ["custom:old", "custom:level", "email"];
        let client = pool.client().read(reads).await;
        let mean = pool.client().read(["custom:old"]).await;
        let ana = client.user("ana").attribute("custom:old", "x");
        let ana = ana.attribute("custom:level", "7").confirmed().await;
        let tokens = ana.sign_in().await.unwrap();
        let document = json!({"RemoveAttributes": ["old"], "Schema": [
            {"Name": "custom:level", "DeveloperOnlyAttribute": true},
            {"Name": "email", "Required": true}
        ]});
        let mut in_the_way = plan(&pool, &document).await;
        in_the_way.sort();
        let mut expected = [("ana".to_owned(), "lost-values"), (mean.id.clone(), "app-client")];
        expected.sort();
        assert_eq!(in_the_way, expected);
        let input = json!({"UserPoolId": pool.id, "ClientId": mean.id});
        server.call::<op::DeleteUserPoolClient>(input).await.unwrap();
        begin(&pool, &document, &[Allowance::LostValues]).await.unwrap();
        carry_on_to(&pool, Stage::Releasing).await;
        assert_eq!(pool.attribute("ana", "custom:old").await, None);
        assert_eq!(pool.attribute("ana", "custom:level").await, None);
        assert_eq!(pool.attribute("ana", "dev:custom:level").await.as_deref(), Some("7"));
        // A node that has kept nothing of the app client.
        let mine = ana.on(&server.node()).get_user(&tokens.access).await;
        let mine = mine.unwrap().user_attributes;
        let mine: Vec<_> = mine.into_iter().map(|attribute| attribute.name).collect();
        assert_eq!(mine, ["sub", "dev:custom:level", "email"]);
        assert_eq!(carry_on_to(&pool, Stage::Done).await.stage, Stage::Done);
        assert_eq!(pool.attribute("ana", "dev:custom:level").await.as_deref(), Some("7"));
        let add = json!({"UserPoolId": pool.id, "CustomAttributes": [{"Name": "old", "AttributeDataType": "String"}]});
        server.call::<op::AddCustomAttributes>(add).await.unwrap();
        assert_eq!(pool.attribute("ana", "custom:old").await, None);
        let described = json!({"UserPoolId": pool.id, "ClientId": client.id});
        let described = server.call::<op::DescribeUserPoolClient>(described).await.unwrap();
        let names = described.user_pool_client.unwrap().read_attributes.unwrap();
        assert_eq!(names, ["dev:custom:level", "email"]);
        let nameless = client.user("bob").without_address().sign_up().await;
        assert!(refused(nameless).message.contains("The attribute email is required"));
    })
    .await;
}

#[tokio::test]
async fn while_a_change_is_under_way_the_pool_takes_no_other() {
    for_each_database(async |server| {
        let pool = server.pool().await;
        let ana = pool.client().await.user("Ana").confirmed().await;
        let own = case_sensitive(true);
        let first = begin(&pool, &own, &[]).await.unwrap();
        assert_eq!(begin(&pool, &own, &[]).await.unwrap(), first);
        let other = begin(&pool, &json!({"AliasAttributes": ["email"]}), &[]).await;
        assert!(matches!(other, Err(PoolChangeError::UnderWay(_))), "{other:?}");
        let input = json!({"UserPoolId": pool.id});
        let update = server.call::<op::UpdateUserPool>(input.clone()).await;
        assert_eq!(refused(update).code, "ConcurrentModificationException");
        let add = json!({"UserPoolId": pool.id, "CustomAttributes": [{"Name": "new", "AttributeDataType": "String"}]});
        let added = server.call::<op::AddCustomAttributes>(add).await;
        assert_eq!(refused(added).code, "TooManyRequestsException");
        carry_on_to(&pool, Stage::Verifying).await;
        let app = server.app();
        pool_changes::cancel(&app.db, &app.clock, &pool.id).await.unwrap();
        let undone = carry_on_to(&pool, Stage::Undone).await;
        assert_eq!(undone.stage, Stage::Undone);
        ana.named("ana").sign_in_srp().await.unwrap();
        let again = pool_changes::cancel(&app.db, &app.clock, &pool.id).await;
        assert!(matches!(again, Err(PoolChangeError::NotUnderWay)), "{again:?}");
        server.call::<op::UpdateUserPool>(input.clone()).await.unwrap();

        begin(&pool, &own, &[]).await.unwrap();
        carry_on_to(&pool, Stage::Releasing).await;
        let late = pool_changes::cancel(&app.db, &app.clock, &pool.id).await;
        assert!(matches!(late, Err(PoolChangeError::TooLate)), "{late:?}");
        // A pool that is deleted meanwhile takes its change along.
        server.call::<op::DeleteUserPool>(input).await.unwrap();
        assert_eq!(carry_on_some(app, "a node").await.unwrap(), None);
        server.expire().await;
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_changed_is_refused_in_words() {
    let server = TestServer::start().await;
    let pool = server.pool().await;
    for (document, words) in [
        (
            json!({"UsernameConfiguration": {"CaseSensitive": false}}),
            "nothing would change",
        ),
        (
            json!({"AliasAttributes": ["email"], "UsernameAttributes": ["email"]}),
            "not both",
        ),
        (json!({"AliasAttributes": ["nickname"]}), "unknown variant"),
        (json!({"PoolName": "other"}), "unknown field"),
        (json!({"RemoveAttributes": ["email"]}), "cannot be removed"),
        (
            json!({"RemoveAttributes": ["nothing"]}),
            "no attribute «nothing»",
        ),
        (
            json!({"Schema": [{"Name": "sub", "Required": false}]}),
            "«sub» cannot change",
        ),
    ] {
        let error = begin(&pool, &document, &[]).await.unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    let app = server.app();
    let unknown = pool_changes::status(&app.db, "us-east-1_Nowhere").await;
    assert!(matches!(unknown, Err(PoolChangeError::NoSuchPool(_))));
}
