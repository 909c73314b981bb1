//! A small world to sign in to, and the tests of the machine in it: one file per subject.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod device;
mod imported;
mod new_password;
mod nobody;
mod passkeys;
mod password;
mod recovery_codes;
mod second_factors;
mod states;
mod step_up;
mod walks;
mod web_authn;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cognate_crypto::digest::base64_encode;
use cognate_crypto::random::Random;
use cognate_crypto::secret::SecretString;
use cognate_crypto::srp::{self, client::ClientKey};

use super::{
    Account, Challenge, CodeSent, Decoy, Effect, Facts, FirstFactors, Flow, KnownPasskey,
    KnownToken, Need, NewPassword, NewPasswordRequired, OnDevice, Outcome, PasswordChange,
    PasswordClaim, PasswordVerifier, Pending, Proved, Refusal, SendCode, Step,
};
use crate::app_client::{AppClient, ClientSettings, TimeUnit, UnitsNamed, Validity};
use crate::attribute::{Attributes, Schema};
use crate::destination::Contacts;
use crate::ids::{ClientId, Sub, UserPoolId};
use crate::lockout::Lockout;
use crate::name::NormalName;
use crate::nobody::Nobody;
use crate::password::{Credentials, PasswordHistory, PasswordPolicy};
use crate::time::Timestamp;
use crate::user::{User, UserStatus};
use crate::user_pool::{EmailSettings, Messages, Settings, SignInNames, Tier, UserPool};

/// Tue Nov 14 22:13:20 UTC 2023
const NOW: Timestamp = Timestamp(1_700_000_000_000);
const DECOY_SECRET: [u8; 32] = [9; 32];
const PASSWORD: &str = "Right-pass1";
const SUB: &str = "6f6f6f6f-1111-4222-8333-444444444444";

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

fn pool(id: &str) -> UserPool {
    UserPool {
        id: UserPoolId::parse(id).unwrap(),
        created_at: NOW,
        modified_at: NOW,
        revision: 1,
        sign_in_names: SignInNames::Username {
            aliases: BTreeSet::new(),
        },
        case_sensitive: false,
        schema: Schema::default(),
        beside: None,
        settings: Settings {
            name: "people".into(),
            deletion_protection: false,
            password_policy: PasswordPolicy::default(),
            auto_verified: BTreeSet::new(),
            verified_before_update: BTreeSet::new(),
            messages: Messages::default(),
            email: EmailSettings::default(),
            sms: None,
            tags: BTreeMap::new(),
            admin_create_user_only: false,
            recovery: None,
            tier: Tier::default(),
            allowed_first_auth_factors: [crate::FirstFactor::Password].into(),
            add_ons_off: false,
            devices: None,
            mfa: crate::second_factor::PoolMfa::default(),
            sessions: crate::user_pool::SessionTracking::default(),
            acr: crate::acr::AcrNames::default(),
            issuer: None,
            key_of_the_server: false,
        },
    }
}

fn client(pool: &UserPool, id: &str) -> AppClient {
    AppClient {
        pool: pool.id.clone(),
        id: ClientId::parse(id).unwrap(),
        created_at: NOW,
        modified_at: NOW,
        revision: 1,
        has_secret: false,
        settings: ClientSettings {
            name: "web".into(),
            access_validity: Validity::new(1, TimeUnit::Hours),
            id_validity: Validity::new(1, TimeUnit::Hours),
            refresh_validity: Validity::new(30, TimeUnit::Days),
            units_named: UnitsNamed::default(),
            read_attributes: None,
            write_attributes: None,
            explicit_auth_flows: None,
            prevent_user_existence_errors: true,
            token_revocation: true,
            auth_session_minutes: 10,
            rotation: None,
            propagates_user_context: false,
            supported_identity_providers: None,
        },
    }
}

fn user(pool: &UserPool, sub: &str, username: &str, status: UserStatus) -> User {
    User {
        pool: pool.id.clone(),
        sub: Sub::parse(sub).unwrap(),
        username: username.to_owned(),
        attributes: Attributes::new(),
        kept_names: std::collections::BTreeMap::new(),
        recover_by: None,
        factors_changed_at: None,
        mfa: crate::second_factor::MfaPreferences::default(),
        status,
        enabled: true,
        created_at: NOW,
        modified_at: NOW,
        revision: 1,
    }
}

fn credentials(
    pool: &UserPool,
    username: &str,
    password: &str,
    random: &mut Random,
) -> Credentials {
    let name = NormalName::new(pool, username);
    Credentials::new(&pool.id, &name, &secret(password), None, random)
}

/// The TIMESTAMP that a client writes.
fn claim_time(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap();
    at.to_zoned(jiff::tz::TimeZone::UTC)
        .strftime("%a %b %-d %H:%M:%S UTC %Y")
        .to_string()
}

/// An answer to PASSWORD_VERIFIER, before it is borrowed.
#[derive(Clone)]
struct Claim {
    secret_block: String,
    timestamp: String,
    signature: String,
}

impl Claim {
    /// What a client that was given this password answers to a step.
    fn of(
        pool: &UserPool,
        key: &ClientKey,
        step: &PasswordVerifier,
        password: &str,
        at: Timestamp,
    ) -> Self {
        let session_key = key
            .session_key(
                &step.exchange.salt,
                &step.exchange.server_public,
                pool.id.srp_name(),
                &step.user_id,
                &secret(password),
            )
            .unwrap();
        let timestamp = claim_time(at);
        let signature = srp::claim_signature(
            &session_key,
            pool.id.srp_name(),
            &step.user_id,
            &step.exchange.secret_block,
            &timestamp,
        );
        Self {
            secret_block: base64_encode(&step.exchange.secret_block),
            timestamp,
            signature: base64_encode(&signature),
        }
    }

    fn answer(&self) -> PasswordClaim {
        PasswordClaim {
            secret_block: self.secret_block.clone(),
            timestamp: self.timestamp.clone(),
            signature: self.signature.clone(),
        }
    }
}

thread_local! {
    /// The code that was sent last.
    static LAST_CODE: std::cell::RefCell<String> = const { std::cell::RefCell::new(String::new()) };
    /// And all that is known of it.
    static LAST_SENT: std::cell::RefCell<Option<SendCode>> =
        const { std::cell::RefCell::new(None) };
    /// The user whose likeness an unknown name has.
    static TWIN: std::cell::RefCell<Option<User>> = const { std::cell::RefCell::new(None) };
}

/// Begins a sign-in as the driver does.
fn start(flow: Flow, facts: &Facts<'_>, random: &mut Random) -> Outcome {
    driven(super::start(flow, facts), facts, random)
}

/// Answers a challenge as the driver does.
fn answer<C: Challenge>(
    pending: &Pending,
    answer: C::Answer,
    facts: &Facts<'_>,
    random: &mut Random,
) -> Outcome {
    let outcome = super::answer::<C>(pending.clone(), answer, facts, random);
    driven(outcome, facts, random)
}

/// The contacts of an account that has no neighbours.
fn contacts(facts: &Facts<'_>) -> Contacts {
    let secret = &DECOY_SECRET;
    match facts.account.user() {
        Some(user) => Contacts::of_user(secret, facts.pool, user, &[]),
        None => {
            let name = NormalName::new(facts.pool, "nobody");
            let nobody = Nobody::of_name(secret, &facts.pool.id, &name);
            Contacts::of_nobody(secret, facts.pool, &nobody, &[])
        }
    }
}

/// Finds out what the machine needs, until it has decided.
fn driven(outcome: Outcome, facts: &Facts<'_>, random: &mut Random) -> Outcome {
    driven_knowing(&KnownToken::default(), outcome, facts, random)
}

/// The same for a user with an authenticator app.
fn driven_knowing(
    token: &KnownToken,
    mut outcome: Outcome,
    facts: &Facts<'_>,
    random: &mut Random,
) -> Outcome {
    loop {
        let need = match outcome {
            Outcome::Need(need) => need,
            Outcome::Proved(turn) => {
                outcome = crate::sign_in::proceed(turn, facts, random);
                continue;
            }
            decided => return decided,
        };
        outcome = match need {
            Need::Powers(powers) => powers.compute(random).go_on(facts, random),
            Need::FirstFactors(asked) => {
                let twin = TWIN.with_borrow(Clone::clone);
                let like = twin.filter(|_| facts.account.user().is_none());
                let contacts = like.as_ref().map_or_else(
                    || contacts(facts),
                    |like| Contacts::of_user(&DECOY_SECRET, facts.pool, like, &[]),
                );
                let found = FirstFactors {
                    contacts,
                    passkeys: passkeys::offered(facts, like.as_ref()),
                    like,
                };
                asked.answered(found, facts, random)
            }
            Need::Passkey(asked) => {
                let known = passkeys::known(&asked.question, facts);
                asked.answered(known, facts, random)
            }
            Need::SoftwareToken(asked) => asked.answered(token.clone(), facts, random),
            Need::Device(asked) => {
                let known = device::known(&asked.question, facts);
                asked.answered(known, facts, random)
            }
            Need::RecoveryCode(asked) => {
                let found = recovery_codes::found(facts, &asked.question);
                asked.answered(found, facts, random)
            }
            Need::Code(asked) => {
                LAST_CODE.set(asked.question.code.expose().to_owned());
                LAST_SENT.set(Some(asked.question.clone()));
                let destination = asked.question.address.clone();
                asked.answered(CodeSent { destination }, facts, random)
            }
            Need::PasswordHistory(asked) => {
                asked.answered(PasswordHistory::default(), facts, random)
            }
            Need::DefineChallenge(_) | Need::CreateChallenge(_) | Need::VerifyChallenge(_) => {
                panic!("these tests have no code of a pool")
            }
        };
    }
}

/// Whose a name is.
fn account<'a>(
    pool: &UserPool,
    name: &NormalName,
    user: Option<&'a User>,
    credentials: Option<&'a Credentials>,
) -> Account<'a> {
    match (user, credentials) {
        (Some(user), Some(credentials)) => Account::Known(user, credentials),
        (Some(user), None) => {
            let decoy = Decoy::of_user(&DECOY_SECRET, pool, user);
            Account::WithoutPassword(user, kept(decoy))
        }
        (None, _) => {
            let nobody = Nobody::of_name(&DECOY_SECRET, &pool.id, name);
            let decoy = Decoy::of_nobody(&DECOY_SECRET, pool, name, &nobody);
            Account::Unknown(kept(nobody.sub), kept(decoy))
        }
    }
}

/// Keeps a value as long as the tests run.
fn kept<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// One name at one app client of one pool.
struct Scene {
    pool: UserPool,
    client: AppClient,
    given: &'static str,
    user: Option<User>,
    credentials: Option<Credentials>,
    lockout: Lockout,
    now: Timestamp,
    random: Random,
}

impl Scene {
    /// `ana`, confirmed, with [`PASSWORD`].
    fn confirmed() -> Self {
        let pool = pool("us-east-1_Home");
        let mut random = Random::from_seed([1; 32]);
        Self {
            client: client(&pool, "web"),
            given: "ana",
            user: Some(user(&pool, SUB, "ana", UserStatus::Confirmed)),
            credentials: Some(credentials(&pool, "ana", PASSWORD, &mut random)),
            lockout: Lockout::default(),
            now: NOW,
            random,
            pool,
        }
    }

    /// `ana`, whom an operator has just made, with [`PASSWORD`] for a week.
    fn invited() -> Self {
        let mut scene = Self::confirmed();
        scene.user_mut().status = UserStatus::ForceChangePassword;
        scene.credentials.as_mut().unwrap().temporary_until = Some(NOW.plus(seconds(7 * 86_400)));
        scene
    }

    /// Nobody of the name `ana`.
    fn nobody() -> Self {
        Self {
            user: None,
            credentials: None,
            ..Self::confirmed()
        }
    }

    fn user_mut(&mut self) -> &mut User {
        self.user.as_mut().unwrap()
    }

    fn set_password(&mut self, password: &str) {
        let username = self.user.as_ref().unwrap().username.clone();
        let new = credentials(&self.pool, &username, password, &mut self.random);
        let temporary_until = self
            .credentials
            .as_ref()
            .and_then(|old| old.temporary_until);
        self.credentials = Some(Credentials {
            temporary_until,
            ..new
        });
    }

    fn facts(&self) -> Facts<'_> {
        let name = NormalName::new(&self.pool, self.given);
        let account = account(
            &self.pool,
            &name,
            self.user.as_ref(),
            self.credentials.as_ref(),
        );
        Facts {
            pool: &self.pool,
            client: &self.client,
            account,
            device: None,
            lockout: self.lockout,
            now: self.now,
        }
    }

    fn start_with_password(&mut self, password: &str) -> Outcome {
        let mut random = self.random.derive();
        start(Flow::Password(secret(password)), &self.facts(), &mut random)
    }

    fn start_srp(&mut self) -> (ClientKey, Outcome) {
        let mut random = self.random.derive();
        let key = ClientKey::generate(&mut random);
        let flow = Flow::Srp(Box::new(key.public_value()));
        let outcome = start(flow, &self.facts(), &mut random);
        (key, outcome)
    }

    /// An SRP challenge and the claim that the password would answer it with now.
    fn challenge(&mut self, password: &str) -> (Pending, Claim) {
        let (key, outcome) = self.start_srp();
        let pending = asked(outcome);
        let claim = Claim::of(
            &self.pool,
            &key,
            &password_step(&pending),
            password,
            self.now,
        );
        (pending, claim)
    }

    fn claim(&mut self, pending: &Pending, claim: &Claim) -> Outcome {
        let mut random = self.random.derive();
        answer::<PasswordVerifier>(pending, claim.answer(), &self.facts(), &mut random)
    }

    fn new_password(
        &mut self,
        pending: &Pending,
        password: &str,
        attributes: &[(&str, &str)],
    ) -> Outcome {
        let attributes = attributes
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let new = NewPassword {
            password: secret(password),
            attributes,
        };
        let mut random = self.random.derive();
        answer::<NewPasswordRequired>(pending, new, &self.facts(), &mut random)
    }
}

/// The step that an outcome asks for.
#[track_caller]
fn asked(outcome: Outcome) -> Pending {
    match outcome {
        Outcome::Ask(pending, _) => pending,
        other => panic!("asked for nothing: {}", told(&other)),
    }
}

#[track_caller]
fn refused(outcome: Outcome) -> Refusal {
    match outcome {
        Outcome::Refuse(refusal) => refusal,
        other => panic!("not refused: {}", told(&other)),
    }
}

/// What a sign-in has come to.
struct SignedIn {
    pool: UserPoolId,
    client: ClientId,
    sub: Sub,
    at: Timestamp,
    factors: Vec<Proved>,
    device: OnDevice,
    change: Option<PasswordChange>,
}

#[track_caller]
fn signed_in(outcome: Outcome) -> SignedIn {
    match outcome {
        Outcome::SignedIn(proof, effects) => {
            let proof = proof.into_parts();
            let change = effects.into_iter().find_map(|effect| match effect {
                Effect::SetPassword(change) => Some(*change),
                Effect::SettlePassword(_)
                | Effect::UseToken(_)
                | Effect::SetUpToken(_)
                | Effect::ProveAddress(_)
                | Effect::UsePasskey(_)
                | Effect::UseDevice(_)
                | Effect::UseRecoveryCode(_) => None,
            });
            SignedIn {
                pool: proof.pool,
                client: proof.client,
                sub: proof.sub,
                at: proof.at,
                factors: proof.factors,
                device: proof.device,
                change,
            }
        }
        other => panic!("not signed in: {}", told(&other)),
    }
}

fn told(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Ask(pending, _) => format!("asked for {}", pending.step.name()),
        Outcome::SignedIn(proof, _) => format!("signed in {}", proof.sub()),
        Outcome::Refuse(refusal) => format!("refused {refusal:?}"),
        Outcome::Need(_) | Outcome::Proved(_) => "undecided".to_owned(),
    }
}

#[track_caller]
fn password_step(pending: &Pending) -> PasswordVerifier {
    pending.step.read().expect("an SRP challenge")
}
