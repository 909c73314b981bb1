//! The sessions of one user: listed, noted, and limited in number.

use cognate_model::{SessionId, Timestamp, TokenSession};
use cognate_store::{Db, sessions};
use futures_util::future::join_all;

use crate::{
    fixtures::{app_client, seen, session, signed_up, user_pool, write},
    place::everywhere,
};

async fn store(db: &Db, session: &TokenSession) {
    let stored = session.clone();
    write(db, async move |tx| {
        sessions::insert(tx, &stored, &[7; 32]).await
    })
    .await;
}

fn ids(sessions: &[TokenSession]) -> Vec<SessionId> {
    sessions.iter().map(|session| session.id.clone()).collect()
}

#[test]
fn the_sessions_of_a_user_come_page_by_page_the_newest_first_without_those_that_ran_out() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let (ana, bea) = (
            signed_up(&db, &pool, "ana").await,
            signed_up(&db, &pool, "bea").await,
        );
        let client = app_client(&pool).id;
        let mut live = Vec::new();
        for at in [20, 30, 30, 10, 40] {
            let mut session = session(&ana, &client, 100);
            session.auth_time = Timestamp(at);
            store(&db, &session).await;
            live.push(session);
        }
        store(&db, &session(&ana, &client, 50)).await;
        store(&db, &session(&bea, &client, 100)).await;
        live.sort_by(|one, two| (two.auth_time, &two.id).cmp(&(one.auth_time, &one.id)));
        let mut reader = db.read().await.unwrap();
        let mut paged = Vec::new();
        loop {
            let after = paged
                .last()
                .map(|last: &TokenSession| (last.auth_time, &last.id));
            let page =
                sessions::page_of_user(&mut reader, &pool, &ana.sub, Timestamp(50), after, 2)
                    .await
                    .unwrap();
            if page.is_empty() {
                break;
            }
            paged.extend(page);
        }
        assert_eq!(ids(&paged), ids(&live));
        let all = sessions::ids_of_user(&mut reader, &pool, &ana.sub).await;
        assert_eq!(all.unwrap().len(), 6);
    });
}

#[test]
fn the_use_of_a_session_is_noted_and_changes_nothing_else() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let ana = signed_up(&db, &pool, "ana").await;
        let mut session = session(&ana, &app_client(&pool).id, 100);
        store(&db, &session).await;
        // It rotates while the request that notes it is under way.
        session.rotate(Timestamp(20));
        let (rotated, id, owner) = (session.clone(), session.id.clone(), pool.clone());
        let noted = write(&db, async move |tx| {
            assert!(sessions::rotate(tx, &rotated, &[8; 32], 0).await?);
            sessions::note_use(tx, &owner, &id, &seen(30, "macOS")).await
        })
        .await;
        assert!(noted);
        session.seen = Some(seen(30, "macOS"));
        let mut reader = db.read().await.unwrap();
        let stored = sessions::find_with_hash(&mut reader, &pool, &session.id).await;
        assert_eq!(stored.unwrap(), Some((session.clone(), vec![8; 32])));
        let (owner, id) = (pool.clone(), session.id.clone());
        let outcome = write(&db, async move |tx| {
            sessions::end(tx, &owner, &id).await?;
            sessions::note_use(tx, &owner, &id, &seen(40, "macOS")).await
        })
        .await;
        assert!(!outcome, "an ended session is not revived");
    });
}

#[test]
fn those_that_were_not_used_for_longest_end_and_what_ran_out_takes_no_place() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let (ana, bea) = (
            signed_up(&db, &pool, "ana").await,
            signed_up(&db, &pool, "bea").await,
        );
        let client = app_client(&pool).id;
        let mut made = Vec::new();
        // Begun and last used; the second was never noted, as sessions of older versions are not.
        for (begun, used) in [(10, Some(90)), (80, None), (20, Some(70)), (30, Some(60))] {
            let mut session = session(&ana, &client, 1000);
            session.auth_time = Timestamp(begun);
            session.seen = used.map(|at| seen(at, "a"));
            store(&db, &session).await;
            made.push(session);
        }
        for other in [session(&ana, &client, 95), session(&bea, &client, 1000)] {
            store(&db, &other).await;
        }
        let (owner, sub) = (pool.clone(), ana.sub.clone());
        let ended = write(&db, async move |tx| {
            let now = Timestamp(95);
            let none = sessions::end_least_recently_used(tx, &owner, &sub, now, 4).await?;
            let two = sessions::end_least_recently_used(tx, &owner, &sub, now, 2).await?;
            Ok((none, two))
        })
        .await;
        assert_eq!(ended, (0, 2));
        let mut reader = db.read().await.unwrap();
        let left = sessions::page_of_user(&mut reader, &pool, &ana.sub, Timestamp(95), None, 9)
            .await
            .unwrap();
        assert_eq!(ids(&left), [made[1].id.clone(), made[0].id.clone()]);
        let of_bea = sessions::ids_of_user(&mut reader, &pool, &bea.sub).await;
        assert_eq!(of_bea.unwrap().len(), 1);
    });
}

#[test]
fn sign_ins_at_once_never_leave_more_sessions_than_a_user_may_have() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let ana = signed_up(&db, &pool, "ana").await;
        let client = app_client(&pool).id;
        let sign_ins = (0..12).map(|at| {
            let mut session = session(&ana, &client, 1000);
            session.auth_time = Timestamp(at);
            let db = &db;
            async move {
                write(db, async move |tx| {
                    let (pool, sub) = (&session.pool, &session.sub);
                    sessions::end_least_recently_used(tx, pool, sub, Timestamp(0), 2).await?;
                    sessions::insert(tx, &session, &[7; 32]).await
                })
                .await;
            }
        });
        join_all(sign_ins).await;
        let mut reader = db.read().await.unwrap();
        let left = sessions::ids_of_user(&mut reader, &pool, &ana.sub).await;
        assert_eq!(left.unwrap().len(), 3);
    });
}
