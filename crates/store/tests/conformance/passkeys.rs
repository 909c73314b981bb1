//! Passkeys.

use cognate_model::{Timestamp, passkey::CredentialId};
use cognate_store::{passkeys, users};

use crate::{
    fixtures::{passkey, signed_up, user_pool, write},
    place::everywhere,
};

#[test]
fn a_passkey_belongs_to_one_user_of_a_pool() {
    everywhere(async |place| {
        let db = place.open().await;
        let (pool, other_pool) = (user_pool(1).id, user_pool(1).id);
        let ana = signed_up(&db, &pool, "ana").await;
        let eve = signed_up(&db, &pool, "eve").await;
        let elsewhere = signed_up(&db, &other_pool, "eve").await;
        write(&db, async move |tx| {
            let of_ana = passkey(&ana, b"one");
            assert!(passkeys::insert(tx, &of_ana).await?);
            assert!(!passkeys::insert(tx, &of_ana).await?, "not twice");
            assert!(!passkeys::insert(tx, &passkey(&eve, b"one")).await?);
            assert!(passkeys::insert(tx, &passkey(&elsewhere, b"one")).await?);
            let id = CredentialId::of_bytes(b"one");
            let found = passkeys::find(tx, &pool, &ana.sub, &id).await?;
            assert_eq!(found, Some(of_ana));
            assert_eq!(passkeys::find(tx, &pool, &eve.sub, &id).await?, None);
            assert!(!passkeys::delete(tx, &pool, &eve.sub, &id).await?);
            assert!(passkeys::delete(tx, &pool, &ana.sub, &id).await?);
            assert!(!passkeys::delete(tx, &pool, &ana.sub, &id).await?);
            assert!(passkeys::insert(tx, &passkey(&eve, b"one")).await?);
            Ok(())
        })
        .await;
    });
}

#[test]
fn passkeys_are_listed_by_age_and_changed_in_place() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let ana = signed_up(&db, &pool, "ana").await;
        write(&db, async move |tx| {
            for (id, created_at) in [("c", 1), ("a", 3), ("b", 3)] {
                let mut passkey = passkey(&ana, id.as_bytes());
                passkey.created_at = Timestamp(created_at);
                assert!(passkeys::insert(tx, &passkey).await?);
            }
            let mut all = passkeys::of_user(tx, &pool, &ana.sub).await?;
            let ids: Vec<_> = all.iter().map(|one| one.id.clone()).collect();
            let expected = ["c", "a", "b"].map(|id| CredentialId::of_bytes(id.as_bytes()));
            assert_eq!(ids, expected);
            all[1].counter = 7;
            assert!(passkeys::update(tx, &all[1]).await?);
            assert_eq!(passkeys::of_user(tx, &pool, &ana.sub).await?, all);
            users::delete(tx, &pool, &ana.sub).await?;
            assert!(passkeys::of_user(tx, &pool, &ana.sub).await?.is_empty());
            assert!(!passkeys::update(tx, &all[1]).await?);
            Ok(())
        })
        .await;
    });
}
