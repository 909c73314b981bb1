//! What the machine asks the driver to find out, and the facts that come back. What neither of them
//! can see of the other is not here: these are plain words between the two.

use std::collections::BTreeMap;

use cognate_crypto::secret::SecretString;

use super::progress::PastChallenge;
use crate::attribute::Contact;
use crate::destination::Contacts;
use crate::device::{Device, DeviceSecret};
use crate::passkey::{OfferedPasskey, Passkey};
use crate::software_token::SoftwareToken;
use crate::user::User;

/// A code that is to be sent.
#[derive(Clone)]
pub struct SendCode {
    /// By mail or by SMS.
    pub medium: Contact,
    /// Where to.
    pub address: String,
    /// The code.
    pub code: SecretString,
    /// Whether somebody gets it: nobody does who does not exist, and it must not show.
    pub is_real: bool,
    /// Whether it follows another factor.
    pub is_second: bool,
}

/// A code that goes out together with the step.
pub struct CodeSent {
    /// Where to, as answers tell it.
    pub destination: String,
}

/// What the driver finds out of an account before a choice is offered. It is found out for nobody
/// as well, and looks alike.
pub struct FirstFactors {
    /// Where codes can go.
    pub contacts: Contacts,
    /// The passkeys that the account may begin with.
    pub passkeys: Vec<OfferedPasskey>,
    /// For nobody: the user in whose likeness they are made up, if the pool has any.
    pub like: Option<User>,
}

/// What is known of a user's authenticator app.
#[derive(Clone, Default)]
pub struct KnownToken {
    /// The app.
    pub token: SoftwareToken,
    /// The newest step whose code was used.
    pub last_step: i64,
}

/// What the driver finds out about a passkey.
pub struct KnownPasskey {
    /// The account's passkey of that id; nobody has any.
    pub passkey: Option<Passkey>,
    /// Origins that the server's settings allow beside those of the relying party's domain.
    pub other_origins: Vec<String>,
}

/// A device of the user, as it is stored.
pub struct KnownDevice {
    /// The device.
    pub device: Device,
    /// What proves it.
    pub secret: DeviceSecret,
}

/// DefineAuthChallenge: what comes next?
pub struct DefineChallenge {
    /// What was met so far.
    pub session: Vec<PastChallenge>,
    /// Whether the name is nobody's, and the code is asked all the same.
    pub user_not_found: bool,
}

/// What the code says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Defined {
    /// The user is signed in.
    IssueTokens,
    /// The sign-in has failed.
    Fail,
    /// A challenge of this name.
    Challenge(String),
}

/// CreateAuthChallenge: what is a custom challenge to be?
pub struct CreateChallenge {
    /// The challenge's name.
    pub name: String,
    /// What was met so far.
    pub session: Vec<PastChallenge>,
    /// Whether the name is nobody's.
    pub user_not_found: bool,
}

/// What the code says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Created {
    /// What the client is shown.
    pub public: BTreeMap<String, String>,
    /// What the answer is judged by.
    pub private: BTreeMap<String, String>,
    /// A note for later rounds.
    pub metadata: Option<String>,
}

/// VerifyAuthChallengeResponse: is the answer right?
pub struct VerifyChallenge {
    /// What the answer is judged by.
    pub private: BTreeMap<String, String>,
    /// The answer.
    pub answer: SecretString,
    /// Whether the name is nobody's.
    pub user_not_found: bool,
}
