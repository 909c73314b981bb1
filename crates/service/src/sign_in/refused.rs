//! What clients are told of a refusal.

use cognate_model::sign_in::{Factor, Refusal};

use crate::Error;
use crate::users::attributes;

/// The error of a refusal.
pub(super) fn refused(refusal: Refusal) -> Error {
    match refusal {
        Refusal::WrongPassword => Error::incorrect_username_or_password(),
        Refusal::Locked => Error::password_attempts_exceeded(),
        Refusal::Disabled => Error::user_is_disabled(),
        Refusal::NotConfirmed => Error::user_is_not_confirmed(),
        Refusal::ResetRequired => Error::password_reset_required(),
        Refusal::TemporaryPasswordExpired => Error::temporary_password_expired(),
        Refusal::NoSuchStep | Refusal::WrongChallenge => Error::invalid_session(),
        Refusal::WrongCode(Factor::Sms) => Error::sms_code_mismatch(),
        Refusal::WrongCode(Factor::SoftwareToken) => Error::software_token_code_mismatch(),
        Refusal::UsedCode => Error::software_token_used(),
        Refusal::NoSoftwareToken => Error::software_token_not_found(),
        Refusal::NotSetUp => Error::software_token_not_verified(),
        Refusal::WrongCode(_) => Error::code_mismatch(),
        Refusal::WrongPasskey(None) | Refusal::CopiedPasskey(_) => {
            Error::incorrect_username_or_password()
        }
        Refusal::WrongPasskey(Some(refusal)) => {
            Error::incorrect_username_or_password().with_source(refusal)
        }
        Refusal::NoSuchChallenge => Error::challenge_cannot_be_asked(),
        Refusal::NotOffered => Error::choice_not_offered(),
        Refusal::UnknownDevice => Error::device_does_not_exist(),
        Refusal::NoSecondFactor => Error::no_second_factor(),
        Refusal::AnothersToken => Error::invalid_access_token(),
        Refusal::TargetMet => Error::target_met(),
        Refusal::TargetOutOfReach => Error::target_out_of_reach(),
        Refusal::Timestamp => Error::timestamp_malformed(),
        Refusal::Missing(names) => {
            Error::attribute_is_missing(names.first().map_or("", String::as_str))
        }
        Refusal::Policy(violation) => Error::password_does_not_conform(violation),
        Refusal::UsedBefore => Error::password_was_used_before(),
        Refusal::Attribute(error) => attributes::refused(error),
        Refusal::NotWritable(_) => Error::unauthorized_attribute(),
        Refusal::AlreadyProvided(attribute) => Error::cannot_modify_provided(attribute),
    }
}
