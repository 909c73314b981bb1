//! User pools, their keys, their clients, and the operators' access keys.

use std::time::Duration;

use cognate_crypto::secret::{SecretBytes, SecretString};
use cognate_model::{
    AppClient, Timestamp, UserPool, UserPoolId,
    access_key::{self, AccessKey},
    claims::TokenUse,
    policy::Policy,
};
use cognate_store::{
    Error, access_keys, app_clients, expiry, sessions,
    signing_keys::{self, NewSigningKey},
    user_pools, users,
};

use crate::{
    fixtures::{app_client, random, session, signed_up, user_pool, write},
    place::everywhere,
};

#[test]
fn a_pool_is_updated_only_by_who_has_read_its_newest_revision() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1);
        let mut renamed = pool.clone();
        renamed.settings.name = "renamed".to_owned();
        let (first, second) = (pool.clone(), renamed.clone());
        write(&db, async move |tx| {
            user_pools::insert(tx, &first).await?;
            assert_eq!(user_pools::find(tx, &first.id).await?, Some(first.clone()));
            assert!(user_pools::update(tx, &second).await?);
            assert!(!user_pools::update(tx, &second).await?);
            Ok(())
        })
        .await;
        let mut reader = db.read().await.unwrap();
        let stored = user_pools::find(&mut reader, &pool.id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            stored,
            UserPool {
                revision: 2,
                ..renamed
            }
        );
        assert_eq!(
            user_pools::find(&mut reader, &user_pool(1).id)
                .await
                .unwrap(),
            None
        );
    });
}

#[test]
fn pages_of_pools_hold_each_pool_once_in_the_order_of_their_making() {
    everywhere(async |place| {
        let db = place.open().await;
        let pools: Vec<UserPool> = [3, 1, 2, 2, 2, 4].into_iter().map(user_pool).collect();
        let stored = pools.clone();
        write(&db, async move |tx| {
            for pool in &stored {
                user_pools::insert(tx, pool).await?;
            }
            Ok(())
        })
        .await;
        let mut reader = db.read().await.unwrap();
        let (mut seen, mut after): (Vec<UserPool>, Option<(i64, String)>) = (Vec::new(), None);
        loop {
            let start = after.as_ref().map(|(at, id)| (*at, id.as_str()));
            let page = user_pools::page(&mut reader, start, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some((last.created_at.0, last.id.as_str().to_owned()));
            seen.extend(page);
        }
        let mut wanted = pools;
        wanted.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        assert_eq!(seen, wanted);
    });
}

#[test]
fn deleting_a_pool_takes_all_that_belongs_to_it_and_nothing_of_another() {
    everywhere(async |place| {
        let db = place.open().await;
        let mut kept = Vec::new();
        for doomed in [true, false] {
            let pool = user_pool(1);
            let client = app_client(&pool.id);
            let (stored, stored_client) = (pool.clone(), client.clone());
            write(&db, async move |tx| {
                user_pools::insert(tx, &stored).await?;
                app_clients::insert(tx, &stored_client, None).await
            })
            .await;
            let user = signed_up(&db, &pool.id, "ana").await;
            let session = session(&user, &client.id, 100);
            let (id, stored_session) = (pool.id.clone(), session.clone());
            write(&db, async move |tx| {
                sessions::insert(tx, &stored_session, &[0; 32]).await?;
                if doomed {
                    assert!(user_pools::delete(tx, &id, Timestamp(1)).await?);
                    assert!(!user_pools::delete(tx, &id, Timestamp(1)).await?);
                    while user_pools::delete_leftovers(tx, Timestamp(1), 1).await? {}
                }
                Ok(())
            })
            .await;
            kept.push((doomed, pool, client, user, session));
        }
        let mut reader = db.read().await.unwrap();
        for (doomed, pool, client, user, session) in kept {
            assert_eq!(
                user_pools::find(&mut reader, &pool.id)
                    .await
                    .unwrap()
                    .is_none(),
                doomed
            );
            assert_eq!(
                app_clients::find(&mut reader, &client.id)
                    .await
                    .unwrap()
                    .is_none(),
                doomed
            );
            assert_eq!(
                users::find(&mut reader, &pool.id, &user.sub)
                    .await
                    .unwrap()
                    .is_none(),
                doomed
            );
            let holder = users::holder_of(&mut reader, &pool.id, &crate::fixtures::name("ana"))
                .await
                .unwrap();
            assert_eq!(holder.is_none(), doomed);
            assert_eq!(
                sessions::find(&mut reader, &pool.id, &session.id)
                    .await
                    .unwrap()
                    .is_none(),
                doomed
            );
        }
    });
}

#[test]
fn signing_keys_come_back_as_they_went_in_and_lie_sealed() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let owner = pool.clone();
        write(&db, async move |tx| {
            for (kid, token_use, at) in [("k2", TokenUse::Access, 2), ("k1", TokenUse::Id, 1)] {
                let key = NewSigningKey {
                    pool: owner.clone(),
                    kid: kid.to_owned(),
                    token_use,
                    private: SecretBytes::new(format!("private of {kid}").into_bytes()),
                    public: format!("{{\"kid\":\"{kid}\"}}"),
                    created_at: Timestamp(at),
                };
                signing_keys::insert(tx, &key).await?;
            }
            Ok(())
        })
        .await;
        let mut reader = db.read().await.unwrap();
        let keys = signing_keys::all(&mut reader, &pool).await.unwrap();
        let seen: Vec<_> = keys
            .iter()
            .map(|key| {
                (
                    key.kid.as_str(),
                    key.token_use,
                    key.created_at.0,
                    key.retires_at,
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                ("k1", TokenUse::Id, 1, None),
                ("k2", TokenUse::Access, 2, None)
            ]
        );
        let found = signing_keys::find(&mut reader, &pool, "k2")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (found.private.expose(), found.public.as_str()),
            (&b"private of k2"[..], "{\"kid\":\"k2\"}")
        );
        assert!(
            signing_keys::find(&mut reader, &user_pool(1).id, "k2")
                .await
                .unwrap()
                .is_none()
        );
        let row = reader
            .query_one("SELECT private FROM signing_keys WHERE kid = 'k2'", &[])
            .await
            .unwrap();
        assert!(
            !row.bytes(0)
                .unwrap()
                .windows(7)
                .any(|window| window == b"private")
        );
    });
}

#[test]
fn what_a_node_still_writes_into_a_deleted_pool_is_deleted_too() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1);
        let (stored, deleted_at) = (pool.clone(), Timestamp(1_000_000));
        write(&db, async move |tx| {
            user_pools::insert(tx, &stored).await?;
            user_pools::delete(tx, &stored.id, deleted_at).await?;
            assert!(!user_pools::delete_leftovers(tx, deleted_at, 10).await?);
            Ok(())
        })
        .await;
        let late = signed_up(&db, &pool.id, "late").await;
        let id = pool.id.clone();
        write(&db, async move |tx| {
            let an_hour_later = Timestamp(deleted_at.0 + 3_600_000);
            let before = Timestamp(an_hour_later.0 - 1);
            assert!(!user_pools::delete_leftovers(tx, before, 10).await?);
            assert!(users::find(tx, &id, &late.sub).await?.is_some());
            assert!(user_pools::delete_leftovers(tx, an_hour_later, 10).await?);
            assert!(users::find(tx, &id, &late.sub).await?.is_none());
            // Then it is forgotten, and nothing is looked for any more.
            assert!(!user_pools::delete_leftovers(tx, an_hour_later, 10).await?);
            Ok(())
        })
        .await;
        let too_late = signed_up(&db, &pool.id, "too late").await;
        write(&db, async move |tx| {
            assert!(!user_pools::delete_leftovers(tx, Timestamp(i64::MAX), 10).await?);
            assert!(users::find(tx, &pool.id, &too_late.sub).await?.is_some());
            Ok(())
        })
        .await;
    });
}

#[test]
fn replaced_signing_keys_keep_their_first_end_and_are_deleted_after_it() {
    everywhere(async |place| {
        let db = place.open().await;
        let (pool, other) = (user_pool(1).id, user_pool(2).id);
        write(&db, async move |tx| {
            for (kid, end) in [("k1", Some(10)), ("k2", Some(20)), ("k3", None)] {
                for owner in [&pool, &other] {
                    signing_keys::insert(tx, &signing_key(owner, kid)).await?;
                }
                if let Some(end) = end {
                    signing_keys::retire(tx, &pool, Timestamp(end)).await?;
                }
            }
            for (now, deleted, left) in [
                (9, 0, vec![("k1", Some(10)), ("k2", Some(20)), ("k3", None)]),
                (10, 1, vec![("k2", Some(20)), ("k3", None)]),
                (i64::MAX, 1, vec![("k3", None)]),
                (i64::MAX, 0, vec![("k3", None)]),
            ] {
                assert_eq!(
                    expiry::delete_expired(tx, Timestamp(now), 10).await?,
                    deleted
                );
                let keys = signing_keys::all(tx, &pool).await?;
                let seen: Vec<_> = keys
                    .iter()
                    .map(|key| (key.kid.as_str(), key.retires_at.map(|at| at.0)))
                    .collect();
                assert_eq!(seen, left, "at {now}");
            }
            let untouched = signing_keys::all(tx, &other).await?;
            assert!(untouched.len() == 3 && untouched.iter().all(|key| key.retires_at.is_none()));
            Ok(())
        })
        .await;
    });
}

fn signing_key(pool: &UserPoolId, kid: &str) -> NewSigningKey {
    NewSigningKey {
        pool: pool.clone(),
        kid: kid.to_owned(),
        token_use: TokenUse::Id,
        private: SecretBytes::new(Vec::new()),
        public: String::new(),
        created_at: Timestamp(1),
    }
}

#[test]
fn a_client_is_found_by_its_id_alone_with_its_secret() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let (with, without) = (app_client(&pool), app_client(&pool));
        let (first, second) = (with.clone(), without.clone());
        write(&db, async move |tx| {
            app_clients::insert(tx, &first, Some(&SecretString::new("s3cret".to_owned()))).await?;
            app_clients::insert(tx, &second, None).await?;
            // An update leaves the secret alone, and needs the newest revision.
            assert!(app_clients::update(tx, &first).await?);
            assert!(!app_clients::update(tx, &first).await?);
            Ok(())
        })
        .await;
        let mut reader = db.read().await.unwrap();
        let (client, secrets) = app_clients::find(&mut reader, &with.id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (client, secrets.shown_with(&with).unwrap().expose()),
            (
                AppClient {
                    revision: 2,
                    ..with.clone()
                },
                "s3cret"
            )
        );
        assert!(
            app_clients::find(&mut reader, &without.id)
                .await
                .unwrap()
                .unwrap()
                .1
                .is_empty()
        );
        let ids: Vec<_> = app_clients::page(&mut reader, &pool, None, 10)
            .await
            .unwrap()
            .into_iter()
            .map(|c| c.id)
            .collect();
        let mut wanted = vec![with.id, without.id];
        wanted.sort();
        assert_eq!(ids, wanted);
        let rest = app_clients::page(&mut reader, &pool, Some(wanted[0].as_str()), 10)
            .await
            .unwrap();
        assert_eq!(
            rest.into_iter().map(|c| c.id).collect::<Vec<_>>(),
            wanted[1..]
        );
    });
}

/// Nodes that know no second secret read that column alone.
#[test]
fn the_older_secret_lies_where_every_version_reads_it() {
    everywhere(async |place| {
        let db = place.open().await;
        let client = app_client(&user_pool(1).id);
        let stored = client.clone();
        write(&db, async move |tx| {
            app_clients::insert(tx, &stored, Some(&SecretString::from("old"))).await
        })
        .await;
        for (first, second) in [("old", Some("new")), ("new", None)] {
            let (stored, id) = (client.clone(), client.id.clone());
            write(&db, async move |tx| {
                let (_, mut secrets) = app_clients::find(tx, &id).await?.unwrap();
                match second {
                    Some(new) => drop(secrets.add(new.into(), Timestamp(7)).unwrap()),
                    None => secrets.remove(&id, &format!("{id}--5")).unwrap(),
                }
                assert!(app_clients::put_secrets(tx, &stored, &secrets).await?);
                Ok(())
            })
            .await;
            let mut reader = db.read().await.unwrap();
            let (_, secrets) = app_clients::find(&mut reader, &client.id)
                .await
                .unwrap()
                .unwrap();
            let active: Vec<_> = secrets.iter().map(|secret| secret.value.expose()).collect();
            assert_eq!(
                active,
                std::iter::once(first).chain(second).collect::<Vec<_>>()
            );
            let sql = "SELECT secret FROM app_clients WHERE id = $1";
            let row = reader
                .query_one(sql, &[client.id.as_str().into()])
                .await
                .unwrap();
            let place = [
                b"app_clients".as_slice(),
                client.pool.as_str().as_bytes(),
                client.id.as_str().as_bytes(),
                b"secret",
            ];
            let opened = reader.open_sealed(&place, row.bytes(0).unwrap()).unwrap();
            assert_eq!(opened.expose(), first.as_bytes());
        }
    });
}

#[test]
fn the_sessions_of_a_deleted_client_end_afterwards_and_only_they() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let user = signed_up(&db, &pool, "ana").await;
        let (doomed, other) = (app_client(&pool), app_client(&pool));
        let of_doomed = session(&user, &doomed.id, 9);
        let of_other = session(&user, &other.id, 9);
        let late = session(&user, &doomed.id, 9);
        let (one, two, id) = (of_doomed.clone(), of_other.clone(), pool.clone());
        write(&db, async move |tx| {
            app_clients::insert(tx, &doomed, None).await?;
            sessions::insert(tx, &one, &[1; 32]).await?;
            sessions::insert(tx, &two, &[2; 32]).await?;
            let (now, elsewhere) = (Timestamp(1_000_000), user_pool(1).id);
            assert!(!app_clients::delete(tx, &elsewhere, &doomed.id, now).await?);
            assert!(app_clients::delete(tx, &id, &doomed.id, now).await?);
            assert!(sessions::find(tx, &id, &one.id).await?.is_some());
            assert!(app_clients::delete_leftovers(tx, now, 1).await?);
            assert!(!app_clients::delete_leftovers(tx, now, 1).await?);
            // What a node that did not know yet has begun since.
            sessions::insert(tx, &late, &[3; 32]).await?;
            let an_hour_later = now.plus(Duration::from_secs(3600));
            assert!(!app_clients::delete_leftovers(tx, now, 1).await?);
            assert!(app_clients::delete_leftovers(tx, an_hour_later, 1).await?);
            assert!(!app_clients::delete_leftovers(tx, an_hour_later, 1).await?);
            assert!(sessions::find(tx, &id, &late.id).await?.is_none());
            let sql = "SELECT COUNT(*) FROM deleted_app_clients";
            assert_eq!(tx.query_one(sql, &[]).await?.int(0)?, 0);
            Ok(())
        })
        .await;
        let mut reader = db.read().await.unwrap();
        assert!(
            sessions::find(&mut reader, &pool, &of_doomed.id)
                .await
                .unwrap()
                .is_none()
        );
        assert!(
            sessions::find(&mut reader, &pool, &of_other.id)
                .await
                .unwrap()
                .is_some()
        );
    });
}

#[test]
fn access_keys_have_unique_names_and_sealed_secrets() {
    everywhere(async |place| {
        let db = place.open().await;
        let key = |name: &str| AccessKey {
            id: access_key::random_id(&mut random()),
            name: name.to_owned(),
            policy: Policy::allow_all(),
            created_at: Timestamp(1),
        };
        let (ci, again, ops) = (key("ci"), key("ci"), key("ops"));
        let (first, second, third) = (ci.clone(), again.clone(), ops.clone());
        write(&db, async move |tx| {
            let secret = SecretString::new("wJalr".to_owned());
            assert!(access_keys::insert(tx, &third, &secret).await?);
            assert!(access_keys::insert(tx, &first, &secret).await?);
            assert!(!access_keys::insert(tx, &second, &secret).await?);
            Ok(())
        })
        .await;
        let mut reader = db.read().await.unwrap();
        let (found, secret) = access_keys::find(&mut reader, &ci.id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!((&found, secret.expose()), (&ci, "wJalr"));
        assert!(
            access_keys::find(&mut reader, &again.id)
                .await
                .unwrap()
                .is_none()
        );
        assert_eq!(
            access_keys::list(&mut reader).await.unwrap(),
            [ci.clone(), ops.clone()]
        );
        write(&db, async move |tx| {
            assert!(access_keys::delete_by_name_or_id(tx, "ops").await?);
            assert!(access_keys::delete_by_name_or_id(tx, &ci.id).await?);
            assert!(!access_keys::delete_by_name_or_id(tx, "ops").await?);
            Ok(())
        })
        .await;
        assert_eq!(access_keys::list(&mut reader).await.unwrap(), []);
    });
}

#[test]
fn a_secret_moved_to_another_row_does_not_open() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let (mine, theirs) = (app_client(&pool), app_client(&pool));
        let (first, second) = (mine.clone(), theirs.clone());
        write(&db, async move |tx| {
            app_clients::insert(tx, &first, Some(&SecretString::new("known".to_owned()))).await?;
            app_clients::insert(tx, &second, Some(&SecretString::new("unknown".to_owned())))
                .await?;
            let stolen = tx
                .query_one(
                    "SELECT secret FROM app_clients WHERE id = $1",
                    &[first.id.as_str().into()],
                )
                .await?;
            let sql = "UPDATE app_clients SET secret = $2 WHERE id = $1";
            tx.execute(sql, &[second.id.as_str().into(), stolen.bytes(0)?.into()])
                .await
        })
        .await;
        let mut reader = db.read().await.unwrap();
        assert!(matches!(
            app_clients::find(&mut reader, &theirs.id).await,
            Err(Error::Sealed)
        ));
        assert!(app_clients::find(&mut reader, &mine.id).await.is_ok());
    });
}
