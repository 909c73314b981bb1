//! A sign-in that is to reach a level (TARGET_ACR_VALUES of USER_AUTH, docs/protocol.md §18.4,
//! §18.5): what is asked for the level, and what the session of an access token counts for.
//!
//! What that session has proved counts, and never suffices: where it has reached the level already,
//! the sign-in is refused. Nor does it count beside an app, a passkey or an address that came later
//! by no more than an access token. So a token alone makes no new session, whoever holds it.
//!
//! Before a factor is proved, the answers are those of a sign-in without a level: which levels a
//! user can reach would tell strangers what the user has.

use std::collections::BTreeSet;
use std::time::Duration;

use cognate_crypto::random::Random;

use super::choice::{Choice, FirstChallenge};
use super::facts::Facts;
use super::outcome::{Asked, Need, Outcome};
use super::progress::{Credit, Target};
use super::questions::FirstFactors;
use super::refusal::Refusal;
use super::turn::Turn;
use super::{mfa, mfa_challenge, select_challenge, select_mfa_type, software_token_mfa};
use crate::acr::{Level, Method, of_factors};
use crate::factor::Factor;
use crate::second_factor::SecondFactor;
use crate::session::TokenSession;

/// How a sign-in begins that is to reach a level.
pub struct StepUp {
    /// What the client would like to begin with.
    pub choice: Choice,
    /// The levels, those first that are tried first.
    pub levels: Vec<Level>,
    /// The session whose access token was given, if one was.
    pub session: Option<TokenSession>,
    /// So old that session's sign-in may be to count.
    pub max_age: Option<Duration>,
}

/// Begins such a sign-in.
pub(super) fn begin(step_up: StepUp, mut turn: Turn, facts: &Facts<'_>) -> Outcome {
    let StepUp {
        choice,
        levels,
        session,
        max_age,
    } = step_up;
    if session
        .as_ref()
        .is_some_and(|session| !is_own(session, facts))
    {
        return Outcome::Refuse(Refusal::AnothersToken);
    }
    let credit = session.and_then(|session| {
        let factors = session.factors_that_count(max_age, facts.now);
        let session = session.id;
        (!factors.is_empty()).then_some(Credit { session, factors })
    });
    turn.progress.target = Target::new(levels, credit);
    forget_void_credit(&mut turn, facts);
    if turn.progress.credit().is_empty() {
        select_challenge::begin(choice, turn)
    } else {
        turn.choice = Some(choice);
        Outcome::Proved(turn)
    }
}

/// What the session has proved counts no more once somebody with its access token may have set up
/// what proves the rest.
fn forget_void_credit(turn: &mut Turn, facts: &Facts<'_>) {
    let user = facts.account.user();
    let changed = user.and_then(|user| user.factors_changed_at);
    turn.progress.forget_credit_before(changed);
}

/// Whether a session is of this user, at this app client.
fn is_own(session: &TokenSession, facts: &Facts<'_>) -> bool {
    session.pool == facts.pool.id
        && session.client == facts.client.id
        && facts.account.sub() == Some(&session.sub)
}

/// Goes on towards the level that is to be reached, if one is, or to the second factor and the end.
/// The account's state was looked at before.
pub(super) fn proceed(mut turn: Turn, facts: &Facts<'_>, random: &mut Random) -> Outcome {
    forget_void_credit(&mut turn, facts);
    let Some(target) = turn.progress.target.clone() else {
        return mfa::proceed(turn, facts, random);
    };
    let met = Level::met_by(&of_factors(turn.progress.counted()));
    let first = target.levels.first().copied();
    if turn.progress.credit().is_empty() && met >= first {
        return mfa::proceed(turn, facts, random);
    }
    software_token_mfa::known(move |known, _, _| {
        let has_token = known.token.verified.is_some();
        let go_on = move |found: FirstFactors, facts: &Facts<'_>, random: &mut Random| {
            let means = Means::of(&turn, has_token, &found, facts);
            go_on(turn, &target, &means, &found, facts, random)
        };
        Outcome::Need(Need::FirstFactors(Asked::new((), go_on)))
    })
}

/// Reaches the first level that can be reached.
fn go_on(
    turn: Turn,
    target: &Target,
    means: &Means,
    found: &FirstFactors,
    facts: &Facts<'_>,
    random: &mut Random,
) -> Outcome {
    let counted = of_factors(turn.progress.counted());
    let mut reachable = target.levels.iter().copied().filter_map(|level| {
        let ways = means.ways(level, &counted);
        (!ways.is_empty()).then_some((level, ways))
    });
    let Some((level, ways)) = reachable.next() else {
        return Outcome::Refuse(Refusal::TargetOutOfReach);
    };
    if Level::met_by(&of_factors(turn.progress.credit())) >= Some(level) {
        return Outcome::Refuse(Refusal::TargetMet);
    }
    if ways.iter().any(BTreeSet::is_empty) {
        return mfa::proceed(turn, facts, random);
    }
    means.ask(&ways, turn, found, facts, random)
}

/// What a user can prove besides what counts already.
struct Means {
    /// As one begins a sign-in.
    first: Vec<FirstChallenge>,
    /// As one is asked after another factor.
    second: Vec<SecondFactor>,
    preferred: Option<SecondFactor>,
}

impl Means {
    fn of(turn: &Turn, has_token: bool, found: &FirstFactors, facts: &Facts<'_>) -> Self {
        let user = turn.user(facts);
        // Who has used a recovery code has lost them.
        let are_lost = turn.progress.has_proved(Factor::RecoveryCode);
        let second = user.filter(|_| !are_lost);
        let second = second.map(|user| facts.pool.second_factors_of(user, has_token));
        Self {
            first: select_challenge::offered(facts, found),
            second: second.unwrap_or_default(),
            preferred: user.and_then(|user| user.mfa.preferred),
        }
    }

    /// What can be done for a level: the shortest ways to it that the user can go. None has a step
    /// where the level is met, and there is none where it cannot be reached.
    fn ways(&self, level: Level, counted: &BTreeSet<Method>) -> Vec<BTreeSet<Method>> {
        let can = |method: &Method| self.is_first(*method) || self.is_second(*method);
        let missing = level.missing(counted);
        let mut ways: Vec<_> = missing
            .into_iter()
            .filter(|way| way.iter().all(can))
            .collect();
        let shortest = ways.iter().map(BTreeSet::len).min();
        ways.retain(|way| Some(way.len()) == shortest);
        ways
    }

    fn is_first(&self, method: Method) -> bool {
        self.first.iter().any(|first| first.method() == method)
    }

    fn is_second(&self, method: Method) -> bool {
        let mut second = self.second.iter();
        second.any(|second| second.method() == method)
    }

    /// Asks for the next step on one of the ways: for what the client would like, if that is one;
    /// else for a second factor, if one suffices; else for what begins a sign-in.
    fn ask(
        &self,
        ways: &[BTreeSet<Method>],
        mut turn: Turn,
        found: &FirstFactors,
        facts: &Facts<'_>,
        random: &mut Random,
    ) -> Outcome {
        let are_second = |way: &&BTreeSet<Method>| way.iter().all(|step| self.is_second(*step));
        let by_second: BTreeSet<Method> =
            ways.iter().filter(are_second).flatten().copied().collect();
        let is_wanted = |factor: &&SecondFactor| by_second.contains(&factor.method());
        let second: Vec<_> = self.second.iter().filter(is_wanted).copied().collect();
        let is_step =
            |first: &&FirstChallenge| ways.iter().any(|way| way.contains(&first.method()));
        let first: Vec<_> = self.first.iter().filter(is_step).copied().collect();

        let choice = turn.choice.take().unwrap_or_default();
        let wished = choice.challenge.map(FirstChallenge::method);
        let wished_second = second.iter().find(|factor| Some(factor.method()) == wished);
        if let Some(wished) = wished_second {
            return mfa_challenge::ask(*wished, turn, facts, random);
        }
        if let Some(wished) = choice.challenge.filter(|wished| first.contains(wished)) {
            return select_challenge::ask(wished, choice, found, turn, facts, random);
        }
        let preferred = self
            .preferred
            .filter(|preferred| second.contains(preferred));
        match (preferred, second.as_slice()) {
            (Some(factor), _) => mfa_challenge::ask(factor, turn, facts, random),
            (None, [factor]) => mfa_challenge::ask(*factor, turn, facts, random),
            (None, []) => select_challenge::offer(first, turn, facts),
            (None, _) => select_mfa_type::ask(second, turn, facts),
        }
    }
}
