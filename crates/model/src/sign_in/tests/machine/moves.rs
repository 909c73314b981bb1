//! What can happen in a walk through the machine, and how often.

use proptest::prelude::*;
use proptest::sample::Index;

use super::{CLIENTS, NAMES, POOLS};
use crate::user::UserStatus;

/// Where a request comes from: indexes into the names, app clients and pools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct At {
    pub(super) pool: usize,
    pub(super) client: usize,
    pub(super) name: usize,
}

#[derive(Clone, Debug)]
pub(super) enum Move {
    StartPassword(At, Guess),
    StartSrp(At),
    /// To the step of that index, or to the last one.
    Answer {
        step: Option<Index>,
        by: Moved,
        with: Response,
    },
    Wait(u64),
    SignUp(At, UserStatus),
    SetPassword(At, Option<u64>),
    DropPassword(At),
    SetStatus(At, UserStatus),
    SetEnabled(At, bool),
    Delete(At),
    Lock(At, u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guess {
    Right,
    /// The password before the last change.
    Former,
    /// The password that the same name has in the other pool.
    OfTheOtherPool,
    Wrong,
}

/// Who answers a step: its holder, or another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moved {
    Not,
    ToName(usize),
    ToClient(usize),
    ToPool(usize),
}

/// An answer, of the kind that the step asks for or of the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Response {
    pub(super) fits: bool,
    pub(super) guess: Guess,
    pub(super) twist: Twist,
    pub(super) meets_policy: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Twist {
    None,
    Block,
    Signature,
    NotBase64,
    OtherTimestamp,
    OldTimestamp,
    FutureTimestamp,
}

fn at() -> impl Strategy<Value = At> {
    // The first of each comes more often, so that histories meet.
    (
        prop_oneof![3 => Just(0), 1 => Just(1)],
        prop_oneof![3 => Just(0), 1 => Just(1)],
        0..NAMES.len(),
    )
        .prop_map(|(pool, client, name)| At { pool, client, name })
}

fn guess() -> impl Strategy<Value = Guess> {
    prop_oneof![
        9 => Just(Guess::Right),
        1 => Just(Guess::Former),
        1 => Just(Guess::OfTheOtherPool),
        1 => Just(Guess::Wrong),
    ]
}

fn status() -> impl Strategy<Value = UserStatus> {
    prop_oneof![
        3 => Just(UserStatus::Confirmed),
        2 => Just(UserStatus::ForceChangePassword),
        1 => Just(UserStatus::Unconfirmed),
        1 => Just(UserStatus::ResetRequired),
    ]
}

fn response() -> impl Strategy<Value = Response> {
    let twist = prop_oneof![
        12 => Just(Twist::None),
        1 => Just(Twist::Block),
        1 => Just(Twist::Signature),
        1 => Just(Twist::NotBase64),
        1 => Just(Twist::OtherTimestamp),
        1 => Just(Twist::OldTimestamp),
        1 => Just(Twist::FutureTimestamp),
    ];
    let often = || prop_oneof![4 => Just(true), 1 => Just(false)];
    (often(), guess(), twist, often()).prop_map(|(fits, guess, twist, meets_policy)| Response {
        fits,
        guess,
        twist,
        meets_policy,
    })
}

fn by() -> impl Strategy<Value = Moved> {
    prop_oneof![
        7 => Just(Moved::Not),
        1 => (0..NAMES.len()).prop_map(Moved::ToName),
        1 => (0..CLIENTS.len()).prop_map(Moved::ToClient),
        1 => (0..POOLS.len()).prop_map(Moved::ToPool),
    ]
}

fn a_move() -> impl Strategy<Value = Move> {
    let span = prop_oneof![
        Just(0),
        Just(1),
        Just(60_000),
        Just(179_999),
        Just(180_000),
        Just(600_000),
        0..700_000u64
    ];
    prop_oneof![
        4 => (at(), guess()).prop_map(|(at, guess)| Move::StartPassword(at, guess)),
        4 => at().prop_map(Move::StartSrp),
        9 => (proptest::option::weighted(0.4, any::<Index>()), by(), response()).prop_map(|(step, by, with)| Move::Answer { step, by, with }),
        2 => span.clone().prop_map(Move::Wait),
        1 => (at(), status()).prop_map(|(at, status)| Move::SignUp(at, status)),
        1 => (at(), proptest::option::of(span.clone())).prop_map(|(at, temporary)| Move::SetPassword(at, temporary)),
        1 => at().prop_map(Move::DropPassword),
        1 => (at(), status()).prop_map(|(at, status)| Move::SetStatus(at, status)),
        2 => (at(), any::<bool>()).prop_map(|(at, enabled)| Move::SetEnabled(at, enabled)),
        1 => at().prop_map(Move::Delete),
        1 => (at(), span).prop_map(|(at, span)| Move::Lock(at, span)),
    ]
}

/// A seed, the states of two users to begin with, and what happens then.
pub(super) fn walks() -> impl Strategy<Value = ([u8; 32], [UserStatus; 2], Vec<Move>)> {
    (
        any::<[u8; 32]>(),
        [status(), status()],
        proptest::collection::vec(a_move(), 1..40),
    )
}
