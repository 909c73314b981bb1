//! How much may be done in a while, and for whom it is counted: by network address, by user and
//! mailbox, by pool, by category of operation; and the turns in which costly work is done.

pub(crate) mod address_limits;
pub(crate) mod admission;
pub(crate) mod backends;
pub(crate) mod beats;
pub(crate) mod client_address;
pub(crate) mod fair_turns;
pub(crate) mod hashing;
mod live_nodes;
pub(crate) mod origin;
pub(crate) mod pool_messages;
mod provisioned;
pub(crate) mod rates;
pub(crate) mod request_rates;
pub(crate) mod sums;
pub(crate) mod switched_off;

use cognate_api::idp::op;

use crate::Operations;

/// The operations on limits.
pub(crate) fn operations() -> Operations {
    Operations::new()
        .on(op::GetProvisionedLimit, provisioned::get_provisioned_limit)
        .on(
            op::UpdateProvisionedLimit,
            provisioned::update_provisioned_limit,
        )
}
