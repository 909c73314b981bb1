//! What goes in and out of a sign-in, between the operations and the driver.

use std::collections::BTreeMap;

use cognate_api::idp::{AuthenticationResultType, ChallengeNameType};
use cognate_crypto::secret::SecretString;
use cognate_crypto::srp::ClientPublic;
use cognate_model::attribute::Attributes;

/// What a sign-in answers: a challenge, or tokens.
pub(crate) enum Reply {
    Challenge {
        name: ChallengeNameType,
        session: String,
        parameters: BTreeMap<String, String>,
    },
    Tokens(AuthenticationResultType),
}

/// How a sign-in begins, with what it needs of its own.
pub(crate) enum Opening {
    Srp(Box<ClientPublic>),
    Password(SecretString),
}

/// An answer to a challenge, with what it needs of its own.
pub(crate) enum Response {
    PasswordClaim {
        secret_block: String,
        timestamp: String,
        signature: String,
    },
    NewPassword {
        password: SecretString,
        attributes: Attributes,
    },
}
