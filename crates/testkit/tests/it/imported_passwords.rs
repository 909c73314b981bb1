//! Users who were imported with a hash of their password.

use cognate_testkit::{
    PASSWORD, TestServer, TestUser, for_each_database, hash_of, minutes, op, refused,
};
use serde_json::json;

use crate::sentences::{LOCKED, WRONG_PASSWORD};

const NEW: &str = "Another-Horse-2";

/// `ana`, whose password is known by its hash only.
async fn imported(server: &TestServer) -> TestUser {
    let ana = server.confirmed_user("ana").await;
    ana.known_by(&hash_of(PASSWORD)).await;
    ana
}

#[tokio::test]
async fn the_first_sign_in_by_password_makes_srp_work_and_a_wrong_one_does_not() {
    for_each_database(async |server| {
        let ana = imported(&server).await;
        assert_eq!(refused(ana.sign_in_srp().await).told(), WRONG_PASSWORD);
        let wrong = ana.with_password("Wrong-Horse-1");
        assert_eq!(refused(wrong.sign_in().await).told(), WRONG_PASSWORD);
        assert_eq!(refused(ana.sign_in_srp().await).told(), WRONG_PASSWORD);
        ana.initiate_by_operator().await.unwrap();
        ana.sign_in_srp().await.unwrap();
        ana.sign_in().await.unwrap();
        assert_eq!(refused(wrong.sign_in().await).told(), WRONG_PASSWORD);
    })
    .await;
}

#[tokio::test]
async fn hashes_of_every_algorithm_sign_in() {
    let server = TestServer::start().await;
    let ana = server.confirmed_user("ana").await;
    let ana = ana.with_password("Right-pass1");
    for hash in [
        "$2b$04$abcdefghijklmnopqrstuupVKIpEAe09wo00BwuMXW.uWF4O32eLG",
        "$scrypt$ln=4,r=8,p=2$c2l4dGVlbiBieXRlcyBvaw$bONd1RZJrw1Jxs5J1e+RGheyzVL4cysatI9J9p0z+8I",
        "$argon2id$v=19$m=64,t=2,p=2$c2l4dGVlbiBieXRlcyBvaw$Dea7HsORsUpyLWTTdfhtbjgCB9Cnnf+9mIUIRf75Wpc",
        "pbkdf2_sha256$2$saltOfDjango$YjuFnTuKkFNkQDyoW+Y+zEk56d9VYjGvCTtN0R1RnCc=",
    ] {
        ana.known_by(hash).await;
        ana.sign_in().await.unwrap();
        ana.sign_in_srp().await.unwrap();
    }
}

#[tokio::test]
async fn failures_lock_a_user_whose_hash_waits_like_any_other() {
    let server = TestServer::start().await;
    let ana = imported(&server).await;
    let wrong = ana.with_password("Wrong-Horse-1");
    for _ in 0..5 {
        assert_eq!(refused(wrong.sign_in().await).told(), WRONG_PASSWORD);
    }
    assert_eq!(refused(ana.sign_in().await).told(), LOCKED);
    assert_eq!(refused(ana.sign_in_srp().await).told(), LOCKED);
    server.advance(minutes(1));
    ana.sign_in().await.unwrap();
    ana.sign_in_srp().await.unwrap();
}

#[tokio::test]
async fn the_hash_is_the_present_password_of_changes_and_of_the_history() {
    for_each_database(async |server| {
        let policy = json!({"MinimumLength": 8, "PasswordHistorySize": 2});
        let client = server.pool().policy(policy).await.client().await;
        let ana = client.user("ana").confirmed().await;
        let tokens = ana.sign_in().await.unwrap();
        let before = ana.with_password("Before-Horse-3");
        ana.known_by(&hash_of("Before-Horse-3")).await;
        // The password that the hash took the place of serves no more.
        assert_eq!(
            refused(ana.change_password(&tokens.access, NEW).await).told(),
            WRONG_PASSWORD
        );
        for _ in 0..2 {
            let again = before.change_password(&tokens.access, "Before-Horse-3");
            let error = refused(again.await);
            assert_eq!(error.told().0, "PasswordHistoryPolicyViolationException");
        }
        before.change_password(&tokens.access, NEW).await.unwrap();
        let ana = ana.with_password(NEW);
        ana.sign_in_srp().await.unwrap();
        // It is remembered as a hash.
        let back = ana.change_password(&tokens.access, "Before-Horse-3");
        let error = refused(back.await);
        assert_eq!(error.told().0, "PasswordHistoryPolicyViolationException");
        assert_eq!(refused(before.sign_in().await).told(), WRONG_PASSWORD);
    })
    .await;
}

#[tokio::test]
async fn a_second_factor_follows_and_the_verifier_is_kept_with_its_challenge() {
    let server = TestServer::start().await;
    let client = server.pool().await.client().await;
    let ana = client.user("ana").confirmed().await;
    let invited = client.invited("bob", PASSWORD).await;
    for user in [&ana, &invited] {
        user.known_by(&hash_of(PASSWORD)).await;
    }
    let session = client.prove_temporary("bob", PASSWORD).await;
    // The exchange of SRP comes to the same challenge now.
    let begun = invited.begin_srp().await.unwrap();
    let answered = begun.answer(PASSWORD).send().await.unwrap();
    assert_eq!(
        answered.challenge_name.map(|name| name.as_str().to_owned()),
        Some("NEW_PASSWORD_REQUIRED".to_owned())
    );
    let answer = client.new_password(&session, "bob", json!({"NEW_PASSWORD": NEW}));
    server
        .call::<op::RespondToAuthChallenge>(answer)
        .await
        .unwrap();
    invited.with_password(NEW).sign_in_srp().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sign_ins_at_one_moment_all_succeed_and_another_password_set_meanwhile_stays() {
    for_each_database(async |server| {
        let ana = imported(&server).await;
        let (beside, other) = (ana.clone(), ana.with_password(NEW));
        server.faults().meanwhile(async move {
            beside.sign_in().await.unwrap();
        });
        ana.sign_in().await.unwrap();
        ana.sign_in_srp().await.unwrap();
        ana.known_by(&hash_of(PASSWORD)).await;
        let pool = ana.client.pool.clone();
        server.faults().meanwhile(async move {
            let input = json!({"UserPoolId": pool.id, "Username": "ana", "Password": NEW, "Permanent": true});
            pool.server
                .call::<op::AdminSetUserPassword>(input)
                .await
                .unwrap();
        });
        assert_eq!(refused(ana.sign_in().await).told(), WRONG_PASSWORD);
        other.sign_in_srp().await.unwrap();
        assert_eq!(refused(ana.sign_in().await).told(), WRONG_PASSWORD);
    })
    .await;
}
