//! Sessions, challenges, codes, counters and the outbox.

use std::time::Duration;

use cognate_crypto::secret::SecretBytes;
use cognate_model::{Timestamp, code::CodePurpose, lockout::Lockout};
use cognate_store::{
    Error, attempts, challenges, codes,
    outbox::{self, NewMessage},
    sessions,
};
use futures_util::future::join_all;

use crate::{
    fixtures::{app_client, code, session, signed_up, user_pool, write},
    place::everywhere,
};

#[test]
fn a_session_is_found_with_its_user_until_it_ends() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let ana = signed_up(&db, &pool, "ana").await;
        let session = session(&ana, &app_client(&pool).id, 50);
        let stored = session.clone();
        write(&db, async move |tx| {
            sessions::insert(tx, &stored, &[7; 32]).await
        })
        .await;
        let mut reader = db.read().await.unwrap();
        assert_eq!(
            sessions::find(&mut reader, &pool, &session.id)
                .await
                .unwrap(),
            Some(session.clone())
        );
        let with_user = sessions::find_with_user(&mut reader, &pool, &session.id)
            .await
            .unwrap();
        assert_eq!(with_user, Some((session.clone(), ana.clone())));
        let with_hash = sessions::find_with_hash(&mut reader, &pool, &session.id)
            .await
            .unwrap();
        assert_eq!(with_hash, Some((session.clone(), vec![7; 32])));
        let for_refresh = sessions::find_for_refresh(&mut reader, &pool, &session.id)
            .await
            .unwrap();
        assert_eq!(
            for_refresh,
            Some((session.clone(), vec![7; 32], ana.clone(), false))
        );
        assert!(
            sessions::find(&mut reader, &user_pool(1).id, &session.id)
                .await
                .unwrap()
                .is_none()
        );
        let (owner, id) = (pool.clone(), session.id.clone());
        let ended = write(&db, async move |tx| {
            Ok((
                sessions::end(tx, &owner, &id).await?,
                sessions::end(tx, &owner, &id).await?,
            ))
        })
        .await;
        assert_eq!(ended, (true, false));
        assert!(
            sessions::find_with_user(&mut reader, &pool, &session.id)
                .await
                .unwrap()
                .is_none()
        );
    });
}

#[test]
fn signing_out_everywhere_ends_all_sessions_of_the_user_and_no_others() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let (ana, bea) = (
            signed_up(&db, &pool, "ana").await,
            signed_up(&db, &pool, "bea").await,
        );
        let client = app_client(&pool).id;
        let of_bea = session(&bea, &client, 50);
        let (stored, owner) = (
            [
                session(&ana, &client, 50),
                session(&ana, &client, 60),
                of_bea.clone(),
            ],
            pool.clone(),
        );
        let ended = write(&db, async move |tx| {
            for session in &stored {
                sessions::insert(tx, session, &[0; 32]).await?;
            }
            sessions::end_all_of_user(tx, &owner, &ana.sub).await
        })
        .await;
        assert_eq!(ended, 2);
        let mut reader = db.read().await.unwrap();
        assert!(
            sessions::find(&mut reader, &pool, &of_bea.id)
                .await
                .unwrap()
                .is_some()
        );
    });
}

#[test]
fn a_change_of_password_ends_the_other_sessions_and_keeps_its_own() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let (ana, bea) = (
            signed_up(&db, &pool, "ana").await,
            signed_up(&db, &pool, "bea").await,
        );
        let client = app_client(&pool).id;
        let (own, of_bea) = (session(&ana, &client, 50), session(&bea, &client, 50));
        let stored = [
            own.clone(),
            session(&ana, &client, 60),
            session(&ana, &client, 60),
            of_bea.clone(),
        ];
        let (owner, stays) = (pool.clone(), own.clone());
        let ended = write(&db, async move |tx| {
            for session in &stored {
                sessions::insert(tx, session, &[0; 32]).await?;
            }
            sessions::end_others_of_user(tx, &owner, &stays.sub, &stays.id).await
        })
        .await;
        assert_eq!(ended, 2);
        let mut reader = db.read().await.unwrap();
        assert!(
            sessions::find(&mut reader, &pool, &own.id)
                .await
                .unwrap()
                .is_some()
        );
        assert!(
            sessions::find(&mut reader, &pool, &of_bea.id)
                .await
                .unwrap()
                .is_some()
        );
    });
}

#[test]
fn of_many_refreshes_with_one_token_one_rotates() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let ana = signed_up(&db, &pool, "ana").await;
        let mut session = session(&ana, &app_client(&pool).id, 50);
        let stored = session.clone();
        write(&db, async move |tx| {
            sessions::insert(tx, &stored, &[0; 32]).await
        })
        .await;
        session.generation = 1;
        let rotated = join_all((1..9).map(|number| {
            let (db, session) = (db.clone(), session.clone());
            async move {
                write(&db, async move |tx| {
                    sessions::rotate(tx, &session, &[number; 32], 0).await
                })
                .await
            }
        }))
        .await;
        assert_eq!(rotated.iter().filter(|won| **won).count(), 1);
        let mut reader = db.read().await.unwrap();
        let (stored, hash) = sessions::find_with_hash(&mut reader, &pool, &session.id)
            .await
            .unwrap()
            .unwrap();
        let winner = rotated.iter().position(|won| *won).unwrap() + 1;
        assert_eq!((stored, usize::from(hash[0])), (session, winner));
    });
}

#[test]
fn a_challenge_is_consumed_once_whoever_asks_and_whenever() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let owner = pool.clone();
        write(&db, async move |tx| {
            challenges::insert(tx, &[5; 32], &owner, b"step", Timestamp(10)).await
        })
        .await;
        let mut reader = db.read().await.unwrap();
        assert_eq!(
            challenges::find(&mut reader, &[5; 32])
                .await
                .unwrap()
                .unwrap()
                .expose(),
            b"step"
        );
        assert!(
            challenges::find(&mut reader, &[6; 32])
                .await
                .unwrap()
                .is_none()
        );
        let answers = join_all((0..10).map(|_| {
            let db = db.clone();
            async move { write(&db, async |tx| challenges::consume(tx, &[5; 32]).await).await }
        }))
        .await;
        let given: Vec<_> = answers.iter().flatten().map(SecretBytes::expose).collect();
        assert_eq!(given, [b"step"]);
        assert!(
            challenges::find(&mut reader, &[5; 32])
                .await
                .unwrap()
                .is_none()
        );
    });
}

#[test]
fn a_new_code_ends_the_old_one_and_its_guesses() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let sub = signed_up(&db, &pool, "ana").await.sub;
        write(&db, async move |tx| {
            let purpose = CodePurpose::ConfirmSignUp;
            assert_eq!(codes::count_attempt(tx, &pool, &sub, purpose).await?, None);
            codes::put(tx, &pool, &sub, purpose, &code(1), Timestamp(10)).await?;
            assert_eq!(
                codes::count_attempt(tx, &pool, &sub, purpose).await?,
                Some(1)
            );
            assert_eq!(
                codes::count_attempt(tx, &pool, &sub, purpose).await?,
                Some(2)
            );
            codes::put(tx, &pool, &sub, purpose, &code(2), Timestamp(20)).await?;
            let (found, attempts, expires_at) =
                codes::find(tx, &pool, &sub, purpose).await?.unwrap();
            assert_eq!(
                (found.hash, attempts, expires_at),
                (vec![2; 32], 0, Timestamp(20))
            );
            // Neither the old code, nor another purpose's, nor another user's.
            assert!(!codes::consume(tx, &pool, &sub, purpose, &[1; 32]).await?);
            assert!(!codes::consume(tx, &pool, &sub, CodePurpose::ResetPassword, &[2; 32]).await?);
            assert!(codes::consume(tx, &pool, &sub, purpose, &[2; 32]).await?);
            assert!(!codes::consume(tx, &pool, &sub, purpose, &[2; 32]).await?);
            assert!(!codes::delete(tx, &pool, &sub, purpose).await?);
            Ok(())
        })
        .await;
    });
}

#[test]
fn concurrent_guesses_are_all_counted_and_one_right_one_consumes() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let sub = signed_up(&db, &pool, "ana").await.sub;
        let (owner, whose) = (pool.clone(), sub.clone());
        let purpose = CodePurpose::ResetPassword;
        write(&db, async move |tx| {
            codes::put(tx, &owner, &whose, purpose, &code(3), Timestamp(10)).await
        })
        .await;
        let consumed = join_all((0..8).map(|_| {
            let (db, pool, sub) = (db.clone(), pool.clone(), sub.clone());
            async move {
                let guess = async move |tx: &mut cognate_store::Tx| {
                    codes::count_attempt(tx, &pool, &sub, purpose).await?;
                    codes::consume(tx, &pool, &sub, purpose, &[3; 32]).await
                };
                // So many at one row may need more than the attempts of one transaction.
                loop {
                    match db.write("guess", guess.clone()).await {
                        Err(Error::Conflict) => {}
                        outcome => break outcome.unwrap(),
                    }
                }
            }
        }))
        .await;
        assert_eq!(consumed.iter().filter(|won| **won).count(), 1);
    });
}

#[test]
fn a_lockout_is_kept_and_cleared() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        write(&db, async move |tx| {
            assert_eq!(
                attempts::find_lockout(tx, &pool, "s").await?,
                Lockout::default()
            );
            let mut lockout = Lockout::default();
            for at in 1..=6 {
                lockout = lockout.after_failure(Timestamp(at));
                attempts::put_lockout(tx, &pool, "s", &lockout, Timestamp(1000)).await?;
            }
            assert_eq!(attempts::find_lockout(tx, &pool, "s").await?, lockout);
            assert_eq!(
                attempts::find_lockout(tx, &pool, "t").await?,
                Lockout::default()
            );
            attempts::clear_lockout(tx, &pool, "s").await?;
            assert_eq!(
                attempts::find_lockout(tx, &pool, "s").await?,
                Lockout::default()
            );
            Ok(())
        })
        .await;
    });
}

#[test]
fn a_window_counts_from_its_first_use_and_a_clock_set_back_does_not_end_it() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        write(&db, async move |tx| {
            let window = Duration::from_millis(100);
            let mut counted = Vec::new();
            for (kind, at) in [
                ("a", 1000),
                ("a", 1099),
                ("b", 1099),
                ("a", 1050),
                ("a", 900),
                ("a", 1100),
                ("a", 1199),
                ("a", 1200),
            ] {
                counted.push(attempts::count(tx, &pool, "s", kind, Timestamp(at), window).await?);
            }
            assert_eq!(counted, [1, 2, 1, 3, 4, 1, 2, 1]);
            Ok(())
        })
        .await;
    });
}

#[test]
fn a_message_is_taken_by_one_at_a_time_and_comes_back_when_its_taker_dies() {
    everywhere(async |place| {
        let db = place.open().await;
        write(&db, async |tx| {
            assert_eq!(outbox::next_due(tx, "mail").await?, None);
            for (id, at) in [("m2", 20), ("m1", 10), ("m3", 30)] {
                let (created_at, next_at) = (Timestamp(at), Timestamp(at));
                let message = NewMessage {
                    id: id.to_owned(),
                    kind: "mail",
                    payload: id.as_bytes(),
                    created_at,
                    next_at,
                };
                outbox::enqueue(tx, &message).await?;
            }
            assert_eq!(outbox::next_due(tx, "mail").await?, Some(Timestamp(10)));
            Ok(())
        })
        .await;
        let take = async |now: i64, until: i64| {
            let taken = write(&db, async move |tx| {
                outbox::take_due(tx, "mail", Timestamp(now), Timestamp(until), 10).await
            })
            .await;
            taken
                .into_iter()
                .map(|m| {
                    (
                        String::from_utf8(m.payload.unwrap().expose().to_vec()).unwrap(),
                        m.attempts,
                    )
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(
            take(25, 100).await,
            [("m1".to_owned(), 1), ("m2".to_owned(), 1)]
        );
        assert_eq!(take(26, 100).await, []);
        write(&db, async |tx| {
            assert!(outbox::done(tx, "m1").await?);
            assert!(!outbox::done(tx, "m1").await?);
            Ok(())
        })
        .await;
        assert_eq!(
            take(100, 200).await,
            [("m2".to_owned(), 2), ("m3".to_owned(), 1)]
        );
        assert!(
            write(&db, async |tx| outbox::retry(tx, "m3", Timestamp(150))
                .await)
            .await
        );
        let mut reader = db.read().await.unwrap();
        assert_eq!(
            outbox::next_due(&mut reader, "mail").await.unwrap(),
            Some(Timestamp(150))
        );
    });
}

#[test]
fn messages_are_taken_counted_and_dropped_by_their_kind() {
    everywhere(async |place| {
        let db = place.open().await;
        write(&db, async |tx| {
            for (id, kind, at) in [("m1", "mail", 10), ("s1", "sms", 5), ("s2", "sms", 20)] {
                let message = NewMessage {
                    id: id.to_owned(),
                    kind,
                    payload: b"",
                    created_at: Timestamp(at),
                    next_at: Timestamp(at),
                };
                outbox::enqueue(tx, &message).await?;
            }
            Ok(())
        })
        .await;
        let taken = write(&db, async |tx| {
            outbox::take_due(tx, "mail", Timestamp(50), Timestamp(100), 10).await
        })
        .await;
        assert_eq!(
            taken.iter().map(|m| m.id.as_str()).collect::<Vec<_>>(),
            ["m1"]
        );
        let mut reader = db.read().await.unwrap();
        for (kind, most, expected) in [
            ("sms", 10, (2, Some(Timestamp(5)))),
            ("sms", 1, (1, Some(Timestamp(5)))),
            ("mail", 10, (1, Some(Timestamp(10)))),
            ("other", 10, (0, None)),
        ] {
            assert_eq!(
                outbox::waiting(&mut reader, kind, most).await.unwrap(),
                expected
            );
        }
        drop(reader);
        let dropped = write(&db, async |tx| {
            outbox::drop_due_since(tx, "sms", Timestamp(10), 10).await
        })
        .await;
        assert_eq!(dropped, 1);
        let mut reader = db.read().await.unwrap();
        assert_eq!(
            outbox::next_due(&mut reader, "sms").await.unwrap(),
            Some(Timestamp(20))
        );
    });
}
