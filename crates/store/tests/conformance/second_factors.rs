//! Authenticator apps and recovery codes of users.

use cognate_model::recovery_code::UsedCodes;
use cognate_store::{Error, recovery_codes, software_tokens, users};
use futures_util::future::join_all;

use crate::{
    fixtures::{list_of_recovery_codes, signed_up, software_token, user_pool, write},
    place::everywhere,
};

#[test]
fn of_many_who_use_a_step_one_succeeds_and_no_older_one_serves_after_it() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let sub = signed_up(&db, &pool, "ana").await.sub;
        let (of, owner) = (pool.clone(), sub.clone());
        write(&db, async move |tx| {
            software_tokens::put(tx, &of, &owner, &software_token(1), 6).await
        })
        .await;
        let used = join_all((0..8).map(|_| {
            let (db, pool, sub) = (db.clone(), pool.clone(), sub.clone());
            async move {
                write(&db, async move |tx| {
                    software_tokens::use_step(tx, &pool, &sub, 7).await
                })
                .await
            }
        }))
        .await;
        assert_eq!(used.iter().filter(|won| **won).count(), 1);
        let older = write(&db, async move |tx| {
            assert!(!software_tokens::use_step(tx, &pool, &sub, 6).await?);
            assert!(software_tokens::use_step(tx, &pool, &sub, 9).await?);
            software_tokens::find(tx, &pool, &sub).await
        })
        .await;
        assert_eq!(older, Some((software_token(1), 9)));
        db.close().await;
    });
}

#[test]
fn an_app_is_replaced_as_a_whole_and_goes_with_its_user() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let ana = signed_up(&db, &pool, "ana").await;
        let bea = signed_up(&db, &pool, "bea").await;
        write(&db, async move |tx| {
            let (pool, sub) = (&ana.pool, &ana.sub);
            assert_eq!(software_tokens::find(tx, pool, sub).await?, None);
            assert!(!software_tokens::use_step(tx, pool, sub, 1).await?);
            software_tokens::put(tx, pool, sub, &software_token(1), 5).await?;
            software_tokens::put(tx, pool, sub, &software_token(2), 3).await?;
            let found = software_tokens::find(tx, pool, sub).await?;
            assert_eq!(found, Some((software_token(2), 3)));
            assert_eq!(software_tokens::find(tx, pool, &bea.sub).await?, None);
            users::delete(tx, pool, sub).await?;
            assert_eq!(software_tokens::find(tx, pool, sub).await?, None);
            assert!(!software_tokens::delete(tx, pool, sub).await?);
            Ok(())
        })
        .await;
        db.close().await;
    });
}

#[test]
fn an_app_that_was_moved_to_another_user_does_not_open() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let ana = signed_up(&db, &pool, "ana").await;
        let bea = signed_up(&db, &pool, "bea").await;
        write(&db, async move |tx| {
            software_tokens::put(tx, &ana.pool, &ana.sub, &software_token(1), 5).await?;
            let sql = "UPDATE software_tokens SET sub = $1";
            tx.execute(sql, &[bea.sub.as_str().into()]).await?;
            let moved = software_tokens::find(tx, &bea.pool, &bea.sub).await;
            assert!(matches!(moved, Err(Error::Sealed)), "{moved:?}");
            Ok(())
        })
        .await;
        db.close().await;
    });
}

#[test]
fn of_many_who_use_a_recovery_code_one_succeeds_and_the_others_stay_good() {
    everywhere(async |place| {
        let db = place.open().await;
        let ana = signed_up(&db, &user_pool(1).id, "ana").await;
        let (list, good) = list_of_recovery_codes(&ana);
        let (owner, stored) = (ana.clone(), list.clone());
        write(&db, async move |tx| {
            recovery_codes::put(tx, &owner.pool, &owner.sub, &stored).await
        })
        .await;
        let used = join_all((0..8).map(|_| {
            let (db, ana, good) = (db.clone(), ana.clone(), good.clone());
            async move {
                write(&db, async move |tx| {
                    recovery_codes::use_up(tx, &ana.pool, &ana.sub, &good).await
                })
                .await
            }
        }))
        .await;
        assert_eq!(used.iter().filter(|won| **won).count(), 1);
        let found = write(&db, async move |tx| {
            recovery_codes::find(tx, &ana.pool, &ana.sub).await
        })
        .await;
        let (kept, spent) = found.unwrap();
        assert_eq!(kept, list);
        assert_eq!(kept.left(spent), 9);
        db.close().await;
    });
}

#[test]
fn a_list_is_replaced_as_a_whole_and_goes_with_its_user() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let ana = signed_up(&db, &pool, "ana").await;
        let bea = signed_up(&db, &pool, "bea").await;
        write(&db, async move |tx| {
            let (pool, sub) = (&ana.pool, &ana.sub);
            let (old, of_old) = list_of_recovery_codes(&ana);
            let (new, of_new) = list_of_recovery_codes(&ana);
            assert!(!recovery_codes::use_up(tx, pool, sub, &of_old).await?);
            recovery_codes::put(tx, pool, sub, &old).await?;
            assert!(recovery_codes::use_up(tx, pool, sub, &of_old).await?);
            recovery_codes::put(tx, pool, sub, &new).await?;
            let found = recovery_codes::find(tx, pool, sub).await?;
            assert_eq!(found, Some((new, UsedCodes::default())));
            assert!(!recovery_codes::use_up(tx, pool, sub, &of_old).await?);
            assert!(recovery_codes::use_up(tx, pool, sub, &of_new).await?);
            assert_eq!(recovery_codes::find(tx, pool, &bea.sub).await?, None);
            users::delete(tx, pool, sub).await?;
            assert_eq!(recovery_codes::find(tx, pool, sub).await?, None);
            assert!(!recovery_codes::delete(tx, pool, sub).await?);
            Ok(())
        })
        .await;
        db.close().await;
    });
}

#[test]
fn a_list_that_was_moved_to_another_user_does_not_open() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let ana = signed_up(&db, &pool, "ana").await;
        let bea = signed_up(&db, &pool, "bea").await;
        write(&db, async move |tx| {
            let (list, _) = list_of_recovery_codes(&ana);
            recovery_codes::put(tx, &ana.pool, &ana.sub, &list).await?;
            let sql = "UPDATE recovery_codes SET sub = $1";
            tx.execute(sql, &[bea.sub.as_str().into()]).await?;
            let moved = recovery_codes::find(tx, &bea.pool, &bea.sub).await;
            assert!(matches!(moved, Err(Error::Sealed)), "{moved:?}");
            Ok(())
        })
        .await;
        db.close().await;
    });
}
