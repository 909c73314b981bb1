//! Groups and who is in them.

use std::time::Duration;

use cognate_model::{
    Group, Sub, Timestamp, UserPoolId,
    group::{MOST_GROUPS, MOST_GROUPS_OF_USER},
};
use cognate_store::{
    Db, Error, Tx, group_members,
    group_members::TooManyGroups,
    groups::{self, InsertRefused},
    users,
};

use crate::{
    fixtures::{group, signed_up, user_pool, write},
    place::everywhere,
};

async fn add(tx: &mut Tx, group: &Group, sub: &Sub) -> Result<(), Error> {
    group_members::add(tx, &group.pool, &group.id, sub)
        .await?
        .unwrap();
    Ok(())
}

async fn names(tx: &mut Tx, pool: &UserPoolId, sub: &Sub) -> Vec<String> {
    let groups = group_members::of_user(tx, pool, sub).await.unwrap();
    groups.names().into_iter().map(str::to_owned).collect()
}

async fn stored(db: &Db, group: &Group) {
    let group = group.clone();
    let stored = write(db, async move |tx| groups::insert(tx, &group).await).await;
    stored.unwrap();
}

#[test]
fn a_group_is_found_by_its_name_as_it_is_written_in_its_own_pool() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let (staff, upper) = (group(&pool, "staff"), group(&pool, "Staff"));
        for group in [&staff, &upper] {
            stored(&db, group).await;
        }
        let again = group(&pool, "staff");
        let refused = write(&db, async move |tx| groups::insert(tx, &again).await).await;
        assert_eq!(refused, Err(InsertRefused::NameTaken));
        let mut reader = db.read().await.unwrap();
        let found = groups::find(&mut reader, &pool, "staff").await.unwrap();
        assert_eq!(found, Some(staff));
        let elsewhere = user_pool(2).id;
        let found = groups::find(&mut reader, &elsewhere, "staff").await;
        assert_eq!(found.unwrap(), None);
        // In the order of bytes.
        let page = groups::page(&mut reader, &pool, None, 10).await.unwrap();
        assert_eq!(page.len(), 2);
        assert_eq!(page[0], upper);
        let after = groups::page(&mut reader, &pool, Some("Staff"), 10).await;
        assert_eq!(after.unwrap().len(), 1);
    });
}

#[test]
fn a_pool_has_so_many_groups_and_another_when_one_is_gone() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let (first, next, other) = (
            group(&pool, "first"),
            group(&pool, "next"),
            group(&user_pool(2).id, "next"),
        );
        stored(&db, &first).await;
        write(&db, async move |tx| {
            // As if all the others were there.
            let most = i64::try_from(MOST_GROUPS).unwrap();
            let sql = "UPDATE group_numbers SET number = $1";
            tx.execute(sql, &[(most - 1).into()]).await?;
            let last = group(&pool, "last");
            assert_eq!(groups::insert(tx, &last).await?, Ok(()));
            let refused = groups::insert(tx, &next).await?;
            assert_eq!(refused, Err(InsertRefused::TooMany));
            assert!(groups::find(tx, &pool, "next").await?.is_none());
            assert_eq!(groups::insert(tx, &other).await?, Ok(()));
            assert!(groups::delete(tx, &pool, "first", Timestamp(1)).await?);
            assert!(!groups::delete(tx, &pool, "first", Timestamp(1)).await?);
            assert_eq!(groups::insert(tx, &next).await?, Ok(()));
            Ok(())
        })
        .await;
    });
}

#[test]
fn a_user_is_in_so_many_groups_that_are_there() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let sub = signed_up(&db, &pool, "ana").await.sub;
        write(&db, async move |tx| {
            for number in 0..MOST_GROUPS_OF_USER {
                let group = group(&pool, &format!("{number:03}"));
                groups::insert(tx, &group).await?.unwrap();
                add(tx, &group, &sub).await?;
            }
            let (one_more, known) = (group(&pool, "one more"), "000");
            groups::insert(tx, &one_more).await?.unwrap();
            let refused = group_members::add(tx, &pool, &one_more.id, &sub).await?;
            assert_eq!(refused, Err(TooManyGroups));
            let known = groups::find(tx, &pool, known).await?.unwrap();
            add(tx, &known, &sub).await?;
            assert_eq!(names(tx, &pool, &sub).await.len(), MOST_GROUPS_OF_USER);
            // What a deleted group has left counts for nothing.
            groups::delete(tx, &pool, "000", Timestamp(1)).await?;
            add(tx, &one_more, &sub).await?;
            assert!(group_members::remove(tx, &pool, &one_more.id, &sub).await?);
            assert!(!group_members::remove(tx, &pool, &one_more.id, &sub).await?);
            Ok(())
        })
        .await;
    });
}

#[test]
fn a_group_that_takes_the_name_of_a_deleted_one_has_none_of_its_members() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let sub = signed_up(&db, &pool, "ana").await.sub;
        let (old, new) = (group(&pool, "staff"), group(&pool, "staff"));
        write(&db, async move |tx| {
            groups::insert(tx, &old).await?.unwrap();
            add(tx, &old, &sub).await?;
            assert_eq!(names(tx, &pool, &sub).await, ["staff"]);
            groups::delete(tx, &pool, "staff", Timestamp(1)).await?;
            groups::insert(tx, &new).await?.unwrap();
            assert!(names(tx, &pool, &sub).await.is_empty());
            let page = group_members::page(tx, &pool, &new.id, None, 61).await?;
            assert!(page.is_empty());
            Ok(())
        })
        .await;
    });
}

#[test]
fn members_are_listed_in_pages_and_who_is_gone_holds_none_of_them_up() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let (staff, other) = (group(&pool, "staff"), group(&pool, "other"));
        let mut subs = Vec::new();
        for group in [&staff, &other] {
            stored(&db, group).await;
        }
        for name in ["ana", "bea", "cleo"] {
            let sub = signed_up(&db, &pool, name).await.sub;
            for group in [staff.clone(), other.clone()] {
                let sub = sub.clone();
                write(&db, async move |tx| add(tx, &group, &sub).await).await;
            }
            subs.push(sub);
        }
        subs.sort();
        let gone = (pool.clone(), subs[1].clone());
        write(&db, async move |tx| {
            // As a node of an earlier version deletes a user.
            let sql = "DELETE FROM users WHERE pool = $1 AND sub = $2";
            let params = [gone.0.as_str().into(), gone.1.as_str().into()];
            tx.execute(sql, &params).await
        })
        .await;
        let mut reader = db.read().await.unwrap();
        let mut after: Option<Sub> = None;
        for (at, sub) in subs.iter().enumerate() {
            let page = group_members::page(&mut reader, &pool, &staff.id, after.as_ref(), 1).await;
            let page = page.unwrap();
            let is = page.iter().map(|(sub, user)| (sub, user.is_some()));
            assert_eq!(is.collect::<Vec<_>>(), [(sub, at != 1)]);
            after = Some(sub.clone());
        }
        let page = group_members::page(&mut reader, &pool, &staff.id, after.as_ref(), 1).await;
        assert!(page.unwrap().is_empty());
    });
}

#[test]
fn memberships_go_with_their_user_at_once() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let (ana, bea) = (
            signed_up(&db, &pool, "ana").await.sub,
            signed_up(&db, &pool, "bea").await.sub,
        );
        let staff = group(&pool, "staff");
        write(&db, async move |tx| {
            groups::insert(tx, &staff).await?.unwrap();
            add(tx, &staff, &ana).await?;
            add(tx, &staff, &bea).await?;
            assert!(users::delete(tx, &pool, &ana).await?);
            let page = group_members::page(tx, &pool, &staff.id, None, 61).await?;
            assert_eq!(page.len(), 1);
            assert_eq!(page[0].0, bea);
            Ok(())
        })
        .await;
    });
}

#[test]
fn memberships_of_a_deleted_group_go_in_steps_and_those_of_others_stay() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let (doomed, kept) = (group(&pool, "doomed"), group(&pool, "kept"));
        let mut subs = Vec::new();
        for name in ["ana", "bea", "cleo", "dora"] {
            subs.push(signed_up(&db, &pool, name).await.sub);
        }
        subs.sort();
        write(&db, async move |tx| {
            let now = Timestamp(1_000_000);
            for group in [&doomed, &kept] {
                groups::insert(tx, group).await?.unwrap();
                for sub in &subs[1..] {
                    add(tx, group, sub).await?;
                }
            }
            groups::delete(tx, &pool, "doomed", now).await?;
            let mut left = Vec::new();
            for _ in 0..3 {
                let more = groups::delete_leftovers(tx, now, 2).await?;
                left.push((more, of_group(tx, &doomed).await?));
            }
            assert_eq!(left, [(true, 1), (true, 0), (false, 0)]);
            // What a transaction that had found the group has written since, before all that went.
            let sql = "INSERT INTO group_members(pool, group_id, sub) VALUES ($1, $2, $3)";
            let late = [
                pool.as_str().into(),
                doomed.id.as_str().into(),
                subs[0].as_str().into(),
            ];
            tx.execute(sql, &late).await?;
            assert!(!groups::delete_leftovers(tx, now, 2).await?);
            assert_eq!(of_group(tx, &doomed).await?, 1);
            let an_hour_later = now.plus(Duration::from_secs(3600));
            assert!(groups::delete_leftovers(tx, an_hour_later, 2).await?);
            assert!(!groups::delete_leftovers(tx, an_hour_later, 2).await?);
            assert_eq!(
                (of_group(tx, &doomed).await?, of_group(tx, &kept).await?),
                (0, 3)
            );
            let notes = "SELECT COUNT(*) FROM deleted_groups";
            assert_eq!(tx.query_one(notes, &[]).await?.int(0)?, 0);
            Ok(())
        })
        .await;
    });
}

/// How many memberships a group has, or has left.
async fn of_group(tx: &mut Tx, group: &Group) -> Result<i64, Error> {
    let sql = "SELECT COUNT(*) FROM group_members WHERE pool = $1 AND group_id = $2";
    let params = [group.pool.as_str().into(), group.id.as_str().into()];
    tx.query_one(sql, &params).await?.int(0)
}

#[test]
fn a_changed_group_keeps_its_members_and_what_a_later_version_has_added() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let sub = signed_up(&db, &pool, "ana").await.sub;
        let staff = group(&pool, "staff");
        let doc = write(&db, async move |tx| {
            groups::insert(tx, &staff).await?.unwrap();
            add(tx, &staff, &sub).await?;
            let sql = "UPDATE groups SET doc = $1";
            let later = serde_json::to_value(&staff)
                .unwrap()
                .as_object_mut()
                .map(|doc| {
                    doc.insert("later".to_owned(), true.into());
                    serde_json::to_string(doc).unwrap()
                });
            let later = later.unwrap();
            tx.execute(sql, &[(&later).into()]).await?;
            let precede = |group: &mut Group| group.precedence = Some(0);
            let changed = groups::change(tx, &pool, "staff", precede).await?.unwrap();
            assert_eq!(
                (changed.precedence, changed.id),
                (Some(0), staff.id.clone())
            );
            assert_eq!(names(tx, &pool, &sub).await, ["staff"]);
            assert_eq!(groups::change(tx, &pool, "none", |_| ()).await?, None);
            let row = tx.query_one("SELECT doc FROM groups", &[]).await?;
            row.text(0).map(str::to_owned)
        })
        .await;
        assert!(doc.contains(r#""later":true"#), "{doc}");
    });
}
