//! Which second factor a confirmed user must prove, said once more and without the machine: from
//! what the pool offers, what the user has, and what they chose.

use super::*;
use crate::first_factor::FirstFactor;
use crate::second_factor::{MfaConfiguration, PasskeyFactor, PasskeySettings, UserVerification};
use crate::sign_in::{MfaSetup, SelectMfaType};
use crate::user_pool::RecoveryMechanism;

/// The rules for one user.
pub(super) struct Rules<'a> {
    pool: &'a UserPool,
    user: &'a User,
    has_app: bool,
}

impl<'a> Rules<'a> {
    pub(super) fn of(pool: &'a UserPool, user: &'a User, has_app: bool) -> Self {
        Self {
            pool,
            user,
            has_app,
        }
    }

    pub(super) fn told(&self) -> String {
        let (mfa, chosen) = (&self.pool.settings.mfa, &self.user.mfa);
        format!(
            "{mfa:?} {chosen:?} {:?} app: {}",
            self.user.attributes, self.has_app
        )
    }

    fn is_must(&self) -> bool {
        self.pool.settings.mfa.configuration == MfaConfiguration::On
    }

    fn is_offered(&self, factor: SecondFactor) -> bool {
        let mfa = &self.pool.settings.mfa;
        match factor {
            SecondFactor::Sms => mfa.sms,
            SecondFactor::Email => mfa.email.is_some(),
            SecondFactor::SoftwareToken => mfa.software_token == Some(true),
        }
    }

    /// Whether the user could prove it now. An app that was switched on stays asked for where the
    /// pool offers none any more.
    fn is_usable(&self, factor: SecondFactor) -> bool {
        match factor.contact() {
            Some(contact) => {
                let address = self.user.attribute(contact.attribute());
                self.is_offered(factor) && address.is_some_and(|address| !address.is_empty())
            }
            None => {
                let is_on = self.user.mfa.enabled.contains(&factor);
                self.has_app && (is_on || self.is_offered(factor))
            }
        }
    }

    /// What was switched on and can be used.
    fn chosen(&self) -> Vec<SecondFactor> {
        let all = SecondFactor::ALL.into_iter();
        let is_on = |factor: &SecondFactor| self.user.mfa.enabled.contains(factor);
        all.filter(is_on)
            .filter(|factor| self.is_usable(*factor))
            .collect()
    }

    /// The contact that resets passwords, where the owner named one: its codes would make one
    /// mailbox both factors.
    fn recovers(&self, factor: SecondFactor) -> bool {
        let recovery = self.pool.settings.recovery.as_deref();
        let first = recovery.and_then(<[_]>::first);
        match first {
            Some(RecoveryMechanism::VerifiedEmail) => factor == SecondFactor::Email,
            Some(RecoveryMechanism::VerifiedPhoneNumber) => factor == SecondFactor::Sms,
            Some(RecoveryMechanism::AdminOnly) | None => false,
        }
    }

    /// What can be set up in a sign-in.
    fn can_be_set_up(&self, factor: SecondFactor) -> bool {
        let has_address = self.user.attribute("email").is_some();
        self.is_offered(factor)
            && match factor {
                SecondFactor::SoftwareToken => true,
                SecondFactor::Email => !has_address && !self.recovers(factor),
                SecondFactor::Sms => false,
            }
    }

    /// Whether this user signs in by two factors: everybody where it is a must; where it is not,
    /// who has switched on a factor that the pool offers.
    pub(super) fn ask_for_a_second(&self) -> bool {
        let is_on = |factor: SecondFactor| self.user.mfa.enabled.contains(&factor);
        let asks = |factor| is_on(factor) && (self.is_offered(factor) || self.is_usable(factor));
        match self.pool.settings.mfa.configuration {
            MfaConfiguration::Off => false,
            MfaConfiguration::Optional => SecondFactor::ALL.into_iter().any(asks),
            MfaConfiguration::On => true,
        }
    }

    /// What is asked of who has chosen: the preferred one, or a choice. For who has chosen nothing:
    /// what they have, but for what recovers passwords.
    fn wanted(&self) -> Vec<SecondFactor> {
        let chosen = self.chosen();
        if let Some(preferred) = self.user.mfa.preferred.filter(|it| chosen.contains(it)) {
            return vec![preferred];
        }
        if !chosen.is_empty() || !self.is_must() {
            return chosen;
        }
        let all = SecondFactor::ALL.into_iter();
        let mut usable: Vec<_> = all.filter(|factor| self.is_usable(*factor)).collect();
        // Beside an address that is proved, one that is not counts for nothing.
        let is_unproved = |it: SecondFactor| it.contact().map(|at| !self.user.has_verified(at));
        if usable.iter().any(|it| is_unproved(*it) == Some(false)) {
            usable.retain(|it| is_unproved(*it) != Some(true));
        }
        let mut free = usable.clone();
        free.retain(|factor| !self.recovers(*factor));
        let nothing_to_set_up = !SecondFactor::ALL.iter().any(|it| self.can_be_set_up(*it));
        if free.is_empty() && nothing_to_set_up {
            return usable;
        }
        free
    }

    /// Whether there is a factor that could be asked for besides what is proved.
    pub(super) fn has_another(&self, truth: &Truth) -> bool {
        let mut wanted = self.wanted().into_iter();
        wanted.any(|factor| !truth.has_proved_by(factor))
    }

    /// The domain of a pool's passkeys, if its users have some.
    pub(super) fn passkey_domain(pool: &UserPool) -> Option<&str> {
        let allowed = &pool.settings.allowed_first_auth_factors;
        let domain = pool.settings.mfa.passkeys.relying_party_id.as_deref();
        domain.filter(|_| allowed.contains(&FirstFactor::WebAuthn))
    }

    /// Whether an authenticator has to verify its user.
    pub(super) fn requires_user_verification(settings: &PasskeySettings) -> bool {
        settings.user_verification == UserVerification::Required
            || settings.factor == PasskeyFactor::MultiFactorWithUserVerification
    }

    /// Whether a passkey is both factors, once its user is verified: pool and user have to say so.
    pub(super) fn passkey_is_both(&self) -> bool {
        let factor = self.pool.settings.mfa.passkeys.factor;
        factor == PasskeyFactor::MultiFactorWithUserVerification && self.user.mfa.passkey
    }

    /// Whether a passkey begins a sign-in: not for who was invited, and where two factors are
    /// asked for only if it is both.
    pub(super) fn may_begin_with_passkey(&self) -> bool {
        self.user.status != UserStatus::ForceChangePassword
            && (self.passkey_is_both() || !self.ask_for_a_second())
    }

    /// Whether this is to be set up now.
    pub(super) fn sets_up(&self, factor: SecondFactor) -> bool {
        self.is_must() && self.wanted().is_empty() && self.can_be_set_up(factor)
    }

    /// The step asks for what it may ask this user for, and for nothing that is proved already.
    pub(super) fn assert_may_ask(&self, step: &Step, truth: &Truth) {
        if let Some(setup) = step.read::<MfaSetup>() {
            assert!(
                self.is_must() && self.wanted().is_empty(),
                "{}",
                self.told()
            );
            assert!(!setup.choices.is_empty());
            let can = |factor: &SecondFactor| self.can_be_set_up(*factor);
            assert!(setup.choices.iter().all(can), "{}", self.told());
            return;
        }
        let asked = match step.name() {
            "sms_mfa" => vec![SecondFactor::Sms],
            "email_otp" => vec![SecondFactor::Email],
            "software_token_mfa" => vec![SecondFactor::SoftwareToken],
            "select_mfa_type" => step.read::<SelectMfaType>().unwrap().choices,
            other => panic!("no second factor: {other}"),
        };
        let mut wanted = self.wanted();
        wanted.retain(|factor| !truth.has_proved_by(*factor));
        assert_eq!(asked, wanted, "{}", self.told());
    }

    /// A code goes to the user's own address, and nowhere else.
    pub(super) fn assert_goes_to_the_user(&self, step: &Step, sent: Option<&SendCode>) {
        let contact = match step.name() {
            "sms_mfa" => Contact::PhoneNumber,
            "email_otp" => Contact::Email,
            _ => return assert!(sent.is_none(), "a code that nobody asked for"),
        };
        let sent = sent.expect("a code was sent");
        assert!(sent.is_real && sent.is_second && sent.medium == contact);
        assert_eq!(sent.code.expose().len(), 6);
        let address = self.user.attribute(contact.attribute());
        assert_eq!(Some(sent.address.as_str()), address);
    }

    /// There is nothing that the user could be asked for.
    pub(super) fn assert_has_none(&self, truth: &Truth) {
        let wanted = self.wanted();
        let is_proved = |factor: &SecondFactor| truth.has_proved_by(*factor);
        assert!(wanted.iter().all(is_proved), "{}", self.told());
        let all = SecondFactor::ALL.into_iter();
        let can_set_up = all.clone().any(|factor| self.can_be_set_up(factor));
        let sets_up = self.is_must() && self.chosen().is_empty() && wanted.is_empty();
        assert!(!(sets_up && can_set_up), "{}", self.told());
    }
}

impl Truth {
    /// Whether a code came back from where this factor's would go.
    fn has_proved_by(&self, factor: SecondFactor) -> bool {
        let same = |proved: &Proved| match proved.factor {
            Factor::Sms => factor == SecondFactor::Sms,
            Factor::Email => factor == SecondFactor::Email,
            _ => false,
        };
        self.factors.iter().any(same)
    }
}
