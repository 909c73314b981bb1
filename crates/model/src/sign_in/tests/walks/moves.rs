//! What can happen in a walk.

use proptest::sample::Index;

use super::passkeys::{DOMAINS, Make, Trick};
use crate::attribute::Contact;
use crate::device::DeviceSettings;
use crate::first_factor::FirstFactor;
use crate::second_factor::{
    EmailMfa, MfaConfiguration, PasskeyFactor, PasskeySettings, PoolMfa, UserVerification,
};
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
    pub(super) preferences: Preferences,
    pub(super) passkeys: Vec<Make>,
    /// Of each device, whether the user wants it to be remembered.
    pub(super) devices: Vec<bool>,
}

/// What a user has chosen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Preferences {
    pub(super) factors: [bool; 3],
    pub(super) preferred: Option<Index>,
    /// Whether a passkey may be both factors.
    pub(super) passkey: bool,
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
    pub(super) configuration: MfaConfiguration,
    pub(super) sms: bool,
    pub(super) email: bool,
    pub(super) app: Option<bool>,
    pub(super) first_email: bool,
    pub(super) first_sms: bool,
    pub(super) recovery: usize,
    pub(super) passkeys: PasskeyDraw,
    pub(super) devices: Option<DeviceSettings>,
}

/// And those for passkeys.
#[derive(Clone, Copy, Debug)]
pub(super) struct PasskeyDraw {
    pub(super) allowed: bool,
    /// An index into the domains.
    pub(super) domain: Option<usize>,
    pub(super) required: bool,
    pub(super) for_both: bool,
}

/// Which contacts a user has, and whether they are verified.
#[derive(Clone, Copy, Debug)]
pub(super) struct Contacts {
    pub(super) email: Option<bool>,
    pub(super) phone_number: Option<bool>,
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
    Begin(At, Begin, Named),
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
    Prefer(Place, Preferences),
    SetApp(Place, bool),
    SetPool(usize, PoolDraw),
    /// What the pool of that place does with devices.
    SetDevices(Place, Option<DeviceSettings>),
    Delete(Place),
    Lock(Place, u64),
    AddPasskey(Place, Make),
    DropPasskey(Place, Index),
    /// A copy of one is seen in another sign-in.
    CopyPasskey(Place, Index),
    /// Confirmed, and whether its user wants it to be remembered.
    AddDevice(Place, bool),
    /// Remembered from now on, or no more.
    Remember(Place, Index),
    Forget(Place, Index),
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
    pub(super) number: Option<usize>,
    pub(super) with_credentials: bool,
    pub(super) guess: Guess,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guess {
    Right,
    /// The password before the last change, or the secret of another device.
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
    /// It is a right claim, of another exchange.
    OtherExchange,
}

/// The device that a request names.
#[derive(Clone, Copy, Debug)]
pub(super) enum Named {
    None,
    /// What the sign-in has said so far, or is asked for.
    Said,
    Own(Index),
    Forgotten(Index),
    OfAnother(Index),
    Unknown,
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
    pub(super) device: Named,
    /// Which passkey answers, and what is wrong with the response.
    pub(super) passkey: Index,
    pub(super) trick: Trick,
    /// What changes just before the answer.
    pub(super) meanwhile: Option<Index>,
}

impl PoolDraw {
    pub(super) fn set(self, pool: &mut UserPool) {
        let settings = &mut pool.settings;
        settings.devices = self.devices;
        settings.mfa = PoolMfa {
            configuration: self.configuration,
            sms: self.sms,
            email: self.email.then(EmailMfa::default),
            software_token: self.app,
            passkeys: self.passkeys.settings(),
        };
        let factors = [
            (FirstFactor::Password, true),
            (FirstFactor::EmailOtp, self.first_email),
            (FirstFactor::SmsOtp, self.first_sms),
            (FirstFactor::WebAuthn, self.passkeys.allowed),
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

impl PasskeyDraw {
    fn settings(self) -> PasskeySettings {
        PasskeySettings {
            written: true,
            relying_party_id: self.domain.map(|domain| DOMAINS[domain].to_owned()),
            user_verification: if self.required {
                UserVerification::Required
            } else {
                UserVerification::Preferred
            },
            factor: if self.for_both {
                PasskeyFactor::MultiFactorWithUserVerification
            } else {
                PasskeyFactor::SingleFactor
            },
        }
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
        self.number.map(|at| FirstChallenge::ALL[at])
    }

    /// The same of what is offered, mostly.
    pub(super) fn of(self, offered: &[FirstChallenge]) -> Self {
        let at = self.number.filter(|_| !offered.is_empty());
        let chosen = at.map(|at| offered[at % offered.len()]);
        let number = FirstChallenge::ALL
            .iter()
            .position(|it| Some(*it) == chosen);
        Self { number, ..self }
    }
}
