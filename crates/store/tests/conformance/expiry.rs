//! What runs out: rows whose time is over, and leases.

use cognate_model::{
    Timestamp, code::CodePurpose, lockout::Lockout, session::ACCESS_OUTLIVES_REFRESH,
};
use cognate_store::{attempts, challenges, codes, expiry, leases, nodes, sessions};

use crate::{
    fixtures::{app_client, beat, code, session, signed_up, user_pool, write},
    place::everywhere,
};

#[test]
fn what_has_run_out_is_deleted_a_few_at_a_time_and_the_rest_stays() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let ana = signed_up(&db, &pool, "ana").await;
        let client = app_client(&pool).id;
        write(&db, async move |tx| {
            for at in 1..=5u8 {
                let expires_at = Timestamp(at.into());
                challenges::insert(tx, &[at; 32], &pool, b"", expires_at).await?;
                sessions::insert(tx, &session(&ana, &client, at.into()), &[at; 32]).await?;
                attempts::put_lockout(tx, &pool, &at.to_string(), &Lockout::default(), expires_at)
                    .await?;
            }
            codes::put(
                tx,
                &pool,
                &ana.sub,
                CodePurpose::VerifyEmail,
                &code(1),
                Timestamp(4),
            )
            .await?;
            assert_eq!(expiry::delete_expired(tx, Timestamp(0), 10).await?, 0);
            assert_eq!(
                expiry::delete_expired(tx, Timestamp(4), 3).await?,
                3 + 3 + 1
            );
            assert_eq!(expiry::delete_expired(tx, Timestamp(4), 3).await?, 2);
            assert_eq!(expiry::delete_expired(tx, Timestamp(4), 3).await?, 0);
            assert!(challenges::find(tx, &[5; 32]).await?.is_some());
            // A session outlives its refresh token by the longest access token.
            let later = Timestamp(4).plus(ACCESS_OUTLIVES_REFRESH);
            let others = 1 + 1;
            assert_eq!(expiry::delete_expired(tx, later, 3).await?, 3 + others);
            assert_eq!(expiry::delete_expired(tx, later, 3).await?, 1);
            assert_eq!(expiry::delete_expired(tx, later, 3).await?, 0);
            Ok(())
        })
        .await;
    });
}

#[test]
fn a_lease_is_one_holders_until_it_runs_out_or_is_given_back() {
    everywhere(async |place| {
        let db = place.open().await;
        write(&db, async |tx| {
            assert!(leases::acquire(tx, "outbox", "a", 0, 100).await?);
            assert!(!leases::acquire(tx, "outbox", "b", 99, 199).await?);
            assert!(leases::acquire(tx, "other", "b", 99, 199).await?);
            assert!(leases::acquire(tx, "outbox", "a", 99, 150).await?);
            assert!(!leases::acquire(tx, "outbox", "b", 149, 300).await?);
            assert!(leases::acquire(tx, "outbox", "b", 150, 300).await?);
            assert!(!leases::release(tx, "outbox", "a").await?);
            assert!(leases::release(tx, "outbox", "b").await?);
            assert!(leases::acquire(tx, "outbox", "c", 0, 1).await?);
            Ok(())
        })
        .await;
    });
}

#[test]
fn a_node_whose_number_has_moved_on_is_not_taken_away() {
    everywhere(async |place| {
        let db = place.open().await;
        write(&db, async |tx| {
            nodes::put(tx, &beat(1)).await?;
            nodes::put(tx, &beat(2)).await?;
            nodes::remove(tx, &beat(1)).await?;
            assert_eq!(nodes::all(tx).await?, [beat(2)]);
            nodes::remove(tx, &beat(2)).await?;
            assert_eq!(nodes::all(tx).await?, []);
            Ok(())
        })
        .await;
    });
}
