//! Jobs that import users, their files and their logs.

use cognate_model::{
    Timestamp,
    user_import::{JobStatus, LogPiece, Outcome},
};
use cognate_store::{Error, import_files, import_jobs, import_logs};

use crate::{
    fixtures::{import_job, user_pool, write},
    place::everywhere,
};

#[test]
fn a_pool_has_one_job_that_runs() {
    everywhere(async |place| {
        let db = place.open().await;
        let (pool, other) = (user_pool(1).id, user_pool(2).id);
        let (first, second) = (import_job(&pool, 1), import_job(&pool, 2));
        let elsewhere = import_job(&other, 1);
        let (id, of_pool) = (first.id.clone(), pool.clone());
        write(&db, async move |tx| {
            import_jobs::insert(tx, &first).await?;
            import_jobs::insert(tx, &elsewhere).await
        })
        .await;
        assert!(
            import_jobs::runs(&mut db.read().await.unwrap(), &pool)
                .await
                .unwrap()
        );
        let refused = db
            .write("test", async move |tx| {
                import_jobs::insert(tx, &second).await
            })
            .await;
        assert!(
            matches!(refused, Err(Error::UniqueViolation(_))),
            "{refused:?}"
        );
        write(&db, async move |tx| {
            let mut stored = import_jobs::find(tx, &of_pool, &id).await?.unwrap();
            stored.job.end_stopped(Timestamp(9));
            stored.let_go();
            import_jobs::update(tx, &stored).await
        })
        .await;
        assert!(
            !import_jobs::runs(&mut db.read().await.unwrap(), &pool)
                .await
                .unwrap()
        );
    });
}

#[test]
fn jobs_are_listed_from_the_newest_and_looked_after_from_the_longest_due() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let jobs: Vec<_> = [1, 1, 2]
            .into_iter()
            .map(|created_at| {
                let mut job = import_job(&pool, created_at);
                job.status = JobStatus::Created;
                job
            })
            .collect();
        for job in jobs.clone() {
            write(&db, async move |tx| import_jobs::insert(tx, &job).await).await;
        }
        let mut reader = db.read().await.unwrap();
        let newest = import_jobs::page(&mut reader, &pool, None, 1)
            .await
            .unwrap();
        assert_eq!(newest[..], jobs[2..]);
        let after = Some((newest[0].created_at, &newest[0].id));
        let mut rest = import_jobs::page(&mut reader, &pool, after, 9)
            .await
            .unwrap();
        rest.reverse();
        let mut older = jobs[..2].to_vec();
        older.sort_by(|one, other| one.id.cmp(&other.id));
        assert_eq!(rest, older);
        let due = jobs[0].due_at();
        let early = import_jobs::due(&mut reader, Timestamp(due.0 - 1), 9).await;
        assert_eq!(early.unwrap(), []);
        let found = import_jobs::due(&mut reader, due, 9).await.unwrap();
        let mut found: Vec<_> = found.into_iter().map(|(_, id)| id).collect();
        found.sort();
        let older: Vec<_> = older.into_iter().map(|job| job.id).collect();
        assert_eq!(found, older);
    });
}

#[test]
fn a_piece_of_a_file_opens_at_its_own_place_alone() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let job = import_job(&pool, 1).id;
        let (of_pool, of_job) = (pool.clone(), job.clone());
        write(&db, async move |tx| {
            for (number, upload) in [(0, "a"), (1, "a"), (0, "b"), (0, "c")] {
                let piece = (number, upload.as_bytes());
                import_files::put(tx, &of_pool, &of_job, upload, piece).await?;
            }
            let swap = "UPDATE import_files SET sealed = (SELECT sealed FROM import_files WHERE upload = 'a' AND piece = 0) WHERE upload = 'a' AND piece = 1";
            tx.execute(swap, &[]).await
        })
        .await;
        let mut reader = db.read().await.unwrap();
        let found = import_files::find(&mut reader, &pool, &job, "a", 0)
            .await
            .unwrap();
        assert_eq!(found.unwrap().expose(), b"a");
        let moved = import_files::find(&mut reader, &pool, &job, "a", 1).await;
        assert!(matches!(moved, Err(Error::Sealed)), "{moved:?}");
        let (of_pool, of_job) = (pool.clone(), job.clone());
        let deleted = write(&db, async move |tx| {
            let mut deleted = Vec::new();
            for _ in 0..2 {
                let kept = ["b", "c"];
                deleted.push(import_files::delete_others(tx, &of_pool, &of_job, kept, 1).await?);
            }
            deleted.push(import_files::delete_others(tx, &of_pool, &of_job, ["b", ""], 9).await?);
            Ok(deleted)
        })
        .await;
        assert_eq!(deleted, [1, 1, 1]);
        let mut reader = db.read().await.unwrap();
        let left = import_files::find(&mut reader, &pool, &job, "b", 0)
            .await
            .unwrap();
        assert!(left.is_some());
    });
}

#[test]
fn a_log_is_read_piece_by_piece_and_deleted_a_few_at_a_time() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let job = import_job(&pool, 1).id;
        let (of_pool, of_job) = (pool.clone(), job.clone());
        write(&db, async move |tx| {
            for number in 0..3 {
                let piece = LogPiece::of(&[(2, Outcome::Skipped)]);
                import_logs::add(tx, &of_pool, &of_job, number, &piece).await?;
            }
            import_logs::delete_some(tx, &of_pool, &of_job, 1).await
        })
        .await;
        let mut reader = db.read().await.unwrap();
        let (number, piece) = import_logs::next(&mut reader, &pool, &job, -1)
            .await
            .unwrap()
            .unwrap();
        assert_eq!((number, piece.as_str()), (1, "D 2\n"));
        assert!(
            import_logs::next(&mut reader, &pool, &job, 2)
                .await
                .unwrap()
                .is_none()
        );
    });
}
