//! Sign-in: the operations, the one driver of the sign-in machine (model/sign_in), and the steps
//! that wait in the database for their answers.

pub(crate) mod app_set_up;
mod driver;
mod effects;
mod initiate_auth;
pub(crate) mod kept_step;
pub(crate) mod lockout;
mod proved;
mod refused;
mod reply;
mod respond_to_auth_challenge;
mod step_row;
mod step_up;
mod wire;

use cognate_api::idp::op;

use crate::Operations;

/// The operations of a sign-in.
pub(crate) fn operations() -> Operations {
    Operations::new()
        .on(op::InitiateAuth, initiate_auth::initiate_auth)
        .on(op::AdminInitiateAuth, initiate_auth::admin_initiate_auth)
        .on(
            op::RespondToAuthChallenge,
            respond_to_auth_challenge::respond_to_auth_challenge,
        )
        .on(
            op::AdminRespondToAuthChallenge,
            respond_to_auth_challenge::admin_respond_to_auth_challenge,
        )
}
