//! People who sign up, one after another at every node, while something breaks; and what they got
//! for an answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use cognate_testkit::{ApiError, TestClient, TestServer};
use tokio::task::JoinHandle;

/// A crowd that acts until it is stopped.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicUsize>,
    people: Vec<JoinHandle<Vec<Attempt>>>,
}

/// A sign-up that one of them tried.
pub(crate) struct Attempt {
    pub(crate) name: String,
    /// The sub, where the sign-up was acknowledged.
    pub(crate) outcome: Result<String, ApiError>,
}

impl Load {
    /// Three at a time at each node.
    pub(crate) fn start(client: &TestClient, nodes: &[TestServer]) -> Self {
        let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let people = (0..).zip(nodes.iter().cycle().take(3 * nodes.len()));
        let people = people.map(|(number, node)| {
            tokio::spawn(sign_up_again_and_again(
                number,
                client.on(node),
                Arc::clone(&stop),
                Arc::clone(&acknowledged),
            ))
        });
        Self {
            people: people.collect(),
            stop,
            acknowledged,
        }
    }

    /// How many sign-ups were acknowledged so far.
    pub(crate) fn acknowledged(&self) -> usize {
        self.acknowledged.load(Ordering::SeqCst)
    }

    /// Waits until so many more sign-ups were acknowledged, however long the machine takes: it is
    /// given up on when none was for a minute.
    pub(crate) async fn goes_on(&self, more: usize) {
        let wanted = self.acknowledged() + more;
        let (mut seen, mut since) = (self.acknowledged(), Instant::now());
        while seen < wanted {
            assert!(
                since.elapsed() < Duration::from_secs(60),
                "sign-ups do not go on"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
            if self.acknowledged() > seen {
                (seen, since) = (self.acknowledged(), Instant::now());
            }
        }
    }

    /// Stops it and gives what everybody tried, in the order of time for each.
    pub(crate) async fn stop(self) -> Vec<Attempt> {
        self.stop.store(true, Ordering::SeqCst);
        let mut attempts = Vec::new();
        for person in self.people {
            attempts.extend(person.await.unwrap());
        }
        attempts
    }
}

async fn sign_up_again_and_again(
    number: usize,
    client: TestClient,
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicUsize>,
) -> Vec<Attempt> {
    let mut attempts = Vec::new();
    while !stop.load(Ordering::SeqCst) {
        let name = format!("person{number}x{}", attempts.len());
        let outcome = client
            .user(&name)
            .sign_up()
            .await
            .map(|answer| answer.user_sub);
        let has_failed = outcome.is_err();
        acknowledged.fetch_add(usize::from(!has_failed), Ordering::SeqCst);
        attempts.push(Attempt { name, outcome });
        if has_failed {
            // As a client does, so that the failures do not fill the machine.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    attempts
}

/// Everything that was acknowledged is there; what failed was told as a failure of the server, is
/// there whole or not at all, and may be repeated. Gives how many were acknowledged and how many
/// failed.
pub(crate) async fn check(client: &TestClient, attempts: &[Attempt]) -> (usize, usize) {
    let mut failed = 0;
    for Attempt { name, outcome } in attempts {
        match outcome {
            Ok(sub) => assert_eq!(
                client.pool.attribute(name, "sub").await.as_ref(),
                Some(sub),
                "{name} was acknowledged"
            ),
            Err(error) => {
                failed += 1;
                assert!((500..600).contains(&error.status), "{name}: {error:?}");
                if let Err(error) = client.user(name).sign_up().await {
                    assert_eq!(error.code, "UsernameExistsException", "{name}: {error:?}");
                }
                confirm(client, name).await;
            }
        }
    }
    (attempts.len() - failed, failed)
}

/// Confirms by the code of the mail, and signs in: the user is whole.
async fn confirm(client: &TestClient, name: &str) {
    let server = &client.pool.server;
    let code = server
        .mailbox(&format!("{name}@example.com"))
        .await
        .last_code();
    let input = client.about(name, serde_json::json!({"ConfirmationCode": code}));
    server
        .call::<cognate_testkit::op::ConfirmSignUp>(input)
        .await
        .unwrap();
    let parameters = client.parameters(
        name,
        serde_json::json!({"PASSWORD": cognate_testkit::PASSWORD}),
    );
    let input = client.initiation("USER_PASSWORD_AUTH", &parameters);
    server
        .call::<cognate_testkit::op::InitiateAuth>(input)
        .await
        .unwrap();
}
