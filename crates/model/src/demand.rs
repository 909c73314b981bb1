//! Which second factor a sign-in asks for (docs/protocol.md §15.4), and what follows for the
//! recovery of passwords: what proves the second factor is no way around the first.

use std::collections::BTreeSet;

use crate::attribute::Contact;
use crate::second_factor::{MfaConfiguration, SecondFactor};
use crate::user::User;
use crate::user_pool::{RecoveryMechanism, UserPool};

/// What a sign-in asks for once the password was right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Demand {
    /// No second factor.
    Nothing,
    /// This one.
    Factor(SecondFactor),
    /// One of these, which the user chooses; two at least, in the order of
    /// [`SecondFactor::ALL`].
    Choice(Vec<SecondFactor>),
    /// One of these, which the user has to set up first.
    SetUp(Vec<SecondFactor>),
    /// A second factor, and there is none that the user could use: the sign-in fails.
    Impossible,
}

impl Demand {
    /// A factor, or the choice of several; None of none.
    fn of(factors: &[SecondFactor]) -> Option<Self> {
        match factors {
            [] => None,
            [factor] => Some(Self::Factor(*factor)),
            several => Some(Self::Choice(several.to_vec())),
        }
    }

    /// The same without factors that would prove nothing new.
    #[must_use]
    pub fn without(self, is_void: impl Fn(SecondFactor) -> bool) -> Self {
        let taken = self.factors();
        if !taken.iter().any(|factor| is_void(*factor)) {
            return self;
        }
        let rest: Vec<_> = taken
            .iter()
            .copied()
            .filter(|factor| !is_void(*factor))
            .collect();
        Self::of(&rest).unwrap_or(Self::Impossible)
    }

    /// The factors that would be taken.
    #[must_use]
    pub fn factors(&self) -> &[SecondFactor] {
        match self {
            Self::Factor(factor) => std::slice::from_ref(factor),
            Self::Choice(factors) => factors,
            Self::Nothing | Self::SetUp(_) | Self::Impossible => &[],
        }
    }
}

impl UserPool {
    /// The second factors that its users may use.
    #[must_use]
    pub fn second_factors(&self) -> BTreeSet<SecondFactor> {
        let offered = |factor: &SecondFactor| self.settings.mfa.offers(*factor);
        SecondFactor::ALL.into_iter().filter(offered).collect()
    }

    /// What a sign-in of a user asks for after the password. `has_token` tells whether the user has
    /// a verified authenticator app.
    #[must_use]
    pub fn second_factor_of(&self, user: &User, has_token: bool) -> Demand {
        let configuration = self.settings.mfa.configuration;
        if configuration == MfaConfiguration::Off {
            return Demand::Nothing;
        }
        if let Some(demand) = self.chosen_factor(user, has_token) {
            return demand;
        }
        match configuration {
            MfaConfiguration::On => self.factor_without_choice(user, has_token),
            MfaConfiguration::Off | MfaConfiguration::Optional => Demand::Nothing,
        }
    }

    /// Whether a sign-in of a user asks for a second factor that the user has.
    #[must_use]
    pub fn asks_for_second_factor(&self, user: &User, has_token: bool) -> bool {
        !self.second_factor_of(user, has_token).factors().is_empty()
    }

    /// By what the user has switched on; None where they have switched on nothing that the pool
    /// still offers. One that is offered and cannot be used, because its address is gone, is no
    /// reason to ask for none.
    fn chosen_factor(&self, user: &User, has_token: bool) -> Option<Demand> {
        let chosen = &user.mfa.enabled;
        let usable = self.usable_of_chosen(user, has_token);
        if let Some(preferred) = user.mfa.preferred
            && usable.contains(&preferred)
        {
            return Some(Demand::Factor(preferred));
        }
        let is_offered = |factor: &SecondFactor| self.settings.mfa.offers(*factor);
        let is_optional = self.settings.mfa.configuration == MfaConfiguration::Optional;
        Demand::of(&usable).or_else(|| {
            (is_optional && chosen.iter().any(is_offered)).then_some(Demand::Impossible)
        })
    }

    /// What a user has switched on and can use.
    fn usable_of_chosen(&self, user: &User, has_token: bool) -> Vec<SecondFactor> {
        let can_use = |factor: SecondFactor| match factor.contact() {
            None => has_token,
            Some(_) => self.settings.mfa.offers(factor) && has_address(user, factor),
        };
        let all = SecondFactor::ALL.into_iter();
        all.filter(|factor| user.mfa.enabled.contains(factor) && can_use(*factor))
            .collect()
    }

    /// All second factors that a sign-in of a user may take, whichever of them the user prefers.
    #[must_use]
    pub fn second_factors_of(&self, user: &User, has_token: bool) -> Vec<SecondFactor> {
        if self.settings.mfa.configuration == MfaConfiguration::Off {
            return Vec::new();
        }
        let usable = self.usable_of_chosen(user, has_token);
        if usable.is_empty() {
            return self.second_factor_of(user, has_token).factors().to_vec();
        }
        usable
    }

    /// For a user who has chosen nothing, in a pool that asks everybody.
    fn factor_without_choice(&self, user: &User, has_token: bool) -> Demand {
        let offers = |factor: SecondFactor| self.settings.mfa.offers(factor);
        let recovers = |factor: SecondFactor| {
            factor.contact().is_some() && factor.contact() == self.first_recovery()
        };
        let messages = SecondFactor::ALL
            .into_iter()
            .filter(|factor| factor.contact().is_some() && offers(*factor));
        // Whoever adds an address in the sign-in itself has not proved it: it is no factor beside
        // one that is proved.
        let has_verified = |factor: &SecondFactor| {
            let contact = factor.contact();
            contact.is_some_and(|contact| user.has_verified(contact))
        };
        let any_is_verified = messages.clone().any(|factor| has_verified(&factor));
        let (recovering, others): (Vec<_>, Vec<_>) = messages
            .filter(|factor| has_address(user, *factor))
            .filter(|factor| !any_is_verified || has_verified(factor))
            .partition(|factor| recovers(*factor));
        let token = (has_token && offers(SecondFactor::SoftwareToken))
            .then_some(SecondFactor::SoftwareToken);
        let ready: Vec<_> = SecondFactor::ALL
            .into_iter()
            .filter(|factor| others.contains(factor) || token == Some(*factor))
            .collect();
        let can_be_set_up = |factor: &SecondFactor| match factor {
            SecondFactor::SoftwareToken => offers(*factor),
            SecondFactor::Email => offers(*factor) && !has_address(user, *factor),
            // A phone number is added outside of the sign-in.
            SecondFactor::Sms => false,
        };
        let set_up: Vec<_> = SecondFactor::ALL
            .into_iter()
            .filter(|factor| can_be_set_up(factor) && !recovers(*factor))
            .collect();
        Demand::of(&ready)
            .or_else(|| (!set_up.is_empty()).then_some(Demand::SetUp(set_up)))
            // Then no password is recovered by it.
            .or_else(|| Demand::of(&recovering))
            .unwrap_or(Demand::Impossible)
    }

    /// The contact attribute that codes of a reset go to first, where the owner chose one.
    fn first_recovery(&self) -> Option<Contact> {
        match self.settings.recovery.as_deref()?.first()? {
            RecoveryMechanism::VerifiedEmail => Some(Contact::Email),
            RecoveryMechanism::VerifiedPhoneNumber => Some(Contact::PhoneNumber),
            RecoveryMechanism::AdminOnly => None,
        }
    }

    /// The contact attributes to try for a reset of a user's password, in the pool's order: not
    /// those at which the user receives the codes of a second factor, because then one mailbox
    /// would be both factors. Under the older rule, which the owner has who chose none, they come
    /// last (docs/protocol.md §8.6).
    #[must_use]
    pub fn recovery_order_of(&self, user: &User) -> Vec<Contact> {
        let has_token = user.mfa.enabled.contains(&SecondFactor::SoftwareToken);
        let demand = self.second_factor_of(user, has_token);
        let second: BTreeSet<Contact> = demand
            .factors()
            .iter()
            .filter_map(|factor| factor.contact())
            .collect();
        let order = self.recovery_order().into_iter();
        let (second, mut free): (Vec<_>, Vec<_>) =
            order.partition(|contact| second.contains(contact));
        if self.settings.recovery.is_none() {
            free.extend(second);
        }
        free
    }
}

/// Whether a user has the address that codes of a factor go to, verified or not.
fn has_address(user: &User, factor: SecondFactor) -> bool {
    factor
        .contact()
        .is_some_and(|contact| user.attribute(contact.attribute()).is_some())
}

#[cfg(test)]
mod tests;
