//! What can happen in a walk, and how often.

use proptest::prelude::*;
use proptest::sample::Index;

use super::{CLIENTS, NAMES, POOLS};
use crate::attribute::Contact;
use crate::first_factor::FirstFactor;
use crate::second_factor::{EmailMfa, MfaConfiguration, PoolMfa};
use crate::sign_in::FirstChallenge;
use crate::user::UserStatus;
use crate::user_pool::{RecoveryMechanism, UserPool};

/// A walk.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    pub(super) seed: [u8; 32],
    pub(super) pools: [PoolDraw; 2],
    pub(super) beginnings: [Beginning; 2],
    pub(super) moves: Vec<Move>,
}

/// What a user is like to begin with.
#[derive(Clone, Debug)]
pub(super) struct Beginning {
    pub(super) status: UserStatus,
    pub(super) contacts: Contacts,
    pub(super) has_app: bool,
    pub(super) factors: [bool; 3],
    pub(super) preferred: Option<Index>,
}

/// Where a request comes from: indexes into the names, app clients and pools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct At {
    pub(super) pool: usize,
    pub(super) client: usize,
    pub(super) name: usize,
}

/// Settings of a pool.
#[derive(Clone, Copy, Debug)]
pub(super) struct PoolDraw {
    configuration: MfaConfiguration,
    sms: bool,
    email: bool,
    app: Option<bool>,
    first_email: bool,
    first_sms: bool,
    recovery: usize,
}

/// Which contacts a user has, and whether they are verified.
#[derive(Clone, Copy, Debug)]
pub(super) struct Contacts {
    email: Option<bool>,
    phone_number: Option<bool>,
}

/// What becomes of an address.
#[derive(Clone, Copy, Debug)]
pub(super) enum Address {
    Gone,
    New(bool),
    Verified,
}

#[derive(Clone, Debug)]
pub(super) enum Move {
    Begin(At, Begin),
    /// To the step of that index, or to the last one.
    Answer {
        step: Option<Index>,
        by: Moved,
        with: Response,
    },
    Confirm(At, Contact),
    Wait(u64),
    SignUp(At, UserStatus, Contacts),
    SetPassword(Place, Option<u64>),
    DropPassword(Place),
    SetStatus(Place, UserStatus),
    SetEnabled(Place, bool),
    SetAddress(Place, Contact, Address),
    Prefer(Place, [bool; 3], Option<Index>),
    SetApp(Place, bool),
    SetPool(usize, PoolDraw),
    Delete(Place),
    Lock(Place, u64),
}

/// Where something changes: at a name, or at the one whose step waits last.
pub(super) type Place = Option<At>;

/// How a sign-in begins.
#[derive(Clone, Copy, Debug)]
pub(super) enum Begin {
    Password(Guess),
    Srp,
    Choice(Pick),
}

/// A choice of what to begin with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pick {
    challenge: Option<usize>,
    pub(super) with_credentials: bool,
    pub(super) guess: Guess,
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

/// A code that is typed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Code {
    Right,
    Wrong,
    /// One that went out with another step, or was used before.
    Another(Index),
    /// A recovery code, which may be used.
    Recovery(Index),
}

/// What is wrong with a claim of SRP.
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

/// Who answers a step: its holder, or another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moved {
    Not,
    ToName(usize),
    ToClient(usize),
    ToPool(usize),
}

/// An answer, of the kind that the step asks for or of another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Response {
    pub(super) of_another_kind: Option<Index>,
    pub(super) guess: Guess,
    pub(super) twist: Twist,
    pub(super) code: Code,
    pub(super) pick: Pick,
    pub(super) factor: Index,
    pub(super) meets_policy: bool,
    pub(super) attributes: Index,
}

impl PoolDraw {
    pub(super) fn set(self, pool: &mut UserPool) {
        let settings = &mut pool.settings;
        settings.mfa = PoolMfa {
            configuration: self.configuration,
            sms: self.sms,
            email: self.email.then(EmailMfa::default),
            software_token: self.app,
            ..PoolMfa::default()
        };
        let factors = [
            (FirstFactor::Password, true),
            (FirstFactor::EmailOtp, self.first_email),
            (FirstFactor::SmsOtp, self.first_sms),
        ];
        let allowed = factors.into_iter().filter(|(_, is_allowed)| *is_allowed);
        settings.allowed_first_auth_factors = allowed.map(|(factor, _)| factor).collect();
        settings.recovery = match self.recovery {
            0 => None,
            1 => Some(vec![RecoveryMechanism::AdminOnly]),
            2 => Some(vec![
                RecoveryMechanism::VerifiedEmail,
                RecoveryMechanism::VerifiedPhoneNumber,
            ]),
            _ => Some(vec![RecoveryMechanism::VerifiedPhoneNumber]),
        };
    }
}

impl Contacts {
    /// Whether a contact is verified, if the user has it.
    pub(super) fn of(self, contact: Contact) -> Option<bool> {
        match contact {
            Contact::Email => self.email,
            Contact::PhoneNumber => self.phone_number,
        }
    }
}

impl Pick {
    pub(super) fn challenge(self) -> Option<FirstChallenge> {
        self.challenge.map(|at| {
            [
                FirstChallenge::Password,
                FirstChallenge::PasswordSrp,
                FirstChallenge::EmailOtp,
                FirstChallenge::SmsOtp,
            ][at]
        })
    }
}

fn at() -> impl Strategy<Value = At> {
    // The first of each comes more often, so that histories meet.
    (
        prop_oneof![8 => Just(0), 1 => Just(1)],
        prop_oneof![8 => Just(0), 1 => Just(1)],
        prop_oneof![10 => Just(0), 3 => Just(1), 1 => Just(2)],
    )
        .prop_map(|(pool, client, name)| At { pool, client, name })
}

fn guess() -> impl Strategy<Value = Guess> {
    prop_oneof![
        12 => Just(Guess::Right),
        1 => Just(Guess::Former),
        1 => Just(Guess::OfTheOtherPool),
        1 => Just(Guess::Wrong),
    ]
}

fn status() -> impl Strategy<Value = UserStatus> {
    prop_oneof![
        6 => Just(UserStatus::Confirmed),
        3 => Just(UserStatus::ForceChangePassword),
        1 => Just(UserStatus::Unconfirmed),
        1 => Just(UserStatus::ResetRequired),
    ]
}

fn contacts() -> impl Strategy<Value = Contacts> {
    let one = || prop_oneof![1 => Just(None), 1 => Just(Some(false)), 3 => Just(Some(true))];
    (one(), one()).prop_map(|(email, phone_number)| Contacts {
        email,
        phone_number,
    })
}

fn contact() -> impl Strategy<Value = Contact> {
    prop_oneof![Just(Contact::Email), Just(Contact::PhoneNumber)]
}

fn factors() -> impl Strategy<Value = ([bool; 3], Option<Index>)> {
    let is_on = || proptest::bool::weighted(0.4);
    let preferred = proptest::option::weighted(0.4, any::<Index>());
    ([is_on(), is_on(), is_on()], preferred)
}

fn pool() -> impl Strategy<Value = PoolDraw> {
    let configuration = prop_oneof![
        Just(MfaConfiguration::Off),
        Just(MfaConfiguration::Optional),
        Just(MfaConfiguration::On),
    ];
    let app = prop_oneof![1 => Just(None), 1 => Just(Some(false)), 2 => Just(Some(true))];
    let often = || proptest::bool::weighted(0.7);
    (
        configuration,
        (often(), often(), app),
        (often(), often()),
        0..4_usize,
    )
        .prop_map(
            |(configuration, (sms, email, app), (first_email, first_sms), recovery)| PoolDraw {
                configuration,
                sms,
                email,
                app,
                first_email,
                first_sms,
                recovery,
            },
        )
}

fn pick() -> impl Strategy<Value = Pick> {
    let challenge = proptest::option::weighted(0.8, 0..4_usize);
    (challenge, any::<bool>(), guess()).prop_map(|(challenge, with_credentials, guess)| Pick {
        challenge,
        with_credentials,
        guess,
    })
}

fn begin() -> impl Strategy<Value = Begin> {
    prop_oneof![
        3 => guess().prop_map(Begin::Password),
        1 => Just(Begin::Srp),
        5 => pick().prop_map(Begin::Choice),
    ]
}

fn response() -> impl Strategy<Value = Response> {
    let code = prop_oneof![
        9 => Just(Code::Right),
        2 => Just(Code::Wrong),
        3 => any::<Index>().prop_map(Code::Another),
        3 => any::<Index>().prop_map(Code::Recovery),
    ];
    let twist = prop_oneof![
        50 => Just(Twist::None),
        1 => Just(Twist::Block),
        1 => Just(Twist::Signature),
        1 => Just(Twist::NotBase64),
        1 => Just(Twist::OtherTimestamp),
        1 => Just(Twist::OldTimestamp),
        1 => Just(Twist::FutureTimestamp),
    ];
    (
        (
            proptest::option::weighted(0.1, any::<Index>()),
            guess(),
            twist,
        ),
        (code, pick(), any::<Index>()),
        (proptest::bool::weighted(0.2), any::<Index>()),
    )
        .prop_map(|(first, second, third)| {
            let (of_another_kind, guess, twist) = first;
            let (code, pick, factor) = second;
            let (breaks_policy, attributes) = third;
            Response {
                of_another_kind,
                guess,
                twist,
                code,
                pick,
                factor,
                meets_policy: !breaks_policy,
                attributes,
            }
        })
}

fn by() -> impl Strategy<Value = Moved> {
    prop_oneof![
        12 => Just(Moved::Not),
        1 => (0..NAMES.len()).prop_map(Moved::ToName),
        1 => (0..CLIENTS.len()).prop_map(Moved::ToClient),
        1 => (0..POOLS.len()).prop_map(Moved::ToPool),
    ]
}

fn span() -> impl Strategy<Value = u64> {
    prop_oneof![
        Just(0),
        Just(1),
        Just(30_000),
        Just(60_000),
        Just(179_999),
        Just(180_000),
        Just(600_000),
        0..700_000u64
    ]
}

fn address() -> impl Strategy<Value = Address> {
    prop_oneof![
        Just(Address::Gone),
        any::<bool>().prop_map(Address::New),
        Just(Address::Verified),
    ]
}

fn place() -> impl Strategy<Value = Place> {
    proptest::option::weighted(0.4, at())
}

fn a_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        12 => (at(), begin()).prop_map(|(at, begin)| Move::Begin(at, begin)),
        30 => (proptest::option::weighted(0.2, any::<Index>()), by(), response())
            .prop_map(|(step, by, with)| Move::Answer { step, by, with }),
        2 => (at(), contact()).prop_map(|(at, contact)| Move::Confirm(at, contact)),
        2 => span().prop_map(Move::Wait),
        1 => (at(), status(), contacts())
            .prop_map(|(at, status, contacts)| Move::SignUp(at, status, contacts)),
        1 => (place(), proptest::option::of(prop_oneof![1 => span(), 3 => Just(700_000)]))
            .prop_map(|(at, temporary)| Move::SetPassword(at, temporary)),
        1 => place().prop_map(Move::DropPassword),
        3 => (place(), status()).prop_map(|(at, status)| Move::SetStatus(at, status)),
        2 => (place(), proptest::bool::weighted(0.7))
            .prop_map(|(at, enabled)| Move::SetEnabled(at, enabled)),
        3 => (place(), contact(), address())
            .prop_map(|(at, contact, address)| Move::SetAddress(at, contact, address)),
        2 => (place(), factors())
            .prop_map(|(at, (factors, preferred))| Move::Prefer(at, factors, preferred)),
        1 => (place(), any::<bool>()).prop_map(|(at, has_app)| Move::SetApp(at, has_app)),
        1 => (0..POOLS.len(), pool()).prop_map(|(at, draw)| Move::SetPool(at, draw)),
        1 => place().prop_map(Move::Delete),
        1 => (place(), span()).prop_map(|(at, span)| Move::Lock(at, span)),
    ]
}

fn beginning() -> impl Strategy<Value = Beginning> {
    (status(), contacts(), any::<bool>(), factors()).prop_map(
        |(status, contacts, has_app, (factors, preferred))| Beginning {
            status,
            contacts,
            has_app,
            factors,
            preferred,
        },
    )
}

pub(super) fn walks() -> impl Strategy<Value = Walk> {
    (
        any::<[u8; 32]>(),
        [pool(), pool()],
        [beginning(), beginning()],
        proptest::collection::vec(a_move(), 60..140),
    )
        .prop_map(|(seed, pools, beginnings, moves)| Walk {
            seed,
            pools,
            beginnings,
            moves,
        })
}

/// A pool and a user, for those who look for a difference.
pub(super) fn pool_and_user() -> impl Strategy<Value = (PoolDraw, Beginning)> {
    (pool(), beginning())
}

/// What a stranger does.
pub(super) fn strangers_moves() -> impl Strategy<Value = Vec<(Option<Begin>, Response)>> {
    let one = (proptest::option::weighted(0.4, begin()), response());
    proptest::collection::vec(one, 1..12)
}
