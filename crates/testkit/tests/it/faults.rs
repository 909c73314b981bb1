//! The database fails at each statement and around each COMMIT: an operation is done whole or not
//! at all, and repeating it is safe.

mod trial;

use cognate_store::Fault;
use cognate_testkit::{TestUser, for_each_database, op};
use serde_json::json;

use trial::Trial;

const NEW: &str = "Another-Horse-2";

async fn status(user: &TestUser) -> String {
    let shown = user.client.pool.user(&user.name).await;
    shown.map_or_else(
        |error| error.code,
        |shown| shown.user_status.unwrap().as_str().to_owned(),
    )
}

async fn mails(user: &TestUser) -> String {
    user.client
        .pool
        .server
        .mailbox(&user.address)
        .await
        .len()
        .to_string()
}

async fn signs_in(user: &TestUser, password: &str) -> String {
    user.with_password(password)
        .sign_in()
        .await
        .is_ok()
        .to_string()
}

#[tokio::test]
async fn a_sign_up_is_whole_or_nothing() {
    for_each_database(async |server| {
        let client = &server.pool().await.client().await;
        let trial = Trial {
            server: &server,
            transaction: "sign_up",
            arrange: async |n| format!("user{n}"),
            act: async |name: &String| client.user(name).sign_up().await.map(drop),
            observe: async |name: &String| {
                let shown = client.pool.user(name).await;
                let status = shown.map_or_else(
                    |error| error.code,
                    |shown| shown.user_status.unwrap().as_str().to_owned(),
                );
                vec![
                    status,
                    server
                        .mailbox(&format!("{name}@example.com"))
                        .await
                        .len()
                        .to_string(),
                ]
            },
        };
        trial.run().await;
    })
    .await;
}

#[tokio::test]
async fn a_confirmation_is_whole_or_nothing() {
    for_each_database(async |server| {
        let client = &server.pool().aliases(["email"]).await.client().await;
        let trial = Trial {
            server: &server,
            transaction: "confirm_sign_up",
            arrange: async |n| {
                let user = client.user(&format!("user{n}")).await;
                let code = user.last_code().await;
                (user, code)
            },
            act: async |(user, code): &(TestUser, String)| user.confirm(code).await,
            observe: async |(user, _): &(TestUser, String)| {
                let by_alias = client.pool.user(&user.address).await.is_ok();
                vec![
                    status(user).await,
                    client
                        .pool
                        .attribute(&user.name, "email_verified")
                        .await
                        .unwrap(),
                    by_alias.to_string(),
                ]
            },
        };
        trial.run().await;
    })
    .await;
}

#[tokio::test]
async fn a_sign_in_that_sets_a_new_password_is_whole_or_nothing() {
    for_each_database(async |server| {
        let client = &server.pool().await.client().await;
        let trial = Trial {
            server: &server,
            transaction: "sign_in",
            arrange: async |n| {
                let name = format!("user{n}");
                client.pool.invite(&name, "Temporary-1!", &[]).await;
                let user = TestUser {
                    client: client.clone(), name, password: "Temporary-1!".to_owned(), sub: String::new(), address: String::new(),
                };
                let session = user.initiate_with_password().await.unwrap().session.unwrap();
                (user, session)
            },
            act: async |(user, session): &(TestUser, String)| {
                let responses = json!({"USERNAME": user.name, "NEW_PASSWORD": NEW});
                let input = json!({"ClientId": client.id, "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": session, "ChallengeResponses": responses});
                server.call::<op::RespondToAuthChallenge>(input).await.map(drop)
            },
            observe: async |(user, _): &(TestUser, String)| {
                let status = status(user).await;
                // A sign-in that succeeds uses nothing up that is looked at here.
                let new = if status == "CONFIRMED" { signs_in(user, NEW).await } else { "false".to_owned() };
                vec![status, new]
            },
        };
        trial.run().await;
    })
    .await;
}

#[tokio::test]
async fn an_srp_challenge_is_kept_whole_or_not_at_all() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let ana = client.user("ana").confirmed().await;
        for fault in [Fault::Statement(1), Fault::BeforeCommit(1)] {
            server.faults().arm(Some("keep_sign_in_step"), fault);
            assert_eq!(ana.begin_srp().await.err().unwrap().status, 503);
            assert!(server.faults().disarm());
            ana.sign_in_srp().await.unwrap();
        }
        // The answer fails before its commit: the step is still there, and answers.
        let answer = ana.begin_srp().await.unwrap().answer(&ana.password);
        for fault in [
            Fault::Statement(1),
            Fault::Statement(2),
            Fault::Statement(3),
            Fault::BeforeCommit(1),
        ] {
            server.faults().arm(Some("sign_in"), fault);
            assert_eq!(answer.send().await.err().unwrap().status, 503, "{fault:?}");
            assert!(server.faults().disarm(), "{fault:?}");
        }
        answer.tokens().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_failure_is_counted_or_the_password_was_not_tried() {
    for_each_database(async |server| {
        let client = server.pool().await.client().await;
        let ana = client.user("ana").confirmed().await;
        let wrong = ana.with_password("Wrong-Horse-1");
        for n in 1..=3 {
            server
                .faults()
                .arm(Some("count_sign_in_failure"), Fault::Statement(n));
            let outcome = wrong.sign_in().await.unwrap_err();
            // An attempt whose failure can't be counted is not told whether it was right or wrong.
            assert_eq!(
                outcome.status == 503,
                server.faults().disarm(),
                "{outcome:?}"
            );
        }
        ana.sign_in().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_rotation_is_whole_or_nothing_and_never_ends_an_honest_session() {
    for_each_database(async |server| {
        let ana = server
            .pool()
            .await
            .client()
            .rotation(60)
            .await
            .user("ana")
            .confirmed()
            .await;
        for fault in [
            Fault::Statement(1),
            Fault::BeforeCommit(1),
            Fault::AfterCommit(1),
        ] {
            let first = ana.sign_in().await.unwrap();
            server.faults().arm(Some("rotate_refresh_token"), fault);
            let outcome = ana.rotate(first.refresh()).await;
            assert!(server.faults().disarm());
            let second = match outcome {
                // It looked for what it wrote, and answers after all.
                Ok(second) => second,
                Err(error) => {
                    assert_eq!(error.status, 503);
                    ana.rotate(first.refresh()).await.unwrap()
                }
            };
            let third = ana.rotate(second.refresh()).await.unwrap();
            ana.get_user(&third.access).await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_password_change_is_whole_or_nothing() {
    for_each_database(async |server| {
        let client = &server.pool().await.client().await;
        let trial = Trial {
            server: &server,
            transaction: "change_password",
            arrange: async |n| {
                let user = client.user(&format!("user{n}")).confirmed().await;
                let (mine, other) = (user.sign_in().await.unwrap(), user.sign_in().await.unwrap());
                (user, mine, other)
            },
            act: async |(user, mine, _): &(
                TestUser,
                cognate_testkit::Tokens,
                cognate_testkit::Tokens,
            )| user.change_password(&mine.access, NEW).await,
            observe: async |(user, mine, other): &(
                TestUser,
                cognate_testkit::Tokens,
                cognate_testkit::Tokens,
            )| {
                vec![
                    signs_in(user, NEW).await,
                    signs_in(user, &user.password).await,
                    user.get_user(&mine.access).await.is_ok().to_string(),
                    user.get_user(&other.access).await.is_ok().to_string(),
                ]
            },
        };
        trial.run().await;
    })
    .await;
}

#[tokio::test]
async fn a_password_reset_is_whole_or_nothing() {
    for_each_database(async |server| {
        let client = &server.pool().await.client().await;
        let trial = Trial {
            server: &server,
            transaction: "confirm_forgot_password",
            arrange: async |n| {
                let user = client.user(&format!("user{n}")).confirmed().await;
                let tokens = user.sign_in().await.unwrap();
                user.forgot_password().await.unwrap();
                let code = user.last_code().await;
                (user, tokens, code)
            },
            act: async |(user, _, code): &(TestUser, cognate_testkit::Tokens, String)| {
                user.reset_password(code, NEW).await
            },
            observe: async |(user, tokens, _): &(TestUser, cognate_testkit::Tokens, String)| {
                let session = user.get_user(&tokens.access).await.is_ok().to_string();
                vec![
                    signs_in(user, NEW).await,
                    signs_in(user, &user.password).await,
                    session,
                ]
            },
        };
        trial.run().await;
    })
    .await;
}

#[tokio::test]
async fn a_request_for_a_reset_sends_its_code_or_is_not_acknowledged() {
    for_each_database(async |server| {
        let client = &server.pool().await.client().await;
        let trial = Trial {
            server: &server,
            transaction: "forgot_password",
            arrange: async |n| client.user(&format!("user{n}")).confirmed().await,
            act: async |user: &TestUser| {
                // One mail is what a request sends; a repetition sends another.
                if server.mailbox(&user.address).await.len() > 1 {
                    Ok(())
                } else {
                    user.forgot_password().await
                }
            },
            observe: async |user: &TestUser| vec![mails(user).await],
        };
        trial.run().await;
    })
    .await;
}

#[tokio::test]
async fn a_deletion_is_whole_or_nothing() {
    for_each_database(async |server| {
        let client = &server.pool().aliases(["email"]).await.client().await;
        let trial = Trial {
            server: &server,
            transaction: "delete_user",
            arrange: async |n| {
                let user = client.user(&format!("user{n}")).confirmed().await;
                let tokens = user.sign_in().await.unwrap();
                (user, tokens)
            },
            act: async |(_, tokens): &(TestUser, cognate_testkit::Tokens)| {
                server
                    .call::<op::DeleteUser>(json!({"AccessToken": tokens.access}))
                    .await
            },
            observe: async |(user, tokens): &(TestUser, cognate_testkit::Tokens)| {
                vec![
                    status(user).await,
                    client.pool.user(&user.address).await.is_ok().to_string(),
                    user.get_user(&tokens.access).await.is_ok().to_string(),
                    user.refresh(tokens.refresh()).await.is_ok().to_string(),
                ]
            },
        };
        trial.run().await;
    })
    .await;
}

#[tokio::test]
async fn an_invitation_is_whole_or_nothing() {
    for_each_database(async |server| {
        let pool = &server.pool().await;
        let trial = Trial {
            server: &server,
            transaction: "admin_create_user",
            arrange: async |n| format!("user{n}"),
            act: async |name: &String| {
                let attributes = cognate_testkit::attribute_list(&[("email", &format!("{name}@example.com"))]);
                let input = json!({"UserPoolId": pool.id, "Username": name, "UserAttributes": attributes, "DesiredDeliveryMediums": ["EMAIL"]});
                server.call::<op::AdminCreateUser>(input).await.map(drop)
            },
            observe: async |name: &String| {
                let known = pool.user(name).await.is_ok();
                vec![known.to_string(), server.mailbox(&format!("{name}@example.com")).await.len().to_string()]
            },
        };
        trial.run().await;
    })
    .await;
}

#[tokio::test]
async fn a_user_pool_is_made_with_its_keys_or_not_at_all() {
    for_each_database(async |server| {
        let pools = async || {
            let listed = server
                .call::<op::ListUserPools>(json!({"MaxResults": 60}))
                .await
                .ok()
                .unwrap();
            listed.user_pools.unwrap().len()
        };
        for fault in [
            Fault::Statement(1),
            Fault::Statement(2),
            Fault::Statement(3),
            Fault::BeforeCommit(1),
        ] {
            server.faults().arm(Some("create_user_pool"), fault);
            assert_eq!(server.pool().create().await.err().unwrap().status, 503);
            assert!(server.faults().disarm(), "{fault:?}");
            assert_eq!(pools().await, 0);
        }
        let ana = server
            .pool()
            .await
            .client()
            .await
            .user("ana")
            .confirmed()
            .await;
        ana.sign_in().await.unwrap();
        for fault in [
            Fault::Statement(1),
            Fault::Statement(2),
            Fault::BeforeCommit(1),
        ] {
            server.faults().arm(Some("delete_user_pool"), fault);
            let input = json!({"UserPoolId": ana.client.pool.id});
            assert_eq!(
                server
                    .call::<op::DeleteUserPool>(input)
                    .await
                    .unwrap_err()
                    .status,
                503
            );
            assert!(server.faults().disarm(), "{fault:?}");
            ana.sign_in().await.unwrap();
        }
    })
    .await;
}
