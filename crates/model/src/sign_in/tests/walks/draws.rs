//! How often each thing happens in a walk.

use proptest::prelude::*;
use proptest::sample::Index;

use super::moves::{
    Address, At, Begin, Beginning, Code, Contacts, Guess, Move, Moved, Named, PasskeyDraw, Pick,
    Place, PoolDraw, Preferences, Response, Twist, Walk,
};
use super::passkeys::{Make, Trick};
use super::{CLIENTS, NAMES, POOLS};
use crate::attribute::Contact;
use crate::device::DeviceSettings;
use crate::second_factor::MfaConfiguration;
use crate::user::UserStatus;

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
        15 => Just(Guess::Right),
        1 => Just(Guess::Former),
        1 => Just(Guess::OfTheOtherPool),
        1 => Just(Guess::Wrong),
    ]
}

fn status() -> impl Strategy<Value = UserStatus> {
    prop_oneof![
        10 => Just(UserStatus::Confirmed),
        3 => Just(UserStatus::ForceChangePassword),
        1 => Just(UserStatus::Unconfirmed),
        1 => Just(UserStatus::ResetRequired),
    ]
}

/// What becomes of a status.
fn new_status() -> impl Strategy<Value = UserStatus> {
    prop_oneof![
        5 => Just(UserStatus::Confirmed),
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

fn preferences() -> impl Strategy<Value = Preferences> {
    let is_on = || proptest::bool::weighted(0.4);
    let preferred = proptest::option::weighted(0.4, any::<Index>());
    ([is_on(), is_on(), is_on()], preferred, any::<bool>()).prop_map(
        |(factors, preferred, passkey)| Preferences {
            factors,
            preferred,
            passkey,
        },
    )
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
        passkeys_of_pool(),
        devices_of_pool(),
    )
        .prop_map(
            |(configuration, second, first, recovery, passkeys, devices)| {
                let (sms, email, app) = second;
                let (first_email, first_sms) = first;
                PoolDraw {
                    configuration,
                    sms,
                    email,
                    app,
                    first_email,
                    first_sms,
                    recovery,
                    passkeys,
                    devices,
                }
            },
        )
}

fn passkeys_of_pool() -> impl Strategy<Value = PasskeyDraw> {
    let domain = prop_oneof![8 => Just(Some(0)), 1 => Just(Some(1)), 1 => Just(None)];
    let allowed = proptest::bool::weighted(0.9);
    let required = proptest::bool::weighted(0.3);
    (allowed, domain, required, any::<bool>()).prop_map(|(allowed, domain, required, for_both)| {
        PasskeyDraw {
            allowed,
            domain,
            required,
            for_both,
        }
    })
}

fn devices_of_pool() -> impl Strategy<Value = Option<DeviceSettings>> {
    let settings = (proptest::bool::weighted(0.7), any::<bool>()).prop_map(
        |(stands_in_for_mfa, remembered_on_prompt)| DeviceSettings {
            stands_in_for_mfa,
            remembered_on_prompt,
        },
    );
    proptest::option::weighted(0.8, settings)
}

fn pick() -> impl Strategy<Value = Pick> {
    let number = proptest::option::weighted(
        0.8,
        // SRP costs most.
        prop_oneof![2 => Just(0), 2 => Just(1), 3 => Just(2), 1 => Just(3), 3 => Just(4)],
    );
    (number, any::<bool>(), guess()).prop_map(|(number, with_credentials, guess)| Pick {
        number,
        with_credentials,
        guess,
    })
}

fn begin() -> impl Strategy<Value = Begin> {
    let passkey = Pick {
        number: Some(4),
        with_credentials: false,
        guess: Guess::Right,
    };
    prop_oneof![
        3 => Just(Begin::Choice(passkey)),
        3 => guess().prop_map(Begin::Password),
        1 => Just(Begin::Srp),
        4 => pick().prop_map(Begin::Choice),
    ]
}

/// The device that the first request of a sign-in names.
fn named_first() -> impl Strategy<Value = Named> {
    prop_oneof![
        3 => Just(Named::None),
        8 => any::<Index>().prop_map(Named::Own),
        1 => any::<Index>().prop_map(Named::Forgotten),
        1 => any::<Index>().prop_map(Named::OfAnother),
        1 => Just(Named::Unknown),
    ]
}

/// The one that an answer names.
fn named_later() -> impl Strategy<Value = Named> {
    prop_oneof![
        10 => Just(Named::None),
        8 => Just(Named::Said),
        5 => any::<Index>().prop_map(Named::Own),
        1 => any::<Index>().prop_map(Named::Forgotten),
        1 => any::<Index>().prop_map(Named::OfAnother),
        1 => Just(Named::Unknown),
    ]
}

fn trick() -> impl Strategy<Value = Trick> {
    prop_oneof![
        14 => Just(Trick::None),
        2 => Just(Trick::Unverified),
        1 => Just(Trick::Absent),
        1 => any::<Index>().prop_map(Trick::OfAnother),
        1 => any::<Index>().prop_map(Trick::InItsPlace),
        3 => Just(Trick::Unasked),
        1 => Just(Trick::Replayed),
        1 => any::<Index>().prop_map(Trick::OtherPage),
        1 => Just(Trick::OtherDomain),
        1 => Just(Trick::Copied),
        1 => Just(Trick::Forged),
        1 => Just(Trick::OthersHandle),
    ]
}

fn twist() -> impl Strategy<Value = Twist> {
    prop_oneof![
        50 => Just(Twist::None),
        1 => Just(Twist::Block),
        1 => Just(Twist::Signature),
        1 => Just(Twist::NotBase64),
        1 => Just(Twist::OtherTimestamp),
        1 => Just(Twist::OldTimestamp),
        1 => Just(Twist::FutureTimestamp),
        8 => Just(Twist::OtherExchange),
    ]
}

fn response() -> impl Strategy<Value = Response> {
    let code = prop_oneof![
        9 => Just(Code::Right),
        2 => Just(Code::Wrong),
        3 => any::<Index>().prop_map(Code::Another),
        3 => any::<Index>().prop_map(Code::Recovery),
    ];
    (
        (
            proptest::option::weighted(0.1, any::<Index>()),
            guess(),
            twist(),
        ),
        (code, pick(), any::<Index>()),
        (proptest::bool::weighted(0.2), any::<Index>()),
        (
            named_later(),
            any::<Index>(),
            trick(),
            proptest::option::weighted(0.25, any::<Index>()),
        ),
    )
        .prop_map(|(first, second, third, fourth)| {
            let (of_another_kind, guess, twist) = first;
            let (code, pick, factor) = second;
            let (breaks_policy, attributes) = third;
            let (device, passkey, trick, meanwhile) = fourth;
            Response {
                of_another_kind,
                guess,
                twist,
                code,
                pick,
                factor,
                meets_policy: !breaks_policy,
                attributes,
                device,
                passkey,
                trick,
                meanwhile,
            }
        })
}

fn by() -> impl Strategy<Value = Moved> {
    prop_oneof![
        20 => Just(Moved::Not),
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

/// A lock is short, for while it stands nothing is met.
fn lock() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), Just(1), Just(30_000), Just(60_000)]
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

fn make() -> impl Strategy<Value = Make> {
    (proptest::bool::weighted(0.7), proptest::bool::weighted(0.3))
        .prop_map(|(counts, is_carried)| Make { counts, is_carried })
}

/// What changes around the sign-ins.
fn change() -> impl Strategy<Value = Move> {
    prop_oneof![
        2 => (at(), contact()).prop_map(|(at, contact)| Move::Confirm(at, contact)),
        2 => span().prop_map(Move::Wait),
        4 => (at(), status(), contacts())
            .prop_map(|(at, status, contacts)| Move::SignUp(at, status, contacts)),
        2 => (place(), proptest::option::of(prop_oneof![1 => span(), 3 => Just(700_000)]))
            .prop_map(|(at, temporary)| Move::SetPassword(at, temporary)),
        1 => place().prop_map(Move::DropPassword),
        3 => (place(), new_status()).prop_map(|(at, status)| Move::SetStatus(at, status)),
        2 => (place(), proptest::bool::weighted(0.85))
            .prop_map(|(at, enabled)| Move::SetEnabled(at, enabled)),
        3 => (place(), contact(), address())
            .prop_map(|(at, contact, address)| Move::SetAddress(at, contact, address)),
        3 => (place(), preferences()).prop_map(|(at, wished)| Move::Prefer(at, wished)),
        1 => (place(), any::<bool>()).prop_map(|(at, has_app)| Move::SetApp(at, has_app)),
        3 => (prop_oneof![3 => Just(0), 1 => Just(1)], pool())
            .prop_map(|(at, draw)| Move::SetPool(at, draw)),
        1 => place().prop_map(Move::Delete),
        1 => (place(), lock()).prop_map(|(at, span)| Move::Lock(at, span)),
    ]
}

/// What changes of passkeys and devices.
fn change_of_things() -> impl Strategy<Value = Move> {
    prop_oneof![
        3 => (place(), make()).prop_map(|(at, make)| Move::AddPasskey(at, make)),
        2 => (place(), any::<Index>()).prop_map(|(at, which)| Move::DropPasskey(at, which)),
        2 => (place(), any::<Index>()).prop_map(|(at, which)| Move::CopyPasskey(at, which)),
        2 => (place(), any::<bool>()).prop_map(|(at, wished)| Move::AddDevice(at, wished)),
        3 => (place(), any::<Index>()).prop_map(|(at, which)| Move::Remember(at, which)),
        3 => (place(), devices_of_pool()).prop_map(|(at, drawn)| Move::SetDevices(at, drawn)),
        1 => (place(), any::<Index>()).prop_map(|(at, which)| Move::Forget(at, which)),
    ]
}

fn a_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        16 => (at(), begin(), named_first())
            .prop_map(|(at, begin, named)| Move::Begin(at, begin, named)),
        40 => (proptest::option::weighted(0.12, any::<Index>()), by(), response())
            .prop_map(|(step, by, with)| Move::Answer { step, by, with }),
        23 => change(),
        14 => change_of_things(),
    ]
}

fn beginning() -> impl Strategy<Value = Beginning> {
    (
        (status(), contacts(), any::<bool>(), preferences()),
        proptest::collection::vec(make(), 0..4),
        proptest::collection::vec(proptest::bool::weighted(0.7), 0..3),
    )
        .prop_map(|(first, passkeys, devices)| {
            let (status, contacts, has_app, preferences) = first;
            Beginning {
                status,
                contacts,
                has_app,
                preferences,
                passkeys,
                devices,
            }
        })
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

/// What a stranger does, and whether by naming a device.
pub(super) fn strangers_moves() -> impl Strategy<Value = Vec<(Option<Begin>, bool, Response)>> {
    let begin = proptest::option::weighted(0.4, begin());
    proptest::collection::vec((begin, any::<bool>(), response()), 1..12)
}
