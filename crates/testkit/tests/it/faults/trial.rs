//! One operation, tried at each point where the database can fail.

use cognate_store::Fault;
use cognate_testkit::{ApiError, TestServer};

/// One operation under faults: how its world is made, how it is called, and what shows that it was
/// done.
pub(super) struct Trial<'a, A, B, C> {
    pub(super) server: &'a TestServer,
    /// The name of its transaction.
    pub(super) transaction: &'static str,
    /// Makes the world of the nth try.
    pub(super) arrange: A,
    pub(super) act: B,
    /// What is to be seen of the world from outside.
    pub(super) observe: C,
}

impl<W, A, B, C> Trial<'_, A, B, C>
where
    A: AsyncFn(usize) -> W,
    B: AsyncFn(&W) -> Result<(), ApiError>,
    C: AsyncFn(&W) -> Vec<String>,
{
    pub(super) async fn run(&self) {
        let what = self.transaction;
        let smooth = (self.arrange)(0).await;
        let before = (self.observe)(&smooth).await;
        (self.act)(&smooth)
            .await
            .unwrap_or_else(|error| panic!("{what} without faults: {error:?}"));
        let done = (self.observe)(&smooth).await;
        assert_ne!(before, done, "{what}: nothing to see");
        let mut statements = 0;
        for n in 1.. {
            if !self
                .with_nothing_done(
                    n,
                    Fault::Statement(u32::try_from(n).unwrap()),
                    &before,
                    &done,
                )
                .await
            {
                break;
            }
            statements = n;
        }
        assert!(statements > 0, "{what}: no statement failed");
        assert!(
            self.with_nothing_done(100, Fault::BeforeCommit(1), &before, &done)
                .await
        );
        self.with_all_done(101, &done).await;
    }

    /// Whether the fault was met.
    async fn with_nothing_done(
        &self,
        n: usize,
        fault: Fault,
        before: &[String],
        done: &[String],
    ) -> bool {
        let what = self.transaction;
        let world = (self.arrange)(n).await;
        let faults = self.server.faults();
        faults.arm(Some(what), fault);
        let outcome = (self.act)(&world).await;
        if !faults.disarm() {
            outcome.unwrap_or_else(|error| panic!("{what} past its last statement: {error:?}"));
            return false;
        }
        let error = outcome
            .err()
            .unwrap_or_else(|| panic!("{what}, {fault:?}: acknowledged, and not done"));
        assert_eq!(
            (error.status, error.code.as_str()),
            (503, "ServiceUnavailableException"),
            "{what}, {fault:?}"
        );
        assert_eq!(
            (self.observe)(&world).await,
            before,
            "{what}, {fault:?}: half done"
        );
        (self.act)(&world)
            .await
            .unwrap_or_else(|error| panic!("{what} again after {fault:?}: {error:?}"));
        assert_eq!(
            (self.observe)(&world).await,
            done,
            "{what} again after {fault:?}"
        );
        true
    }

    /// The commit is done and its answer lost: all is there, and repeating it changes nothing.
    async fn with_all_done(&self, n: usize, done: &[String]) {
        let what = self.transaction;
        let world = (self.arrange)(n).await;
        let faults = self.server.faults();
        faults.arm(Some(what), Fault::AfterCommit(1));
        let outcome = (self.act)(&world).await;
        assert!(faults.disarm(), "{what}: no commit");
        // Some operations look for what they wrote and answer after all; the others say that they
        // do not know.
        if let Err(error) = outcome {
            assert_eq!(error.status, 500, "{what}: {error:?}");
        }
        assert_eq!(
            (self.observe)(&world).await,
            done,
            "{what}: half done after the commit"
        );
        // Whatever the repetition is answered.
        let _ = (self.act)(&world).await;
        assert_eq!(
            (self.observe)(&world).await,
            done,
            "{what} again after a lost answer"
        );
    }
}
