//! User pools: create, describe, update, delete, list, custom attributes, tags, multi-factor
//! settings.
//!
//! What a request asks for is read in [`settings`], [`mfa_settings`] and [`schema`]; what Cognate
//! can't do yet is refused in [`not_built`]; what a pool looks like on the wire is written in
//! [`describe`].

mod acr;
mod asked;
mod describe;
mod email;
mod first_factors;
mod issuer;
mod messages;
mod mfa;
mod mfa_settings;
pub(crate) mod not_built;
pub(crate) mod pools;
mod schema;
mod sessions;
mod settings;
mod sms;
pub(crate) mod stored;
mod tag_rules;
mod tags;

use cognate_api::idp::op;

use crate::Operations;

/// The operations on user pools.
pub(crate) fn operations() -> Operations {
    Operations::new()
        .on(op::CreateUserPool, pools::create_user_pool)
        .on(op::DescribeUserPool, pools::describe_user_pool)
        .on(op::UpdateUserPool, pools::update_user_pool)
        .on(op::DeleteUserPool, pools::delete_user_pool)
        .on(op::ListUserPools, pools::list_user_pools)
        .on(op::AddCustomAttributes, pools::add_custom_attributes)
        .on(op::GetUserPoolMfaConfig, mfa::get_user_pool_mfa_config)
        .on(op::SetUserPoolMfaConfig, mfa::set_user_pool_mfa_config)
        .on(
            op::GetUserPoolSessionConfiguration,
            sessions::get_user_pool_session_configuration,
        )
        .on(
            op::SetUserPoolSessionConfiguration,
            sessions::set_user_pool_session_configuration,
        )
        .on(op::TagResource, tags::tag_resource)
        .on(op::UntagResource, tags::untag_resource)
        .on(op::ListTagsForResource, tags::list_tags_for_resource)
}
