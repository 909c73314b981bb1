//! What a node counts for its operators besides the calls: sign-ins, locks, and limits that were
//! met.
//!
//! The labels are enums, so that nobody can make a table grow, and a count is one relaxed addition.
//! The server renders them; nothing here is read by the product itself.

use std::sync::atomic::{AtomicU64, Ordering};

use cognate_api::ErrorCode;

use crate::{Error, Result};

/// How a sign-in came in: the flow that it began by or, of an answer to a challenge, what was
/// answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInFlow {
    /// USER_SRP_AUTH, and the answer to its challenge.
    Srp,
    /// USER_PASSWORD_AUTH.
    Password,
    /// ADMIN_USER_PASSWORD_AUTH.
    AdminPassword,
    /// The answer to NEW_PASSWORD_REQUIRED, whichever flow led there.
    NewPassword,
    /// USER_AUTH, and the choices that it asks for.
    Choice,
    /// CUSTOM_AUTH, and the answers to its challenges.
    Custom,
    /// The answer to SMS_OTP.
    SmsOtp,
    /// The answer to SMS_MFA.
    SmsMfa,
    /// The answer to EMAIL_OTP.
    EmailOtp,
    /// The answer to SELECT_MFA_TYPE.
    SelectMfaType,
    /// The answer to SOFTWARE_TOKEN_MFA.
    SoftwareTokenMfa,
    /// The answer to MFA_SETUP.
    MfaSetup,
    /// The answer to WEB_AUTHN.
    Passkey,
    /// The answers to DEVICE_SRP_AUTH and DEVICE_PASSWORD_VERIFIER.
    Device,
    /// REFRESH_TOKEN_AUTH, and GetTokensFromRefreshToken.
    Refresh,
}

impl SignInFlow {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Srp,
        Self::Password,
        Self::AdminPassword,
        Self::NewPassword,
        Self::Choice,
        Self::Custom,
        Self::SmsOtp,
        Self::SmsMfa,
        Self::EmailOtp,
        Self::SelectMfaType,
        Self::SoftwareTokenMfa,
        Self::MfaSetup,
        Self::Passkey,
        Self::Device,
        Self::Refresh,
    ];

    /// Its label.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Srp => "USER_SRP_AUTH",
            Self::Password => "USER_PASSWORD_AUTH",
            Self::AdminPassword => "ADMIN_USER_PASSWORD_AUTH",
            Self::NewPassword => "NEW_PASSWORD_REQUIRED",
            Self::Choice => "USER_AUTH",
            Self::Custom => "CUSTOM_AUTH",
            Self::SmsOtp => "SMS_OTP",
            Self::SmsMfa => "SMS_MFA",
            Self::EmailOtp => "EMAIL_OTP",
            Self::SelectMfaType => "SELECT_MFA_TYPE",
            Self::SoftwareTokenMfa => "SOFTWARE_TOKEN_MFA",
            Self::MfaSetup => "MFA_SETUP",
            Self::Passkey => "WEB_AUTHN",
            Self::Device => "DEVICE_SRP_AUTH",
            Self::Refresh => "REFRESH_TOKEN_AUTH",
        }
    }
}

/// How a request of a sign-in ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInOutcome {
    /// With tokens.
    SignedIn,
    /// With a challenge.
    Challenged,
    /// With an error of the caller's: a wrong password, a user who may not, a limit.
    Refused,
    /// With a failure of ours.
    Failed,
}

impl SignInOutcome {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::SignedIn,
        Self::Challenged,
        Self::Refused,
        Self::Failed,
    ];

    /// Its label.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SignedIn => "signed_in",
            Self::Challenged => "challenged",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }

    fn of(error: &Error) -> Self {
        match error.code {
            ErrorCode::InternalError | ErrorCode::ServiceUnavailable => Self::Failed,
            _ => Self::Refused,
        }
    }
}

/// A limit that a request can meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Failed guesses from one network address.
    FailuresOfAddress,
    /// Messages that one network address asks for.
    MessagesOfAddress,
    /// Sign-ups from one network address.
    SignUpsOfAddress,
    /// SRP challenges of one network address that nobody has answered rightly.
    OpenChallengesOfAddress,
    /// The lock of a user name after wrong passwords.
    Lock,
    /// How often one thing is done to one user: codes that are asked for, guesses at passwords.
    ActionsOnUser,
    /// Guesses at one code.
    GuessesAtCode,
    /// Messages to one mailbox or phone number.
    MessagesToAddress,
    /// Messages of one pool.
    MessagesOfPool,
    /// The rate of requests of a category, pool, app client or user.
    RequestRate,
    /// Calls that run at once.
    CallsAtOnce,
    /// Of these, the share of one network address.
    CallsOfOneAddress,
    /// The memory of requests that are being read.
    RequestMemory,
}

impl Limit {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::FailuresOfAddress,
        Self::MessagesOfAddress,
        Self::SignUpsOfAddress,
        Self::OpenChallengesOfAddress,
        Self::Lock,
        Self::ActionsOnUser,
        Self::GuessesAtCode,
        Self::MessagesToAddress,
        Self::MessagesOfPool,
        Self::RequestRate,
        Self::CallsAtOnce,
        Self::CallsOfOneAddress,
        Self::RequestMemory,
    ];

    /// Its label.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::FailuresOfAddress => "failures_of_address",
            Self::MessagesOfAddress => "messages_of_address",
            Self::SignUpsOfAddress => "sign_ups_of_address",
            Self::OpenChallengesOfAddress => "open_challenges_of_address",
            Self::Lock => "lock",
            Self::ActionsOnUser => "actions_on_user",
            Self::GuessesAtCode => "guesses_at_code",
            Self::MessagesToAddress => "messages_to_address",
            Self::MessagesOfPool => "messages_of_pool",
            Self::RequestRate => "request_rate",
            Self::CallsAtOnce => "calls_at_once",
            Self::CallsOfOneAddress => "calls_of_one_address",
            Self::RequestMemory => "request_memory",
        }
    }
}

/// A node's counts since it started.
#[derive(Debug, Default)]
pub struct Counts {
    sign_ins: [[AtomicU64; SignInOutcome::ALL.len()]; SignInFlow::ALL.len()],
    limits: [AtomicU64; Limit::ALL.len()],
    locks: AtomicU64,
}

impl Counts {
    /// Counts how a request of a sign-in ended: with tokens, unless `is_challenge` says otherwise
    /// of what it gave.
    pub(crate) fn sign_in<T>(
        &self,
        flow: SignInFlow,
        reply: &Result<T>,
        is_challenge: impl FnOnce(&T) -> bool,
    ) {
        let outcome = match reply {
            Ok(given) if is_challenge(given) => SignInOutcome::Challenged,
            Ok(_) => SignInOutcome::SignedIn,
            Err(error) => SignInOutcome::of(error),
        };
        add(self.sign_in_cell(flow, outcome));
    }

    /// Counts a request that has met a limit. A transaction that a conflict makes run again counts
    /// again.
    pub fn meet(&self, limit: Limit) {
        add(&self.limits[limit as usize]);
    }

    /// Counts a lock that begins.
    pub(crate) fn lock(&self) {
        add(&self.locks);
    }

    /// How many sign-ins, and steps of them, have come so and ended so.
    #[must_use]
    pub fn sign_ins(&self, flow: SignInFlow, outcome: SignInOutcome) -> u64 {
        self.sign_in_cell(flow, outcome).load(Ordering::Relaxed)
    }

    /// How many requests have met a limit.
    #[must_use]
    pub fn limits(&self, limit: Limit) -> u64 {
        self.limits[limit as usize].load(Ordering::Relaxed)
    }

    /// How many locks have begun.
    #[must_use]
    pub fn locks(&self) -> u64 {
        self.locks.load(Ordering::Relaxed)
    }

    /// Each enum's discriminants are the places in its `ALL`, and so in these arrays.
    fn sign_in_cell(&self, flow: SignInFlow, outcome: SignInOutcome) -> &AtomicU64 {
        &self.sign_ins[flow as usize][outcome as usize]
    }
}

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_label_has_a_place_and_a_name_of_its_own() {
        let limits = Limit::ALL.map(|limit| (limit as usize, limit.name()));
        let flows = SignInFlow::ALL.map(|flow| (flow as usize, flow.name()));
        let outcomes = SignInOutcome::ALL.map(|outcome| (outcome as usize, outcome.name()));
        for labels in [&limits[..], &flows[..], &outcomes[..]] {
            let places = labels.iter().map(|(place, _)| *place);
            assert!(places.eq(0..labels.len()));
            let names: BTreeSet<_> = labels.iter().map(|(_, name)| name).collect();
            assert_eq!(names.len(), labels.len());
        }
    }
}
