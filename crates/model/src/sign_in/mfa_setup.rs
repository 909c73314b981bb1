//! MFA_SETUP: a user who must have a second factor and has none sets one up, before anything but
//! the password is proved (docs/protocol.md §15.6). What is set up waits in the step and becomes
//! the user's with the end of the sign-in, so that a sign-in that is given up leaves nothing.

use std::time::Duration;

use cognate_crypto::random::Random;
use cognate_crypto::secret::SecretBytes;
use serde::{Deserialize, Serialize};

use super::challenge::Challenge;
use super::effect::{Effect, NewToken};
use super::facts::Facts;
use super::outcome::Outcome;
use super::refusal::Refusal;
use super::step::{Pending, Step, StepKind};
use super::turn::Turn;
use super::{email_otp, software_token_mfa};
use crate::app_client::AppClient;
use crate::attribute::Contact;
use crate::demand::Demand;
use crate::factor::Factor;
use crate::second_factor::SecondFactor;
use crate::software_token::{RefusedToken, SoftwareToken};
use crate::time::Timestamp;
use crate::user_pool::UserPool;

/// So long after the first factor an app can be set up, however often a new secret is asked for.
const LONGEST: Duration = Duration::from_secs(3600);

/// A factor is to be set up.
#[derive(Clone, Serialize, Deserialize)]
pub struct MfaSetup {
    /// What can be set up.
    pub choices: Vec<SecondFactor>,
    /// The app that is being set up.
    #[serde(default)]
    app: SoftwareToken,
    /// The step whose code the app has shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    step: Option<i64>,
}

/// What was set up.
pub enum SetUp {
    /// An authenticator app, by AssociateSoftwareToken and VerifySoftwareToken.
    App,
    /// An e-mail address, which a code goes to.
    Email(String),
}

/// Asks for the set-up.
pub(super) fn ask(choices: Vec<SecondFactor>, turn: Turn, facts: &Facts<'_>) -> Outcome {
    let step = MfaSetup {
        choices,
        app: SoftwareToken::default(),
        step: None,
    };
    Outcome::ask(turn, &step, facts.client.auth_session_validity(), facts)
}

impl StepKind for MfaSetup {
    const NAME: &'static str = "mfa_setup";
}

impl Challenge for MfaSetup {
    type Answer = SetUp;

    fn answer(self, answer: SetUp, turn: Turn, facts: &Facts<'_>, _random: &mut Random) -> Outcome {
        let factor = match answer {
            SetUp::App => SecondFactor::SoftwareToken,
            SetUp::Email(_) => SecondFactor::Email,
        };
        if !self.choices.contains(&factor) {
            return Outcome::Refuse(Refusal::NotOffered);
        }
        if facts.account.user().is_none() {
            return Outcome::Refuse(Refusal::NoSuchStep);
        }
        software_token_mfa::known(move |known, facts, random| {
            // Who has set one up meanwhile is asked for that one: a password alone takes no
            // factor's place.
            let has_token = known.token.verified.is_some();
            let demand = turn
                .user(facts)
                .map(|user| facts.pool.second_factor_of(user, has_token));
            match demand {
                Some(Demand::SetUp(choices)) if choices.contains(&factor) => match answer {
                    SetUp::App => self.take_app(turn, facts),
                    SetUp::Email(address) => take_address(address, turn, facts, random),
                },
                _ => Outcome::Refuse(Refusal::NoSuchStep),
            }
        })
    }
}

impl MfaSetup {
    /// The app that was set up becomes the user's.
    fn take_app(self, mut turn: Turn, facts: &Facts<'_>) -> Outcome {
        let (Some(app), Some(step)) = (self.app.verified, self.step) else {
            return Outcome::Refuse(Refusal::NotSetUp);
        };
        let Some(user) = facts.account.user() else {
            return Outcome::Refuse(Refusal::NoSuchStep);
        };
        let mut user = user.clone();
        user.mfa.choose(SecondFactor::SoftwareToken);
        user.modified_at = facts.now;
        turn.prove(Factor::SoftwareToken, facts.now);
        turn.change(Effect::SetUpToken(Box::new(NewToken { user, app, step })));
        Outcome::Proved(turn)
    }
}

/// Sends a code to the address that is to be the user's.
fn take_address(address: String, turn: Turn, facts: &Facts<'_>, random: &mut Random) -> Outcome {
    let name = Contact::Email.attribute();
    if let Err(error) = facts.pool.schema.check_values([(name, address.as_str())]) {
        return Outcome::Refuse(Refusal::Attribute(error));
    }
    if !facts.client.may_write(facts.pool, name) {
        return Outcome::Refuse(Refusal::NotWritable(name.to_owned()));
    }
    email_otp::ask_new(address, turn, random)
}

/// What AssociateSoftwareToken and VerifySoftwareToken do with the session of a sign-in: they bring
/// its step on, and decide nothing else.
impl Pending {
    /// The step with a new secret of an app, of which a code is to come back; None for a step at
    /// which none can be set up, or that has come to its end.
    #[must_use]
    pub fn with_secret(
        mut self,
        secret: SecretBytes,
        (pool, client): (&UserPool, &AppClient),
        now: Timestamp,
    ) -> Option<Self> {
        let mut setup = self.set_up_of_app(pool, client, now)?;
        setup.app = SoftwareToken::default();
        setup.app.associate(secret);
        setup.step = None;
        self.step = Step::of(&setup);
        self.expires_at = now.plus(client.auth_session_validity());
        Some(self)
    }

    /// The step after a code of that secret has come back; None as in [`Self::with_secret`].
    ///
    /// # Errors
    /// Why the code is refused.
    pub fn with_code(
        mut self,
        (code, name): (&str, &str),
        (pool, client): (&UserPool, &AppClient),
        now: Timestamp,
    ) -> Option<Result<Self, RefusedToken>> {
        let mut setup = self.set_up_of_app(pool, client, now)?;
        match setup.app.verify(code, name, now) {
            Ok(step) => {
                setup.step = Some(step);
                self.step = Step::of(&setup);
                self.expires_at = now.plus(client.auth_session_validity());
                Some(Ok(self))
            }
            Err(refusal) => Some(Err(refusal)),
        }
    }

    fn set_up_of_app(
        &self,
        pool: &UserPool,
        client: &AppClient,
        now: Timestamp,
    ) -> Option<MfaSetup> {
        let begun = self.progress.proved.first();
        let is_open = self.pool == pool.id
            && self.client == client.id
            && now < self.expires_at
            && begun.is_some_and(|first| now.since(first.at) < LONGEST);
        let setup = self.step.read::<MfaSetup>().filter(|_| is_open)?;
        let token = SecondFactor::SoftwareToken;
        setup.choices.contains(&token).then_some(setup)
    }
}
