//! A user as lists and AdminCreateUser show them.

use cognate_api::Timestamp;
use cognate_api::idp::{UserStatusType, UserType};
use cognate_model::{User, UserPool};

use super::attributes;
use crate::second_factors::shown;

/// A user with those attributes whose names pass.
pub(crate) fn user_type(pool: &UserPool, user: &User, passes: impl Fn(&str) -> bool) -> UserType {
    UserType {
        username: Some(user.username.clone()),
        attributes: Some(attributes::readable(pool, user, passes)),
        user_create_date: Some(Timestamp(user.created_at.0)),
        user_last_modified_date: Some(Timestamp(user.modified_at.0)),
        enabled: Some(user.enabled),
        user_status: Some(UserStatusType::from(user.status.as_str())),
        mfa_options: shown::options(user),
    }
}
