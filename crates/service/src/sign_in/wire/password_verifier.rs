//! PASSWORD_VERIFIER on the wire (docs/protocol.md §5.4).

use cognate_crypto::digest::{base64_decode, base64_encode};
use cognate_model::sign_in::{PasswordClaim, PasswordVerifier};

use super::{OnTheWire, Parameters, Shown, required};
use crate::counts::SignInFlow;
use crate::sign_in::step_row::{self, StepRow};
use crate::users::accounts::PoolClient;
use crate::{Error, Result};

impl OnTheWire for PasswordVerifier {
    const FLOW: SignInFlow = SignInFlow::Srp;

    fn read(_pool_client: &PoolClient, responses: &Parameters) -> Result<PasswordClaim> {
        Ok(PasswordClaim {
            secret_block: required(responses, "PASSWORD_CLAIM_SECRET_BLOCK")?.to_owned(),
            timestamp: required(responses, "TIMESTAMP")?.to_owned(),
            signature: required(responses, "PASSWORD_CLAIM_SIGNATURE")?.to_owned(),
        })
    }

    fn row_named(answer: &PasswordClaim) -> Result<Option<StepRow>> {
        // Some clients send no session.
        let block = base64_decode(&answer.secret_block);
        let block = block.map_err(|_| Error::incorrect_username_or_password())?;
        Ok(Some(step_row::of_block(&block)))
    }

    fn row(&self) -> Option<StepRow> {
        Some(step_row::of_block(&self.secret_block))
    }

    fn parameters(&self, _shown: &Shown<'_>) -> Result<Vec<(&str, String)>> {
        Ok(vec![
            ("SALT", self.salt.clone()),
            ("SRP_B", self.server_public.clone()),
            ("SECRET_BLOCK", base64_encode(&self.secret_block)),
            ("USERNAME", self.user_id.clone()),
            ("USER_ID_FOR_SRP", self.user_id.clone()),
        ])
    }
}
