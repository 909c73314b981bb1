//! Password history: a new password is none of the user's last ones.

use cognate_store::Fault;
use cognate_testkit::{
    ApiError, PASSWORD, TestServer, TestUser, for_each_database, hours, op, refused,
};
use serde_json::{Value, json};

use crate::sentences::{LOCKED, WRONG_CODE, WRONG_PASSWORD, other_than};

const USED: (&str, &str) = (
    "PasswordHistoryPolicyViolationException",
    "Password has previously been used",
);
const SECOND: &str = "Second-Horse-2";
const THIRD: &str = "Third-Horse-3";
const FOURTH: &str = "Fourth-Horse-4";

fn policy(size: u32) -> Value {
    json!({"MinimumLength": 8, "PasswordHistorySize": size})
}

async fn ana_in_a_pool_with(server: &TestServer, size: u32) -> TestUser {
    let client = server.pool().policy(policy(size)).await.client().await;
    client.user("ana").confirmed().await
}

async fn set_size(user: &TestUser, size: u32) {
    let pool = &user.client.pool;
    let input = json!({"UserPoolId": pool.id, "Policies": {"PasswordPolicy": policy(size)}});
    pool.server.call::<op::UpdateUserPool>(input).await.unwrap();
}

/// Changes the password, signed in with the one before.
async fn change(user: &mut TestUser, to: &str) -> Result<(), ApiError> {
    let tokens = user.sign_in().await.unwrap();
    user.change_password(&tokens.access, to).await?;
    *user = user.with_password(to);
    Ok(())
}

async fn set(user: &TestUser, password: &str, permanent: bool) -> Result<(), ApiError> {
    let pool = &user.client.pool;
    let input = json!({"UserPoolId": pool.id, "Username": user.name, "Password": password, "Permanent": permanent});
    pool.server
        .call::<op::AdminSetUserPassword>(input)
        .await
        .map(drop)
}

#[tokio::test]
async fn a_changed_password_is_none_of_the_last_ones() {
    for_each_database(async |server| {
        let mut ana = ana_in_a_pool_with(&server, 3).await;
        assert_eq!(refused(change(&mut ana, PASSWORD).await).told(), USED);
        change(&mut ana, SECOND).await.unwrap();
        change(&mut ana, THIRD).await.unwrap();
        for used in [PASSWORD, SECOND, THIRD] {
            assert_eq!(refused(change(&mut ana, used).await).told(), USED);
        }
        change(&mut ana, FOURTH).await.unwrap();
        // The first is the fourth last by now.
        change(&mut ana, PASSWORD).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn who_does_not_know_the_password_learns_of_no_earlier_one() {
    let server = TestServer::start().await;
    let mut ana = ana_in_a_pool_with(&server, 5).await;
    change(&mut ana, SECOND).await.unwrap();
    let tokens = ana.sign_in().await.unwrap();
    let thief = ana.with_password("Wrong-Horse-9");
    let outcome = thief.change_password(&tokens.access, PASSWORD).await;
    assert_eq!(refused(outcome).told(), WRONG_PASSWORD);
}

#[tokio::test]
async fn a_reset_refuses_an_earlier_password_and_its_code_serves_for_another() {
    for_each_database(async |server| {
        let mut ana = ana_in_a_pool_with(&server, 5).await;
        change(&mut ana, SECOND).await.unwrap();
        ana.forgot_password().await.unwrap();
        let code = ana.last_code().await;
        // Who has not the code is told of the code, be the password an earlier one or not.
        for password in [SECOND, THIRD] {
            let outcome = ana.reset_password(&other_than(&code), password).await;
            assert_eq!(refused(outcome).told(), WRONG_CODE);
        }
        for used in [PASSWORD, SECOND] {
            assert_eq!(refused(ana.reset_password(&code, used).await).told(), USED);
        }
        ana.with_password(SECOND).sign_in().await.unwrap();
        ana.reset_password(&code, THIRD).await.unwrap();
        ana.with_password(THIRD).sign_in().await.unwrap();
        let outcome = ana.reset_password(&code, FOURTH).await;
        assert_eq!(refused(outcome).told(), WRONG_CODE, "used once");
    })
    .await;
}

#[tokio::test]
async fn guesses_at_a_reset_code_are_limited_with_a_history_as_without() {
    let server = TestServer::start().await;
    let ana = ana_in_a_pool_with(&server, 5).await;
    ana.forgot_password().await.unwrap();
    let code = ana.last_code().await;
    for _ in 0..5 {
        let outcome = ana.reset_password(&other_than(&code), SECOND).await;
        assert_eq!(refused(outcome).told(), WRONG_CODE);
    }
    // Not even the right one is told from a wrong one now.
    for password in [PASSWORD, SECOND] {
        let error = refused(ana.reset_password(&code, password).await);
        assert_eq!(error.code, "LimitExceededException");
    }
    ana.sign_in().await.unwrap();
    // A name that nobody has is answered as a user is.
    let nobody = ana.named("nobody");
    let outcome = nobody.reset_password("123456", SECOND).await;
    assert_eq!(refused(outcome).told(), WRONG_CODE);
}

#[tokio::test]
async fn a_reset_that_fails_half_way_leaves_code_and_password_and_one_that_was_done_is_told() {
    for_each_database(async |server| {
        let ana = ana_in_a_pool_with(&server, 5).await;
        ana.forgot_password().await.unwrap();
        let code = ana.last_code().await;
        for transaction in ["guess_reset_code", "confirm_forgot_password"] {
            let fault = Fault::BeforeCommit(1);
            server.faults().arm(Some(transaction), fault);
            let error = refused(ana.reset_password(&code, SECOND).await);
            assert_eq!(error.status, 503);
            assert!(server.faults().disarm());
            ana.sign_in().await.unwrap();
        }
        let fault = Fault::AfterCommit(1);
        server.faults().arm(Some("confirm_forgot_password"), fault);
        ana.reset_password(&code, SECOND).await.unwrap();
        assert!(server.faults().disarm());
        ana.with_password(SECOND).sign_in().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn operators_too_set_no_earlier_password() {
    let server = TestServer::start().await;
    let ana = ana_in_a_pool_with(&server, 3).await;
    for permanent in [true, false] {
        let outcome = set(&ana, PASSWORD, permanent).await;
        assert_eq!(refused(outcome).told(), USED);
    }
    set(&ana, SECOND, false).await.unwrap();
    // What is temporary counts as what is not, and the user may not keep it.
    let session = ana.client.prove_temporary("ana", SECOND).await;
    let answer = async |password: &str| {
        let own = json!({"NEW_PASSWORD": password});
        let input = ana.client.new_password(&session, "ana", own);
        server.call::<op::RespondToAuthChallenge>(input).await
    };
    for used in [PASSWORD, SECOND] {
        assert_eq!(refused(answer(used).await).told(), USED);
    }
    let signed_in = answer(THIRD).await.unwrap();
    assert!(signed_in.authentication_result.is_some());
    assert_eq!(refused(set(&ana, PASSWORD, true).await).told(), USED);
    set(&ana, FOURTH, true).await.unwrap();
    set(&ana, PASSWORD, true).await.unwrap();
}

#[tokio::test]
async fn of_two_resets_to_one_password_at_once_the_second_finds_it_used() {
    let server = TestServer::start().await;
    let ana = ana_in_a_pool_with(&server, 5).await;
    let (one, two) = tokio::join!(set(&ana, SECOND, true), set(&ana, SECOND, true));
    let refusals: Vec<ApiError> = [one, two].into_iter().filter_map(Result::err).collect();
    let [refusal] = refusals.as_slice() else {
        panic!("{refusals:?}");
    };
    let codes = [USED.0, "TooManyRequestsException"];
    assert!(codes.contains(&refusal.code.as_str()), "{refusal:?}");
}

#[tokio::test]
async fn a_history_that_is_switched_off_forgets_and_one_that_is_switched_on_begins_with_the_present()
 {
    let server = TestServer::start().await;
    let mut ana = ana_in_a_pool_with(&server, 0).await;
    change(&mut ana, SECOND).await.unwrap();
    set_size(&ana, 24).await;
    assert_eq!(refused(change(&mut ana, SECOND).await).told(), USED);
    // Nothing was kept of what came before.
    change(&mut ana, PASSWORD).await.unwrap();
    assert_eq!(refused(change(&mut ana, SECOND).await).told(), USED);
    set_size(&ana, 0).await;
    change(&mut ana, PASSWORD).await.unwrap();
    let mut reader = server.app().db.read().await.unwrap();
    let sql = "SELECT sub FROM password_history";
    assert!(reader.query(sql, &[]).await.unwrap().is_empty());
    set_size(&ana, 24).await;
    change(&mut ana, SECOND).await.unwrap();
}

#[tokio::test]
async fn a_shorter_history_reaches_less_far_at_once() {
    let server = TestServer::start().await;
    let mut ana = ana_in_a_pool_with(&server, 24).await;
    change(&mut ana, SECOND).await.unwrap();
    change(&mut ana, THIRD).await.unwrap();
    set_size(&ana, 2).await;
    assert_eq!(refused(change(&mut ana, SECOND).await).told(), USED);
    change(&mut ana, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn the_size_is_shown_unless_it_is_zero_and_takes_a_tier_above_the_least() {
    let server = TestServer::start().await;
    let ana = ana_in_a_pool_with(&server, 24).await;
    let pool = &ana.client.pool;
    let shown = async || {
        let input = json!({"UserPoolId": pool.id});
        let answer = server.call::<op::DescribeUserPool>(input).await.unwrap();
        let policies = answer.user_pool.unwrap().policies.unwrap();
        policies.password_policy.unwrap().password_history_size
    };
    let update = async |members: Value| {
        let mut input = json!({"UserPoolId": pool.id});
        let members = members.as_object().unwrap().clone();
        input.as_object_mut().unwrap().extend(members);
        server.call::<op::UpdateUserPool>(input).await
    };
    assert_eq!(shown().await, Some(24));
    // Left out with the whole policy, it stays; in a policy that is given it is none.
    update(json!({})).await.unwrap();
    assert_eq!(shown().await, Some(24));
    let lite = json!({"UserPoolTier": "LITE"});
    let error = refused(update(lite.clone()).await);
    assert_eq!(error.code, "TierChangeNotAllowedException");
    update(json!({"Policies": {"PasswordPolicy": {"MinimumLength": 8}}}))
        .await
        .unwrap();
    assert_eq!(shown().await, None);
    update(lite).await.unwrap();
    let more = json!({"Policies": {"PasswordPolicy": policy(1)}});
    let error = refused(update(more).await);
    assert_eq!(error.code, "FeatureUnavailableInTierException");
    let new = server.pool().policy(policy(1));
    let error = refused(new.with("UserPoolTier", "LITE").create().await.map(drop));
    assert_eq!(error.code, "FeatureUnavailableInTierException");
    let error = refused(server.pool().policy(policy(25)).create().await.map(drop));
    assert_eq!(error.code, "InvalidParameterException");
}

#[tokio::test]
async fn guesses_at_earlier_passwords_are_counted() {
    for_each_database(async |server| {
        // Of who knows the present password.
        let mut ana = ana_in_a_pool_with(&server, 5).await;
        change(&mut ana, SECOND).await.unwrap();
        let tokens = ana.sign_in().await.unwrap();
        for _ in 0..5 {
            let used = ana.change_password(&tokens.access, PASSWORD).await;
            assert_eq!(refused(used).told(), USED);
        }
        let limit = ana.change_password(&tokens.access, PASSWORD).await;
        assert_eq!(refused(limit).code, "LimitExceededException");
        // The lock stands before the password is looked at, so that it tells nothing.
        let other = ana.change_password(&tokens.access, FOURTH).await;
        assert_eq!(refused(other).code, "LimitExceededException");
        server.advance(hours(1));
        // And of who has a temporary one.
        set(&ana, THIRD, false).await.unwrap();
        let ana = ana.with_password(THIRD);
        let begun = ana.initiate_with_password().await.unwrap();
        let session = begun.session.unwrap();
        let own = json!({"NEW_PASSWORD": PASSWORD});
        for _ in 0..5 {
            let used = ana.respond("NEW_PASSWORD_REQUIRED", &session, own.clone());
            assert_eq!(refused(used.await).told(), USED);
        }
        let ended = ana.respond("NEW_PASSWORD_REQUIRED", &session, own).await;
        assert_eq!(refused(ended).status, 400);
        let locked = refused(ana.initiate_with_password().await);
        assert_eq!(locked.told(), LOCKED);
    })
    .await;
}
