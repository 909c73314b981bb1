//! Devices and the sessions that began on them.

use cognate_model::Timestamp;
use cognate_store::{Error, devices, sessions};

use crate::{
    fixtures::{
        app_client, device, device_secret, session, session_on, signed_up, user_pool, write,
    },
    place::everywhere,
};

#[test]
fn a_device_is_its_users_alone_and_its_key_is_taken_once() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let (ana, bea) = (
            signed_up(&db, &pool, "ana").await,
            signed_up(&db, &pool, "bea").await,
        );
        let phone = device(&ana);
        let stored = phone.clone();
        let inserted = write(&db, async move |tx| {
            Ok((
                devices::insert(tx, &stored, &device_secret(1)).await?,
                devices::insert(tx, &stored, &device_secret(2)).await?,
            ))
        })
        .await;
        assert_eq!(inserted, (true, false));
        let mut reader = db.read().await.unwrap();
        let found = devices::find_with_secret(&mut reader, &pool, &ana.sub, &phone.key).await;
        let (found, secret) = found.unwrap().unwrap();
        assert_eq!(found, phone);
        assert_eq!((secret.salt, secret.verifier), (vec![1; 16], vec![1; 384]));
        for (pool, sub) in [(&pool, &bea.sub), (&user_pool(1).id, &ana.sub)] {
            let found = devices::find(&mut reader, pool, sub, &phone.key).await;
            assert_eq!(found.unwrap(), None);
            assert!(
                devices::of_user(&mut reader, pool, sub)
                    .await
                    .unwrap()
                    .is_empty()
            );
        }
    });
}

#[test]
fn the_secret_of_a_device_does_not_open_in_the_row_of_another() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let ana = signed_up(&db, &pool, "ana").await;
        let (phone, desk) = (device(&ana), device(&ana));
        let lookup = (pool, ana.sub, desk.key.clone());
        write(&db, async move |tx| {
            devices::insert(tx, &phone, &device_secret(1)).await?;
            devices::insert(tx, &desk, &device_secret(2)).await?;
            let swap = "UPDATE devices SET secret = (SELECT secret FROM devices WHERE device_key = $1) WHERE device_key = $2";
            tx.execute(swap, &[phone.key.as_str().into(), desk.key.as_str().into()])
                .await
                .map(drop)
        })
        .await;
        let (pool, sub, key) = lookup;
        let mut reader = db.read().await.unwrap();
        let found = devices::find_with_secret(&mut reader, &pool, &sub, &key).await;
        assert!(matches!(found.err().unwrap(), Error::Sealed));
    });
}

#[test]
fn a_changed_device_keeps_what_a_later_version_has_added() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let ana = signed_up(&db, &pool, "ana").await;
        let phone = device(&ana);
        let (changed, text) = write(&db, async move |tx| {
            devices::insert(tx, &phone, &device_secret(1)).await?;
            let later = "UPDATE devices SET doc = $1";
            let mut doc = serde_json::to_value(&phone).unwrap();
            doc["from_the_future"] = 7.into();
            tx.execute(later, &[(&doc.to_string()).into()]).await?;
            let forget = |device: &mut cognate_model::Device| {
                device.remembered = false;
                device.modified_at = Timestamp(9);
            };
            let changed = devices::change(tx, &pool, &ana.sub, &phone.key, forget).await?;
            let nobodys = device(&ana).key;
            assert!(!devices::change(tx, &pool, &ana.sub, &nobodys, forget).await?);
            let row = tx.query_one("SELECT doc FROM devices", &[]).await?;
            Ok((changed, row.text(0)?.to_owned()))
        })
        .await;
        assert!(changed);
        let doc: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(doc["from_the_future"], 7);
        assert_eq!(doc["remembered"], false);
        assert_eq!(doc["modified_at"], 9);
    });
}

#[test]
fn a_session_stands_on_its_device_from_its_confirmation_until_it_is_forgotten() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let ana = signed_up(&db, &pool, "ana").await;
        let client = app_client(&pool).id;
        let (phone, desk) = (device(&ana), device(&ana));
        write(&db, async move |tx| {
            let on_phone = session_on(&ana, &client, &phone.key);
            let on_desk = session_on(&ana, &client, &desk.key);
            let on_none = session(&ana, &client, i64::MAX);
            for session in [&on_phone, &on_desk, &on_none] {
                sessions::insert(tx, session, &[0; 32]).await?;
            }
            let stands = async |tx: &mut cognate_store::Tx| -> Result<Vec<bool>, Error> {
                let mut all = Vec::new();
                for session in [&on_phone, &on_desk, &on_none] {
                    let found = sessions::find_for_refresh(tx, &pool, &session.id).await?;
                    all.push(found.unwrap().3);
                }
                Ok(all)
            };
            assert_eq!(stands(tx).await?, [false, false, false]);
            assert!(sessions::is_on_device(tx, &pool, &on_phone.id, &phone.key).await?);
            assert!(!sessions::is_on_device(tx, &pool, &on_phone.id, &desk.key).await?);
            assert!(!sessions::is_on_device(tx, &pool, &on_none.id, &phone.key).await?);
            devices::insert(tx, &phone, &device_secret(1)).await?;
            devices::insert(tx, &desk, &device_secret(2)).await?;
            assert_eq!(stands(tx).await?, [true, true, false]);
            assert!(devices::forget(tx, &pool, &ana.sub, &phone.key).await?);
            assert!(!devices::forget(tx, &pool, &ana.sub, &phone.key).await?);
            assert_eq!(stands(tx).await?, [false, true, false]);
            // It cannot be confirmed again, and the session's document names it still.
            assert!(!sessions::is_on_device(tx, &pool, &on_phone.id, &phone.key).await?);
            let session = sessions::find(tx, &pool, &on_phone.id).await?.unwrap();
            assert_eq!(session.device_key, Some(phone.key.clone()));
            Ok(())
        })
        .await;
    });
}
