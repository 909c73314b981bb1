//! Multi-factor authentication: what a pool asks for, and what a user has chosen.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::acr::Method;
use crate::attribute::Contact;

/// A second factor that a user enrols. A passkey is none of them: it can stand for both factors at
/// once, but never be asked for after a password (WebAuthnMfaSettingsType).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondFactor {
    /// A code by text message: SMS_MFA.
    Sms,
    /// A code by mail: EMAIL_OTP.
    Email,
    /// A code of an authenticator app: SOFTWARE_TOKEN_MFA.
    SoftwareToken,
}

impl SecondFactor {
    /// All of them, in the order in which a user is offered them.
    pub const ALL: [Self; 3] = [Self::Sms, Self::SoftwareToken, Self::Email];

    /// The name of its challenge, which UserMFASettingList and PreferredMfaSetting show.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sms => "SMS_MFA",
            Self::Email => "EMAIL_OTP",
            Self::SoftwareToken => "SOFTWARE_TOKEN_MFA",
        }
    }

    /// The factor of a challenge's name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|factor| factor.as_str() == name)
    }

    /// What it proves, as levels count it.
    #[must_use]
    pub fn method(self) -> Method {
        match self {
            Self::Sms => Method::Sms,
            Self::Email => Method::Email,
            Self::SoftwareToken => Method::App,
        }
    }

    /// The contact attribute that its codes go to.
    #[must_use]
    pub fn contact(self) -> Option<Contact> {
        match self {
            Self::Sms => Some(Contact::PhoneNumber),
            Self::Email => Some(Contact::Email),
            Self::SoftwareToken => None,
        }
    }
}

/// What a user has chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MfaPreferences {
    /// The factors that are switched on.
    pub enabled: BTreeSet<SecondFactor>,
    /// The one that is asked for when several are switched on; always one of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred: Option<SecondFactor>,
    /// Whether a passkey with user verification may stand for both factors.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub passkey: bool,
}

impl MfaPreferences {
    /// Whether nothing was chosen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Makes what was wished true. Where everybody is asked for a second factor, none can be
    /// switched off, which is no error (docs/protocol.md §15.3). A passkey stands for both factors
    /// only while there is another way for the day on which it is lost.
    ///
    /// # Errors
    /// [`RefusedWish`]; then nothing has changed.
    pub fn set(
        &mut self,
        wishes: &BTreeMap<SecondFactor, Wish>,
        configuration: MfaConfiguration,
    ) -> Result<(), RefusedWish> {
        let mut preferred = wishes.iter().filter(|(_, wish)| wish.preferred);
        let (first, another) = (preferred.next(), preferred.next());
        if another.is_some() {
            return Err(RefusedWish::TwoPreferred);
        }
        if let Some((factor, _)) = first.filter(|(_, wish)| !wish.enabled) {
            return Err(RefusedWish::PreferredAndOff(*factor));
        }
        for (factor, wish) in wishes {
            let is_kept = configuration == MfaConfiguration::On && self.enabled.contains(factor);
            if wish.enabled {
                self.enabled.insert(*factor);
            } else if !is_kept {
                self.enabled.remove(factor);
            }
            let is_preferred = self.preferred == Some(*factor);
            if is_preferred && (wish.enabled || !is_kept) && !wish.preferred {
                self.preferred = None;
            }
        }
        if let Some((factor, _)) = first {
            self.preferred = Some(*factor);
        }
        self.passkey &= !self.enabled.is_empty();
        Ok(())
    }

    /// Switches a factor on, to be the one that is asked for.
    pub fn choose(&mut self, factor: SecondFactor) {
        self.enabled.insert(factor);
        self.preferred = Some(factor);
    }

    /// Switches a factor off that the user has no more.
    pub fn lose(&mut self, factor: SecondFactor) {
        self.enabled.remove(&factor);
        if self.preferred == Some(factor) {
            self.preferred = None;
        }
        self.passkey &= !self.enabled.is_empty();
    }
}

/// What a request says of one factor of a user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Whether it is to be switched on.
    pub enabled: bool,
    /// Whether it is to be the one that is asked for.
    pub preferred: bool,
}

/// Why wishes contradict each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedWish {
    /// More than one is to be preferred.
    TwoPreferred,
    /// This one is to be preferred and switched off.
    PreferredAndOff(SecondFactor),
}

/// MfaConfiguration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MfaConfiguration {
    /// No user is asked for a second factor.
    #[default]
    Off,
    /// Those who have switched one on are.
    Optional,
    /// Everybody is.
    On,
}

/// The settings of a pool for second factors and passkeys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PoolMfa {
    /// Whether a second factor is asked for.
    pub configuration: MfaConfiguration,
    /// Whether authenticator apps are offered, if the owner said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_token: Option<bool>,
    /// Whether text messages are offered. Their text is
    /// [`Messages::authentication_sms`](crate::user_pool::Messages::authentication_sms), which
    /// sign-ins by text message use as well.
    pub sms: bool,
    /// Mail, if it is offered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailMfa>,
    /// Passkeys.
    pub passkeys: PasskeySettings,
}

impl PoolMfa {
    /// Whether the pool's users may use a second factor.
    #[must_use]
    pub fn offers(&self, factor: SecondFactor) -> bool {
        self.configuration != MfaConfiguration::Off
            && match factor {
                SecondFactor::Sms => self.sms,
                SecondFactor::Email => self.email.is_some(),
                SecondFactor::SoftwareToken => self.software_token == Some(true),
            }
    }

    /// Whether they may use any.
    #[must_use]
    pub fn offers_any(&self) -> bool {
        SecondFactor::ALL
            .into_iter()
            .any(|factor| self.offers(factor))
    }
}

/// EmailMfaConfiguration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EmailMfa {
    /// The text, which holds `{####}`; Cognate's own words where absent.
    pub message: Option<String>,
    /// Its subject.
    pub subject: Option<String>,
}

/// WebAuthnConfiguration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PasskeySettings {
    /// Whether the owner wrote WebAuthnConfiguration. It is shown only where it was written.
    pub written: bool,
    /// The domain that passkeys are made for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relying_party_id: Option<String>,
    /// Whether the authenticator has to check who holds it.
    pub user_verification: UserVerification,
    /// What a passkey counts as.
    pub factor: PasskeyFactor,
}

/// UserVerification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserVerification {
    /// If it can.
    #[default]
    Preferred,
    /// Always.
    Required,
}

/// FactorConfiguration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PasskeyFactor {
    /// A passkey is one factor.
    #[default]
    SingleFactor,
    /// A passkey whose holder was checked is both factors.
    MultiFactorWithUserVerification,
}

#[cfg(test)]
mod tests;
