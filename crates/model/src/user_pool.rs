//! A user pool and its settings.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::acr::AcrNames;
use crate::attribute::{Contact, Schema};
use crate::beside::Beside;
use crate::device::DeviceSettings;
use crate::first_factor::FirstFactor;
use crate::ids::UserPoolId;
use crate::password::PasswordPolicy;
use crate::second_factor::PoolMfa;
use crate::time::Timestamp;

pub use crate::name_rule::{AliasAttribute, SignInNames};

/// A user pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserPool {
    /// The id.
    pub id: UserPoolId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub modified_at: Timestamp,
    /// Counts the changes; an update names the revision that it has read.
    pub revision: i64,
    /// What users sign in with.
    pub sign_in_names: SignInNames,
    /// Whether `Ana` and `ana` are two names.
    pub case_sensitive: bool,
    /// The attributes that its users can have.
    pub schema: Schema,
    /// What holds beside while it changes from one rule to another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<Box<Beside>>,
    /// What an operator can change.
    #[serde(flatten)]
    pub settings: Settings,
}

/// The settings of a pool that UpdateUserPool sets. Each setting but the name has a default for
/// stored pools that lack it, and a new setting needs one too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The operator's name for it.
    pub name: String,
    /// Whether it cannot be deleted.
    #[serde(default)]
    pub deletion_protection: bool,
    /// What it asks of passwords.
    #[serde(default)]
    pub password_policy: PasswordPolicy,
    /// The contact attributes that sign-up sends a code to.
    #[serde(default)]
    pub auto_verified: BTreeSet<Contact>,
    /// The contact attributes whose new value counts only once it is verified.
    #[serde(default)]
    pub verified_before_update: BTreeSet<Contact>,
    /// The messages' texts.
    #[serde(default)]
    pub messages: Messages,
    /// How mail is sent.
    #[serde(default)]
    pub email: EmailSettings,
    /// The owner's SmsConfiguration. Messages go to the server's own SMS endpoint.
    pub sms: Option<SmsSettings>,
    /// The owner's tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Whether only operators make users.
    #[serde(default)]
    pub admin_create_user_only: bool,
    /// How users recover passwords, first choice first. None means the older rule, SMS before mail
    /// (docs/protocol.md §8.5).
    pub recovery: Option<Vec<RecoveryMechanism>>,
    /// The feature plan that the owner chose.
    #[serde(default)]
    pub tier: Tier,
    /// What users may begin a sign-in with, passwords always among them.
    #[serde(default = "passwords_only")]
    pub allowed_first_auth_factors: BTreeSet<FirstFactor>,
    /// Whether the owner wrote UserPoolAddOns, which is then OFF. Describe shows only what was
    /// written.
    #[serde(default)]
    pub add_ons_off: bool,
    /// Second factors and passkeys.
    #[serde(default)]
    pub mfa: PoolMfa,
    /// Whether and how sessions are tracked.
    #[serde(default)]
    pub sessions: SessionTracking,
    /// How it remembers devices; None means not at all.
    #[serde(default)]
    pub devices: Option<DeviceSettings>,
    /// What the levels of authentication are called.
    #[serde(default)]
    pub acr: AcrNames,
    /// The form of its tokens' issuer, where the owner wrote one; Describe shows only what was
    /// written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<IssuerForm>,
    /// Whether the owner wrote KeyConfiguration, which is then AWS_OWNED_KEY, shown likewise.
    #[serde(default)]
    pub key_of_the_server: bool,
}

/// IssuerConfiguration: which of the server's two templates the issuer of a pool's tokens follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum IssuerForm {
    /// The one that all pools have at first.
    #[default]
    Original,
    /// The second one.
    Updated,
}

/// What SetUserPoolSessionConfiguration sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionTracking {
    /// Whether users and operators can list and revoke sessions, and how many there are is limited.
    pub enabled: bool,
    /// How many token sessions a user may have: 1 to 100.
    pub max_per_user: u32,
}

impl Default for SessionTracking {
    fn default() -> Self {
        Self {
            enabled: false,
            max_per_user: 20,
        }
    }
}

/// The first factors of a pool whose owner has said nothing.
fn passwords_only() -> BTreeSet<FirstFactor> {
    [FirstFactor::Password].into()
}

/// The texts of a pool's messages. An absent one is replaced by Cognate's own words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Messages {
    /// SMS with a verification code.
    pub verification_sms: Option<String>,
    /// Mail with a verification code.
    pub verification_email: Option<String>,
    /// Its subject.
    pub verification_email_subject: Option<String>,
    /// Mail with a verification link.
    pub link_email: Option<String>,
    /// Its subject.
    pub link_email_subject: Option<String>,
    /// Whether sign-up mails a link in place of a code.
    pub confirm_with_link: bool,
    /// SMS with the code of a sign-in: SmsAuthenticationMessage.
    pub authentication_sms: Option<String>,
    /// SMS of an invitation.
    pub invitation_sms: Option<String>,
    /// Mail of an invitation.
    pub invitation_email: Option<String>,
    /// Its subject.
    pub invitation_email_subject: Option<String>,
}

/// EmailConfiguration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EmailSettings {
    /// The address that answers go to.
    pub reply_to: Option<String>,
    /// The sender, as an address or `Name <address>`; the server's own where absent.
    pub from: Option<String>,
    /// The SES identity that the owner named; its address is the sender where `from` is absent.
    pub source_arn: Option<String>,
    /// Whether the owner chose DEVELOPER rather than COGNITO_DEFAULT.
    pub developer_account: bool,
}

impl EmailSettings {
    /// The sender of mail by these settings: `From`, else the address of the SES identity
    /// (`arn:aws:ses:us-east-1:123456789012:identity/no-reply@example.com`). An identity that is a
    /// domain names no sender.
    #[must_use]
    pub fn sender(&self) -> Option<&str> {
        let identity = self.source_arn.as_deref();
        let address = identity
            .and_then(|arn| arn.split_once('/'))
            .map(|(_, identity)| identity)
            .filter(|identity| identity.contains('@'));
        self.from.as_deref().or(address)
    }
}

/// SmsConfiguration as it was written. The role has no effect here (docs/differences.md).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SmsSettings {
    /// SnsCallerArn.
    pub caller_arn: Option<String>,
    /// ExternalId.
    pub external_id: Option<String>,
    /// SnsRegion.
    pub region: Option<String>,
}

/// A way to recover a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecoveryMechanism {
    /// A code to a verified address.
    VerifiedEmail,
    /// A code to a verified phone number.
    VerifiedPhoneNumber,
    /// Only an operator can.
    AdminOnly,
}

/// The feature plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Tier {
    /// The least.
    Lite,
    /// The tier unless the owner says otherwise.
    #[default]
    Essentials,
    /// The most.
    Plus,
}

impl UserPool {
    /// Whether its users may have passkeys, and sign in with them.
    #[must_use]
    pub fn has_passkeys(&self) -> bool {
        let allowed = &self.settings.allowed_first_auth_factors;
        allowed.contains(&FirstFactor::WebAuthn)
    }

    /// The form of its tokens' issuer.
    #[must_use]
    pub fn issuer_form(&self) -> IssuerForm {
        self.settings.issuer.unwrap_or_default()
    }

    /// The contact attributes to try for a password reset, in the pool's order; empty when only
    /// operators can.
    #[must_use]
    pub fn recovery_order(&self) -> Vec<Contact> {
        let Some(mechanisms) = &self.settings.recovery else {
            return vec![Contact::PhoneNumber, Contact::Email];
        };
        mechanisms
            .iter()
            .filter_map(|mechanism| match mechanism {
                RecoveryMechanism::VerifiedEmail => Some(Contact::Email),
                RecoveryMechanism::VerifiedPhoneNumber => Some(Contact::PhoneNumber),
                RecoveryMechanism::AdminOnly => None,
            })
            .collect()
    }
}
