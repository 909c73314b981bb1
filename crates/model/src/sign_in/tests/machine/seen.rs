//! What walks have met: a walk that meets nothing proves nothing.

use std::collections::BTreeMap;

use crate::sign_in::Refusal;

/// Counts of what happened.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) signed_in: u32,
    pub(super) by_claim: u32,
    pub(super) by_new_password: u32,
    refused: BTreeMap<&'static str, u32>,
}

impl Seen {
    pub(super) fn refused(&mut self, refusal: &Refusal) {
        *self.refused.entry(kind(refusal)).or_default() += 1;
    }

    pub(super) fn add(&mut self, other: Self) {
        self.signed_in += other.signed_in;
        self.by_claim += other.by_claim;
        self.by_new_password += other.by_new_password;
        for (kind, times) in other.refused {
            *self.refused.entry(kind).or_default() += times;
        }
    }

    pub(super) fn assert_enough(&self) {
        assert!(
            self.signed_in > 20 && self.by_claim > 0 && self.by_new_password > 0,
            "the walks hardly signed in: {self:?}"
        );
        // All refusals but those of a form, which the story tests have.
        assert_eq!(self.refused.len(), 9, "{self:?}");
    }
}

fn kind(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::WrongPassword => "wrong password",
        Refusal::Locked => "locked",
        Refusal::Disabled => "disabled",
        Refusal::NotConfirmed => "not confirmed",
        Refusal::ResetRequired => "reset required",
        Refusal::TemporaryPasswordExpired => "temporary password expired",
        Refusal::NoSuchStep => "no such step",
        Refusal::WrongChallenge => "wrong challenge",
        Refusal::Timestamp => "timestamp",
        Refusal::WrongCode(_) => "wrong code",
        Refusal::UsedCode => "used code",
        Refusal::NoSoftwareToken => "no software token",
        Refusal::NotSetUp => "not set up",
        Refusal::NotOffered => "not offered",
        Refusal::NoSuchChallenge => "no such challenge",
        Refusal::UnknownDevice => "unknown device",
        Refusal::NoSecondFactor => "no second factor",
        Refusal::AnothersToken => "another's token",
        Refusal::TargetMet => "target met",
        Refusal::TargetOutOfReach => "target out of reach",
        Refusal::WrongPasskey(_) => "wrong passkey",
        Refusal::CopiedPasskey(_) => "copied passkey",
        Refusal::Policy(_)
        | Refusal::UsedBefore
        | Refusal::Attribute(_)
        | Refusal::NotWritable(_)
        | Refusal::AlreadyProvided(_)
        | Refusal::Missing(_) => "form",
    }
}
