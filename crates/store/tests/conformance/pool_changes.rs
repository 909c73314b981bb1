//! Users who are written while the rules of their pool change.

use cognate_model::{NormalName, UserPool, pool_change::Stage, user::NameKind};
use cognate_store::{
    Db, pool_changes, user_pools,
    users::{self, NameTaken, UpdateRefused},
};

use crate::{
    fixtures::{pool_change, user, user_pool, write},
    place::everywhere,
};

fn exact(text: &str) -> NormalName {
    NormalName::with_case_rule(text, true)
}

/// A pool whose names are to become one whatever their case.
async fn losing_its_case(db: &Db) -> UserPool {
    let pool = UserPool {
        case_sensitive: true,
        ..user_pool(1)
    };
    let (stored, change) = (pool.clone(), pool_change(&pool));
    write(db, async move |tx| {
        user_pools::insert(tx, &stored).await?;
        pool_changes::put(tx, &change).await
    })
    .await;
    pool
}

#[test]
fn whoever_writes_a_user_takes_the_names_of_both_rules_whatever_they_know() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = losing_its_case(&db).await;
        let ana = user(&pool.id, "Ana");
        let other = user(&pool.id, "ANA");
        let of_a_node = |text| vec![(NameKind::Username, exact(text))];
        write(&db, async move |tx| {
            users::insert(tx, &ana, &of_a_node("Ana"), None)
                .await?
                .unwrap();
            for text in ["Ana", "ana"] {
                let holder = users::holder_of(tx, &ana.pool, &exact(text)).await?;
                assert_eq!(holder.as_ref(), Some(&ana.sub), "{text}");
            }
            let refused = users::insert(tx, &other, &of_a_node("ANA"), None).await?;
            assert_eq!(refused, Err(NameTaken(NameKind::Username)));
            users::update(tx, &ana, &of_a_node("Ana")).await?.unwrap();
            let holder = users::holder_of(tx, &ana.pool, &exact("ana")).await?;
            assert_eq!(holder.as_ref(), Some(&ana.sub));
            // Once it is undone they are as they were.
            let mut change = pool_changes::find(tx, &ana.pool).await?.unwrap();
            change.stage = Stage::Undoing;
            let ana = users::find(tx, &ana.pool, &ana.sub).await?.unwrap();
            users::settle(tx, &ana, &change).await?.unwrap();
            assert_eq!(users::holder_of(tx, &ana.pool, &exact("ana")).await?, None);
            assert!(
                users::holder_of(tx, &ana.pool, &exact("Ana"))
                    .await?
                    .is_some()
            );
            Ok(())
        })
        .await;
        db.close().await;
    });
}

#[test]
fn who_is_in_conflict_by_the_coming_rule_is_held_up_in_nothing_else() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = UserPool {
            case_sensitive: true,
            ..user_pool(1)
        };
        write(&db, async move |tx| {
            let (first, second) = (user(&pool.id, "Ana"), user(&pool.id, "ANA"));
            for ana in [&first, &second] {
                let names = [(NameKind::Username, exact(&ana.username))];
                users::insert(tx, ana, &names, None).await?.unwrap();
            }
            let change = pool_change(&pool);
            pool_changes::put(tx, &change).await?;
            users::settle(tx, &first, &change).await?.unwrap();
            let refused = users::settle(tx, &second, &change).await?;
            assert_eq!(refused, Err(UpdateRefused::NameTaken(NameKind::Username)));
            let mut changed = second.clone();
            changed
                .attributes
                .insert("name".to_owned(), "Ana".to_owned());
            let names = [(NameKind::Username, exact("ANA"))];
            users::update(tx, &changed, &names).await?.unwrap();
            // A name that they take now is held up.
            let mut renamed = users::find(tx, &pool.id, &second.sub).await?.unwrap();
            "aNA".clone_into(&mut renamed.username);
            let names = [(NameKind::Username, exact("aNA"))];
            let outcome = users::update(tx, &renamed, &names).await?;
            // The coming form is the one that was in conflict before.
            assert_eq!(outcome, Ok(()));
            let lost = users::settle_free(tx, &renamed, &change).await?;
            assert_eq!(lost.len(), 1);
            assert_eq!(
                lost.first().and_then(|taken| taken.holder.clone()),
                Some(first.sub)
            );
            Ok(())
        })
        .await;
        db.close().await;
    });
}

#[test]
fn a_change_is_found_while_it_is_under_way_and_another_takes_its_place() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = losing_its_case(&db).await;
        write(&db, async move |tx| {
            assert_eq!(
                pool_changes::pools(tx, "", 9).await?,
                std::slice::from_ref(&pool.id)
            );
            assert!(
                pool_changes::pools(tx, pool.id.as_str(), 9)
                    .await?
                    .is_empty()
            );
            let mut change = pool_changes::under_way(tx, &pool.id).await?.unwrap();
            change.ended_at = Some(change.begun_at);
            pool_changes::put(tx, &change).await?;
            assert_eq!(pool_changes::under_way(tx, &pool.id).await?, None);
            assert_eq!(
                pool_changes::find(tx, &pool.id).await?,
                Some(change.clone())
            );
            assert!(pool_changes::pools(tx, "", 9).await?.is_empty());
            "another".clone_into(&mut change.id);
            pool_changes::put(tx, &change).await?;
            assert_eq!(pool_changes::find(tx, &pool.id).await?, Some(change));
            Ok(())
        })
        .await;
        db.close().await;
    });
}
