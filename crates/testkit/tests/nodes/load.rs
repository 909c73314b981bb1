//! People who sign up, one after another at every node, while something breaks; and what they were
//! told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use cognate_testkit::{ApiError, TestClient, TestServer};
use tokio::task::JoinHandle;

/// A crowd that acts until it is stopped.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicUsize>,
    people: Vec<JoinHandle<Vec<Told>>>,
}

/// What one of them was told.
pub(crate) struct Told {
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

    /// Stops it and gives what everybody was told, in the order of time for each.
    pub(crate) async fn stop(self) -> Vec<Told> {
        self.stop.store(true, Ordering::SeqCst);
        let mut told = Vec::new();
        for person in self.people {
            told.extend(person.await.unwrap());
        }
        told
    }
}

async fn sign_up_again_and_again(
    number: usize,
    client: TestClient,
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicUsize>,
) -> Vec<Told> {
    let mut told = Vec::new();
    while !stop.load(Ordering::SeqCst) {
        let name = format!("person{number}x{}", told.len());
        let outcome = client
            .user(&name)
            .sign_up()
            .await
            .map(|answer| answer.user_sub);
        let has_failed = outcome.is_err();
        acknowledged.fetch_add(usize::from(!has_failed), Ordering::SeqCst);
        told.push(Told { name, outcome });
        if has_failed {
            // As a client does, so that the failures do not fill the machine.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
    told
}

/// Everything that was acknowledged is there; what failed was told as a failure of the server, is
/// there whole or not at all, and may be repeated. Gives how many were acknowledged and how many
/// failed.
pub(crate) async fn check(client: &TestClient, told: &[Told]) -> (usize, usize) {
    let mut failed = 0;
    for Told { name, outcome } in told {
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
    (told.len() - failed, failed)
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
    let input = serde_json::json!({"ClientId": client.id, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters});
    server
        .call::<cognate_testkit::op::InitiateAuth>(input)
        .await
        .unwrap();
}
