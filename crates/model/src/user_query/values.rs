//! What is compared: the values of a user, in the form in which they are compared.

use crate::normal_form::normal_form;
use crate::user::User;

/// The attributes that have no place among a pool's own, and can be searched all the same.
pub(super) const OF_ALL_USERS: [&str; 4] = ["username", "sub", "status", "cognito:user_status"];

/// All that can be searched of a user, with its name.
pub(super) fn searched(user: &User) -> impl Iterator<Item = (&str, &str)> {
    let of_all = OF_ALL_USERS
        .into_iter()
        .filter_map(move |name| Some((name, value_of(user, name)?)));
    let own = user.attributes.iter();
    of_all.chain(
        own.filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.as_str(), value.as_str())),
    )
}

/// The value of an attribute, if the user has one.
pub(super) fn value_of<'a>(user: &'a User, attribute: &str) -> Option<&'a str> {
    match attribute {
        "username" => Some(&user.username),
        "sub" => Some(user.sub.as_str()),
        "cognito:user_status" => Some(user.status.as_str()),
        "status" if user.enabled => Some("Enabled"),
        "status" => Some("Disabled"),
        _ => user.attribute(attribute),
    }
}

/// The form in which values are compared: without case.
pub(super) fn fold(value: &str) -> String {
    normal_form(value, false)
}
