//! CUSTOM_CHALLENGE: a challenge that the pool's own code defines, creates and judges
//! (docs/protocol.md §17.4). The machine keeps what was asked and answered, and calls that code
//! through its needs; what the code says is a typed fact.

use std::collections::BTreeMap;

use cognate_crypto::random::Random;
use cognate_crypto::secret::SecretString;
use cognate_crypto::srp;
use serde::{Deserialize, Serialize};

use super::challenge::Challenge;
use super::facts::Facts;
use super::outcome::{Asked, Need, Outcome};
use super::password_verifier;
use super::questions::{CreateChallenge, Created, DefineChallenge, Defined, VerifyChallenge};
use super::refusal::Refusal;
use super::step::StepKind;
use super::turn::Turn;
use crate::factor::Factor;

/// The most rounds that one sign-in can have: code that never ends it would fill the step.
const MOST_ROUNDS: usize = 32;

/// A custom challenge that waits for its answer.
#[derive(Clone, Serialize, Deserialize)]
pub struct CustomChallenge {
    /// What the client is shown.
    pub public: BTreeMap<String, String>,
    /// What only the pool's code sees, to judge the answer by.
    private: BTreeMap<String, String>,
    /// The code's own note on this challenge.
    metadata: Option<String>,
}

/// Begins the custom flow, with a password that is proved by SRP before or without.
pub(super) fn begin(
    client_public: Option<Box<srp::ClientPublic>>,
    mut turn: Turn,
    facts: &Facts<'_>,
) -> Outcome {
    if client_public.is_some() {
        // The client's public value counts as met.
        turn.met("SRP_A", true, None);
    }
    define(client_public, turn, facts)
}

/// Goes on after a password that was proved by SRP within the custom flow.
pub(super) fn after_password(mut turn: Turn, facts: &Facts<'_>) -> Outcome {
    turn.met("PASSWORD_VERIFIER", true, None);
    define(None, turn, facts)
}

fn define(client_public: Option<Box<srp::ClientPublic>>, turn: Turn, facts: &Facts<'_>) -> Outcome {
    let session = turn.progress.custom.clone();
    if session.len() > MOST_ROUNDS {
        return Outcome::Refuse(Refusal::WrongPassword);
    }
    let go_on = move |defined: Defined, facts: &Facts<'_>, _: &mut Random| {
        defined_as(defined, client_public, turn, facts)
    };
    let question = DefineChallenge {
        session,
        user_not_found: facts.account.user().is_none(),
    };
    Outcome::Need(Need::DefineChallenge(Asked::new(question, go_on)))
}

fn defined_as(
    defined: Defined,
    client_public: Option<Box<srp::ClientPublic>>,
    mut turn: Turn,
    facts: &Facts<'_>,
) -> Outcome {
    match (defined, client_public) {
        (Defined::Fail, _) => Outcome::Refuse(Refusal::WrongPassword),
        (Defined::IssueTokens, _) => {
            turn.prove(Factor::Custom, facts.now);
            Outcome::Proved(turn)
        }
        (Defined::Challenge(name), Some(public)) if name == "PASSWORD_VERIFIER" => {
            password_verifier::ask(*public, turn, facts)
        }
        (Defined::Challenge(name), _) if name == "CUSTOM_CHALLENGE" => create(name, turn, facts),
        // Whatever else the code names cannot be asked here.
        (Defined::Challenge(_), _) => Outcome::Refuse(Refusal::NoSuchChallenge),
    }
}

fn create(name: String, turn: Turn, facts: &Facts<'_>) -> Outcome {
    let session = turn.progress.custom.clone();
    let question = CreateChallenge {
        name,
        session,
        user_not_found: facts.account.user().is_none(),
    };
    let go_on = move |created: Created, facts: &Facts<'_>, _: &mut Random| {
        let step = CustomChallenge {
            public: created.public,
            private: created.private,
            metadata: created.metadata,
        };
        Outcome::ask(turn, &step, facts.client.auth_session_validity(), facts)
    };
    Outcome::Need(Need::CreateChallenge(Asked::new(question, go_on)))
}

impl StepKind for CustomChallenge {
    const NAME: &'static str = "custom_challenge";
}

impl Challenge for CustomChallenge {
    type Answer = SecretString;

    fn answer(
        self,
        answer: SecretString,
        mut turn: Turn,
        facts: &Facts<'_>,
        _random: &mut Random,
    ) -> Outcome {
        let Self {
            private, metadata, ..
        } = self;
        let question = VerifyChallenge {
            private,
            answer,
            user_not_found: facts.account.user().is_none(),
        };
        let go_on = move |is_right: bool, facts: &Facts<'_>, _: &mut Random| {
            turn.met("CUSTOM_CHALLENGE", is_right, metadata);
            define(None, turn, facts)
        };
        Outcome::Need(Need::VerifyChallenge(Asked::new(question, go_on)))
    }
}
