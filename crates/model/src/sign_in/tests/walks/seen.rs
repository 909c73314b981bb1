//! What walks have met: a walk that meets nothing proves nothing.

use std::collections::BTreeMap;

use crate::sign_in::{Proved, Refusal, Step};

/// Refusals that the walks must meet. Others are met by story tests.
const REFUSALS: [&str; 22] = [
    "AlreadyProvided",
    "Attribute",
    "CopiedPasskey",
    "Disabled",
    "Locked",
    "Missing",
    "NoSecondFactor",
    "NoSuchStep",
    "NotConfirmed",
    "NotOffered",
    "NotSetUp",
    "NotWritable",
    "Policy",
    "ResetRequired",
    "TemporaryPasswordExpired",
    "Timestamp",
    "UnknownDevice",
    "UsedCode",
    "WrongChallenge",
    "WrongCode",
    "WrongPasskey",
    "WrongPassword",
];

/// Steps that they must be asked.
const STEPS: [&str; 15] = [
    "confirmed_sign_up",
    "device_password_verifier",
    "device_srp_auth",
    "email_otp",
    "mfa_setup",
    "new_password_required",
    "password",
    "password_srp",
    "password_verifier",
    "select_challenge",
    "select_mfa_type",
    "sms_mfa",
    "sms_otp",
    "software_token_mfa",
    "web_authn",
];

/// What they must sign in by. Two codes are rarer, and have their story test.
const PROOFS: [&str; 11] = [
    "Email",
    "Passkey",
    "Passkey Device",
    "PasskeyForBoth",
    "Password",
    "Password Device",
    "Password Email",
    "Password RecoveryCode",
    "Password Sms",
    "Password SoftwareToken",
    "Sms",
];

/// What else must have been met.
const MOMENTS: [&str; 38] = [
    "a claim of a device of another exchange",
    "a claim of a device that is changed",
    "a claim with the wrong secret of a device",
    "a claim of the right password while its hash waits",
    "a code of who must change a temporary password",
    "a device in the place of the second factor",
    "a device that has proved itself and is remembered no more",
    "a device that is none of theirs, named by an answer",
    "a device that is none of theirs, passed over",
    "a device that was forgotten while it proves itself",
    "a device that would stand in for a factor that is not there",
    "a new password",
    "a passkey for a domain that is the pool's no more",
    "a passkey of another user",
    "a passkey of theirs that was not asked for",
    "a passkey of which there are two",
    "a passkey that is not both factors where both are asked for",
    "a passkey that was deleted",
    "a response of an absent user",
    "a response of another page",
    "a password that meets its hash",
    "a passkey without the verification of the user where it would be both",
    "a remembered device on which no second factor was proved",
    "a remembered device that has proved itself where none stands in any more",
    "a response for another domain",
    "a response that another authenticator has signed",
    "a response to another challenge",
    "a response with a changed signature",
    "a response with the handle of another",
    "a response without the verification of the user",
    "a right claim",
    "a right claim of a device",
    "a right code for an address that is no more theirs",
    "a second factor on a device that stands in for none",
    "another device than the one that is asked",
    "another device, named after one has proved itself",
    "another factor after the password has changed",
    "an answer in the moment that is too late",
];

/// Counts of what happened.
#[derive(Debug, Default)]
pub(super) struct Seen {
    signed_in: BTreeMap<String, u32>,
    asked: BTreeMap<String, u32>,
    refused: BTreeMap<String, u32>,
    moments: BTreeMap<String, u32>,
}

impl Seen {
    pub(super) fn signed_in(&mut self, factors: &[Proved]) {
        let names: Vec<_> = factors
            .iter()
            .map(|proved| format!("{:?}", proved.factor))
            .collect();
        *self.signed_in.entry(names.join(" ")).or_default() += 1;
    }

    pub(super) fn asked(&mut self, step: &Step) {
        *self.asked.entry(step.name().to_owned()).or_default() += 1;
    }

    pub(super) fn refused(&mut self, refusal: &Refusal) {
        let name = format!("{refusal:?}");
        let name = name.split('(').next().unwrap_or_default().to_owned();
        *self.refused.entry(name).or_default() += 1;
    }

    pub(super) fn met(&mut self, moment: &str) {
        *self.moments.entry(moment.to_owned()).or_default() += 1;
    }

    pub(super) fn add(&mut self, other: Self) {
        for (into, from) in [
            (&mut self.signed_in, other.signed_in),
            (&mut self.asked, other.asked),
            (&mut self.refused, other.refused),
            (&mut self.moments, other.moments),
        ] {
            for (name, times) in from {
                *into.entry(name).or_default() += times;
            }
        }
    }

    /// What must be met and was not.
    pub(super) fn never_met(&self) -> Vec<String> {
        let missing = |met: &BTreeMap<String, u32>, must: &[&str]| {
            let missing = must.iter().filter(|name| !met.contains_key(**name));
            missing.map(|name| (*name).to_owned()).collect::<Vec<_>>()
        };
        [
            missing(&self.signed_in, &PROOFS),
            missing(&self.asked, &STEPS),
            missing(&self.refused, &REFUSALS),
            missing(&self.moments, &MOMENTS),
        ]
        .concat()
    }
}
