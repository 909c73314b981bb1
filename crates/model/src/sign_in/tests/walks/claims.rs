//! Claims of SRP in the walks, of passwords and of devices: right ones, and what can be wrong.

use std::sync::LazyLock;

use super::moves::{Response, Twist};
use super::*;
use crate::sign_in::StepKind;

/// Clients draw one for each exchange. Its public value costs powers, so here they draw of these.
static KEYS: LazyLock<Vec<(ClientKey, srp::ClientPublic)>> = LazyLock::new(|| {
    let keys = (0..8).map(|seed| ClientKey::from_bytes([seed + 1; 32]));
    keys.map(|key| (key.clone(), key.public_value())).collect()
});

/// A key for an exchange, and its public value.
pub(super) fn client_key(random: &mut Random) -> (ClientKey, srp::ClientPublic) {
    let [drawn] = random.bytes::<1>();
    KEYS[usize::from(drawn) % KEYS.len()].clone()
}

impl World {
    pub(super) fn client_key(&mut self) -> (ClientKey, srp::ClientPublic) {
        client_key(&mut self.random)
    }

    /// Another exchange of that kind.
    pub(super) fn other_exchange<S: StepKind>(&self, index: usize) -> Option<usize> {
        let is_one = |(at, it): &(usize, &Issued)| {
            *at != index && it.key.is_some() && it.pending.step.read::<S>().is_some()
        };
        let last = self.issued.iter().enumerate().rfind(is_one);
        last.map(|(at, _)| at)
    }

    pub(super) fn answer_claim(&mut self, index: usize, at: At, with: Response) {
        let password = self.guessed(at, with.guess);
        let claimed = match with.twist {
            Twist::OtherExchange => self.other_exchange::<PasswordVerifier>(index),
            _ => Some(index),
        };
        let signed_at = with.twist.signed_at(self.now);
        let issued = claimed.map(|at| &self.issued[at]);
        let exchange = issued.and_then(|it| Some((it.key.as_ref()?, it.pending.step.read()?)));
        let claim = match exchange {
            Some((key, step)) => Claim::of(&self.pools[at.pool], key, &step, &password, signed_at),
            None => Claim::empty(signed_at),
        };
        let claim = with.twist.of(claim, self.now);
        let Some(outcome) = self.put::<PasswordVerifier>(index, at, claim.answer()) else {
            return;
        };
        if with.twist.is_of_time() {
            return self.must_refuse(Some(index), outcome, &Refusal::Timestamp);
        }
        let issued = &self.issued[index];
        let public = issued.key.as_ref().map(|key| key.public_value().to_hex());
        let is_of_this_password = issued.generation == self.slot(at).generation;
        // The verifier of a hash that waits is of no password.
        let has_verifier = !issued.hash_waited && !self.slot(at).hash_waits;
        let is_right = with.twist == Twist::None && self.is_password(at, &password);
        if is_right && is_of_this_password && !has_verifier {
            self.seen
                .met("a claim of the right password while its hash waits");
        }
        let is_of_this_password = is_of_this_password && has_verifier;
        let truth = if with.twist != Twist::None || !is_of_this_password {
            Err(Refusal::WrongPassword)
        } else {
            self.password_truth(at, &password, &self.truth(index))
        };
        self.public = public;
        if truth.is_ok() {
            self.seen.met("a right claim");
        }
        self.judge(Some(index), at, outcome, truth);
    }
}

impl Claim {
    /// A claim that claims nothing.
    pub(super) fn empty(at: Timestamp) -> Self {
        Self {
            secret_block: String::new(),
            timestamp: claim_time(at),
            signature: String::new(),
        }
    }
}

impl Twist {
    /// The time that is signed.
    pub(super) fn signed_at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::OldTimestamp => now.minus(seconds(301)),
            Self::FutureTimestamp => now.plus(seconds(302)),
            _ => now,
        }
    }

    pub(super) fn is_of_time(self) -> bool {
        matches!(self, Self::OldTimestamp | Self::FutureTimestamp)
    }

    /// The claim with what is wrong with it. What is wrong with its time is signed.
    pub(super) fn of(self, claim: Claim, now: Timestamp) -> Claim {
        match self {
            Self::None | Self::OldTimestamp | Self::FutureTimestamp | Self::OtherExchange => claim,
            Self::Block => Claim {
                secret_block: base64_encode(&[7; 48]),
                ..claim
            },
            Self::Signature => Claim {
                signature: base64_encode(&[7; 32]),
                ..claim
            },
            Self::NotBase64 => Claim {
                signature: "?".to_owned(),
                ..claim
            },
            Self::OtherTimestamp => Claim {
                timestamp: claim_time(now.plus(seconds(1))),
                ..claim
            },
        }
    }
}
