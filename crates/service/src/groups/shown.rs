//! Groups as answers show them, and the pages in which they are listed.

use cognate_api::Timestamp;
use cognate_api::idp::GroupType;
use cognate_model::Group;

/// The most groups or users on a page, and how many there are where nobody asks for fewer.
const MAX_PAGE: i32 = 60;

/// A group with all its settings.
pub(super) fn group(group: &Group) -> GroupType {
    GroupType {
        group_name: Some(group.name.clone()),
        user_pool_id: Some(group.pool.to_string()),
        description: group.description.clone(),
        role_arn: group.role_arn.clone(),
        // As large as the wire's own type allows.
        precedence: group
            .precedence
            .and_then(|number| i32::try_from(number).ok()),
        last_modified_date: Some(Timestamp(group.modified_at.0)),
        creation_date: Some(Timestamp(group.created_at.0)),
    }
}

/// How long a page is that a request asks for; 0 asks for nothing.
pub(super) fn page_length(limit: Option<i32>) -> i32 {
    match limit {
        None | Some(0) => MAX_PAGE,
        Some(limit) => limit.clamp(1, MAX_PAGE),
    }
}
