//! What a client may choose to begin with, on the wire (docs/protocol.md §17.3).

use cognate_api::idp::ChallengeNameType;
use cognate_crypto::srp::ClientPublic;
use cognate_model::sign_in::{Choice, FirstChallenge};

use super::{Parameters, password, srp_a};
use crate::Result;

/// The name of a challenge.
pub(super) fn name_of(challenge: FirstChallenge) -> ChallengeNameType {
    match challenge {
        FirstChallenge::Password => ChallengeNameType::Password,
        FirstChallenge::PasswordSrp => ChallengeNameType::PasswordSrp,
        FirstChallenge::EmailOtp => ChallengeNameType::EmailOtp,
        FirstChallenge::SmsOtp => ChallengeNameType::SmsOtp,
        FirstChallenge::WebAuthn => ChallengeNameType::WebAuthn,
    }
}

/// The challenge of a name.
pub(in crate::sign_in) fn parse(name: &str) -> Option<FirstChallenge> {
    let mut all = FirstChallenge::ALL.into_iter();
    all.find(|challenge| name_of(*challenge).as_str() == name)
}

/// A choice with what came along with it.
///
/// # Errors
/// What the operation answers to values that cannot be right.
pub(in crate::sign_in) fn read(
    challenge: Option<FirstChallenge>,
    parameters: &Parameters,
) -> Result<Choice> {
    let has = |name: &str| parameters.get(name).is_some_and(|value| !value.is_empty());
    let client_public: Option<Box<ClientPublic>> = match challenge {
        Some(FirstChallenge::PasswordSrp) if has("SRP_A") => Some(srp_a(parameters)?),
        _ => None,
    };
    let password = match challenge {
        Some(FirstChallenge::Password) if has("PASSWORD") => Some(password(parameters)?),
        _ => None,
    };
    Ok(Choice {
        challenge,
        client_public,
        password,
    })
}
