//! Users and their names.

use cognate_model::{Timestamp, User, UserPoolId, UserStatus, user::NameKind};
use cognate_store::{
    Db, Error, sessions,
    users::{self, NameTaken, UpdateRefused},
    ways_back,
};
use futures_util::future::join_all;

use crate::{
    fixtures::{
        app_client, credentials, name, names, session, signed_up, user, user_pool, way_back, write,
    },
    place::everywhere,
};

async fn insert(
    db: &Db,
    user: &User,
    names: Vec<(NameKind, cognate_model::NormalName)>,
) -> Result<(), NameTaken> {
    let user = user.clone();
    write(db, async move |tx| {
        users::insert(tx, &user, &names, None).await
    })
    .await
}

async fn update(
    db: &Db,
    user: &User,
    names: Vec<(NameKind, cognate_model::NormalName)>,
) -> Result<(), UpdateRefused> {
    let user = user.clone();
    write(db, async move |tx| users::update(tx, &user, &names).await).await
}

async fn holder(db: &Db, pool: &UserPoolId, text: &str) -> Option<String> {
    let mut reader = db.read().await.unwrap();
    users::holder_of(&mut reader, pool, &name(text))
        .await
        .unwrap()
        .map(|sub| sub.as_str().to_owned())
}

#[test]
fn a_user_is_found_by_the_sub_and_by_every_name() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let ana = signed_up(&db, &pool, "ana").await;
        let mut reader = db.read().await.unwrap();
        assert_eq!(
            users::find(&mut reader, &pool, &ana.sub).await.unwrap(),
            Some(ana.clone())
        );
        let capitals = ana.sub.as_str().to_uppercase();
        for text in ["ana", "ana@example.com", "ANA", ana.sub.as_str(), &capitals] {
            assert_eq!(
                users::find_by_name(&mut reader, &pool, &name(text))
                    .await
                    .unwrap(),
                Some(ana.clone()),
                "{text}"
            );
        }
        let found = users::find_with_credentials_by_name(&mut reader, &pool, &name("ana"))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (found.0, found.1.unwrap().verifier),
            (ana.clone(), vec![1; 384])
        );
        let elsewhere = user_pool(1).id;
        assert!(
            users::find(&mut reader, &elsewhere, &ana.sub)
                .await
                .unwrap()
                .is_none()
        );
        assert!(
            users::find_by_name(&mut reader, &elsewhere, &name("ana"))
                .await
                .unwrap()
                .is_none()
        );
        assert!(
            users::find_by_name(&mut reader, &pool, &name("bea"))
                .await
                .unwrap()
                .is_none()
        );
    });
}

#[test]
fn a_sub_is_its_owners_name_and_taken_for_everybody_else() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let ana = signed_up(&db, &pool, "ana").await;
        let bea = user(&pool, "bea");
        let taken = vec![(NameKind::Username, name(ana.sub.as_str()))];
        assert_eq!(
            insert(&db, &bea, taken.clone()).await,
            Err(NameTaken(NameKind::Username))
        );
        assert_eq!(
            holder(&db, &pool, ana.sub.as_str()).await.as_deref(),
            Some(ana.sub.as_str())
        );
        insert(&db, &bea, names("bea")).await.unwrap();
        assert_eq!(
            update(&db, &bea, taken).await,
            Err(UpdateRefused::NameTaken(NameKind::Username))
        );
        let own = vec![(NameKind::PreferredUsername, name(bea.sub.as_str()))];
        update(&db, &bea, own).await.unwrap();
        let elsewhere = user_pool(1).id;
        let there = user(&elsewhere, "bea");
        let free = vec![(NameKind::Username, name(ana.sub.as_str()))];
        insert(&db, &there, free).await.unwrap();
    });
}

#[test]
fn a_taken_name_of_any_kind_refuses_the_user_and_leaves_nothing() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        signed_up(&db, &pool, "ana").await;
        let bea = user(&pool, "bea");
        let with_anas_mail = vec![
            (NameKind::Username, name("bea")),
            (NameKind::Email, name("ana@example.com")),
        ];
        assert_eq!(
            insert(&db, &bea, with_anas_mail).await,
            Err(NameTaken(NameKind::Email))
        );
        assert_eq!(holder(&db, &pool, "bea").await, None);
        // A user name that is another's mail address is taken too.
        let as_username = vec![(NameKind::Username, name("ana@example.com"))];
        assert_eq!(
            insert(&db, &bea, as_username).await,
            Err(NameTaken(NameKind::Username))
        );
        let mut reader = db.read().await.unwrap();
        assert!(
            users::find(&mut reader, &pool, &bea.sub)
                .await
                .unwrap()
                .is_none()
        );
        // Another pool knows nothing of it, and a name that the user has twice counts once.
        let mut elsewhere = bea.clone();
        elsewhere.pool = user_pool(1).id;
        let twice = vec![
            (NameKind::Username, name("ana")),
            (NameKind::Email, name("ana@example.com")),
            (NameKind::PreferredUsername, name("Ana")),
        ];
        assert_eq!(insert(&db, &elsewhere, twice).await, Ok(()));
    });
}

#[test]
fn of_two_sign_ups_of_one_name_at_one_moment_one_wins() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let outcomes = join_all((0..8).map(|number| {
            let mut user = user(&pool, "ana");
            user.attributes
                .insert("number".to_owned(), number.to_string());
            let db = db.clone();
            async move { (insert(&db, &user, names("ana")).await, user) }
        }))
        .await;
        let winners: Vec<&User> = outcomes
            .iter()
            .filter(|(outcome, _)| outcome.is_ok())
            .map(|(_, user)| user)
            .collect();
        assert_eq!(winners.len(), 1);
        let mut reader = db.read().await.unwrap();
        assert_eq!(
            users::find_by_name(&mut reader, &pool, &name("ana"))
                .await
                .unwrap()
                .as_ref(),
            Some(winners[0])
        );
        assert_eq!(
            users::estimated_number(&mut reader, &pool).await.unwrap(),
            1
        );
    });
}

#[test]
fn an_update_replaces_names_and_needs_the_newest_revision() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let mut ana = signed_up(&db, &pool, "ana").await;
        signed_up(&db, &pool, "bea").await;
        ana.status = UserStatus::ResetRequired;
        let renamed = || {
            vec![
                (NameKind::Username, name("ana")),
                (NameKind::Email, name("new@example.com")),
            ]
        };
        assert_eq!(update(&db, &ana, renamed()).await, Ok(()));
        assert_eq!(
            update(&db, &ana, names("ana")).await,
            Err(UpdateRefused::Conflict)
        );
        assert_eq!(holder(&db, &pool, "ana@example.com").await, None);
        assert_eq!(
            holder(&db, &pool, "new@example.com").await.as_deref(),
            Some(ana.sub.as_str())
        );
        ana.revision = 2;
        let with_beas_mail = vec![
            (NameKind::Username, name("ana")),
            (NameKind::Email, name("bea@example.com")),
        ];
        assert_eq!(
            update(&db, &ana, with_beas_mail).await,
            Err(UpdateRefused::NameTaken(NameKind::Email))
        );
        let mut reader = db.read().await.unwrap();
        assert_eq!(
            users::find_by_name(&mut reader, &pool, &name("new@example.com"))
                .await
                .unwrap(),
            Some(ana.clone())
        );
        // A name that stays and changes its kind.
        let as_preferred = vec![
            (NameKind::Username, name("ana")),
            (NameKind::PreferredUsername, name("new@example.com")),
        ];
        assert_eq!(update(&db, &ana, as_preferred).await, Ok(()));
        let sql = "SELECT kind FROM aliases WHERE pool = $1 AND name = 'new@example.com'";
        let row = reader
            .query_one(sql, &[pool.as_str().into()])
            .await
            .unwrap();
        assert_eq!(row.text(0).unwrap(), "preferred_username");
        // The password is not touched by any of this.
        assert_eq!(
            users::credentials(&mut reader, &pool, &ana.sub)
                .await
                .unwrap()
                .unwrap()
                .salt,
            vec![1; 16]
        );
    });
}

#[test]
fn credentials_are_replaced_and_removed_and_lie_sealed() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let ana = signed_up(&db, &pool, "ana").await;
        let (owner, sub) = (pool.clone(), ana.sub.clone());
        write(&db, async move |tx| {
            users::set_credentials(tx, &owner, &sub, Some(&credentials(b'v'))).await
        })
        .await;
        let mut reader = db.read().await.unwrap();
        assert_eq!(
            users::credentials(&mut reader, &pool, &ana.sub)
                .await
                .unwrap()
                .unwrap()
                .verifier,
            vec![b'v'; 384]
        );
        let row = reader
            .query_one(
                "SELECT credentials FROM users WHERE pool = $1",
                &[pool.as_str().into()],
            )
            .await
            .unwrap();
        let shown = String::from_utf8_lossy(row.bytes(0).unwrap()).into_owned();
        assert!(!shown.contains("verifier") && !shown.contains("dnZ2dnZ2"));
        let (owner, sub) = (pool.clone(), ana.sub.clone());
        assert!(
            write(&db, async move |tx| users::set_credentials(
                tx, &owner, &sub, None
            )
            .await)
            .await
        );
        assert!(
            users::credentials(&mut reader, &pool, &ana.sub)
                .await
                .unwrap()
                .is_none()
        );
        let nobody = user(&pool, "nobody").sub;
        let owner = pool.clone();
        assert!(
            !write(&db, async move |tx| users::set_credentials(
                tx, &owner, &nobody, None
            )
            .await)
            .await
        );
    });
}

#[test]
fn a_released_name_is_free_for_the_next() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let ana = signed_up(&db, &pool, "ana").await;
        let owner = pool.clone();
        let released = write(&db, async move |tx| {
            users::release_name(tx, &owner, &name("ana@example.com")).await
        })
        .await;
        assert_eq!(released, Some(ana.sub));
        let bea = user(&pool, "bea");
        assert_eq!(
            insert(&db, &bea, vec![(NameKind::Email, name("ana@example.com"))]).await,
            Ok(())
        );
    });
}

#[test]
fn deleting_a_user_frees_the_names_and_ends_the_sessions() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let ana = signed_up(&db, &pool, "ana").await;
        let session = session(&ana, &app_client(&pool).id, 50);
        let (stored, owner) = (session.clone(), pool.clone());
        let outcome = write(&db, async move |tx| {
            sessions::insert(tx, &stored, &[0; 32]).await?;
            Ok::<_, Error>((
                users::delete(tx, &owner, &stored.sub).await?,
                users::delete(tx, &owner, &stored.sub).await?,
            ))
        })
        .await;
        assert_eq!(outcome, (true, false));
        let mut reader = db.read().await.unwrap();
        assert!(
            sessions::find(&mut reader, &pool, &session.id)
                .await
                .unwrap()
                .is_none()
        );
        signed_up(&db, &pool, "ana").await;
    });
}

#[test]
fn pages_of_users_hold_each_user_once() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let mut subs = Vec::new();
        for number in 0..7 {
            subs.push(signed_up(&db, &pool, &format!("user{number}")).await.sub);
        }
        signed_up(&db, &user_pool(1).id, "elsewhere").await;
        subs.sort();
        let mut reader = db.read().await.unwrap();
        let (mut seen, mut after): (Vec<_>, Option<String>) = (Vec::new(), None);
        loop {
            let page = users::page(&mut reader, &pool, after.as_deref(), 3)
                .await
                .unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.sub.as_str().to_owned());
            seen.extend(page.into_iter().map(|user| user.sub));
        }
        assert_eq!(seen, subs);
    });
}

#[test]
fn the_number_of_users_is_exact_while_small_and_near_when_large() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        for (more, least, most) in [(40, 40, 40), (5_960, 5_500, 6_500)] {
            let owner = pool.clone();
            write(&db, async move |tx| {
                for number in 0..more {
                    users::insert(tx, &user(&owner, &format!("{more}-{number}")), &[], None)
                        .await?
                        .ok();
                }
                Ok(())
            })
            .await;
            let mut reader = db.read().await.unwrap();
            let number = users::estimated_number(&mut reader, &pool).await.unwrap();
            assert!((least..=most).contains(&number), "{number}");
        }
    });
}

#[test]
fn a_name_that_may_be_gone_back_to_is_nobody_elses_until_its_time_is_over() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1);
        let (ana, mut eve, mut bea) = (
            user(&pool.id, "ana"),
            user(&pool.id, "eve"),
            user(&pool.id, "bea"),
        );
        let kept = vec![(NameKind::Email, name("ana@example.com"))];
        let change = way_back(&ana);
        write(&db, async move |tx| {
            ways_back::insert(tx, &[1; 32], &change).await
        })
        .await;
        eve.modified_at = Timestamp(19);
        let taken = insert(&db, &eve, kept.clone()).await;
        assert_eq!(taken, Err(NameTaken(NameKind::Email)));
        insert(&db, &eve, names("eve")).await.unwrap();
        let taken = update(&db, &eve, kept.clone()).await;
        assert_eq!(taken, Err(UpdateRefused::NameTaken(NameKind::Email)));
        // Its owner has it back, and leaves it again.
        insert(&db, &ana, kept.clone()).await.unwrap();
        let without = vec![(NameKind::Username, name("ana"))];
        update(&db, &ana, without).await.unwrap();
        bea.modified_at = Timestamp(20);
        insert(&db, &bea, kept).await.unwrap();
        db.close().await;
    });
}

#[test]
fn a_change_of_an_address_is_found_by_its_token_and_taken_once() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1);
        let change = way_back(&user(&pool.id, "ana"));
        let (stored, sub) = (change.clone(), change.sub.clone());
        let taken = write(&db, async move |tx| {
            ways_back::insert(tx, &[1; 32], &stored).await?;
            assert_eq!(ways_back::find(tx, &[1; 32]).await?, Some(stored.clone()));
            assert_eq!(ways_back::find(tx, &[2; 32]).await?, None);
            let open = |at| Timestamp(at);
            let found = ways_back::open_of_user(tx, &pool.id, &sub, open(19)).await?;
            assert_eq!(found, [(vec![1; 32], stored.clone())]);
            let late = ways_back::open_of_user(tx, &pool.id, &sub, open(20)).await?;
            assert!(late.is_empty());
            let first = ways_back::take(tx, &[1; 32]).await?;
            Ok((first, ways_back::take(tx, &[1; 32]).await?))
        })
        .await;
        assert_eq!(taken, (Some(change), None));
        db.close().await;
    });
}
