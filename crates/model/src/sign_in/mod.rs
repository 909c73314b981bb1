//! The sign-in machine: the one place that decides whether somebody is signed in, for every
//! endpoint.
//!
//! It is pure. [`start`] begins a sign-in and [`answer`] goes on with one; each consumes what it is
//! given and returns an [`Outcome`]. Where the machine lacks something, the outcome is a [`Need`]:
//! the driver (service/sign_in) finds it out and gives it back as a typed fact, and the machine
//! goes on. What a step changes the machine names as an [`Effect`], and the driver applies it in
//! the transaction that ends the step. Only this folder can make a [`Proof`], and tokens are issued
//! for nothing else.
//!
//! A challenge is one file: the step that waits, what its answer is, and what it refuses
//! ([`Challenge`]). What a proved factor leads to is `proceed.rs`, for all of them.
//!
//! An unknown user takes the same path as a known one with a wrong password, with credentials
//! derived from a secret of the server: the same challenges, the same work, the same refusal.

mod account;
mod challenge;
mod choice;
mod confirmed_sign_up;
mod custom_challenge;
mod device_lookup;
mod device_password_verifier;
mod device_srp_auth;
mod effect;
mod email_otp;
mod facts;
mod machine;
mod mfa;
mod mfa_challenge;
mod mfa_needs;
mod mfa_setup;
mod named_device;
mod new_password_required;
mod outcome;
mod password;
mod password_srp;
mod password_verifier;
mod proceed;
mod progress;
mod proof;
mod questions;
mod recovery_code;
mod refusal;
mod select_challenge;
mod select_mfa_type;
mod sent_code;
mod sms_mfa;
mod sms_otp;
mod software_token_mfa;
mod srp_exchange;
mod step;
mod step_up;
mod turn;
mod web_authn;

#[cfg(test)]
mod tests;

pub use crate::factor::{Factor, Proved};
pub use account::{Account, Decoy};
pub use challenge::Challenge;
pub use choice::{Choice, FirstChallenge};
pub use confirmed_sign_up::ConfirmedSignUp;
pub use custom_challenge::CustomChallenge;
pub use device_password_verifier::{DeviceClaim, DevicePasswordVerifier};
pub use device_srp_auth::{DeviceSrp, DeviceSrpAuth};
pub use effect::{
    DeviceUse, Effect, NewToken, PasskeyUse, PasswordChange, ProvedAddress, UsedToken,
};
pub use email_otp::EmailOtp;
pub use facts::Facts;
pub use machine::{Flow, answer, start};
pub use mfa_setup::{MfaSetup, SetUp};
pub use new_password_required::{NewPassword, NewPasswordRequired};
pub use outcome::{Asked, Computed, Need, Outcome, Powers};
pub use password::Password;
pub use password_srp::PasswordSrp;
pub use password_verifier::PasswordVerifier;
pub use proceed::proceed;
pub use progress::{Credit, PastChallenge, Progress, Target, Way};
pub(crate) use proof::OnDevice;
pub use proof::Proof;
pub use questions::{
    CodeSent, CreateChallenge, Created, DefineChallenge, Defined, FirstFactors, KnownDevice,
    KnownPasskey, KnownToken, SendCode, VerifyChallenge,
};
pub use refusal::{MAX_GUESSES, Refusal};
pub use select_challenge::SelectChallenge;
pub use select_mfa_type::SelectMfaType;
pub use sent_code::{SentCode, TypedCode};
pub use sms_mfa::SmsMfa;
pub use sms_otp::SmsOtp;
pub use software_token_mfa::SoftwareTokenMfa;
pub use srp_exchange::{PasswordClaim, SrpExchange};
pub use step::{Holder, Pending, Step, StepKind};
pub use step_up::StepUp;
pub use turn::Turn;
pub use web_authn::{PasskeyResponse, WebAuthn, offered_passkeys};
