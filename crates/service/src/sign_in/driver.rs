//! The driver of the sign-in machine: reads the facts, lets the machine decide, finds out what it
//! needs, and does what it asks for.

use std::convert::identity;

use cognate_crypto::digest::base64url_encode;
use cognate_model::sign_in::{
    self, CodeSent, Computed, Effect, Facts, FirstFactors, Flow, Holder, KnownDevice, KnownToken,
    Need, Outcome, Pending, Powers, Proof, Refusal, Way,
};
use cognate_model::{DeviceKey, Groups};
use cognate_store::{
    Tx, attempts, challenges, devices, group_members, password_history, sessions, software_tokens,
};

use super::effects::{self, Basis};
use super::kept_step;
use super::lockout::{Lock, count_failure};
use super::refused::refused;
use super::step_row::{self, StepRow};
use super::wire::{self, Answer, Reply, Shown};
use crate::limits::address_limits::Taken;
use crate::messages::allowance;
use crate::messages::destinations::Surroundings;
use crate::messages::sign_in_code::SignInCode;
use crate::outcome::write_settled;
use crate::passkeys::{found, use_of};
use crate::recovery_codes::use_of::find as recovery_code;
use crate::tokens::token_set::{self, NewSession};
use crate::users::accounts::{Found, PoolClient, stand_in};
use crate::{Cx, Error, ErrorCode, Result};

/// Begins a sign-in.
///
/// # Errors
/// What the operation answers.
pub(super) async fn begin(
    cx: &Cx,
    pool_client: &PoolClient,
    given: &str,
    flow: Flow,
    device: Option<DeviceKey>,
) -> Result<Reply> {
    let taken = cx.app.limits.failures.take(&cx.origin, cx.now).await?;
    let found = Found::with_password(&cx.app, &pool_client.pool, given).await;
    let (mut taken, found) = taken.through(found)?;
    if found.user().is_none() && !pool_client.hides_users() {
        return Err(Error::user_does_not_exist());
    }
    if begins_with_a_challenge(flow.way()) {
        (taken, ()) = taken.through(cx.app.limits.open_challenges.spend(&cx.origin, cx.now))?;
    }
    let run = Run {
        cx: cx.clone(),
        pool_client: pool_client.clone(),
        found,
        device,
        taken,
        row: None,
        code: None,
        token: None,
    };
    let outcome = sign_in::start(flow, &run.facts());
    run.act(outcome).await
}

/// Goes on with a sign-in.
///
/// # Errors
/// What the operation answers.
pub(super) async fn answer(
    cx: &Cx,
    pool_client: &PoolClient,
    given: &str,
    session: Option<&str>,
    answer: Answer,
) -> Result<Reply> {
    let of_session = || match (session, answer.session) {
        (Some(session), _) => step_row::of_session(session),
        (None, Some(named)) => Ok(step_row::of_session_bytes(&named)),
        (None, None) => Err(Error::missing_required_parameter("Session")),
    };
    let row = answer.row.map_or_else(of_session, Ok)?;
    let taken = cx.app.limits.failures.take(&cx.origin, cx.now).await?;
    let (taken, pending) = taken.through(kept_step::load(cx, &row, session).await)?;
    let found = who_answers(cx, pool_client, given, pending.as_ref()).await;
    let (taken, found) = taken.through(found)?;
    if found.user().is_none() && !pool_client.hides_users() {
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
        device: answer.device.clone(),
        taken,
        row: Some(row),
        code: None,
        token: None,
    };
    let outcome = answer.decide(pending, &run.facts(), &mut cx.random());
    run.act(outcome).await
}

/// Who answers a step: by a name, or by the user id that the challenge has told. That is the name
/// in the form that it had when the password was set, and the pool may have another case rule
/// since.
async fn who_answers(
    cx: &Cx,
    pool_client: &PoolClient,
    given: &str,
    pending: Option<&Pending>,
) -> Result<Found> {
    let (app, pool) = (&cx.app, &pool_client.pool);
    let found = Found::with_password(app, pool, given).await?;
    let asked = match pending.map(|pending| &pending.holder) {
        Some(Holder::User(sub)) if pending.is_some_and(|pending| pending.pool == pool.id) => sub,
        _ => return Ok(found),
    };
    if found.subject() == asked {
        return Ok(found);
    }
    let by_id = Found::with_password(app, pool, asked.as_str()).await?;
    Ok(if by_id.user_id() == given {
        by_id
    } else {
        found
    })
}

/// Whether a sign-in that begins so leaves a row that waits before anything is proved.
fn begins_with_a_challenge(way: Way) -> bool {
    match way {
        Way::Srp | Way::Choice | Way::Custom => true,
        Way::Password => false,
    }
}

/// One request of a sign-in.
struct Run {
    cx: Cx,
    pool_client: PoolClient,
    found: Found,
    /// The device that the request names.
    device: Option<DeviceKey>,
    /// Of what the address may guess: counted, unless it is given back.
    taken: Taken,
    /// The row of the step that is answered.
    row: Option<StepRow>,
    /// The code that goes out with the next step.
    code: Option<SignInCode>,
    /// The user's authenticator app, once it was looked up.
    token: Option<KnownToken>,
}

impl Run {
    fn facts(&self) -> Facts<'_> {
        Facts {
            device: self.device.as_ref(),
            ..self.found.facts(&self.pool_client, self.cx.now)
        }
    }

    async fn act(mut self, mut outcome: Outcome) -> Result<Reply> {
        loop {
            outcome = match outcome {
                Outcome::Ask(pending, effects) => return self.ask(pending, effects).await,
                Outcome::SignedIn(proof, effects) => return self.sign_in(proof, effects).await,
                Outcome::Refuse(refusal) => return self.refuse(refusal).await,
                Outcome::Need(need) => self.find_out(need).await?,
                Outcome::Proved(turn) => {
                    sign_in::proceed(turn, &self.facts(), &mut self.cx.random())
                }
            };
        }
    }

    /// Finds out what the machine needs, and lets it go on.
    async fn find_out(&mut self, need: Need) -> Result<Outcome> {
        match need {
            Need::Powers(powers) => {
                let computed = self.compute(powers).await?;
                Ok(computed.go_on(&self.facts(), &mut self.cx.random()))
            }
            Need::FirstFactors(asked) => {
                let pool = &self.pool_client.pool;
                let (user, name) = (self.found.user(), &self.found.name);
                let around = Surroundings::find(&self.cx, pool, user, name).await?;
                let like = around.like(&self.cx, pool).filter(|_| user.is_none());
                let found = FirstFactors {
                    contacts: around.contacts(&self.cx, pool, user),
                    passkeys: found::offered(&self.cx, pool, user, &around).await?,
                    like: like.cloned(),
                };
                Ok(asked.answered(found, &self.facts(), &mut self.cx.random()))
            }
            Need::SoftwareToken(asked) => {
                let known = self.known_token().await?;
                Ok(asked.answered(known, &self.facts(), &mut self.cx.random()))
            }
            Need::RecoveryCode(asked) => {
                let (pool, subject) = (&self.pool_client.pool, self.found.subject());
                let found = recovery_code(&self.cx, pool, subject, &asked.question).await?;
                Ok(asked.answered(found, &self.facts(), &mut self.cx.random()))
            }
            Need::Passkey(asked) => {
                let (pool, subject) = (&self.pool_client.pool, self.found.subject());
                let known = found::known(&self.cx, pool, subject, &asked.question).await?;
                Ok(asked.answered(known, &self.facts(), &mut self.cx.random()))
            }
            Need::DefineChallenge(asked) => {
                let defined = self.cx.app.outbound.triggers.define(&asked.question);
                let defined = defined.ok_or_else(Error::custom_auth_not_configured)?;
                Ok(asked.answered(defined, &self.facts(), &mut self.cx.random()))
            }
            Need::CreateChallenge(asked) => {
                let created = self.cx.app.outbound.triggers.create(&asked.question);
                let created = created.ok_or_else(Error::custom_auth_not_configured)?;
                Ok(asked.answered(created, &self.facts(), &mut self.cx.random()))
            }
            Need::VerifyChallenge(asked) => {
                let verified = self.cx.app.outbound.triggers.verify(&asked.question);
                let verified = verified.ok_or_else(Error::custom_auth_not_configured)?;
                Ok(asked.answered(verified, &self.facts(), &mut self.cx.random()))
            }
            Need::Device(asked) => {
                let known = self.known_device(&asked.question).await?;
                Ok(asked.answered(known, &self.facts(), &mut self.cx.random()))
            }
            Need::Code(asked) => {
                let pool = &self.pool_client.pool;
                let user = stand_in(&self.cx, pool, self.found.user(), &self.found.name);
                let code = SignInCode::make(&self.cx, pool, &user, &asked.question)?;
                let fact = CodeSent {
                    destination: code.shown().to_owned(),
                };
                self.code = Some(code);
                Ok(asked.answered(fact, &self.facts(), &mut self.cx.random()))
            }
            Need::PasswordHistory(asked) => {
                let (pool, sub) = (&self.pool_client.pool.id, self.found.subject());
                let mut reader = self.cx.app.db.read().await?;
                let history = password_history::find(&mut reader, pool, sub).await?;
                Ok(asked.answered(history, &self.facts(), &mut self.cx.random()))
            }
        }
    }

    /// Computes powers, or the hash of a password.
    async fn compute(&self, powers: Powers) -> Result<Computed> {
        let (mut random, memory) = (self.cx.random(), powers.hashing_memory());
        let work = move || powers.compute(&mut random);
        self.cx.compute_hash(memory, work).await
    }

    /// The user's authenticator app, which is looked up once.
    async fn known_token(&mut self) -> Result<KnownToken> {
        if let Some(known) = &self.token {
            return Ok(known.clone());
        }
        let mut tx = self.cx.app.db.read().await?;
        let (pool, sub) = (&self.pool_client.pool.id, self.found.subject());
        let found = software_tokens::find(&mut tx, pool, sub).await?;
        let known = found.map_or_else(KnownToken::default, |(token, last_step)| KnownToken {
            token,
            last_step,
        });
        Ok(self.token.insert(known).clone())
    }

    /// A device of the user; nobody has any.
    async fn known_device(&self, key: &DeviceKey) -> Result<Option<KnownDevice>> {
        let Some(user) = self.found.user() else {
            return Ok(None);
        };
        let mut tx = self.cx.app.db.read().await?;
        let pool = &self.pool_client.pool.id;
        let found = devices::find_with_secret(&mut tx, pool, &user.sub, key).await?;
        Ok(found.map(|(device, secret)| KnownDevice { device, secret }))
    }

    /// Keeps the step and gives the challenge; the step before it is used up, and what it changed
    /// is stored, in the same transaction.
    async fn ask(self, pending: Pending, effects: Vec<Effect>) -> Result<Reply> {
        let cx = self.cx.clone();
        let medium = self.code.as_ref().map(SignInCode::medium);
        let allowed = allowance::take(&cx, &pending.pool, medium).await;
        let allowed = allowed.map_err(too_many_messages)?;
        let named = wire::session(&pending.step, &self.pool_client.entry.client.id);
        let session = named.map_or_else(
            || cx.random().bytes::<64>().to_vec(),
            |bytes| bytes.to_vec(),
        );
        let shown = Shown {
            pool_client: &self.pool_client,
            user: self.found.user(),
            user_id: self.found.user_id(),
        };
        let reply = wire::shown(&pending.step, base64url_encode(&session), &shown)?;
        let expires_at = pending.expires_at;
        let (new_row, kept) = kept_step::keep(pending, &session)?;
        let stands = async move |tx: &mut Tx| -> Result<Option<Option<Error>>> {
            Ok(challenges::find(tx, &new_row).await?.map(|_| None))
        };
        let (sub, now, row) = (self.found.subject().clone(), self.cx.now, self.row);
        let pool = std::sync::Arc::clone(&self.pool_client.pool);
        let code = self.code;
        let basis = (!effects.is_empty()).then(|| Basis::of_found(&self.found));
        let address = self.cx.user_address();
        let keep = async move |tx: &mut Tx| -> Result<Option<Error>> {
            kept_step::use_up(tx, row.as_ref()).await?;
            // A challenge after the password tells that it was right, which is not told while the
            // lock stands. The refusal is committed with the end of the step: one that lived on
            // would tell as much.
            if attempts::find_lockout(tx, &pool.id, sub.as_str())
                .await?
                .is_locked(now)
            {
                return Ok(Some(Error::password_attempts_exceeded()));
            }
            if let Some(basis) = &basis
                && !basis.stands(tx, &pool.id, &sub).await?
            {
                return Ok(Some(Error::incorrect_username_or_password()));
            }
            // What may refuse comes before what changes.
            if let Some(code) = &code
                && let Some(refusal) = code.put(tx).await?
            {
                return Ok(Some(refusal));
            }
            let address = address.as_deref();
            let refusal = effects::apply(tx, &pool, &sub, &effects, address, now).await?;
            if refusal.is_some() {
                return Ok(refusal);
            }
            if named.is_some() {
                // A sign-in that begins anew with the same values takes the place of the one
                // before.
                challenges::consume(tx, &new_row).await?;
            }
            challenges::insert(tx, &new_row, &pool.id, &kept, expires_at).await?;
            Ok(None)
        };
        let kept = write_settled(&self.cx.app.db, "keep_sign_in_step", stands, keep).await;
        // Refused by the lock, a right password is counted as a wrong one is.
        self.taken.settle_guess(kept)?;
        if medium.is_some() {
            allowed.sent();
            cx.app.outbox_filled.notify_one();
        }
        Ok(reply)
    }

    /// Makes the session and issues tokens. What may have changed since the facts were read is
    /// checked in the same transaction: that nobody failed too often in the meantime, so that a
    /// thousand guesses at once are worth no more than one after the other; and that the password
    /// is still the user's, so that a change of it leaves no session behind that the old one began.
    async fn sign_in(self, proof: Proof, effects: Vec<Effect>) -> Result<Reply> {
        let way = proof.way();
        let changed = effects.iter().rev().find_map(Effect::changed_user);
        let user = changed.or(self.found.user());
        let Some(user) = user.filter(|user| user.sub == *proof.sub()).cloned() else {
            return Err(Error::internal().with_source("a proof for another user"));
        };
        let rests_on = proof.rests_on().cloned();
        let new = NewSession::begin(&self.cx, &self.pool_client, proof)?;
        let (now, row) = (self.cx.now, self.row);
        let pool = std::sync::Arc::clone(&self.pool_client.pool);
        let (sub, session) = (user.sub.clone(), new.clone());
        let basis = Basis::of_found(&self.found).and_session(rests_on);
        let address = self.cx.user_address();
        let (of_pool, id) = (pool.id.clone(), new.session.id.clone());
        let of_sub = sub.clone();
        let stands = async move |tx: &mut Tx| -> Result<Option<Result<Groups>>> {
            if sessions::find(tx, &of_pool, &id).await?.is_none() {
                return Ok(None);
            }
            let groups = group_members::of_user(tx, &of_pool, &of_sub).await?;
            Ok(Some(Ok(groups)))
        };
        let store = async move |tx: &mut Tx| -> Result<Result<Groups>> {
            kept_step::use_up(tx, row.as_ref()).await?;
            let lockout = attempts::find_lockout(tx, &pool.id, sub.as_str()).await?;
            if lockout.is_locked(now) {
                // Committed with the end of the step: a wrong answer's step is used up too.
                return Ok(Err(Error::password_attempts_exceeded()));
            }
            if !basis.stands(tx, &pool.id, &sub).await? {
                return Ok(Err(Error::incorrect_username_or_password()));
            }
            let address = address.as_deref();
            let refusal = effects::apply(tx, &pool, &sub, &effects, address, now).await?;
            if let Some(refusal) = refusal {
                return Ok(Err(refusal));
            }
            if lockout.failures > 0 {
                attempts::clear_lockout(tx, &pool.id, sub.as_str()).await?;
            }
            session.store(tx, &pool).await?;
            Ok(Ok(group_members::of_user(tx, &pool.id, &sub).await?))
        };
        let stored = write_settled(&self.cx.app.db, "sign_in", stands, store).await;
        let groups = self.taken.settle(stored.and_then(identity))?;
        if begins_with_a_challenge(way) {
            // It is gone, so who answers as many as they open, as a back end does for all its
            // users, is never held up.
            let open = &self.cx.app.limits.open_challenges;
            open.return_spent(&self.cx.origin, self.cx.now);
        }
        let mut tokens = token_set::issue(
            &self.cx,
            &self.pool_client,
            &user,
            &groups,
            &new.session,
            Some(&new.refresh.text),
        )
        .await?;
        tokens.new_device_metadata = new.device_metadata();
        Ok(Reply::Tokens(tokens))
    }

    /// Counts the failure and uses up the step, where the refusal says so. While the lock stands
    /// every answer is the lock's: of many guesses at once, the right one must not stand out by
    /// another.
    async fn refuse(self, refusal: Refusal) -> Result<Reply> {
        let row = self.row.filter(|_| !refusal.keeps_the_step());
        let guessed = self.row.filter(|_| refusal.is_a_guess());
        // It is told only to who was right, so it is told once a step, as a success is.
        let held = self.row.filter(|_| refusal == Refusal::UnknownDevice);
        let counts = refusal.counts_as_failure();
        let sub = self.found.subject().clone();
        let (now, pool) = (self.cx.now, self.pool_client.pool.id.clone());
        let copied = refusal.copied_passkey().cloned();
        let (lock, stands) = if counts || row.is_some() || held.is_some() {
            let settle = async move |tx: &mut Tx| -> Result<(Lock, bool)> {
                // A guess counts for the user even if another answer has used the step up.
                let stands = kept_step::take(tx, row.as_ref()).await?
                    && kept_step::note_guess(tx, guessed.as_ref()).await?
                    && kept_step::stands(tx, held.as_ref()).await?;
                if let Some(id) = copied.as_ref().filter(|_| stands) {
                    use_of::distrust(tx, &pool, &sub, id, now).await?;
                }
                if counts {
                    return Ok((count_failure(tx, &pool, &sub, now).await?, stands));
                }
                let lockout = attempts::find_lockout(tx, &pool, sub.as_str()).await?;
                Ok((Lock::of(&lockout, now), stands))
            };
            self.cx.app.db.write("refuse_sign_in", settle).await?
        } else {
            let mut tx = self.cx.app.db.read().await?;
            let lockout = attempts::find_lockout(&mut tx, &pool, sub.as_str()).await?;
            (Lock::of(&lockout, now), true)
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
        } else if stands {
            refused(refusal)
        } else {
            Error::invalid_session()
        })
    }
}

/// The operations of a sign-in have no LimitExceededException.
fn too_many_messages(error: Error) -> Error {
    match error.code {
        ErrorCode::LimitExceeded => Error::too_many_requests().with_source(error.message),
        _ => error,
    }
}
