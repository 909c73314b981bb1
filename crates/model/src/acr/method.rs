//! What a user has done to sign in, as levels count it and the claim `amr` tells it (RFC 8176;
//! docs/protocol.md §18.1, §18.3).

use std::collections::BTreeSet;

use super::Level;
use crate::factor::{Factor, Proved};

/// A way to prove who one is, of which levels are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// The password, however it was proved.
    Password,
    /// A code by text message.
    Sms,
    /// A code by mail.
    Email,
    /// A code of an authenticator app.
    App,
    /// A passkey.
    Passkey,
}

use Method::{App, Email, Passkey, Password, Sms};

impl Method {
    /// The method of a factor; None of one that makes no level.
    #[must_use]
    pub fn of(factor: Factor) -> Option<Self> {
        match factor {
            Factor::Password => Some(Password),
            Factor::Sms => Some(Sms),
            Factor::Email => Some(Email),
            Factor::SoftwareToken => Some(App),
            Factor::Passkey | Factor::PasskeyForBoth => Some(Passkey),
            // Whatever the pool's own code has asked for; and a device, which is nobody's
            // knowledge. A recovery code stands in for a second factor once, and is none of the
            // methods of a level.
            Factor::Custom | Factor::Device | Factor::RecoveryCode => None,
        }
    }
}

impl Level {
    /// The least sets of methods that meet it, or a higher one.
    #[must_use]
    pub fn ways(self) -> &'static [&'static [Method]] {
        match self {
            Self::One => &[&[Password], &[Sms], &[Email], &[Passkey]],
            Self::Two => &[&[Sms], &[Email], &[Passkey], &[Password, App]],
            Self::Three => &[
                &[Passkey],
                &[Password, Sms],
                &[Password, Email],
                &[Password, App],
            ],
            Self::Four => &[&[Password, App]],
        }
    }

    /// The highest level that methods meet.
    #[must_use]
    pub fn met_by(methods: &BTreeSet<Method>) -> Option<Self> {
        let mut from_above = Self::ALL.into_iter().rev();
        from_above.find(|level| {
            let mut ways = level.ways().iter();
            ways.any(|way| way.iter().all(|method| methods.contains(method)))
        })
    }

    /// What is missing for it: for each way to it the methods that are not proved yet. An empty set
    /// says that it is met.
    #[must_use]
    pub fn missing(self, proved: &BTreeSet<Method>) -> Vec<BTreeSet<Method>> {
        let missing = |way: &&[Method]| {
            let methods = way.iter().copied();
            methods.filter(|method| !proved.contains(method)).collect()
        };
        self.ways().iter().map(missing).collect()
    }
}

/// The methods of factors, each once.
#[must_use]
pub fn of_factors<'a>(factors: impl IntoIterator<Item = &'a Proved>) -> BTreeSet<Method> {
    let factors = factors.into_iter();
    factors
        .filter_map(|proved| Method::of(proved.factor))
        .collect()
}

/// The claim `amr`: the methods in the order in which they were proved, and `mfa` after more than
/// one. A passkey is told as `hwk` where its authenticator is carried and keeps it, else as `swk`.
#[must_use]
pub fn amr(factors: &[Proved]) -> Vec<&'static str> {
    let mut told: Vec<&'static str> = Vec::new();
    for proved in factors {
        let Some(method) = Method::of(proved.factor) else {
            continue;
        };
        let name = match method {
            Password => "pwd",
            Sms => "sms",
            Email => "email_otp",
            App => "otp",
            Passkey if proved.carried => "hwk",
            Passkey => "swk",
        };
        if !told.contains(&name) {
            told.push(name);
        }
    }
    if of_factors(factors).len() > 1 {
        told.push("mfa");
    }
    told
}
