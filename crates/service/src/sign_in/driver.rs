//! The driver of the sign-in machine: reads the facts, lets the machine decide, and does what it
//! asks for.

use std::collections::BTreeMap;

use cognate_api::idp::ChallengeNameType;
use cognate_crypto::digest::{base64_encode, base64url_encode};
use cognate_crypto::random::Random;
use cognate_model::password::Credentials;
use cognate_model::sign_in::{
    self, Answer, Flow, NewPasswordAnswer, Outcome, PasswordClaim, Pending, Proof, Refusal, Step,
};
use cognate_model::{User, UserStatus};
use cognate_store::{Tx, attempts, challenges, sessions, users as stored_users};

use super::kept_step::{self, StepRow};
use super::lockout::{Lock, count_failure};
use super::wire::{Opening, Reply, Response};
use crate::limits::address_limits::Taken;
use crate::outcome::write_settled;
use crate::tokens::token_set::{self, NewSession};
use crate::users::accounts::{Found, PoolClient};
use crate::users::{attributes, storing};
use crate::{Cx, Error, Result};

/// Begins a sign-in.
///
/// # Errors
/// What the operation answers.
pub(crate) async fn begin(
    cx: &Cx,
    pool_client: &PoolClient,
    given: &str,
    opening: Opening,
) -> Result<Reply> {
    let taken = cx.app.limits.failures.take(&cx.origin, cx.now).await?;
    let found = Found::with_password(&cx.app, &pool_client.pool, given).await;
    let (mut taken, found) = taken.through(found)?;
    if found.user.is_none() && !pool_client.hides_users() {
        return Err(Error::user_does_not_exist());
    }
    if matches!(opening, Opening::Srp(_)) {
        (taken, ()) = taken.through(cx.app.limits.open_challenges.spend(&cx.origin, cx.now))?;
    }
    let run = Run {
        cx: cx.clone(),
        pool_client: pool_client.clone(),
        found,
        taken,
    };
    let (run, outcome) = run
        .decide(move |run, random| {
            let flow = match &opening {
                Opening::Srp(public) => Flow::Srp(public),
                Opening::Password(password) => Flow::Password(password),
            };
            sign_in::start(flow, &run.facts(), random)
        })
        .await?;
    run.act(outcome, None).await
}

/// Goes on with a sign-in.
///
/// # Errors
/// What the operation answers.
pub(crate) async fn answer(
    cx: &Cx,
    pool_client: &PoolClient,
    given: &str,
    session: Option<&str>,
    response: Response,
) -> Result<Reply> {
    let row = kept_step::row_of(session, &response)?;
    let answers_srp = matches!(response, Response::PasswordClaim { .. });
    let taken = cx.app.limits.failures.take(&cx.origin, cx.now).await?;
    let (taken, pending) = taken.through(kept_step::load(cx, &row, session).await)?;
    let found = Found::with_password(&cx.app, &pool_client.pool, given).await;
    let (taken, found) = taken.through(found)?;
    if found.user.is_none() && !pool_client.hides_users() {
        return Err(Error::user_does_not_exist());
    }
    let Some(pending) = pending else {
        taken.give_back();
        return Err(Error::invalid_session());
    };
    let run = Run {
        cx: cx.clone(),
        pool_client: pool_client.clone(),
        found,
        taken,
    };
    let (run, outcome) = run
        .decide(move |run, random| {
            let answer = match &response {
                Response::PasswordClaim {
                    secret_block,
                    timestamp,
                    signature,
                } => Answer::PasswordClaim(PasswordClaim {
                    secret_block,
                    timestamp,
                    signature,
                }),
                Response::NewPassword {
                    password,
                    attributes,
                } => Answer::NewPassword(NewPasswordAnswer {
                    password,
                    attributes,
                }),
            };
            sign_in::answer(&pending, answer, &run.facts(), random)
        })
        .await?;
    let reply = run.act(outcome, Some(row)).await?;
    if answers_srp && matches!(reply, Reply::Tokens(_)) {
        // The challenge is gone, so who answers as many as they open, as a back end does for all
        // its users, is never held up.
        cx.app
            .limits
            .open_challenges
            .return_spent(&cx.origin, cx.now);
    }
    Ok(reply)
}

/// One request of a sign-in.
struct Run {
    cx: Cx,
    pool_client: PoolClient,
    found: Found,
    /// Of what the address may guess: counted, unless it is given back.
    taken: Taken,
}

impl Run {
    fn facts(&self) -> sign_in::Facts<'_> {
        self.found
            .facts(&self.cx.app, &self.pool_client, self.cx.now)
    }

    /// Lets the machine decide, on a blocking thread: it computes powers.
    async fn decide<F>(self, machine: F) -> Result<(Self, Outcome)>
    where
        F: FnOnce(&Self, &mut Random) -> Outcome + Send + 'static,
    {
        let cx = self.cx.clone();
        cx.compute(move || {
            let mut random = self.cx.random();
            let outcome = machine(&self, &mut random);
            (self, outcome)
        })
        .await
    }

    async fn act(self, outcome: Outcome, row: Option<StepRow>) -> Result<Reply> {
        match outcome {
            Outcome::Ask(pending) => self.ask(pending, row).await,
            Outcome::SignedIn(proof) => self.sign_in(proof, row).await,
            Outcome::Refuse(refusal) => self.refuse(refusal, row).await,
        }
    }

    /// Keeps the step and gives the challenge; the step before it is used up in the same
    /// transaction.
    async fn ask(self, pending: Pending, row: Option<StepRow>) -> Result<Reply> {
        let session = self.cx.random().bytes::<64>();
        let (name, parameters) = challenge(&pending, &self)?;
        let (pool, expires_at) = (pending.pool.clone(), pending.expires_at);
        let (new_row, kept) = kept_step::keep(pending, &session)?;
        let stands = async move |tx: &mut Tx| -> Result<Option<Option<Error>>> {
            Ok(challenges::find(tx, &new_row).await?.map(|_| None))
        };
        let (sub, now) = (
            self.found.subject(&self.cx.app, &self.pool_client.pool),
            self.cx.now,
        );
        let keep = async move |tx: &mut Tx| -> Result<Option<Error>> {
            kept_step::use_up(tx, row.as_ref()).await?;
            // NEW_PASSWORD_REQUIRED tells that the password was right, which is not told while the
            // lock stands. The refusal is committed with the end of the step: one that lived on
            // would tell as much.
            if attempts::find_lockout(tx, &pool, sub.as_str())
                .await?
                .is_locked(now)
            {
                return Ok(Some(Error::password_attempts_exceeded()));
            }
            challenges::insert(tx, &new_row, &pool, &kept, expires_at).await?;
            Ok(None)
        };
        let kept = write_settled(&self.cx.app.db, "keep_sign_in_step", stands, keep).await;
        // Refused by the lock, a right password is counted as a wrong one is.
        self.taken.settle_guess(kept)?;
        Ok(Reply::Challenge {
            name,
            session: base64url_encode(&session),
            parameters,
        })
    }

    /// Makes the session and issues tokens. What may have changed since the facts were read is
    /// checked in the same transaction: that nobody failed too often in the meantime, so that a
    /// thousand guesses at once are worth no more than one after the other; and that the password
    /// is still the user's, so that a change of it leaves no session behind that the old one began.
    async fn sign_in(self, proof: Proof, row: Option<StepRow>) -> Result<Reply> {
        let Some(user) = self
            .found
            .user
            .as_ref()
            .filter(|user| user.sub == *proof.sub())
        else {
            return Err(Error::internal().with_source("a proof for another user"));
        };
        let (new, change) = NewSession::begin(&self.cx, &self.pool_client, proof)?;
        let user = change.as_ref().map_or(user, |change| &change.user).clone();
        let (now, pool, pool_id) = (
            self.cx.now,
            std::sync::Arc::clone(&self.pool_client.pool),
            self.pool_client.pool.id.clone(),
        );
        let (sub, session) = (user.sub.clone(), new.clone());
        let proved = ProofBasis::of(self.found.user.as_ref(), self.found.credentials.as_ref());
        let (of_pool, id) = (pool_id.clone(), new.session.id.clone());
        let stands = async move |tx: &mut Tx| -> Result<Option<Option<Error>>> {
            Ok(sessions::find(tx, &of_pool, &id).await?.map(|_| None))
        };
        let change = change.map(|change| (change.user, change.credentials));
        let store = async move |tx: &mut Tx| -> Result<Option<Error>> {
            kept_step::use_up(tx, row.as_ref()).await?;
            let lockout = attempts::find_lockout(tx, &pool_id, sub.as_str()).await?;
            if lockout.is_locked(now) {
                // Committed with the end of the step: a wrong answer's step is used up too.
                return Ok(Some(Error::password_attempts_exceeded()));
            }
            let (current, credentials) = stored_users::find_with_credentials(tx, &pool_id, &sub)
                .await?
                .unzip();
            if ProofBasis::of(current.as_ref(), credentials.flatten().as_ref()) != proved {
                return Ok(Some(Error::incorrect_username_or_password()));
            }
            if lockout.failures > 0 {
                attempts::clear_lockout(tx, &pool_id, sub.as_str()).await?;
            }
            if let Some((user, credentials)) = &change {
                storing::store(tx, &pool, user, false).await?;
                storing::set_password(tx, &pool_id, &user.sub, credentials, now).await?;
            }
            sessions::insert(tx, &session.session, &session.refresh.hash).await?;
            Ok(None)
        };
        let stored = write_settled(&self.cx.app.db, "sign_in", stands, store).await;
        self.taken.settle_guess(stored)?;
        let tokens = token_set::issue(
            &self.cx,
            &self.pool_client,
            &user,
            &new.session,
            Some(&new.refresh.text),
        )
        .await?;
        Ok(Reply::Tokens(tokens))
    }

    /// Counts the failure and uses up the step, where the refusal says so. While the lock stands
    /// every answer is the lock's: of many guesses at once, the right one must not stand out by
    /// another.
    async fn refuse(self, refusal: Refusal, row: Option<StepRow>) -> Result<Reply> {
        let row = row.filter(|_| !refusal.keeps_the_step());
        let counts = refusal.counts_as_failure();
        let sub = self.found.subject(&self.cx.app, &self.pool_client.pool);
        let (now, pool) = (self.cx.now, self.pool_client.pool.id.clone());
        let lock = if counts || row.is_some() {
            let settle = async move |tx: &mut Tx| -> Result<Lock> {
                kept_step::use_up(tx, row.as_ref()).await?;
                if counts {
                    return count_failure(tx, &pool, &sub, now).await;
                }
                let lockout = attempts::find_lockout(tx, &pool, sub.as_str()).await?;
                Ok(Lock::of(&lockout, now))
            };
            self.cx.app.db.write("refuse_sign_in", settle).await?
        } else {
            let mut tx = self.cx.app.db.read().await?;
            let lockout = attempts::find_lockout(&mut tx, &pool, sub.as_str()).await?;
            Lock::of(&lockout, now)
        };
        lock.tell(&self.cx.app.counts);
        let is_locked = lock == Lock::Stands;
        // What the lock hides must not show in what is left of the allowance either; a lock that
        // kept the machine from looking hides nothing.
        let is_guess = counts || (is_locked && refusal != Refusal::Locked);
        if !is_guess {
            self.taken.give_back();
        }
        Err(if is_locked {
            Error::password_attempts_exceeded()
        } else {
            refused(refusal)
        })
    }
}

/// What a proof rests on besides the password, and the password itself, told by its salt, which no
/// other password has.
#[derive(Clone, PartialEq)]
struct ProofBasis {
    enabled: bool,
    status: Option<UserStatus>,
    salt: Option<Vec<u8>>,
}

impl ProofBasis {
    fn of(user: Option<&User>, credentials: Option<&Credentials>) -> Self {
        Self {
            enabled: user.is_some_and(|user| user.enabled),
            status: user.map(|user| user.status),
            salt: credentials.map(|credentials| credentials.salt.clone()),
        }
    }
}

/// The challenge as clients see it.
fn challenge(
    pending: &Pending,
    run: &Run,
) -> Result<(ChallengeNameType, BTreeMap<String, String>)> {
    let own = |parameters: Vec<(&str, String)>| {
        parameters
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    };
    match &pending.step {
        Step::PasswordVerifier(step) => Ok((
            ChallengeNameType::PasswordVerifier,
            own(vec![
                ("SALT", step.salt.clone()),
                ("SRP_B", step.server_public.clone()),
                ("SECRET_BLOCK", base64_encode(&step.secret_block)),
                ("USERNAME", step.user_id.clone()),
                ("USER_ID_FOR_SRP", step.user_id.clone()),
            ]),
        )),
        Step::NewPasswordRequired(_) => {
            let user = run
                .found
                .user
                .as_ref()
                .ok_or_else(|| Error::internal().with_source("a challenge without a user"))?;
            Ok((
                ChallengeNameType::NewPasswordRequired,
                own(new_password_parameters(user, run)?),
            ))
        }
    }
}

fn new_password_parameters(user: &User, run: &Run) -> Result<Vec<(&'static str, String)>> {
    let client = &run.pool_client.entry.client;
    let known: BTreeMap<&str, &str> = user
        .attributes
        .iter()
        .filter(|(name, value)| !value.is_empty() && client.may_read(name))
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let missing = run
        .pool_client
        .pool
        .schema
        .missing_required(&user.attributes);
    let missing: Vec<String> = missing
        .into_iter()
        .map(|name| format!("userAttributes.{name}"))
        .collect();
    Ok(vec![
        ("USER_ID_FOR_SRP", user.username.clone()),
        ("requiredAttributes", serde_json::to_string(&missing)?),
        ("userAttributes", serde_json::to_string(&known)?),
    ])
}

/// The error of a refusal.
fn refused(refusal: Refusal) -> Error {
    match refusal {
        Refusal::WrongPassword => Error::incorrect_username_or_password(),
        Refusal::Locked => Error::password_attempts_exceeded(),
        Refusal::Disabled => Error::user_is_disabled(),
        Refusal::NotConfirmed => Error::user_is_not_confirmed(),
        Refusal::ResetRequired => Error::password_reset_required(),
        Refusal::TemporaryPasswordExpired => Error::temporary_password_expired(),
        Refusal::NoSuchStep | Refusal::WrongChallenge => Error::invalid_session(),
        Refusal::Timestamp => Error::timestamp_malformed(),
        Refusal::Missing(names) => {
            Error::attribute_is_missing(names.first().map_or("", String::as_str))
        }
        Refusal::Policy(violation) => Error::password_does_not_conform(violation),
        Refusal::Attribute(error) => attributes::refused(error),
        Refusal::NotWritable(_) => Error::unauthorized_attribute(),
        Refusal::AlreadyProvided(attribute) => Error::cannot_modify_provided(attribute),
    }
}
