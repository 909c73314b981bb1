//! An SRP exchange on the wire, of a password or of a device (docs/protocol.md §3.6, §3.7).

use cognate_crypto::digest::{base64_decode, base64_encode};
use cognate_model::sign_in::{PasswordClaim, SrpExchange};

use super::{Parameters, required};
use crate::sign_in::step_row::{self, StepRow};
use crate::{Error, Result};

/// Reads the claim that ends an exchange.
///
/// # Errors
/// `InvalidParameterException` when a part of it is missing.
pub(super) fn claim(responses: &Parameters) -> Result<PasswordClaim> {
    Ok(PasswordClaim {
        secret_block: required(responses, "PASSWORD_CLAIM_SECRET_BLOCK")?.to_owned(),
        timestamp: required(responses, "TIMESTAMP")?.to_owned(),
        signature: required(responses, "PASSWORD_CLAIM_SIGNATURE")?.to_owned(),
    })
}

/// The row of the exchange that a claim ends: some clients send no session.
///
/// # Errors
/// `NotAuthorizedException` for a secret block that can be none.
pub(super) fn row_of_block(claim: &PasswordClaim) -> Result<StepRow> {
    let block = base64_decode(&claim.secret_block);
    let block = block.map_err(|_| Error::incorrect_username_or_password())?;
    Ok(step_row::of_block(&block))
}

/// What a client needs of an exchange.
pub(super) fn shown_exchange(exchange: &SrpExchange) -> Vec<(&'static str, String)> {
    vec![
        ("SALT", exchange.salt.clone()),
        ("SRP_B", exchange.server_public.clone()),
        ("SECRET_BLOCK", base64_encode(&exchange.secret_block)),
    ]
}
